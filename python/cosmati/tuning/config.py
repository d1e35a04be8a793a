"""``cosmati.Config``: one choice of meta-parameters and compile options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_DEFAULTS: dict[str, Any] = {
    "kwargs": {}, "num_warps": 4, "num_stages": 3, "num_ctas": 1, "maxnreg": None, "pre_hook": None,
    "ir_override": None,
}  # fmt: skip


class Config:
    """A configuration that the autotuner may try.

    Parameters
    ----------
    kwargs : dict
        Meta-parameters of the kernel: ``{"BLOCK": 128}``.
    num_warps, num_stages, num_ctas : int
        Warps of a program, depth of software pipelines, CTAs of a cluster.
    maxnreg : int, optional
        Most registers that a thread may use.
    pre_hook : function, optional
        Called with a dict of all arguments before each launch with this configuration.
    ir_override : str, optional
        File whose text replaces a stage of the compilation: ``*.ptx`` or ``*.tilegpu``.

    Examples
    --------
    >>> print(cosmati.Config({"BLOCK": 128}, num_warps=8))
    BLOCK: 128, num_warps: 8, num_ctas: 1, num_stages: 3, maxnreg: None
    """

    def __init__(
        self,
        kwargs: dict[str, Any],
        num_warps: int = 4,
        num_stages: int = 3,
        num_ctas: int = 1,
        maxnreg: int | None = None,
        pre_hook: Callable[[dict[str, Any]], Any] | None = None,
        ir_override: str | None = None,
    ) -> None:
        self.kwargs = kwargs
        self.num_warps = num_warps
        self.num_ctas = num_ctas
        self.num_stages = num_stages
        self.maxnreg = maxnreg
        self.pre_hook = pre_hook
        self.ir_override = ir_override

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, default in _DEFAULTS.items():
            setattr(self, name, state.get(name, dict(default) if name == "kwargs" else default))

    def all_kwargs(self) -> dict[str, Any]:
        """What a launch with this configuration adds to its arguments."""
        given = dict(self.kwargs)  # built by hand: every launch asks for it
        if self.num_warps is not None:
            given["num_warps"] = self.num_warps
        if self.num_ctas is not None:
            given["num_ctas"] = self.num_ctas
        if self.num_stages is not None:
            given["num_stages"] = self.num_stages
        if self.maxnreg is not None:
            given["maxnreg"] = self.maxnreg
        if self.ir_override is not None:
            given["ir_override"] = self.ir_override
        return given

    def _identity(self) -> tuple[Any, ...]:
        return (*self.all_kwargs().items(), self.pre_hook)

    def __hash__(self) -> int:
        return hash(self._identity())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Config):
            return NotImplemented
        return self._identity() == other._identity()

    def __str__(self) -> str:
        shown = {
            **self.kwargs,
            "num_warps": self.num_warps,
            "num_ctas": self.num_ctas,
            "num_stages": self.num_stages,
            "maxnreg": self.maxnreg,
        }
        return ", ".join(f"{name}: {value}" for name, value in shown.items())

    def __repr__(self) -> str:
        return f"Config({self})"
