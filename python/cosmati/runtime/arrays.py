"""What a launch may be given as an array, and how its address and type are found.

The launcher (in C++) knows NumPy arrays and torch's CUDA tensors itself; all else comes here.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

from cosmati import _core
from cosmati.language.constexpr import unwrap
from cosmati.language.dtypes import dtype, parse_type, pointer_type, signature_text

# Element types by the names that NumPy, ml_dtypes and torch give them.
_ELEMENT_TEXTS = {
    "bool": "i1", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64",
    "float16": "fp16", "bfloat16": "bf16", "float32": "fp32", "float64": "fp64",
    "float8_e4m3fn": "fp8e4nv", "float8_e5m2": "fp8e5", "float8_e4m3fnuz": "fp8e4b8",
    "float8_e5m2fnuz": "fp8e5b16",
}  # fmt: skip
_INTERFACE_TEXTS = {
    "b1": "i1", "i1": "i8", "i2": "i16", "i4": "i32", "i8": "i64", "u1": "u8", "u2": "u16",
    "u4": "u32", "u8": "u64", "f2": "fp16", "f4": "fp32", "f8": "fp64",
}  # fmt: skip


# (address, element type, GPU number or -1 for host memory, base, bytes, writable); base and bytes
# say which host memory a kernel may reach through the argument.
Description = tuple[int, str, int, int, int, bool]

# Another way to read torch tensors, set by cosmati.compat.torch_vm before the first of them.
tensor_reader: Callable[[Any], Description] | None = None
reads_torch_tensors = False


class View:
    """An array whose elements a kernel sees as another type; see view()."""

    __slots__ = ("array", "dtype")

    def __init__(self, array: Any, dtype: dtype) -> None:
        self.array = array
        self.dtype = dtype

    @property
    def base(self) -> Any:
        return self.array

    @property
    def shape(self) -> Any:
        return self.array.shape

    @property
    def device(self) -> Any:
        return getattr(self.array, "device", None)

    def data_ptr(self) -> int:
        return int(_describe(self.array)[0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.array, name)

    def __repr__(self) -> str:
        return f"View[{self.dtype}]({self.array!r})"


TensorWrapper = View
"""Triton's name."""


def view(array: Any, dtype: Any) -> View:
    """``array`` for a launch, with elements that kernels see as ``dtype``.

    For element types that the array's library lacks: bytes in a ``uint8`` array as
    ``tl.float8e4nv``. Both types have the same width; the memory is shared.

    Examples
    --------
    >>> codes = np.array([0x38, 0xC0], np.uint8)
    >>> @cosmati.jit
    ... def widen(x, out):
    ...     at = tl.arange(0, 2)
    ...     tl.store(out + at, tl.load(x + at).to(tl.float32))
    >>> out = np.empty(2, np.float32)
    >>> _ = widen[(1,)](cosmati.view(codes, tl.float8e4nv), out)
    >>> out
    array([ 1., -2.], dtype=float32)
    """
    target = unwrap(dtype)
    if isinstance(array, View):
        array = array.array
    if not hasattr(target, "primitive_bitwidth"):
        raise TypeError(f"dtype={target!r} is no type of the language; use tl.float8e4nv and such")
    own_bits, bits = (8 * kind.itemsize for kind in (parse_type(_describe(array)[1]), target))
    if own_bits != bits:  # truth values are bytes in memory
        raise ValueError(f"cannot view elements of {own_bits} bits as {target}, which has {bits}")
    return View(array, target)


def reinterpret(tensor: Any, dtype: Any) -> View:
    """Same as view(); Triton's name.

    Examples
    --------
    >>> cosmati.reinterpret(np.zeros(4, np.uint8), tl.float8e5).dtype
    cosmati.language.float8e5
    """
    return view(tensor, dtype)


