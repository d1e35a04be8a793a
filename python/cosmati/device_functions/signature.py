"""C signatures: which types a function takes and returns, and how they are passed.

Everything is passed as int32, int64, float32 or float64: narrower values lie in the low bits of an
int32, pointers are int64. That part of the calling convention of NVIDIA's compiler and of LLVM is
the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cosmati.language import dtypes as tl
from cosmati.language.dtypes import dtype, pointer_type

_SCALARS: dict[str, dtype] = {
    "float": tl.float32, "double": tl.float64, "bool": tl.int1,
    "char": tl.int8, "signed char": tl.int8, "int8_t": tl.int8,
    "unsigned char": tl.uint8, "uint8_t": tl.uint8,
    "short": tl.int16, "int16_t": tl.int16, "unsigned short": tl.uint16, "uint16_t": tl.uint16,
    "int": tl.int32, "int32_t": tl.int32, "unsigned": tl.uint32, "uint32_t": tl.uint32,
    "long": tl.int64, "int64_t": tl.int64, "unsigned long": tl.uint64, "uint64_t": tl.uint64,
    "size_t": tl.uint64,
    "__half": tl.float16, "half": tl.float16,
    "__nv_bfloat16": tl.bfloat16, "nv_bfloat16": tl.bfloat16,
    "__nv_fp8_e4m3": tl.float8e4nv, "__nv_fp8_e5m2": tl.float8e5,
}  # fmt: skip
_C_NAMES: dict[dtype, str] = {
    tl.float32: "float", tl.float64: "double", tl.int1: "bool", tl.int8: "signed char",
    tl.uint8: "unsigned char", tl.int16: "short", tl.uint16: "unsigned short", tl.int32: "int",
    tl.uint32: "unsigned int", tl.int64: "long long", tl.uint64: "unsigned long long",
    tl.float16: "__half", tl.bfloat16: "__nv_bfloat16", tl.float8e4nv: "__nv_fp8_e4m3",
    tl.float8e5: "__nv_fp8_e5m2",
}  # fmt: skip
_HEADERS = {
    tl.float16: "cuda_fp16.h", tl.bfloat16: "cuda_bf16.h",
    tl.float8e4nv: "cuda_fp8.h", tl.float8e5: "cuda_fp8.h",
}  # fmt: skip
_QUALIFIERS = {
    "__device__", "__host__", "__forceinline__", "__noinline__", "__inline__", "static", "inline",
    "constexpr", "const", "volatile", "__restrict__", "__restrict", "restrict", "extern", '"C"',
    "[[nodiscard]]",
}  # fmt: skip
_INTEGER_WORDS = {"unsigned", "signed", "char", "short", "int", "long"}


@dataclass(frozen=True)
class CType:
    """One type of a signature; ``language`` None: void."""

    language: dtype | None

    @property
    def passed(self) -> dtype:
        """The type it is passed as."""
        kind = self.language
        if kind is None:
            return tl.uint32
        if kind.is_ptr():
            return tl.uint64
        if kind in (tl.float32, tl.float64, tl.int64, tl.uint64):
            return kind
        return tl.uint32

    @property
    def c_name(self) -> str:
        if self.language is None:
            return "void"
        if isinstance(self.language, pointer_type):
            const = "const " if self.language.const else ""
            return f"{const}{_C_NAMES[self.language.element_ty]} *"
        return _C_NAMES[self.language]

    @property
    def header(self) -> str | None:
        """The header of CUDA that declares it."""
        kind = self.language
        element = kind.element_ty if isinstance(kind, pointer_type) else kind
        return _HEADERS.get(element) if element is not None else None


@dataclass(frozen=True)
class Signature:
    name: str
    result: CType
    parameters: tuple[CType, ...]

    def text(self) -> str:
        inner = ", ".join(item.c_name for item in self.parameters)
        return f"{self.result.c_name} {self.name}({inner})"

    def headers(self) -> list[str]:
        found = [item.header for item in (self.result, *self.parameters)]
        return list(dict.fromkeys(header for header in found if header))


def type_of(language: dtype | None) -> CType:
    """The C type for a type of the language. TypeError for types that have none."""
    element = language.element_ty if isinstance(language, pointer_type) else language
    if element is not None and element not in _C_NAMES:
        raise TypeError(f"cuda_function: {language} has no type in CUDA C++ here")
    return CType(language)


def parse_type(text: str) -> CType:
    """``const float *`` and the like, with or without qualifiers. TypeError if it isn't known."""
    stars = text.count("*")
    words = text.replace("*", " ").split()
    const = "const" in text.split("*")[0].split()
    words = [word for word in words if word not in _QUALIFIERS]
    spelled = " ".join(words)
    if stars > 1 or "&" in text or "[" in text or "<" in text:
        raise TypeError(f"cuda_function: a parameter or result of type `{text.strip()}` can't be "
                        "passed; use scalars and pointers to scalars")  # fmt: skip
    if spelled == "void":
        if not stars:
            return CType(None)
        return CType(pointer_type(tl.int8, const=const))
    name = _canonical(words)
    if name not in _SCALARS:
        raise TypeError(
            f"cuda_function: the type `{text.strip()}` is not known; known are "
            f"{', '.join(_SCALARS)} and pointers to them"
        )
    kind = _SCALARS[name]
    return CType(pointer_type(kind, const=const)) if stars else CType(kind)


