"""Loads, stores and atomics with all kinds of addresses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuzzing import numerics as num
from fuzzing.generator import Generator
from fuzzing.program import Machine, Op, Pointer, Reject, Statement


@dataclass
class Address:
    """Offsets of a block into an array: their text, their values, the elements they span."""

    text: str
    offsets: np.ndarray
    span: int
    ranges: list[str]  # the index along each dimension, as text
    positions: list[np.ndarray]


def _along(dim: int, rank: int, text: str) -> str:
    if rank == 1:
        return text
    return text + "[" + ", ".join(":" if i == dim else "None" for i in range(rank)) + "]"


def address(g: Generator, shape: tuple[int, ...], injective: bool) -> Address:
    """A strided, permuted, perhaps shifted and (where allowed) repeating map into memory."""
    rank, rng = len(shape), g.rng
    order = list(range(rank))
    if rng.random() < 0.5:
        order.reverse()  # row major
    else:
        rng.shuffle(order)
    stride, terms, base = 1, [], 0
    ranges: list[str] = [""] * rank
    positions: list[np.ndarray] = [np.zeros(1)] * rank
    offsets = np.zeros(shape, np.int64)
    for dim in order:
        extent = shape[dim]
        line = [1] * rank
        line[dim] = extent
        index = np.arange(extent)
        text = f"tl.arange(0, {extent})"
        ranges[dim], positions[dim] = _along(dim, rank, text), index.reshape(line)
        if rng.random() < 0.1:
            text += ".to(tl.int64)"
        if not injective and rng.random() < 0.2:
            text, index = repeating(g, text, index)
        text = _along(dim, rank, f"({text})" if " " in text else text)
        signed = stride
        if rng.random() < 0.08:
            signed = -stride
            base += stride * int(index.max())
        offsets = offsets + index.reshape(line) * signed
        number = g.number(signed)
        terms.append(text if signed == 1 and rng.random() < 0.7 else f"{text} * {number}")
        stride *= int(index.max()) + 1
        if rng.random() < 0.3:
            stride += rng.choice([1, 3, 4, 8])
    rng.shuffle(terms)
    base += rng.choice([0, 0, 0, 1, 4, 16])
    text = " + ".join(terms)
    if base:
        text = f"{g.number(base)} + {text}" if rng.random() < 0.5 else f"{text} + {base}"
    return Address(text, offsets + base, int(offsets.max()) + base + 1, ranges, positions)


def repeating(g: Generator, text: str, index: np.ndarray) -> tuple[str, np.ndarray]:
    """An index that visits elements more than once or in another order."""
    n = g.rng.choice([1, 2, 3, 4, 8])
    kind = g.rng.randrange(5)
    if kind == 0:
        return f"{text} % {n}", index % n
    if kind == 1:
        return f"{text} // {n}", index // n
    if kind == 2:
        return f"{text} ^ {n}", index ^ n
    if kind == 3:
        return f"({text} * {n}) % {len(index)}", (index * n) % len(index)
    return f"({text} + {n}) // 2 * 2", (index + n) // 2 * 2


def mask_for(g: Generator, where: Address, shape: tuple[int, ...]) -> tuple[str, list[str], object]:
    """Text of a mask, the names that it uses and its meaning; empty text for no mask."""
    kind = g.rng.random()
    if kind < 0.45:
        return "", [], lambda: True
    if kind < 0.6:
        name = g.pick(lambda v: v.dtype == num.BOOL and v.shape == shape)
        if name is not None:
            return name, [name], lambda value: value
    texts, bounds = [], []
    for text, index in zip(where.ranges, where.positions, strict=True):
        if g.rng.random() < 0.6 or not texts:
            bound = g.rng.choice([index.size // 2, index.size, max(index.size - 1, 0), 3, 16])
            texts.append(f"({text} < {g.number(bound)})")
            bounds.append((index, bound))

    def meaning() -> np.ndarray:
        mask = np.ones((1,) * len(shape), bool)
        for index, bound in bounds:
            mask = mask & (index < bound)
        return mask

    return " & ".join(texts), [], meaning


def load(g: Generator) -> Statement | None:
    """A block from a new array."""
    if g.pure:
        return None
    shape, dtype = g.shape(), g.dtype()
    return load_of(g, shape, dtype)


def load_of(g: Generator, shape: tuple[int, ...], dtype: np.dtype) -> Statement:
    where = address(g, shape, injective=False)
    per_program = g.chance(0.3)
    size = where.span * (g.program.programs if per_program else 1)
    array = g.array(g.samples(dtype, (size,)))
    prefix = f"{array} + pid * {g.number(where.span)} + " if per_program else f"{array} + "
    mask, uses, mask_meaning = mask_for(g, where, shape)
    arguments, other = prefix + where.text, 0
    if mask:
        arguments += f", mask={mask}"
        if dtype not in num.FP8 and dtype != num.BOOL and g.chance(0.6):
            other = g.rng.choice([0, 1, 5])
            arguments += f", other={other}"
    if g.chance(0.1):
        arguments += ", cache_modifier=" + g.rng.choice(['".ca"', '".cg"'])
    step = where.span if per_program else 0

    def meaning(machine: Machine, *given: np.ndarray) -> np.ndarray:
        data = machine.memory[array][where.offsets + machine.pid * step]
        return np.where(mask_meaning(*given), data, np.asarray(other).astype(dtype))

    return Op((g.fresh(),), f"tl.load({arguments})", tuple(uses), meaning)


def gather(g: Generator) -> Statement | None:
    """A load whose addresses were computed."""
    index = g.block(lambda v: num.is_int(v.dtype))
    if g.pure or index is None:
        return None
    size = g.rng.choice([8, 64, 256])
    array = g.array(g.samples(g.dtype(), (size,)))

    def meaning(machine: Machine, value: np.ndarray) -> np.ndarray:
        return machine.memory[array][value.astype(np.int64) & (size - 1)]

    kind = g.rng.choice(["tl.int32", "tl.int64"])
    text = f"tl.load({array} + ({index}.to({kind}) & {size - 1}))"
    return Op((g.fresh(),), text, (index,), meaning)


def store(g: Generator) -> Statement | None:
    name = g.block()
    return None if name is None or g.pure else store_of(g, name)


def store_of(g: Generator, name: str) -> Statement:
    value = g.value(name)
    where = address(g, value.shape, injective=True)
    array = g.array(np.zeros(where.span * g.program.programs, value.dtype))
    mask, uses, mask_meaning = mask_for(g, where, value.shape)
    offset = f"{array} + pid * {g.number(where.span)} + {where.text}"

    def meaning(machine: Machine, block: np.ndarray, *given: np.ndarray) -> None:
        active = np.broadcast_to(np.asarray(mask_meaning(*given)), block.shape)
        at = where.offsets + machine.pid * where.span
        machine.memory[array][at[active]] = block[active]

    masked = f", mask={mask}" if mask else ""
    return Op((), f"tl.store({offset}, {name}{masked})", (name, *uses), meaning)


def store_scalar(g: Generator) -> Statement | None:
    name = g.pick(lambda v: v.ndim == 0)
    if name is None or g.pure:
        return None
    array = g.array(np.zeros(g.program.programs, g.value(name).dtype))

    def meaning(machine: Machine, value: np.ndarray) -> None:
        machine.memory[array][machine.pid] = value

    return Op((), f"tl.store({array} + pid, {name})", (name,), meaning)


def load_scalar(g: Generator) -> Statement | None:
    if g.pure:
        return None
    dtype = g.rng.choice([np.dtype("int32"), np.dtype("int64"), *num.FLOATS])
    array = g.array(g.samples(dtype, (g.program.programs,)))
    text = f"tl.load({array} + pid)"
    return Op((g.fresh(),), text, (), lambda m: m.memory[array][m.pid])


def through_memory(g: Generator) -> Statement | None:
    """Stores a block, waits, and loads it back in another order."""
    name = g.block(lambda v: v.ndim >= 1)
    if name is None or g.pure:
        return None
    value = g.value(name)
    n = value.size
    array = g.array(np.zeros(n * g.program.programs, value.dtype))
    flat = (
        f"tl.reshape(tl.arange(0, {n}), {value.shape})" if value.ndim > 1 else f"tl.arange(0, {n})"
    )
    odd = g.rng.choice([1, 3, 5])
    result = g.fresh()

    def meaning(machine: Machine, block: np.ndarray) -> np.ndarray:
        base = machine.pid * n
        machine.memory[array][base : base + n] = block.reshape(-1)
        return block.reshape(-1)[(np.arange(n) * odd + 1) % n]

    text = f"tl.load({array} + pid * {n} + (tl.arange(0, {n}) * {odd} + 1) % {n})"
    wait = "tl.debug_barrier()"  # before the store, too: in a loop others may still be reading
    lines = [wait, f"tl.store({array} + pid * {n} + {flat}, {name})", wait]
    return _Sequence((result,), text, (name,), meaning, lines)


@dataclass
class _Sequence(Op):
    """An operation that needs statements before it."""

    before: list[str]

    def lines(self):  # type: ignore[no-untyped-def]
        yield from self.before
        yield from super().lines()


_ATOMICS = {
    "atomic_add": np.add, "atomic_max": np.maximum, "atomic_min": np.minimum,
    "atomic_and": np.bitwise_and, "atomic_or": np.bitwise_or, "atomic_xor": np.bitwise_xor,
}  # fmt: skip


def atomic(g: Generator) -> Statement | None:
    """Adds a block into memory that all threads and programs share."""
    kinds = [np.dtype(name) for name in ("int32", "uint32", "int64", "uint64")]
    name = g.block(lambda v: v.dtype in kinds)
    if name is None or g.pure:
        return None
    value = g.value(name)
    where = address(g, value.shape, injective=False)
    operation = g.rng.choice(list(_ATOMICS))
    array = g.array(g.samples(value.dtype, (where.span,)))
    mask, uses, mask_meaning = mask_for(g, where, value.shape)

    def meaning(machine: Machine, block: np.ndarray, *given: np.ndarray) -> None:
        active = np.broadcast_to(np.asarray(mask_meaning(*given)), block.shape)
        _ATOMICS[operation].at(machine.memory[array], where.offsets[active], block[active])

    masked = f", mask={mask}" if mask else ""
    text = f"tl.{operation}({array} + {where.text}, {name}{masked})"
    return Op((), text, (name, *uses), meaning)


def atomic_with_result(g: Generator) -> Statement | None:
    """An exchange of private memory, whose old values are used."""
    kinds = [np.dtype(name) for name in ("int32", "uint32", "int64", "float32")]
    name = g.pick(lambda v: v.dtype in kinds)
    if name is None or g.pure:
        return None
    value = g.value(name)
    kind = g.rng.choice(["atomic_xchg", "atomic_add"])
    if kind == "atomic_add" and num.is_float(value.dtype):
        kind = "atomic_xchg"
    if value.ndim == 0:
        text, offsets, span = "0", np.zeros((), np.int64), 1
    else:
        where = address(g, value.shape, injective=True)
        text, offsets, span = where.text, where.offsets, where.span
    array = g.array(g.samples(value.dtype, (span * g.program.programs,)))

    def meaning(machine: Machine, block: np.ndarray) -> np.ndarray:
        at = offsets + machine.pid * span
        old = machine.memory[array][at]
        machine.memory[array][at] = block if kind == "atomic_xchg" else old + block
        return old

    call = f"tl.{kind}({array} + pid * {span} + {text}, {name})"
    return Op((g.fresh(),), call, (name,), meaning)


# Blocks of pointers.


def make_pointer(g: Generator) -> Statement | None:
    if g.pure:
        return None
    shape, dtype = g.shape(256), g.rng.choice([*num.INTEGERS, *num.FLOATS])
    where = address(g, shape, injective=False)
    array = g.array(g.samples(dtype, (where.span + 64,)))
    return Op(
        (g.fresh("p"),), f"{array} + ({where.text})", (),
        lambda machine: Pointer(array, where.offsets, dtype),
    )  # fmt: skip


def advance_pointer(g: Generator) -> Statement | None:
    names = g.pointers()
    if not names:
        return None
    name, step = g.rng.choice(names), g.rng.choice([0, 1, 2, 4, 16])
    result = name if g.chance(0.7) else g.fresh("p")

    def meaning(machine: Machine, pointer: Pointer) -> Pointer:
        return Pointer(pointer.array, pointer.offsets + step, pointer.dtype)

    return Op((result,), f"{name} + {g.number(step)}", (name,), meaning)


def load_pointer(g: Generator) -> Statement | None:
    names = g.pointers()
    if not names:
        return None
    name = g.rng.choice(names)

    def meaning(machine: Machine, pointer: Pointer) -> np.ndarray:
        data = machine.memory[pointer.array]
        if pointer.offsets.max() >= data.size:
            raise Reject("outside")
        return data[pointer.offsets]

    return Op((g.fresh(),), f"tl.load({name})", (name,), meaning)
