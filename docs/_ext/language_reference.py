"""Writes the pages of the API reference: every public name, by the module that defines it.

Pages are made from the modules' names when the site is built, so that no function can be left out:
a public function without a docstring is a warning, hence an error of the build.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cosmati
from sphinx.application import Sphinx
from sphinx.util import logging

_log = logging.getLogger(__name__)

# Page, title, module whose public names it lists, prefixes of the modules that may define them.
PAGES: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("cosmati", "cosmati", "cosmati", ("cosmati",)),
    ("language", "cosmati.language", "cosmati.language", ("cosmati.language",)),
    ("libdevice", "cosmati.language.extra.libdevice", "cosmati.language.extra.libdevice",
     ("cosmati.language.extra",)),
    ("cuda", "cosmati.language.extra.cuda", "cosmati.language.extra.cuda",
     ("cosmati.language.extra",)),
    ("target_info", "cosmati.language.target_info", "cosmati.language.target_info",
     ("cosmati.language.target_info",)),
    ("tuning", "cosmati.tuning", "cosmati.tuning", ("cosmati.tuning",)),
    ("testing", "cosmati.testing", "cosmati.testing", ("cosmati.testing",)),
    ("vm", "cosmati.vm", "cosmati.vm", ("cosmati.vm",)),
    ("profile", "cosmati.profile", "cosmati.profile", ("cosmati.profile",)),
    ("knobs", "cosmati.knobs", "cosmati.knobs", ("cosmati.knobs", "cosmati.settings")),
    ("compiler", "cosmati.compiler", "cosmati.compiler", ("cosmati",)),
    ("driver", "cosmati.runtime.driver", "cosmati.runtime.driver", ("cosmati.runtime.driver",)),
    ("cache", "cosmati.runtime.cache", "cosmati.runtime.cache", ("cosmati.runtime.cache",)),
    ("backends", "cosmati.backends.compiler", "cosmati.backends.compiler",
     ("cosmati.backends", "cosmati.runtime.target")),
    ("tensor_descriptor", "cosmati.tools.tensor_descriptor", "cosmati.tools.tensor_descriptor",
     ("cosmati.tools.tensor_descriptor",)),
    ("aot", "cosmati.tools.compile", "cosmati.tools.compile", ("cosmati.tools.compile",)),
    ("link", "cosmati.tools.link", "cosmati.tools.link", ("cosmati.tools.link",)),
]  # fmt: skip

# Titles of the sections, by the end of the name of the module that defines a name; the longest
# wins. Every module is named, see test/docs.
SECTIONS = {
    "runtime.jit": "Kernels",
    "runtime.compiled": "Kernels",
    "cosmati": "Numbers",
    "program": "Programs, loops, debugging",
    "memory": "Memory",
    "block_pointer": "Block pointers",
    "descriptor": "Tensor descriptors",
    "shapes": "Creation and shape",
    "compute": "Products, comparisons, reductions",
    "math": "Mathematics",
    "standard": "Standard functions",
    "sorting": "Order",
    "random": "Random numbers",
    "dtypes": "Types",
    "packed": "Packed types",
    "quantization": "Quantization",
    "tensor": "Blocks",
    "tuples": "Tuples",
    "aggregates": "Aggregates",
    "constexpr": "Compile-time values",
    "inline_asm": "Inline PTX",
    "map_elementwise": "Scalar functions on blocks",
    "extern": "External functions",
    "context": "Functions of the language",
    "base": "Values",
    "libdevice": "Functions",
    "extra.cuda": "Functions",
    "target_info": "Functions",
    "tuning.autotuner": "Tuning",
    "tuning.config": "Tuning",
    "tuning.heuristic": "Tuning",
    "compiler.compiler": "Compilation",
    "compiler.sources": "Compilation",
    "runtime.ast_source": "Compilation",
    "runtime.async_compile": "Compilation",
    "runtime.times": "Compilation",
    "runtime.hooks": "Hooks",
    "runtime.options": "Options",
    "runtime.device": "Devices",
    "runtime.arrays": "Arguments",
    "runtime.addresses": "Arguments",
    "runtime.allocator": "Scratch memory",
    "device_functions.function": "Device functions in CUDA C++",
    "testing.comparing": "Comparing",
    "testing.evaluate": "Trying out",
    "testing.report": "Reports",
    "testing.timing": "Timing",
    "testing.peaks": "Peaks of the device",
    "testing.nvidia": "NVIDIA's tools",
    "vm.module": "Modules",
    "vm.arguments": "Arguments",
    "vm.tensormap": "Arguments",
    "vm.report": "What a run counts",
    "vm.findings": "What checks find",
    "vm.watching": "What checks find",
    "profile.collect": "Profiles",
    "profile.table": "Profiles",
    "profile.gpus": "Estimates",
    "profile.roofline": "Estimates",
    "cosmati.knobs": "Groups",
    "settings": "Kinds of knobs",
    "runtime.driver": "Driver",
    "runtime.cache": "Cache",
    "runtime.target": "Targets",
    "backends.compiler": "Back ends",
    "tools.tensor_descriptor": "Descriptors",
    "tools.compile": "Compiling",
    "tools.link": "Linking",
    "cosmati.errors": "Errors",
}


def public_names(module: Any, prefixes: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Functions and classes that users of ``module`` call, not what it imports for itself."""
    for name in sorted(getattr(module, "__all__", dir(module)), key=str.lower):
        if name.startswith("_") or "." in name or name == "main":
            continue
        value = getattr(module, name)
        if isinstance(value, types.ModuleType):
            continue
        home = getattr(value, "__module__", None) or ""
        is_constant = isinstance(value, cosmati.language.constexpr)
        if home.startswith(prefixes) and callable(value) and not is_constant:
            yield name, value


