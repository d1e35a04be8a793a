"""What ``cosmati.knobs`` is made of: one setting, a group of them, and what they do when set."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

_TRUE = ("1", "true", "yes", "on", "y")
_FALSE = ("", "0", "false", "no", "off", "n")


def propagates() -> bool:
    """Whether setting a knob sets its environment variable, too; replaced by cosmati.knobs."""
    return True


_reads_triton = False
_warned: set[str] = set()


def use_triton_environment(on: bool = True) -> None:
    """Whether ``TRITON_...`` variables count where the ``COSMATI_...`` ones are not set.

    Examples
    --------
    >>> use_triton_environment()  # doctest: +SKIP
    >>> cosmati.knobs.runtime.debug  # doctest: +SKIP
    True
    """
    global _reads_triton
    _reads_triton = on


def triton_variable(name: str) -> str | None:
    """A variable of Triton's, if they count."""
    return os.environ.get(name) if _reads_triton else None


class FromEnvironment:
    """Assigned to a knob, it makes the environment's value count again."""


env = FromEnvironment()


def warn_once(text: str) -> None:
    """A RuntimeWarning, once in the process for each text."""
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, RuntimeWarning, stacklevel=4)


class Knob:
    """A setting that is read from its variable unless the program has set it.

    Parameters
    ----------
    variable : str
        Environment variable, ``COSMATI_...``.
    default
        Value, or a function without arguments that gives it.
    triton : str
        Triton's variable for the same, which counts after use_triton_environment().
    changed : function, optional
        Called after the live setting was changed.
    ignored : str
        Why the setting changes nothing here: setting it warns, once.
    """

    kind = "str"

    def __init__(
        self,
        variable: str,
        default: Any = None,
        *,
        triton: str = "",
        changed: Callable[[], None] | None = None,
        ignored: str = "",
    ) -> None:
        self.key = self.variable = variable
        self.triton = triton
        self.default = default
        self.changed = changed
        self.ignored = ignored
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def parse(self, text: str) -> Any:
        """The value that a variable's text stands for; ValueError if it is none."""
        return text

    def check(self, value: Any) -> Any:
        """The value as it is kept; TypeError or ValueError if it can't be one."""
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{self.name} is a text, not {value!r}")
        return value

    def text_of(self, value: Any) -> str | None:
        """The variable's text for a value; None: the variable is unset."""
        return None if value is None else str(value)

    def from_environment(self) -> Any:
        for variable in (self.variable, self.triton if _reads_triton else ""):
            text = os.environ.get(variable) if variable else None
            if text is None:
                continue
            try:
                return self.parse(text)
            except ValueError as error:
                raise ValueError(f"{variable}={text}: {error}") from None
        return self.default() if callable(self.default) else self.default

    def __get__(self, group: Any, owner: type | None = None) -> Any:
        if group is None:
            return self
        values = group._values
        return values[self.name] if self.name in values else self.from_environment()

    def __set__(self, group: Any, value: Any) -> None:
        if isinstance(value, FromEnvironment):
            self.__delete__(group)
            return
        value = self.check(value)
        if group._is_live and self.ignored:
            warn_once(f"cosmati.knobs.{group._name}.{self.name} changes nothing: {self.ignored}")
        group._values[self.name] = value
        if group._is_live:
            if propagates():
                _set_variable(self.variable, self.text_of(value))
            self._tell()

    def __delete__(self, group: Any) -> None:
        if group._values.pop(self.name, self) is not self and group._is_live:
            self._tell()

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()


def _set_variable(name: str, text: str | None) -> None:
    if text is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = text


class Flag(Knob):
    """On or off."""

    kind = "bool"

    def parse(self, text: str) -> bool:
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise ValueError("use 1 or 0")

    def check(self, value: Any) -> Any:
        if value is not None and not isinstance(value, (bool, int)):
            raise TypeError(f"{self.name} is on or off (a bool), not {value!r}")
        return None if value is None else bool(value)

    def text_of(self, value: Any) -> str | None:
        return None if value is None else str(int(value))


class Number(Knob):
    """A count."""

    kind = "int"

    def parse(self, text: str) -> int:
        return self.check(int(text))

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{self.name} is an integer, not {value!r}")
        if value < 0:
            raise ValueError(f"{self.name}={value}: it must not be negative")
        return value


class ClassName(Knob):
    """A class; its variable names it as ``module:Class``."""

    kind = "class"

    def __init__(self, variable: str, base: str, **more: Any) -> None:
        super().__init__(variable, **more)
        self.base = base

    def parse(self, text: str) -> Any:
        if not text:
            return None
        module, separator, name = text.partition(":")
        if not separator:
            raise ValueError("use MODULE:CLASS")
        found = getattr(importlib.import_module(module), name, None)
        if found is None:
            raise ValueError(f"the module {module} has no {name}")
        return self.check(found)

    def check(self, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, type) or all(c.__name__ != self.base for c in value.mro()):
            raise ValueError(f"{self.name}: {value!r} is no subclass of {self.base}")
        return value

    def text_of(self, value: Any) -> str | None:
        return None if value is None else f"{value.__module__}:{value.__qualname__}"


class Tool:
    """A program of NVIDIA's: ``path`` and ``version`` ("13.0"), both texts."""

    def __init__(self, path: str, version: str) -> None:
        self.path, self.version = path, version

    def __repr__(self) -> str:
        return f"Tool({self.path!r}, {self.version!r})"


