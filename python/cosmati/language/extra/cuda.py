"""Functions that only NVIDIA's targets have."""

from __future__ import annotations

from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builtin, generator
from cosmati.language.dtypes import float8e4b15, float16, float32, int32, int64
from cosmati.language.extra import libdevice as libdevice
from cosmati.language.inline_asm import inline_asm_elementwise
from cosmati.language.target_info import cuda_capability_geq
from cosmati.language.tensor import cast, tensor


@builtin
def num_warps() -> int:
    """Warps of 32 threads in a program.

    Examples
    --------
    >>> evaluate("tl.extra.cuda.num_warps()", num_warps=8)
    np.int32(8)
    """
    return generator().num_warps


@builtin
def num_threads() -> int:
    """Threads in a program.

    Examples
    --------
    >>> evaluate("tl.extra.cuda.num_threads()", num_warps=8)
    np.int32(256)
    """
    return 32 * generator().num_warps


@builtin
def globaltimer() -> tensor:
    """Nanoseconds of the GPU's global clock; int64. Each call reads it anew.

    Its step is about a microsecond on real devices. On the virtual machine it counts what has run.

    Examples
    --------
    >>> bool(evaluate("tl.extra.cuda.globaltimer()") > 0)
    True
    """
    text = "mov.u64 $0, %globaltimer;"
    return inline_asm_elementwise(text, "=l", [], int64, False, 1)  # type: ignore[no-any-return]


@builtin
def smid() -> tensor:
    """Number of the multiprocessor that runs this program; int32.

    Examples
    --------
    >>> bool(evaluate("tl.extra.cuda.smid()") >= 0)
    True
    """
    text = "mov.u32 $0, %smid;"
    return inline_asm_elementwise(text, "=r", [], int32, True, 1)  # type: ignore[no-any-return]


def _grid_dependency(what: str) -> None:
    if not unwrap(cuda_capability_geq(9, 0)):
        raise ValueError(
            f"griddepcontrol.{what} needs a target of sm_90 or newer; this kernel is compiled for "
            f"{generator().target}: guard the call with tl.target_info.cuda_capability_geq(9, 0)"
        )
    inline_asm_elementwise(f"griddepcontrol.{what}; // $0", "=r", [], int32, False, 1)


@builtin
def gdc_wait() -> None:
    """Waits until the kernels before this one, which it depends on, have finished and what they
    wrote can be seen. Nothing to wait for where no such dependency was launched. sm_90 or newer.

    Examples
    --------
    >>> evaluate('''
    ...     tl.extra.cuda.gdc_wait()
    ...     tl.sum(x)
    ... ''', x=np.ones(4, np.int32))
    np.int32(4)
    """
    _grid_dependency("wait")


@builtin
def gdc_launch_dependents() -> None:
    """Lets the kernels that depend on this one start when all its programs have come here or
    finished: a hint, where the launch asked for it. sm_90 or newer.

    Examples
    --------
    >>> evaluate('''
    ...     tl.extra.cuda.gdc_launch_dependents()
    ...     tl.sum(x)
    ... ''', x=np.ones(4, np.int32))
    np.int32(4)
    """
    _grid_dependency("launch_dependents")


@builtin
def convert_custom_float8_sm80(arg: Any, dst_ty: Any, fp_downcast_rounding: Any = None) -> tensor:
    """Casts from float8e4b15 to float16 or float32, or from these to float8e4b15.

    Same as ``tl.cast``; ``fp_downcast_rounding`` has no effect.

    Examples
    --------
    >>> evaluate("tl.extra.cuda.convert_custom_float8_sm80(x, tl.float8e4b15).to(tl.float32)",
    ...          x=np.array([1.0, 1.1], np.float32))
    array([1.   , 1.125], dtype=float32)
    """
    target = unwrap(dst_ty).scalar
    custom, wide = (float8e4b15,), (float16, float32)
    known = arg.dtype in custom and target in wide or arg.dtype in wide and target in custom
    if not known:
        raise TypeError(
            f"convert_custom_float8 converts between float8e4b15 and float16 or float32, not "
            f"{arg.dtype} to {target}; use tl.cast"
        )
    return cast(arg, target)


convert_custom_float8_sm70 = convert_custom_float8_sm80

__all__ = [
    "convert_custom_float8_sm70", "convert_custom_float8_sm80", "gdc_launch_dependents", "gdc_wait",
    "globaltimer", "libdevice", "num_threads", "num_warps", "smid",
]  # fmt: skip
