"""What the compiler made of a fixed list of kernels, per target: evidence that needs no GPU.

    python -m bench.static [--target sm_90a]... [--case TEXT]... [--json FILE] [--markdown FILE]

For each kernel: registers, stack and spills per thread, shared bytes, resident CTAs and warnings by
NVIDIA's assembler; the instructions of the main loop, in PTX and, where nvdisasm is to be had, in
machine code; sectors, bank conflicts and matrix operations as the virtual machine counts them on a
small launch; compile times by stage. Where Triton is installed, what it makes of the same kernels
stands beside it (--no-triton leaves it out).

A row that misses one of its goals (goals.py) is listed at the end, and the exit status is 1. A
configuration whose stages do not fit a target's shared memory has to be refused: OutOfResources.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cosmati
import cosmati.language as tl
from cosmati import _core

from bench.compile.__main__ import STAGES, forget
from bench.harness import machine as host
from bench.static import sass, triton_side
from bench.static.assembler import assemble, ptxas_path, resident
from bench.static.cases import CASES, TARGETS, Call, Case, make_call
from bench.static.goals import BUDGETS, accesses, misses
from bench.static.listing import PTX_CLASSES, mix
from bench.static.machine import Measured, main_loops, measure
from bench.static.table import lines_of, markdown

# Compilations of a kernel, of which the fastest counts; so many times as many if it is over its
# budget, as other work on the machine slows some down.
RUNS, MORE = 3, 4


def compile_case(case: Case, call: Call, target: str, runs: int) -> tuple[Any, dict[str, float]]:
    """The compiled kernel, and the milliseconds of each stage in its fastest compilation, as they
    would be if nothing else had run: wall time, times the share of a core that the process got.
    """
    kernel, compiled = call.function(), None
    best: dict[str, float] = {}
    for index in range(MORE * runs):
        if index >= runs and _total(best) <= BUDGETS[case.family]:
            break
        forget()
        start, begin = time.perf_counter(), time.process_time()
        compiled = kernel.warmup(
            *call.arguments.values(), **call.constants(tl), **call.options, **call.own_options,
            target=target,
        )  # fmt: skip
        busy = time.process_time() - begin
        share = min(busy / (time.perf_counter() - start), 1.0)
        times = {stage: share * taken for stage, taken in compiled.times.items()}
        if not best or _total(times) < _total(best):
            best = times
    return compiled, best


def _total(times: dict[str, float]) -> float:
    """MLIR and LLVM together."""
    return sum(times.get(stage, 0.0) for stage in STAGES)


def describe(
    ptx: str, call: Call, case: Case, target: str, shared: int, on_vm: bool
) -> dict[str, Any]:
    """What is said of a kernel whoever compiled it."""
    assembly = assemble(ptx, target)
    measured = measure(ptx, call, shared) if on_vm else None
    found = main_loops(ptx)
    loop = measured.loop if measured else found[0] if found else None
    return {
        "registers": assembly.registers, "stack": assembly.stack, "spills": assembly.spills,
        "warnings": list(assembly.warnings), "shared": shared,
        "resident": resident(target, assembly.registers, shared, case.warps),
        "loop": mix(loop.body, PTX_CLASSES) if loop else {},
        "accesses": accesses(loop) if loop else {},
        "sass": sass.main_loop_mix(assembly.cubin),
        "fewest_mma": case.fewest_mma(target, "k32.row.col.f32.e4m3" in ptx),
        **({"machine": machine_row(measured, call)} if measured else {}),
    }  # fmt: skip


def machine_row(measured: Measured, call: Call) -> dict[str, Any]:
    """What the virtual machine counted, without the loop's text."""
    kinds = ("copies", "loads", "reads", "writes")
    return {
        **{kind: asdict(getattr(measured, kind)) for kind in kinds},
        "steps": measured.steps, "tensor_ops": measured.tensor_ops,
        "wanted_tensor_ops": call.tensor_ops, "error": measured.error,
    }  # fmt: skip


