"""The generator of one module: a kernel and the functions that it calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cosmati import _core
from cosmati.errors import CompilationError
from cosmati.frontend.function import FunctionGenerator
from cosmati.frontend.values import Pattern, flatten, rebuild
from cosmati.language.constexpr import constexpr
from cosmati.language.context import generating
from cosmati.language.dtypes import dtype
from cosmati.language.tensor import tensor
from cosmati.language.tuples import Tuple


@dataclass
class Generated:
    """A function of the module that calls may go to."""

    symbol: str
    result: Pattern


@dataclass(frozen=True)
class KernelParameter:
    """One parameter of a kernel: a type for what is passed at launch, a constant, or a tuple."""

    name: str
    type: dtype | None  # None: `value` is compiled in, or this is a tuple
    value: Any = None
    divisibility: int = 1  # the address or integer is a multiple of it
    items: tuple[KernelParameter, ...] | None = None  # of a tuple
    fields: tuple[str, ...] | None = None  # of a named tuple
    make: Any = None  # the value in the kernel from a named tuple, where it is another than that

    def passed(self) -> list[KernelParameter]:
        """What is passed at launch: this parameter, or those of the tuple's items that are."""
        if self.items is not None:
            return [leaf for item in self.items for leaf in item.passed()]
        return [] if self.type is None else [self]

    def bind(self, handles: Iterator[Any]) -> Any:
        """The parameter's value in the kernel."""
        if self.items is not None:
            items = Tuple([item.bind(handles) for item in self.items], self.fields)
            return self.make(items) if self.make is not None else items
        return constexpr(self.value) if self.type is None else tensor(next(handles))


class ModuleGenerator:
    """Builds one module. Functions are generated once for each set of argument types."""

    plain_globals = False  # kernels may read globals that are not declared constexpr

    def __init__(
        self, target: str, num_warps: int = 4, debug: bool = False, absolute_lines: bool = False
    ) -> None:
        self.context = _core.Context()
        self.builder = _core.Builder(self.context)
        self.target = target
        self.num_warps = num_warps
        self.debug = debug
        self.absolute_lines = absolute_lines
        self.generated: dict[Any, Generated | None] = {}  # None: being generated
        self.symbols: dict[str, int] = {}
        self.active: list[FunctionGenerator] = []

    def kernel(
        self, function: Any, parameters: list[KernelParameter], entry: str | None = None
    ) -> None:
        """Generates the kernel, whose symbol is ``entry``. Raises CompilationError."""
        runtime = [leaf for item in parameters for leaf in item.passed()]
        with generating(self):
            frame = FunctionGenerator(self, function, is_kernel=True)
            frame.locate(frame.source.node)
            for declared in function.params:
                if declared.contradiction or declared.is_variadic:
                    text = declared.contradiction or (
                        f"the kernel's parameter `*{declared.name}` can't be passed at a launch; "
                        "pass a tuple"
                    )
                    place = frame.source.place(frame.source.argument(declared.name))
                    raise CompilationError(text, (place,))
            handles = self.builder.begin_function(
                self._symbol(entry or function.__name__),
                [item.type.core for item in runtime if item.type is not None],
                True,
                [item.name for item in runtime],
                [item.divisibility for item in runtime],
            )
            parts = iter(handles)
            scope = {item.name: self._bound(frame, item, parts) for item in parameters}
            result = frame.generate(scope)
            if not (isinstance(result, constexpr) and result.value is None):
                raise CompilationError(
                    f"the kernel returns {result}; kernels return nothing, they store",
                    (frame.source.place(frame.source.node),),
                )
            self.builder.end_function(None)
            self.builder.verify()

    def _bound(self, frame: FunctionGenerator, item: KernelParameter, parts: Iterator[Any]) -> Any:
        """A parameter's value; what is wrong with it is said at its declaration."""
        try:
            return item.bind(parts)
        except (ValueError, TypeError) as error:
            place = frame.source.place(frame.source.argument(item.name))
            raise CompilationError(f"argument `{item.name}`: {error}", (place,)) from error

    def call(self, function: Any, scope: dict[str, Any]) -> Any:
        """Calls a jit function whose parameters have the values in ``scope``."""
        parts: list[Any] = []
        patterns = [flatten(value, parts) for value in scope.values()]
        key: Any = (id(function), tuple(patterns))
        try:
            known = self.generated.get(key, _MISSING)
        except TypeError:  # an unhashable constant: generated for this call alone
            key, known = (id(function), object()), _MISSING
        if known is None:
            raise RecursionError(
                f"{function.__name__} calls itself; kernels can't use recursion: write a loop"
            )
        if known is _MISSING:
            known = self._generate(function, key, list(scope), patterns, parts)
        assert isinstance(known, Generated)
        results = self.builder.call(known.symbol, parts)
        return rebuild(known.result, iter(results))

    def call_function(self, function: Any, arguments: list[Any]) -> Any:
        """Calls a jit function with positional arguments, from a language function."""
        return self.active[-1].call(function, arguments, {})

    def call_JitFunction(  # noqa: N802 (Triton's name, by which libraries' builtins call it)
        self, fn: Any, args: Any, kwargs: dict[str, Any] | None = None, caller_context: Any = None
    ) -> Any:
        """Same as call_function(), with keyword arguments."""
        return self.active[-1].call(fn, list(args), dict(kwargs or {}))

    def _generate(
        self, function: Any, key: Any, names: list[str], patterns: list[Pattern], parts: list[Any]
    ) -> Generated:
        self.generated[key] = None
        frame = FunctionGenerator(self, function)
        symbol = self._symbol(function.__name__)
        frame.locate(frame.source.node)
        if function.noinline:
            _check_noinline(function, dict(zip(names, patterns, strict=True)))
        handles = iter(
            self.builder.begin_function(
                symbol, [part.type for part in parts], False, no_inline=function.noinline
            )
        )
        scope = {
            name: rebuild(pattern, handles) for name, pattern in zip(names, patterns, strict=True)
        }
        results: list[Any] = []
        pattern = flatten(frame.generate(scope), results)
        self.builder.end_function(results)
        self.active[-1].relocate()
        made = Generated(symbol, pattern)
        self.generated[key] = made
        return made

    def _symbol(self, name: str) -> str:
        """A name that no function of the module has yet."""
        count = self.symbols.get(name, 0)
        self.symbols[name] = count + 1
        return name if count == 0 else f"{name}_{count}"


def _check_noinline(function: Any, patterns: dict[str, Pattern]) -> None:
    """TypeError where a function that is kept as one takes a block."""
    for name, pattern in patterns.items():
        parts: list[Any] = [pattern]
        while parts:
            part = parts.pop()
            if isinstance(part, tuple):
                parts.extend(part)
            elif getattr(part, "is_block", False) is True:
                raise TypeError(
                    f"{function.__name__}() is noinline, but its argument `{name}` is {part}: "
                    "functions that are kept as such take scalars and pointers. Make the block "
                    "inside of it, or leave noinline out"
                )


_MISSING: Any = object()

__all__ = ["Generated", "KernelParameter", "ModuleGenerator"]
