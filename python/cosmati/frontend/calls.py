"""Calls: of jit functions, of functions of the language, and of the Python that kernels may use."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cosmati.errors import UnsupportedLanguageConstruct
from cosmati.frontend.values import describe, is_jit_function, wrap
from cosmati.language import compute, program
from cosmati.language.aggregates import Aggregate
from cosmati.language.base import base_value
from cosmati.language.constexpr import ConstexprFunction, constexpr, unwrap
from cosmati.language.context import is_builtin
from cosmati.language.dtypes import dtype, float32, int1, int32
from cosmati.language.tensor import BoundMember, cast, tensor
from cosmati.language.tuples import Tuple

if TYPE_CHECKING:
    from cosmati.frontend.function import FunctionGenerator as Self
else:
    Self = Any


_HIDDEN = ("_semantic", "_generator")


class Calls:
    """Visitor of calls; a part of FunctionGenerator."""

    def visit_Call(self: Self, node: ast.Call) -> Any:
        function = unwrap(self.visit(node.func))
        advice = getattr(function, "_must_use_result", False)
        if advice and node.__dict__.get("_is_unused"):
            text = f" {advice}" if isinstance(advice, str) else ""
            raise ValueError(f"The result of {ast.unparse(node.func)} is not being used.{text}")
        arguments = self.items(node.args)
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise UnsupportedLanguageConstruct(
                    "`**` in calls is not supported; write the arguments by name"
                )
            keywords[keyword.arg] = self.visit(keyword.value)
        self.locate(node)
        return self.call(function, arguments, keywords)

    def call(self: Self, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """Calls anything that kernels may call."""
        function = unwrap(function)
        if is_jit_function(function):
            keywords = {name: keywords[name] for name in keywords if name not in _HIDDEN}
            return self.module.call(function, bind(function, arguments, keywords))
        if isinstance(function, BoundMember):
            return self.call(function.function, [function.value, *arguments], keywords)
        if is_builtin(function):
            return wrap(function(*arguments, **keywords))
        if isinstance(function, ConstexprFunction):
            return wrap(function(*arguments, **keywords))
        if isinstance(getattr(function, "__self__", None), Aggregate):
            return wrap(function(*arguments, **keywords))  # a method in plain Python
        if function is constexpr or function is Tuple:
            return function(*arguments)
        if isinstance(function, type) and hasattr(function, "_fields"):
            made = function(*arguments, **keywords)
            return Tuple(list(made), function._fields)
        return self._call_python(function, arguments, keywords)

    def _call_python(
        self: Self, function: Any, arguments: list[Any], keywords: dict[str, Any]
    ) -> Any:
        """Ordinary Python that is safe to run while compiling; it sees plain values."""
        owner = getattr(function, "__self__", None)
        is_method = owner is not None and not isinstance(owner, (types.ModuleType, tensor))
        is_type = isinstance(function, type) and issubclass(function, dtype)
        module = getattr(function, "__module__", None) or ""
        is_function = isinstance(function, types.FunctionType)
        is_language = is_function and module.startswith("cosmati.language.")
        if not (is_method or is_type or is_language or module == "math"):
            name = getattr(function, "__name__", str(function))
            if not callable(function):
                raise TypeError(f"{describe(function)} can't be called")
            raise TypeError(
                f"Cannot call the Python function `{name}` in a kernel; decorate it with "
                "@cosmati.jit (code of the kernel) or @cosmati.constexpr_function (runs while "
                "the kernel is compiled)"
            )
        takes_tensors = any(isinstance(v, tensor) for v in (*arguments, *keywords.values()))
        if takes_tensors and not is_language:
            name = getattr(function, "__name__", str(function))
            raise TypeError(
                f"`{name}` takes compile-time values only; cosmati.language has functions for "
                "values of the kernel"
            )
        plain = [unwrap(value) for value in arguments]
        return wrap(function(*plain, **{name: unwrap(v) for name, v in keywords.items()}))

    def python_builtin(self: Self, name: str) -> Any:
        """What one of Python's builtins means in a kernel; None if nothing."""
        return _PYTHON_BUILTINS.get(name)


