"""What the virtual machine's checkers cost on the shipped kernels, as ratios of times.

    python -m bench.checkers [--runs N] [--bin FOLDER] [--json FILE]

Every kernel runs on one host thread with each checker alone and with all. Bounds are always
checked: what that costs is the ratio to `ptxvm-run-unchecked`, a build whose AVX2 loads and stores
believe every address (FOLDER: where it and ptxvm-run lie; default build/bin). Medians; the last row
is the geometric mean. Exits with 1 beyond 1.5 times a goal.
"""

from __future__ import annotations

import importlib
import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from cosmati import vm
from cosmati.kernels.attention import attention
from cosmati.kernels.elementwise.add import add
from cosmati.kernels.gemm import gemm
from cosmati.kernels.norm.layer_norm import layer_norm
from cosmati.kernels.norm.softmax import softmax
from cosmati.kernels.quantize import QuantSpec, quantize

from bench.harness import ROOT, TOLERANCE, machine, parser
from bench.record import Launch, Recorder

GOALS = {"bounds": 1.3, "uninitialized": 2.0, "race": 20.0}
CHECKS = ("uninitialized", "race", "sync", "overflow", "slices", "all")
_rng = np.random.default_rng(3)


def _normal(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return _rng.standard_normal(shape).astype(dtype)


def _heads() -> np.ndarray:
    return _normal(1, 2, 256, 64, dtype=np.float16)


KERNELS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "vector add, 1 M elements": (
        lambda: add(_normal(1 << 20), _normal(1 << 20)), "elementwise.add", "add_kernel"),
    "softmax 512 x 1000": (lambda: softmax(_normal(512, 1000)), "norm.softmax", "softmax_kernel"),
    "layer norm 512 x 1000": (
        lambda: layer_norm(_normal(512, 1000)), "norm.layer_norm", "layer_norm_kernel"),
    "gemm f16 256 x 256 x 256": (
        lambda: gemm(_normal(256, 256, dtype=np.float16), _normal(256, 256, dtype=np.float16)),
        "gemm.host", "gemm_kernel"),
    "attention f16 256 x 64, 2 heads": (
        lambda: attention(_heads(), _heads(), _heads(), causal=True),
        "attention.host", "attention_kernel"),
    "quantize int8 512 x 1000 by rows": (
        lambda: quantize(_normal(512, 1000), QuantSpec("int8", "row")),
        "quantize.host", "quantize_kernel"),
}  # fmt: skip


def recorded(name: str) -> Launch:
    """The launch of the kernel."""
    body, module_name, kernel = KERNELS[name]
    module = importlib.import_module(f"cosmati.kernels.{module_name}")
    launches: list[Launch] = []
    with ExitStack() as stack:
        stack.enter_context(
            mock.patch.object(module, kernel, Recorder(getattr(module, kernel), launches))
        )
        body()
    return launches[0]


def seconds(launch: Launch, check: str | None) -> float:
    """Wall time of one run on one host thread."""
    return vm.Module(launch.ptx).launch(
        launch.entry,
        grid=launch.grid,
        block=launch.block,
        args=launch.fresh_args(launch.params),
        shared=launch.shared,
        check=check,
        threads=1,
    ).seconds  # fmt: skip


def command(launch: Launch, folder: Path) -> list[str]:
    """Arguments of ptxvm-run for the launch; its arrays become files."""
    (folder / "k.ptx").write_text(launch.ptx, encoding="utf-8")
    text = [str(folder / "k.ptx"), "--entry", launch.entry, "--json", "--threads", "1"]
    for what, extents in (("grid", launch.grid), ("block", launch.block)):
        text += [f"--{what}", ",".join(map(str, extents))]
    text += ["--shared", str(launch.shared)]
    entry = vm.Module(launch.ptx).entries[launch.entry]
    for index, value in enumerate(launch.fresh_args(launch.params)):
        if isinstance(value, np.ndarray):
            (folder / str(index)).write_bytes(value.tobytes())
            text += ["--arg", f"u8:{value.nbytes}:@{folder / str(index)}"]
        elif value is None:
            text += ["--arg", "u64=0"]
        else:
            kind = entry.params[index].type.replace("b", "f" if isinstance(value, float) else "i")
            text += ["--arg", f"{kind.replace('u', 'i')}={value}"]
    return text


def bounds_ratio(launch: Launch, tools: Path, runs: int) -> float:
    """Time with the checks of every access over time without."""
    with tempfile.TemporaryDirectory() as name:
        arguments = command(launch, Path(name))

        def run(tool: list[str]) -> float:
            done = subprocess.run([*tool, *arguments], capture_output=True, text=True, check=True)
            return float(json.loads(done.stdout)["seconds"])

        checked, unchecked = [str(tools / "ptxvm-run"), "--isa", "avx2"], [
            str(tools / "ptxvm-run-unchecked")]  # fmt: skip
        pairs = [(run(checked), run(unchecked)) for _ in range(runs)]
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


def measure(name: str, tools: Path, runs: int) -> dict[str, float]:
    """Ratios of one kernel; "plain": its time in milliseconds without checkers."""
    launch = recorded(name)
    plain = statistics.median(seconds(launch, None) for _ in range(runs))
    ratios = {"plain": 1e3 * plain}
    if (tools / "ptxvm-run-unchecked").exists():
        ratios["bounds"] = bounds_ratio(launch, tools, runs)
    for check in CHECKS:
        ratios[check] = statistics.median(seconds(launch, check) for _ in range(runs)) / plain
    return ratios


def main() -> int:
    """Prints the table; 1 if a goal is missed by far."""
    options = parser(__doc__)
    options.add_argument("--bin", type=Path, default=ROOT / "build/bin")
    given = options.parse_args()
    table = {name: measure(name, given.bin, given.runs) for name in KERNELS}
    columns = list(next(iter(table.values())))
    table["geometric mean"] = {
        column: math.exp(statistics.fmean(math.log(ratios[column]) for ratios in table.values()))
        for column in columns
    }
    print(f"{'':36}{'ms':>9}" + "".join(f"{column:>15}" for column in columns[1:]))
    for name, ratios in table.items():
        print(f"{name:36}{ratios['plain']:9.1f}"
              + "".join(f"{ratios[column]:15.2f}" for column in columns[1:]))  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps({"machine": machine(), "ratios": table}, indent=1))
    mean = table["geometric mean"]
    missed = [c for c, goal in GOALS.items() if mean.get(c, 0) > TOLERANCE * goal]
    for column in missed:
        print(f"{column}: {mean[column]:.2f}, far beyond the goal {GOALS[column]:g}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
