"""Tiles in memory: addresses that move with loops, masks, tables of rows, carried pointers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fuzzing import numerics as num
from fuzzing.generator import Generator
from fuzzing.program import Env, Machine, Op, Pointer


class Barriered(Op):
    """A store that the whole program sees before it goes on, and that waits for loads before it."""

    def lines(self) -> Iterator[str]:
        yield "tl.debug_barrier()"
        yield from super().lines()
        yield "tl.debug_barrier()"


class TileGenerator(Generator):
    """Knows the indices of the loops around a block with the values that they take."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.indices: dict[str, range] = {}
        self.hidden: frozenset[str] = frozenset()

    def names(self, fits: Callable[[np.ndarray], bool]) -> list[str]:
        return [name for name in super().names(fits) if name not in self.hidden]

    def nested(self, env: Env, *, pure: bool = False) -> TileGenerator:
        inner = super().nested(env, pure=pure)
        twin = TileGenerator(
            inner.rng, inner.program, inner.envs, inner.machines, depth=inner.depth, pure=inner.pure
        )
        twin.indices, twin.hidden = dict(self.indices), self.hidden
        return twin

    def whole(self, dtype: np.dtype, shape: tuple[int, ...], high: int = 2) -> np.ndarray:
        """Whole numbers, so small that products and sums of many are exact."""
        source = np.random.default_rng(self.rng.getrandbits(32))
        return source.integers(-high, high + 1, shape).astype(dtype)


def extent(g: TileGenerator, position: int, rank: int, size: int) -> str:
    """0 ... size - 1 along one dimension."""
    text = f"tl.arange(0, {size})"
    if rank == 1:
        return text
    return text + "[" + ", ".join(":" if d == position else "None" for d in range(rank)) + "]"


@dataclass
class Tile:
    """An address for each element of a block: text, the names that it uses, and its meaning."""

    text: str
    shape: tuple[int, ...]
    fixed: np.ndarray  # offsets of the elements without what follows
    steps: dict[str, int] = field(default_factory=dict)  # names of indices
    per_program: int = 0
    table: str | None = None  # its values times `table_step` are added along dimension 0
    table_step: int = 0
    table_limit: int = 1

    def names(self) -> tuple[str, ...]:
        return (*self.steps, *([self.table] if self.table else []))

    def offsets(self, pid: int, values: dict[str, np.ndarray]) -> np.ndarray:
        at = self.fixed + pid * self.per_program
        for name, step in self.steps.items():
            at = at + int(values[name]) * step
        if self.table:
            column = values[self.table].astype(np.int64)
            at = at + column.reshape(-1, *[1] * (len(self.shape) - 1)) * self.table_step
        return at


@dataclass
class Mask:
    """Text ("" for none) and meaning, which takes the values of the indices."""

    text: str
    meaning: Callable[[dict[str, np.ndarray]], np.ndarray]


def moves(g: TileGenerator) -> dict[str, range]:
    """Indices that an address follows: the innermost almost always."""
    chosen = {}
    names = list(g.indices)
    for name in names:
        if g.chance(0.9 if name == names[-1] else 0.4):
            chosen[name] = g.indices[name]
    return chosen


def tile(g: TileGenerator, shape: tuple[int, ...], *, table: bool = False) -> Tile:
    rank = len(shape)
    order = list(range(rank))
    if g.chance(0.5):
        order.reverse()
    stride = 1 if g.chance(0.93) else g.rng.choice([2, 3])
    terms, fixed, strides = [], np.zeros((1,) * rank, np.int64), {}
    for d in reversed(order):
        strides[d] = stride
        line = [-1 if e == d else 1 for e in range(rank)]
        fixed = fixed + np.arange(shape[d]).reshape(line) * stride
        number = g.number(stride)
        text = extent(g, d, rank, shape[d])
        if not (table and d == 0):
            terms.append(text if stride == 1 and g.chance(0.8) else f"{text} * {number}")
        stride *= shape[d]
        stride += g.rng.choice([0, 0, 0, 8, 16, 1, 3])
    found = Tile("", shape, fixed)
    if table:
        found.fixed = fixed - np.arange(shape[0]).reshape([-1, *[1] * (rank - 1)]) * strides[0]
        found.table_step = strides[0]
    base = g.rng.choice([0, 0, 0, 0, 1, 8, 16])
    for name, values in moves(g).items():
        natural = [strides[d] * shape[d] for d in order] or [1]
        step = g.rng.choice([*natural, *natural, stride, 16, 7])
        found.steps[name] = step
        terms.append(f"{name} * {g.number(step)}")
        base -= min([0, *(value * step for value in values)])
    if g.program.programs > 1 and g.chance(0.6):
        found.per_program = g.rng.choice([stride, 64, 5])
        terms.append(f"pid * {g.number(found.per_program)}")
    g.rng.shuffle(terms)
    found.fixed = np.broadcast_to(found.fixed + base, shape)
    found.text = " + ".join([*terms, *([str(base)] if base else [])])
    return found


