"""Normalisations of rows: softmax, layer norm, RMS norm."""

from cosmati.kernels.norm.bench import bench as bench
from cosmati.kernels.norm.layer_norm import layer_norm as layer_norm
from cosmati.kernels.norm.layer_norm import layer_norm_kernel as layer_norm_kernel
from cosmati.kernels.norm.rms_norm import rms_norm as rms_norm
from cosmati.kernels.norm.rms_norm import rms_norm_kernel as rms_norm_kernel
from cosmati.kernels.norm.softmax import softmax as softmax
from cosmati.kernels.norm.softmax import softmax_kernel as softmax_kernel
