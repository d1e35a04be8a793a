"""Functions that only NVIDIA's targets have."""

from cosmati.language.context import builtin, generator
from cosmati.language.extra import libdevice as libdevice


@builtin
def num_warps() -> int:
    """Warps of 32 threads in a program."""
    return generator().num_warps


@builtin
def num_threads() -> int:
    """Threads in a program."""
    return 32 * generator().num_warps


__all__ = ["libdevice", "num_threads", "num_warps"]
