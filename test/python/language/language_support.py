"""What the tests of the language share: types, sample values, exact references, generic kernels.

References are exact: conversions round once, from values held in x87 extended precision, which has
room for every int64, uint64 and float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np

assert np.finfo(np.longdouble).nmant >= 63, "references need 64 bits of mantissa"

SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
INTEGERS = SIGNED + UNSIGNED
FLOATS = ["float16", "bfloat16", "float32", "float64"]
FP8 = ["float8e4nv", "float8e5"]
NUMBERS = ["bool", *INTEGERS, *FLOATS]
ALL_TYPES = NUMBERS + FP8
NUM_WARPS = [1, 2, 4, 8]


class Format(NamedTuple):
    """A binary floating-point format."""

    mantissa: int  # explicit bits
    emin: int  # exponent of the smallest normal number
    largest: float


FORMATS = {
    "float16": Format(10, -14, 65504.0),
    "bfloat16": Format(7, -126, float.fromhex("0x1.fep127")),
    "float32": Format(23, -126, float.fromhex("0x1.fffffep127")),
    "float64": Format(52, -1022, float.fromhex("0x1.fffffffffffffp1023")),
    "float8e4nv": Format(3, -6, 448.0),
    "float8e5": Format(2, -14, 57344.0),
}
_ML = {"bfloat16": "bfloat16", "float8e4nv": "float8_e4m3fn", "float8e5": "float8_e5m2"}


def np_type(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, _ML[name])) if name in _ML else np.dtype(name)


def tl_type(name: str) -> Any:
    return tl.int1 if name == "bool" else getattr(tl, name)


def bits_of(name: str) -> int:
    return 1 if name == "bool" else np_type(name).itemsize * 8


def is_float(name: str) -> bool:
    return name in FORMATS


def is_signed(name: str) -> bool:
    return name in SIGNED


def exact(x: np.ndarray) -> np.ndarray:
    """The values in extended precision."""
    if x.dtype.kind in "biu" or x.dtype in (np.float16, np.float32, np.float64):
        return x.astype(np.longdouble)
    return x.astype(np.float32).astype(np.longdouble)  # ml_dtypes: at most 16 bits


def rounded(x: np.ndarray, name: str) -> np.ndarray:
    """Values in extended precision as a float type: to nearest even; fp8 saturates, NaN is 0x7f."""
    fmt = FORMATS[name]
    with np.errstate(all="ignore"):
        size = np.abs(x)
        finite = np.isfinite(size)
        _, exponent = np.frexp(np.where(finite, size, 1))
        quantum = np.maximum(exponent - 1, fmt.emin) - fmt.mantissa
        value = np.ldexp(np.rint(np.ldexp(np.where(finite, size, 1), -quantum)), quantum)
        value = np.where(finite, value, size)
        if name in FP8:
            value = np.where(value > fmt.largest, np.longdouble(fmt.largest), value)
        else:
            value = np.where(value > fmt.largest, np.longdouble(np.inf), value)
        value = np.copysign(value, x)
        wide = np.float64 if name == "float64" else np.float32
        result = value.astype(wide).astype(np_type(name))  # exact
    if name in FP8:
        result.view(np.uint8)[np.isnan(x)] = 0x7F
    return result


def integer_of(x: np.ndarray, name: str) -> np.ndarray:
    """Floats in extended precision as integers: truncated, saturated, NaN as 0."""
    info = np.iinfo(np_type(name))
    result = np.zeros(x.shape, np_type(name))
    low, high = np.longdouble(info.min), np.longdouble(info.max)
    with np.errstate(all="ignore"):
        whole = np.trunc(x)
        inside = (whole > low) & (whole < high)
        result[inside] = whole[inside].astype(np_type(name))
    result[whole <= low] = info.min
    result[whole >= high] = info.max
    return result


def cast(x: np.ndarray, name: str) -> np.ndarray:
    """What ``x.to(name)`` is."""
    if x.dtype == np_type(name):
        return x
    source_is_float = x.dtype.kind not in "biu"
    if name == "bool":
        return x.astype(np.float64) != 0 if source_is_float else x != 0
    if is_float(name):
        return rounded(exact(x), name)
    return integer_of(exact(x), name) if source_is_float else x.astype(np_type(name))


# Sample values.


def specials(name: str) -> np.ndarray:
    """Values at which implementations go wrong."""
    dtype = np_type(name)
    if name == "bool":
        return np.array([False, True])
    if not is_float(name):
        info = np.iinfo(dtype)
        values = {0, 1, 2, 3, 7, 10, 100, info.max, info.max - 1, info.max // 2}
        values |= {info.min, info.min + 1, -1, -2, -7, -100} if info.min < 0 else {info.max // 3}
        return np.array(sorted(values), dtype)
    fmt = FORMATS[name]
    tiny = 2.0 ** (fmt.emin - fmt.mantissa)
    eps = 2.0**-fmt.mantissa
    values = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 1 + eps, 1 - eps / 2, fmt.largest, tiny, 2.0**fmt.emin]
    values += [2.0**fmt.emin - tiny, 127.5, 0.1, np.nan]
    if name != "float8e4nv":
        values.append(np.inf)
    array = np.array(values, np.float64)
    return np.concatenate([array, -array]).astype(dtype)


def samples(name: str, count: int, seed: int = 0) -> np.ndarray:
    """The special values, then random ones: of all magnitudes for floats, of all bits otherwise."""
    rng = np.random.default_rng(seed)
    dtype = np_type(name)
    if name == "bool":
        values = rng.integers(0, 2, count).astype(bool)
    elif is_float(name):
        values = (rng.standard_normal(count) * 2.0 ** rng.integers(-6, 7, count)).astype(dtype)
    else:
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, count, dtype=dtype, endpoint=True)
        small = rng.random(count) < 0.3
        values[small] = rng.integers(0, 20, count)[small].astype(dtype)
    head = specials(name)[:count]
    values[: head.size] = head
    return values


def sample_pairs(a: str, b: str, extra: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Every special value with every other, and random pairs."""
    x, y = np.meshgrid(specials(a), specials(b), indexing="ij")
    more_x, more_y = samples(a, extra, seed + 1), samples(b, extra, seed + 2)
    return np.concatenate([x.ravel(), more_x]), np.concatenate([y.ravel(), more_y[::-1]])


