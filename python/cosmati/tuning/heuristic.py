"""``cosmati.heuristics``: meta-parameters computed from the other arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from cosmati.runtime.jit import KernelInterface
from cosmati.runtime.options import known_options
from cosmati.tuning.interface import described


class Heuristics(KernelInterface):
    """A kernel some of whose meta-parameters are computed at each launch; see heuristics()."""

    def __init__(
        self, fn: Any, arg_names: list[str], values: dict[str, Callable[[dict[str, Any]], Any]]
    ) -> None:
        self.fn = fn
        self.arg_names = arg_names
        self.values = values
        self.base_fn = fn
        while not inspect.isfunction(self.base_fn):
            self.base_fn = self.base_fn.fn
        for name in values:
            if name not in arg_names and name not in known_options():
                raise ValueError(
                    f"heuristics name {name!r}, which is no parameter of {described(fn)} "
                    f"({', '.join(arg_names)}) and no compile option"
                )

    def filled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """``kwargs`` with the computed values; each sees those before it."""
        known = {**dict(zip(self.arg_names, args, strict=False)), **kwargs}
        computed = {}
        for name, compute in self.values.items():
            known[name] = computed[name] = compute(known)
        return {**kwargs, **computed}

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn.run(*args, **self.filled(args, kwargs))

    def warmup(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn.warmup(*args, **self.filled(args, kwargs))


def heuristics(values: dict[str, Callable[[dict[str, Any]], Any]]) -> Callable[[Any], Heuristics]:
    """Computes meta-parameters from the arguments of each launch.

    Parameters
    ----------
    values : dict
        Name of a parameter, or of a compile option -> function that takes a dict of the launch's
        arguments by name, values computed before included.

    Examples
    --------
    >>> @cosmati.heuristics({"EVEN": lambda args: args["n"] % 128 == 0})
    ... @cosmati.jit
    ... def kernel(x, n, EVEN: tl.constexpr): ...
    >>> kernel.filled((None, 256), {})
    {'EVEN': True}
    """
    return lambda fn: Heuristics(fn, fn.arg_names, values)
