"""Functions beyond the common language."""

from cosmati.language.extra import cuda as cuda
from cosmati.language.extra import libdevice as libdevice

__all__ = ["cuda", "libdevice"]
