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
    ("testing", "cosmati.testing", "cosmati.testing", ("cosmati.testing",)),
    ("vm", "cosmati.vm", "cosmati.vm", ("cosmati.vm",)),
]  # fmt: skip

# Titles of the sections, by the module that defines a name.
SECTIONS = {
    "program": "Programs, loops, debugging",
    "memory": "Memory",
    "block_pointer": "Block pointers",
    "descriptor": "Tensor descriptors",
    "shapes": "Creation and shape",
    "compute": "Products, comparisons, reductions",
    "math": "Mathematics",
    "standard": "Standard functions",
    "sorting": "Sorting",
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
}


def public_names(module: Any, prefixes: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Functions and classes that users of ``module`` call, not what it imports for itself."""
    for name in sorted(vars(module), key=str.lower):
        value = getattr(module, name)
        if name.startswith("_") or isinstance(value, types.ModuleType):
            continue
        home = getattr(value, "__module__", None) or ""
        is_constant = isinstance(value, cosmati.language.constexpr)
        if home.startswith(prefixes) and callable(value) and not is_constant:
            yield name, value


def sections(module: Any, prefixes: tuple[str, ...]) -> dict[str, list[tuple[str, Any]]]:
    """The names of a page by section, sections in the order of SECTIONS, then by name."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for name, value in public_names(module, prefixes):
        home = value.__module__.rpartition(".")[2]
        found.setdefault(SECTIONS.get(home, ""), []).append((name, value))
    order = ["", *dict.fromkeys(SECTIONS.values())]
    return {title: found[title] for title in order if title in found}


def page(title: str, module_name: str, prefixes: tuple[str, ...]) -> str:
    module = __import__(module_name, fromlist=["_"])
    lines = [title, "=" * len(title), "", inspect.getdoc(module) or "", ""]
    for heading, names in sections(module, prefixes).items():
        if heading:
            lines += [heading, "-" * len(heading), ""]
        lines += [f".. py:currentmodule:: {module_name}", ""]
        for name, value in names:
            if not inspect.getdoc(value):
                _log.warning("%s.%s has no docstring", module_name, name)
            kind = "class" if isinstance(value, type) else "function"
            lines += [f".. auto{kind}:: {module_name}.{name}"]
            if kind == "class":
                lines += ["   :members:"]
            lines += [""]
    return "\n".join(lines)


def write_pages(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, module, prefixes in PAGES:
        text = page(title, module, prefixes)
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write_pages)
    return {"version": cosmati.__version__, "parallel_read_safe": True}
