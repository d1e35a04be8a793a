"""Types of the language: scalars, pointers and blocks.

Names are those of Triton: ``tl.float32``, whose short name ``fp32`` appears in messages.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, ClassVar

from cosmati import _core
from cosmati.language.base import base_type
from cosmati.language.constexpr import constexpr, unwrap

# name: (bits, mantissa bits, exponent bias) of the floating-point types; the encodings of the
# 8-bit types are those of OCP's FP8 specification (fp8e4nv = E4M3FN, fp8e5 = E5M2), of the FNUZ
# variants (fp8e4b8, fp8e5b16), and E4M3 with bias 15 and no NaN (fp8e4b15).
_FLOATS = {
    "fp8e4b15": (8, 3, 15),
    "fp8e4nv": (8, 3, 7),
    "fp8e4b8": (8, 3, 8),
    "fp8e5": (8, 2, 15),
    "fp8e5b16": (8, 2, 16),
    "fp16": (16, 10, 15),
    "bf16": (16, 7, 127),
    "fp32": (32, 23, 127),
    "fp64": (64, 52, 1023),
}
_SIGNED = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
_UNSIGNED = {"int1": 1, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}


class dtype(base_type):
    """A scalar type.

    Parameters
    ----------
    name : str
        Short name, e.g. ``"fp32"`` or ``"int64"``. ValueError if there is no such type.

    Attributes
    ----------
    name : str
    primitive_bitwidth, int_bitwidth : int
        Bits of an element; an int1 has one, and takes a byte of memory.
    itemsize : int
        Bytes of an element.
    fp_mantissa_width, exponent_bias : int
        Of floats.

    Notes
    -----
    Questions: ``is_floating()``, ``is_int()``, ``is_int_signed()``, ``is_int_unsigned()``,
    ``is_bool()``, ``is_fp8()``, ``is_ptr()``, ``is_block()``, and one for each type, such as
    ``is_bf16()``. ``get_int_max_value()`` and ``get_int_min_value()`` are the range of an integer.

    ============  ==========  =============  ==========================================
    8-bit float   exponent    largest        special values
    ============  ==========  =============  ==========================================
    float8e4nv    4, bias 7   448            NaN; no infinity (OCP E4M3)
    float8e5      5, bias 15  57344          infinities, NaN (OCP E5M2)
    float8e4b8    4, bias 8   240            one NaN, one zero, no infinity
    float8e5b16   5, bias 16  57344          one NaN, one zero, no infinity
    float8e4b15   4, bias 15  1.75           none; what is larger or NaN becomes 1.75
    ============  ==========  =============  ==========================================
    """

    class KIND(enum.Enum):
        """What a type counts."""

        BOOLEAN = 0
        INTEGRAL = 1
        FLOATING = 2

    class SIGNEDNESS(enum.Enum):
        """Whether an integer type has negative values."""

        SIGNED = 0
        UNSIGNED = 1

    SINT_TYPES: ClassVar[list[str]] = list(_SIGNED)
    UINT_TYPES: ClassVar[list[str]] = list(_UNSIGNED)
    FP_TYPES: ClassVar[list[str]] = list(_FLOATS)
    STANDARD_FP_TYPES: ClassVar[list[str]] = ["fp16", "bf16", "fp32", "fp64"]
    OTHER_TYPES: ClassVar[list[str]] = ["void"]

    name: str

    def __init__(self, name: str) -> None:
        name = unwrap(name)
        if name not in _FLOATS and name not in _SIGNED and name not in _UNSIGNED and name != "void":
            raise ValueError(f"there is no type named {name!r}")
        self.name = name
        self._core: Any = None

    @property
    def core(self) -> Any:
        """The compiler's object for this type."""
        if self._core is None:
            self._core = _core.scalar_type(self.name)
        return self._core

    # Numbers that describe the type.
    @property
    def primitive_bitwidth(self) -> int:
        if self.name in _FLOATS:
            return _FLOATS[self.name][0]
        return _SIGNED.get(self.name) or _UNSIGNED.get(self.name) or 0

    @property
    def itemsize(self) -> int:
        return (self.primitive_bitwidth + 7) // 8

    @property
    def int_bitwidth(self) -> int:
        return self.primitive_bitwidth

    @property
    def fp_mantissa_width(self) -> int:
        return _FLOATS[self.name][1]

    @property
    def exponent_bias(self) -> int:
        return _FLOATS[self.name][2]

    @property
    def int_signedness(self) -> SIGNEDNESS:
        """Of integers; int1 counts as unsigned. ValueError for a type that is no integer."""
        if not self.is_int():
            raise ValueError(f"{self} is no integer type and has no signedness")
        return dtype.SIGNEDNESS.SIGNED if self.name in _SIGNED else dtype.SIGNEDNESS.UNSIGNED

    @property
    def scalar(self) -> dtype:
        return self

    def get_int_max_value(self) -> int:
        bits = self.primitive_bitwidth
        return (1 << (bits - 1)) - 1 if self.name in _SIGNED else (1 << bits) - 1

    def get_int_min_value(self) -> int:
        return -(1 << (self.primitive_bitwidth - 1)) if self.name in _SIGNED else 0

    # Questions.
    def is_fp8(self) -> bool:
        return self.name.startswith("fp8")

    def is_fp8e4nv(self) -> bool:
        return self.name == "fp8e4nv"

    def is_fp8e4b8(self) -> bool:
        return self.name == "fp8e4b8"

    def is_fp8e4b15(self) -> bool:
        return self.name == "fp8e4b15"

    def is_fp8e5(self) -> bool:
        return self.name == "fp8e5"

    def is_fp8e5b16(self) -> bool:
        return self.name == "fp8e5b16"

    def is_fp16(self) -> bool:
        return self.name == "fp16"

    def is_bf16(self) -> bool:
        return self.name == "bf16"

    def is_fp32(self) -> bool:
        return self.name == "fp32"

    def is_fp64(self) -> bool:
        return self.name == "fp64"

    def is_int1(self) -> bool:
        return self.name == "int1"

    def is_int8(self) -> bool:
        return self.name == "int8"

    def is_int16(self) -> bool:
        return self.name == "int16"

    def is_int32(self) -> bool:
        return self.name == "int32"

    def is_int64(self) -> bool:
        return self.name == "int64"

    def is_uint8(self) -> bool:
        return self.name == "uint8"

    def is_uint16(self) -> bool:
        return self.name == "uint16"

    def is_uint32(self) -> bool:
        return self.name == "uint32"

    def is_uint64(self) -> bool:
        return self.name == "uint64"

    def is_floating(self) -> bool:
        return self.name in _FLOATS

    def is_standard_floating(self) -> bool:
        return self.name in dtype.STANDARD_FP_TYPES

    def is_int_signed(self) -> bool:
        return self.name in _SIGNED

    def is_int_unsigned(self) -> bool:
        return self.name in _UNSIGNED

    def is_int(self) -> bool:
        return self.name in _SIGNED or self.name in _UNSIGNED

    def is_bool(self) -> bool:
        return self.is_int1()

    def is_void(self) -> bool:
        return self.name == "void"

    def is_block(self) -> bool:
        return False

    def is_ptr(self) -> bool:
        return False

    def is_const(self) -> bool:
        return False

    @staticmethod
    def is_dtype(type_str: str) -> bool:
        return type_str in _FLOATS or type_str in _SIGNED or type_str in _UNSIGNED

    def kind(self) -> KIND:
        """Bools, integers or floats; ValueError for other types."""
        if self.is_int1():
            return dtype.KIND.BOOLEAN
        if not (self.is_int() or self.is_floating()):
            raise ValueError(f"{self} is no type of numbers")
        return dtype.KIND.INTEGRAL if self.is_int() else dtype.KIND.FLOATING

    def with_element_ty(self, element_ty: dtype) -> dtype:
        return element_ty

    @property
    def cache_key_part(self) -> str:
        return self.name

    def mangle(self) -> str:
        return self.name

    def codegen_name(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        other = unwrap(other)
        return type(other) is dtype and other.name == self.name

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(("dtype", self.name))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"cosmati.language.{_PYTHON_NAMES.get(self.name, self.name)}"


class pointer_type(dtype):
    """Address of an ``element_ty``; ``const`` pointers can't be stored to."""

    def __init__(self, element_ty: dtype, address_space: int = 1, const: bool = False) -> None:
        element_ty = unwrap(element_ty)
        if not isinstance(element_ty, dtype):
            raise TypeError(f"element_ty is a {type(element_ty).__name__}, not a dtype")
        self.element_ty = element_ty
        self.address_space = unwrap(address_space)
        self.const = unwrap(const)
        self.name = f"const_pointer<{element_ty}>" if self.const else f"pointer<{element_ty}>"
        self._core = None

    @property
    def core(self) -> Any:
        if self._core is None:
            self._core = _core.pointer_type(self.element_ty.core, self.const, self.address_space)
        return self._core

    @property
    def primitive_bitwidth(self) -> int:
        return 64

    def is_ptr(self) -> bool:
        return True

    def is_const(self) -> bool:
        return bool(self.const)

    def __eq__(self, other: object) -> bool:
        other = unwrap(other)
        return (
            isinstance(other, pointer_type)
            and other.element_ty == self.element_ty
            and other.address_space == self.address_space
            and other.const == self.const
        )

    def __hash__(self) -> int:
        return hash((self.name, self.address_space))

    def __repr__(self) -> str:
        return f"pointer_type({self.element_ty!r})"


class block_type(dtype):
    """A block of ``shape`` elements; extents are powers of two."""

    def __init__(self, element_ty: dtype, shape: Sequence[int]) -> None:
        self.element_ty = element_ty
        self.shape = tuple(int(unwrap(extent)) for extent in shape)
        if not self.shape:
            raise TypeError("a block has at least one dimension")
        self.name = f"<{list(self.shape)}, {element_ty.name}>"
        self._core = None

    @property
    def core(self) -> Any:
        if self._core is None:
            self._core = _core.block_type(self.element_ty.core, list(self.shape))
        return self._core

    @property
    def scalar(self) -> dtype:
        return self.element_ty

    @property
    def primitive_bitwidth(self) -> int:
        return self.element_ty.primitive_bitwidth

    @property
    def numel(self) -> int:
        product = 1
        for extent in self.shape:
            product *= extent
        return product

    @property
    def nbytes(self) -> int:
        return self.numel * (self.element_ty.primitive_bitwidth // 8)

    def get_block_shapes(self) -> tuple[int, ...]:
        return self.shape

    def with_element_ty(self, element_ty: dtype) -> dtype:
        return block_type(element_ty, self.shape)

    def is_block(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        other = unwrap(other)
        return (
            isinstance(other, block_type)
            and other.element_ty == self.element_ty
            and other.shape == self.shape
        )

    def __hash__(self) -> int:
        return hash((self.element_ty, self.shape))

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return self.name


class tuple_type(dtype):
    """The types of a tuple's items."""

    def __init__(self, types: Sequence[Any], fields: Sequence[str] | None = None) -> None:
        self.types = list(types)
        self.fields = fields
        self.name = "[" + ", ".join(str(item) for item in self.types) + "]"
        self._core = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple_type) and other.types == self.types

    def __hash__(self) -> int:
        return hash(self.name)


class const:
    """Annotation of a pointer parameter that the kernel only reads."""


void = dtype("void")
int1 = dtype("int1")
int8 = dtype("int8")
int16 = dtype("int16")
int32 = dtype("int32")
int64 = dtype("int64")
uint8 = dtype("uint8")
uint16 = dtype("uint16")
uint32 = dtype("uint32")
uint64 = dtype("uint64")
float8e5 = dtype("fp8e5")
float8e5b16 = dtype("fp8e5b16")
float8e4nv = dtype("fp8e4nv")
float8e4b8 = dtype("fp8e4b8")
float8e4b15 = dtype("fp8e4b15")
float16 = dtype("fp16")
bfloat16 = dtype("bf16")
float32 = dtype("fp32")
float64 = dtype("fp64")
pi32_t = pointer_type(int32)

_PYTHON_NAMES = {
    "fp8e5": "float8e5",
    "fp8e5b16": "float8e5b16",
    "fp8e4nv": "float8e4nv",
    "fp8e4b8": "float8e4b8",
    "fp8e4b15": "float8e4b15",
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp32": "float32",
    "fp64": "float64",
}

# The scalar types as modules hold them, so that `x.dtype is tl.float32` holds as well as `==`.
_SCALARS = {item.name: item for item in list(globals().values()) if type(item) is dtype}

# Short names of kernel signatures: "*fp32", "i32", "u8".
_SIGNATURE_NAMES = {"i1": "int1", "u1": "int1", "B": "int1"}
_SIGNATURE_NAMES |= {f"i{bits}": f"int{bits}" for bits in (8, 16, 32, 64)}
_SIGNATURE_NAMES |= {f"u{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)}
_SIGNATURE_OF = {"int1": "i1"} | {v: k for k, v in _SIGNATURE_NAMES.items() if k not in ("u1", "B")}

_interned: dict[str, dtype] = {}
_from_core: dict[Any, dtype] = {}


def parse_type(text: str) -> dtype:
    """The type that a signature's text names: ``"*fp32"``, ``"*kfp16"`` (const), ``"i32"``.

    ValueError if it names none.

    Examples
    --------
    >>> tl.core.parse_type("*fp32")
    pointer_type(cosmati.language.float32)
    """
    found = _interned.get(text)
    if found is None:
        if text.startswith("*k"):
            found = pointer_type(parse_type(text[2:]), const=True)
        elif text.startswith("*"):
            found = pointer_type(parse_type(text[1:]))
        else:
            name = _SIGNATURE_NAMES.get(text, text)
            found = _SCALARS.get(name) or dtype(name)
        _interned[text] = found
    return found


def signature_text(ty: dtype) -> str:
    """The inverse of parse_type.

    Examples
    --------
    >>> tl.core.signature_text(tl.pointer_type(tl.bfloat16))
    '*bf16'
    """
    if isinstance(ty, pointer_type):
        return ("*k" if ty.const else "*") + signature_text(ty.element_ty)
    return _SIGNATURE_OF.get(ty.name, ty.name)


def type_from_core(core: Any) -> dtype:
    """The language type of a ``_core.Type``.

    Examples
    --------
    >>> tl.core.type_from_core(tl.float32.core)
    cosmati.language.float32
    """
    found = _from_core.get(core)
    if found is None:
        if core.is_block:
            found = block_type(type_from_core(core.scalar), core.shape)
        elif core.is_ptr:
            found = pointer_type(
                type_from_core(core.element), core.address_space, const=core.is_const
            )
        else:
            found = _SCALARS.get(core.name) or dtype(core.name)
        _from_core[core] = found
    return found


def get_int_dtype(bitwidth: int, signed: bool) -> dtype:
    """The integer type of a width; ValueError if there is none.

    Examples
    --------
    >>> tl.core.get_int_dtype(16, True)
    cosmati.language.int16
    """
    bitwidth, signed = unwrap(bitwidth), unwrap(signed)
    if bitwidth == 1:
        return int1
    if bitwidth not in (8, 16, 32, 64):
        raise ValueError(f"Unsupported bitwidth {bitwidth} and signedness {signed}")
    return _SCALARS[f"{'int' if signed else 'uint'}{bitwidth}"]


def str_to_ty(name: str, c: Any = None) -> dtype:
    """Same as parse_type(); Triton's name.

    Examples
    --------
    >>> tl.core.str_to_ty("i64")
    cosmati.language.int64
    """
    return parse_type(name)


__all__ = [
    "bfloat16", "block_type", "const", "constexpr", "dtype", "float8e4b8", "float8e4b15",
    "float8e4nv", "float8e5", "float8e5b16", "float16", "float32", "float64", "get_int_dtype",
    "int1", "int8", "int16", "int32", "int64", "parse_type", "pi32_t", "pointer_type",
    "signature_text", "str_to_ty", "tuple_type", "type_from_core", "uint8", "uint16", "uint32",
    "uint64", "void",
]  # fmt: skip
