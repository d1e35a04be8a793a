"""The import hook that answers for ``triton`` and all below it, and for its distribution."""

from __future__ import annotations

import email.message
import importlib.abc
import importlib.machinery
import importlib.metadata
import sys
import types
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cosmati import knobs
from cosmati.compat import names
from cosmati.compat.modules import TritonModule, has_counterpart, missing_module


class _Loader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = TritonModule(spec.name, f"Cosmati's objects under the name {spec.name}.")
        module.__file__ = names.__file__  # shown by "cannot import name", and lists what is there
        if spec.name == "triton":
            module.__version__ = names.TRITON_VERSION
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run: names are looked up when they are asked for."""


class _Distribution(importlib.metadata.Distribution):
    """What ``importlib.metadata.version("triton")`` finds."""

    _text = f"Metadata-Version: 2.1\nName: triton\nVersion: {names.TRITON_VERSION}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename in ("METADATA", "PKG-INFO") else None

    def locate_file(self, path: Any) -> Any:
        return Path(__file__).parent / path

    @property
    def metadata(self) -> Any:
        return email.message_from_string(self._text)


class TritonFinder(importlib.abc.MetaPathFinder):
    """Stands first in ``sys.meta_path``, so an installed Triton is never reached."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "triton" and not fullname.startswith("triton."):
            return None
        if not has_counterpart(fullname):
            raise missing_module(fullname)
        # All are packages: every one of Triton's modules may have names below it here.
        return importlib.machinery.ModuleSpec(
            fullname, _Loader(), origin="cosmati.compat", is_package=True
        )

    def find_distributions(self, context: Any = None) -> Iterable[importlib.metadata.Distribution]:
        name = getattr(context, "name", None)
        return [_Distribution()] if name is None or name.lower() == "triton" else []


def installed() -> TritonFinder | None:
    """The hook, if it is in place."""
    return next((item for item in sys.meta_path if isinstance(item, TritonFinder)), None)


def install() -> None:
    """Makes ``import triton`` give Cosmati, and ``TRITON_...`` variables count; a second call
    changes nothing.

    ImportError if another ``triton`` is imported already: kernels would be of two kinds.
    """
    if installed() is not None:
        return
    there = sys.modules.get("triton")
    if there is not None:
        version = getattr(there, "__version__", "of unknown version")
        raise ImportError(
            f"triton {version} ({getattr(there, '__file__', 'no file')}) is imported already, so "
            "`import triton` can't give Cosmati any more: import cosmati.compat.triton first, or "
            f"start the program with `python -m cosmati.compat`. See {names.DOCS}"
        )
    sys.meta_path.insert(0, TritonFinder())
    knobs.use_triton_environment()


def uninstall() -> None:
    """Takes the hook and its modules away; modules that imported them keep what they have."""
    finder = installed()
    if finder is None:
        return
    sys.meta_path.remove(finder)
    knobs.use_triton_environment(False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "triton"]:
        if isinstance(sys.modules[name], TritonModule):
            del sys.modules[name]