def section_of(home: str) -> str:
    """The title of the section of names that the module ``home`` defines; "" if there is none."""
    ends = [end for end in SECTIONS if home == end or home.endswith(f".{end}")]
    return SECTIONS[max(ends, key=len)] if ends else ""


def sections(module: Any, prefixes: tuple[str, ...]) -> dict[str, list[tuple[str, Any]]]:
    """The names of a page by section, sections in the order of SECTIONS, then by name."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for name, value in public_names(module, prefixes):
        found.setdefault(section_of(value.__module__), []).append((name, value))
    order = ["", *dict.fromkeys(SECTIONS.values())]
    return {title: found[title] for title in order if title in found}


def page(title: str, module_name: str, prefixes: tuple[str, ...], described: dict[int, str]) -> str:
    """The page's text. What another page describes (``described``: its id -> its name there) is
    only named, with a link."""
    module = __import__(module_name, fromlist=["_"])
    lines = [title, "=" * len(title), "", inspect.getdoc(module) or "", ""]
    here: dict[int, str] = {}
    for heading, names in sections(module, prefixes).items():
        lines += [heading, "-" * len(heading), "", f".. py:currentmodule:: {module_name}", ""]
        for name, value in names:
            if not inspect.getdoc(value):
                _log.warning("%s.%s has no docstring", module_name, name)
            if id(value) in described:
                lines += [f"``{name}`` is :py:obj:`{described[id(value)]}`.", ""]
                continue
            kind = "class" if isinstance(value, type) else "function"
            lines += [f".. auto{kind}:: {module_name}.{name}"]
            if kind == "class":
                lines += ["   :members:"]
            lines += [""]
            here[id(value)] = f"{module_name}.{name}"
    described.update(here)
    return "\n".join(lines)


def write_pages(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    described: dict[int, str] = {}
    for name, title, module, prefixes in PAGES:
        text = page(title, module, prefixes, described)
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write_pages)
    return {"version": cosmati.__version__, "parallel_read_safe": True}
