"""Timing of launches, for the benches that lie beside the kernels."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cosmati.runtime.device import get_device


@dataclass(frozen=True)
class Timing:
    """Median wall time of a call in microseconds, and the rates that follow from it.

    ``bytes`` is the traffic that the algorithm can't avoid, ``flops`` its multiplications and
    additions; 0 where the number says nothing.
    """

    name: str
    device: str
    microseconds: float
    bytes: int = 0
    flops: int = 0

    @property
    def gigabytes_per_second(self) -> float:
        return self.bytes / self.microseconds / 1e3

    @property
    def gigaflops(self) -> float:
        return self.flops / self.microseconds / 1e3

    def __str__(self) -> str:
        text = f"{self.name:44} {self.device:10} {self.microseconds:12.1f} us"
        if self.bytes:
            text += f" {self.gigabytes_per_second:10.2f} GB/s"
        if self.flops:
            text += f" {self.gigaflops:10.2f} GFLOP/s"
        return text


def device_name() -> str:
    """ "vm", or the name of the GPU that launches go to."""
    device = get_device()
    return "vm" if device.kind == "vm" else str(device.properties["name"])


def median_microseconds(call: Callable[[], Any], repeats: int = 10, warmup: int = 2) -> float:
    """Median wall time of ``call`` until the device is idle again."""
    device = get_device()
    times = []
    for index in range(warmup + repeats):
        start = time.perf_counter()
        call()
        device.synchronize()
        if index >= warmup:
            times.append((time.perf_counter() - start) * 1e6)
    return sorted(times)[len(times) // 2]


def measure(
    name: str,
    call: Callable[[], Any],
    *,
    bytes: int = 0,
    flops: int = 0,
    repeats: int = 10,
) -> Timing:
    """Times ``call`` after a warm-up that compiles its kernels."""
    return Timing(name, device_name(), median_microseconds(call, repeats), bytes, flops)
