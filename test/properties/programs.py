"""Random programs of the kernel language, with what NumPy says that they compute.

A program is a list of lines, each of which makes one value from those before it. Every step is
exact (no approximate function, no float sum in an order of the compiler's), so that results are
compared bit for bit, types included. Two things are left out because the language leaves them
open: the bits of a NaN, and the order of equal elements in a sort.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from block_steps import (
    add_gather,
    add_histogram,
    add_joined,
    add_order,
    add_reduction,
    add_scan,
    add_shape,
)
from drawing import Array, tl_name
from hypothesis import strategies as st
from language_support import (
    FP8,
    INTEGERS,
    NUMBERS,
    bits_of,
    exact,
    is_float,
    is_signed,
    np_type,
    samples,
)
from program_values import (
    MOST,
    WORDS,
    Draw,
    Program,
    Value,
    _broadcast,
    _compared,
    _pair,
    _pick,
    arithmetic,
    cast,
    extremum,
    promoted,
)

# Steps: each adds a value if it finds operands.

ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul}
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
               "==": operator.eq, "!=": operator.ne}  # fmt: skip
BITWISE = {"&": operator.and_, "|": operator.or_, "^": operator.xor}


def add_arithmetic(draw: Draw, program: Program) -> None:
    sign = draw(st.sampled_from(sorted(ARITHMETIC)))
    a, b = _pair(draw, program)
    common = promoted(a.type, b.type)
    result = arithmetic(ARITHMETIC[sign], cast(a.array, common), cast(b.array, common), common)
    program.add(f"{a.name} {sign} {b.name}", common, result)


def add_number(draw: Draw, program: Program) -> None:
    """An operator with a number of the source."""
    sign = draw(st.sampled_from([*ARITHMETIC, *COMPARISONS]))
    a = _pick(draw, program, lambda v: v.type != "bool" and v.type not in FP8)
    if a is None:
        return
    common = a.type
    if draw(st.booleans()) or not is_float(a.type):
        top = 127 if is_float(a.type) or is_signed(a.type) else 255
        number: Any = draw(st.integers(0 if top == 255 else -128, top))
    else:
        number = draw(st.sampled_from([0.0, -0.0, 0.5, -1.5, 2.0, 1e-30, 3e38, 0.1]))
    with np.errstate(all="ignore"):
        other = np.asarray(number, np.float64).astype(np.float32) if is_float(common) else number
        y = cast(np.asarray(other), common) if is_float(common) else np.asarray(
            number, np_type(common))  # fmt: skip
    if common == "float64":
        y = np.asarray(number, np.float64)
    swapped = draw(st.booleans())
    left, right = (y, a.array) if swapped else (a.array, y)
    text = f"{number!r} {sign} {a.name}" if swapped else f"{a.name} {sign} {number!r}"
    if sign in ARITHMETIC:
        program.add(text, common, arithmetic(ARITHMETIC[sign], left, right, common))
    else:
        result = COMPARISONS[sign](_compared(left, common), _compared(right, common))
        program.add(text, "bool", np.asarray(result))


def add_comparison(draw: Draw, program: Program) -> None:
    sign = draw(st.sampled_from(sorted(COMPARISONS)))
    a, b = _pair(draw, program)
    common = promoted(a.type, b.type)
    x, y = (_compared(cast(v.array, common), common) for v in (a, b))
    program.add(f"{a.name} {sign} {b.name}", "bool", np.asarray(COMPARISONS[sign](x, y)))


def add_bitwise(draw: Draw, program: Program) -> None:
    sign = draw(st.sampled_from(sorted(BITWISE)))
    pair = _pair(draw, program, lambda v: not is_float(v.type))
    if pair is None:
        return
    a, b = pair
    common = promoted(a.type, b.type)
    result = BITWISE[sign](cast(a.array, common), cast(b.array, common))
    program.add(f"{a.name} {sign} {b.name}", common, np.asarray(result))


def shifted(x: Array, amount: Array, name: str, left: bool) -> Array:
    """A shift: by the width or more, 0 is left, or the sign."""
    bits = bits_of(name)
    amounts = np.minimum(amount.view(f"u{amount.dtype.itemsize}") if name != "bool"
                         else amount.astype(np.uint8), bits)  # fmt: skip
    flat = [
        (int(v) << int(n) if left else int(v) >> int(n)) & (2**bits - 1)
        for v, n in zip(*(w.ravel() for w in np.broadcast_arrays(x, amounts)), strict=True)
    ]
    shape = np.broadcast_shapes(x.shape, amounts.shape)
    return np.array(flat, np.uint64).astype(np_type(name)).reshape(shape)


def add_shift(draw: Draw, program: Program) -> None:
    left = draw(st.booleans())
    pair = _pair(draw, program, lambda v: not is_float(v.type))
    if pair is None:
        return
    a, b = pair
    common = promoted(a.type, b.type)
    result = shifted(cast(a.array, common), cast(b.array, common), common, left)
    program.add(f"{a.name} {'<<' if left else '>>'} {b.name}", common, result)


def add_division(draw: Draw, program: Program) -> None:
    """``//`` and ``%`` of integers: toward zero, total."""
    pair = _pair(draw, program, lambda v: v.type in INTEGERS)
    if pair is None or is_signed(pair[0].type) != is_signed(pair[1].type):
        return
    a, b = pair
    common = promoted(a.type, b.type)
    x, y = np.broadcast_arrays(cast(a.array, common), cast(b.array, common))
    rest = draw(st.booleans())
    results = []
    for n, d in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True):
        quotient = 0 if d == 0 else abs(n) // abs(d) * (1 if (n < 0) == (d < 0) else -1)
        results.append((n - quotient * d if rest else quotient) % 2 ** bits_of(common))
    array = np.array(results, np.uint64).astype(np_type(common)).reshape(x.shape)
    program.add(f"{a.name} {'%' if rest else '//'} {b.name}", common, array)