def sum_type(name: str) -> str:
    if name == "bool" or name in UNSIGNED:
        return "uint32" if bits_of(name) < 32 else name
    return "int32" if is_signed(name) and bits_of(name) < 32 else name


def extremum_type(name: str) -> str:
    return ("float32" if is_float(name) else "int32") if bits_of(name) < 32 else name


def exactly_summable(name: str, size: int, seed: int) -> np.ndarray:
    """Values whose partial sums are exact in any order."""
    if not is_float(name):
        return samples(name, size, seed)
    limit = {"bfloat16": 256, "float16": 2048}.get(name, 2**20)
    high = 16 if "float8" in name else max(limit // max(size, 1), 1)
    return np.random.default_rng(seed).integers(-high, high + 1, size).astype(np_type(name))


def bytes_of(x: np.ndarray) -> np.ndarray:
    """The bit patterns, for comparisons that see the sign of zero."""
    return np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")


def assert_same(got: np.ndarray, expected: np.ndarray, what: str = "") -> None:
    """Bit for bit equal; any NaN equals any other NaN."""
    assert got.dtype == expected.dtype and got.shape == expected.shape
    same = bytes_of(got) == bytes_of(expected)
    if got.dtype.kind not in "biu":
        same |= np.isnan(got.astype(np.float64)) & np.isnan(expected.astype(np.float64))
    if not same.all():
        where = np.flatnonzero(~same)
        first = where[:6]
        raise AssertionError(
            f"{what}: {where.size} of {got.size} differ; at {first.tolist()} got "
            f"{got.ravel()[first].tolist()}, expected {expected.ravel()[first].tolist()}"
        )


def ulps(got: np.ndarray, expected: np.ndarray, name: str) -> float:
    """Largest error in units in the last place of the result's type (``expected``: float64+)."""
    fmt = FORMATS[name]
    with np.errstate(all="ignore"):
        _, exponent = np.frexp(np.abs(expected))
        ulp = np.ldexp(np.longdouble(1), np.maximum(exponent - 1, fmt.emin) - fmt.mantissa)
        error = np.abs(exact(got) - expected) / ulp
    both = np.isfinite(expected) & (np.abs(expected) <= fmt.largest)
    return float(error[both].max()) if both.any() else 0.0


def libdevice_missing() -> bool:
    """Whether NVIDIA's libdevice, which float64 functions need, can't be found here."""
    from cosmati.runtime.session import toolchain

    rows = [row for row in toolchain().report() if "libdevice" in row["name"]]
    return not any(row["path"] for row in rows)


# Kernels.


@cosmati.jit
def map_kernel(
    x, y, z, n,
    o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15,
    FNS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """outs[i] = FNS[i](x, y, z), whose type must be that of outs[i]."""
    outs = (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    a = tl.load(x + offs, mask=mask)
    for i in tl.static_range(len(FNS)):
        if y is None:
            result = FNS[i](a)
        elif z is None:
            result = FNS[i](a, tl.load(y + offs, mask=mask))
        else:
            result = FNS[i](a, tl.load(y + offs, mask=mask), tl.load(z + offs, mask=mask))
        tl.static_assert(result.dtype == outs[i].dtype.element_ty)
        tl.store(outs[i] + offs, result, mask=mask)


def map_blocks(
    fns: Sequence[Any],
    inputs: Sequence[np.ndarray],
    out_types: Sequence[str],
    block: int = 256,
    **options: Any,
) -> list[np.ndarray]:
    """[fn(*inputs) for fn in fns], elementwise; each result must have the type that is named."""
    size = inputs[0].size
    outs = [np.zeros(size, np_type(name)) for name in out_types]
    arrays = [*inputs, None, None][:3]
    padded = [*outs, *[None] * 16][:16]
    grid = (max(cosmati.cdiv(size, block), 1),)
    map_kernel[grid](*arrays, size, *padded, FNS=tuple(fns), BLOCK=block, **options)
    return outs


@cosmati.jit
def block_kernel(x, out, FN: tl.constexpr, SHAPE: tl.constexpr, NUMEL: tl.constexpr,
                 RESULT: tl.constexpr, RESULT_NUMEL: tl.constexpr):  # fmt: skip
    """out = FN(x) for one block of SHAPE; the result has shape RESULT (None: a scalar)."""
    block = tl.reshape(tl.load(x + tl.arange(0, NUMEL)), SHAPE)
    result = FN(block)
    tl.static_assert(result.dtype == out.dtype.element_ty)
    if RESULT is None:
        tl.store(out, result)
    else:
        tl.static_assert(len(result.shape) == len(RESULT))
        for dim in tl.static_range(len(RESULT)):
            tl.static_assert(result.shape[dim] == RESULT[dim])
        tl.store(out + tl.arange(0, RESULT_NUMEL), tl.reshape(result, (RESULT_NUMEL,)))


def on_block(
    fn: Any, x: np.ndarray, shape: tuple[int, ...] | None, out_type: str, **options: Any
) -> np.ndarray:
    """fn(x) as an array of ``shape`` (None: a scalar) of ``out_type``; both are checked."""
    size = int(np.prod(shape)) if shape is not None else 1
    out = np.zeros(size, np_type(out_type))
    block_kernel[(1,)](
        np.ascontiguousarray(x).reshape(-1), out, FN=fn, SHAPE=x.shape, NUMEL=x.size,
        RESULT=shape, RESULT_NUMEL=size, **options,
    )  # fmt: skip
    return out.reshape(shape) if shape is not None else out[0]
