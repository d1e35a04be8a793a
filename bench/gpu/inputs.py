"""Inputs and candidates of the cases."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import torch

from bench.gpu.as_triton import host_functions
from bench.gpu.measure import Candidate

ours = host_functions("cosmati.kernels")


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """N(0, 1); int8: uniform over all its numbers."""
    if dtype == torch.int8:
        return torch.randint(-128, 128, shape, device="cuda", dtype=torch.int8)
    return torch.randn(*shape, device="cuda", dtype=torch.float32).to(dtype)


def pair(name: str, triton: SimpleNamespace | None, *args: Any, **options: Any) -> list[Candidate]:
    """The same host function compiled by Cosmati and, where it is there, by Triton.

    A ``config`` is a tuple (name of its class, options), made in the package that takes it.
    """
    found = []
    for label, package in (("cosmati", ours), ("triton", triton)):
        if package is None:
            continue
        mine = dict(options)
        if "config" in mine:
            kind, values = mine["config"]
            mine["config"] = getattr(package, kind)(**values)
        found.append(Candidate(label, functools.partial(getattr(package, name), *args, **mine)))
    return found
