"""The process's compiler session: tool chain, caches and where they are."""

from __future__ import annotations

import functools
import os
import site
import sys
import warnings
from pathlib import Path
from typing import Any

from cosmati import _core

_DEFAULT_CACHE_BYTES = 1 << 30


def cache_folder() -> str:
    """Folder of the disk cache: COSMATI_CACHE_DIR, else under the user's cache folder.

    Empty (no disk cache) where COSMATI_CACHE_DIR is set to nothing.
    """
    chosen = os.environ.get("COSMATI_CACHE_DIR")
    if chosen is not None:
        return str(Path(chosen).expanduser().absolute()) if chosen else ""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return str(Path(base).expanduser().absolute() / "cosmati")


def cache_limit() -> int:
    """Bound of the disk cache in bytes: COSMATI_CACHE_MAX_BYTES, else 1 GiB."""
    return int(os.environ.get("COSMATI_CACHE_MAX_BYTES", _DEFAULT_CACHE_BYTES))


def reproducer_folder() -> str:
    """Where a failure inside of the compiler leaves what repeats it: COSMATI_REPRODUCER_DIR, else
    ``cosmati-failures`` beside the kernel cache. Empty: nothing is written.
    """
    chosen = os.environ.get("COSMATI_REPRODUCER_DIR")
    if chosen is not None:
        return chosen
    folder = cache_folder()
    return str(Path(folder).with_name("cosmati-failures")) if folder else ""


@functools.cache
def toolchain() -> Any:
    """Where CUDA's pieces are looked for, from the environment as it is at the first use."""
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    folders.extend(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    explicit = {
        piece: os.environ[variable]
        for piece, variable in {
            "libcuda": "COSMATI_LIBCUDA",
            "libnvJitLink": "COSMATI_NVJITLINK",
            "libnvrtc": "COSMATI_NVRTC",
            "ptxas": "COSMATI_PTXAS",
            "libdevice.10.bc": "COSMATI_LIBDEVICE",
        }.items()
        if os.environ.get(variable)
    }
    return _core.Toolchain(
        paths=explicit,
        site_packages=list(dict.fromkeys(folders)),
        cuda_home=os.environ.get("CUDA_HOME", ""),
        path=[part for part in os.environ.get("PATH", "").split(os.pathsep) if part],
    )


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


@functools.cache
def session() -> Any:
    """The ``_core.Jit``: memory cache, disk cache and compiler of this process."""
    return _core.Jit(
        toolchain(),
        cache_root=cache_folder(),
        cache_max_bytes=cache_limit(),
        reproducer_folder=reproducer_folder(),
        warn=_warn,
    )
