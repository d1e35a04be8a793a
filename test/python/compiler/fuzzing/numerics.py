"""NumPy's side of single operations: what is exact and how types convert."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from fuzzing.program import Reject

BF16 = np.dtype(ml_dtypes.bfloat16)
E4M3 = np.dtype(ml_dtypes.float8_e4m3fn)
E5M2 = np.dtype(ml_dtypes.float8_e5m2)
SIGNED = [np.dtype(name) for name in ("int8", "int16", "int32", "int64")]
UNSIGNED = [np.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64")]
INTEGERS = [*SIGNED, *UNSIGNED]
FLOATS = [np.dtype("float16"), BF16, np.dtype("float32"), np.dtype("float64")]
FP8 = [E4M3, E5M2]
BOOL = np.dtype(bool)
MANTISSA = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def is_float(dtype: np.dtype) -> bool:
    return dtype in FLOATS


def is_int(dtype: np.dtype) -> bool:
    return dtype in INTEGERS


def wide(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float64)


def require(condition: bool, why: str) -> None:
    if not condition:
        raise Reject(why)


def grain(value: np.ndarray) -> float:
    """A power of two that divides every element; Reject if there is no handy one."""
    exact = wide(value)
    require(bool(np.isfinite(exact).all()), "not finite")
    for shift in range(0, 9, 2):
        scaled = exact * 2.0**shift
        if (scaled == np.rint(scaled)).all():
            return 2.0**-shift
    raise Reject("sums of these are not exact")


def require_exact_sum(magnitude: np.ndarray, unit: float, bits: int) -> None:
    """Sums are exact in any order if no partial one needs more than ``bits`` bits."""
    require(bool((magnitude <= unit * 2.0**bits).all()), "sum is not exact")


def truncating_division(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quotient and remainder as the language defines them: x // 0 = 0, x % 0 = x."""
    safe = np.where(b == 0, np.ones_like(b), b)
    with np.errstate(over="ignore"):
        quotient = np.floor_divide(a, safe)
    if a.dtype in SIGNED:
        # INT_MIN / -1 wraps.
        quotient = np.where(safe == -1, np.negative(a), quotient).astype(a.dtype)
    rest = (a - quotient * safe).astype(a.dtype)
    if a.dtype in SIGNED:
        up = (rest != 0) & ((a < 0) != (safe < 0))
        quotient = (quotient + up.astype(a.dtype)).astype(a.dtype)
        rest = np.where(up, rest - safe, rest).astype(a.dtype)
    zero = b == 0
    return (
        np.where(zero, np.zeros_like(a), quotient).astype(a.dtype),
        np.where(zero, a, rest).astype(a.dtype),
    )


def shifted(a: np.ndarray, b: np.ndarray, left: bool) -> np.ndarray:
    """Shifts, also by the width or more (everything is shifted out)."""
    width = a.dtype.itemsize * 8
    over = (b >= width) | (b < 0)
    by = np.where(over, np.zeros_like(b), b)
    if left:
        return np.where(over, np.zeros_like(a), np.left_shift(a, by)).astype(a.dtype)
    gone = np.where(a < 0, -np.ones_like(a), np.zeros_like(a)) if a.dtype in SIGNED else a * 0
    return np.where(over, gone, np.right_shift(a, by)).astype(a.dtype)


def convert(value: np.ndarray, to: np.dtype) -> np.ndarray:
    """``value.to(to)``."""
    source = value.dtype
    if source == to:
        return value
    if to == BOOL:
        return value != 0
    if is_int(to):
        return to_integer(value, to)
    if source == BOOL or is_int(source):
        return from_integer(value, to)
    return between_floats(value, to)