def add_float_remainder(draw: Draw, program: Program) -> None:
    pair = _pair(draw, program, lambda v: is_float(v.type) and v.type not in FP8)
    if pair is None:
        return
    a, b = pair
    common = promoted(a.type, b.type, division=True)
    x, y = cast(a.array, common), cast(b.array, common)
    with np.errstate(all="ignore"):
        if (np.isfinite(x) & (np.abs(exact(x)) >= 2.0**51 * np.abs(exact(y)))).any():
            return  # the quotient's last bits are lost: test_floats.py
        result = np.fmod(x, y)
    program.add(f"{a.name} % {b.name}", common, np.asarray(result))


def add_exact_function(draw: Draw, program: Program) -> None:
    """Functions of float32 that are rounded to nearest."""
    pair = _pair(draw, program, lambda v: v.type == "float32")
    if pair is None:
        return
    a, b = pair
    with np.errstate(all="ignore"):
        if draw(st.booleans()):
            program.add(f"tl.div_rn({a.name}, {b.name})", "float32", np.asarray(a.array / b.array))
        else:
            program.add(f"tl.sqrt_rn({a.name})", "float32", np.asarray(np.sqrt(a.array)))


def add_logical(draw: Draw, program: Program) -> None:
    a, b = _pair(draw, program)
    x, y = cast(a.array, "bool"), cast(b.array, "bool")
    choice = draw(st.integers(0, 2))
    if choice == 0:
        program.add(f"{a.name} and {b.name}", "bool", np.asarray(x & y))
    elif choice == 1:
        program.add(f"{a.name} or {b.name}", "bool", np.asarray(x | y))
    else:
        program.add(f"not {a.name}", "bool", np.asarray(~x))


def add_unary(draw: Draw, program: Program) -> None:
    a = _pick(draw, program)
    x, choice = a.array, draw(st.integers(0, 4))
    if is_float(a.type):
        word = x.view(f"u{x.dtype.itemsize}")
        sign = word.dtype.type(1 << (8 * x.dtype.itemsize - 1))
        if choice == 0:
            program.add(f"-{a.name}", a.type, (word ^ sign).view(x.dtype))
        elif choice == 1:
            program.add(f"tl.abs({a.name})", a.type, (word & ~sign).view(x.dtype))
        elif a.type in ("float32", "float64"):
            name = "floor" if choice == 2 else "ceil"
            program.add(f"tl.{name}({a.name})", a.type, np.asarray(getattr(np, name)(x)))
    elif choice == 0:
        with np.errstate(all="ignore"):
            result = x if a.type == "bool" else np.zeros_like(x) - x
        program.add(f"-{a.name}", a.type, np.asarray(result))
    elif choice == 1:
        with np.errstate(all="ignore"):
            result = x if a.type == "bool" else np.abs(x)
        program.add(f"tl.abs({a.name})", a.type, np.asarray(result))
    else:
        program.add(f"~{a.name}", a.type, np.asarray(~x))


def add_cast(draw: Draw, program: Program) -> None:
    a = _pick(draw, program)
    target = draw(st.sampled_from([*NUMBERS, *FP8]))
    program.add(f"{a.name}.to({tl_name(target)})", target, np.asarray(cast(a.array, target)))


