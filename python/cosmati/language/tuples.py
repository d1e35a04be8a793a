"""``tl.tuple``: a fixed sequence of values inside a kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cosmati.language.base import base_value
from cosmati.language.constexpr import constexpr, unwrap


class Tuple(base_value):
    """Immutable sequence whose items may be blocks, constexprs or tuples; fields may be named.

    Parameters
    ----------
    args : sequence
    type : tuple_type or sequence of str, optional
        Names of the fields, by which items are reached as attributes, too.

    Tuple literals, named tuples and lists of kernels are of this class. Items are indexed by
    constexpr integers and slices.
    """

    __slots__ = ("fields", "values")

    def __init__(self, args: Sequence[Any], type: Any = None) -> None:
        fields = getattr(type, "fields", type)
        self.values = list(args)
        self.fields = tuple(fields) if fields is not None else None

    @property
    def type(self) -> Any:
        from cosmati.language.dtypes import tuple_type

        return tuple_type([getattr(value, "type", value) for value in self.values], self.fields)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            bounds = slice(unwrap(index.start), unwrap(index.stop), unwrap(index.step))
            return Tuple(self.values[bounds])
        index = unwrap(index)
        if not isinstance(index, int):
            raise TypeError(f"a tuple is indexed by compile-time integers, not by {index}")
        if not -len(self.values) <= index < len(self.values):
            raise IndexError(f"index {index} is outside of a tuple of {len(self.values)} items")
        return self.values[index]

    def __getattr__(self, name: str) -> Any:
        if name not in Tuple.__slots__ and self.fields is not None and name in self.fields:
            return self.values[self.fields.index(name)]
        known = (
            f"its fields are {', '.join(self.fields)}" if self.fields else "its items are unnamed"
        )
        raise AttributeError(f"the tuple has no field named {name!r}; {known}")

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __add__(self, other: Any) -> Tuple:
        return Tuple(self.values + list(unwrap(other)))

    def __mul__(self, count: Any) -> Tuple:
        return Tuple(self.values * unwrap(count))

    def __radd__(self, other: Any) -> Tuple:
        return Tuple(list(unwrap(other)) + self.values)

    def __eq__(self, other: Any) -> Any:
        if not isinstance(unwrap(other), (Tuple, tuple, list)):
            return constexpr(False)
        others = list(unwrap(other))
        if len(others) != len(self.values):
            return constexpr(False)
        return constexpr(all(bool(a == b) for a, b in zip(self.values, others, strict=True)))

    def __hash__(self) -> int:
        return hash(tuple(self.values))

    def __repr__(self) -> str:
        return "(" + ", ".join(str(value) for value in self.values) + ")"
