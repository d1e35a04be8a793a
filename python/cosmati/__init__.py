"""Cosmati: block-level kernels in Python, compiled through MLIR to PTX.

Kernels run on an NVIDIA GPU or on the PTX virtual machine that is part of the package. Importing
touches no driver, starts no thread and opens no file.
"""

from typing import TYPE_CHECKING, Any

from cosmati import knobs as knobs
from cosmati import language as language
from cosmati import vm as vm
from cosmati.errors import AutotunerError as AutotunerError
from cosmati.errors import CompilationError as CompilationError
from cosmati.errors import CompilerFailure as CompilerFailure
from cosmati.errors import CompileTimeAssertionFailure as CompileTimeAssertionFailure
from cosmati.errors import CosmatiError as CosmatiError
from cosmati.errors import DeviceError as DeviceError
from cosmati.errors import InterpreterError as InterpreterError
from cosmati.errors import KernelFault as KernelFault
from cosmati.errors import OutOfResources as OutOfResources
from cosmati.errors import PTXASError as PTXASError
from cosmati.errors import TritonError as TritonError
from cosmati.errors import UnsupportedLanguageConstruct as UnsupportedLanguageConstruct
from cosmati.language.aggregates import aggregate as aggregate
from cosmati.language.aggregates import aggregate_replace as aggregate_replace
from cosmati.language.constexpr import constexpr_function as constexpr_function
from cosmati.language.context import must_use_result as must_use_result
from cosmati.language.standard import cdiv as cdiv
from cosmati.runtime.addresses import address_of as address_of
from cosmati.runtime.arrays import TensorWrapper as TensorWrapper
from cosmati.runtime.arrays import reinterpret as reinterpret
from cosmati.runtime.arrays import view as view
from cosmati.runtime.compiled import CompiledKernel as CompiledKernel
from cosmati.runtime.device import get_device as get_device
from cosmati.runtime.device import set_device as set_device
from cosmati.runtime.jit import JITFunction as JITFunction
from cosmati.runtime.jit import KernelInterface as KernelInterface
from cosmati.runtime.jit import MockTensor as MockTensor
from cosmati.runtime.jit import jit as jit
from cosmati.runtime.options import options as options

if TYPE_CHECKING:
    from cosmati import backends as backends
    from cosmati import compiler as compiler
    from cosmati import testing as testing
    from cosmati import tools as tools
    from cosmati import tuning as tuning
    from cosmati.compiler.compiler import compile as compile
    from cosmati.device_functions import CudaFunction as CudaFunction
    from cosmati.device_functions import cuda_function as cuda_function
    from cosmati.runtime.allocator import set_allocator as set_allocator
    from cosmati.runtime.allocator import set_profile_allocator as set_profile_allocator
    from cosmati.runtime.async_compile import AsyncCompileMode as AsyncCompileMode
    from cosmati.runtime.async_compile import FutureKernel as FutureKernel
    from cosmati.tuning import Config as Config
    from cosmati.tuning import autotune as autotune
    from cosmati.tuning import heuristics as heuristics

__version__ = "0.1.0"


@constexpr_function
def next_power_of_2(n: int) -> int:
    """The smallest power of two that is not below ``n``; 1 for ``n <= 1``.

    Examples
    --------
    >>> cosmati.next_power_of_2(100)
    128
    """
    return 1 << max(n - 1, 0).bit_length()


# Imported at their first use: module -> the names of it that the package has, too.
_LATER: dict[str, tuple[str, ...]] = {
    "testing": (),
    "tuning": ("Config", "autotune", "heuristics"),
    "backends": (),
    "compiler": (),
    "tools": (),
    "device_functions": ("CudaFunction", "cuda_function"),
    "compiler.compiler": ("compile",),
    "runtime.allocator": ("set_allocator", "set_profile_allocator"),
    "runtime.async_compile": ("AsyncCompileMode", "FutureKernel"),
}


def __getattr__(name: str) -> Any:
    import importlib

    for module, names in _LATER.items():
        if name == module or name in names:
            found = importlib.import_module(f"{__name__}.{module}")
            value = found if name == module else getattr(found, name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER, *(name for names in _LATER.values() for name in names)})
