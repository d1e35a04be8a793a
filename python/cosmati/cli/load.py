"""Kernels named on the command line: ``FILE.py::KERNEL``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from cosmati.errors import CosmatiError


def load_kernel(name: str) -> Any:
    """Imports the file and gives its kernel; CosmatiError if there is none of that name."""
    file, separator, kernel = name.partition("::")
    path = Path(file)
    if not separator or not kernel:
        raise CosmatiError(f"{name!r} names no kernel; write FILE.py::KERNEL")
    if not path.is_file():
        raise CosmatiError(f"there is no file {file}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CosmatiError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    found = _plain(getattr(module, kernel, None))
    if not getattr(found, "__cosmati_jit__", False):
        kernels = [key for key, value in vars(module).items() if _is_kernel(value, path.stem)]
        raise CosmatiError(
            f"{file} has no kernel {kernel!r}; it has {', '.join(kernels) or 'none'}"
        )
    return found


def _plain(value: Any) -> Any:
    """The jit function below an autotuner or heuristics: one variant is asked for by its values."""
    while getattr(value, "__cosmati_jit__", False) is False and hasattr(value, "base_fn"):
        value = value.fn
    return value


def _is_kernel(value: Any, module: str) -> bool:
    value = _plain(value)
    return getattr(value, "__cosmati_jit__", False) and value.fn.__module__ == module


def split_signature(text: str, names: list[str], kernel: str) -> list[str]:
    """The entries of a signature, one for each parameter; CosmatiError for another number."""
    parts = [part.strip() for part in text.split(",")]
    if "tensordesc<" in text:
        raise CosmatiError(
            f"the signature {text!r} has a tensor descriptor, which is made from an array when a "
            "kernel is launched: pass the pointer, shape and strides, and call "
            "tl.make_tensor_descriptor in the kernel"
        )
    if len(parts) != len(names):
        raise CosmatiError(
            f"the signature has {len(parts)} entries, but {kernel} has {len(names)} parameters: "
            f"{', '.join(names)}"
        )
    return parts


def parse_constant(text: str) -> Any:
    """A constexpr's value: a number, True, False, None, a dtype's name, or a string."""
    from cosmati import language as tl

    plain = {"True": True, "False": False, "None": None}
    if text in plain:
        return plain[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    if isinstance(getattr(tl, text.removeprefix("tl."), None), tl.core.dtype):
        return getattr(tl, text.removeprefix("tl."))
    return text.strip("'\"")


def parse_options(pairs: list[str]) -> dict[str, Any]:
    """Compile options given as NAME=VALUE."""
    from cosmati.runtime.options import check_option

    options = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise CosmatiError(f"{pair!r} is no option; write NAME=VALUE")
        check_option(name)
        options[name] = parse_constant(value)
    return options
