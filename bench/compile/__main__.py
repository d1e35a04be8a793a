"""Compile time by stage of vector add, GEMM 64x64x32 and attention forward, against the budgets.

    python -m bench.compile [--runs N] [--target sm_90a] [--json FILE]

Medians of in-process compilations after import, without any cache, on a device that does nothing;
the first compilation of each kernel is not counted. The budgets are those of docs/testing.md.
NVIDIA's assemblers are timed apart: nvJitLink in process, ptxas as a program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati import _core
from cosmati.frontend.module import KernelParameter, ModuleGenerator
from cosmati.kernels.attention.host import AttentionConfig
from cosmati.kernels.attention.host import launch as launch_attention
from cosmati.kernels.elementwise import add_kernel
from cosmati.kernels.gemm.host import GemmConfig
from cosmati.kernels.gemm.host import launch as launch_gemm
from cosmati.runtime.session import session, toolchain

from bench.compile.long_kernel import long_kernel
from bench.harness import Row, finish, milliseconds, parser, row

FRONT_END = {"attention": 15.0}
LONG_KERNEL = 25.0  # its IR: 300 lines, 40 parameters
# What MLIR and LLVM may take: with tensor cores, and on the general path of fused multiply-adds.
COMPILER = {"vector add": (25.0, 25.0), "gemm": (80.0, 400.0), "attention": (100.0, 400.0)}
STAGES = ("tile", "tilegpu", "nvvm", "llvm", "ptx")


def add() -> Any:
    x = np.zeros(4096, np.float32)
    return add_kernel[(4,)](x, x, x, x.size, BLOCK=1024)


def gemm() -> Any:
    a = np.zeros((64, 64), np.float16)
    return launch_gemm(a, a, a, None, None, "ieee", GemmConfig())


def attention() -> Any:
    q = np.zeros((1, 1, 128, 64), np.float16)
    return launch_attention(q, q, q, q, None, True, 0.125, "ieee", AttentionConfig())


KERNELS: dict[str, Callable[[], Any]] = {"vector add": add, "gemm": gemm, "attention": attention}


def forget() -> None:
    """Drops compiled variants, images, and the parsed sources of the kernels."""
    session().clear_memory()
    for name, module in list(sys.modules.items()):
        if name.startswith("cosmati.kernels"):
            for value in vars(module).values():
                if isinstance(value, cosmati.JITFunction):
                    value.clear()
                    value._source = value._closure = None


def measure(name: str, launch: Callable[[], Any], runs: int) -> tuple[list[Row], Any]:
    """Rows of one kernel, and its compiled form."""
    samples: dict[str, list[float]] = defaultdict(list)
    compiled = None
    for index in range(runs + 1):
        forget()
        outcome: list[Any] = []
        wall = milliseconds(lambda: outcome.append(launch()))  # noqa: B023
        compiled = outcome[0]
        if index == 0:
            continue
        times = dict(compiled.times)
        assembler = times.pop("assemble", 0.0)
        compiler = sum(times.get(stage, 0.0) for stage in STAGES)
        for stage in STAGES:
            samples[stage].append(times.get(stage, 0.0))
        samples["compiler"].append(compiler)
        samples["assemble"].append(assembler)
        # What is left: reading and hashing the sources, the front end, cache keys, the launch.
        samples["front end"].append(wall - compiler - assembler)
    uses_tensor_cores = any(word in compiled.asm["ptx"] for word in ("wgmma", "mma.sync"))
    budget = COMPILER[name][0 if uses_tensor_cores else 1]
    path = "tensor cores" if uses_tensor_cores else "FMA"
    rows = [row(f"{name}: front end, keys", samples["front end"], budget=FRONT_END.get(name))]
    rows += [row(f"{name}: {stage}", samples[stage]) for stage in STAGES]
    note = "" if name == "vector add" else f" ({path})"
    rows.append(row(f"{name}: MLIR and LLVM together{note}", samples["compiler"], budget=budget))
    if any(samples["assemble"]):
        tool = compiled.image.metadata.get("assembler", "assembler")
        rows.append(row(f"{name}: {tool}, in process", samples["assemble"]))
    return rows, compiled


def time_long_kernel(target: str, runs: int) -> list[Row]:
    """The front end alone on a kernel of 300 lines with 40 parameters."""
    constants = {"BLOCK_M": 16, "BLOCK_N": 64, "HAS_CLIP": True, "HAS_DECAY": True,
                 "ITERATIONS": 4, "MODE": "sum"}  # fmt: skip
    parameters = []
    for parameter in long_kernel.params:
        name = parameter.name
        if parameter.is_constexpr:
            parameters.append(KernelParameter(name, None, constants[name]))
        elif name in ("out", "norms") or name[0] in "xm":
            parameters.append(KernelParameter(name, tl.pointer_type(tl.float32), divisibility=16))
        else:
            number = tl.float32 if name in ("lr", "beta1", "beta2", "eps", "limit") else tl.int32
            parameters.append(KernelParameter(name, number))
    assert len(parameters) == 40
    read, generated = [], []
    for _ in range(runs + 1):
        long_kernel._source = long_kernel._closure = None
        read.append(milliseconds(lambda: long_kernel.closure))
        generator = ModuleGenerator(target)
        generated.append(milliseconds(lambda: generator.kernel(long_kernel, parameters)))  # noqa: B023
    return [
        row("300 lines: read, parse, hash (once a process)", read[1:]),
        row("300 lines, 40 parameters: IR", generated[1:], budget=LONG_KERNEL),
    ]


def time_ptxas(name: str, compiled: Any, runs: int) -> list[Row]:
    """Wall time of the program ptxas on the kernel's PTX; nothing where it is not found."""
    found = [piece for piece in toolchain().report() if piece["name"] == "ptxas"]
    if not found or not found[0]["path"]:
        return []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "kernel.ptx")
        source.write_text(compiled.asm["ptx"], encoding="utf-8")
        target = compiled.image.target
        command = [found[0]["path"], f"-arch={target}", "-o", f"{folder}/kernel.cubin", str(source)]
        values = [milliseconds(lambda: subprocess.run(command, check=True)) for _ in range(runs)]
    return [row(f"{name}: ptxas, as a program", values)]


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--target", default="sm_90a")
    arguments = options.parse_args()
    os.environ["COSMATI_CACHE_DIR"] = ""  # no disk cache; read at the first compilation
    _core.set_default_device(_core.null_device(), explicit=True)
    rows = []
    with cosmati.options(target=arguments.target):
        for name, launch in KERNELS.items():
            measured, compiled = measure(name, launch, arguments.runs)
            rows += measured + time_ptxas(name, compiled, min(arguments.runs, 5))
        rows += time_long_kernel(arguments.target, arguments.runs)
    return finish(rows, arguments.json, target=arguments.target)


if __name__ == "__main__":
    sys.exit(main())
