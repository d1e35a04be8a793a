"""What a kernel may ask about the target it is compiled for."""

from __future__ import annotations

from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builtin, generator


def compute_capability(target: str) -> tuple[int, int]:
    """(9, 0) for "sm_90a"."""
    digits = "".join(ch for ch in target.removeprefix("sm_") if ch.isdigit())
    return int(digits[:-1]), int(digits[-1])


@builtin
def current_target() -> str:
    """Name of the target, e.g. "sm_90a".

    Examples
    --------
    >>> evaluate("tl.target_info.current_target()")  # doctest: +SKIP
    'sm_90a'
    """
    return generator().target


@builtin
def is_cuda() -> bool:
    """True: every target is an NVIDIA architecture.

    Examples
    --------
    >>> evaluate("tl.target_info.is_cuda()")
    np.True_
    """
    return True


@builtin
def is_hip() -> bool:
    """False; see is_cuda.

    Examples
    --------
    >>> evaluate("tl.target_info.is_hip()")
    np.False_
    """
    return False


@builtin
def is_hip_cdna3() -> bool:
    """False; see is_cuda.

    Examples
    --------
    >>> evaluate("tl.target_info.is_hip_cdna3()")
    np.False_
    """
    return False


@builtin
def is_hip_cdna4() -> bool:
    """False; see is_cuda.

    Examples
    --------
    >>> evaluate("tl.target_info.is_hip_cdna4()")
    np.False_
    """
    return False


@builtin
def is_hip_gfx1250() -> bool:
    """False; see is_cuda.

    Examples
    --------
    >>> evaluate("tl.target_info.is_hip_gfx1250()")
    np.False_
    """
    return False


@builtin
def cuda_capability_geq(major: Any, minor: Any = 0) -> bool:
    """Whether the target's compute capability is at least ``major.minor``.

    Examples
    --------
    >>> evaluate("tl.target_info.cuda_capability_geq(8, 0)")
    np.True_
    """
    return compute_capability(generator().target) >= (unwrap(major), unwrap(minor))


__all__ = [
    "cuda_capability_geq", "current_target", "is_cuda", "is_hip", "is_hip_cdna3", "is_hip_cdna4",
    "is_hip_gfx1250",
]  # fmt: skip
