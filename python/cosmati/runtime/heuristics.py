"""``cosmati.heuristics``: meta-parameters computed from the other arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Heuristics:
    """A kernel some of whose meta-parameters are computed at each launch; see heuristics()."""

    def __init__(self, fn: Any, values: dict[str, Callable[[dict[str, Any]], Any]]) -> None:
        self.fn = fn
        self.values = values
        self.arg_names = fn.arg_names
        unknown = [name for name in values if name not in self.arg_names]
        if unknown:
            raise ValueError(f"heuristics name {unknown[0]!r}, which is no parameter of {fn}")

    @property
    def base_fn(self) -> Any:
        return getattr(self.fn, "base_fn", self.fn)

    def _filled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        known = {**dict(zip(self.arg_names, args, strict=False)), **kwargs}
        return {**kwargs, **{name: compute(known) for name, compute in self.values.items()}}

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn.run(*args, **self._filled(args, kwargs))

    def warmup(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn.warmup(*args, **self._filled(args, kwargs))

    def __getitem__(self, grid: Any) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.fn[grid](*args, **self._filled(args, kwargs))


def heuristics(values: dict[str, Callable[[dict[str, Any]], Any]]) -> Callable[[Any], Heuristics]:
    """Computes meta-parameters from the arguments of each launch.

    Parameters
    ----------
    values : dict
        Name of a parameter -> function that takes a dict of the launch's arguments by name.

    Examples
    --------
    >>> @cosmati.heuristics({"EVEN": lambda args: args["n"] % 128 == 0})
    ... @cosmati.jit
    ... def kernel(x, n, EVEN: tl.constexpr): ...
    """
    return lambda fn: Heuristics(fn, values)
