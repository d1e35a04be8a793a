"""Functions of scalars, with control flow of their own, on each element of blocks."""

from __future__ import annotations

from typing import Any

from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.context import builder, builtin, generator
from cosmati.language.tensor import operand, tensor, to_tensor
from cosmati.language.tuples import Tuple


@builtin
def map_elementwise(scalar_fn: Any, *args: Any, pack: Any = 1) -> Any:
    """Calls a jit function of scalars for each element.

    Unlike ``tl.where``, an ``if`` in the function runs only the branch that the element takes, and
    a loop ends when the element's is done.

    Parameters
    ----------
    scalar_fn : jit function
        Takes ``pack`` scalars for each argument and returns as many for each result (a tuple if
        there is more than one value in all). It computes with scalars and may load them.
    args : blocks and scalars
        Broadcast to one shape, not converted.
    pack : int
        Elements per call. Which elements are handled together is not defined; a group that is not
        full repeats its last element.

    Returns
    -------
    One block, or a tuple of blocks, of the arguments' common shape.

    Examples
    --------
    >>> @cosmati.jit
    ... def halvings(x):
    ...     count = 0
    ...     while x > 1:
    ...         x = x // 2
    ...         count += 1
    ...     return count
    >>> evaluate("tl.map_elementwise(f, x)", x=np.array([1, 6, 64, 9], np.int32), f=halvings)
    array([0, 2, 6, 3], dtype=int32)
    """
    group = int(unwrap(pack))
    emit = builder()
    arguments = emit.begin_map([to_tensor(argument).handle for argument in args], group)
    made = generator().call_function(unwrap(scalar_fn), [tensor(item) for item in arguments])
    if isinstance(made, constexpr) and made.value is None:
        raise TypeError("the function of map_elementwise returns nothing; it returns scalars")
    values = list(made) if isinstance(made, Tuple) else [made]
    results = [tensor(handle) for handle in emit.end_map([operand(value) for value in values])]
    return results[0] if len(values) == group else Tuple(results)


__all__ = ["map_elementwise"]
