"""The package's kernels, compiled by Triton: the same source, blocks and launches.

The kernel language is Triton's, so the text of ``cosmati.kernels`` becomes a package for Triton by
changing what its names are imported from. Host functions come along unchanged.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

PACKAGE = "kernels_on_triton"

_CHANGES = (
    (r"^import cosmati\.language as tl$", "import triton.language as tl"),
    (r"^import cosmati$", "import triton as cosmati"),
    (r"^(\s*)from cosmati\.kernels\b", rf"\1from {PACKAGE}"),
    # Triton always takes numbers below 2^-126 for zero in exp2 and has no option for it.
    (r"^\s*ftz=.*,$", ""),
)


def translate(text: str) -> str:
    """A module of cosmati.kernels as one for Triton."""
    for pattern, replacement in _CHANGES:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def write_package(kernels: Path, folder: Path) -> None:
    """Writes the translated package into ``folder``, which must be empty of it."""
    for source in sorted(kernels.rglob("*.py")):
        target = folder / PACKAGE / source.relative_to(kernels)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(translate(source.read_text(encoding="utf-8")), encoding="utf-8")


HOST_FUNCTIONS = {
    "elementwise": ("add",),
    "norm": ("softmax",),
    "gemm": ("gemm", "gemm_int4", "gemm_mixed", "GemmConfig"),
    "attention": ("attention", "AttentionConfig"),
    "quantize": ("QuantSpec", "quantize", "dequantize"),
}


def host_functions(package: str) -> SimpleNamespace:
    """What the bench calls, out of ``cosmati.kernels`` or its translation."""
    found = SimpleNamespace()
    for family, names in HOST_FUNCTIONS.items():
        module = importlib.import_module(f"{package}.{family}")
        for name in names:
            setattr(found, name, getattr(module, name))
    return found


def load(folder: Path) -> SimpleNamespace:
    """The host functions on Triton; their package is written below ``folder``."""
    import cosmati.kernels

    (origin,) = cosmati.kernels.__path__
    write_package(Path(origin), folder)
    sys.path.insert(0, str(folder))
    return host_functions(PACKAGE)
