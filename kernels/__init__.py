"""Kernels that come with the package, written in its own language.

Each folder has one family: the kernels, host functions that check their arguments and launch them,
``reference`` (NumPy, float64) and ``bench``. They take NumPy arrays (on the virtual machine) and
torch or CuPy arrays (on a GPU; torch's also on the CPU, for the virtual machine).

>>> from cosmati.kernels.gemm import gemm
>>> from cosmati.kernels.attention import attention
>>> from cosmati.kernels.quantize import QuantSpec, quantize, dequantize
>>> from cosmati.kernels.norm import softmax, layer_norm, rms_norm
>>> from cosmati.kernels.elementwise import add
"""
