"""From Python values to a kernel's parameter block, checked against the declared types."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosmati import _core
from cosmati.runtime.arrays import dlpack_tensor
from cosmati.vm.findings import ArrayIndex

if TYPE_CHECKING:
    from cosmati.vm.module import Entry, Parameter

_FLOATS = {"f16": "e", "f32": "f", "f64": "d"}


class Buffer:
    """An array argument with what the machine can't see from the array itself.

    Parameters
    ----------
    array : array
        What could be passed as it is.
    name : str, optional
        For reports; by default the parameter's.
    writable : bool, optional
        Whether the kernel may write it; by default whether Python may.
    initialized : bool
        False: nobody has written it. The check "uninitialized" reports reads before writes.

    Examples
    --------
    >>> import numpy as np
    >>> Buffer(np.zeros(4), name="weights", writable=False)
    Buffer(ndarray, name='weights', writable=False, initialized=True)
    """

    def __init__(
        self,
        array: Any,
        *,
        name: str | None = None,
        writable: bool | None = None,
        initialized: bool = True,
    ) -> None:
        self.array, self.name = array, name
        self.writable, self.initialized = writable, initialized

    def __repr__(self) -> str:
        return (
            f"Buffer({type(self.array).__name__}, name={self.name!r}, writable={self.writable}, "
            f"initialized={self.initialized})"
        )


def uninitialized(array: Any) -> Buffer:
    """``array`` for a launch, as memory that nobody has written: ``np.empty`` of a result.

    With ``check="uninitialized"`` reads of its elements before a write are reported.

    Examples
    --------
    >>> uninitialized(np.empty(4, np.float32)).initialized
    False
    """
    return Buffer(array, initialized=False)


@dataclass
class Placement:
    """Where an array's elements lie in host memory. Strides in bytes; None: C-contiguous."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    itemsize: int
    writable: bool
    keep: Any = None  # what keeps the memory alive

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.itemsize

    def full_strides(self) -> tuple[int, ...]:
        if self.strides is not None:
            return self.strides
        steps = [self.itemsize]
        for extent in reversed(self.shape[1:]):
            steps.append(steps[-1] * extent)
        return tuple(reversed(steps[: len(self.shape)]))

    def index(self) -> ArrayIndex:
        """For a buffer that is the array alone."""
        return ArrayIndex(0, self.shape, self.full_strides(), self.itemsize)

    def first_byte(self) -> int:
        """The lowest address of an element."""
        steps = zip(self.full_strides(), self.shape, strict=True)
        return self.address + sum(step * (n - 1) for step, n in steps if step < 0)


def is_array(value: Any) -> bool:
    """Whether it is passed as a pointer: an array of any library. NumPy's scalars are not."""
    if type(value).__module__ == "numpy" and not hasattr(value, "__setitem__"):
        return False
    names = ("__array_interface__", "data_ptr", "__dlpack__", "__cuda_array_interface__")
    return any(_has(value, name) for name in names)


def _has(value: Any, name: str) -> bool:
    try:
        return hasattr(value, name)
    except (TypeError, RuntimeError):  # torch raises where a tensor has no such interface
        return True


def place_of(array: Any) -> Placement:
    """TypeError or ValueError if it is no array in host memory."""
    if _has(array, "data_ptr") and _has(array, "stride"):
        return _place_of_tensor(array)
    interface = getattr(array, "__array_interface__", None)
    if interface is not None:
        return _place_of_interface(interface, array)
    if _has(array, "__dlpack__"):
        return _place_of_dlpack(array)
    if _has(array, "__cuda_array_interface__"):
        raise ValueError("it is in GPU memory; the machine runs on host memory: copy it there")
    raise TypeError(f"a {type(array).__name__} is no array")


def _place_of_tensor(tensor: Any) -> Placement:
    device = getattr(tensor, "device", None)
    if getattr(device, "type", "cpu") != "cpu":
        raise ValueError(f"it is on the device {device}; the machine runs on host memory: .cpu()")
    itemsize = int(tensor.element_size())
    shape = tuple(int(n) for n in tensor.shape)
    strides = tuple(int(s) * itemsize for s in tensor.stride())
    return _dense(Placement(int(tensor.data_ptr()), shape, strides, itemsize, True, tensor))


def _place_of_interface(interface: dict[str, Any], array: Any) -> Placement:
    typestr = interface["typestr"]
    if typestr[1] == "O":
        raise TypeError("its elements are Python objects, which kernels can't use")
    address, read_only = interface["data"]
    itemsize = int(typestr[2:]) * (4 if typestr[1] == "U" else 1)
    shape = tuple(interface["shape"])
    return _dense(
        Placement(int(address), shape, interface.get("strides"), itemsize, not read_only, array)
    )


def _place_of_dlpack(array: Any) -> Placement:
    capsule, tensor = dlpack_tensor(array)
    if tensor.device_type not in (1, 3):  # kDLCPU, kDLCUDAHost
        raise ValueError("it is not in host memory, where the machine runs: copy it there")
    itemsize = (tensor.bits * tensor.lanes + 7) // 8
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    strides = None
    if tensor.strides:
        strides = tuple(tensor.strides[i] * itemsize for i in range(tensor.ndim))
    address = int(tensor.data or 0) + tensor.byte_offset
    return _dense(Placement(address, shape, strides, itemsize, True, (array, capsule)))


def _dense(place: Placement) -> Placement:
    """Without strides where they say nothing."""
    if place.strides is None:
        return place
    plain = Placement(place.address, place.shape, None, place.itemsize, place.writable)
    same = all(
        extent <= 1 or a == b
        for extent, a, b in zip(place.shape, place.strides, plain.full_strides(), strict=True)
    )
    if same or 0 in place.shape:
        place.strides = None
    return place


