"""Matrix products with bias and activation, and with weights of 8 and 4 bits."""

from cosmati.kernels.gemm.bench import bench as bench
from cosmati.kernels.gemm.host import GemmConfig as GemmConfig
from cosmati.kernels.gemm.host import gemm as gemm
from cosmati.kernels.gemm.int4 import gemm_int4 as gemm_int4
from cosmati.kernels.gemm.int4 import int4_kernel as int4_kernel
from cosmati.kernels.gemm.kernel import gemm_kernel as gemm_kernel
from cosmati.kernels.gemm.mixed import gemm_mixed as gemm_mixed
from cosmati.kernels.gemm.mixed import mixed_kernel as mixed_kernel
from cosmati.kernels.gemm.packing import dequantize_int4 as dequantize_int4
from cosmati.kernels.gemm.packing import pack_int4 as pack_int4
from cosmati.kernels.gemm.packing import quantize_int4 as quantize_int4
from cosmati.kernels.gemm.packing import unpack_int4 as unpack_int4
from cosmati.kernels.gemm.reference import reference as reference
