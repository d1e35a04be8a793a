"""Launches of shipped kernels, recorded so that their PTX can be run again."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Launch:
    """A launch: the text, and the arguments of the entry as they were before it."""

    kernel: str
    ptx: str
    entry: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared: int
    params: tuple[str, ...]
    """Names of the entry's parameters."""
    values: dict[str, Any]
    """The arguments before the launch, those that the text knows as constants included."""
    sources: tuple[str, ...]
    """Source line behind each number that a ``.loc`` has as its column, counted from 1."""
    variant: tuple[Any, ...]
    """Constexprs, options and types: launches that differ here never share a text."""
    numbers: dict[str, int]
    """Integer arguments, on which the text may be specialised."""

    def accepts(self, other: Launch) -> bool:
        """Whether the text of this launch is right for the arguments of the other one."""
        return self.variant == other.variant and all(
            (value % 16 != 0 or other.numbers[name] % 16 == 0)
            and (value != 1 or other.numbers[name] == 1)
            for name, value in self.numbers.items()
        )

    def fresh_args(self, params: tuple[str, ...]) -> list[Any]:
        """Copies of the arguments of these names: what a run writes is nobody else's."""
        return [_clone(self.values[name]) for name in params]


def _clone(value: Any) -> Any:
    """A copy with the same strides, so that a view stays a view of a larger array."""
    if not isinstance(value, np.ndarray):
        return value
    if not isinstance(value.base, np.ndarray):
        return value.copy()
    base = value.base.copy()
    offset = value.ctypes.data - value.base.ctypes.data
    return np.ndarray(value.shape, value.dtype, base, offset, value.strides)


class Recorder:
    """Stands in for a kernel in its module and keeps the launches that pass through."""

    def __init__(self, kernel: Any, launches: list[Launch]) -> None:
        self.kernel = kernel
        self.launches = launches

    def __getitem__(self, grid: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            names = set(self.kernel.signature.parameters)
            own = {name: value for name, value in kwargs.items() if name in names}
            bound = self.kernel.signature.bind(*args, **own)
            bound.apply_defaults()
            before = {name: _clone(value) for name, value in bound.arguments.items()}
            compiled = self.kernel[grid](*args, **kwargs)
            options = {name: value for name, value in kwargs.items() if name not in names}
            self.launches.append(self._record(compiled, grid, before, options))
            return compiled

        return run

    def _record(
        self, compiled: Any, grid: Any, before: dict[str, Any], options: dict[str, Any]
    ) -> Launch:
        image = compiled.image
        extents = tuple(grid) + (1, 1)
        constants = {self.kernel.arg_names[index] for index in self.kernel.constexprs}
        free = {name: value for name, value in before.items() if name not in constants}
        return Launch(
            kernel=self.kernel.__name__,
            ptx=image.ptx,
            entry=image.entry,
            grid=extents[:3],
            block=(32 * image.num_warps, 1, 1),
            shared=image.shared_bytes,
            params=tuple(name for name, _ in image.params),
            values=free,
            sources=tuple(_source_line(chain) for chain in image.chains),
            variant=(
                self.kernel.__name__,
                repr(sorted(options.items())),
                repr([(name, before[name]) for name in sorted(constants)]),
                repr([(name, getattr(v, "dtype", type(v))) for name, v in free.items()]),
            ),
            numbers={name: value for name, value in free.items() if isinstance(value, int)},
        )


def _source_line(chain: Any) -> str:
    """Text of the innermost line of a chain of calls."""
    function, line, _ = chain[0]
    module_name, _, name = function.rpartition(".")
    source = getattr(importlib.import_module(module_name), name)
    kernel = source.kernel if isinstance(source, Recorder) else source
    return str(kernel.src.splitlines()[line - 1].strip())