class Packer:
    """Collects the arguments of one launch."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.block = bytearray(entry.param_bytes)
        self.buffers: list[Any] = []
        self.pointers: list[tuple[int, int]] = []
        self.maps: list[tuple[int, int, dict[str, Any]]] = []
        self.arrays: dict[str, ArrayIndex] = {}
        self.keep: list[Any] = []

    def add_all(self, args: Sequence[Any]) -> None:
        params = self.entry.params
        if len(args) != len(params):
            names = ", ".join(f"{p.name} ({p.type_text})" for p in params) or "none"
            raise TypeError(
                f"kernel '{self.entry.name}' takes {len(params)} arguments, but {len(args)} were "
                f"given; its parameters: {names}"
            )
        for number, (param, value) in enumerate(zip(params, args, strict=True)):
            try:
                self.add(param, value)
            except (TypeError, ValueError) as error:
                raise type(error)(
                    f"argument {number} ('{param.name}', .{param.type_text}) of kernel "
                    f"'{self.entry.name}': {error}"
                ) from None

    def add(self, param: Parameter, value: Any) -> None:
        from cosmati.vm.tensormap import TensorMap

        if isinstance(value, TensorMap):
            return self._add_map(param, value)
        if isinstance(value, Buffer) or is_array(value):
            return self._add_pointer(param, value)
        self._put(param, pack_scalar(param, value))
        return None

    def _put(self, param: Parameter, data: bytes) -> None:
        self.block[param.offset : param.offset + param.size] = data

    def _add_pointer(self, param: Parameter, value: Any) -> None:
        if param.type not in ("u64", "s64", "b64") or param.size != 8:
            raise TypeError(
                f"an array is passed as a 64-bit pointer, but the parameter is a "
                f".{param.type_text}; pass a number or bytes"
            )
        self.pointers.append((param.offset, self.map(value, param.name)))

    def _add_map(self, param: Parameter, value: Any) -> None:
        if param.size != 128:
            raise TypeError(
                f"a tensor map has 128 bytes, but the parameter has {param.size}; a kernel takes "
                "one as `.param .align 64 .b8 NAME[128]`"
            )
        self.maps.append((param.offset, self.map(value.array, param.name), value.fields()))

    def map(self, value: Any, name: str) -> int:
        """Number of the buffer."""
        wrapped = value if isinstance(value, Buffer) else Buffer(value)
        place = place_of(wrapped.array)
        if wrapped.writable and not place.writable:
            raise ValueError("writable=True for an array that is read-only; copy it, or drop that")
        name = wrapped.name or name
        self.arrays[name] = place.index()
        self.keep.append(place.keep)
        self.buffers.append(
            _core.VmBuffer(
                address=place.address,
                bytes=place.bytes,
                name=name,
                writable=place.writable if wrapped.writable is None else wrapped.writable,
                initialized=wrapped.initialized,
                shape=list(place.shape) if place.strides is not None else [],
                strides=list(place.strides) if place.strides is not None else [],
                itemsize=place.itemsize,
            )
        )
        return len(self.buffers) - 1


def pack_scalar(param: Parameter, value: Any) -> bytes:
    """The bytes of a number, a bool, None (a null pointer) or a struct given as bytes."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _pack_bytes(param, bytes(value))
    if param.is_array:
        return _pack_bytes(param, _raw(value, f"its {param.size} bytes are given as bytes"))
    if value is None:
        if param.type not in ("u64", "s64", "b64"):
            raise TypeError("None is a null pointer, which needs a 64-bit parameter")
        return bytes(8)
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in ("V", "f") and param.type[0] == "b":  # a struct, or a float by its bits
        return _pack_bytes(param, value.tobytes())
    if isinstance(value, bool) or kind == "b":
        value = int(value)
    if param.type in _FLOATS:
        return _pack_float(param, value)
    if param.type[0] in "usb" and param.type[1:].isdigit():
        return _pack_integer(param, value)
    raise TypeError(f"a {type(value).__name__} can't be passed; give {param.size} bytes")


def _raw(value: Any, remedy: str) -> bytes:
    try:
        return bytes(memoryview(value).cast("B"))
    except TypeError:
        if hasattr(value, "tobytes"):
            return bytes(value.tobytes())
        raise TypeError(f"a {type(value).__name__} can't be passed; {remedy}") from None


def _pack_bytes(param: Parameter, data: bytes) -> bytes:
    if len(data) != param.size:
        raise ValueError(f"{len(data)} bytes, but the parameter has {param.size}")
    return data


def _pack_float(param: Parameter, value: Any) -> bytes:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"a {type(value).__name__} is no number") from None
    try:
        return struct.pack("<" + _FLOATS[param.type], number)
    except OverflowError:
        largest = {"f16": "65504", "f32": "3.4028235e38", "f64": "1.8e308"}[param.type]
        raise ValueError(f"{number!r} is beyond {param.type}, which ends at {largest}") from None


def _pack_integer(param: Parameter, value: Any) -> bytes:
    try:
        number = value.__index__()
    except AttributeError:
        raise TypeError(
            f"a {type(value).__name__} ({value!r}) for an integer; convert it with int(), or give "
            "the bits as bytes"
        ) from None
    bits = 8 * param.size
    # Compilers declare signed parameters as unsigned, too: both ranges are legal there.
    low = -(2 ** (bits - 1))
    high = 2 ** (bits - 1) - 1 if param.type[0] == "s" else 2**bits - 1
    if not low <= number <= high:
        raise ValueError(f"{number} is out of range; .{param.type} holds {low} to {high}")
    return int(number % 2**bits).to_bytes(param.size, "little")