def add_bitcast(draw: Draw, program: Program) -> None:
    a = _pick(draw, program, lambda v: v.type != "bool" and v.type not in FP8)
    if a is None:
        return
    bits = bits_of(a.type)
    floats = {16: ("float16", "bfloat16"), 32: ("float32",), 64: ("float64",)}.get(bits, ())
    target = draw(st.sampled_from([*WORDS[bits], *floats]))
    x, text = a.array, a.name
    if is_float(a.type):  # the bits of a NaN are open
        x = np.where(x == x, x, np.zeros((), x.dtype))
        text = f"tl.where({a.name} == {a.name}, {a.name}, 0.0)"
    result = np.asarray(x).view(np_type(target))
    program.add(f"({text}).to({tl_name(target)}, bitcast=True)", target, result)


def add_where(draw: Draw, program: Program) -> None:
    condition = _pick(draw, program, lambda v: v.type == "bool")
    if condition is None:
        return
    fits = lambda v: _broadcast(condition.shape, v.shape) is not None  # noqa: E731
    pair = _pair(draw, program, fits) if _pick(draw, program, fits) else None
    if pair is None or _broadcast(_broadcast(pair[0].shape, pair[1].shape) or (),
                                  condition.shape) is None:  # fmt: skip
        return
    a, b = pair
    common = promoted(a.type, b.type)
    result = np.where(condition.array, cast(a.array, common), cast(b.array, common))
    program.add(f"tl.where({condition.name}, {a.name}, {b.name})", common, np.asarray(result))


def add_extremum(draw: Draw, program: Program) -> None:
    a, b = _pair(draw, program)
    common = promoted(a.type, b.type)
    common = "float32" if common == "bfloat16" else common
    largest, propagate = draw(st.booleans()), draw(st.booleans())
    result = extremum(cast(a.array, common), cast(b.array, common), common, largest, propagate)
    option = ", propagate_nan=tl.PropagateNan.ALL" if propagate else ""
    name = "maximum" if largest else "minimum"
    program.add(f"tl.{name}({a.name}, {b.name}{option})", common, np.asarray(result))


# Memory and control flow.


def add_memory(draw: Draw, program: Program) -> None:
    """Stores a block, perhaps masked, and loads it in another order, masked again."""
    a = _pick(draw, program, lambda v: len(v.shape) == 1)
    if a is None:
        return
    n = a.shape[0]
    written, read = (_pick(draw, program, lambda v: v.type == "bool" and v.shape == a.shape)
                     for _ in range(2))  # fmt: skip
    flip = draw(st.integers(0, n - 1))
    number = len(program.scratch)
    rng = np.random.default_rng(number)
    before = rng.integers(0, 2, n).astype(np_type(a.type))
    program.scratch.append(before)
    option = f", mask={written.name}" if written else ""
    program.lines.append(f"tl.store(scratch{number} + tl.arange(0, {n}), {a.name}{option})")
    program.lines.append("tl.debug_barrier()")
    held = np.where(written.array, a.array, before) if written else a.array
    result = held[np.arange(n) ^ flip]
    option = ""
    if read:
        other = _pick(draw, program, lambda v: v.type == a.type and v.shape in (a.shape, ()))
        use = draw(st.booleans())
        option = f", mask={read.name}" + (f", other={other.name}" if use else "")
        lost = other.array if use else np.zeros((), np_type(a.type))
        result = np.where(read.array, result, lost)
    program.add(f"tl.load(scratch{number} + (tl.arange(0, {n}) ^ {flip}){option})", a.type, result)


def add_loop(draw: Draw, program: Program) -> None:
    """A loop that carries a block of integers; the bounds are constants or a value."""
    a = _pick(draw, program, lambda v: v.type in INTEGERS and len(v.shape) > 0)
    if a is None:
        return
    b = _pick(draw, program, lambda v: v.type == a.type and v.shape in (a.shape, ()))
    sign = draw(st.sampled_from(["+", "-", "*", "^"]))
    function = {**ARITHMETIC, **BITWISE}[sign]
    start, end, step = draw(st.integers(-2, 3)), draw(st.integers(-3, 5)), draw(st.sampled_from(
        [1, 2, -1]))  # fmt: skip
    rotate = draw(st.booleans())
    name = f"v{len(program.values)}"
    program.lines.append(f"{name}_carried = {a.name}")
    program.lines.append(f"for i in range({start}, {end}, {step}):")
    value = a.array
    axis = len(a.shape) - 1
    if rotate:
        program.lines.append(f"    {name}_carried = tl.flip({name}_carried, {axis})")
    program.lines.append(f"    {name}_carried = ({name}_carried {sign} {b.name}) ^ "
                         f"i.to({tl_name(a.type)})")  # fmt: skip
    for i in range(start, end, step):
        if rotate:
            value = np.flip(value, axis)
        number = cast(np.array(i, np.int32), a.type)
        value = np.asarray(arithmetic(function, value, b.array, a.type) ^ number)
    program.add(f"{name}_carried", a.type, value.copy())


