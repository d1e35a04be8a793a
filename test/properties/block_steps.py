"""Steps of random programs that change shapes or order: reductions, scans, sorting and kin."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np
from drawing import Array
from hypothesis import strategies as st
from language_support import (
    FP8,
    INTEGERS,
    exact,
    extremum_type,
    is_float,
    np_type,
    sum_type,
)
from program_values import (
    MOST,
    Draw,
    Program,
    _compared,
    _pick,
    arithmetic,
    cast,
    extremum,
    rounded,
)


def add_shape(draw: Draw, program: Program) -> None:
    a = _pick(draw, program, lambda v: len(v.shape) > 0)
    if a is None:
        return
    x, rank = a.array, len(a.shape)
    choice = draw(st.integers(0, 5))
    if choice == 0:
        order = tuple(draw(st.permutations(range(rank))))
        program.add(f"tl.permute({a.name}, {order})", a.type, x.transpose(order).copy())
    elif choice == 1:
        shape, left = [], x.size
        for _ in range(draw(st.integers(0, 2))):
            extent = 2 ** draw(st.integers(0, left.bit_length() - 1))
            shape.append(extent)
            left //= extent
        new = (*shape, left)
        program.add(f"tl.reshape({a.name}, {new})", a.type, x.reshape(new))
    elif choice == 2 and rank < 4:
        axis = draw(st.integers(0, rank))
        program.add(f"tl.expand_dims({a.name}, {axis})", a.type, np.expand_dims(x, axis))
    elif choice == 3:
        shape = tuple(2 ** draw(st.integers(0, 4)) if n == 1 else n for n in a.shape)
        if np.prod(shape) <= MOST:
            text = f"tl.broadcast_to({a.name}, {shape})"
            program.add(text, a.type, np.broadcast_to(x, shape).copy())
    elif choice == 4:
        axis = draw(st.integers(0, rank - 1))
        program.add(f"tl.flip({a.name}, {axis})", a.type, np.flip(x, axis).copy())
    elif a.shape[-1] == 2 and rank > 1:
        half = draw(st.integers(0, 1))
        program.add(f"tl.split({a.name})[{half}]", a.type, x[..., half].copy())


def add_joined(draw: Draw, program: Program) -> None:
    a = _pick(draw, program, lambda v: v.array.size * 2 <= MOST and len(v.shape) in (1, 2, 3))
    if a is None:
        return
    b = _pick(draw, program, lambda v: v.shape == a.shape and v.type == a.type)
    choice = draw(st.integers(0, 2))
    both = np.stack([a.array, b.array], -1)
    if choice == 0:
        program.add(f"tl.join({a.name}, {b.name})", a.type, both)
    elif choice == 1:
        result = both.reshape(*a.shape[:-1], -1)
        program.add(f"tl.interleave({a.name}, {b.name})", a.type, result)
    else:
        dim = draw(st.integers(0, len(a.shape) - 1))
        result = np.concatenate([a.array, b.array], dim)
        program.add(f"tl.cat({a.name}, {b.name}, dim={dim})", a.type, result)


# Reductions, scans, order.


def _reduced(values: list[Array], axis: int | None, combine: Callable[..., Array]) -> Array:
    """Elements along ``axis`` combined from the left."""
    x = values[0]
    slices = list(x.reshape(-1)) if axis is None else list(np.moveaxis(x, axis, 0))
    result = np.asarray(slices[0])
    for item in slices[1:]:
        result = np.asarray(combine(result, np.asarray(item)))
    return result


def add_reduction(draw: Draw, program: Program) -> None:
    choice = draw(st.sampled_from(["sum", "max", "min", "argmax", "argmin", "xor_sum",
                                   "reduce_or"]))  # fmt: skip
    whole = choice in ("sum", "xor_sum", "reduce_or")
    a = _pick(draw, program, lambda v: len(v.shape) > 0 and not (whole and is_float(v.type)))
    if a is None:
        return
    rank = len(a.shape)
    axis = draw(st.integers(-rank, rank - 1))
    if choice in ("sum", "max", "min", "xor_sum") and draw(st.booleans()):
        axis = None
    keep = draw(st.booleans())
    kind = {"sum": sum_type, "max": extremum_type, "min": extremum_type}.get(
        choice, lambda name: name)(a.type)  # fmt: skip
    x = cast(a.array, kind)
    if choice in ("sum", "xor_sum", "reduce_or"):
        combine = {"sum": operator.add, "xor_sum": operator.xor, "reduce_or": operator.or_}[choice]
        with np.errstate(all="ignore"):
            result = _reduced([x], axis, lambda p, q: arithmetic(combine, p, q, kind))
    elif choice in ("max", "min"):
        result = _reduced([x], axis, lambda p, q: extremum(p, q, kind, choice == "max", False))
    else:
        kind = "int32"
        wide = _compared(a.array, a.type)
        if is_float(a.type):
            lowest = -np.inf if choice == "argmax" else np.inf
            nan = np.isnan(wide)
            order = np.where(nan, lowest, wide)
            best = getattr(np, choice[3:])(order, axis=axis, keepdims=True)
            hit = (order == best) & (~nan | nan.all(axis=axis, keepdims=True))
            result = hit.argmax(axis)
        else:
            result = getattr(np, choice)(wide, axis=axis)
        result = np.asarray(result, np.int32)
    if keep:
        shape = tuple(1 if axis is None or d == axis % rank else n for d, n in enumerate(a.shape))
        result = result.reshape(shape)
    text = f"tl.{choice}({a.name}, {axis}, keep_dims={keep})"
    program.add(text, kind, np.asarray(result, np_type(kind)))


def add_scan(draw: Draw, program: Program) -> None:
    a = _pick(draw, program, lambda v: len(v.shape) > 0 and not is_float(v.type))
    if a is None:
        return
    axis, reverse = draw(st.integers(0, len(a.shape) - 1)), draw(st.booleans())
    product = draw(st.booleans())
    kind = a.type if product else sum_type(a.type)
    x = np.moveaxis(cast(a.array, kind), axis, 0)
    x = x[::-1] if reverse else x
    out = [x[0]]
    for item in x[1:]:
        out.append(arithmetic(operator.mul if product else operator.add, out[-1], item, kind))
    result = np.stack(out)
    result = np.moveaxis(result[::-1] if reverse else result, 0, axis)
    name = "cumprod" if product else "cumsum"
    program.add(f"tl.{name}({a.name}, {axis}, reverse={reverse})", kind, result.copy())


def add_order(draw: Draw, program: Program) -> None:
    a = _pick(draw, program, lambda v: len(v.shape) > 0 and v.type not in FP8
              and v.array.size <= 128)  # fmt: skip
    if a is None:
        return
    dim, down = draw(st.integers(0, len(a.shape) - 1)), draw(st.booleans())
    x, text = a.array, a.name
    if is_float(a.type):  # the order of -0 and 0 is open
        x = np.where(x == 0, np.zeros((), x.dtype), x)
        text = f"tl.where({a.name} == 0, 0.0, {a.name})"
    result = np.sort(exact(x) if is_float(a.type) else x, axis=dim)
    result = np.flip(result, dim) if down else result
    result = rounded(result, a.type) if is_float(a.type) else result
    k = 2 ** draw(st.integers(0, 2))
    if dim == len(a.shape) - 1 and k <= a.shape[-1] and draw(st.booleans()):
        text = f"tl.topk({text}, {k}, descending={down})"
        program.add(text, a.type, result[..., :k].copy())
    else:
        program.add(f"tl.sort({text}, {dim}, descending={down})", a.type, result.copy())


def add_gather(draw: Draw, program: Program) -> None:
    a = _pick(draw, program, lambda v: len(v.shape) > 0 and v.array.size <= 256)
    if a is None:
        return
    axis = draw(st.integers(0, len(a.shape) - 1))
    index = _pick(draw, program, lambda v: v.type in INTEGERS and len(v.shape) == len(a.shape)
                  and all(m == n for d, (m, n) in enumerate(zip(v.shape, a.shape, strict=True))
                          if d != axis))  # fmt: skip
    if index is None:
        return
    extent, x, text = a.shape[axis], index.array, index.name
    if draw(st.booleans()):
        x, text = x & x.dtype.type(extent - 1) if extent <= 128 else x, (
            f"({text} & {extent - 1})" if extent <= 128 else text)  # fmt: skip
    inside = np.array([0 <= int(i) < extent for i in x.ravel()]).reshape(x.shape)
    positions = np.where(inside, x, np.zeros((), x.dtype)).astype(np.int64)
    taken = np.take_along_axis(a.array, positions, axis)
    result = np.where(inside, taken, np.zeros((), taken.dtype))
    program.add(f"tl.gather({a.name}, {text}, {axis})", a.type, result)


def add_histogram(draw: Draw, program: Program) -> None:
    a = _pick(draw, program, lambda v: len(v.shape) == 1 and v.type in INTEGERS)
    if a is None:
        return
    bins = 2 ** draw(st.integers(0, 6))
    mask = _pick(draw, program, lambda v: v.type == "bool" and v.shape == a.shape)
    inside = [0 <= int(n) < bins for n in a.array]
    counted = np.array(inside) & (mask.array if mask else True)
    result = np.bincount(a.array[counted].astype(np.int64), minlength=bins).astype(np.int32)
    option = f", mask={mask.name}" if mask else ""
    program.add(f"tl.histogram({a.name}, {bins}{option})", "int32", result)
