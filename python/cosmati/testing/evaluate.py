"""``cosmati.testing.evaluate``: what an expression of the kernel language gives."""

from __future__ import annotations

import itertools
import linecache
import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import cosmati
from cosmati import language as tl
from cosmati.errors import CosmatiError
from cosmati.frontend.module import KernelParameter, ModuleGenerator
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.context import builtin
from cosmati.language.dtypes import dtype, parse_type, pointer_type
from cosmati.language.tensor import tensor
from cosmati.language.tuples import Tuple
from cosmati.runtime.arrays import describe

_ML_TYPES = {
    "bf16": "bfloat16", "fp8e4nv": "float8_e4m3fn", "fp8e5": "float8_e5m2",
    "fp8e4b8": "float8_e4m3fnuz", "fp8e5b16": "float8_e5m2fnuz",
}  # fmt: skip
_numbers = itertools.count()


@dataclass(frozen=True)
class _Computed:
    """A value that the kernel computes, and stores for its caller."""

    dtype: dtype
    shape: tuple[int, ...]


@dataclass
class _Found:
    """What an expression gave: one entry per value; ``is_tuple`` of a tuple's."""

    is_tuple: bool = False
    values: list[Any] = field(default_factory=list)  # _Computed, or a compile-time value


def evaluate(expression: str, *, num_warps: int = 4, **values: Any) -> Any:
    """Runs one expression of the kernel language, in a kernel of its own.

    For trying out a function of ``tl``, for documentation and for tests.

    Parameters
    ----------
    expression : str
        An expression, or some lines of a kernel of which the last one is an expression. It may
        name ``tl``, ``cosmati`` and the keyword arguments. CompilationError shows it, where it
        doesn't compile.
    num_warps : int
        Of the kernel.
    **values
        Arrays become blocks of the same shape (the sizes are powers of two), and ``NAME_ptr`` is
        the address of the array NAME, in which stores can be seen afterwards; everything else is a
        compile-time value, jit functions among them.

    Returns
    -------
    numpy.ndarray, scalar or tuple
        A block as an array of its shape, a scalar or number as a NumPy scalar, another
        compile-time value as it is; a tuple for a tuple.

    Examples
    --------
    >>> evaluate("tl.arange(0, 4) * 2")
    array([0, 2, 4, 6], dtype=int32)
    >>> evaluate("tl.sum(x, axis=1)", x=np.ones((2, 8), np.float32))
    array([8., 8.], dtype=float32)
    """
    arrays = {name: np.asarray(item) for name, item in values.items() if _is_array(item)}
    constants = {name: item for name, item in values.items() if name not in arrays}
    found = _types_of(expression, arrays, constants, num_warps)
    outputs = [_empty(item) for item in found.values if isinstance(item, _Computed)]
    if outputs:
        body = _stores(found)
        kernel = _kernel(expression, arrays, constants, body, len(outputs))
        sources = [np.ascontiguousarray(array) for array in arrays.values()]
        kernel[(1,)](*sources, *outputs, **constants, num_warps=num_warps)
    parts = iter(outputs)
    results = [_plain(next(parts), item) if isinstance(item, _Computed) else item
               for item in found.values]  # fmt: skip
    return tuple(results) if found.is_tuple else results[0]


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array_interface__")


def _kernel(expression: str, arrays: dict[str, np.ndarray[Any, Any]], constants: dict[str, Any],
            ending: str, outputs: int) -> Any:  # fmt: skip
    """A kernel that loads the arrays, computes the expression and does what ``ending`` says."""
    lines = textwrap.dedent(expression).strip("\n").splitlines()
    *before, last = lines
    while last.startswith((" ", ")", "]")) and before:  # the last expression has several lines
        last = f"{before.pop()}\n{last}"
    parameters = [
        *(f"{name}_ptr" for name in arrays), *(f"out{i}" for i in range(outputs)),
        *(f"{name}: tl.constexpr" for name in constants),
    ]  # fmt: skip
    loads = [f"{name} = {_load(name, array)}" for name, array in arrays.items()]
    body = "\n".join([*loads, *before, f"result_ = ({last})", ending])
    source = f"def evaluated({', '.join(parameters)}):\n{textwrap.indent(body, '    ')}\n"
    file = f"<evaluate {next(_numbers)}>"
    # Without a time the entry is never taken for a file that changed.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"tl": tl, "cosmati": cosmati, "note_": _note, "__name__": __name__}
    exec(compile(source, file, "exec"), namespace)
    return cosmati.jit(namespace["evaluated"])


