"""``cosmati.compile``: a kernel for a target, with no launch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cosmati.backends.compiler import GPUTarget, architecture
from cosmati.backends.compiler import make_backend as make_backend
from cosmati.compiler.sources import ASTSource as ASTSource
from cosmati.compiler.sources import IRSource as IRSource
from cosmati.runtime.compiled import CompiledKernel as CompiledKernel
from cosmati.runtime.hooks import LazyDict as LazyDict


def compile(
    src: ASTSource | IRSource | str | Path,
    target: GPUTarget | str | None = None,
    options: dict[str, Any] | None = None,
) -> CompiledKernel:
    """Compiles a kernel. No GPU is needed, whatever the target.

    Parameters
    ----------
    src : ASTSource, IRSource or path
        A path names a file of IR or PTX: see IRSource.
    target : GPUTarget or str, optional
        ``GPUTarget("cuda", 90, 32)`` or "sm_90a"; by default that of the device.
    options : dict, optional
        Compile options: ``num_warps``, ``num_stages``, ``maxnreg``, ... ; for PTX also ``shared``,
        the bytes of dynamic shared memory.

    Returns
    -------
    CompiledKernel
        ``kernel.asm["ptx"]``, ``kernel[grid](*args)``.

    Raises
    ------
    CompilationError
        For a kernel that the language does not allow.
    OutOfResources, PTXASError
    KeyError
        For an option that is unknown.

    Examples
    --------
    >>> @cosmati.jit
    ... def kernel(x, BLOCK: tl.constexpr):
    ...     offs = tl.arange(0, BLOCK)
    ...     tl.store(x + offs, 2 * tl.load(x + offs))
    >>> source = ASTSource(kernel, {"x": "*fp32", "BLOCK": "constexpr"}, {"BLOCK": 128})
    >>> compiled = compile(source, GPUTarget("cuda", 80, 32), {"num_warps": 2})
    >>> compiled.metadata.arch, compiled.metadata.num_warps
    ('sm_80', 2)
    """
    if target is None:
        from cosmati.runtime.driver import driver

        wanted = driver.active.get_current_target()
    else:
        wanted = target
    arch = _device_arch(wanted) if target is None else architecture(wanted)
    given = dict(options or {})
    if isinstance(src, ASTSource):
        from cosmati.runtime.compile import compile_variant

        return compile_variant(src.variant(given, arch), src)
    if isinstance(src, (str, Path)):
        src = IRSource(src)
    if not isinstance(src, IRSource):
        raise TypeError(f"source must be an ASTSource or the path of a file, not {src!r}")
    return _compile_file(src, arch, given)


def _device_arch(target: Any) -> str:
    """The device's own architecture, unless another driver than ours names a target."""
    from cosmati.runtime.device import get_device
    from cosmati.runtime.driver import driver

    return get_device().target if driver.active is driver.default else architecture(target)


def _compile_file(src: IRSource, arch: str, given: dict[str, Any]) -> CompiledKernel:
    from cosmati import knobs
    from cosmati.runtime.options import current_options, launch_options, option_texts

    shared = {"shared": given.pop("shared")} if "shared" in given else {}
    if shared and src.ext != "ptx":
        raise KeyError("Keyword argument shared was specified but unrecognised: it is for PTX")
    chosen = {
        "target": arch, **knobs.code_options(), **current_options(), **src.parse_options(),
        **launch_options(given),
    }  # fmt: skip
    image = src.image({**chosen, **shared})
    outcome = SimpleNamespace(image=image, key=src.hash(), origin="compiled", times={}, remarks=[])
    return CompiledKernel(None, outcome, option_texts(chosen), None, src)


def max_shared_mem(device: int = 0) -> int:
    """Most shared memory of a CTA, in bytes.

    Examples
    --------
    >>> max_shared_mem() >= 48 * 1024
    True
    """
    from cosmati.runtime.driver import driver

    return int(driver.active.utils.get_device_properties(device)["max_shared_mem"])
