"""What host functions ask of arrays; NumPy's, torch's and CuPy's alike."""

from __future__ import annotations

import importlib
from typing import Any

from cosmati.runtime.arrays import View

INT32_MAX = 2**31 - 1

# Names that views give the 8-bit floats, as NumPy (through ml_dtypes) and torch spell them.
_VIEWED_NAMES = {"fp8e4nv": "float8_e4m3fn", "fp8e5": "float8_e5m2"}


def require(condition: bool, message: str) -> None:
    """ValueError with ``message`` unless ``condition`` holds."""
    if not condition:
        raise ValueError(message)


def dtype_name(array: Any) -> str:
    """ "float32", "bfloat16", "float8_e4m3fn", ...; of the elements as kernels see them."""
    if isinstance(array, View):
        name = str(array.dtype)
        return _VIEWED_NAMES.get(name, name)
    return str(array.dtype).rpartition(".")[2]


def require_dtype(array: Any, allowed: tuple[str, ...], what: str) -> str:
    """The element type's name; ValueError naming the allowed ones if it is another."""
    if not (hasattr(array, "dtype") and (hasattr(array, "shape") or isinstance(array, View))):
        raise TypeError(
            f"{what} is a {type(array).__name__}, not an array; pass a NumPy array or a tensor"
        )
    name = dtype_name(array)
    require(
        name in allowed,
        f"{what} has elements of type {name}; this kernel takes {', '.join(allowed)}: "
        "convert it first",
    )
    return name


def shape_of(array: Any) -> tuple[int, ...]:
    """Extents, as Python integers."""
    holder = array.array if isinstance(array, View) else array
    return tuple(int(extent) for extent in holder.shape)


def strides_of(array: Any) -> tuple[int, ...]:
    """Distances between neighbours of each dimension, in elements."""
    holder = array.array if isinstance(array, View) else array
    if callable(getattr(holder, "stride", None)):
        return tuple(holder.stride())
    size = holder.itemsize
    require(
        all(step % size == 0 for step in holder.strides),
        f"strides {holder.strides} (bytes) are not multiples of the element size {size}; "
        "pass a copy",
    )
    return tuple(step // size for step in holder.strides)


def empty(like: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """An uninitialised array of the library and on the device of ``like``."""
    holder = like.array if isinstance(like, View) else like
    library = type(holder).__module__.partition(".")[0]
    if library == "torch":
        module = importlib.import_module("torch")
        return module.empty(shape, dtype=getattr(module, dtype), device=holder.device)
    if library == "cupy":
        return importlib.import_module("cupy").empty(shape, dtype=dtype)
    numpy = importlib.import_module("numpy")
    if not isinstance(holder, numpy.ndarray):
        raise TypeError(
            f"don't know how to make the result for a {type(holder).__name__}; pass `out`"
        )
    try:
        return numpy.empty(shape, dtype=dtype)
    except TypeError:  # bfloat16 and the 8-bit floats
        return numpy.empty(shape, dtype=getattr(importlib.import_module("ml_dtypes"), dtype))


def result(out: Any, like: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """``out``, checked, or a new array."""
    if out is None:
        return empty(like, shape, dtype)
    require(
        shape_of(out) == shape,
        f"out has the shape {shape_of(out)}; this call needs {shape}",
    )
    return out


def as_rows(array: Any) -> Any:
    """``array`` with all dimensions but the last one merged; a copy only where it must be."""
    shape = shape_of(array)
    require(len(shape) >= 1, "a scalar has no rows; pass an array of one or more dimensions")
    rows = 1
    for extent in shape[:-1]:
        rows *= extent
    return array.reshape((rows, shape[-1]))


def is_wide(*arrays: Any) -> bool:
    """Whether an offset of an element into one of the arrays may leave 32 bits."""
    for array in arrays:
        if array is None:
            continue
        reach = zip(shape_of(array), strides_of(array), strict=True)
        if sum(max(extent - 1, 0) * abs(step) for extent, step in reach) > INT32_MAX:
            return True
    return False


def next_power_of_2(n: int) -> int:
    """The smallest power of two that is not below ``n``; 1 for ``n <= 1``."""
    return 1 << max(n - 1, 0).bit_length()


def require_power_of_2(value: int, what: str, low: int, high: int) -> None:
    """ValueError unless ``value`` is a power of two from ``low`` to ``high``."""
    require(
        isinstance(value, int) and low <= value <= high and value & (value - 1) == 0,
        f"{what} is {value}; it must be a power of two from {low} to {high}",
    )
