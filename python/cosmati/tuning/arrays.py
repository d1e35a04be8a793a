"""Saving, restoring and clearing the arrays of a launch, wherever they are."""

from __future__ import annotations

import math
import sys
from typing import Any

from cosmati.runtime.arrays import View


def _is_numpy(array: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(array, numpy.ndarray)


def _cuda_bytes(array: Any) -> tuple[Any, int, int] | None:
    """(device, address, bytes) of a contiguous array that only has CUDA's array interface."""
    interface = getattr(array, "__cuda_array_interface__", None)
    if interface is None:
        return None
    if interface.get("strides") is not None:
        raise TypeError(
            f"a {type(array).__name__} with strides can't be saved or cleared: make it contiguous"
        )
    from cosmati.runtime.arrays import describe
    from cosmati.runtime.device import cuda_device

    address, _, ordinal, _, _, _ = describe(array)
    itemsize = int(interface["typestr"][2:])
    return cuda_device(ordinal), address, math.prod(interface["shape"]) * itemsize


def _refuse(array: Any, what: str) -> TypeError:
    return TypeError(
        f"a {type(array).__name__} can't be {what} by the autotuner: give a NumPy array, a torch "
        "tensor or an array with __cuda_array_interface__, or do it in pre_hook and post_hook"
    )


def clear(array: Any) -> None:
    """Sets every element to zero."""
    if isinstance(array, View):
        array = array.array
    if hasattr(array, "zero_"):
        array.zero_()
    elif _is_numpy(array):
        array[...] = array.dtype.type(0)
    elif hasattr(array, "fill"):
        array.fill(0)
    elif (place := _cuda_bytes(array)) is not None:
        device, address, size = place
        device.fill(address, 0, size)
    else:
        raise _refuse(array, "cleared")


class SavedArray:
    """A copy of an array's elements, which ``restore`` writes back."""

    def __init__(self, array: Any) -> None:
        self.array = array.array if isinstance(array, View) else array
        self._place: tuple[Any, int, int] | None = None
        self._copy: Any = None
        if hasattr(self.array, "copy_") and hasattr(self.array, "clone"):
            self._copy = self.array.detach().clone()
        elif hasattr(self.array, "copy") and hasattr(self.array, "__setitem__"):
            self._copy = self.array.copy()
        elif (place := _cuda_bytes(self.array)) is not None:
            device, address, size = place
            self._place = place
            self._copy = device.allocate(max(size, 1))
            device.copy_on_device(self._copy, address, size)
        else:
            raise _refuse(self.array, "saved")

    def restore(self) -> None:
        if self._place is not None:
            device, address, size = self._place
            device.copy_on_device(address, self._copy, size)
        elif hasattr(self.array, "copy_"):
            self.array.detach().copy_(self._copy)
        else:
            self.array[...] = self._copy

    def release(self) -> None:
        """Frees the copy, if it lies in memory that is not freed by itself."""
        if self._place is not None:
            device = self._place[0]
            device.synchronize()
            device.release(self._copy)
            self._place = None
        self._copy = None
