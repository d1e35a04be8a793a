"""Elementwise operations, shapes, reductions, scans and products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fuzzing import numerics as num
from fuzzing.generator import Generator
from fuzzing.memory import load_of
from fuzzing.program import Op, Statement, tl_name

COMPARISONS = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal,
}  # fmt: skip


def _computable(value: np.ndarray) -> bool:
    return num.is_int(value.dtype) or num.is_float(value.dtype)


def _partner(g: Generator, value: np.ndarray) -> str | None:
    """A value of the same type that broadcasts with this one."""

    def fits(other: np.ndarray) -> bool:
        if other.dtype != value.dtype:
            return False
        if other.ndim not in (0, value.ndim) and g.rng.random() < 0.7:
            return False
        try:
            shape = np.broadcast_shapes(other.shape, value.shape)
        except ValueError:
            return False
        return math.prod(shape) <= 4096

    return g.pick(fits)


def _arith(operator: str, dtype: np.dtype) -> Any:
    ufunc = {"+": np.add, "-": np.subtract, "*": np.multiply}[operator]
    return lambda m, a, b: ufunc(a, b).astype(dtype)


def binary(g: Generator) -> Statement | None:
    a = g.pick(_computable)
    if a is None:
        return None
    value = g.value(a)
    dtype, b = value.dtype, None
    if g.chance(0.75):
        b = _partner(g, value)
    inputs: tuple[str, ...] = (a, b) if b is not None else (a,)
    constant = g.rng.randrange(0, 6)
    rhs = b if b is not None else str(constant)
    if b is None and value.ndim == 0:
        return None  # keep literals apart from scalars whose type is a number's
    operators = ["+", "-", "*"]
    if b is not None:
        operators += ["max", "min"]  # a literal would be an int32 of its own here
    if num.is_int(dtype):
        operators += ["&", "|", "^", "//", "%", "<<", ">>"]
    operator = g.rng.choice(operators)
    text, meaning = _binary(operator, a, rhs, dtype)
    if b is None:
        inner, literal = meaning, np.asarray(constant).astype(dtype)
        meaning = lambda m, x: inner(m, x, literal)  # noqa: E731
    return Op((g.fresh(),), text, inputs, meaning)


def _binary(operator: str, a: str, b: str, dtype: np.dtype) -> tuple[str, Any]:
    if operator in ("+", "-", "*"):
        return f"{a} {operator} {b}", _arith(operator, dtype)
    if operator in ("max", "min"):
        # bfloat16 becomes float32 here
        out = np.dtype("float32") if dtype == num.BF16 else dtype
        ufunc = np.maximum if operator == "max" else np.minimum
        name = "tl.maximum" if operator == "max" else "tl.minimum"
        return f"{name}({a}, {b})", lambda m, x, y: ufunc(x, y).astype(out)
    if operator in ("&", "|", "^"):
        table = {"&": np.bitwise_and, "|": np.bitwise_or, "^": np.bitwise_xor}
        return f"{a} {operator} {b}", lambda m, x, y: table[operator](x, y)
    if operator in ("//", "%"):
        which = 0 if operator == "//" else 1
        return f"{a} {operator} {b}", lambda m, x, y: num.truncating_division(x, y)[which]
    left = operator == "<<"
    return f"{a} {operator} {b}", lambda m, x, y: num.shifted(x, y, left)


def compare(g: Generator) -> Statement | None:
    a = g.pick(_computable)
    if a is None:
        return None
    b = _partner(g, g.value(a))
    operator = g.rng.choice(list(COMPARISONS))
    if b is None:
        return None
    return Op(
        (g.fresh(),), f"{a} {operator} {b}", (a, b), lambda m, x, y: COMPARISONS[operator](x, y)
    )


def logic(g: Generator) -> Statement | None:
    a = g.block(lambda v: v.dtype == num.BOOL)
    b = None if a is None else _partner(g, g.value(a))
    if a is None or b is None:
        return None
    operator = g.rng.choice(["&", "|", "^"])
    return Op((g.fresh(),), f"{a} {operator} {b}", (a, b), _binary(operator, a, b, num.BOOL)[1])


def unary(g: Generator) -> Statement | None:
    a = g.pick(_computable)
    if a is None:
        return None
    dtype = g.value(a).dtype
    choices: list[tuple[str, Any]] = []
    if dtype not in num.UNSIGNED:
        choices += [(f"-{a}", lambda m, x: -x), (f"tl.abs({a})", lambda m, x: np.abs(x))]
    if num.is_int(dtype):
        choices += [(f"~{a}", lambda m, x: ~x)]
    if dtype.name in ("float32", "float64"):
        choices += [
            (f"tl.floor({a})", lambda m, x: np.floor(x)),
            (f"tl.ceil({a})", lambda m, x: np.ceil(x)),
        ]
    if dtype.name == "float32":
        choices += [(f"tl.sqrt_rn(tl.abs({a}))", lambda m, x: np.sqrt(np.abs(x)))]
    if not choices:
        return None
    text, meaning = g.rng.choice(choices)
    return Op((g.fresh(),), text, (a,), meaning)


def divide(g: Generator) -> Statement | None:
    a = g.pick(lambda v: v.dtype.name in ("float32", "float64"))
    b = None if a is None else _partner(g, g.value(a))
    if a is None or b is None:
        return None
    text = f"tl.div_rn({a}, {b})" if g.value(a).dtype.name == "float32" else f"{a} / {b}"

    def meaning(m: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        num.require(bool((y != 0).all()), "division by a signed zero")
        return (x / y).astype(x.dtype)

    return Op((g.fresh(),), text, (a, b), meaning)


def where(g: Generator) -> Statement | None:
    c = g.pick(lambda v: v.dtype == num.BOOL)
    if c is None:
        return None
    condition = g.value(c)

    def fits(value: np.ndarray) -> bool:
        if value.ndim not in (0, condition.ndim) and condition.ndim:
            return False
        try:
            np.broadcast_shapes(value.shape, condition.shape)
        except ValueError:
            return False
        return _computable(value)

    a = g.pick(fits)
    b = None if a is None else _partner(g, g.value(a))
    if a is None or b is None:
        return None
    return Op(
        (g.fresh(),), f"tl.where({c}, {a}, {b})", (c, a, b), lambda m, p, x, y: np.where(p, x, y)
    )


def cast(g: Generator) -> Statement | None:
    a = g.pick(lambda v: v.ndim > 0 or _computable(v))
    if a is None:
        return None
    source = g.value(a).dtype
    targets = [*num.INTEGERS, *num.FLOATS, *num.FLOATS]
    if num.is_float(source):
        targets += num.FP8
    if source in num.FP8:
        targets = list(num.FLOATS)
    to = g.rng.choice(targets)
    return Op((g.fresh(),), f"{a}.to({tl_name(to)})", (a,), lambda m, x: num.convert(x, to))


def small(g: Generator) -> Statement | None:
    """A block of small numbers out of any integers: operands of exact sums and products."""
    a = g.block(lambda v: num.is_int(v.dtype))
    if a is None:
        return None
    to = g.rng.choice([*num.FLOATS, np.dtype("int8"), np.dtype("int32")])
    text = f"({a} & 7).to({tl_name(to)}) - 3"
    return Op((g.fresh(),), text, (a,), lambda m, x: ((x & 7).astype(to) - to.type(3)).astype(to))


def bitcast(g: Generator) -> Statement | None:
    a = g.block(lambda v: v.dtype != num.BOOL)
    if a is None:
        return None
    source = g.value(a).dtype
    all_types = [*num.INTEGERS, *num.FLOATS]
    to = g.rng.choice([t for t in all_types if t.itemsize == source.itemsize])

    def meaning(m: Any, x: np.ndarray) -> np.ndarray:
        if not num.is_int(source):
            num.require(bool((num.wide(x) != 0).all()), "the sign of zero is open")
        return np.ascontiguousarray(x).view(to)

    return Op((g.fresh(),), f"{a}.to({tl_name(to)}, bitcast=True)", (a,), meaning)


# Shapes.


def constant(g: Generator) -> Statement | None:
    dtype = g.rng.choice([*num.INTEGERS, *num.FLOATS])
    shape = g.shape(256)
    if g.chance(0.4):
        n = shape[0]
        start = g.rng.choice([0, 0, n, 2 * n])
        text = f"tl.arange({start}, {start + n})"
        return Op((g.fresh(),), text, (), lambda m: np.arange(start, start + n, dtype=np.int32))
    value = g.rng.randrange(0, 100)
    text = f"tl.full({shape}, {value}, {tl_name(dtype)})"
    return Op((g.fresh(),), text, (), lambda m: np.full(shape, value).astype(dtype))


def program_id_value(g: Generator) -> Statement | None:
    if g.pure:
        return None
    return Op((g.fresh(),), "pid + tl.num_programs(0)", (), lambda m: np.int32(m.pid + m.programs))


def expand(g: Generator) -> Statement | None:
    a = g.block(lambda v: v.ndim <= 3)
    if a is None:
        return None
    rank = g.value(a).ndim
    axis = g.rng.randint(0, rank)
    if g.chance(0.5):
        text = f"tl.expand_dims({a}, {axis})"
    else:
        text = a + "[" + ", ".join([":"] * axis + ["None"] + [":"] * (rank - axis)) + "]"
    return Op((g.fresh(),), text, (a,), lambda m, x: np.expand_dims(x, axis))


def broadcast(g: Generator) -> Statement | None:
    a = g.block(lambda v: 1 in v.shape)
    if a is None:
        return None
    shape = tuple(n if n > 1 else g.rng.choice([1, 2, 8, 16, 32]) for n in g.value(a).shape)
    return Op(
        (g.fresh(),), f"tl.broadcast_to({a}, {shape})", (a,),
        lambda m, x: np.broadcast_to(x, shape).copy(),
    )  # fmt: skip


def transpose(g: Generator) -> Statement | None:
    a = g.block(lambda v: v.ndim >= 2)
    if a is None:
        return None
    order = list(range(g.value(a).ndim))
    g.rng.shuffle(order)
    if len(order) == 2 and g.chance(0.5):
        return Op((g.fresh(),), f"tl.trans({a})", (a,), lambda m, x: x.T.copy())
    text = f"tl.permute({a}, {tuple(order)})"
    return Op((g.fresh(),), text, (a,), lambda m, x: np.transpose(x, order).copy())


def reshape(g: Generator) -> Statement | None:
    a = g.block()
    if a is None:
        return None
    left = g.value(a).size
    shape: list[int] = []
    while left > 1 and len(shape) < 3:
        n = g.rng.choice([d for d in (1, 2, 4, 8, 16, 32, 64, 128) if d <= left])
        shape.append(n)
        left //= n
    shape.append(left)
    g.rng.shuffle(shape)
    final = tuple(shape)
    return Op((g.fresh(),), f"tl.reshape({a}, {final})", (a,), lambda m, x: x.reshape(final))


def join(g: Generator) -> Statement | None:
    a = g.block(lambda v: v.ndim <= 3)
    if a is None:
        return None
    value = g.value(a)
    b = g.pick(lambda v: v.dtype == value.dtype and v.shape == value.shape)
    kind = g.rng.choice(["join", "cat", "interleave"])
    meanings: dict[str, Any] = {
        "join": lambda m, x, y: np.stack([x, y], -1),
        "cat": lambda m, x, y: np.concatenate([x, y], 0),
        "interleave": lambda m, x, y: np.stack([x, y], -1).reshape(*x.shape[:-1], -1),
    }
    return Op((g.fresh(),), f"tl.{kind}({a}, {b})", (a, str(b)), meanings[kind])


def split(g: Generator) -> Statement | None:
    a = g.block(lambda v: v.ndim >= 2 and v.shape[-1] == 2)
    if a is None:
        return None
    return Op(
        (g.fresh(), g.fresh()), f"tl.split({a})", (a,),
        lambda m, x: (x[..., 0].copy(), x[..., 1].copy()),
    )  # fmt: skip


def reorder(g: Generator) -> Statement | None:
    """flip, sort, gather: built from the others, in the language itself."""
    a = g.block(lambda v: _computable(v) and v.size <= 256)
    if a is None:
        return None
    axis = g.value(a).ndim - 1
    kind = g.rng.choice(["flip", "sort", "gather"])
    if kind == "flip":
        dim = g.rng.randint(0, axis)
        return Op((g.fresh(),), f"tl.flip({a}, {dim})", (a,), lambda m, x: np.flip(x, dim).copy())
    if kind == "sort":
        return Op((g.fresh(),), f"tl.sort({a})", (a,), lambda m, x: np.sort(x, -1))
    shape = g.value(a).shape
    index = g.block(lambda v: v.dtype.name == "int32" and v.shape == shape)
    if index is None:
        return None
    extent = shape[axis]
    return Op(
        (g.fresh(),), f"tl.gather({a}, {index} & {extent - 1}, {axis})", (a, index),
        lambda m, x, i: np.take_along_axis(x, i & (extent - 1), axis),
    )  # fmt: skip


def count(g: Generator) -> Statement | None:
    """histogram and topk."""
    a = g.block(lambda v: v.ndim == 1 and v.dtype.name == "int32" and v.size <= 256)
    if a is None:
        return None
    n = g.value(a).size
    if g.chance(0.5):
        bins = g.rng.choice([2, 8, 16])
        return Op(
            (g.fresh(),), f"tl.histogram({a} & 15, {bins})", (a,),
            lambda m, x: np.bincount(x & 15, minlength=16)[:bins].astype(np.int32),
        )  # fmt: skip
    k = g.rng.choice([1, 2, n // 2 or 1, n])
    if k > n:
        return None
    return Op((g.fresh(),), f"tl.topk({a}, {k})", (a,), lambda m, x: np.sort(x)[::-1][:k].copy())


# Reductions, scans, products.


def reduce(g: Generator) -> Statement | None:
    a = g.block(lambda v: _computable(v) or v.dtype == num.BOOL)
    if a is None:
        return None
    value = g.value(a)
    dtype, dim = value.dtype, g.rng.randrange(value.ndim)
    axis = None if g.chance(0.15) else dim
    kinds = ["sum", "sum", "max", "min", "argmax", "argmin"]
    if num.is_int(dtype):
        kinds += ["xor", "mul", "and"]
    if dtype == num.BOOL:
        kinds = ["sum"]
    kind = g.rng.choice(kinds)
    if kind.startswith("arg") and axis is None:
        axis = dim
    keep = axis is not None and g.chance(0.3)
    text, meaning = _reduction(kind, a, dtype, axis, keep)

    def kept(m: Any, x: np.ndarray) -> np.ndarray:
        result = np.asarray(meaning(x))
        return np.expand_dims(result, dim) if keep else result

    return Op((g.fresh(),), text, (a,), kept)


def _reduction(kind: str, a: str, dtype: np.dtype, axis: int | None, keep: bool) -> tuple[str, Any]:
    tail = f"{axis}, keep_dims=True" if keep else f"{axis}"
    if kind == "sum":
        return f"tl.sum({a}, {tail})", lambda x: num.exact_sum(x, axis, False, False)
    if kind in ("max", "min"):
        ufunc = np.maximum if kind == "max" else np.minimum
        out = num.widened_for_max(dtype)
        return f"tl.{kind}({a}, {tail})", lambda x: ufunc.reduce(x.astype(out), axis=axis)
    if kind in ("argmax", "argmin"):
        choose = np.argmax if kind == "argmax" else np.argmin
        return f"tl.{kind}({a}, {tail})", lambda x: choose(x, axis=axis).astype(np.int32)
    if kind == "xor":
        return f"tl.xor_sum({a}, {tail})", lambda x: np.bitwise_xor.reduce(x, axis=axis)
    ufunc = np.multiply if kind == "mul" else np.bitwise_and
    return (
        f"tl.reduce({a}, {axis}, combine_{kind}" + (", keep_dims=True)" if keep else ")"),
        lambda x: ufunc.reduce(x, axis=axis, dtype=x.dtype),
    )


def reduce_pair(g: Generator) -> Statement | None:
    """Two blocks reduced together."""
    a = g.block(_computable)
    if a is None:
        return None
    value = g.value(a)
    b = g.pick(lambda v: v.shape == value.shape and num.is_int(v.dtype))
    if b is None:
        return None
    axis = g.rng.randrange(value.ndim)

    def meaning(m: Any, x: np.ndarray, i: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        best = x.max(axis=axis)
        at = np.where(x == np.expand_dims(best, axis), i, np.iinfo(i.dtype).max)
        return best, at.min(axis=axis).astype(i.dtype)

    text = f"tl.reduce(({a}, {b}), {axis}, combine_larger)"
    return Op((g.fresh(), g.fresh()), text, (a, b), meaning)


def scan(g: Generator) -> Statement | None:
    a = g.block(_computable)
    if a is None:
        return None
    value = g.value(a)
    axis, reverse = g.rng.randrange(value.ndim), g.chance(0.3)
    tail = ", reverse=True" if reverse else ""
    kind = g.rng.choice(["sum", "sum", "max", "mul"])
    if kind == "max" and value.dtype != num.BF16:
        text = f"tl.associative_scan({a}, {axis}, combine_max{tail})"
        meaning: Any = lambda m, x: num.scanned(np.maximum, x, axis, reverse)  # noqa: E731
    elif kind == "mul" and num.is_int(value.dtype):
        text = f"tl.cumprod({a}, {axis}{tail})"
        meaning = lambda m, x: num.scanned(np.multiply, x, axis, reverse)  # noqa: E731
    else:
        text = f"tl.cumsum({a}, {axis}{tail})"
        meaning = lambda m, x: num.exact_sum(x, axis, True, reverse)  # noqa: E731
    return Op((g.fresh(),), text, (a,), meaning)


def scan_pair(g: Generator) -> Statement | None:
    """A scan whose combination is associative and not commutative."""
    a = g.block(lambda v: num.is_int(v.dtype) and v.dtype.itemsize >= 4)
    if a is None:
        return None
    value = g.value(a)
    b = g.pick(lambda v: v.shape == value.shape and v.dtype == value.dtype)
    axis, reverse = g.rng.randrange(value.ndim), g.chance(0.3)

    def meaning(m: Any, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = np.moveaxis(x, axis, 0).copy(), np.moveaxis(y, axis, 0).copy()
        if reverse:
            x, y = x[::-1].copy(), y[::-1].copy()
        for i in range(1, len(x)):
            y[i] = y[i - 1] * x[i] + y[i]
            x[i] = x[i - 1] * x[i]
        if reverse:
            x, y = x[::-1], y[::-1]
        return np.moveaxis(x, 0, axis).copy(), np.moveaxis(y, 0, axis).copy()

    tail = ", reverse=True" if reverse else ""
    text = f"tl.associative_scan(({a}, {b}), {axis}, combine_affine{tail})"
    return Op((g.fresh(), g.fresh()), text, (a, str(b)), meaning)


_DOT_TYPES = {
    "float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64",
    "int8": "int32", "float8_e4m3fn": "float32", "float8_e5m2": "float32",
}  # fmt: skip


def dot(g: Generator) -> Statement | None:
    def operand(value: np.ndarray) -> bool:
        return value.dtype.name in _DOT_TYPES and value.ndim in (2, 3) and value.shape[-1] >= 16

    a = g.block(operand)
    if a is None and g.pure:
        return None
    if a is None or (g.chance(0.3) and not g.pure):
        kind = np.dtype(g.rng.choice([*num.FLOATS, np.dtype("int8"), *num.FP8]))
        shape = (g.rng.choice([1, 2, 8, 16, 32]), g.rng.choice([16, 32, 64]))
        loaded = load_of(g, shape, kind)
        if not g.add(loaded):
            return None
        a = loaded.results[0]
    value = g.value(a)

    def multiplies(other: np.ndarray) -> bool:
        if other.dtype != value.dtype or other.ndim != value.ndim:
            return False
        return other.shape[:-2] == value.shape[:-2] and other.shape[-2] == value.shape[-1]

    b = g.block(multiplies)
    if b is None:
        if g.pure:
            return None
        n = g.rng.choice([1, 4, 16, 32, 64])
        loaded = load_of(g, (*value.shape[:-2], value.shape[-1], n), value.dtype)
        if not g.add(loaded):
            return None
        b = loaded.results[0]
    shape = (*value.shape[:-1], g.value(b).shape[-1])
    out = np.dtype(_DOT_TYPES[value.dtype.name])
    extra = ""
    if value.dtype.name == "float16" and g.chance(0.2):
        out, extra = np.dtype("float16"), ", out_dtype=tl.float16"
    acc = g.pick(lambda v: v.shape == shape and v.dtype == out)
    if acc is None or g.chance(0.3):
        return Op(
            (g.fresh(),), f"tl.dot({a}, {b}{extra})", (a, b),
            lambda m, x, y: num.exact_dot(x, y, None, out),
        )  # fmt: skip
    result = acc if g.chance(0.5) else g.fresh()
    return Op(
        (result,), f"tl.dot({a}, {b}, {acc}{extra})", (a, b, acc),
        lambda m, x, y, z: num.exact_dot(x, y, z, out),
    )  # fmt: skip