def add_dot(draw: Draw, program: Program) -> None:
    """Bytes, or truth values as floats: both exact."""
    a = _pick(draw, program, lambda v: len(v.shape) == 2 and v.shape[1] >= 16)
    if a is None:
        return
    b = _pick(draw, program, lambda v: len(v.shape) == 2 and v.shape[0] == a.shape[1])
    text, x = (b.name, b.array) if b else (f"tl.trans({a.name})", a.array.T.copy())
    if a.shape[0] * x.shape[1] > MOST:
        return
    if draw(st.booleans()):
        left, right = cast(a.array, "int8"), cast(x, "int8")
        result = left.astype(np.int32) @ right.astype(np.int32)
        program.add(f"tl.dot({a.name}.to(tl.int8), {text}.to(tl.int8))", "int32", result)
    else:
        kind = draw(st.sampled_from(["float16", "bfloat16", "float8e4nv", "float32"]))
        left, right = cast(a.array, "bool"), cast(x, "bool")
        result = left.astype(np.float32) @ right.astype(np.float32)
        to = f".to(tl.int1).to({tl_name(kind)})"
        if kind == "float8e4nv":  # truth values convert by way of a float
            to = ".to(tl.int1).to(tl.float32).to(tl.float8e4nv)"
        program.add(f"tl.dot({a.name}{to}, ({text}){to})", "float32", result)


def add_constant(draw: Draw, program: Program) -> None:
    a = _pick(draw, program)
    if len(a.shape) == 0 or draw(st.booleans()):
        kind = draw(st.sampled_from(INTEGERS))
        number = draw(st.sampled_from([0, 1, 2, 100]))
        array = np.full(a.shape, number, kind)
        program.add(f"tl.full({a.shape}, {number}, {tl_name(kind)})", kind, array)
        return
    axis, start = draw(st.integers(0, len(a.shape) - 1)), draw(st.integers(-40, 40))
    line = tuple(n if d == axis else 1 for d, n in enumerate(a.shape))
    text = f"tl.reshape(tl.arange({start}, {start + a.shape[axis]}), {line})"
    array = np.arange(start, start + a.shape[axis], dtype=np.int32).reshape(line)
    program.add(text, "int32", array)


def add_branch(draw: Draw, program: Program) -> None:
    condition = _pick(draw, program, lambda v: v.type == "bool" and v.shape == ())
    a = _pick(draw, program)
    b = _pick(draw, program, lambda v: v.type == a.type and v.shape == a.shape)
    if condition is None:
        return
    name = f"v{len(program.values)}_chosen"
    program.lines += [f"if {condition.name}:", f"    {name} = {a.name}", "else:",
                      f"    {name} = {b.name}"]  # fmt: skip
    program.add(name, a.type, a.array if condition.array else b.array)


STEPS = [
    add_arithmetic, add_arithmetic, add_number, add_comparison, add_bitwise, add_shift,
    add_division, add_float_remainder, add_exact_function, add_logical, add_unary, add_cast,
    add_cast, add_bitcast, add_where, add_extremum, add_shape, add_shape, add_joined,
    add_reduction, add_reduction, add_scan, add_order, add_gather, add_histogram, add_memory,
    add_loop, add_branch, add_dot, add_dot, add_constant,
]  # fmt: skip


@st.composite
def programs(draw: Draw, steps: int = 5) -> Program:
    """A program of ``steps`` steps, or two or three times as many, on two or three inputs."""
    program = Program()
    rank = draw(st.integers(0, 3))
    shape: tuple[int, ...] = ()
    for _ in range(rank):
        most = max(MOST // 2 // max(int(np.prod(shape)), 1), 1).bit_length() - 1
        shape = (*shape, 2 ** draw(st.integers(0, min(most, 7))))
    if draw(st.integers(0, 2)) == 0:  # wide enough for a dot
        shape = draw(st.sampled_from([(16, 16), (16, 32), (32, 16)]))
    for index in range(draw(st.integers(2, 3))):
        kind = draw(st.sampled_from([*NUMBERS, *FP8]))
        extents = tuple(draw(st.sampled_from([n, n, n, 1])) for n in shape)
        size = int(np.prod(extents))
        array = np.random.default_rng(draw(st.integers(0, 2**16))).permutation(
            samples(kind, max(size, 64), index))[:size].reshape(extents)  # fmt: skip
        value = Value(f"x{index}", kind, array)
        program.inputs.append(value)
        program.values.append(value)
    for _ in range(draw(st.integers(1, 3)) * steps):
        draw(st.sampled_from(STEPS))(draw, program)
    return program
