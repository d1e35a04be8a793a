"""Sums of arrays, element by element."""

from cosmati.kernels.elementwise.add import add as add
from cosmati.kernels.elementwise.add import add_kernel as add_kernel
from cosmati.kernels.elementwise.add import bench as bench
from cosmati.kernels.elementwise.add import reference as reference
