"""What a kernel's code depends on: its own source, its callees' and the globals they capture.

The closure's hash is part of the cache's first key. It is made of texts and values, never of
positions in files or addresses, so it is equal in every process and survives moving a function.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import hashlib
import inspect
import textwrap
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmati.frontend.source import descendants, qualified_name
from cosmati.frontend.values import is_jit_function
from cosmati.language.aggregates import Aggregate
from cosmati.language.constexpr import ConstexprFunction, constexpr, unwrap
from cosmati.language.dtypes import dtype


@dataclass(frozen=True)
class Captured:
    """A global that a kernel uses: where it is looked up, and what it was."""

    namespace: dict[str, Any]
    name: str
    value: Any


@dataclass(frozen=True)
class Closure:
    """``digest`` names everything that the front end would read; ``captured`` may change."""

    digest: bytes
    captured: tuple[Captured, ...]


@functools.cache
def package_digest() -> bytes:
    """Hash of the front end and the language, as files: they decide what a source means."""
    root = Path(__file__).resolve().parent.parent
    hasher = hashlib.blake2b(digest_size=16)
    for folder in ("frontend", "language"):
        for path in sorted((root / folder).rglob("*.py")):
            hasher.update(path.relative_to(root).as_posix().encode())
            hasher.update(path.read_bytes())
    return hasher.digest()


def closure_of(function: Any) -> Closure:
    """The closure of a jit function."""
    walker = _Walker()
    walker.function(function)
    digest = hashlib.blake2b(digest_size=32)
    digest.update(package_digest())
    for record in walker.records:
        digest.update(f"{len(record)}:".encode())
        digest.update(record.encode())
    return Closure(digest.digest(), tuple(walker.captured))


def stable_text(value: Any) -> str:
    """A text that is equal for equal compile-time values, in every process, and for no others.

    Type and value both count: 1, True and 1.0 differ. TypeError for values without such a text.
    """
    value = unwrap(value)
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return f"{type(value).__name__}:{value!r}"
    if isinstance(value, float):
        return f"float:{value.hex()}"
    if isinstance(value, dtype):
        return f"dtype:{value.name}"
    if is_jit_function(value):
        return f"jit:{qualified_name(value.fn)}:{value.closure.digest.hex()}"
    if isinstance(value, ConstexprFunction):
        return f"constexpr_function:{_python_text(value.fn)}"
    if isinstance(value, enum.Enum):
        return f"enum:{type(value).__module__}.{type(value).__qualname__}.{value.name}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _dataclass_text(value)
    if isinstance(value, (tuple, list)):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        return f"{name}({','.join(stable_text(item) for item in value)})"
    if isinstance(value, types.ModuleType):
        return f"module:{value.__name__}"
    if type(value).__module__ in ("torch", "numpy.dtypes") and hasattr(value, "itemsize"):
        return f"{type(value).__module__}.dtype:{value}"
    if isinstance(value, enum.EnumMeta):
        members = ",".join(f"{name}={stable_text(item.value)}" for name, item in _members(value))
        return f"enum:{value.__module__}.{value.__qualname__}({members})"
    if isinstance(value, type):
        return f"class:{value.__module__}.{value.__qualname__}"
    if text := getattr(
        value, "__cosmati_stable_text__", None
    ):  # a value that has a text of its own
        return str(text)
    if getattr(value, "__cosmati_builtin__", False):
        return f"builtin:{getattr(value, '__qualname__', value)}"
    if hasattr(value, "values") and hasattr(value, "fields"):  # tl.tuple
        return f"tl.tuple{value.fields}({','.join(stable_text(item) for item in value.values)})"
    raise TypeError(
        f"a value of type {type(value).__name__} can't be a constexpr: it has no text that is "
        "equal in every process. Use Python's numbers (int(x) of an array library's), strings, "
        "dtypes, enums, tuples or jit functions"
    )


def _members(kind: enum.EnumMeta) -> list[tuple[str, Any]]:
    return list(kind.__members__.items())


def _dataclass_text(value: Any) -> str:
    """A frozen dataclass: its fields, and the source of the class, whose methods kernels call."""
    kind = type(value)
    if not kind.__dataclass_params__.frozen:
        raise TypeError(
            f"a value of the dataclass {kind.__name__} can't be a constexpr, because it may "
            "change; write @dataclass(frozen=True)"
        )
    fields = (f"{f.name}={stable_text(getattr(value, f.name))}" for f in dataclasses.fields(value))
    try:
        source = hashlib.blake2b(inspect.getsource(kind).encode(), digest_size=16).hexdigest()
    except (OSError, TypeError):
        source = ""
    return f"{kind.__module__}.{kind.__qualname__}({','.join(fields)}):{source}"


def _python_text(fn: Any) -> str:
    """Source of a constexpr_function, its defaults and the plain globals that it reads."""
    try:
        text = textwrap.dedent(inspect.getsource(fn))
    except (OSError, TypeError):
        text = f"{fn.__module__}.{fn.__qualname__}:{fn.__code__.co_code.hex()}"
    reads = []
    for name in fn.__code__.co_names:
        value = unwrap(fn.__globals__.get(name))
        if value is not fn and isinstance(value, (bool, int, float, str, dtype)):
            reads.append(f"{name}={stable_text(value)}")
    return f"{text}|{fn.__defaults__!r}|{','.join(reads)}"


class _Walker:
    """Collects the records that the digest is made of, each function once."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.captured: list[Captured] = []
        self.seen: set[int] = set()

    def function(self, function: Any) -> None:
        if id(function) in self.seen:
            return
        self.seen.add(id(function))
        if (function.fn.__module__ or "").startswith("cosmati.language."):
            self.records.append(f"language:{qualified_name(function.fn)}")  # see package_digest
            return
        source = function.source
        self.records.append(f"source:{source.name}:{source.text}")
        if function.noinline or function.version is not None:
            self.records.append(f"options:{function.noinline}:{function.version!r}")
        for parameter in function.params:
            if parameter.has_default:
                self._value(f"default {parameter.name}", parameter.default)
        self._names(function, source.node)

    def _names(self, function: Any, node: ast.FunctionDef) -> None:
        """Every name, and every attribute of a module, that the body may take from outside."""
        seen = {parameter.name for parameter in function.params}
        for item in descendants(node):
            if isinstance(item, ast.Attribute):
                self._attribute(function, item)
            elif isinstance(item, ast.Name) and item.id not in seen:
                if not isinstance(item.ctx, ast.Load):
                    continue
                seen.add(item.id)
                found, value = function.lookup(item.id)
                if not found or isinstance(value, types.ModuleType):
                    continue
                self._value(item.id, value)
                namespace = function.namespace_of(item.id)
                if namespace is not None and not item.id.startswith("__"):
                    self.captured.append(Captured(namespace, item.id, value))

    def _aggregate(self, kind: type[Aggregate]) -> None:
        """Fields, defaults, and the sources of methods; each class once."""
        if id(kind) in self.seen:
            return
        self.seen.add(id(kind))
        self.records.append(f"aggregate:{kind.__module__}.{kind.__qualname__}")
        for name, expected in kind._expected.items():
            default = kind.__aggregate_defaults__.get(name, kind)
            self._value(f"{name}:{getattr(expected, '__qualname__', expected)}", default)
            self._value(name, expected)
        for name in sorted(dir(kind)):
            member = inspect.getattr_static(kind, name)
            member = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if is_jit_function(member):
                self.function(member)
            elif isinstance(member, (types.FunctionType, ConstexprFunction)):
                if not str(member.__module__).startswith("cosmati.language."):
                    self.records.append(_python_text(getattr(member, "fn", member)))

    def _attribute(self, function: Any, node: ast.Attribute) -> None:
        owner = self._module(function, node.value)
        if owner is None or owner.__name__.startswith("cosmati"):
            return
        if getattr(type(owner), "__cosmati__", False):  # cosmati.compat: the same under other names
            return
        value = getattr(owner, node.attr, None)
        if value is not None and not isinstance(value, types.ModuleType):
            self._value(f"{owner.__name__}.{node.attr}", value)
            self.captured.append(Captured(vars(owner), node.attr, value))

    def _module(self, function: Any, node: ast.expr) -> types.ModuleType | None:
        """The module that an expression like ``a.b`` names."""
        if isinstance(node, ast.Name):
            found, value = function.lookup(node.id)
            return value if found and isinstance(value, types.ModuleType) else None
        if isinstance(node, ast.Attribute):
            owner = self._module(function, node.value)
            value = getattr(owner, node.attr, None) if owner is not None else None
            return value if isinstance(value, types.ModuleType) else None
        return None

    def _value(self, name: str, value: Any) -> None:
        if is_jit_function(value):
            self.function(value)
            return
        if isinstance(value, type) and issubclass(value, Aggregate):
            self._aggregate(value)
            return
        if isinstance(value, constexpr):
            value = value.value
            if is_jit_function(value):
                self.function(value)
                return
        try:
            self.records.append(f"global:{name}={stable_text(value)}")
        except TypeError:
            # Not usable in a kernel: naming it is enough, using it is an error of the front end.
            self.records.append(f"global:{name}={type(value).__qualname__}")
