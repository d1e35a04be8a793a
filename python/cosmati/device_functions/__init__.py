"""Device functions in CUDA C++, which kernels call like functions of the language."""

from cosmati.device_functions.function import CudaFunction, cuda_function

__all__ = ["CudaFunction", "cuda_function"]
