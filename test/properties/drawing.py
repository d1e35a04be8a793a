"""What the property tests draw: numbers of examples, arrays with edge cases, and single kernels."""

from __future__ import annotations

import functools
import itertools
import linecache
import textwrap
from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from hypothesis import settings, strategies
from language_support import np_type, specials

Array = np.ndarray[Any, Any]


def examples(count: int) -> settings:
    """``count`` examples in the fast profile, more in others (see conftest.py)."""
    return settings(max_examples=max(count * settings().max_examples // 100, 1))


@strategies.composite
def arrays(draw: Any, name: str, shape: int | tuple[int, ...]) -> Array:
    """An array of a type: three bytes in four are an edge case each, the others random bits.

    One draw of bytes for a whole array: many values cost no more than one, and a failure shrinks
    toward the first edge case, which is 0.
    """
    count = int(np.prod(shape))
    dtype = np_type(name)
    edges = specials(name)
    choice = np.frombuffer(draw(strategies.binary(min_size=count, max_size=count)), np.uint8)
    bits = draw(strategies.binary(min_size=count * dtype.itemsize, max_size=count * dtype.itemsize))
    drawn = np.frombuffer(bits, np.uint8)
    if name == "bool":
        return (drawn & 1).astype(bool).reshape(shape)
    return np.where(choice < 192, edges[choice % edges.size], drawn.view(dtype)).reshape(shape)


def without_nan(x: Array) -> Array:
    """NaNs replaced by 1."""
    return np.where(x == x, x, np.ones((), x.dtype))


def tl_name(name: str) -> str:
    """How kernels write a type."""
    return "tl.int1" if name == "bool" else f"tl.{name}"


Output = tuple[str, tuple[int, ...]]  # type (or name) and shape


def run(expression: str, *outputs: Output, num_warps: int = 4, contract: bool = True,
        target: str | None = None, functions: tuple[Any, ...] = (),
        **blocks: Array) -> list[Array]:  # fmt: skip
    """What an expression gives, or the members of a tuple; types and shapes are checked.

    ``expression`` may name the blocks and the jit ``functions``, and may have lines before it. The
    kernel is generated once for all blocks of the same shapes.
    """
    shapes = tuple((name, block.shape) for name, block in blocks.items())
    results = [np.zeros(shape or (1,), np_type(name)) for name, shape in outputs]
    sources = [np.ascontiguousarray(block).reshape(-1) for block in blocks.values()]
    launch = _kernel(expression, shapes, outputs, functions)[(1,)]
    options = {"target": target} if target else {}
    launch(*sources, *results, num_warps=num_warps, enable_fp_fusion=contract, **options)
    return results


@functools.cache
def _kernel(
    expression: str, blocks: tuple[Output, ...], outputs: tuple[Output, ...],
    functions: tuple[Any, ...],
) -> Any:  # fmt: skip
    *before, last = textwrap.dedent(expression).strip("\n").splitlines()
    lines = [f"{name} = {load(name, shape)}" for name, shape in blocks]
    lines += [*before, f"results = ({last})" if len(outputs) > 1 else f"results = (({last}),)"]
    for index, (name, shape) in enumerate(outputs):
        lines += checked_store(f"results[{index}]", f"out{index}", name, shape)
    pointers = [f"{name}_ptr" for name, _ in blocks] + [f"out{i}" for i in range(len(outputs))]
    return jit_of(f"def drawn({', '.join(pointers)}):", lines, functions)


def load(name: str, shape: tuple[int, ...]) -> str:
    """A load of a whole block."""
    if not shape:
        return f"tl.load({name}_ptr)"
    return f"tl.reshape(tl.load({name}_ptr + tl.arange(0, {int(np.prod(shape))})), {shape})"


def checked_store(value: str, pointer: str, name: str, shape: tuple[int, ...]) -> list[str]:
    """Lines that hold a value to its type and shape, and store it."""
    lines = [f"tl.static_assert({value}.dtype == {tl_name(name)}, 'not {name}')",
             f"tl.static_assert(len({value}.shape) == {len(shape)}, 'not of shape {shape}')",
             ]  # fmt: skip
    lines += [f"tl.static_assert({value}.shape[{dim}] == {extent}, 'not of shape {shape}')"
              for dim, extent in enumerate(shape)]  # fmt: skip
    if not shape:
        return [*lines, f"tl.store({pointer}, {value})"]
    size = int(np.prod(shape))
    flat = f"tl.reshape({value}, ({size},))"
    return [*lines, f"tl.store({pointer} + tl.arange(0, {size}), {flat})"]


_numbers = itertools.count()


def jit_of(head: str, lines: list[str], functions: tuple[Any, ...] = ()) -> Any:
    """A jit function from its source text."""
    source = f"{head}\n{textwrap.indent(chr(10).join(lines), '    ')}\n"
    file = f"<drawn {next(_numbers)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"tl": tl, "cosmati": cosmati, "__name__": __name__}
    namespace |= {function.__name__: function for function in functions}
    exec(compile(source, file, "exec"), namespace)
    return cosmati.jit(namespace[head.split("(")[0].removeprefix("def ")])