def _canonical(words: list[str]) -> str:
    """One spelling for `long long int`, `unsigned int`, ..."""
    if not words or not set(words) <= _INTEGER_WORDS:
        return " ".join(words).removeprefix("std::")
    sign = "unsigned" if "unsigned" in words else ""
    for size in ("char", "short", "long"):
        if size in words:
            if size == "char" and "signed" in words:
                return "signed char"
            return f"{sign} {size}".strip()
    return sign or "int"


def parse_signature(source: str, name: str) -> Signature:
    """The signature of the definition of ``name``.

    ValueError if the source has none, or several; TypeError for types that can't be passed.
    """
    code = without_comments(source)
    found = [
        match
        for match in re.finditer(
            rf"(?P<result>[^;{{}}()]*?[\s*])(?P<name>{re.escape(name)})\s*\((?P<inner>[^()]*)\)\s*"
            r"(noexcept\s*)?\{",
            code,
        )
        if not re.search(r"\b(return|else|new)\b", match["result"])
    ]
    if not found:
        raise ValueError(
            f"cuda_function: the source defines no function `{name}` whose signature can be read; "
            "it has the form `float f(float x, int k) { ... }`, or give result= and args="
        )
    if len(found) > 1:
        raise ValueError(f"cuda_function: the source defines `{name}` {len(found)} times; give "
                         "result= and args= to choose")  # fmt: skip
    result = found[0]["result"].rsplit("\n#", 1)[-1]
    if "\n" in result and result.lstrip().startswith("#"):
        result = result.split("\n", 1)[1]
    lines = [line for line in result.splitlines() if not line.lstrip().startswith("#")]
    if "template" in result:
        raise ValueError(f"cuda_function: `{name}` is a template; wrap it in a function")
    inner = found[0]["inner"].strip()
    parameters = [] if inner in ("", "void") else inner.split(",")
    return Signature(
        name, parse_type(" ".join(lines)), tuple(parse_type(_nameless(item)) for item in parameters)
    )


def _nameless(parameter: str) -> str:
    """A parameter without its name and default."""
    text = parameter.split("=")[0].strip()
    match = re.search(r"([A-Za-z_]\w*)$", text)
    if match is None:
        return text
    rest = text[: match.start()].strip()
    known = match[1] in _INTEGER_WORDS or match[1] in _SCALARS or match[1] in _QUALIFIERS
    bare = [word for word in rest.replace("*", " * ").split() if word not in _QUALIFIERS]
    return text if known and not (bare and match[1] not in _INTEGER_WORDS) or not bare else rest


def without_comments(source: str) -> str:
    """C++ without its comments; strings that hold the marks of one are cut, too."""
    source = re.sub(r"/\*.*?\*/", " ", source, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", source)


__all__ = ["CType", "Signature", "parse_signature", "parse_type", "type_of", "without_comments"]
