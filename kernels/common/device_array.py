"""Arrays in the memory of the default device, for programs that use no array library on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from cosmati.runtime.device import get_device


class DeviceArray:
    """A copy of a NumPy array in a GPU's memory, freed with the object.

    Kernels take it through ``__cuda_array_interface__``. Contiguous; types that NumPy has itself.
    """

    def __init__(self, source: np.ndarray) -> None:
        self._device = get_device()
        host = np.ascontiguousarray(source)
        self.shape, self.dtype, self.strides = host.shape, host.dtype, host.strides
        self.itemsize, self.nbytes = host.itemsize, host.nbytes
        self.address = self._device.allocate(max(self.nbytes, 1))
        self._device.copy_to_device(self.address, host)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.address, False),
            "strides": None,
            "version": 3,
        }

    def numpy(self) -> np.ndarray:
        """A copy in host memory, made when the launches before it are done."""
        self._device.synchronize()
        host = np.empty(self.shape, self.dtype)
        self._device.copy_to_host(host, self.address)
        return host

    def __del__(self) -> None:
        address = getattr(self, "address", 0)
        if address:
            self._device.release(address)


def to_device(array: np.ndarray) -> Any:
    """``array`` where kernels can reach it: itself on the virtual machine, else a copy."""
    return array if get_device().on_host else DeviceArray(array)


def to_numpy(array: Any) -> np.ndarray:
    """The inverse of to_device."""
    return array.numpy() if isinstance(array, DeviceArray) else array