def to_integer(value: np.ndarray, to: np.dtype) -> np.ndarray:
    if value.dtype == BOOL or is_int(value.dtype):
        return value.astype(to)
    exact = np.trunc(wide(value))
    info = np.iinfo(to)
    require(to.itemsize >= 4 or bool(((exact >= info.min) & (exact <= info.max)).all()), "range")
    inside = np.where((exact < float(info.max)) & (exact > float(info.min)), exact, 0).astype(to)
    low = np.where(exact <= float(info.min), info.min, inside)
    return np.where(exact >= float(info.max), info.max, low).astype(to)


def from_integer(value: np.ndarray, to: np.dtype) -> np.ndarray:
    require(to not in FP8, "integers don't convert to fp8")
    bits = MANTISSA[to.name]
    if to.name in ("float16", "bfloat16"):
        require(bool((np.abs(value.astype(np.float64)) <= 2.0**bits).all()), "rounds twice")
    return value.astype(to)


def between_floats(value: np.ndarray, to: np.dtype) -> np.ndarray:
    source = value.dtype
    if source in FP8 and to in FP8:
        raise Reject("fp8 to fp8")
    if to in FP8:
        limit = 448.0 if to == E4M3 else 57344.0
        require(source.name != "float64", "float64 to fp8")
        return np.clip(wide(value), -limit, limit).astype(np.float32).astype(to)
    if source.name == "float64" and to == BF16:
        narrow = value.astype(np.float32)
        require(bool((wide(narrow) == value).all()), "rounds twice")
        return narrow.astype(to)
    if source == BF16 or to == BF16 or source in FP8:
        return value.astype(np.float32).astype(to)
    return value.astype(to)


def widened_for_sum(dtype: np.dtype) -> np.dtype:
    if dtype in SIGNED and dtype.itemsize < 4:
        return np.dtype("int32")
    if dtype == BOOL or (dtype in UNSIGNED and dtype.itemsize < 4):
        return np.dtype("uint32")
    return dtype


def widened_for_max(dtype: np.dtype) -> np.dtype:
    if dtype != BOOL and dtype.itemsize >= 4:
        return dtype
    return np.dtype("float32") if is_float(dtype) else np.dtype("int32")


def exact_sum(value: np.ndarray, axis: int | None, running: bool, reverse: bool) -> np.ndarray:
    """sum or cumsum; floats only where every order gives the same."""
    kind = widened_for_sum(value.dtype)
    if running and kind == BF16:
        kind = np.dtype("float32")
    value = value.astype(kind)
    if is_float(kind):
        magnitude = np.abs(wide(value)).sum(axis=axis)
        require_exact_sum(magnitude, grain(value), MANTISSA[kind.name])
        value = wide(value)
    if not running:
        return np.asarray(value.sum(axis=axis, dtype=value.dtype)).astype(kind)
    assert axis is not None
    return scanned(np.add, value, axis, reverse).astype(kind)


def scanned(ufunc: np.ufunc, value: np.ndarray, axis: int, reverse: bool) -> np.ndarray:
    if reverse:
        value = np.flip(value, axis)
    result = ufunc.accumulate(value, axis=axis, dtype=value.dtype)
    return np.flip(result, axis) if reverse else result


def exact_dot(a: np.ndarray, b: np.ndarray, acc: np.ndarray | None, out: np.dtype) -> np.ndarray:
    if is_int(a.dtype):
        product = np.matmul(a.astype(np.int64), b.astype(np.int64)).astype(out)
        return product if acc is None else (product + acc).astype(out)
    unit = grain(a) * grain(b)
    magnitude = np.matmul(np.abs(wide(a)), np.abs(wide(b)))
    product = np.matmul(wide(a), wide(b))
    if acc is not None:
        unit = min(unit, grain(acc))
        magnitude = magnitude + np.abs(wide(acc))
        product = product + wide(acc)
    require_exact_sum(magnitude, unit, MANTISSA[out.name])
    if a.dtype.name == "float32":  # may be fed to tensor cores as tf32
        for operand in (a, b):
            require(bool((np.abs(wide(operand)) <= grain(operand) * 2.0**10).all()), "tf32")
    return product.astype(out)
