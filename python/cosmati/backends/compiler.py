"""What kernels are compiled for, and what compiled code may assume about arguments."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple


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
    """ "sm_90a" for a target; ValueError for one that is no NVIDIA GPU."""
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
    """The GPUTarget of "sm_90a"."""
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


class BaseBackend:
    """What a target's compiler answers about arguments; the pipeline itself is C++."""

    binary_ext = "cubin"

    def __init__(self, target: GPUTarget) -> None:
        architecture(target)
        self.target = target

    @staticmethod
    def supports_target(target: GPUTarget) -> bool:
        return target.backend == "cuda"

    def hash(self) -> str:
        """Versions of everything that compiles."""
        from cosmati.runtime.session import session

        text = f"{session().versions}-{architecture(self.target)}"
        return hashlib.sha256(text.encode()).hexdigest()

    def parse_options(self, options: dict[str, Any]) -> dict[str, Any]:
        """The compile options that these stand for; KeyError for one that is unknown."""
        from cosmati.runtime.options import launch_options

        return launch_options(options)

    def get_module_map(self) -> dict[str, Any]:
        """Modules that take the place of others in kernels: none need to."""
        return {}

    @staticmethod
    def parse_attr(desc: str) -> list[list[Any]]:
        """ "D" (divisible by 16) as attributes."""
        return [["tt.divisibility", 16]] if "D" in desc else []

    @staticmethod
    def get_int_specialization(arg: int, **kwargs: Any) -> str:
        return "D" if arg % 16 == 0 and kwargs.get("align", False) else ""

    @staticmethod
    def get_tensor_specialization(arg: Any, **kwargs: Any) -> str:
        return "D" if arg.data_ptr() % 16 == 0 and kwargs.get("align", False) else ""

    def add_stages(self, stages: dict[str, Any], options: Any, language: Any = None) -> None:
        raise NotImplementedError(
            "add_stages: the stages of compilation are C++ passes and can't be given from Python; "
            "override_stage=STAGE=FILE replaces a stage's result"
        )


class CudaBackend(BaseBackend):
    """NVIDIA GPUs."""


class Backend(NamedTuple):
    """A back end's two classes."""

    compiler: type
    driver: type


def make_backend(target: GPUTarget) -> BaseBackend:
    """The back end of a target."""
    return CudaBackend(target)
