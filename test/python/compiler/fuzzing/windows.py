"""Block pointers and tensor descriptors: windows of strided tensors with checked borders."""

from __future__ import annotations

import numpy as np

from fuzzing import numerics as num
from fuzzing.generator import Generator
from fuzzing.program import Machine, Op, Statement


def _window(
    g: Generator, granule: int = 1
) -> tuple[str, list[int], list[int], list[int], list[int], str]:
    """(array, shape, strides, offsets, block, dtype) of a tensor of rank 1 to 3 and a window.

    granule: bytes of which the array's address, the strides and the last extent of the block are
    multiples; above 1, the last dimension is contiguous.
    """
    rng = g.rng
    dtype = rng.choice([*num.INTEGERS, *num.FLOATS])
    unit = max(granule // np.dtype(dtype).itemsize, 1)
    rank = rng.choice([1, 2, 2, 2, 3])
    block = [rng.choice([1, 2, 4, 8, 16, 32]) for _ in range(rank)]
    block[-1] = max(block[-1], unit)
    shape = [rng.choice([n, n + 3, max(n - 1, 1), 2 * n, 5]) for n in block]
    strides, stride = [0] * rank, 1
    order = list(range(rank - 1, -1, -1))
    if granule == 1 and rng.random() < 0.3:
        rng.shuffle(order)
    for dim in order:
        strides[dim] = stride
        stride *= shape[dim]
        stride += rng.choice([0, 0, 4]) if dim != order[-1] else 0
        stride += -stride % unit
    offsets = [rng.choice([0, 0, 1, n // 2, n - 1]) for n in shape]
    array = g.array(g.samples(dtype, (stride,)), aligned=granule > 1)
    return array, shape, strides, offsets, block, dtype


def _indices(
    shape: list[int], strides: list[int], offsets: list[int], block: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Positions in memory of a window's elements, and which of them are inside of the tensor."""
    rank = len(block)
    at, inside = np.zeros(block, np.int64), np.ones(block, bool)
    for dim in range(rank):
        line = [1] * rank
        line[dim] = block[dim]
        index = offsets[dim] + np.arange(block[dim]).reshape(line)
        at = at + index * strides[dim]
        inside = inside & (index < shape[dim]) & (index >= 0)
    return np.where(inside, at, 0), inside


def _numbers(g: Generator, values: list[int]) -> str:
    return "(" + "".join(f"{g.number(value)}, " for value in values) + ")"


def block_pointer(g: Generator) -> Statement | None:
    """A load through a block pointer, perhaps moved before."""
    if g.pure:
        return None
    array, shape, strides, offsets, block, dtype = _window(g)
    order = tuple(range(len(block) - 1, -1, -1))
    text = (
        f"tl.make_block_ptr({array}, {_numbers(g, shape)}, {_numbers(g, strides)}, "
        f"{_numbers(g, offsets)}, {tuple(block)}, {order})"
    )
    if g.chance(0.4):
        step = [g.rng.choice([0, 1, 4]) for _ in block]
        text = f"tl.advance({text}, {_numbers(g, step)})"
        offsets = [offset + delta for offset, delta in zip(offsets, step, strict=True)]
    at, inside = _indices(shape, strides, offsets, block)
    checked = tuple(range(len(block)))
    load = f'tl.load({text}, boundary_check={checked}, padding_option="zero")'

    def meaning(machine: Machine) -> np.ndarray:
        return np.where(inside, machine.memory[array][at], np.zeros((), dtype))

    return Op((g.fresh(),), load, (), meaning)


def descriptor(g: Generator) -> Statement | None:
    """A load through a tensor descriptor: the last dimension is contiguous."""
    if g.pure:
        return None
    array, shape, strides, offsets, block, dtype = _window(g, granule=16)
    text = (
        f"tl.make_tensor_descriptor({array}, {_numbers(g, shape)}, {_numbers(g, strides)}, "
        f"{block}).load({[*offsets]})"
    )
    at, inside = _indices(shape, strides, offsets, block)

    def meaning(machine: Machine) -> np.ndarray:
        return np.where(inside, machine.memory[array][at], np.zeros((), dtype))

    return Op((g.fresh(),), text, (), meaning)


def store_window(g: Generator) -> Statement | None:
    """A store through a block pointer that hangs over the border."""
    name = g.block(lambda v: v.dtype not in num.FP8)
    if name is None or g.pure:
        return None
    value = g.value(name)
    block = list(value.shape)
    shape = [g.rng.choice([n, n + 1, max(n - 1, 1)]) for n in block]
    strides, stride = [0] * len(block), 1
    for dim in range(len(block) - 1, -1, -1):
        strides[dim] = stride
        stride *= shape[dim]
    array = g.array(np.zeros(stride * g.program.programs, value.dtype))
    order = tuple(range(len(block) - 1, -1, -1))
    at, inside = _indices(shape, strides, [0] * len(block), block)
    text = (
        f"tl.store(tl.make_block_ptr({array} + pid * {stride}, {_numbers(g, shape)}, "
        f"{_numbers(g, strides)}, {(0,) * len(block)}, {tuple(block)}, {order}), {name}, "
        f"boundary_check={tuple(range(len(block)))})"
    )

    def meaning(machine: Machine, block: np.ndarray) -> None:
        machine.memory[array][at[inside] + machine.pid * stride] = block[inside]

    return Op((), text, (name,), meaning)
