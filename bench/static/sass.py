"""Machine code: the mix of the main loop, where nvdisasm is to be had."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.static.listing import SASS_CLASSES, Instruction, innermost, main_loop, mix, read_sass

MISSING = (
    "no machine code: nvdisasm is not found. It comes with CUDA's toolkit (PATH, CUDA_HOME) and "
    "within the package triton"
)


@functools.cache
def nvdisasm_path() -> str:
    """The program nvdisasm: PATH, CUDA_HOME, /usr/local/cuda, the package triton; or empty."""
    found = shutil.which("nvdisasm")
    if found:
        return found
    folders = [Path(os.environ["CUDA_HOME"], "bin")] if os.environ.get("CUDA_HOME") else []
    folders.append(Path("/usr/local/cuda/bin"))
    package = importlib.util.find_spec("triton")
    if package and package.origin:
        folders.append(Path(package.origin).parent / "backends/nvidia/bin")
    for folder in folders:
        if os.access(folder / "nvdisasm", os.X_OK):
            return str(folder / "nvdisasm")
    return ""


def disassemble(cubin: bytes) -> str:
    """The text of a cubin; RuntimeError with nvdisasm's words if it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "kernel.cubin")
        file.write_bytes(cubin)
        done = subprocess.run(
            [nvdisasm_path(), "-c", str(file)], capture_output=True, text=True
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"nvdisasm: {done.stderr.strip()}")
        return done.stdout


def is_matrix(one: Instruction) -> bool:
    return one.opcode.startswith(("HMMA", "IMMA", "QMMA", "BMMA", "DMMA", "HGMMA", "IGMMA"))


def is_multiply_add(one: Instruction) -> bool:
    return one.opcode.startswith(("FFMA", "IMAD", "HFMA2"))


def main_loop_mix(cubin: bytes) -> dict[str, int]:
    """Instructions of the main loop by class: of those with matrix instructions or, where there is
    none, with multiply-adds. {} without a loop or without nvdisasm.
    """
    if not nvdisasm_path() or not cubin:
        return {}
    listing = read_sass(disassemble(cubin))
    for is_product in (is_matrix, is_multiply_add):
        loop = main_loop(innermost(listing, is_product), is_product)
        if loop:
            return mix(loop.body, SASS_CLASSES)
    return {}
