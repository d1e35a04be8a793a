"""The process's compiler session: tool chain, caches and where they are."""

from __future__ import annotations

import functools
import os
import site
import sys
import warnings
from pathlib import Path
from typing import Any

from cosmati import _core, knobs
from cosmati.settings import Knob


def cache_folder() -> str:
    """Folder of the disk cache: ``cosmati.knobs.cache.dir``. Empty: no disk cache."""
    chosen = knobs.cache.dir
    return str(Path(chosen).expanduser().absolute()) if chosen else ""


def cache_limit() -> int:
    """Bound of the disk cache in bytes."""
    return int(knobs.cache.max_bytes)


def reproducer_folder() -> str:
    """Where a failure inside of the compiler leaves what repeats it, else ``cosmati-failures``
    beside the kernel cache. Empty: nothing is written.
    """
    chosen = knobs.cache.reproducer_dir
    if chosen is not None:
        return str(chosen)
    folder = cache_folder()
    return str(Path(folder).with_name("cosmati-failures")) if folder else ""


def _explicit_pieces() -> dict[str, str]:
    """Pieces of CUDA whose files were named."""
    given = {
        "libcuda": knobs.nvidia.libcuda_path,
        "libnvJitLink": os.environ.get("COSMATI_NVJITLINK"),
        "libnvrtc": os.environ.get("COSMATI_NVRTC"),
        "ptxas": Knob.__get__(knobs.NvidiaKnobs.ptxas, knobs.nvidia),
        "libdevice.10.bc": knobs.nvidia.libdevice_path,
    }
    return {piece: path for piece, path in given.items() if path}


def toolchain() -> Any:
    """Where CUDA's pieces are looked for: one object for one set of settings."""
    return _toolchain(tuple(sorted(_explicit_pieces().items())))


@functools.cache
def _toolchain(explicit: tuple[tuple[str, str], ...]) -> Any:
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    folders.extend(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return _core.Toolchain(
        paths=dict(explicit),
        site_packages=list(dict.fromkeys(folders)),
        cuda_home=os.environ.get("CUDA_HOME", ""),
        path=[part for part in os.environ.get("PATH", "").split(os.pathsep) if part],
    )


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def session() -> Any:
    """The ``_core.Jit``: memory cache, disk cache and compiler. One for one set of settings."""
    return _session(
        toolchain(), cache_folder(), cache_limit(), reproducer_folder(), knobs.cache.max_kernels
    )


@functools.cache
def _session(tools: Any, folder: str, limit: int, reproducers: str, kernels: int) -> Any:
    _core.set_variant_limit(knobs.cache.max_variants)
    return _core.Jit(
        tools,
        cache_root=folder,
        cache_max_bytes=limit,
        reproducer_folder=reproducers,
        warn=_warn,
        memory_entries=kernels,
    )
