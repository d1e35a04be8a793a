"""``cosmati.cuda_function``: a function in CUDA C++ that kernels call."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import linecache
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cosmati.device_functions.ptx import prepare
from cosmati.device_functions.signature import (
    CType,
    Signature,
    parse_signature,
    type_of,
    without_comments,
)
from cosmati.language import dtypes as tl
from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, generator
from cosmati.language.dtypes import dtype, pointer_type
from cosmati.language.tensor import cast, operand, tensor


def cuda_function(
    source: str,
    name: str | None = None,
    *,
    result: dtype | None = None,
    args: Sequence[dtype] | None = None,
    pure: bool | None = None,
    options: Sequence[str] = (),
) -> CudaFunction:
    """A device function in CUDA C++, which ``@cosmati.jit`` functions call on blocks and scalars.

    Parameters
    ----------
    source : str
        CUDA C++ (C++17) with the function and whatever it needs: helpers, ``__constant__`` tables,
        includes. ``__device__`` may be left out.
    name : str, optional
        The function; may be left out where the source defines one.
    result, args : dtype and sequence of dtypes, optional
        Types of the language, instead of those of the C signature: needed where that can't be read
        (overloads, macros).
    pure : bool, optional
        Whether the function has no effects and reads no memory that changes: calls whose result
        isn't used go, equal calls are made once. Default: True unless it takes pointers or returns
        nothing.
    options : sequence of str
        More options for NVRTC, such as ``"--use_fast_math"`` or ``"-I/path"``.

    Returns
    -------
    CudaFunction
        To be called in kernels with blocks and scalars, which are broadcast to one shape; the
        result has that shape. It is compiled by NVRTC when a kernel that calls it is compiled.

    Raises
    ------
    ValueError
        The source doesn't define the function.
    TypeError
        Its signature has types that can't be passed.

    Notes
    -----
    Types: ``float``, ``double``, ``bool``, integers of 8 to 64 bits, ``__half``, ``__nv_bfloat16``,
    ``__nv_fp8_e4m3``, ``__nv_fp8_e5m2`` and pointers to them. Arguments are converted to the
    parameters' types as by ``tl.cast``, but floats not to integers, and pointers not at all.

    Examples
    --------
    >>> gate = cosmati.cuda_function("float gate(float x, int k) { return k > 2 ? x : 0.0f; }")
    >>> gate.signature
    'float gate(float, int)'
    """
    line = _line_of(source)
    chosen = name or _only_name(source)
    if result is None and args is None:
        signature = parse_signature(source, chosen)
    elif args is None:
        raise ValueError(f"cuda_function: result={result} without args=; give both, or neither")
    else:
        signature = Signature(chosen, type_of(result), tuple(type_of(item) for item in args or ()))
    return CudaFunction(source, signature, pure, tuple(options), line)


class CudaFunction:
    """A function in CUDA C++; made by cuda_function().

    Attributes
    ----------
    name : str
    signature : str
        As it was understood.
    source : str
    pure : bool
    """

    __cosmati_builtin__ = True  # kernels may call it

    def __init__(
        self,
        source: str,
        signature: Signature,
        pure: bool | None,
        options: tuple[str, ...],
        place: tuple[str, int],
    ) -> None:
        self.source = source
        self.name = signature.name
        self.signature = signature.text()
        takes_pointers = any(
            isinstance(item.language, pointer_type) for item in signature.parameters
        )
        returns = signature.result.language is not None
        self.pure = (returns and not takes_pointers) if pure is None else bool(pure)
        self._signature = signature
        self._options = options
        self._place = place
        text = "\0".join([self.signature, source, *options])
        self._digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        self.__name__ = self.__qualname__ = self.name
        self._by_target: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<cuda_function {self.signature}>"

    @property
    def __cosmati_stable_text__(self) -> str:
        """For cache keys: what the function's code is made of."""
        from cosmati.runtime.session import toolchain

        version = toolchain().version("libnvrtc")
        return f"cuda_function:{self._symbol}:{self.pure}:nvrtc {version}"

    @property
    def _symbol(self) -> str:
        return f"cosmati_{self._digest}_{self.name}"

    def __call__(self, *args: Any, **hidden: Any) -> Any:
        module = generator()
        for word in hidden:
            if word not in ("_semantic", "_generator"):
                raise TypeError(f"{self.name}: a function in CUDA C++ has no keyword `{word}`")
        expected = self._signature.parameters
        if len(args) != len(expected):
            raise TypeError(
                f"{self.signature} takes {len(expected)} arguments, {len(args)} were given"
            )
        builder().add_device_code(self.ptx(module.target))
        values = [self._pass(*item) for item in enumerate(zip(args, expected, strict=True))]
        if not values:
            values = [tensor(builder().full([], 0, tl.uint32.core))]
        made = builder().extern_elementwise(
            "device_code", self._symbol, [value.handle for value in values],
            self._signature.result.passed.core, "", self.pure,
        )  # fmt: skip
        return _returned(tensor(made), self._signature.result)

    def _pass(self, index: int, item: tuple[Any, CType]) -> tensor:
        """An argument as what it is passed as."""
        given, expected = item
        kind = expected.language
        assert kind is not None
        place = f"argument {index + 1} of {self.signature}"
        given = unwrap(given)
        if not isinstance(given, tensor):
            if isinstance(given, float) and not kind.is_floating():
                raise TypeError(f"{place} is the float {given}; give an integer, or cast it")
            if kind.is_ptr():
                raise TypeError(f"{place} is {given!r}, not a pointer")
            number = tensor(builder().full([], operand(given), kind.core))
            return _as_passed(number, expected)
        have = given.dtype
        if kind.is_ptr() != have.is_ptr() or (kind.is_ptr() and not _same_element(have, kind)):
            raise TypeError(f"{place} is {have}, not {kind}; pointers are not converted")
        if have.is_floating() and not kind.is_floating() and not kind.is_ptr():
            raise TypeError(f"{place} is {have}, a float; cast it to {kind} to say how it rounds")
        return _as_passed(given if kind.is_ptr() or have == kind else cast(given, kind), expected)

    def ptx(self, target: str) -> str:
        """PTX of the function for ``target`` ("sm_90a"), as kernels get it.

        Raises ValueError with NVRTC's log where the source is refused, and where NVRTC is missing.
        """
        known = self._by_target.get(target)
        if known is None:
            known = _compile(
                self.source, self._signature, self._options, self._symbol, target, self._place
            )
            self._by_target[target] = known
        return known