def element_text(array_dtype: Any) -> str:
    """ "fp32" for a dtype of NumPy, ml_dtypes or torch; TypeError for one that kernels lack."""
    name = str(getattr(array_dtype, "name", None) or array_dtype).removeprefix("torch.")
    byteorder = getattr(array_dtype, "byteorder", "=")
    foreign = ">" if sys.byteorder == "little" else "<"
    if byteorder == foreign:
        raise TypeError(f"elements of type {array_dtype} are in foreign byte order; convert first")
    if name not in _ELEMENT_TEXTS:
        raise TypeError(f"kernels have no type for array elements of type {array_dtype}")
    return _ELEMENT_TEXTS[name]


def classify(kind: type) -> str:
    """How the launcher reads arguments of a Python type; asked once per type.

    "numpy", "torch", "bool", "int", "float", "generic" (asks describe() each time), "constant"
    (compiled in) or "unsupported".
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if issubclass(kind, numpy.ndarray):
            sample = numpy.arange(6, dtype=numpy.int16).reshape(2, 3)
            return "numpy" if _core.check_numpy_layout(sample, sample.ctypes.data) else "generic"
        if issubclass(kind, numpy.bool_):
            return "bool"
        if issubclass(kind, numpy.integer):
            return "int"
        if issubclass(kind, numpy.floating):
            return "float"
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor):
        if tensor_reader is not None:
            return "generic"
        global reads_torch_tensors
        reads_torch_tensors = True
        return "torch"
    if issubclass(kind, bool):
        return "bool"
    if issubclass(kind, int):
        return "int"
    if issubclass(kind, float):
        return "float"
    if getattr(kind, "__cosmati_jit__", False):
        return "constant"
    if getattr(kind, "__cosmati_placeholder__", False):
        return "unsupported"  # but for warmup, see placeholder()
    array_like = ("__cuda_array_interface__", "__array_interface__", "__dlpack__", "data_ptr")
    if kind is View or any(hasattr(kind, name) for name in array_like):
        return "generic"
    return "unsupported"


def describe(array: Any) -> Description:
    """Where an array is. TypeError or ValueError if it can't be an argument."""
    if isinstance(array, View):
        address, _, device, base, size, writable = _describe(array.array)
        return address, signature_text(array.dtype), device, base, size, writable
    return _describe(array)


def _describe(array: Any) -> Description:
    torch = sys.modules.get("torch")
    if tensor_reader is not None and torch is not None and isinstance(array, torch.Tensor):
        return tensor_reader(array)
    cuda = getattr(array, "__cuda_array_interface__", None) if _is_on_gpu(array) else None
    if cuda is not None and not hasattr(array, "data_ptr"):
        return _from_cuda_interface(array, cuda)
    if hasattr(array, "data_ptr") and hasattr(array, "dtype"):
        return from_tensor(array)
    if hasattr(array, "__array_interface__"):
        return _from_interface(array, array.__array_interface__)
    if hasattr(array, "__dlpack__"):
        return _from_dlpack(array)
    raise TypeError(f"a {type(array).__name__} is no array that kernels can use")


def _is_on_gpu(array: Any) -> bool:
    try:
        return hasattr(array, "__cuda_array_interface__")
    except (TypeError, RuntimeError):  # torch raises for CPU tensors that need a gradient
        return False


def from_tensor(tensor: Any) -> Description:
    """torch tensors, and what looks like one."""
    text = element_text(tensor.dtype)
    address = int(tensor.data_ptr())
    device = getattr(tensor, "device", None)
    kind = getattr(device, "type", "cuda")
    if kind == "cuda":
        return address, text, int(getattr(device, "index", 0) or 0), 0, 0, True
    if kind != "cpu":
        raise TypeError(f"a tensor on the device {device} can't be used; only cuda and cpu can")
    storage = tensor.untyped_storage()
    return address, text, -1, int(storage.data_ptr()), int(storage.nbytes()), True


def _from_cuda_interface(array: Any, interface: dict[str, Any]) -> Description:
    address, read_only = interface["data"]
    device = getattr(getattr(array, "device", None), "id", None)
    if device is None:
        current = _core.default_device()  # the interface doesn't say; see its specification
        device = 0 if current is None or current.on_host else current.ordinal
    return int(address), _interface_text(interface["typestr"]), int(device), 0, 0, not read_only


