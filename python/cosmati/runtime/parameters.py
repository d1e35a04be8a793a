"""Parameters of jit functions: what their declarations say."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cosmati.language.constexpr import constexpr
from cosmati.language.dtypes import const, dtype, parse_type, signature_text


@dataclass(frozen=True)
class Parameter:
    """One parameter of a jit function.

    ``type_text`` is the type that an annotation demands ("i64"), or "".
    """

    index: int
    name: str
    annotation: Any
    default: Any
    has_default: bool
    is_constexpr: bool
    is_const: bool
    type_text: str
    do_not_specialize: bool
    do_not_specialize_on_alignment: bool

    @property
    def num(self) -> int:
        return self.index


def parameters_of(
    signature: inspect.Signature,
    do_not_specialize: Iterable[int | str],
    do_not_specialize_on_alignment: Iterable[int | str],
) -> list[Parameter]:
    """The parameters of a function; TypeError for ``*args``, ``**kwargs`` and contradictions."""
    no_value, no_alignment = set(do_not_specialize), set(do_not_specialize_on_alignment)
    names = list(signature.parameters)
    for chosen in no_value | no_alignment:
        known = chosen in names if isinstance(chosen, str) else 0 <= chosen < len(names)
        if not known:
            raise ValueError(f"do_not_specialize names {chosen!r}, which is no parameter")
    result = []
    for index, (name, declared) in enumerate(signature.parameters.items()):
        if declared.kind in (declared.VAR_POSITIONAL, declared.VAR_KEYWORD):
            raise TypeError(f"the parameter `{name}` of a kernel can't be * or **")
        annotation = None if declared.annotation is declared.empty else declared.annotation
        is_constexpr = annotation is constexpr or _text_ends(annotation, "constexpr")
        type_text = "" if is_constexpr else _annotated_type(annotation)
        unspecialized = name in no_value or index in no_value
        if is_constexpr and unspecialized:
            raise ValueError(f"{name} marked as constexpr and listed in do_not_specialize")
        has_default = declared.default is not declared.empty
        result.append(
            Parameter(
                index,
                name,
                annotation,
                declared.default if has_default else None,
                has_default,
                is_constexpr,
                annotation is const or _text_ends(annotation, "const"),
                type_text,
                unspecialized or type_text.startswith(("fp", "bf", "i1")),
                name in no_alignment or index in no_alignment,
            )
        )
    return result


def _text_ends(annotation: Any, word: str) -> bool:
    return isinstance(annotation, str) and annotation.rpartition(".")[2] == word


def _annotated_type(annotation: Any) -> str:
    """ "i64" for ``tl.int64``, "tl.int64", "int64" or "i64"; "" where no type is demanded."""
    if isinstance(annotation, dtype):
        return signature_text(annotation)
    if not isinstance(annotation, str):
        return ""
    name = annotation.strip("'\"").rpartition(".")[2]
    name = {"bfloat16": "bf16"}.get(name, name.replace("float8", "fp8").replace("float", "fp"))
    if name in ("int", "fp", "tensor", "const", "Any"):
        return ""
    try:
        return signature_text(parse_type(name))
    except ValueError:
        return ""
