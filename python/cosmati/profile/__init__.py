"""What kernels cost, line by line, counted by the virtual machine; see docs/profiling.md."""

from cosmati.profile.collect import KernelProfile as KernelProfile
from cosmati.profile.collect import profiling as profiling
from cosmati.profile.gpus import GPUS as GPUS
from cosmati.profile.gpus import Gpu as Gpu
from cosmati.profile.roofline import Estimate as Estimate
from cosmati.profile.roofline import estimate as estimate
from cosmati.profile.table import format_profile as format_profile
