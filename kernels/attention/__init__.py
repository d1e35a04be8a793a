"""Scaled dot-product attention, forward."""

from cosmati.kernels.attention.bench import bench as bench
from cosmati.kernels.attention.host import AttentionConfig as AttentionConfig
from cosmati.kernels.attention.host import attention as attention
from cosmati.kernels.attention.kernel import attention_kernel as attention_kernel
from cosmati.kernels.attention.reference import reference as reference
