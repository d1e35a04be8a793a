"""Cosmati: block-level kernels in Python, compiled through MLIR to PTX.

Kernels run on an NVIDIA GPU or on the PTX virtual machine that is part of the package. Importing
touches no driver, starts no thread and opens no file.
"""

from cosmati import language as language
from cosmati import vm as vm
from cosmati.errors import CompilationError as CompilationError
from cosmati.errors import CompilerFailure as CompilerFailure
from cosmati.errors import CompileTimeAssertionFailure as CompileTimeAssertionFailure
from cosmati.errors import CosmatiError as CosmatiError
from cosmati.errors import DeviceError as DeviceError
from cosmati.errors import KernelFault as KernelFault
from cosmati.errors import OutOfResources as OutOfResources
from cosmati.errors import UnsupportedLanguageConstruct as UnsupportedLanguageConstruct
from cosmati.language.constexpr import constexpr_function as constexpr_function
from cosmati.language.standard import cdiv as cdiv
from cosmati.runtime.arrays import reinterpret as reinterpret
from cosmati.runtime.arrays import view as view
from cosmati.runtime.compiled import CompiledKernel as CompiledKernel
from cosmati.runtime.device import get_device as get_device
from cosmati.runtime.device import set_device as set_device
from cosmati.runtime.heuristics import heuristics as heuristics
from cosmati.runtime.jit import JITFunction as JITFunction
from cosmati.runtime.jit import jit as jit
from cosmati.runtime.options import options as options

__version__ = "0.1.0"


@constexpr_function
def next_power_of_2(n: int) -> int:
    """The smallest power of two that is not below ``n``; 1 for ``n <= 1``."""
    return 1 << max(n - 1, 0).bit_length()
