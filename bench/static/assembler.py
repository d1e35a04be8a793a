"""What NVIDIA's assembler says of a kernel: registers, stack, spills, warnings."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cosmati.runtime.session import toolchain

# Of a multiprocessor (CUDA C++ Programming Guide, "Technical Specifications").
REGISTERS, CTAS = 65536, 32
THREADS = {"sm_80": 2048, "sm_89": 1536, "sm_90a": 2048}
SHARED = {"sm_80": 164 << 10, "sm_89": 100 << 10, "sm_90a": 228 << 10}
RESERVED_SHARED = 1 << 10  # of each CTA, for the system


@dataclass(frozen=True)
class Assembly:
    """Registers, bytes of stack and of spills per thread, the warnings, and the machine code."""

    registers: int
    stack: int
    spills: int
    warnings: tuple[str, ...]
    cubin: bytes


def ptxas_path() -> str:
    """The program ptxas; empty where it is not found."""
    (found,) = [piece for piece in toolchain().report() if piece["name"] == "ptxas"]
    return str(found["path"] or "")


def assemble(ptx: str, target: str) -> Assembly:
    """Runs ptxas on a module with one kernel. RuntimeError with its words if it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(ptx, encoding="utf-8")
        done = subprocess.run(
            [ptxas_path(), f"-arch={target}", "-v", "-warn-spills", "-warn-lmem-usage",
             "-o", str(output), str(source)],
            capture_output=True, text=True,
        )  # fmt: skip
        text = done.stdout + done.stderr
        if done.returncode:
            raise RuntimeError(f"ptxas: {text.strip()}")
        return Assembly(
            _number(r"Used (\d+) registers", text),
            _number(r"(\d+) bytes stack frame", text),
            _number(r"(\d+) bytes spill stores", text) + _number(r"(\d+) bytes spill loads", text),
            tuple(line.strip() for line in text.splitlines()
                  if "warning" in line.lower() or "(C75" in line),
            output.read_bytes(),
        )  # fmt: skip


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def resident(target: str, registers: int, shared: int, warps: int) -> int:
    """CTAs that fit a multiprocessor at once; registers are given out in units of 8 per thread."""
    threads = 32 * warps
    per_thread = -(-max(registers, 1) // 8) * 8
    by_shared = SHARED[target] // (shared + RESERVED_SHARED)
    return min(REGISTERS // (per_thread * threads), by_shared, THREADS[target] // threads, CTAS)
