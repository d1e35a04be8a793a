"""What kernels are compiled for, and what compiled code may assume about arguments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

TRITON_VERSION = "3.7.1"
"""The Triton whose names, signatures and rules are kept."""

_C_TYPES = {
    "i1": "int8_t", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t", "i64": "int64_t",
    "u1": "uint8_t", "u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t",
    "fp16": "uint16_t", "bf16": "uint16_t", "fp32": "float", "f32": "float", "fp64": "double",
}  # fmt: skip


def c_type(text: str) -> str:
    """C's type of a parameter: pointers are CUdeviceptr, 16-bit floats their bits in uint16_t."""
    if text.startswith("*"):
        return "CUdeviceptr"
    if text not in _C_TYPES:
        raise ValueError(f"there is no C type for a parameter of type {text!r}")
    return _C_TYPES[text]


@dataclass(frozen=True)
class GPUTarget:
    """A kind of GPU.

    Attributes
    ----------
    backend : str
        "cuda".
    arch : int or str
        Compute capability as a number, 80 or 90; or "90a", "sm_90a" to choose among the
        targets of one capability. A number stands for the most that the hardware has: 90 is sm_90a.
    warp_size : int
        32.
    """

    backend: str
    arch: int | str
    warp_size: int = 32


class Language(Enum):
    """What a source is written in."""

    TRITON = 0
    GLUON = 1


def architecture(target: GPUTarget | str) -> str:
    """ "sm_90a" for a target; ValueError for one that is no NVIDIA GPU.

    Examples
    --------
    >>> architecture(GPUTarget("cuda", 90, 32)), architecture(GPUTarget("cuda", "90", 32))
    ('sm_90a', 'sm_90')
    """
    if isinstance(target, str):
        return target if target.startswith("sm_") else "sm_" + target
    if not isinstance(target, GPUTarget):
        raise TypeError(f"a target is a GPUTarget or a text like 'sm_90a', not {target!r}")
    if target.backend != "cuda":
        raise ValueError(
            f"GPUTarget backend {target.backend!r}: kernels are compiled for NVIDIA GPUs alone; "
            'use GPUTarget("cuda", 90, 32)'
        )
    if target.warp_size != 32:
        raise ValueError(f"GPUTarget warp_size {target.warp_size}: warps have 32 threads")
    arch = str(target.arch).removeprefix("sm_").removeprefix("sm")
    if isinstance(target.arch, int) and target.arch >= 90:
        arch += "a"  # wgmma, setmaxnreg and their successors are in the specific targets
    return "sm_" + arch


def target_of(arch: str) -> GPUTarget:
    """The GPUTarget of "sm_90a".

    Examples
    --------
    >>> target_of("sm_90a")
    GPUTarget(backend='cuda', arch=90, warp_size=32)
    """
    return GPUTarget("cuda", int("".join(c for c in arch if c.isdigit())), 32)


class AttrsDescriptor(NamedTuple):
    """Parameters, by number, whose values are divisible by 16, and those that are 1.

    The older form of ``ASTSource(attrs=...)``, which takes it as well.
    """

    divisible_by_16: tuple[int, ...] = ()
    equal_to_1: tuple[int, ...] = ()

    @classmethod
    def from_hints(cls, hints: dict[Any, int]) -> AttrsDescriptor:
        """From parameter number -> 16 or 1."""
        plain = {k[0] if isinstance(k, tuple) else k: v for k, v in hints.items()}
        return cls(
            tuple(k for k, v in plain.items() if v == 16),
            tuple(k for k, v in plain.items() if v == 1),
        )

    def to_attrs(self) -> dict[tuple[int, ...], list[list[Any]]]:
        """The form with paths: ``{(0,): [["tt.divisibility", 16]]}``."""
        return {(index,): [["tt.divisibility", 16]] for index in self.divisible_by_16}
