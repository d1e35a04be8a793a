"""Products with matrices that are 2:4 sparse, and their making."""

from cosmati.kernels.sparse.bench import bench as bench
from cosmati.kernels.sparse.host import SparseConfig as SparseConfig
from cosmati.kernels.sparse.host import sparse_gemm as sparse_gemm
from cosmati.kernels.sparse.kernel import sparse_kernel as sparse_kernel
from cosmati.kernels.sparse.prune import prune as prune
from cosmati.kernels.sparse.prune import prune_kernel as prune_kernel
from cosmati.kernels.sparse.reference import expand as expand
from cosmati.kernels.sparse.reference import prune_reference as prune_reference
from cosmati.kernels.sparse.reference import reference as reference