def examine(case: Case, target: str, options: argparse.Namespace) -> dict[str, Any]:
    """The row of one case for one target."""
    row: dict[str, Any] = {"case": case.name, "target": target, "fits": case.fits(target)}
    call = make_call(case)
    try:
        compiled, times = compile_case(case, call, target, options.runs)
        row |= describe(compiled.asm["ptx"], call, case, target, compiled.shared, not options.no_vm)
        row |= {"times": times, "compile_ms": _total(times), "remarks": compiled.remarks,
                "budget_ms": BUDGETS[case.family]}  # fmt: skip
        row["misses"] = misses(case, row)
        if not case.fits(target):
            row["misses"].append("was expected to be refused: its stages do not fit")
    except cosmati.OutOfResources as error:
        # Without the place of the kernel, which is this machine's.
        row["refused"] = f"out of resources{str(error).partition('out of resources')[2]}"
        is_named = error.name == "shared memory" and not case.fits(target)
        row["misses"] = [] if is_named else [f"refused: {str(error).splitlines()[0]}"]
    except Exception as error:  # the other rows still say something
        row["misses"] = [f"{type(error).__name__}: {str(error).splitlines()[0]}"]
    if options.with_triton:
        row["triton"] = examine_triton(case, call, target, not options.no_vm)
    return row


def examine_triton(case: Case, call: Call, target: str, on_vm: bool) -> dict[str, Any]:
    """The same of Triton's code, or the reason why there is none."""
    try:
        ptx, _, shared = triton_side.compile_call(call, target)
        return describe(ptx, call, case, target, shared, on_vm)
    except Exception as error:  # what Triton refuses is a result, too
        # A compiler's last line says most; of what the machine's checkers find, the first does.
        line = 0 if isinstance(error, cosmati.vm.CheckError) else -1
        return {"refused": f"{type(error).__name__}: {str(error).strip().splitlines()[line]}"}


def selected(options: argparse.Namespace) -> Iterator[tuple[Case, str]]:
    for case in CASES:
        if options.case and not any(text in case.name for text in options.case):
            continue
        for target in case.targets:
            if target in (options.target or TARGETS):
                yield case, target


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", action="append", choices=TARGETS, help="default: all three")
    parser.add_argument("--case", action="append", help="cases whose names contain this")
    parser.add_argument("--json", type=Path, help="file that receives the numbers")
    parser.add_argument("--markdown", type=Path, help="file that receives a table")
    parser.add_argument("--runs", type=int, default=RUNS, help="compilations; the best one counts")
    parser.add_argument("--no-vm", action="store_true", help="leave out what needs the machine")
    parser.add_argument("--no-triton", action="store_true", help="leave out Triton")
    return parser.parse_args()


def main() -> int:
    options = parse()
    os.environ["COSMATI_CACHE_DIR"] = ""
    _core.set_default_device(_core.null_device(), explicit=True)
    if not ptxas_path():
        sys.exit("bench.static needs ptxas: `cosmati doctor` says how to get it")
    options.with_triton = triton_side.is_there() and not options.no_triton
    rows = []
    with tempfile.TemporaryDirectory(prefix="cosmati-static-") as folder:
        if options.with_triton:
            triton_side.prepare(Path(folder))
        elif not options.no_triton:
            print(triton_side.MISSING)
        if not sass.nvdisasm_path():
            print(sass.MISSING)
        for case, target in selected(options):
            rows.append(examine(case, target, options))
            print("\n".join(lines_of(rows[-1])), flush=True)
    if options.json:
        options.json.write_text(json.dumps({**host(), "rows": rows}, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(markdown(rows), encoding="utf-8")
    missing = [row for row in rows if row["misses"]]
    print(f"{len(rows)} rows, {len(rows) - len(missing)} reach every goal")
    for row in missing:
        for text in row["misses"]:
            print(f"{row['case']} for {row['target']}: {text}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
