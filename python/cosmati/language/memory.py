"""Loads, stores and atomics."""

from __future__ import annotations

from typing import Any

from cosmati.language.block_pointer import block_pointer, checked_dims
from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.tensor import member, operand, optional, tensor

_CACHE_LOAD = ("", ".ca", ".cg", ".cv")
_CACHE_STORE = ("", ".wb", ".cg", ".cs", ".wt")
_EVICTION = ("", "evict_first", "evict_last")


def _choice(value: Any, allowed: tuple[str, ...], what: str) -> str:
    value = unwrap(value)
    if value not in allowed:
        names = ", ".join(repr(name) for name in allowed)
        raise ValueError(f"{what} {value!r} is not one of {names}")
    return str(value)


def _pointer(value: Any, function: str) -> Any:
    if not isinstance(value, tensor) or not value.dtype.is_ptr():
        found = value.type if isinstance(value, tensor) else unwrap(value)
        raise TypeError(
            f"Unsupported ptr type {found} in `tl.{function}`: it takes a pointer or a block of "
            "pointers, such as `x_ptr + offsets`"
        )
    return value.handle


@builtin
def load(
    pointer: Any,
    mask: Any = None,
    other: Any = None,
    boundary_check: Any = (),
    padding_option: Any = "",
    cache_modifier: Any = "",
    eviction_policy: Any = "",
    volatile: Any = False,
) -> tensor:
    """Reads the elements that ``pointer`` addresses; the result has the pointee's type.

    Parameters
    ----------
    pointer : block or scalar of pointers, or a block pointer
        Addresses are formed in 64 bits, ``p + offset`` without a wrap; an offset that is computed
        in int32 wraps before. Elements are aligned to their size. An int1 is a byte, true if not 0.
    mask : block or scalar of int1, optional
        Where it is false nothing is read and the element is ``other``. Not with a block pointer.
    other : block, scalar or number, optional
        Cast to the pointee; 0 where it isn't given.
    boundary_check : tuple of int
        Dimensions of a block pointer that may leave the tensor's shape, at either end. Others are
        not checked.
    padding_option : {"", "zero", "nan"}
        What elements outside of the shape are; "" means "zero". "nan" for floats only.
    cache_modifier : {"", ".ca", ".cg", ".cv"}
    eviction_policy : {"", "evict_first", "evict_last"}
        Hints: they change no result, but for ".cv", which fetches again.
    volatile : bool
        Read at each execution, even where the compiler knows the value.

    Notes
    -----
    Reading outside of an allocation is undefined behaviour on a GPU; the virtual machine reports
    it. A load sees what the same program wrote through pointers before a debug_barrier().

    Raises
    ------
    CompilationError
        ``other`` without ``mask``, a mask that isn't int1 or lies on a block pointer, a block as
        mask of a scalar, shapes that don't broadcast.

    Examples
    --------
    >>> evaluate("tl.load(x_ptr + tl.arange(0, 4), mask=tl.arange(0, 4) < 3, other=-1)",
    ...          x=np.array([5, 6, 7, 8], np.int32))
    array([ 5,  6,  7, -1], dtype=int32)
    """
    cache = _choice(cache_modifier, _CACHE_LOAD, "cache modifier")
    evict = _choice(eviction_policy, _EVICTION, "eviction policy")
    is_volatile = bool(unwrap(volatile))
    if isinstance(pointer, block_pointer):
        if unwrap(mask) is not None or unwrap(other) is not None:
            raise ValueError(
                "`mask` and `other` arguments cannot be specified for loading block pointers; "
                "use boundary_check"
            )
        padding = _choice(padding_option, ("", "zero", "nan"), "padding_option")
        dims = checked_dims(boundary_check, len(pointer.block.shape))
        block = builder().load_block(pointer.handle, dims, padding, cache, evict, is_volatile)
        return tensor(block)
    if _given(boundary_check) or unwrap(padding_option):
        raise ValueError(
            "`padding_option` and `boundary_check` are only for block pointers; "
            "use `mask` and `other` with a block of pointers"
        )
    if unwrap(other) is not None and unwrap(mask) is None:
        raise ValueError(
            "`other` cannot be provided without `mask`: it is what lanes hold whose mask is false"
        )
    handle = _pointer(pointer, "load")
    return tensor(
        builder().load(handle, optional(mask), optional(other), cache, evict, is_volatile)
    )