def _same_element(have: Any, want: Any) -> bool:
    return want.element_ty in (have.element_ty, tl.int8)  # int8: `void *` takes any


def _as_passed(value: tensor, kind: CType) -> tensor:
    language, passed = kind.language, kind.passed
    assert language is not None
    if language == passed:
        return value
    if language.is_ptr():
        return cast(value, passed, bitcast=True)
    if language.is_floating():
        bits = {8: tl.uint8, 16: tl.uint16}[language.primitive_bitwidth]
        value = cast(value, bits, bitcast=True)
    return cast(value, passed)


def _returned(value: tensor, kind: CType) -> tensor | None:
    language = kind.language
    if language is None:
        return None
    if language == kind.passed:
        return value
    if language == tl.int1:
        return cast(value, language)
    if language.is_ptr():
        return cast(value, language, bitcast=True)
    if language.is_floating():
        bits = {8: tl.uint8, 16: tl.uint16}[language.primitive_bitwidth]
        return cast(cast(value, bits), language, bitcast=True)
    return cast(value, language)


@functools.cache
def _compile(
    source: str,
    signature: Signature,
    options: tuple[str, ...],
    symbol: str,
    target: str,
    place: tuple[str, int],
) -> str:
    from cosmati.runtime.session import toolchain

    tools = toolchain()
    words = [
        f"-arch=compute_{target.removeprefix('sm_')}", "-rdc=true", "-std=c++17",
        "--device-as-default-execution-space", *options,
        *(f"-I{folder}" for folder in include_folders(tools)),
    ]  # fmt: skip
    file, line = place
    text: str
    ok, text, log = tools.compile_cuda(_unit(source, signature, symbol, place), file, words)
    where = f"cuda_function {signature.name} ({file}:{line})"
    if not ok:
        raise ValueError(f"{where}: NVRTC refuses it for {target}:\n{log}{_advice(log)}")
    try:
        return prepare(text, symbol, f"{symbol}_")
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _unit(source: str, signature: Signature, symbol: str, place: tuple[str, int]) -> str:
    """The source, whose lines are those of the Python file, and the function that kernels call."""
    file, line = place
    parts = [f"#include <{header}>" for header in signature.headers() if header not in source]
    parts += [f'#line {line} "{_escaped(file)}"', source]
    parameters, arguments = [], []
    for index, item in enumerate(signature.parameters):
        passed = CType(item.passed).c_name
        parameters.append(f"{passed} a{index}")
        arguments.append(_converted(f"a{index}", item))
    call = f"{signature.name}({', '.join(arguments)})"
    back = CType(signature.result.passed).c_name
    parts += [
        '#line 1 "<cosmati>"',
        "template <class To, class From> __device__ To cosmati_bits(From from) {",
        "  To to{};",
        "  memcpy(&to, &from, sizeof(To) < sizeof(From) ? sizeof(To) : sizeof(From));",
        "  return to;",
        "}",
        f'extern "C" __device__ {back} {symbol}({", ".join(parameters) or "unsigned int"}) {{',
    ]
    if signature.result.language is None:
        parts.append(f"  {call};\n  return 0;")
    else:
        parts.append(f"  {signature.result.c_name} r = {call};")
        parts.append(f"  return cosmati_bits<{back}>(r);")
    return "\n".join([*parts, "}", ""])