def _from_interface(array: Any, interface: dict[str, Any]) -> Description:
    address, read_only = interface["data"]
    text = (
        element_text(array.dtype)
        if hasattr(array, "dtype")
        else _interface_text(interface["typestr"])
    )
    owner = owner_of(array).__array_interface__
    base, size = extent(owner, int(owner["typestr"][2:]))
    return int(address), text, -1, base, size, not read_only


def owner_of(array: Any) -> Any:
    """The array that a view was made of; the array itself if it is no view."""
    owner = array
    while hasattr(getattr(owner, "base", None), "__array_interface__"):
        owner = owner.base
    return owner


def extent(interface: dict[str, Any], itemsize: int) -> tuple[int, int]:
    """First byte and size of what an array's shape and strides reach."""
    address = int(interface["data"][0])
    shape = interface["shape"]
    strides = interface.get("strides")
    if strides is None:
        size = itemsize
        for extent in shape:
            size *= extent
        return address, size
    if any(extent == 0 for extent in shape):
        return address, 0
    reach = [stride * (extent - 1) for stride, extent in zip(strides, shape, strict=True)]
    low = sum(step for step in reach if step < 0)
    high = sum(step for step in reach if step > 0)
    return address + low, high - low + itemsize


def _interface_text(typestr: str) -> str:
    foreign = ">" if sys.byteorder == "little" else "<"
    if typestr[0] == foreign or typestr[1:] not in _INTERFACE_TEXTS:
        raise TypeError(f"kernels have no type for array elements of type {typestr!r}")
    return _INTERFACE_TEXTS[typestr[1:]]


class _DLTensor(ctypes.Structure):
    # DLPack's DLTensor, ABI version 1: github.com/dmlc/dlpack, dlpack.h.
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


_DL_CODES = {0: "i", 1: "u", 2: "fp", 4: "bf"}
_DL_CPU, _DL_CUDA, _DL_CUDA_HOST, _DL_BOOL = 1, 2, 3, 6


def dlpack_tensor(array: Any) -> tuple[Any, Any]:
    """The DLPack capsule of an array, and the description in it, which lives as long."""
    capsule = array.__dlpack__()
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return capsule, _DLTensor.from_address(get(capsule, b"dltensor"))


def _from_dlpack(array: Any) -> Description:
    """Reads the description out of a DLPack capsule; the array keeps the memory alive."""
    _capsule, tensor = dlpack_tensor(array)
    if tensor.lanes != 1 or (tensor.code not in _DL_CODES and tensor.code != _DL_BOOL):
        raise TypeError(f"kernels have no type for DLPack elements of code {tensor.code}")
    text = "i1" if tensor.code == _DL_BOOL else f"{_DL_CODES[tensor.code]}{tensor.bits}"
    address = int(tensor.data or 0) + tensor.byte_offset
    if tensor.device_type == _DL_CUDA:
        return address, text, tensor.device_id, 0, 0, True
    if tensor.device_type not in (_DL_CPU, _DL_CUDA_HOST):
        raise TypeError(f"DLPack device type {tensor.device_type} can't be used")
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    itemsize = (tensor.bits + 7) // 8
    strides = None
    if tensor.strides:
        strides = tuple(tensor.strides[i] * itemsize for i in range(tensor.ndim))
    base, size = extent({"data": (address, False), "shape": shape, "strides": strides}, itemsize)
    return address, text, -1, base, size, True


def placeholder(value: Any) -> str | None:
    """The type that stands for an argument in ``warmup``: ``tl.float32``, ``"*fp32"``, "i32"."""
    value = unwrap(value)
    if getattr(value, "__cosmati_placeholder__", False):
        value = value.dtype
    if isinstance(value, pointer_type):
        return signature_text(value)
    if isinstance(value, dtype):
        return "*" + signature_text(value)
    if isinstance(value, str):
        try:
            return signature_text(parse_type(value))
        except ValueError:
            return None
    if type(value).__module__.partition(".")[0] in ("torch", "numpy") and "dtype" in repr(
        type(value)
    ):
        return "*" + element_text(value)
    return None
