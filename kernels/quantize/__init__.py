"""Quantization to int8 and 8-bit floats, and back."""

from cosmati.kernels.quantize.bench import bench as bench
from cosmati.kernels.quantize.host import dequantize as dequantize
from cosmati.kernels.quantize.host import quantize as quantize
from cosmati.kernels.quantize.kernels import dequantize_kernel as dequantize_kernel
from cosmati.kernels.quantize.kernels import quantize_kernel as quantize_kernel
from cosmati.kernels.quantize.kernels import range_kernel as range_kernel
from cosmati.kernels.quantize.kernels import scale_kernel as scale_kernel
from cosmati.kernels.quantize.reference import reference as reference
from cosmati.kernels.quantize.reference import reference_dequantize as reference_dequantize
from cosmati.kernels.quantize.spec import QTensor as QTensor
from cosmati.kernels.quantize.spec import QuantSpec as QuantSpec
