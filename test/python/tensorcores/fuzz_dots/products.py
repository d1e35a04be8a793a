"""Dots, and where their operands come from."""

from __future__ import annotations

import numpy as np
from fuzzing import numerics as num
from fuzzing.program import Op, tl_name

from fuzz_dots import tiles
from fuzz_dots.tiles import TileGenerator

F16, F32, F64 = np.dtype("float16"), np.dtype("float32"), np.dtype("float64")
I8, I32 = np.dtype("int8"), np.dtype("int32")
OPERANDS = [F16] * 6 + [num.BF16] * 3 + [I8] * 3 + [F32] * 3 + num.FP8 * 2 + [F64]
PRECISIONS = ["ieee", "tf32", "tf32", "tf32x3", "bf16x3", "bf16x6"]
MAX_ELEMENTS = 4096


def sizes(g: TileGenerator) -> tuple[int, int, int]:
    """M, N, K of a product."""
    m = g.rng.choice([16, 16, 32, 32, 32, 64, 64, 128, 8, 1])
    n = g.rng.choice([16, 16, 32, 32, 32, 64, 64, 128, 8, 1])
    k = g.rng.choice([16, 32, 32, 64, 128])
    while m * n > MAX_ELEMENTS or m * k > MAX_ELEMENTS or n * k > MAX_ELEMENTS:
        m, n, k = max(m // 2, 1), max(n // 2, 1), max(k // 2, 16)
    return m, n, k


def partner(g: TileGenerator, dtype: np.dtype) -> np.dtype:
    """The type of the other operand: fp8 types mix."""
    return g.rng.choice(num.FP8) if dtype in num.FP8 else dtype


def result_type(g: TileGenerator, dtype: np.dtype) -> np.dtype:
    if dtype == I8:
        return I32
    if dtype == F64:
        return F64
    return F16 if (dtype == F16 or dtype in num.FP8) and g.chance(0.2) else F32


def clipped(g: TileGenerator, source: str, dtype: np.dtype) -> str | None:
    """A block of small whole numbers of the wanted type, made of another block."""
    value = g.value(source)
    high = g.rng.choice([1, 2, 3])
    literal = str(high) if num.is_int(value.dtype) else f"{high}.0"
    text = f"tl.minimum(tl.maximum({source}, -{literal}), {literal})"
    if num.is_int(value.dtype) and dtype in num.FP8:
        text += ".to(tl.float32)"

    def meaning(machine, x):
        with np.errstate(all="ignore"):
            small = np.clip(num.wide(x), -high, high)
        num.require(bool((small == np.rint(small)).all()), "not whole")
        return small.astype(np.float32).astype(dtype)

    name = g.fresh()
    added = g.add(Op((name,), f"{text}.to({tl_name(dtype)})", (source,), meaning))
    return name if added else None


def transposed(g: TileGenerator, name: str) -> str | None:
    rank = g.value(name).ndim
    result = g.fresh()
    if rank == 3:
        text, axes = f"tl.permute({name}, (0, 2, 1))", (0, 2, 1)
    else:
        text, axes = g.rng.choice([f"tl.trans({name})", f"{name}.T"]), (1, 0)
    added = g.add(Op((result,), text, (name,), lambda m, x: np.transpose(x, axes)))
    return result if added else None


def touched(g: TileGenerator, name: str) -> str | None:
    """Something elementwise on the way from memory to the product; results stay small."""
    dtype = g.value(name).dtype
    if dtype in num.FP8 or not g.chance(0.25):
        return name
    zero = "0" if num.is_int(dtype) else "0.0"
    kind, result = g.rng.randrange(4), g.fresh()
    if kind == 0:
        op = Op((result,), f"-{name}", (name,), lambda m, x: -x)
    elif kind == 1:
        text = f"tl.where({name} > {zero}, {name}, -{name})"
        op = Op((result,), text, (name,), lambda m, x: np.where(x > 0, x, -x))
    elif kind == 2:
        op = Op((result,), f"{name} + {name}", (name,), lambda m, x: (x + x).astype(dtype))
    else:
        text = f"tl.where({name} == {zero}, 1, {name}).to({tl_name(dtype)})"
        op = Op((result,), text, (name,), lambda m, x: np.where(x == 0, 1, x).astype(dtype))
    return result if g.add(op) else None


def _made(value: np.ndarray) -> bool:
    """Whether a block may be clipped to an operand."""
    return value.dtype in (F16, F32, I32, F64) and value.ndim == 2


def operand(
    g: TileGenerator,
    shape: tuple[int, ...],
    dtype: np.dtype,
    pointers: dict[str, int] | None = None,
) -> str | None:
    """A block of the program, one made of another block or pointer, or a new tile."""
    flipped = (*shape[:-2], shape[-1], shape[-2])
    for pointer in pointers or {}:
        place = g.env[pointer]
        if place.shape == shape and place.dtype == dtype and g.chance(0.8):  # type: ignore[union-attr]
            found = tiles.load_pointer(g, pointer)
            return found and touched(g, found)
    kind = g.rng.random()
    if kind < 0.2:
        found = g.block(lambda v: v.dtype == dtype and v.shape in (shape, flipped))
    elif kind < 0.4:
        found = g.block(lambda v: _made(v) and v.shape in (shape, flipped))
        found = found and clipped(g, found, dtype)
    else:
        found = None
    if found is None and not g.pure:
        wanted = flipped if g.chance(0.3) else shape
        source = g.rng.choice([I8, F32]) if g.chance(0.15) and dtype not in num.FP8 else dtype
        found = tiles.load(g, wanted, source)
        if found and source != dtype:
            found = converted(g, found, dtype)
    if found is None:
        return None
    if g.value(found).shape != shape:
        found = transposed(g, found)
    return found and touched(g, found)


def converted(g: TileGenerator, name: str, dtype: np.dtype) -> str | None:
    result = g.fresh()
    text = f"{name}.to({tl_name(dtype)})"
    added = g.add(Op((result,), text, (name,), lambda m, x: num.convert(x, dtype)))
    return result if added else None


def arguments(g: TileGenerator, dtype: np.dtype, out: np.dtype) -> str:
    text = ""
    if dtype == F32:
        text += f', input_precision="{g.rng.choice(PRECISIONS)}"'
    if out == F16:
        text += ", out_dtype=tl.float16"
    if dtype in num.FP8 and g.chance(0.3):
        text += f", max_num_imprecise_acc={g.rng.choice([0, 16])}"
    return text


def multiply(
    g: TileGenerator, a: str, b: str, acc: str | None, out: np.dtype, result: str | None = None
) -> str | None:
    extra = arguments(g, g.value(a).dtype, out)
    result = result or g.fresh()
    if acc is None:
        op = Op((result,), f"tl.dot({a}, {b}{extra})", (a, b),
                lambda m, x, y: num.exact_dot(x, y, None, out))  # fmt: skip
    else:
        op = Op((result,), f"tl.dot({a}, {b}, {acc}{extra})", (a, b, acc),
                lambda m, x, y, z: num.exact_dot(x, y, z, out))  # fmt: skip
    return result if g.add(op) else None


def product(g: TileGenerator) -> None:
    """A dot of whatever fits; its accumulator is a block of the program or none."""
    dtype = g.rng.choice(OPERANDS)
    m, n, k = sizes(g)
    batch = (g.rng.choice([2, 4]),) if g.chance(0.1) else ()
    if batch:
        m, n, k = min(m, 16), min(n, 32), min(k, 32)
    known = g.block(lambda v: v.dtype == dtype and v.ndim == 2 and v.shape[-1] >= 16)
    if known and not batch and g.chance(0.3):
        m, k = g.value(known).shape
        n = min(n, MAX_ELEMENTS // max(m, k))
        a: str | None = known
    else:
        a = operand(g, (*batch, m, k), dtype)
    b = a and operand(g, (*batch, k, n), partner(g, dtype))
    if not a or not b:
        return
    out = result_type(g, dtype)
    acc = g.block(lambda v: v.shape == (*batch, m, n) and v.dtype == out)
    if acc and g.chance(0.7):
        multiply(g, a, b, acc, out, acc if g.chance(0.6) and acc.startswith("v") else None)
    else:
        multiply(g, a, b, None, out)


def row_statistic(g: TileGenerator) -> None:
    """A block changed by a reduction of its rows or columns, as softmax does."""
    name = g.block(lambda v: v.dtype in (F32, I32) and v.ndim == 2)
    if name is None:
        return
    axis, statistic, result = g.rng.choice([0, 1]), g.fresh(), g.fresh()
    kind = g.rng.choice(["max", "sum", "min"])
    view = "[:, None]" if axis == 1 else "[None, :]"

    def reduced(machine, x):
        if kind == "sum":
            return num.exact_sum(x, axis, False, False)
        return getattr(np, kind)(x, axis=axis)

    def subtracted(machine, x, y):
        z = num.wide(x) - num.wide(np.expand_dims(y, axis))
        num.require(bool((np.abs(z) <= 2.0**23).all()), "not exact")
        return z.astype(x.dtype)

    if g.add(Op((statistic,), f"tl.{kind}({name}, {axis})", (name,), reduced)):
        text = f"{name} - {statistic}{view}"
        g.add(Op((result,), text, (name, statistic), subtracted))
