"""The whole program: loops around dots, branches, and what is stored."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzzing import control
from fuzzing import numerics as num
from fuzzing.program import Array, For, If, Machine, Op, Program, While, tl_name

from fuzz_dots import tiles
from fuzz_dots.products import (
    F16,
    F32,
    I32,
    OPERANDS,
    clipped,
    multiply,
    operand,
    partner,
    product,
    result_type,
    row_statistic,
    sizes,
)
from fuzz_dots.tiles import Barriered, TileGenerator

MAX_TRIPS = 6


def accumulator(g: TileGenerator, shape: tuple[int, ...], dtype: np.dtype) -> str | None:
    """Zeros, another constant, or loaded."""
    kind, name = g.rng.random(), g.fresh()
    if kind < 0.3:
        return tiles.load(g, shape, dtype)
    value = 0 if kind < 0.8 else g.rng.choice([1, -2])
    text = f"tl.full({shape}, {value}, {tl_name(dtype)})"
    if value == 0 and g.chance(0.7):
        text = f"tl.zeros({shape}, {tl_name(dtype)})"
    meaning: Any = lambda m: np.full(shape, value, dtype)  # noqa: E731
    return name if g.add(Op((name,), text, (), meaning)) else None


def header(g: TileGenerator, trips: int) -> tuple[str, tuple[Any, Any, int], range]:
    """Text of a range, its bounds as the reference takes them, the values of the index."""
    start, step = g.rng.choice([(0, 1)] * 6 + [(0, 2), (1, 3), (3, 1), (5, -2), (7, -1), (-3, 1)])
    stop = start + trips * step
    kind = g.rng.random()
    if kind < 0.1:
        return (
            f"tl.static_range({start}, {stop}, {step})",
            (start, stop, step),
            range(start, stop, step),
        )
    last: Any = stop
    text = str(stop)
    if kind < 0.4:
        text = g.number(stop)
    elif kind < 0.6 and step > 0 and not g.pure:  # the bound comes from memory, for each program
        trips_of = [g.rng.randint(0, trips) for _ in range(g.program.programs)]
        array = g.array(np.array([start + t * step for t in trips_of], np.int32))
        text = last = g.fresh("n")
        g.add(Op((text,), f"tl.load({array} + pid)", (), lambda m: m.memory[array][m.pid]))
    bounds = f"{g.number(start)}, {text}, {step}"
    if g.chance(0.6):
        return f"range({bounds})", (start, last, step), range(start, stop, step)
    hints = []
    if g.chance(0.5):
        hints.append(f"num_stages={g.rng.randint(1, 5)}")
    if g.chance(0.3):
        hints.append(f"loop_unroll_factor={g.rng.choice([1, 2, 3, 4])}")
    for flag in ("flatten", "disallow_acc_multi_buffer", "disable_licm"):
        if g.chance(0.15):
            hints.append(f"{flag}=True")
    text = f"tl.range({', '.join([bounds, *hints])})"
    return text, (start, last, step), range(start, stop, step)


def loop(g: TileGenerator) -> None:
    """A loop with one or two products that add up, and whatever else fits."""
    if g.depth >= 2:
        return
    sums = []
    for _ in range(g.rng.choice([1, 1, 1, 2])):
        dtype, (m, n, k) = g.rng.choice(OPERANDS), sizes(g)
        out = result_type(g, dtype)
        known = g.block(lambda v, m=m, n=n, out=out: v.shape == (m, n) and v.dtype == out)
        acc = known if known and g.chance(0.4) else accumulator(g, (m, n), out)
        if acc and acc not in [s[0] for s in sums]:
            sums.append((acc, dtype, partner(g, dtype), (m, n, k), out))
    trips = g.rng.choice([0, 1, 2, 3, 4, 5, MAX_TRIPS])
    pointers = {}
    for _, a, b, (m, n, k), _ in sums:
        for shape, dtype in (((m, k), a), ((k, n), b)):
            made = tiles.carried_pointer(g, shape, dtype, trips) if g.chance(0.25) else None
            if made:
                pointers[made[0]] = made[1]
    if g.chance(0.85):
        index = g.fresh("i")
        text, bounds, values = header(g, trips)
        unrolled = "static" in text
        first = np.asarray(values[0] if len(values) else 0, np.int32)
        inner = g.nested({**g.env, index: first})
        statement: Any = For(index, text, bounds, inner.body)
        if unrolled:
            inner.hidden = inner.hidden | {index}  # a number of the compiler's, not a value
            inner.env[index] = first
    else:
        index, values, bound = g.fresh("w"), range(trips), g.fresh("n")
        array = g.array(np.full(g.program.programs, trips, np.int32))
        g.add(Op((bound,), f"tl.load({array} + pid)", (), lambda m: m.memory[array][m.pid]))
        inner = g.nested({**g.env, index: np.asarray(0, np.int32)})
        statement = While(index, bound, inner.body)
    inner.indices[index] = values if len(values) else range(1)
    fill_loop(g, inner, sums, pointers)
    g.add(statement)


def added(machine: Machine, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return num.exact_sum(np.stack([x, y]), 0, False, False)


def fill_loop(g: TileGenerator, inner: TileGenerator, sums: list, pointers: dict[str, int]) -> None:
    outer = dict(g.env)
    if inner.chance(0.2):
        tiles.index_from_memory(inner)
    states = [state_load(inner) for _ in range(1) if inner.chance(0.15)]
    for acc, a, b, (m, n, k), out in sums:
        some(inner, inner.rng.choice([0, 0, 0, 1, 2]))
        x = operand(inner, (m, k), a, pointers)
        y = x and operand(inner, (k, n), b, pointers)
        if not x or not y:
            continue
        if inner.chance(0.15):
            under_if(inner, x, y, acc, out)
        elif inner.chance(0.2):
            part = multiply(inner, x, y, None, out)
            if part:
                inner.add(Op((acc,), f"{acc} + {part}", (acc, part), added))
        else:
            multiply(inner, x, y, acc, out, acc)
    some(inner, inner.rng.choice([0, 0, 1, 2, 3]))
    for state in states:
        if state:
            state_store(inner, *state)
    if inner.chance(0.2):
        name = inner.block(lambda v: v.ndim == 2)
        if name:
            tiles.store(inner, name)
    if inner.chance(0.25):
        taken = {acc for acc, *_ in sums}
        blocks = {name: v for name, v in outer.items() if name not in taken}
        for update in control.carried(inner, inner, blocks)[:2]:
            inner.add(update)
    for pointer, step in pointers.items():
        tiles.advance(inner, pointer, step)


def under_if(g: TileGenerator, a: str, b: str, acc: str, out: np.dtype) -> None:
    index = g.rng.choice(list(g.indices))
    test, modulus = g.fresh("c"), g.rng.choice([2, 3])
    text = f"({index} + {MAX_TRIPS}) % {modulus} == 0"
    if not g.add(Op((test,), text, (index,), lambda m, i: (i + MAX_TRIPS) % modulus == 0)):
        return
    sides = []
    for number in range(2):
        inner = g.nested(dict(g.env))
        if number == 0:
            multiply(inner, a, b, acc, out, acc)
        elif g.chance(0.5):
            some(inner, 1)
        sides.append(inner.body)
    g.add(If(test, *sides))


def state_load(g: TileGenerator) -> tuple[str, str, str] | None:
    """A block in memory that each iteration reads and overwrites: (array, address, value)."""
    shape, dtype = g.rng.choice([(32, 32), (16, 64), (64, 16)]), g.rng.choice([F16, num.BF16, F32])
    size = shape[0] * shape[1]
    array = g.array(g.whole(dtype, (size * g.program.programs,)))
    at = f"{array} + pid * {size} + {tiles.extent(g, 0, 2, shape[0])} * {shape[1]}"
    at += f" + {tiles.extent(g, 1, 2, shape[1])}"

    def meaning(machine: Machine) -> np.ndarray:
        first = machine.pid * size
        return machine.memory[array][first : first + size].reshape(shape).copy()

    name = g.fresh()
    return (array, at, name) if g.add(Op((name,), f"tl.load({at})", (), meaning)) else None


def state_store(g: TileGenerator, array: str, at: str, name: str) -> None:
    old = g.value(name)
    source = g.block(lambda v: v.shape == old.shape and v.dtype in (F16, F32, I32))
    new = clipped(g, source, old.dtype) if source else name

    def meaning(machine: Machine, value: np.ndarray) -> None:
        first = machine.pid * value.size
        machine.memory[array][first : first + value.size] = value.reshape(-1)

    if new:
        g.add(Barriered((), f"tl.store({at}, {new})", (new,), meaning))


def any_statement(g: TileGenerator) -> None:
    g.fill(control.PURE, 1)


def any_store(g: TileGenerator) -> None:
    name = g.block(lambda v: v.ndim == 2)
    if name and not g.pure:
        tiles.store(g, name)


SOME: list[tuple[float, Callable[[TileGenerator], None]]] = [
    (4, product), (2, row_statistic), (3, any_statement), (1, any_store), (1.5, loop),
]  # fmt: skip


def some(g: TileGenerator, count: int) -> None:
    for _ in range(count):
        make = g.rng.choices([m for _, m in SOME], [w for w, _ in SOME])[0]
        make(g)


def options(rng: random.Random) -> dict[str, Any]:
    return {
        "num_warps": rng.choice([1, 2, 4, 4, 8, 16]),
        "num_stages": rng.choice([1, 2, 3, 3, 4, 5]),
        "target": rng.choice(["sm_80", "sm_89", "sm_90a"]),
        "opt_level": rng.choice([3, 3, 3, 3, 0, 1]),
        "contract": False,
    }


def generate(seed: int) -> Program:
    """The program of a seed. Its meaning is exact, or there is none: then Reject."""
    rng = random.Random(seed)
    program = Program(programs=rng.choice([1, 1, 2, 3]))
    machines = [Machine({}, pid, program.programs) for pid in range(program.programs)]
    g = TileGenerator(
        rng, program, [program.start(pid) for pid in range(program.programs)], machines
    )
    some(g, rng.choice([0, 0, 1, 2]))
    for _ in range(rng.choice([1, 1, 1, 2])):
        loop(g)
        some(g, rng.choice([0, 0, 1, 2]))
    blocks = [name for name in g.names(lambda v: v.ndim > 0) if name.startswith("v")]
    for name in blocks[-6:]:
        tiles.store(g, name, masked=rng.random() < 0.3)
    program.body = g.body
    program.options = options(rng)
    keep_used(program)
    program.expected()
    return program


def keep_used(program: Program) -> None:
    """Drops arguments of statements that were tried and not kept."""
    text = program.text()
    body = text[text.index("def kernel(") :].split("\n", 1)[1]
    used = set(re.findall(r"\w+", body))
    program.arrays = {name: a for name, a in program.arrays.items() if name in used}
    program.scalars = {name: s for name, s in program.scalars.items() if name in used}
    if not program.arrays:
        program.arrays["a0"] = Array(np.zeros(1, np.int32))
