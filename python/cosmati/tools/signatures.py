"""Signatures as the command lines of compilation ahead of time have them: "*fp32:16, i32, 1024"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.runtime.target import c_type as c_type


@dataclass(frozen=True)
class Entry:
    """One parameter: a type with a hint (16 or 1), or a value that is compiled in."""

    text: str
    type: str | None
    hint: int | None
    value: Any = None

    @property
    def is_constant(self) -> bool:
        return self.type is None or self.hint == 1


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def parse_signature(text: str, names: list[str], kernel: str) -> list[Entry]:
    """The entries of a signature, one for each parameter. CosmatiError says what is wrong.

    Examples
    --------
    >>> parse_signature("*fp32:16, i32, 256", ["x", "n", "BLOCK"], "scale")[0]
    Entry(text='*fp32:16', type='*fp32', hint=16, value=None)
    """
    from cosmati.cli.load import parse_constant, split_signature
    from cosmati.language.dtypes import parse_type

    entries = []
    for name, part in zip(names, split_signature(text, names, kernel), strict=True):
        kind, colon, hint = part.partition(":")
        if colon and hint.strip() not in ("16", "1"):
            raise CosmatiError(f"`{name}`: the hint {hint!r} is none; only 16 and 1 are")
        number = _number(kind)
        if number is None:
            try:
                parse_type(kind)
            except ValueError as error:
                if kind.startswith("*"):
                    raise CosmatiError(f"the type of `{name}`: {error}") from None
                number = parse_constant(kind)
        if number is not None or kind == "None":
            entries.append(Entry(part, None, None, number))
        else:
            value = 1 if hint.strip() == "1" else None
            entries.append(Entry(part, kind, int(hint) if colon else None, value))
    return entries
