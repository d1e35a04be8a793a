"""Addresses of arrays as numbers, for tables of pointers that kernels follow."""

from __future__ import annotations

import itertools
import sys
import threading
import weakref
from dataclasses import dataclass
from typing import Any

from cosmati import _core
from cosmati.runtime import arrays


def address_of(array: Any, name: str | None = None) -> int:
    """Where kernels find the first element of ``array``, as an integer.

    For kernels that load addresses from memory: a table of matrices of different shapes, pages of
    a cache. On a GPU it is the device address. On the virtual machine it is an address of its own,
    which all launches know as long as the memory lives: NumPy's owning array, or torch's storage.
    Afterwards its use is reported as use after free. Views of one array share its mapping, and so
    does the array as an argument. The launches' caller keeps the arrays alive until they end.

    Parameters
    ----------
    array : array
        What could be passed to a kernel. One whose memory allows no weak reference is kept for
        ever.
    name : str, optional
        For the virtual machine's reports; the first name that the memory is given counts.

    Raises
    ------
    TypeError
        It is no array that kernels can use.
    ValueError
        It is in host memory, and kernels run on a GPU.

    Examples
    --------
    >>> parts = [np.full(2, 1.0, np.float32), np.full(4, 2.0, np.float32)]
    >>> table = np.array([cosmati.address_of(part) for part in parts])
    >>> @cosmati.jit
    ... def first_elements(table, out):
    ...     part = tl.load(table + tl.program_id(0)).to(tl.pointer_type(tl.float32))
    ...     tl.store(out + tl.program_id(0), tl.load(part))
    >>> out = np.empty(2, np.float32)
    >>> _ = first_elements[(2,)](table, out)
    >>> out
    array([1., 2.], dtype=float32)
    """
    while isinstance(array, arrays.View):
        array = array.array
    address, _, gpu, _, _, _ = arrays.describe(array)
    if gpu >= 0:
        return address
    from cosmati.runtime.device import get_device

    device = get_device()
    if device.kind != "vm":
        raise ValueError(
            f"the array is in host memory, and kernels run on {device!r}, which can't reach it. "
            'Move it there, or choose the virtual machine with cosmati.set_device("vm")'
        )
    return virtual_address(array, address, name)


@dataclass
class _Memory:
    """Host memory with what owns it."""

    owner: Any
    base: int
    bytes: int
    writable: bool
    text: str  # "float32[64, 32]"


def _memory_of(array: Any) -> _Memory:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        storage = array.untyped_storage()
        return _Memory(storage, storage.data_ptr(), storage.nbytes(), True, _text_of(array))
    owner = arrays.owner_of(array)
    base = getattr(owner, "base", None)
    if torch is not None and isinstance(base, torch.Tensor):  # tensor.numpy()
        return _memory_of(base)
    interface = getattr(owner, "__array_interface__", None)
    if interface is None:
        _, _, _, first, size, writable = arrays.describe(array)
        return _Memory(owner, first, size, writable, type(array).__name__)
    first, size = arrays.extent(interface, int(interface["typestr"][2:]))
    return _Memory(owner, first, size, not interface["data"][1], _text_of(owner))


def _text_of(array: Any) -> str:
    dtype = str(getattr(array, "dtype", type(array).__name__)).removeprefix("torch.")
    return f"{dtype}[{', '.join(str(int(n)) for n in getattr(array, 'shape', ()))}]"


@dataclass
class _Mapping:
    base: int  # of the host
    bytes: int
    address: int
    kept: Any = None  # an owner that can't be referred to weakly

    def end(self, when: str) -> None:
        _core.vm_unmap(self.address, self.bytes, when)


_lock = threading.RLock()  # again by the end of an owner that the garbage collector finds
_mappings: dict[int, _Mapping] = {}  # by the owner's id
_numbers = itertools.count(1)


def virtual_address(array: Any, host_address: int, name: str | None = None) -> int:
    """The virtual machine's address for an address in an array's memory."""
    memory = _memory_of(array)
    key = id(memory.owner)
    with _lock:
        mapping = _mappings.get(key)
        if mapping is not None and (mapping.base, mapping.bytes) != (memory.base, memory.bytes):
            mapping.end("when it was resized")
            mapping.base, mapping.bytes = memory.base, memory.bytes
            mapping.address = _map(memory, name)
        elif mapping is None:
            mapping = _mappings[key] = _Mapping(memory.base, memory.bytes, _map(memory, name))
            try:
                weakref.finalize(memory.owner, _forget, key).atexit = False
            except TypeError:
                mapping.kept = memory.owner
        return mapping.address + (host_address - mapping.base)


def _map(memory: _Memory, name: str | None) -> int:
    name = name or f"address_of number {next(_numbers)}, {memory.text}"
    return _core.vm_map(memory.base, memory.bytes, name, memory.writable)


def _forget(key: int) -> None:
    with _lock:
        _mappings.pop(key).end("when its array was deleted")