def _converted(name: str, kind: CType) -> str:
    if kind.language == kind.passed:
        return name
    if kind.language == tl.int1:
        return f"({name} != 0)"
    return f"cosmati_bits<{kind.c_name}>({name})"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def include_folders(tools: Any) -> list[str]:
    """The folder with CUDA's headers: beside NVRTC, of a package, CUDA_HOME, the system's."""
    try:
        library = Path(tools.find("libnvrtc"))
    except ValueError:
        return []
    root = library.parent.parent
    places = [root / "include", root.parent / "cuda_runtime" / "include"]
    home = os.environ.get("CUDA_HOME")
    places += [Path(home) / "include"] if home else []
    places += [root / "targets" / "x86_64-linux" / "include", Path("/usr/local/cuda/include")]
    return [str(place) for place in dict.fromkeys(places) if (place / "cuda_fp16.h").is_file()][:1]


def _advice(log: str) -> str:
    if "open source file" not in log:
        return ""
    return (
        "\nCUDA's own headers (cuda_fp16.h, ...) come with `pip install nvidia-cuda-runtime "
        "nvidia-cuda-crt` (CUDA 12: nvidia-cuda-runtime-cu12) or a toolkit that CUDA_HOME names; "
        'headers of your own need options=["-I/their/folder"]'
    )


def _only_name(source: str) -> str:
    import re

    names = re.findall(
        r"(?:^|[;{}])[ \t]*[\w\s*:<>\"]*?\b([A-Za-z_]\w*)\s*\([^;{}]*\)\s*\{",
        without_comments(source), re.MULTILINE,
    )  # fmt: skip
    names = [item for item in dict.fromkeys(names) if item not in ("if", "for", "while", "switch")]
    if not names:
        raise ValueError(
            "cuda_function: the source defines no function whose name can be read; it has the form "
            "`float f(float x, int k) { ... }`, or give name="
        )
    if len(names) != 1:
        raise ValueError(
            f"cuda_function: the source defines {len(names)} functions ({', '.join(names)}); give "
            "name="
        )
    return str(names[0])


def _line_of(source: str) -> tuple[str, int]:
    """File and line where the source stands as a literal; else where cuda_function was called."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("cosmati.device_f"):
        frame = frame.f_back
    if frame is None:
        return "<cuda_function>", 1
    file, line = frame.f_code.co_filename, frame.f_lineno
    try:
        tree = ast.parse("".join(linecache.getlines(file, frame.f_globals)))
    except SyntaxError:
        return file, line
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == source:
            return file, node.lineno
    return file, line


__all__ = ["CudaFunction", "cuda_function"]
