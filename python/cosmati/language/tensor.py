"""``tensor``: a scalar or block value of a kernel, and how Python values become one."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from cosmati.language.base import base_value
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.context import builder, builtin, generator
from cosmati.language.dtypes import (
    block_type,
    dtype,
    type_from_core,
)
from cosmati.language.tuples import Tuple

if TYPE_CHECKING:
    from cosmati.language._members import Members as _Base  # the methods that member() attaches
else:
    _Base = base_value

TRITON_MAX_TENSOR_NUMEL = 1 << 20  # elements of a block


class tensor(_Base):
    """A value that exists when the kernel runs: a scalar or a block of a fixed shape.

    Operators broadcast: shapes are aligned at their last dimensions, extents of 1 are repeated.

    Notes
    -----
    Types of two operands become one before an operator is applied:

    - A Python number takes the type of a tensor of its own or a higher kind (bools, integers,
      floats, in this order); an integer that does not fit is an error. With a tensor of a lower
      kind it is an int32, uint32, int64 or uint64 by its value, or a float32 (float64 beyond its
      normal range).
    - Of two floats the wider type wins; float16 and bfloat16 meet in float32. Of two integers the
      wider type wins, and of one width the unsigned one. A float wins over an integer, but with
      bfloat16 an integer gives float32.
    - ``/`` gives floats: float32 of integers, float16 and bfloat16; float32 within 2 ulp, or to
      nearest with the option ``approx_division=False``. ``//`` takes integers, ``%``
      floats, too, and in float32 where they are narrower; both truncate toward zero, as in C,
      unlike those of constexprs. Integers of different signedness are an error for the three. A
      divisor of 0 gives 0 (``//``) or the dividend (``%``).
    - Comparisons give int1; a number beyond the tensor's range is compared as an int32, uint32,
      int64 or uint64 (with a uint32, -1 is 4294967295). ``and`` and ``or`` compute both sides;
      constexprs among them decide, or drop out.
    - Integers wrap around, int1 too: True + True is False. Shifts by the width or more, or by a
      negative number, give 0 (or -1, to the right, of negative numbers); ``>>`` of signed integers
      copies the sign. The least integer // -1 is itself.
    - 8-bit floats are computed in float32, and the result is rounded to their type and saturated;
      two that differ meet in float16.
    - A comparison with a NaN is false, but for ``!=``.
    """

    __slots__ = ("_type", "handle")
    __cosmati_runtime__ = True

    def __init__(self, handle: Any, type: dtype | None = None) -> None:
        self.handle = handle
        self._type = type

    @property
    def type(self) -> dtype:
        if self._type is None:
            self._type = type_from_core(self.handle.type)
        return self._type

    @property
    def dtype(self) -> Any:
        """Type of one element."""
        return self.type.scalar

    @property
    def shape(self) -> Tuple:
        """Extents, as a tuple of constexprs; empty for a scalar."""
        ty = self.type
        return Tuple([constexpr(n) for n in ty.shape] if isinstance(ty, block_type) else [])

    @property
    def numel(self) -> constexpr:
        ty = self.type
        return constexpr(ty.numel if isinstance(ty, block_type) else 1)

    @property
    def T(self) -> tensor:
        """The block with its last two dimensions exchanged."""
        return self.trans()

    def __repr__(self) -> str:
        return str(self.type)

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        raise TypeError("the value of a tensor is not known while the kernel is compiled")

    # Arithmetic. Each method is one call of the compiler's builder.
    @builtin
    def __add__(self, other: Any) -> tensor:
        return _binary("add", self, other)

    @builtin
    def __radd__(self, other: Any) -> tensor:
        return _binary("add", other, self)

    @builtin
    def __sub__(self, other: Any) -> tensor:
        return _binary("sub", self, other)

    @builtin
    def __rsub__(self, other: Any) -> tensor:
        return _binary("sub", other, self)

    @builtin
    def __mul__(self, other: Any) -> tensor:
        return _binary("mul", self, other)

    @builtin
    def __rmul__(self, other: Any) -> tensor:
        return _binary("mul", other, self)

    @builtin
    def __truediv__(self, other: Any) -> tensor:
        return _binary("truediv", self, other)

    @builtin
    def __rtruediv__(self, other: Any) -> tensor:
        return _binary("truediv", other, self)

    @builtin
    def __floordiv__(self, other: Any) -> tensor:
        return _binary("floordiv", self, other)

    @builtin
    def __rfloordiv__(self, other: Any) -> tensor:
        return _binary("floordiv", other, self)

    @builtin
    def __mod__(self, other: Any) -> tensor:
        return _binary("mod", self, other)

    @builtin
    def __rmod__(self, other: Any) -> tensor:
        return _binary("mod", other, self)

    def __pow__(self, other: Any) -> Any:
        raise TypeError(
            "`**` works on constexpr only; use tl.exp2(y * tl.log2(x)) or libdevice.pow"
        )

    def __matmul__(self, other: Any) -> Any:
        raise TypeError("`@` is not supported; use tl.dot(a, b)")

    @builtin
    def __neg__(self) -> tensor:
        return tensor(builder().neg(self.handle))

    @builtin
    def __pos__(self) -> tensor:
        return self

    @builtin
    def __invert__(self) -> tensor:
        return tensor(builder().invert(self.handle))

    # Bits.
    @builtin
    def __and__(self, other: Any) -> tensor:
        return _binary("and_", self, other)

    @builtin
    def __rand__(self, other: Any) -> tensor:
        return _binary("and_", other, self)

    @builtin
    def __or__(self, other: Any) -> tensor:
        return _binary("or_", self, other)

    @builtin
    def __ror__(self, other: Any) -> tensor:
        return _binary("or_", other, self)

    @builtin
    def __xor__(self, other: Any) -> tensor:
        return _binary("xor", self, other)

    @builtin
    def __rxor__(self, other: Any) -> tensor:
        return _binary("xor", other, self)

    @builtin
    def __lshift__(self, other: Any) -> tensor:
        return _binary("shl", self, other)

    @builtin
    def __rlshift__(self, other: Any) -> tensor:
        return _binary("shl", other, self)

    @builtin
    def __rshift__(self, other: Any) -> tensor:
        return _binary("shr", self, other)

    @builtin
    def __rrshift__(self, other: Any) -> tensor:
        return _binary("shr", other, self)

    # Comparisons.
    @builtin
    def __lt__(self, other: Any) -> tensor:
        return _compare("lt", self, other)

    @builtin
    def __le__(self, other: Any) -> tensor:
        return _compare("le", self, other)

    @builtin
    def __gt__(self, other: Any) -> tensor:
        return _compare("gt", self, other)

    @builtin
    def __ge__(self, other: Any) -> tensor:
        return _compare("ge", self, other)

    @builtin
    def __eq__(self, other: Any) -> tensor:  # type: ignore[override]
        return _compare("eq", self, other)

    @builtin
    def __ne__(self, other: Any) -> tensor:  # type: ignore[override]
        return _compare("ne", self, other)

    @builtin
    def logical_and(self, other: Any) -> tensor:
        return _binary("logical_and", self, other)

    @builtin
    def logical_or(self, other: Any) -> tensor:
        return _binary("logical_or", self, other)

    @builtin
    def __not__(self) -> tensor:
        return tensor(builder().logical_not(self.handle))

    @builtin
    def __getitem__(self, slices: Any) -> tensor:
        """``x[:, None]``: inserts dimensions; only ``None`` and ``:`` are indices."""
        if isinstance(slices, slice) or unwrap(slices) is None:
            slices = (slices,)
        if isinstance(slices, Tuple):
            slices = tuple(slices.values)
        if not isinstance(slices, tuple):
            raise TypeError(_INDEX_REMEDY.format(slices))
        result: tensor = self
        is_scalar = not self.type.is_block()
        for axis, item in enumerate(slices):
            if unwrap(item) is None:
                if is_scalar:  # as in Triton, `:` takes none of its dims: x[:, None] is x[None]
                    axis = min(axis, len(result.shape))
                result = tensor(builder().expand_dims(result.handle, axis))
            elif not (isinstance(item, slice) and item == slice(None)):
                raise TypeError(_INDEX_REMEDY.format(item))
        return result

    @builtin
    def to(
        self, dtype: Any, fp_downcast_rounding: str | None = None, bitcast: bool = False
    ) -> tensor:
        """Same as ``tl.cast(x, dtype, ...)``."""
        return cast(self, dtype, fp_downcast_rounding, bitcast)

    @builtin
    def item(self) -> tensor:
        """The only element of a block of one element, as a scalar.

        Examples
        --------
        >>> evaluate("tl.zeros((1, 1), tl.int32).item() + 3")
        np.int32(3)
        """
        return tensor(builder().item(self.handle))


_INDEX_REMEDY = (
    "unsupported tensor index: {}; only `None` and `:` are allowed. "
    "Elements are selected by masks and tl.where, or by tl.load with computed addresses"
)


def operand(value: Any) -> Any:
    """What the builder takes for an operand: a value's handle, or a Python number.

    TypeError for anything else.
    """
    if isinstance(value, tensor):
        return value.handle
    value = unwrap(value)
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, tensor):
        return value.handle
    hint = "; guard what may be missing by `if x is not None`" if value is None else ""
    raise TypeError(f"cannot convert {_describe(value)} to a tensor{hint}")


def optional(value: Any) -> Any:
    """operand() that lets None through."""
    return None if unwrap(value) is None else operand(value)


def _describe(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"the string {value!r}"
    return f"{value} of type {type(value).__name__}"


def _binary(method: str, lhs: Any, rhs: Any) -> tensor:
    emit = getattr(builder(), method)
    return tensor(emit(operand(lhs), operand(rhs)))


def _compare(method: str, lhs: tensor, rhs: Any) -> tensor:
    """A comparison. With an integer beyond the range of the tensor's type all elements agree."""
    number = unwrap(rhs)
    if type(number) is int and not 0 <= number <= 127 and lhs.dtype.is_int():
        is_above = number > lhs.dtype.get_int_max_value()
        if is_above or number < lhs.dtype.get_int_min_value():
            to_tensor(number)  # at most 64 bits, or an error
            truth = method in (("lt", "le", "ne") if is_above else ("gt", "ge", "ne"))
            emit = builder()
            like = emit.eq(lhs.handle, lhs.handle)
            return tensor(like if truth else emit.logical_not(like))
    return _binary(method, lhs, rhs)


@builtin
def to_tensor(x: Any) -> tensor:
    """A Python number or constexpr as a scalar value; values as they are.

    Examples
    --------
    >>> evaluate("tl.to_tensor(3)")
    np.int32(3)
    """
    if isinstance(x, tensor):
        return x
    value = operand(x)
    return tensor(builder().to_tensor(value))


@builtin
def cast(
    input: Any, dtype: Any, fp_downcast_rounding: str | None = None, bitcast: bool = False
) -> tensor:
    """Converts each element to ``dtype``.

    Parameters
    ----------
    input : tensor or number
    dtype : dtype
    fp_downcast_rounding : {"rtne", "rtz"}, optional
        Rounding of a conversion to a narrower float; an error for any other conversion.
    bitcast : bool
        Keep the bits instead; both types have the same width.

    Notes
    -----
    ======================  ====================================================================
    from, to                result
    ======================  ====================================================================
    integer, integer        the low bits, or extended by the source's sign: nothing saturates
    float, integer          truncated toward zero and saturated; NaN gives 0
    integer, float          rounded once to nearest even; float16 overflows to infinity
    float, wider float      exact
    float, narrower float   rounded once to nearest even, or toward zero; overflow gives infinity
                            ("rtz": the largest number); NaN stays NaN
    float, 8-bit float      the same, but overflow and infinity saturate to the largest number;
                            float8e4b15, without NaN, gives 1.75 for it
    any, int1               true for what isn't 0, a NaN, too; true is 1 as a number
    pointer, integer        64-bit integers only; pointers to pointers keep the address
    ======================  ====================================================================

    Examples
    --------
    >>> evaluate("tl.cast(x, tl.int32)", x=np.array([1.0, 4.0, -2.0, 0.5], np.float32))
    array([ 1,  4, -2,  0], dtype=int32)
    >>> evaluate("tl.cast(x, tl.int32, bitcast=True)", x=np.array([1.0], np.float32))
    array([1065353216], dtype=int32)
    """
    source = to_tensor(input)
    target = unwrap(dtype)
    if not hasattr(target, "core"):
        raise TypeError(f"dtype is {_describe(target)}, not a type of cosmati.language")
    if isinstance(target, block_type):
        target = target.scalar
    if unwrap(bitcast):
        return tensor(builder().bitcast(source.handle, target.core))
    return tensor(builder().cast(source.handle, target.core, unwrap(fp_downcast_rounding)))


class BoundMember:
    """A jit function or constexpr function as a method of a tensor or an aggregate."""

    def __init__(self, function: Any, value: Any) -> None:
        self.function = function
        self.value = value
        self._must_use_result = getattr(function, "_must_use_result", False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return generator().active[-1].call(self.function, [self.value, *args], kwargs)


def member(name: str, function: Any) -> None:
    """Makes a language function a method of ``tensor``."""
    if isinstance(function, types.FunctionType):
        setattr(tensor, name, function)
    else:
        setattr(tensor, name, property(lambda self: BoundMember(function, self)))


def scalar_shape(shape: Any) -> list[int]:
    """A shape argument as a list of ints; TypeError where an extent is a runtime value."""
    shape = unwrap(shape)
    if isinstance(shape, tensor):
        raise TypeError("a shape is known at compile time: its extents must be constexpr")
    if isinstance(shape, int):
        shape = [shape]
    extents = []
    for index, extent in enumerate(shape):
        extent = unwrap(extent)
        if isinstance(extent, tensor) or not isinstance(extent, int) or isinstance(extent, bool):
            raise TypeError(f"Shape element {index} must have type `constexpr[int]`, got {extent}")
        extents.append(extent)
    return extents


def validate_block_shape(shape: Any) -> int:
    """The number of elements of a block of ``shape``.

    Raises TypeError for an extent that is no integer, ValueError for one that is no power of two
    and for a block that is too large.

    Examples
    --------
    >>> tl.core.validate_block_shape([16, 64])
    1024
    """
    numel = 1
    for index, extent in enumerate(scalar_shape(shape)):
        if extent < 1 or extent & (extent - 1):
            raise ValueError(f"Shape element {index} must be a power of 2, not {extent}")
        numel *= extent
    if numel > TRITON_MAX_TENSOR_NUMEL:
        raise ValueError(
            f"numel ({numel}) exceeds triton maximum tensor numel ({TRITON_MAX_TENSOR_NUMEL}); "
            "use a smaller block"
        )
    return numel


def variadic(values: tuple[Any, ...]) -> list[int]:
    """``f(x, 1, 2)`` and ``f(x, (1, 2))`` alike."""
    if len(values) == 1 and not isinstance(unwrap(values[0]), int):
        return scalar_shape(values[0])
    return scalar_shape(values)
