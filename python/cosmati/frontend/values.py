"""How the front end takes values apart for control flow and calls, and names their types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cosmati.language.aggregates import Aggregate
from cosmati.language.base import base_value
from cosmati.language.constexpr import (
    BoundConstexprFunction,
    ConstexprFunction,
    constexpr,
    unwrap,
)
from cosmati.language.dtypes import dtype
from cosmati.language.tensor import tensor
from cosmati.language.tuples import Tuple

# A pattern is what remains of a value when its runtime parts are taken out. Two values with equal
# patterns can stand in one variable. It holds no _core.Value, so it can be a key.
Pattern = Any


class Constant:
    """Pattern of a value known at compile time; equal when type and value are."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constant):
            return False
        mine, theirs = unwrap(self.value), unwrap(other.value)
        return mine is theirs or (type(mine) is type(theirs) and bool(mine == theirs))

    def __hash__(self) -> int:
        value = unwrap(self.value)
        try:
            return hash((type(value), value))
        except TypeError:
            return id(value)

    def __repr__(self) -> str:
        return describe_constant(unwrap(self.value))


def describe_constant(value: Any) -> str:
    if isinstance(value, dtype):
        return f"the type {value}"
    if callable(value):
        return f"the function {getattr(value, '__name__', value)}"
    return f"constexpr[{value!r}]"


def flatten(value: Any, parts: list[Any]) -> Pattern:
    """Appends the value's runtime parts (``_core.Value``) and gives its pattern."""
    if isinstance(value, tensor):
        parts.append(value.handle)
        return value.handle.type
    if isinstance(value, Tuple):
        return ("tuple", value.fields, tuple(flatten(item, parts) for item in value.values))
    if isinstance(value, Aggregate):
        return ("aggregate", type(value), tuple(flatten(item, parts) for item in value._items()))
    if is_composite(value):
        own = value.parts()
        parts.extend(own)
        return (value.pattern(), tuple(part.type for part in own), _Prototype(value))
    return Constant(value)


def is_composite(value: Any) -> bool:
    """Whether a value is made of several runtime parts, by the protocol of base_value."""
    return hasattr(type(value), "with_parts")


class _Prototype:
    """A value of which a pattern remembers the kind; all compare equal, the pattern says more."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Prototype)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return type(self.value).__name__


def rebuild(pattern: Pattern, parts: Iterator[Any]) -> Any:
    """The inverse of flatten()."""
    if isinstance(pattern, Constant):
        return pattern.value
    if isinstance(pattern, tuple):
        if pattern[0] == "tuple":
            return Tuple([rebuild(item, parts) for item in pattern[2]], pattern[1])
        if pattern[0] == "aggregate":
            return pattern[1]._from_items([rebuild(item, parts) for item in pattern[2]])
        return pattern[2].value.with_parts([next(parts) for _ in pattern[1]])
    return tensor(next(parts))


def describe(value: Any) -> str:
    """A value's type as messages name it."""
    if isinstance(value, tensor) or is_composite(value):
        return str(value.type)
    if isinstance(value, Aggregate):
        fields = zip(value.__aggregate_fields__, value._items(), strict=True)
        inner = ", ".join(f"{name}: {describe(item)}" for name, item in fields)
        return f"{type(value).__name__}<{inner}>"
    if isinstance(value, Tuple):
        return "(" + ", ".join(describe(item) for item in value.values) + ")"
    return describe_constant(unwrap(value))


def is_numeric_constant(value: Any) -> bool:
    """A compile-time number: what becomes a runtime value when it is assigned."""
    return isinstance(unwrap(value), (bool, int, float)) and not isinstance(value, tensor)


def wrap(value: Any) -> Any:
    """A Python result as a value of the kernel."""
    if isinstance(value, base_value):
        return value
    if isinstance(value, (bool, int, float, str)) or value is None:
        return constexpr(value)
    if isinstance(value, (tuple, list)):
        fields = getattr(value, "_fields", None)
        return Tuple([wrap(item) for item in value], fields)
    return value


def is_jit_function(value: Any) -> bool:
    return getattr(value, "__cosmati_jit__", False) is True


def is_callable_in_kernels(value: Any) -> bool:
    return (
        is_jit_function(value)
        or isinstance(value, (ConstexprFunction, BoundConstexprFunction))
        or getattr(value, "__cosmati_builtin__", False) is True
    )
