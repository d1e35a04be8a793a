"""Parameters of jit functions: what their declarations say."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cosmati.language.constexpr import constexpr, plain, unwrap
from cosmati.language.dtypes import const, dtype, parse_type, pointer_type

# What an annotation's text may say, and the type that a signature writes for it. Python's own
# classes are among them: `n: int` is passed as i32, `x: float` as fp32.
_TYPE_NAMES = {
    "bool": "i1", "int1": "i1", "uint1": "i1", "u1": "i1", "int": "i32", "float": "fp32",
    "half": "fp16", "double": "fp64", "bfloat16": "bf16", "float16": "fp16", "float32": "fp32",
    "float64": "fp64", "float8e4nv": "fp8e4nv", "float8e5": "fp8e5", "float8e4b15": "fp8e4b15",
    "float8e4b8": "fp8e4b8", "float8e5b16": "fp8e5b16", "float8_e4m3fn": "fp8e4nv",
    "float8_e5m2": "fp8e5", "float8_e4m3fnuz": "fp8e4b8", "float8_e5m2fnuz": "fp8e5b16",
}  # fmt: skip
_TYPE_NAMES |= {f"{k}{bits}": f"{k[0]}{bits}" for k in ("int", "uint") for bits in (8, 16, 32, 64)}
_TYPE_NAMES |= {text: text for text in list(_TYPE_NAMES.values())}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a jit function.

    Attributes
    ----------
    num : int
        Its position.
    annotation : str
        The annotation in the notation of signatures ("i64", "*fp32", "constexpr"), or "".
    annotation_type : str
        The type that the annotation demands: it wins over that of what is passed. "" if none.
    do_not_specialize : bool
        Compiled code assumes nothing about the value. True of annotated bools and floats.
    """

    num: int
    name: str
    annotation: str
    annotation_type: str
    default: Any
    has_default: bool
    is_constexpr: bool
    is_const: bool
    do_not_specialize: bool
    do_not_specialize_on_alignment: bool
    is_keyword_only: bool = False
    is_variadic: bool = False
    contradiction: str = ""  # why the parameter can't be used; said when the kernel is compiled

    @property
    def index(self) -> int:
        return self.num


def parameters_of(
    signature: inspect.Signature,
    do_not_specialize: Iterable[int | str],
    do_not_specialize_on_alignment: Iterable[int | str],
) -> list[Parameter]:
    """The parameters of a function; TypeError for ``**kwargs``.

    Entries of the two lists that are no parameter are ignored.
    """
    no_value, no_alignment = set(do_not_specialize), set(do_not_specialize_on_alignment)
    result = []
    for index, (name, declared) in enumerate(signature.parameters.items()):
        if declared.kind == declared.VAR_KEYWORD:
            raise TypeError(f"the parameter `{name}` of a jit function can't be **; name each one")
        annotation = annotation_text(declared.annotation)
        is_constexpr = "constexpr" in annotation
        type_text = "" if is_constexpr else _demanded_type(annotation)
        unspecialized = name in no_value or index in no_value
        unaligned = name in no_alignment or index in no_alignment
        contradiction = ""
        if is_constexpr and (unspecialized or unaligned):
            contradiction = (
                f"{name} marked as constexpr and listed in "
                "do_not_specialize/do_not_specialize_on_alignment. A constexpr is compiled in; "
                "remove one of the two"
            )
        has_default = declared.default is not declared.empty
        result.append(
            Parameter(
                index,
                name,
                annotation,
                type_text,
                declared.default if has_default else None,
                has_default,
                is_constexpr,
                not is_constexpr and ("const" in annotation or annotation.startswith("*k")),
                unspecialized or type_text.startswith(("fp", "bf", "i1")),
                unaligned,
                declared.kind == declared.KEYWORD_ONLY,
                declared.kind == declared.VAR_POSITIONAL,
                contradiction,
            )
        )
    return result


# Arguments of a launch as the launcher tells them to a compilation. ``text`` is the type that is
# passed, or None: `value` is compiled in. A tuple has tuples of values, texts and bits.

DIVISIBLE_16 = 1  # a bit of a specialisation, as in runtime/Launch/Specialization.h


def signature_text_of(name: str, value: Any, text: Any, bits: Any) -> str:
    """One argument in the key of a variant."""
    from cosmati.frontend.closure import stable_text

    if isinstance(text, tuple):
        return f"{name}:{text}:{bits}={stable_text(value)}"
    return f"{name}:{text}:{bits}" if text is not None else f"{name}={stable_text(value)}"


def passed_arguments(name: str, value: Any, text: Any) -> list[tuple[str, str]]:
    """(name, type) of what is passed at launch; those of a tuple are ``name.0`` or ``name.x``."""
    if not isinstance(text, tuple):
        return [] if text is None else [(name, text)]
    names = [f"{name}.{label}" for label in _labels(value)]
    return [
        leaf for item in zip(names, value, text, strict=True) for leaf in passed_arguments(*item)
    ]


def kernel_parameter(name: str, value: Any, text: Any, bits: Any) -> Any:
    """The front end's parameter for one argument."""
    from cosmati.frontend.module import KernelParameter

    if isinstance(text, tuple):
        names = [f"{name}.{label}" for label in _labels(value)]
        items = tuple(kernel_parameter(*it) for it in zip(names, value, text, bits, strict=True))
        fields, make = getattr(value, "_fields", None), getattr(value, "_kernel_value", None)
        return KernelParameter(name, None, items=items, fields=fields, make=make)
    if text is None:
        return KernelParameter(name, None, plain(unwrap(value)))
    return KernelParameter(name, parse_type(text), None, 16 if bits & DIVISIBLE_16 else 1)


def constants_in(value: Any, text: Any) -> list[Any]:
    """The values of an argument that are compiled in."""
    if isinstance(text, tuple):
        pairs = zip(value, text, strict=True)
        return [constant for pair in pairs for constant in constants_in(*pair)]
    return [value] if text is None else []


def _labels(value: Any) -> list[str]:
    return [str(label) for label in getattr(value, "_fields", None) or range(len(value))]


def annotation_text(annotation: Any) -> str:
    """An annotation in the notation of signatures: "i64" for ``tl.int64``, "tl.int64" or "i64"."""
    if annotation is None or annotation is inspect.Parameter.empty:
        return ""
    if annotation is constexpr or isinstance(annotation, constexpr):
        return "constexpr"
    if annotation is const:
        return "const"
    if isinstance(annotation, pointer_type):
        return ("*k" if annotation.const else "*") + annotation_text(annotation.element_ty)
    if isinstance(annotation, dtype):
        return _TYPE_NAMES.get(annotation.name, annotation.name)
    if isinstance(annotation, type):
        return _TYPE_NAMES.get(annotation.__name__, annotation.__name__)
    text = str(annotation).strip().strip("'\"")
    if text.startswith("const "):
        return "*k" + annotation_text(text.removeprefix("const ")).lstrip("*")
    if text.endswith("*"):
        return "*" + annotation_text(text[:-1])
    if text.startswith("*k"):
        return "*k" + annotation_text(text[2:])
    if text.startswith("*"):
        return "*" + annotation_text(text[1:])
    name = text.rpartition(".")[2]
    return _TYPE_NAMES.get(name.removesuffix("_t"), name)


def _demanded_type(annotation: str) -> str:
    """The annotation where it names a type of the language, else ""."""
    element = annotation.lstrip("*")
    if annotation.startswith("*k"):
        element = annotation[2:]
    is_fp8_number = not annotation.startswith("*") and element.startswith("fp8")
    return annotation if element in _TYPE_NAMES.values() and not is_fp8_number else ""
