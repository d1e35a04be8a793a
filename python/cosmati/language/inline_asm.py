"""PTX text applied to blocks."""

from __future__ import annotations

import re
from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.dtypes import dtype as dtype_class
from cosmati.language.tensor import tensor, to_tensor
from cosmati.language.tuples import Tuple


@builtin
def inline_asm_elementwise(
    asm: Any, constraints: Any, args: Any, dtype: Any, is_pure: Any, pack: Any
) -> Any:
    """Runs PTX text on the elements of blocks, ``pack`` of them at a time.

    Parameters
    ----------
    asm : str
        PTX. ``$0``, ``$1``, ... are the registers of ``constraints``, results first; ``$$`` is a
        dollar sign. Names of registers and labels go in braces ``{ }``, since the text stands
        there many times.
    constraints : str
        LLVM's notation, e.g. ``"=r,=&r,r,f,0"``: for each result, then for each argument, the
        registers of its ``pack`` elements. Letters: b (predicate), h (16 bits), r (32), l (64),
        q (128), f (float32), d (float64); ``&``: no argument shares the register; a number: the
        register of that result.
    args : tuple or list of blocks and scalars
        Of any types; broadcast to one shape, not converted. Elements narrower than 32 bits share
        registers, ``min(pack, 32 / bits)`` in each, the first one in the lowest bits. A register
        wider than what it holds is zero above.
    dtype : dtype or tuple of dtypes
        Types of the results; with a tuple there are several.
    is_pure : bool
        False: the text has side effects. No run of it is removed, moved or made twice.
    pack : int
        A power of two up to 32. Which elements are handled together is not defined; a group that
        is not full is filled with zeros.

    Returns
    -------
    One block, or a tuple of blocks, of the arguments' common shape; scalars if all are scalars.

    Notes
    -----
    Each thread runs the text for the elements that it holds; where a block has fewer elements than
    the program has threads, or scalars are given, threads hold copies, and run it for these, too.
    Text that needs all lanes of a warp, such as ``shfl.sync``, finds them only outside of branches.

    Examples
    --------
    >>> evaluate('''
    ...     tl.inline_asm_elementwise("shf.l.wrap.b32 $0, $1, $1, 8;", "=r,r",
    ...                               [x], tl.int32, is_pure=True, pack=1)
    ... ''', x=np.array([1, 1 << 24], np.int32))
    array([256,   1], dtype=int32)
    """
    text, rules = unwrap(asm), unwrap(constraints)
    for name, value in (("asm", text), ("constraints", rules)):
        if not isinstance(value, str):
            raise TypeError(f"inline_asm_elementwise: {name} is {value}, not a string")
    wanted = unwrap(dtype)
    several = isinstance(wanted, (Tuple, tuple, list))
    types = [unwrap(item) for item in wanted] if several else [wanted]
    for item in types:
        if not isinstance(item, dtype_class):
            raise TypeError(f"inline_asm_elementwise: dtype is {item}, not a type of the language")
    handles = [to_tensor(argument).handle for argument in unwrap(args)]
    results = builder().inline_asm(
        text,
        rules,
        handles,
        [item.core for item in types],
        int(unwrap(pack)),
        bool(unwrap(is_pure)),
    )
    _check_operands(text, rules)
    blocks = [tensor(result) for result in results]
    return Tuple(blocks) if several else blocks[0]


def _check_operands(text: str, rules: str) -> None:
    """ValueError where the text names an operand that the constraints don't have."""
    count = sum(not rule.strip().startswith("~") for rule in rules.split(",")) if rules else 0
    for escaped, plain, braced in re.findall(r"\$(?:(\$)|(\d+)|\{(\d+))", text):
        if not escaped and int(plain or braced) >= count:
            raise ValueError(
                f"inline_asm_elementwise: the text names the operand ${plain or braced}, but the "
                f"constraints {rules!r} have {count}: $0 to ${count - 1}, results first"
            )


__all__ = ["inline_asm_elementwise"]
