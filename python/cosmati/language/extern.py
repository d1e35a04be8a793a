"""Functions of bitcode libraries on each element."""

from __future__ import annotations

import os
from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.tensor import operand, tensor, to_tensor


@builtin
def extern_elementwise(
    lib_name: Any, lib_path: Any, args: Any, arg_type_symbol_dict: Any, is_pure: Any
) -> tensor:
    """Calls a function of a bitcode library on each element.

    Parameters
    ----------
    lib_name : str
        The library's name. "libdevice" (with an empty ``lib_path``) is NVIDIA's, and is searched
        for.
    lib_path : str
        The bitcode file (``.bc``, LLVM 22 or older), compiled for ``nvptx64-nvidia-cuda``. The
        functions that the kernel calls are linked into it.
    args : tuple or list of blocks and scalars
        Broadcast to one shape. Python numbers take the types of a signature that fits the rest.
    arg_type_symbol_dict : dict
        Maps tuples of argument dtypes to ``(symbol, result dtype)``.
    is_pure : bool
        False: the function has side effects; no call is removed, moved or made twice.

    Raises
    ------
    ValueError
        No signature fits, or the file is not there.
    CompilationError
        Where the kernel is compiled: the file has no such function.

    Examples
    --------
    >>> @tl.core.extern
    ... def cbrt(x):
    ...     symbols = {(tl.float32,): ("__nv_cbrtf", tl.float32)}
    ...     return tl.core.extern_elementwise("libdevice", "", [x], symbols, True)
    >>> evaluate("cbrt(x)", x=np.array([8.0, -27.0], np.float32), cbrt=cbrt)
    array([ 2., -3.], dtype=float32)
    """
    table = unwrap(arg_type_symbol_dict)
    values = _matched(list(unwrap(args)), table)
    key = tuple(value.dtype for value in values)
    if key not in table:
        given = ", ".join(str(item) for item in key)
        allowed = "; ".join("(" + ", ".join(map(str, types)) + ")" for types in table)
        raise ValueError(f"input arg type does not match: ({given}); expected one of {allowed}")
    symbol, result = (unwrap(item) for item in table[key])
    library, path = unwrap(lib_name), os.fspath(unwrap(lib_path) or "")
    if path and not os.path.isfile(path):
        raise ValueError(
            f"extern_elementwise: lib_path {path!r} of the library {library!r} is no file; it "
            "names the bitcode (.bc) in which the function is"
        )
    handles = [value.handle for value in values]
    made = builder().extern_elementwise(
        library, symbol, handles, result.core, path, bool(unwrap(is_pure))
    )
    return tensor(made)


def _matched(arguments: list[Any], table: Any) -> list[tensor]:
    """The arguments as values; Python numbers take the types of a signature that fits the rest."""
    given = [argument.dtype if isinstance(argument, tensor) else None for argument in arguments]
    for types in table:
        if len(types) == len(given) and all(
            have == want
            if have is not None
            else want.is_floating() or not isinstance(unwrap(argument), float)
            for have, want, argument in zip(given, types, arguments, strict=True)
        ):
            return [
                argument
                if isinstance(argument, tensor)
                else tensor(builder().full([], operand(argument), want.core))
                for argument, want in zip(arguments, types, strict=True)
            ]
    return [to_tensor(argument) for argument in arguments]


__all__ = ["extern_elementwise"]
