"""What the assembler and the PTX say about the kernels, per target: evidence that needs no GPU.

    python -m bench.static [--target sm_90a]... [--json FILE]

Registers and spilled bytes per thread, shared bytes and resident CTAs per multiprocessor, and how
the instructions of the PTX divide. Exits with 1 if a kernel of tutorial size spills.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import cosmati
from cosmati import _core

from bench.compile.__main__ import KERNELS, forget
from bench.harness import machine

# Of a multiprocessor, sm_80 to sm_90a (CUDA C++ Programming Guide, "Technical Specifications").
REGISTERS, THREADS, CTAS = 65536, 2048, 32
SHARED = {"sm_80": 164 << 10, "sm_89": 100 << 10, "sm_90a": 228 << 10}
THREADS_OF = {"sm_89": 1536}

CLASSES = {
    "global 16 B": r"\b(ld|st)\.global\S*\.v4\.[bfsu]32|\b(ld|st)\.global\S*\.v2\.[bfsu]64",
    "global other": r"\b(ld|st)\.global",
    "shared": r"\b(ld|st)\.shared",
    "fma": r"\bfma\.",
    "tensor core": r"\b(mma\.sync|wgmma\.mma_async)",
    "shuffle": r"\bshfl\.",
    "barrier": r"\bbar(rier)?\.",
    "special": r"\b(ex2|lg2|rcp|rsqrt|sqrt|sin|cos|tanh|div)\.",
    "local": r"\b(ld|st)\.local",
}


def classify(ptx: str) -> dict[str, int]:
    """Instructions of the text by class; "all" counts every one, in loops once."""
    counts: Counter[str] = Counter()
    for line in ptx.splitlines():
        text = line.strip()
        if not text.endswith(";") or text.startswith((".", "//")):
            continue
        counts["all"] += 1
        for name, pattern in CLASSES.items():
            if re.search(pattern, text):
                counts[name] += 1
                break
    return dict(counts)


def resident(target: str, registers: int, shared: int, warps: int) -> int:
    """CTAs that fit a multiprocessor at once; registers are given out in units of 8 per thread."""
    threads = 32 * warps
    per_thread = -(-max(registers, 1) // 8) * 8
    by_shared = SHARED.get(target, 228 << 10) // (shared + 1024)
    by_threads = THREADS_OF.get(target, THREADS) // threads
    return min(REGISTERS // (per_thread * threads), by_shared, by_threads, CTAS)


def examine(name: str, target: str) -> dict[str, Any]:
    """The numbers of one kernel for one target."""
    forget()
    with cosmati.options(target=target):
        compiled = KERNELS[name]()
    warps = compiled.metadata.num_warps
    return {
        "kernel": name,
        "target": target,
        "registers": compiled.n_regs,
        "spills": compiled.n_spills,
        "shared": compiled.shared,
        "resident": resident(target, compiled.n_regs, compiled.shared, int(warps)),
        "instructions": classify(compiled.asm["ptx"]),
    }


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--target", action="append", help="default: sm_80, sm_89 and sm_90a")
    options.add_argument("--json", type=Path, help="file that receives the numbers")
    arguments = options.parse_args()
    os.environ["COSMATI_CACHE_DIR"] = ""
    _core.set_default_device(_core.null_device(), explicit=True)
    rows = [examine(name, target) for name in KERNELS for target in arguments.target or SHARED]
    for row in rows:
        if row["registers"] < 0:
            sys.exit("bench.static needs an assembler: `cosmati doctor` says how to get one")
        mix = ", ".join(f"{name} {count}" for name, count in row["instructions"].items())
        print(
            f"{row['kernel']:11} {row['target']:7} {row['registers']:4} registers "
            f"{row['spills']:4} B spilled {row['shared']:6} B shared {row['resident']:3} CTAs "
            f" {mix}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps({**machine(), "rows": rows}, indent=1) + "\n")
    spilling = [f"{row['kernel']} for {row['target']}" for row in rows if row["spills"] > 0]
    if spilling:
        print(f"spills: {', '.join(spilling)}", file=sys.stderr)
    return 1 if spilling else 0


if __name__ == "__main__":
    sys.exit(main())