def _load(name: str, array: np.ndarray[Any, Any]) -> str:
    if array.ndim == 0:
        return f"tl.load({name}_ptr)"
    shape = ", ".join(map(str, array.shape))
    return f"tl.reshape(tl.load({name}_ptr + tl.arange(0, {array.size})), ({shape},))"


def _types_of(expression: str, arrays: dict[str, np.ndarray[Any, Any]], constants: dict[str, Any],
              num_warps: int) -> _Found:  # fmt: skip
    """Generates the kernel once, to learn what the expression gives."""
    kernel = _kernel(expression, arrays, {**constants, "found_": None}, "note_(result_, found_)", 0)
    found = _Found()
    parameters = [
        KernelParameter(f"{name}_ptr", pointer_type(parse_type(describe(array)[1])), None, 16)
        for name, array in arrays.items()
    ]
    parameters += [KernelParameter(name, None, item) for name, item in constants.items()]
    parameters.append(KernelParameter("found_", None, found))
    ModuleGenerator(cosmati.get_device().target, num_warps).kernel(kernel, parameters)
    return found


@builtin
def _note(result: Any, found: Any) -> None:
    """Called while a kernel is generated: keeps the types of what an expression gives."""
    into: _Found = unwrap(found)
    into.is_tuple = isinstance(result, Tuple)
    for value in result.values if isinstance(result, Tuple) else [result]:
        if isinstance(value, tensor):
            shape = tuple(int(unwrap(n)) for n in value.shape)
            into.values.append(_Computed(value.dtype, shape))
        elif isinstance(value, (Tuple, constexpr)) or value is None:
            into.values.append(unwrap(value))
        else:
            raise TypeError(f"evaluate can't show a value of type {type(value).__name__}")


def _stores(found: _Found) -> str:
    """Lines that store each block and scalar of the result."""
    lines, position = [], 0
    for index, item in enumerate(found.values):
        if not isinstance(item, _Computed):
            continue
        value = f"result_[{index}]" if found.is_tuple else "result_"
        shape, out = item.shape, f"out{position}"
        position += 1
        if shape:
            count = int(np.prod(shape))
            lines.append(
                f"tl.store({out} + tl.arange(0, {count}), tl.reshape({value}, ({count},)))"
            )
        else:
            lines.append(f"tl.store({out}, {value})")
    return "\n".join(lines)


def _empty(item: _Computed) -> np.ndarray[Any, Any]:
    return np.zeros(item.shape or (1,), _numpy_type(item.dtype))


def _plain(array: np.ndarray[Any, Any], item: _Computed) -> Any:
    return array if item.shape else array[0]


def _numpy_type(element: dtype) -> np.dtype[Any]:
    """NumPy's type for a language type. CosmatiError where NumPy has none."""
    if element.is_ptr():
        return np.dtype(np.uint64)
    if element.name in _ML_TYPES:
        try:
            import ml_dtypes
        except ImportError:
            raise CosmatiError(
                f"the expression gives {element.name}, which NumPy lacks; "
                "`pip install ml_dtypes`, or convert it by `.to(tl.float32)`"
            ) from None
        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, _ML_TYPES[element.name]))
        return found
    if element.name == "fp8e4b15":
        raise CosmatiError(
            "the expression gives fp8e4b15, which neither NumPy nor ml_dtypes has; convert it by "
            "`.to(tl.float32)`"
        )
    names = {"int1": "bool", "fp16": "float16", "fp32": "float32", "fp64": "float64"}
    return np.dtype(names.get(element.name, element.name))