class ToolKnob(Knob):
    """A program: set as a path, read as a Tool. RuntimeError where it is not found."""

    kind = "tool"

    def __init__(self, variable: str, program: str, **more: Any) -> None:
        super().__init__(variable, **more)
        self.program = program

    def __get__(self, group: Any, owner: type | None = None) -> Any:
        if group is None:
            return self
        path = super().__get__(group, owner) or find_program(self.program)
        if path is None:
            raise RuntimeError(
                f"{self.program} was not found in CUDA_HOME, the nvidia-* packages or PATH; "
                f"{self.variable} names it, `cosmati doctor` lists what is there"
            )
        return Tool(path, program_version(path))


def find_program(program: str) -> str | None:
    """Path of a CUDA program: beside the toolkit in CUDA_HOME, in the wheels, on PATH."""
    import shutil
    import sys

    home = os.environ.get("CUDA_HOME")
    folders = [os.path.join(home, "bin")] if home else []
    for root in sys.path:
        if root.endswith(("site-packages", "dist-packages")):
            for part in ("nvidia/cu13", "nvidia/cuda_nvcc", "nvidia/cuda_cuobjdump",
                         "nvidia/cuda_nvdisasm"):  # fmt: skip
                folders.append(os.path.join(root, part, "bin"))
    folders += ["/usr/local/cuda/bin"]
    found = shutil.which(program, path=os.pathsep.join(folders))
    return found or shutil.which(program)


def program_version(path: str) -> str:
    """ "13.0" of what ``PROGRAM --version`` says; empty where it says nothing of the kind."""
    import re
    import subprocess

    try:
        text = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeError(f"{path} can't be run: {error}") from None
    found = re.search(r"release (\d+\.\d+)", text.stdout + text.stderr)
    return found.group(1) if found else ""


class HookChain:
    """Functions that are called in order, or in the reverse of it.

    ``add`` and ``remove`` ignore what is there, and what is not.
    """

    def __init__(self, reversed: bool = False, changed: Callable[[], None] | None = None) -> None:
        self.reversed = reversed
        self._calls: tuple[Callable[..., Any], ...] = ()
        self._changed = changed

    @property
    def calls(self) -> tuple[Callable[..., Any], ...]:
        return self._calls

    def add(self, func: Callable[..., Any]) -> None:
        if not callable(func):
            raise TypeError(f"a hook is a function, not {func!r}")
        if func not in self._calls:
            self._set((*self._calls, func))

    def remove(self, func: Callable[..., Any]) -> None:
        self._set(tuple(item for item in self._calls if item != func))

    def _set(self, calls: tuple[Callable[..., Any], ...]) -> None:
        self._calls = calls
        if self._changed is not None:
            self._changed()

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        for call in reversed(self._calls) if self.reversed else self._calls:
            call(*args, **kwargs)

    def copy(self) -> HookChain:
        """The same calls in a chain of its own."""
        other = HookChain(self.reversed)
        other._calls = self._calls
        return other

    def __bool__(self) -> bool:
        return bool(self._calls)

    def __repr__(self) -> str:
        return f"HookChain({list(self._calls)!r})"


Self = TypeVar("Self", bound="Group")


class Group:
    """Settings of one subject. Attributes are read and assigned; a wrong name is an error."""

    _name: str
    _is_live: bool
    _values: dict[str, Any]

    def __init__(self, name: str, live: bool = True) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_is_live", live)
        object.__setattr__(self, "_values", {})
        self._begin()

    def _begin(self) -> None:
        """Sets attributes that are no knobs."""

    @classmethod
    def _knobs(cls) -> dict[str, Knob]:
        return {name: knob for name, knob in vars(cls).items() if isinstance(knob, Knob)}

    @property
    def knob_descriptors(self) -> dict[str, Knob]:
        return self._knobs()

    @property
    def knobs(self) -> dict[str, Any]:
        """Every knob of the group with its value."""
        return {name: getattr(self, name) for name in self._knobs()}

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            known = ", ".join(n for n in dir(type(self)) if not n.startswith("_"))
            raise AttributeError(f"cosmati.knobs.{self._name} has no {name!r}; it has {known}")
        object.__setattr__(self, name, value)

    def copy(self: Self) -> Self:
        """The same values in a group that changes nothing when it is set."""
        other = type(self)(self._name, live=False)
        other._values.update(self._values)
        for name, value in self._extras().items():
            vars(other)[name] = value.copy() if isinstance(value, HookChain) else value
        return other

    def _extras(self) -> dict[str, Any]:
        """Hooks and listeners: what is set but is no knob."""
        return {k: v for k, v in vars(self).items() if k not in ("_name", "_is_live", "_values")}

    def reset(self: Self) -> Self:
        """Makes the environment, else the defaults, count again for every knob."""
        for name in self._knobs():
            delattr(self, name)
        return self

    def _restore(self, values: dict[str, Any]) -> None:
        changed = [
            name
            for name in {*self._values, *values}
            if self._values.get(name, env) is not values.get(name, env)
        ]
        self._values.clear()
        self._values.update(values)
        if self._is_live:
            for name in changed:
                if name in self._knobs():
                    self._knobs()[name]._tell()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Puts knobs, hooks and environment variables back at the block's end."""
        variables = [knob.variable for knob in self._knobs().values()]
        before = {name: os.environ.get(name) for name in variables}
        values, extras = dict(self._values), self._extras()
        calls = {k: v.calls for k, v in extras.items() if isinstance(v, HookChain)}
        try:
            yield
        finally:
            for name, text in before.items():
                _set_variable(name, text)
            self._restore(values)
            for name in self._extras():
                if name not in extras:
                    del vars(self)[name]
            vars(self).update(extras)
            for name, chain_calls in calls.items():
                extras[name]._set(chain_calls)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"cosmati.knobs.{self._name}({values})"
