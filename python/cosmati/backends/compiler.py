"""The back end of NVIDIA GPUs, as libraries ask it; the pipeline itself is C++."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from cosmati.runtime.target import AttrsDescriptor as AttrsDescriptor
from cosmati.runtime.target import GPUTarget as GPUTarget
from cosmati.runtime.target import Language as Language
from cosmati.runtime.target import architecture as architecture
from cosmati.runtime.target import target_of as target_of


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
    """The back end of a target.

    Examples
    --------
    >>> make_backend(GPUTarget("cuda", 90, 32)).target.arch
    90
    """
    return CudaBackend(target)