def mask_of(g: TileGenerator, where: Tile) -> Mask:
    """Bounds of dimensions; some move with an index, as the last block of K does."""
    if g.chance(0.5):
        return Mask("", lambda values: np.ones(where.shape, bool))
    rank = len(where.shape)
    texts: list[str] = []
    bounds: list[tuple[np.ndarray, str | None, int, int]] = []
    for d, size in enumerate(where.shape):
        if texts and g.chance(0.5):
            continue
        at = np.arange(size).reshape([-1 if e == d else 1 for e in range(rank)])
        text = extent(g, d, rank, size)
        name = g.rng.choice(list(where.steps)) if where.steps and g.chance(0.6) else None
        step = size if name else 0
        last = max([1, *(abs(v) for v in g.indices[name])]) if name else 1
        limit = g.rng.choice([size * last - 3, size * last, size // 2, size - 1, 1, size * 9, 0])
        texts.append(f"({text + (f' + {name} * {step}' if name else '')} < {g.number(limit)})")
        bounds.append((at, name, step, limit))

    def meaning(values: dict[str, np.ndarray]) -> np.ndarray:
        mask = np.ones(where.shape, bool)
        for at, name, step, limit in bounds:
            mask = mask & (at + (int(values[name]) * step if name else 0) < limit)
        return mask

    return Mask(" & ".join(texts), meaning)


def settings(g: TileGenerator, where: Tile) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Every program and every value of the indices that move the tile."""
    ranges = [list(g.indices[name]) or [0] for name in where.steps]
    rows = where.shape[:1]
    tables = [np.zeros(rows, np.int64)]
    if where.table:
        tables.append(np.full(rows, where.table_limit - 1))
    for pid in range(g.program.programs):
        for values in itertools.product(*ranges):
            known = {n: np.asarray(v) for n, v in zip(where.steps, values, strict=True)}
            for table in tables:
                yield pid, {**known, **({where.table: table} if where.table else {})}


def span(g: TileGenerator, where: Tile, mask: Mask) -> int:
    """Elements that an array needs: not one more than is accessed."""
    last = 0
    for pid, values in settings(g, where):
        active = where.offsets(pid, values)[mask.meaning(values)]
        if active.size:
            assert active.min() >= 0
            last = max(last, int(active.max()))
    return last + 1


def load(g: TileGenerator, shape: tuple[int, ...], dtype: np.dtype) -> str | None:
    """Adds a load of a tile; returns its name."""
    if g.pure:
        return None
    if len(shape) == 2 and g.chance(0.15):
        return load_by_table(g, shape, dtype)
    return add_load(g, tile(g, shape), dtype)


def add_load(g: TileGenerator, where: Tile, dtype: np.dtype) -> str | None:
    mask = mask_of(g, where)
    array = g.array(g.whole(dtype, (span(g, where, mask),)))
    arguments, other = f"{array} + {where.text}", 0
    if mask.text:
        arguments += f", mask={mask.text}"
        if g.chance(0.7):
            other = g.rng.choice([0, 0, 1])
            # A literal of 8-bit floats would be rounded twice; zero is zero.
            other = 0 if dtype in num.FP8 else other
            arguments += f", other={other}" if dtype not in num.FP8 else ", other=0.0"
    names = where.names()

    def meaning(machine: Machine, *given: np.ndarray) -> np.ndarray:
        values = dict(zip(names, given, strict=True))
        active = mask.meaning(values)
        at = np.where(active, where.offsets(machine.pid, values), 0)
        return np.where(active, machine.memory[array][at], np.asarray(other).astype(dtype))

    name = g.fresh()
    return name if g.add(Op((name,), f"tl.load({arguments})", names, meaning)) else None


def load_by_table(g: TileGenerator, shape: tuple[int, ...], dtype: np.dtype) -> str | None:
    """Rows that a table names, which is read in the same iteration."""
    limit = g.rng.choice([4, 10, 64])
    rows = tile(g, shape[:1])
    everywhere = Mask("", lambda values: np.ones(rows.shape, bool))
    source = np.random.default_rng(g.rng.getrandbits(32))
    table = g.array(source.integers(0, limit, span(g, rows, everywhere)).astype(np.int32))
    names = rows.names()

    def meaning(machine: Machine, *given: np.ndarray) -> np.ndarray:
        values = dict(zip(names, given, strict=True))
        return machine.memory[table][rows.offsets(machine.pid, values)]

    name = g.fresh("t")
    if not g.add(Op((name,), f"tl.load({table} + {rows.text})", names, meaning)):
        return None
    where = tile(g, shape, table=True)
    where.table, where.table_limit = name, limit
    column = f"{name}[:, None] * {g.number(where.table_step)}"
    where.text = f"{column} + {where.text}" if where.text else column
    return add_load(g, where, dtype)


def index_from_memory(g: TileGenerator) -> bool:
    """A scalar of a table (a page, a group) becomes one more index of the block."""
    if not g.indices or g.pure:
        return False
    limit = g.rng.choice([2, 3, 5])
    where = tile(g, ())
    everywhere = Mask("", lambda values: np.ones((), bool))
    source = np.random.default_rng(g.rng.getrandbits(32))
    table = g.array(source.integers(0, limit, span(g, where, everywhere)).astype(np.int32))
    names = where.names()

    def meaning(machine: Machine, *given: np.ndarray) -> np.ndarray:
        values = dict(zip(names, given, strict=True))
        return np.asarray(machine.memory[table][where.offsets(machine.pid, values)])

    name = g.fresh("g")
    at = f"{table} + {where.text}" if where.text else table
    if g.add(Op((name,), f"tl.load({at})", names, meaning)):
        g.indices[name] = range(limit)
        return True
    return False


def store(g: TileGenerator, name: str, *, masked: bool = True) -> bool:
    """Stores a block where no other iteration does."""
    value = g.value(name)
    steps: dict[str, int] = {}
    stride = math.prod(value.shape) + g.rng.choice([0, 0, 16, 1])
    base = 0
    for index, values in g.indices.items():
        if index.startswith("g"):
            continue  # values of a table repeat: so they do not tell iterations apart
        steps[index] = stride
        base -= min([0, *(v * stride for v in values)])
        stride *= (
            max([abs(v) for v in values] or [0]) * (2 if min(values, default=0) < 0 else 1) + 1
        )
    rank = value.ndim
    order = list(range(rank))
    if g.chance(0.3):
        order.reverse()
    inner, terms, fixed = 1, [], np.zeros((1,) * rank, np.int64)
    for d in reversed(order):
        size = value.shape[d]
        fixed = fixed + np.arange(size).reshape([-1 if e == d else 1 for e in range(rank)]) * inner
        terms.append(f"{extent(g, d, rank, size)} * {g.number(inner)}")
        inner *= size
    terms += [f"{index} * {g.number(step)}" for index, step in steps.items()]
    terms += [f"pid * {g.number(stride)}"] if g.program.programs > 1 else []
    where = Tile("", value.shape, np.broadcast_to(fixed + base, value.shape), steps, stride)
    where.text = " + ".join([*terms, *([str(base)] if base else [])])
    mask = mask_of(g, where) if masked else Mask("", lambda values: np.ones(value.shape, bool))
    array = g.array(np.zeros(span(g, where, mask), value.dtype))
    names = tuple(steps)

    def meaning(machine: Machine, block: np.ndarray, *given: np.ndarray) -> None:
        values = dict(zip(names, given, strict=True))
        active = mask.meaning(values)
        machine.memory[array][where.offsets(machine.pid, values)[active]] = block[active]

    text = f"tl.store({array} + {where.text}, {name}" + (
        f", mask={mask.text})" if mask.text else ")"
    )
    return g.add(Op((), text, (name, *names), meaning))


def carried_pointer(g: TileGenerator, shape: tuple[int, ...], dtype: np.dtype, trips: int):
    """Adds a block of pointers; returns (name, step to add in each iteration)."""
    where = tile(g, shape)
    step = g.rng.choice([shape[-1], math.prod(shape), 16, 3, -shape[-1]])
    shift = -min(0, step * trips)
    everywhere = Mask("", lambda values: np.ones(shape, bool))
    size = span(g, where, everywhere) + abs(step) * trips
    array = g.array(g.whole(dtype, (size,)))
    names = where.names()

    def meaning(machine: Machine, *given: np.ndarray) -> Pointer:
        values = dict(zip(names, given, strict=True))
        return Pointer(array, where.offsets(machine.pid, values) + shift, dtype)

    name = g.fresh("q")
    added = g.add(Op((name,), f"{array} + {shift} + {where.text}", names, meaning))
    return (name, step) if added else None


def load_pointer(g: TileGenerator, pointer: str) -> str | None:
    def meaning(machine: Machine, p: Pointer) -> np.ndarray:
        return machine.memory[p.array][p.offsets]

    name = g.fresh()
    return name if g.add(Op((name,), f"tl.load({pointer})", (pointer,), meaning)) else None


def advance(g: TileGenerator, pointer: str, step: int) -> bool:
    def meaning(machine: Machine, p: Pointer) -> Pointer:
        return Pointer(p.array, p.offsets + step, p.dtype)

    return g.add(Op((pointer,), f"{pointer} + {g.number(step)}", (pointer,), meaning))
