"""What every row has to reach, as sentences about what it misses."""

from __future__ import annotations

import re
from typing import Any

from bench.harness import TOLERANCE
from bench.static.cases import Case
from bench.static.listing import PTX_CLASSES, Instruction, Loop, class_of

# MLIR and LLVM together, milliseconds; the assembler is not counted.
BUDGETS = {"gemm": 80.0, "mixed": 80.0, "int4": 80.0, "attention": 100.0}
# Of the main loop: integer instructions for each access to global or shared memory ("a few adds per
# load"), and those of the loop itself (counter, ring of stages, pointers of the operands).
INTEGERS_PER_LOAD, INTEGERS_OF_LOOP, MULTIPLICATIONS = 4, 16, 4
LARGEST_ERROR = 2e-2
# Vectors of scales are small, and only matrices have to come in wide asynchronous copies: what is
# left for other reads is this share of the bytes, and a store of each vector.
OTHER_SHARE, STORES_OF_SCALES = 1 / 32, {"int4": 2}

_VECTOR = re.compile(r"\.v([248])\b")
_ELEMENT = re.compile(r"\.[busf](8|16|32|64)\b")


def access_bytes(one: Instruction) -> int:
    """Bytes that a lane moves by a cp.async or a load."""
    if one.opcode.startswith("cp.async"):
        return int(one.text.split("]")[2].split(",")[1].strip(" ;"), 0)
    vector, element = _VECTOR.search(one.opcode), _ELEMENT.search(one.opcode)
    return (int(vector[1]) if vector else 1) * (int(element[1]) if element else 32) // 8


def accesses(loop: Loop) -> dict[str, int]:
    """Reads of global memory in the loop, by kind and bytes per lane: "cp.async 16"."""
    found: dict[str, int] = {}
    for one in loop.body:
        kind = class_of(one, PTX_CLASSES)
        if kind in ("cp.async", "ld.global"):
            name = f"{kind} {access_bytes(one)}"
            found[name] = found.get(name, 0) + 1
    return found


def misses(case: Case, row: dict[str, Any]) -> list[str]:
    """What the row of a case that fits lacks; empty if it reaches everything."""
    return [
        *_assembly(row), *_products(row), *_memory(case, row), *_integers(case, row), *_rest(row)
    ]  # fmt: skip


def _assembly(row: dict[str, Any]) -> list[str]:
    found = [
        f"{row[name]} bytes of {name}" for name in ("spills", "stack") if row[name] > 0
    ]  # fmt: skip
    return found + [f"ptxas: {text}" for text in row["warnings"]]


def _products(row: dict[str, Any]) -> list[str]:
    mix, fewest = row["loop"], row["fewest_mma"]
    if not mix.get("mma.sync") and not mix.get("wgmma"):
        return ["the product runs on multiply-adds, not on tensor cores"]
    found = []
    if not mix.get("wgmma") and mix["mma.sync"] != fewest:
        found.append(f"{mix['mma.sync']} mma.sync in the main loop; {fewest} are enough")
    measured = row.get("machine")
    if measured and measured["tensor_ops"] != measured["wanted_tensor_ops"]:
        found.append(
            f"{measured['tensor_ops']} tensor operations; {measured['wanted_tensor_ops']} are "
            "enough"
        )
    return found


def _memory(case: Case, row: dict[str, Any]) -> list[str]:
    mix, found = row["loop"], []
    moved = {name: count * int(name.split()[-1]) for name, count in row["accesses"].items()}
    allowed = OTHER_SHARE * sum(moved.values())
    narrow = [name for name in moved if not name.endswith(" 16")]
    if sum(moved[name] for name in narrow) > allowed:
        text = ", ".join(f"{row['accesses'][name]} x {name} B" for name in narrow)
        found.append(f"reads of global memory of less than 16 bytes a lane: {text}")
    if sum(size for name, size in moved.items() if name.startswith("ld.global")) > allowed:
        found.append(f"{mix['ld.global']} reads of global memory that are not asynchronous")
    if mix.get("st.shared", 0) > STORES_OF_SCALES.get(case.family, 0):
        what = "operands, softmax or P go" if case.family == "attention" else "operands go"
        found.append(f"{what} through registers to shared memory: {mix['st.shared']} st.shared")
    if mix.get("local"):
        found.append(f"{mix['local']} accesses to local memory in the main loop")
    measured = row.get("machine")
    if not measured:
        return found
    for kind in ("copies", "reads", "writes"):
        if measured[kind]["conflicts"]:
            found.append(
                f"bank conflicts of {kind}: {measured[kind]['conflicts']} in "
                f"{measured[kind]['passes']} passes"
            )
    for kind in ("copies", "loads"):
        if measured[kind]["sectors"] != measured[kind]["ideal_sectors"]:
            found.append(
                f"{kind} move {measured[kind]['sectors']} sectors; "
                f"{measured[kind]['ideal_sectors']} hold the data"
            )
    if measured["error"] > LARGEST_ERROR:
        found.append(f"the result is wrong: relative error {measured['error']:.2g}")
    return found


def _integers(case: Case, row: dict[str, Any]) -> list[str]:
    # What takes operands apart are integer instructions, too, and as many as there are operands.
    if case.decodes(row["target"]):
        return []
    mix = row["loop"]
    loads = sum(mix.get(name, 0) for name in ("cp.async", "ld.global", "ldmatrix", "ld.shared"))
    count = sum(mix.get(name, 0) for name in ("int add", "int logic", "predicate"))
    found = []
    if count > INTEGERS_PER_LOAD * loads + INTEGERS_OF_LOOP:
        found.append(f"{count} integer instructions in the main loop for {loads} loads")
    if mix.get("int mul", 0) > MULTIPLICATIONS:
        found.append(f"{mix['int mul']} integer multiplications in the main loop")
    return found


def _rest(row: dict[str, Any]) -> list[str]:
    budget, took = row["budget_ms"], row["compile_ms"]
    if took > TOLERANCE * budget:
        return [f"compiles in {took:.0f} ms; the budget is {budget:.0f} ms"]
    return []
