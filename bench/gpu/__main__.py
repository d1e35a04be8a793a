"""The package's kernels against torch, cuBLAS, SDPA and Triton on one GPU, in one run.

    python -m bench.gpu [--json FILE] [--seconds N] [CASE...]

Needs an NVIDIA GPU and PyTorch; Triton where it is installed. Inputs are N(0, 1). Times are CUDA
events with the L2 cache flushed before each call, candidates in turn, medians. Triton compiles the
same sources with the same blocks. Results are compared with float64. At the end stand ratios: the
time of the others through that of Cosmati. What the time does not suffice for is left out, and
named. The exit status is 1 if a result is wrong or a kernel of ours fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.harness import machine

NAMES = ("gemm", "attention", "weights", "add", "softmax", "quantize")
_QUERY = (
    "name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.limit,"
    "temperature.gpu"
)


def gpu_facts() -> dict[str, str]:
    """What nvidia-smi says of GPU 0: name, driver, clocks now and at most; {} without it."""
    if not shutil.which("nvidia-smi"):
        return {}
    command = ["nvidia-smi", "-i", "0", f"--query-gpu={_QUERY}", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True)
    values = [value.strip() for value in done.stdout.strip().split(",")]
    return dict(zip(_QUERY.split(","), values, strict=False))


def need(module: str) -> str:
    """The sentence for a module that is missing; empty where it is there."""
    return (
        ""
        if importlib.util.find_spec(module)
        else f"{module} is not installed for {sys.executable}"
    )


def why_not() -> str:
    """Why this bench can't run here; empty if it can."""
    for module in ("torch", "cosmati"):
        if need(module):
            return need(module)
    import torch

    if not torch.cuda.is_available():
        return "PyTorch sees no NVIDIA GPU: bench.gpu measures on a GPU only"
    return ""


def run(
    cases: list[str], folder: Path, seconds: float
) -> tuple[list[Any], dict[str, Any], list[str]]:
    """Results of the cases, the versions that took part, and the cases that were cut short."""
    import cosmati
    import torch

    from bench.gpu import as_triton
    from bench.gpu.cases import CASES
    from bench.gpu.measure import OutOfTime, Result, Timer

    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False
    cosmati.set_device("cuda")
    versions = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cosmati": cosmati.__version__,
    }
    triton = None
    if not need("triton"):
        import triton as triton_package

        versions["triton"] = triton_package.__version__
        triton = as_triton.load(folder)
    results, cut = [], []
    timer = Timer(time.monotonic() + seconds)
    for name in cases:
        start = time.monotonic()
        try:
            for result in CASES[name](triton, timer):
                print(result, flush=True)
                results.append(result)
        except OutOfTime as first:
            cut.append(f"{name} from {first} on")
        except Exception as error:  # the other cases still say something
            results.append(Result(name, "cosmati", failure=f"{type(error).__name__}: {error}"))
            print(results[-1], flush=True)
        torch.cuda.empty_cache()
        print(f"-- {name}: {time.monotonic() - start:.0f} s", flush=True)
    return results, versions, cut


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--json", type=Path, help="file that receives the numbers")
    options.add_argument("cases", nargs="*", help=", ".join(NAMES))
    options.add_argument(
        "--seconds", type=float, default=300, help="no comparison begins after these"
    )
    arguments = options.parse_args()
    reason = why_not()
    if reason:
        print(f"bench.gpu: {reason}", file=sys.stderr)
        return 2
    names = arguments.cases or list(NAMES)
    before = gpu_facts()
    with tempfile.TemporaryDirectory(prefix="cosmati-triton-") as folder:
        results, versions, cut = run(names, Path(folder), arguments.seconds)
    from bench.gpu.measure import ratios

    lines = ratios(results)
    about = {**machine(), **versions, "gpu": before, "gpu_after": gpu_facts(), "cut_short": cut}
    if arguments.json:
        rows = [{**asdict(result), "samples": result.samples} for result in results]
        arguments.json.write_text(
            json.dumps({**about, "ratios": lines, "rows": rows}, indent=1) + "\n"
        )
    for text in cut:
        print(f"left out, as the time is over: {text}")
    print("\ntimes of the others / time of cosmati")
    print("\n".join(lines))
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    wrong = [result for result in results if result.candidate == "cosmati" and result.is_wrong]
    for result in wrong:
        print(f"wrong or failed: {result}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
