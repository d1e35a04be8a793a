"""``aggregate``: values of a kernel that have named fields and methods."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

from cosmati.language.base import base_type, base_value
from cosmati.language.constexpr import ConstexprFunction, constexpr, unwrap
from cosmati.language.tuples import Tuple

_NO_DEFAULT: Any = object()


class aggregate_type(base_type):
    """Type of an aggregate: its class and the types of its fields."""

    def __init__(self, base_cls: type, fields: list[tuple[str, Any]]) -> None:
        self.base_cls = base_cls
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, aggregate_type)
            and other.base_cls is self.base_cls
            and other.fields == self.fields
        )

    def __hash__(self) -> int:
        return hash((self.base_cls, len(self.fields)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}: {type}" for name, type in self.fields)
        return f"{self.base_cls.__name__}<{fields}>"


class Aggregate(base_value):
    """Base of the classes that aggregate() makes."""

    __cosmati_builtin__ = True
    __cosmati_aggregate__ = True
    __aggregate_fields__: tuple[str, ...] = ()
    __aggregate_defaults__: dict[str, Any] = {}
    _expected: dict[str, Any] = {}
    _is_complete = False

    def __new__(
        cls, *args: Any, _semantic: Any = None, _generator: Any = None, **kwargs: Any
    ) -> Any:
        return super().__new__(cls)

    def __init__(self, *args: Any, _semantic: Any = None, _generator: Any = None, **kwargs: Any):
        own = type(self).__dict__.get("__aggregate_init__")
        if own is None:
            self._fill(args, kwargs)
        else:
            own(self, *args, **kwargs)
        for name in self.__aggregate_fields__:
            if name not in self.__dict__:
                raise AttributeError(
                    f"constructor for {type(self).__name__} did not initialize attribute '{name}'"
                )
        self.__dict__["_is_complete"] = True

    def _fill(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """What the constructor does where the class has none of its own."""
        init, names = f"{type(self).__name__}.__init__()", self.__aggregate_fields__
        if len(args) > len(names):
            raise TypeError(
                f"{init} takes {len(names) + 1} positional arguments but {len(args) + 1} were given"
            )
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in names:
                raise TypeError(f"{init} got an unexpected keyword argument '{name}'")
            if name in given:
                raise TypeError(f"{init} got multiple values for argument '{name}'")
            given[name] = value
        for name in names:
            value = given.get(name, self.__aggregate_defaults__.get(name, _NO_DEFAULT))
            if value is _NO_DEFAULT:
                raise TypeError(f"{init} missing required argument: '{name}'")
            setattr(self, name, _as_value(value))

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self).__name__
        if name not in self._expected:
            raise AttributeError(
                f"{kind} has no attribute '{name}'; fields are annotated in the class, and are "
                f"{', '.join(self.__aggregate_fields__) or 'none'}"
            )
        if self._is_complete:
            raise AttributeError(
                f"cannot assign to field '{name}' on immutable aggregate {kind}; use "
                "aggregate_replace() to construct a modified copy"
            )
        expected = self._expected[name]
        if isinstance(expected, type) and not isinstance(value, expected):
            raise TypeError(
                f"Expected {_name(expected)} for attribute '{name}' of {kind}, got "
                f"{_name(type(value))} ({value}){_remedy(expected, value)}"
            )
        self.__dict__[name] = value

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={self.__dict__[name]}" for name in self.__aggregate_fields__)
        return f"{type(self).__name__}({fields})"

    def _values(self) -> list[Any]:
        return [self.__dict__[name] for name in self.__aggregate_fields__]

    @property
    def type(self) -> aggregate_type:
        fields = zip(self.__aggregate_fields__, self._values(), strict=True)
        return aggregate_type(type(self), [(name, value.type) for name, value in fields])

    # How control flow and calls take the value apart; see frontend/values.py.

    def _items(self) -> list[Any]:
        return self._values()

    @classmethod
    def _from_items(cls, items: list[Any]) -> Aggregate:
        instance: Aggregate = object.__new__(cls)
        instance.__dict__.update(zip(cls.__aggregate_fields__, items, strict=True))
        instance.__dict__["_is_complete"] = True
        return instance


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def _remedy(expected: type, value: Any) -> str:
    if isinstance(value, constexpr) and expected.__name__ == "tensor":
        return "; make it a value of the kernel with tl.to_tensor(...)"
    if expected is constexpr and not isinstance(value, base_value):
        return "; write tl.constexpr(...)"
    return ""


def _as_value(value: Any) -> Any:
    """Plain Python values as a kernel holds them."""
    if isinstance(value, base_value):
        return value
    if isinstance(value, tuple):
        return Tuple([_as_value(item) for item in value], getattr(value, "_fields", None))
    return constexpr(value)


def _fields_of(cls: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """Annotated fields and their defaults, those of the bases first."""
    expected: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for base in reversed(cls.__mro__[1:]):
        if base in (object, base_value, Aggregate):
            continue
        if not issubclass(base, Aggregate):
            raise TypeError(
                f"Aggregates can only inherit from other aggregates, but got non-aggregate base: "
                f"{base}"
            )
        expected.update({name: base._expected[name] for name in base.__aggregate_fields__})
        defaults.update(base.__aggregate_defaults__)
    own = inspect.get_annotations(cls)
    for name, annotation in _resolved(cls, own).items():
        expected[name] = annotation
        value = cls.__dict__.get(name, _NO_DEFAULT)
        if value is not _NO_DEFAULT and (not callable(value) or isinstance(value, base_value)):
            defaults[name] = value
    return expected, defaults


def _resolved(cls: type, own: dict[str, Any]) -> dict[str, Any]:
    """Annotations that are texts, as what they name."""
    if not any(isinstance(item, str) for item in own.values()):
        return own
    hints = typing.get_type_hints(cls)
    return {name: hints[name] for name in own}


def aggregate(cls: type) -> Any:
    """Makes a class a value of kernels: named fields, and methods that kernels call.

    Fields are the class's annotations (``x: tl.tensor``, ``n: tl.constexpr``, ``t: tl.tuple`` or
    another aggregate), and a value of another kind is a TypeError. A plain value in the class body
    is the field's default. Without an ``__init__`` the constructor takes the fields in order or by
    name; one of your own is Python that runs while the kernel is compiled, and assigns every field.
    Methods are jit functions, constexpr_functions, or Python that runs while the kernel is
    compiled. Bases are aggregates, whose fields come first.

    Instances are immutable (see aggregate_replace) and are passed, returned and carried by loops
    and branches like tensors.

    Examples
    --------
    >>> @cosmati.aggregate
    ... class Span:
    ...     start: tl.tensor
    ...     size: tl.constexpr
    ...
    ...     @cosmati.jit
    ...     def offsets(self):
    ...         return self.start + tl.arange(0, self.size)
    """
    expected, defaults = _fields_of(cls)
    init = cls.__dict__.get("__init__")
    if init is not None and getattr(init, "__cosmati_jit__", False):
        raise TypeError(
            f"{cls.__name__}.__init__ is a jit function; make it a plain function or a "
            "constexpr_function, and compute in a jit method that calls the constructor"
        )
    hidden = ("__dict__", "__weakref__", "__init__", *inspect.get_annotations(cls))
    body = {name: value for name, value in cls.__dict__.items() if name not in hidden}
    body.update(
        __aggregate_fields__=tuple(expected),
        __aggregate_defaults__=defaults,
        __aggregate_init__=init,
        _expected=expected,
    )
    bases = tuple(base for base in cls.__bases__ if base is not object) or (Aggregate,)
    made = type(cls.__name__, bases, body)
    made.__qualname__ = cls.__qualname__
    for member in (init, *body.values()):
        _point_class_cell(member, cls, made)
    return made


def _point_class_cell(member: Any, old: type, new: type) -> None:
    """Lets ``super()`` and ``__class__`` in a method mean the class that was made."""
    function = member.fn if isinstance(member, ConstexprFunction) else member
    if not isinstance(function, types.FunctionType) or function.__closure__ is None:
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
        if name == "__class__" and cell.cell_contents is old:
            cell.cell_contents = new


def aggregate_replace(instance: Any, **changes: Any) -> Any:
    """A copy of an aggregate with other values in the named fields.

    The copy is made by the constructor, with every field by name.
    Raises TypeError for what is no aggregate, and for a name that is no field of it.

    Examples
    --------
    >>> @cosmati.aggregate
    ... class Span:
    ...     start: tl.tensor
    ...     size: tl.constexpr
    >>> evaluate('''
    ...     span = Span(tl.program_id(0), 8)
    ...     cosmati.aggregate_replace(span, start=span.start + 5).start
    ... ''', Span=Span)
    np.int32(5)
    """
    instance = unwrap(instance)
    if not isinstance(instance, Aggregate):
        raise TypeError(
            f"aggregate_replace() expects an aggregate instance, got {_name(type(instance))}"
        )
    names = instance.__aggregate_fields__
    for name in changes:
        if name not in names:
            raise TypeError(
                f"{type(instance).__name__} has no field '{name}'; its fields are "
                f"{', '.join(names)}"
            )
    changes.pop("_semantic", None)
    values = {name: getattr(instance, name) for name in names}
    return type(instance)(**{**values, **changes})


aggregate_replace.__cosmati_builtin__ = True  # type: ignore[attr-defined]
_aggregate = aggregate  # Triton's name in its core module

__all__ = ["aggregate", "aggregate_replace", "aggregate_type"]
