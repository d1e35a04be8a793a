"""Kernels that the tests of tuning share, and a do_bench that a test controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cosmati
import cosmati.language as tl
from cosmati import Config


@cosmati.jit
def scale_kernel(x, out, n, factor, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    tl.store(out + offs, tl.load(x + offs, mask=mask) * factor, mask=mask)


@cosmati.jit
def count_kernel(out, n, BLOCK: tl.constexpr):
    """Adds one to each element: what ran twice shows."""
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    tl.store(out + offs, tl.load(out + offs, mask=mask) + 1, mask=mask)


@cosmati.jit
def dot_kernel(a, b, c, K, BLOCK: tl.constexpr):
    """One block of a product; num_stages decides about shared memory."""
    i = tl.arange(0, BLOCK)
    acc = tl.zeros((BLOCK, BLOCK), tl.float32)
    for k in range(0, K, BLOCK):
        left = tl.load(a + i[:, None] * K + k + i[None, :])
        right = tl.load(b + (k + i[:, None]) * BLOCK + i[None, :])
        acc = tl.dot(left, right, acc)
    tl.store(c + i[:, None] * BLOCK + i[None, :], acc)


def blocks(meta: dict[str, Any]) -> tuple[int]:
    return (cosmati.cdiv(meta["n"], meta["BLOCK"]),)


def configs(*sizes: int, **options: Any) -> list[Config]:
    return [Config({"BLOCK": size}, **options) for size in sizes]


def tuned(kernel: Any, choices: list[Config], key: tuple[str, ...] = ("n",), **options: Any) -> Any:
    """An autotuner of its own; nothing on disk unless the test says so."""
    options.setdefault("cache_results", False)
    return cosmati.autotune(choices, key=list(key), **options)(kernel)


class Bench:
    """A do_bench that runs each trial once and gives the times it was told, in turn."""

    def __init__(self, *times: float) -> None:
        self.times = list(times)
        self.calls = 0

    def __call__(self, call: Callable[[], None], quantiles: Any = None) -> list[float]:
        call()
        time = self.times[self.calls % len(self.times)]
        self.calls += 1
        return [time, time, time]