@builtin
def store(
    pointer: Any,
    value: Any,
    mask: Any = None,
    boundary_check: Any = (),
    cache_modifier: Any = "",
    eviction_policy: Any = "",
) -> None:
    """Writes ``value``, broadcast and cast to the pointee, where ``mask`` is set.

    Parameters are those of load(); cache modifiers are ".wb", ".cg", ".cs" and ".wt". The cast is
    that of tl.cast(): integers wrap, floats saturate. int1 is written as a byte, 0 or 1. Where two
    elements have one address it is not defined which of them stays. A store through a ``tl.const``
    pointer, and a value with more elements than the pointer has, are errors.

    Examples
    --------
    >>> evaluate('''
    ...     tl.store(x_ptr + tl.arange(0, 4), 9, mask=x > 6)
    ...     tl.debug_barrier()
    ...     tl.load(x_ptr + tl.arange(0, 4))
    ... ''', x=np.array([5, 6, 7, 8], np.int32))
    array([5, 6, 9, 9], dtype=int32)
    """
    cache = _choice(cache_modifier, _CACHE_STORE, "cache modifier")
    evict = _choice(eviction_policy, _EVICTION, "eviction policy")
    if isinstance(pointer, block_pointer):
        if unwrap(mask) is not None:
            raise ValueError("`mask` cannot be specified for block pointers; use boundary_check")
        dims = checked_dims(boundary_check, len(pointer.block.shape))
        builder().store_block(pointer.handle, operand(value), dims, cache, evict)
        return
    if _given(boundary_check):
        raise ValueError("`boundary_check` is only for block pointers; use `mask`")
    handle = _pointer(pointer, "store")
    builder().store(handle, operand(value), optional(mask), cache, evict)


def _given(boundary_check: Any) -> bool:
    check = unwrap(boundary_check)
    return check is not None and (isinstance(check, int) or len(check) > 0)


_SEMANTICS = (None, "acquire", "release", "acq_rel", "relaxed")
_SCOPES = (None, "gpu", "cta", "sys")


def _order(sem: Any, scope: Any) -> tuple[str, str]:
    sem, scope = unwrap(sem), unwrap(scope)
    if sem not in _SEMANTICS:
        raise ValueError(f"Memory semantic {sem} not supported; use one of {_SEMANTICS[1:]}")
    if scope not in _SCOPES:
        raise ValueError(f"Memory semantic {scope} not supported; use one of {_SCOPES[1:]}")
    return sem or "acq_rel", scope or "gpu"


@builtin
def atomic_cas(pointer: Any, cmp: Any, val: Any, sem: Any = None, scope: Any = None) -> tensor:
    """Stores ``val`` where memory equals ``cmp``, as one step; gives what was there before.

    Parameters
    ----------
    pointer : block or scalar of pointers
        To numbers of 16, 32 or 64 bits (the other atomics: 32 or 64; atomic_add() float16 and
        bfloat16, too; and, or, xor integers only).
    cmp, val : block, scalar or number
        Broadcast, and cast to the pointee. Floats are compared by their bits: -0 is not 0.
    sem : {"acq_rel", "acquire", "release", "relaxed"}, default "acq_rel"
        "release": who sees the new value with an acquire also sees all that the whole program
        accessed before; "acquire": what the program accesses afterwards comes after it.
    scope : {"gpu", "cta", "sys"}, default "gpu"
        The threads for which that holds: of the device, of this program, of all devices and hosts.

    Notes
    -----
    A scalar pointer acts once for the program, and all of its threads get the old value. Elements
    of a block act in no defined order, so float sums of several programs, or of equal addresses,
    may differ in their last bits from run to run. Integers wrap. The others have a ``mask``: where
    it is false nothing is touched, and the result is 0.

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_cas(x_ptr, 6, 1)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(1))
    """
    order = _order(sem, scope)
    handle = _pointer(pointer, "atomic_cas")
    return tensor(builder().atomic_cas(handle, operand(cmp), operand(val), *order))


