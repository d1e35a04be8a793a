"""What a kernel's code depends on: its own source, its callees' and the globals they capture.

The closure's hash is part of the cache's first key. It is made of texts and values, never of
positions in files or addresses, so it is equal in every process and survives moving a function.
"""

from __future__ import annotations

import ast
import dataclasses
import dis
import enum
import functools
import hashlib
import inspect
import sys
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmati.frontend.source import descendants, qualified_name
from cosmati.frontend.values import is_callable_in_kernels, is_jit_function
from cosmati.language.aggregates import Aggregate
from cosmati.language.constexpr import ConstexprFunction, constexpr, plain, unwrap
from cosmati.language.dtypes import dtype
from cosmati.language.tuples import Tuple


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
    value = plain(unwrap(value))
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return f"{type(value).__name__}:{value!r}"
    if isinstance(value, float):
        return f"float:{value.hex()}"
    if isinstance(value, dtype):
        return f"dtype:{value.name}"
    if is_jit_function(value):
        return f"jit:{qualified_name(value.fn)}:{value.closure.digest.hex()}"
    if isinstance(value, ConstexprFunction):
        walker = _Walker()
        walker.python(value.fn)
        return f"constexpr_function:{'|'.join(walker.records)}"
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


def stored_names(node: ast.FunctionDef) -> set[str]:
    """Every name that a function assigns: none of them is a global in Python."""
    names = (item for item in descendants(node) if isinstance(item, ast.Name))
    return {item.id for item in names if not isinstance(item.ctx, ast.Load)}


def _is_plain(value: Any) -> bool:
    """Whether kernels can't read a global of that value, unless all globals are allowed."""
    kinds = (constexpr, dtype, Tuple, type)
    return not isinstance(value, kinds) and not is_callable_in_kernels(value)


def _reads(fn: types.FunctionType, code: types.CodeType) -> Iterator[tuple[Any, str, Any]]:
    """What Python code takes from outside: (namespace or None, name, value), modules followed."""
    cells = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for index, step in enumerate(steps):
        name: Any = step.argval
        namespace: dict[str, Any] | None = None
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and name in fn.__globals__:
            namespace = fn.__globals__
            value = namespace[name]
        elif "DEREF" in step.opname and step.opname.startswith("LOAD") and name in cells:
            try:
                value = cells[name].cell_contents
            except ValueError:  # not assigned yet
                continue
        else:
            continue
        for following in steps[index + 1 :]:
            reads = following.opname in ("LOAD_ATTR", "LOAD_METHOD")
            if not (reads and isinstance(value, types.ModuleType)):
                break
            if not hasattr(value, following.argval):
                break
            namespace, name = vars(value), following.argval
            value = getattr(value, name)
        if not isinstance(value, types.ModuleType):
            yield namespace, name, value
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _reads(fn, constant)


def _is_library(fn: Any) -> bool:
    """Whether a Python function is of Python's own library or one of arrays: its name says all."""
    package = (getattr(fn, "__module__", None) or "").partition(".")[0]
    return package in sys.stdlib_module_names or package in ("cosmati", "numpy", "torch", "cupy")


def _python_value(value: Any) -> str:
    """stable_text() for what Python functions read: dictionaries and sets as well."""
    try:
        if isinstance(value, dict):
            pairs = (f"{_python_value(k)}:{_python_value(v)}" for k, v in value.items())
            return f"dict({','.join(pairs)})"
        if isinstance(value, (set, frozenset)):
            return f"set({','.join(sorted(map(_python_value, value)))})"
        if isinstance(value, (tuple, list)):
            return f"{type(value).__qualname__}({','.join(map(_python_value, value))})"
        return stable_text(value)
    except TypeError:
        return f"{type(value).__module__}.{type(value).__qualname__}"


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
        stored = stored_names(node)
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
                if (
                    item.id in stored
                    and _is_plain(value)
                    and not function.is_constexpr_global(item.id)
                ):
                    continue  # a variable of the kernel that is called as one of the module
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
                    self.python(getattr(member, "fn", member))

    def python(self, fn: Any) -> None:
        """A Python function that runs while kernels are compiled: source, defaults, what it reads.

        Lists and dictionaries that change in place are seen by the next process, not by this one.
        """
        if id(fn) in self.seen:
            return
        self.seen.add(id(fn))
        if not isinstance(fn, types.FunctionType):  # a builtin, a class, a callable object
            self.records.append(f"python:{getattr(fn, '__qualname__', type(fn).__qualname__)}")
            return
        try:
            text = textwrap.dedent(inspect.getsource(fn))
        except (OSError, TypeError):
            text = f"{fn.__module__}.{fn.__qualname__}:{fn.__code__.co_code.hex()}"
        defaults = f"{_python_value(fn.__defaults__)}{_python_value(fn.__kwdefaults__)}"
        self.records.append(f"python:{text}|{defaults}")
        for namespace, name, value in _reads(fn, fn.__code__):
            if namespace is not None:
                self.captured.append(Captured(namespace, name, value))
            value = unwrap(value)
            if is_jit_function(value):
                self.function(value)
            elif isinstance(value, ConstexprFunction):
                self.python(value.fn)
            elif isinstance(value, types.FunctionType) and not _is_library(value):
                self.python(value)
            else:
                self.records.append(f"reads:{name}={_python_value(value)}")

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
        if isinstance(value, ConstexprFunction):
            self.python(value.fn)
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
