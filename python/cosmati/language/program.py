"""The program's place in the grid, loop iterators, barriers, assertions and printing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cosmati.errors import CompileTimeAssertionFailure
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.context import builder, builtin, generator
from cosmati.language.tensor import operand, optional, tensor, to_tensor


def _axis(axis: Any, function: str) -> int:
    axis = unwrap(axis)
    if axis not in (0, 1, 2):
        raise ValueError(f"{function} axis must be 0, 1, or 2 but got {axis}")
    return int(axis)


@builtin
def program_id(axis: Any) -> tensor:
    """Index of this program along ``axis`` (0, 1 or 2) of the grid; int32.

    Grids have at most 2**31 - 1 programs along axis 0, 65535 along the others. The order in which
    programs run is not defined. An offset made of it wraps at 2**31: cast it to int64 for larger
    tensors, ``tl.program_id(0).to(tl.int64) * BLOCK``.

    Examples
    --------
    >>> evaluate("tl.program_id(0)")
    np.int32(0)
    """
    return tensor(builder().program_id(_axis(axis, "program_id")))


@builtin
def num_programs(axis: Any) -> tensor:
    """Number of programs along ``axis`` (0, 1 or 2) of the grid; int32.

    Examples
    --------
    >>> evaluate("tl.num_programs(0)")
    np.int32(1)
    """
    return tensor(builder().num_programs(_axis(axis, "num_programs")))


class range:
    """Iterator of a loop that runs when the kernel runs.

    Parameters
    ----------
    arg1, arg2, step
        As for Python's range; integers, or integer scalars of the kernel. A step that is negative
        must be a constexpr. The counter has the widest of their types. ``end - 1 + step`` has to
        fit in it, since the counter would wrap otherwise, and the loop might not end; it is an
        error where the bounds are known while compiling.
    num_stages : int, optional
        Depth of the software pipeline of this loop; the kernel's ``num_stages`` by default. Only
        loops with a product on tensor cores and no loop inside have one.
    loop_unroll_factor : int, optional
        So many iterations become one, which a stage of the pipeline then holds whole; those that
        remain run one by one in a second loop without a pipeline. Remark: ``loop-not-unrolled``.
    flatten : bool
        This loop and the only loop in it (a ``for`` directly in it, whose range depends on this
        loop's counter at most) become one, with ``num_stages`` of the inner one if it is given
        there: the loads of the next outer iteration then run ahead while this one ends. Arithmetic
        on indices that precedes the inner loop is done again in each of its iterations. Where the
        inner range may be empty, both forms are compiled. Remark: ``loop-not-flattened``.
    disable_licm : bool
        What the loop does not change stays in it, rather than occupy registers throughout: no
        motion of invariant code here or in LLVM's optimiser. The code generator and the assembler
        decide for themselves.
    disallow_acc_multi_buffer : bool
        Always holds: accumulators stay in registers and have one copy.
    warp_specialize : bool
        No effect: all warps run the same program. Remark: ``loop-not-specialized``.

    Notes
    -----
    Options change no result. As in every pipelined loop, memory that the loop stores to must not
    overlap what it loads through another argument; with ``flatten``, the loop is the outer one.
    """

    __cosmati_builtin__ = True

    def __init__(
        self,
        arg1: Any,
        arg2: Any = None,
        step: Any = None,
        num_stages: Any = None,
        loop_unroll_factor: Any = None,
        disallow_acc_multi_buffer: Any = False,
        flatten: Any = False,
        warp_specialize: Any = False,
        disable_licm: Any = False,
    ) -> None:
        self.step = 1 if unwrap(step) is None else step
        self.start: Any
        self.end: Any
        self.start, self.end = (0, arg1) if unwrap(arg2) is None else (arg1, arg2)
        self.num_stages = unwrap(num_stages)
        self.loop_unroll_factor = unwrap(loop_unroll_factor)
        self.disallow_acc_multi_buffer = bool(unwrap(disallow_acc_multi_buffer))
        self.flatten = bool(unwrap(flatten))
        self.warp_specialize = bool(unwrap(warp_specialize))
        self.disable_licm = bool(unwrap(disable_licm))

    if TYPE_CHECKING:  # kernels iterate over it, Python does not

        def __iter__(self) -> Iterator[Any]: ...

    def __repr__(self) -> str:
        return f"range({self.start}, {self.end}, {self.step})"

    def options(self) -> dict[str, Any]:
        """The hints that were given, by name."""
        given = {
            "num_stages": self.num_stages,
            "loop_unroll_factor": self.loop_unroll_factor,
            "disallow_acc_multi_buffer": self.disallow_acc_multi_buffer or None,
            "flatten": self.flatten or None,
            "warp_specialize": self.warp_specialize or None,
            "disable_licm": self.disable_licm or None,
        }
        return {name: value for name, value in given.items() if value is not None}


class static_range:
    """Iterator of a loop that is unrolled while the kernel is compiled; bounds are constexpr.

    The counter is a constexpr, in each copy of the body another one, and code grows with the number
    of iterations.
    """

    __cosmati_builtin__ = True

    def __init__(self, arg1: Any, arg2: Any = None, step: Any = None) -> None:
        step = 1 if unwrap(step) is None else step
        start, end = (0, arg1) if unwrap(arg2) is None else (arg1, arg2)
        for value in (start, end, step):
            if not isinstance(unwrap(value), int):
                raise TypeError(
                    "tl.static_range takes constexpr integers; use tl.range for bounds that are "
                    "known only when the kernel runs"
                )
        self.start, self.end, self.step = unwrap(start), unwrap(end), unwrap(step)
        if self.step == 0:
            raise ValueError("the step of tl.static_range is 0")

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Any]: ...


class condition:
    """Condition of a ``while`` loop, with hints: ``while tl.condition(x < 4): ...``."""

    __cosmati_builtin__ = True

    def __init__(self, arg1: Any, disable_licm: Any = False) -> None:
        self.condition = arg1
        self.disable_licm = bool(unwrap(disable_licm))


@builtin
def debug_barrier() -> None:
    """All threads of the program wait here, and see each other's earlier memory accesses.

    Needed where a program loads what it stored through pointers; between operations on blocks the
    compiler puts the barriers. It orders nothing between programs: see atomic_cas().

    Examples
    --------
    >>> evaluate('''
    ...     tl.store(x_ptr + tl.arange(0, 4), 9, mask=x > 6)
    ...     tl.debug_barrier()
    ...     tl.load(x_ptr + tl.arange(0, 4))
    ... ''', x=np.array([5, 6, 7, 8], np.int32))
    array([5, 6, 9, 9], dtype=int32)
    """
    builder().debug_barrier()


@builtin
def assume(cond: Any) -> None:
    """Promises that a scalar condition holds; the compiler may use it.

    If it doesn't hold the kernel's behaviour is undefined. A false constexpr is an error.

    Examples
    --------
    >>> evaluate('''
    ...     tl.assume(tl.program_id(0) < 8)
    ...     tl.program_id(0)
    ... ''')
    np.int32(0)
    """
    condition_value = unwrap(cond)
    if isinstance(condition_value, tensor):
        builder().assume(condition_value.handle)
    elif not condition_value:
        raise ValueError("tl.assume was given a condition that is false at compile time")


@builtin
def static_print(
    *values: Any, sep: Any = " ", end: Any = "\n", file: Any = None, flush: Any = False
) -> None:
    """Prints while the kernel is compiled: constexprs by value, blocks and scalars by type.

    Once per compiled variant; nothing where a cache has the kernel.

    Examples
    --------
    >>> evaluate('''
    ...     tl.static_print("a block of", x.type)
    ...     tl.sum(x)
    ... ''', x=np.array([3, -1, 4, 1], np.int32))
    a block of <[4], int32>
    a block of <[4], int32>
    np.int32(7)
    """
    plain = [unwrap(value) for value in values]
    print(*plain, sep=unwrap(sep), end=unwrap(end), file=unwrap(file), flush=bool(unwrap(flush)))


@builtin
def static_assert(cond: Any, msg: Any = "") -> None:
    """Stops the compilation with ``msg`` unless ``cond``, a constexpr, holds.

    Raises CompileTimeAssertionFailure, with the calls that led there.

    Examples
    --------
    >>> evaluate('''
    ...     tl.static_assert(x.shape[0] == 4, "four elements")
    ...     tl.sum(x)
    ... ''', x=np.array([3, -1, 4, 1], np.int32))
    np.int32(7)
    """
    value = unwrap(cond)
    if isinstance(value, tensor):
        raise TypeError(
            "tl.static_assert takes a constexpr; use tl.device_assert for a condition that is "
            "known only when the kernel runs"
        )
    if not value:
        text = unwrap(msg)
        raise CompileTimeAssertionFailure(
            f"static assertion failed: {text}" if text else "static assertion failed"
        )


@builtin
def device_print(prefix: Any, *args: Any, hex: Any = False) -> None:
    """Prints each element of ``args`` with its program and index when the kernel runs.

    ``prefix`` is a string known at compile time; ``hex`` prints the bits. Lines come in no defined
    order on a GPU, whose buffer holds some thousands of them between synchronisations.

    Examples
    --------
    >>> evaluate('''
    ...     tl.device_print("x =", x)
    ...     tl.sum(x)
    ... ''', x=np.array([5, 7], np.int32))
    pid (0, 0, 0) idx (0) x =: 5
    pid (0, 0, 0) idx (1) x =: 7
    np.int32(12)
    """
    prefix = unwrap(prefix)
    if not isinstance(prefix, str):
        raise TypeError(f"the prefix of tl.device_print is {prefix}, not a string")
    values = [to_tensor(value) for value in args]
    builder().print(prefix, [value.handle for value in values], bool(unwrap(hex)))


@builtin
def device_assert(cond: Any, msg: Any = "", mask: Any = None) -> None:
    """Stops the launch with ``msg`` where ``cond`` is false and ``mask`` is set.

    ``cond`` is an int1 block or scalar; ``msg`` a string known at compile time. Checked only in
    kernels compiled with ``debug=True``: a launch's option, or COSMATI_DEBUG=1.

    Examples
    --------
    >>> evaluate('''
    ...     tl.device_assert(x > -5, "larger")
    ...     tl.sum(x)
    ... ''', x=np.array([3, -1, 4, 1], np.int32))
    np.int32(7)
    """
    text = unwrap(msg)
    if not isinstance(text, str):
        raise TypeError("the message of tl.device_assert is not a string")
    if generator().debug:
        builder().assert_(operand(cond), text, optional(mask))


__all__ = [
    "assume", "condition", "constexpr", "debug_barrier", "device_assert", "device_print",
    "num_programs", "program_id", "range", "static_assert", "static_print", "static_range",
]  # fmt: skip
