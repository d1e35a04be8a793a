"""Matrix products with bias and activation."""

from cosmati.kernels.gemm.bench import bench as bench
from cosmati.kernels.gemm.host import GemmConfig as GemmConfig
from cosmati.kernels.gemm.host import gemm as gemm
from cosmati.kernels.gemm.kernel import gemm_kernel as gemm_kernel
from cosmati.kernels.gemm.reference import reference as reference
