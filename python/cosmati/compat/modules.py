"""The modules called ``triton...``: they hold nothing and ask Cosmati's modules at each use.

So a name that is set on one side is seen on the other, objects are the same on both, and a module
of Cosmati is imported when the first name of it is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from typing import Any

from cosmati.compat import names


def is_there(module: str) -> bool:
    """Whether Cosmati has a module of that name, without importing it."""
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its package is not there, or no package
        return False


def has_counterpart(module: str) -> bool:
    """Whether any module of Cosmati stands behind ``triton...``."""
    return any(is_there(target) for target in names.MODULES.get(module, ()))


def missing_module(module: str) -> ModuleNotFoundError:
    """The error for ``import triton.X`` where Cosmati has no X."""
    reason = names.reason_absent(module)
    if reason is None:
        reason = f"Triton {names.TRITON_VERSION} has no such module, or Cosmati lacks it"
    return ModuleNotFoundError(
        f"No module named {module!r} in Cosmati's compatibility layer: {reason}. "
        f"{names.DOCS} lists what is there",
        name=module,
    )


class TritonModule(types.ModuleType):
    """A module whose attributes are those of modules of Cosmati."""

    # Marks these modules for the front end: what a kernel takes from them belongs to the language.
    __cosmati__ = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name != "__all__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name == "__all__":
            return self._exported()
        submodule = f"{self.__name__}.{name}"
        alias = names.ALIASES.get(self.__name__, {}).get(name)
        if alias is not None:
            where, _, attribute = alias.partition(":")
            found = importlib.import_module(where)
            return getattr(found, attribute) if attribute else found
        for target in names.MODULES[self.__name__]:
            try:
                module = importlib.import_module(target)
            except ModuleNotFoundError as error:
                if error.name is not None and (target + ".").startswith(error.name + "."):
                    continue
                raise
            value = getattr(module, name, self)
            if value is not self and not isinstance(value, types.ModuleType):
                return value
        if submodule in names.MODULES and has_counterpart(submodule):
            return importlib.import_module(submodule)
        raise AttributeError(self._missing(name))

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets it in Cosmati; the import system's own marks stay here."""
        if name.startswith("__") or isinstance(value, TritonModule):
            # A submodule is found by __getattr__, after an object of the same name (`driver`).
            if name.startswith("__"):
                super().__setattr__(name, value)
            return
        owner = self._owner(name)
        before = vars(self).setdefault("__before__", {})
        before.setdefault(name, getattr(owner, name, self))
        setattr(owner, name, value)

    def __delattr__(self, name: str) -> None:
        """Takes a name away; one that was set here gets the value back that it had before.

        So do tools that patch modules expect it: the name is not in this module's dictionary.
        """
        value = vars(self).get("__before__", {}).pop(name, self)
        if value is self:
            delattr(self._owner(name), name)
        else:
            setattr(self._owner(name), name, value)

    def __dir__(self) -> list[str]:
        found = set(super().__dir__())
        for module in self._present():
            found.update(getattr(module, "__all__", dir(module)))
        below = self.__name__ + "."
        for name in names.MODULES:
            rest = name.removeprefix(below)
            if name.startswith(below) and "." not in rest and has_counterpart(name):
                found.add(rest)
        return sorted(found)

    def _present(self) -> list[types.ModuleType]:
        targets = names.MODULES[self.__name__]
        return [importlib.import_module(target) for target in targets if is_there(target)]

    def _owner(self, name: str) -> types.ModuleType:
        """The module of Cosmati that has the name, else the first there is."""
        present = self._present()
        return next((module for module in present if hasattr(module, name)), present[0])

    def _exported(self) -> list[str]:
        """What ``from triton.X import *`` takes: only what is there."""
        if self.__name__ == "triton":
            return [name for name in names.ALL if hasattr(self, name)]
        own = getattr(self._present()[0], "__all__", None)
        if own is not None:
            return list(own)
        return [name for name in dir(self) if not name.startswith("_") and hasattr(self, name)]

    def _missing(self, name: str) -> str:
        submodule = f"{self.__name__}.{name}"
        reason = names.ABSENT_NAMES.get(self.__name__, {}).get(name)
        reason = reason or names.reason_absent(submodule)
        because = f": {reason}" if reason else ""
        return (
            f"module {self.__name__!r} has no attribute {name!r} in Cosmati's compatibility "
            f"layer{because}. {names.DOCS} lists what is there"
        )
