"""The documentation's site: `sphinx-build docs build/site`. The package has to be importable."""

from __future__ import annotations

import sys
from pathlib import Path

import cosmati

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "Cosmati"
version = release = cosmati.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "language_reference",
]
exclude_patterns = ["_ext"]
html_theme = "furo"
html_title = "Cosmati"
html_copy_source = False

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# Pages link to files of the project outside of docs/, which a reader of the sources can follow.
# Pygments knows no MLIR, and not all of TableGen.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say more than `Any`
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