def bind(function: Any, arguments: list[Any], keywords: dict[str, Any]) -> dict[str, Any]:
    """Values of a jit function's parameters for a call; TypeError as Python's own calls raise."""
    parameters = function.params
    name = function.__name__
    rest = next((p for p in parameters if p.is_variadic), None)
    positional = [p for p in parameters if not p.is_keyword_only and p is not rest]
    if rest is None and len(arguments) > len(positional):
        raise TypeError(
            f"{name}() takes {len(positional)} positional arguments but {len(arguments)} were given"
        )
    given = dict(zip((p.name for p in positional), arguments, strict=False))
    for keyword, value in keywords.items():
        if keyword in given:
            raise TypeError(f"{name}() got multiple values for argument `{keyword}`")
        given[keyword] = value
    scope: dict[str, Any] = {}
    for parameter in parameters:
        if rest is not None and parameter is rest:
            scope[parameter.name] = Tuple(arguments[len(positional) :])
            continue
        if parameter.name in given:
            value = given.pop(parameter.name)
        elif parameter.has_default:
            value = wrap(parameter.default)
        else:
            raise TypeError(f"{name}() is missing the argument `{parameter.name}`")
        if not isinstance(value, base_value):
            value = constexpr(value)
        scope[parameter.name] = value
    if given:
        raise TypeError(f"{name}() got an unexpected argument `{next(iter(given))}`")
    return scope


# Python's builtins inside of kernels.


def _extremum(name: str, pick: Callable[..., Any], emit: Callable[..., Any]) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        if len(values) == 1 and isinstance(values[0], Tuple):
            values = tuple(values[0])
        if len(values) < 2:
            raise TypeError(f"`{name}` takes two or more values; use tl.{name} for a block")
        if not any(isinstance(value, tensor) for value in values):
            return constexpr(pick(unwrap(value) for value in values))
        result = values[0]
        for value in values[1:]:
            result = emit(result, value)
        return result

    return choose


class _Class:
    """A class of Python: a conversion when called, and a type for isinstance."""

    __cosmati_builtin__ = True

    def __init__(self, kind: type, convert: Callable[..., Any]) -> None:
        self.kind = kind
        self.convert = convert
        self.__name__ = kind.__name__

    def __call__(self, *value: Any) -> Any:
        return self.convert(*value)


def _number(kind: type, target: dtype) -> _Class:
    def convert(value: Any = 0, *more: Any) -> Any:
        if isinstance(value, tensor):
            return cast(value, target)
        return constexpr(kind(unwrap(value), *(unwrap(item) for item in more)))

    return _Class(kind, convert)


def _bool(value: Any = False) -> Any:
    return cast(value, int1) if isinstance(value, tensor) else constexpr(bool(unwrap(value)))


def _sequence(value: Any = ()) -> Tuple:
    return Tuple([wrap(item) for item in unwrap(value)])


def _isinstance(value: Any, classes: Any) -> constexpr:
    given = tuple(classes) if isinstance(classes, Tuple) else (unwrap(classes),)
    wanted = tuple(item.kind if isinstance(item, _Class) else unwrap(item) for item in given)
    if any(not isinstance(item, type) for item in wanted):
        raise TypeError(f"isinstance takes classes, not {given}")
    if isinstance(value, Tuple):
        return constexpr(isinstance(value, wanted) or tuple in wanted or list in wanted)
    if isinstance(value, constexpr):
        return constexpr(isinstance(value, wanted) or isinstance(value.value, wanted))
    return constexpr(isinstance(value, wanted))


def _getattr(value: Any, name: Any, *default: Any) -> Any:
    return getattr(unwrap(value), unwrap(name), *default)


def _print(prefix: Any, *values: Any, **options: Any) -> None:
    if isinstance(prefix, tensor) or not isinstance(unwrap(prefix), str):
        prefix, values = "", (prefix, *values)
    program.device_print(prefix, *values, **options)


def _refuse(name: str, remedy: str) -> Callable[..., Any]:
    def refuse(*arguments: Any) -> Any:
        raise TypeError(f"Python's `{name}` can't be used in a kernel; {remedy}")

    return refuse


_PYTHON_BUILTINS: dict[str, Any] = {
    "range": program.range,
    "min": _extremum("min", min, compute.minimum),
    "max": _extremum("max", max, compute.maximum),
    "print": _print,
    "len": lambda value: constexpr(len(unwrap(value))),
    "float": _number(float, float32),
    "int": _number(int, int32),
    "bool": _Class(bool, _bool),
    "str": _Class(str, lambda value="": constexpr(str(unwrap(value)))),
    "list": _Class(list, _sequence),
    "tuple": _Class(tuple, _sequence),
    "isinstance": _isinstance,
    "getattr": _getattr,
    "hasattr": lambda value, name: constexpr(hasattr(unwrap(value), unwrap(name))),
    "abs": _refuse("abs", "use tl.abs"),
    "sum": _refuse("sum", "use tl.sum"),
    "round": _refuse("round", "use tl.floor(x + 0.5) or libdevice.rint"),
    "zip": _refuse("zip", "index the tuples with constexpr integers"),
    "enumerate": _refuse("enumerate", "use tl.static_range and index the tuple"),
}
for _function in _PYTHON_BUILTINS.values():
    if isinstance(_function, types.FunctionType):
        _function.__cosmati_builtin__ = True  # type: ignore[attr-defined]
