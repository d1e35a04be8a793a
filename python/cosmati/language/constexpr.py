"""Values that are known while a kernel is compiled."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

from cosmati import _core
from cosmati.language.base import base_type, base_value


def unwrap(value: Any) -> Any:
    """The plain value of a constexpr; anything else as it is.

    Examples
    --------
    >>> tl.core.unwrap(tl.constexpr(3))
    3
    """
    while isinstance(value, constexpr):
        value = value.value
    return value


def plain(value: Any) -> Any:
    """NumPy's scalars as Python's numbers, also in tuples and lists; anything else as it is."""
    if type(value) in (tuple, list):
        return type(value)(plain(item) for item in value)
    numpy = sys.modules.get("numpy")
    is_number = numpy is not None and isinstance(value, (numpy.number, numpy.bool_))
    return value.item() if is_number else value


def is_runtime(value: Any) -> bool:
    """Whether a value exists only when the kernel runs."""
    return getattr(value, "__cosmati_runtime__", False)


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[constexpr, Any], Any]:
    def forward(self: constexpr, other: Any) -> Any:
        if is_runtime(other):
            return NotImplemented  # the block's reflected operator takes it
        return constexpr(function(self.value, unwrap(other)))

    return forward


def _reflected(function: Callable[[Any, Any], Any]) -> Callable[[constexpr, Any], Any]:
    def backward(self: constexpr, other: Any) -> Any:
        return constexpr(function(unwrap(other), self.value))

    return backward


class constexpr(base_value):
    """A value known at compile time; as an annotation, a parameter that must be one.

    Operators follow Python (``//`` and ``%`` round down), and give a constexpr where both sides are
    known. What the value has, the constexpr has: it is iterable, callable and indexable where the
    value is. Kernels are compiled for the value and its type: 1, True and 1.0 are three variants.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = unwrap(value)

    @property
    def type(self) -> Any:
        return constexpr_type(self.value)

    def __repr__(self) -> str:
        return f"constexpr[{self.value}]"

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __contains__(self, item: Any) -> bool:
        return unwrap(item) in self.value

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            index = slice(unwrap(index.start), unwrap(index.stop), unwrap(index.step))
        return constexpr(self.value[unwrap(index)])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.value(*args, **kwargs)

    def logical_and(self, other: Any) -> Any:
        return constexpr(self.value and unwrap(other))

    def logical_or(self, other: Any) -> Any:
        return constexpr(self.value or unwrap(other))

    def not_(self) -> constexpr:
        return constexpr(not self.value)

    def __neg__(self) -> constexpr:
        return constexpr(-self.value)

    def __pos__(self) -> constexpr:
        return constexpr(+self.value)

    def __invert__(self) -> constexpr:
        return constexpr(~self.value)

    def __abs__(self) -> constexpr:
        return constexpr(abs(self.value))

    __add__ = _binary(operator.add)
    __radd__ = _reflected(operator.add)
    __sub__ = _binary(operator.sub)
    __rsub__ = _reflected(operator.sub)
    __mul__ = _binary(operator.mul)
    __rmul__ = _reflected(operator.mul)
    __truediv__ = _binary(operator.truediv)
    __rtruediv__ = _reflected(operator.truediv)
    __floordiv__ = _binary(operator.floordiv)
    __rfloordiv__ = _reflected(operator.floordiv)
    __mod__ = _binary(operator.mod)
    __rmod__ = _reflected(operator.mod)
    __pow__ = _binary(operator.pow)
    __rpow__ = _reflected(operator.pow)
    __and__ = _binary(operator.and_)
    __rand__ = _reflected(operator.and_)
    __or__ = _binary(operator.or_)
    __ror__ = _reflected(operator.or_)
    __xor__ = _binary(operator.xor)
    __rxor__ = _reflected(operator.xor)
    __lshift__ = _binary(operator.lshift)
    __rlshift__ = _reflected(operator.lshift)
    __rshift__ = _binary(operator.rshift)
    __rrshift__ = _reflected(operator.rshift)
    __lt__ = _binary(operator.lt)
    __le__ = _binary(operator.le)
    __gt__ = _binary(operator.gt)
    __ge__ = _binary(operator.ge)
    __eq__ = _binary(operator.eq)
    __ne__ = _binary(operator.ne)


_core.register_constexpr(constexpr)


class constexpr_type(base_type):
    """Type of a constexpr: its value."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, constexpr_type) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"constexpr_type[{self.value}]"

    def mangle(self) -> str:
        """A text for names of functions that were specialised for the value."""
        return f"c{getattr(self.value, '__qualname__', self.value)!r}"


class ConstexprFunction:
    """A Python function that kernels call while they are compiled; see constexpr_function."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        functools.update_wrapper(self, fn)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return BoundConstexprFunction(instance, self) if instance is not None else self

    def __call__(self, *args: Any, _semantic: Any = None, **kwargs: Any) -> Any:
        """Plain values in, plain value out; inside a kernel the result is wrapped again."""
        args = tuple(unwrap(argument) for argument in args)
        kwargs = {name: unwrap(argument) for name, argument in kwargs.items()}
        return self.fn(*args, **kwargs)


class BoundConstexprFunction:
    """A constexpr_function as a method of an instance."""

    __cosmati_builtin__ = True

    def __init__(self, instance: Any, fn: ConstexprFunction) -> None:
        self.__self__ = instance
        self.__func__ = fn
        self.__name__: str = fn.fn.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)


def constexpr_function(fn: Callable[..., Any]) -> ConstexprFunction:
    """Lets kernels call an ordinary Python function on compile-time values.

    The function runs while the kernel is compiled; its source belongs to the cache key. Blocks may
    be handed through it as well, as long as it uses only their operators.

    Examples
    --------
    >>> @cosmati.constexpr_function
    ... def bits(n):
    ...     return n.bit_length()
    >>> evaluate("tl.full((bits(200),), 1, tl.int8)", bits=bits)
    array([1, 1, 1, 1, 1, 1, 1, 1], dtype=int8)
    """
    return ConstexprFunction(fn)