def _atomic(kind: str, pointer: Any, val: Any, mask: Any, sem: Any, scope: Any) -> tensor:
    order = _order(sem, scope)
    handle = _pointer(pointer, f"atomic_{kind}")
    return tensor(
        getattr(builder(), f"atomic_{kind}")(handle, operand(val), optional(mask), *order)
    )


@builtin
def atomic_xchg(
    pointer: Any, val: Any, mask: Any = None, sem: Any = None, scope: Any = None
) -> tensor:
    """Stores ``val`` and gives what was there before, as one step. See atomic_cas.

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_xchg(x_ptr, 1)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(1))
    """
    return _atomic("xchg", pointer, val, mask, sem, scope)


@builtin
def atomic_add(
    pointer: Any, val: Any, mask: Any = None, sem: Any = None, scope: Any = None
) -> tensor:
    """Adds ``val`` to memory and gives what was there before, as one step. See atomic_cas.

    ``val`` is cast first: 1.5 adds 1 to an integer.

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_add(x_ptr, 2)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(8))
    """
    return _atomic("add", pointer, val, mask, sem, scope)


@builtin
def atomic_max(
    pointer: Any, val: Any, mask: Any = None, sem: Any = None, scope: Any = None
) -> tensor:
    """Keeps the larger of memory and ``val``; gives what was there before. See atomic_cas.

    Floats are ordered by sign and bits: -0 is below +0, and a NaN without sign above infinity, so
    that a NaN stays. That is not the rule of maximum().

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_max(x_ptr, 9)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(9))
    """
    return _atomic("max", pointer, val, mask, sem, scope)


@builtin
def atomic_min(
    pointer: Any, val: Any, mask: Any = None, sem: Any = None, scope: Any = None
) -> tensor:
    """Keeps the smaller of memory and ``val``; gives what was there before. See atomic_cas.

    Floats as in atomic_max(): a NaN without sign loses against any number.

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_min(x_ptr, 2)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(2))
    """
    return _atomic("min", pointer, val, mask, sem, scope)


@builtin
def atomic_and(
    pointer: Any, val: Any, mask: Any = None, sem: Any = None, scope: Any = None
) -> tensor:
    """Bitwise and of memory and ``val``; gives what was there before. See atomic_cas.

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_and(x_ptr, 3)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(2))
    """
    return _atomic("and", pointer, val, mask, sem, scope)


@builtin
def atomic_or(
    pointer: Any, val: Any, mask: Any = None, sem: Any = None, scope: Any = None
) -> tensor:
    """Bitwise or of memory and ``val``; gives what was there before. See atomic_cas.

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_or(x_ptr, 1)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(7))
    """
    return _atomic("or", pointer, val, mask, sem, scope)


@builtin
def atomic_xor(
    pointer: Any, val: Any, mask: Any = None, sem: Any = None, scope: Any = None
) -> tensor:
    """Bitwise exclusive or of memory and ``val``; gives what was there before. See atomic_cas.

    Examples
    --------
    >>> evaluate('''
    ...     old = tl.atomic_xor(x_ptr, 5)
    ...     tl.debug_barrier()
    ...     old, tl.load(x_ptr)
    ... ''', x=np.array([6], np.int32))
    (np.int32(6), np.int32(3))
    """
    return _atomic("xor", pointer, val, mask, sem, scope)


for _name, _function in {
    "store": store, "atomic_cas": atomic_cas, "atomic_xchg": atomic_xchg,
    "atomic_add": atomic_add, "atomic_max": atomic_max, "atomic_min": atomic_min,
    "atomic_and": atomic_and, "atomic_or": atomic_or, "atomic_xor": atomic_xor,
}.items():  # fmt: skip
    member(_name, _function)

__all__ = [
    "atomic_add", "atomic_and", "atomic_cas", "atomic_max", "atomic_min", "atomic_or",
    "atomic_xchg", "atomic_xor", "load", "store",
]  # fmt: skip
