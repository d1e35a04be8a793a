"""How a call is timed: on a GPU by events, elsewhere by the host's clock."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from cosmati.runtime.device import get_device

_FLUSHED_BYTES = 256 << 20  # larger than the L2 cache of any GPU that kernels are made for
_told: list[str] = []

Call = Callable[[], Any]


class Timer(Protocol):
    """Milliseconds of calls."""

    def synchronize(self) -> None:
        """Waits until the device is idle."""

    def measure(self, fn: Call, repeats: int, before: Call, flush: bool = True) -> list[float]:
        """The time of each of so many calls. ``before`` runs before each, outside of the time;
        with ``flush`` the GPU's L2 cache is emptied, too.
        """


class HostTimer:
    """The wall clock of this machine, for the virtual machine: no time of a GPU."""

    def synchronize(self) -> None:
        return None

    def measure(self, fn: Call, repeats: int, before: Call, flush: bool = True) -> list[float]:
        times = []
        for _ in range(repeats):
            before()
            start = time.perf_counter()
            fn()
            times.append((time.perf_counter() - start) * 1e3)
        return times


class TorchTimer:
    """CUDA events of torch, on its current stream."""

    def __init__(self, torch: Any) -> None:
        self.cuda = torch.cuda
        self._torch = torch
        self._scratch: Any = None

    def synchronize(self) -> None:
        self.cuda.synchronize()

    def _flush(self) -> None:
        if self._scratch is None:
            self._scratch = self._torch.empty(
                _FLUSHED_BYTES // 4, dtype=self._torch.int32, device="cuda"
            )
        self._scratch.zero_()

    def measure(self, fn: Call, repeats: int, before: Call, flush: bool = True) -> list[float]:
        pairs = []
        for _ in range(repeats):
            start, end = (self.cuda.Event(enable_timing=True) for _ in range(2))
            before()
            if flush:
                self._flush()
            start.record()
            fn()
            end.record()
            pairs.append((start, end))
        self.cuda.synchronize()
        return [float(start.elapsed_time(end)) for start, end in pairs]


class DeviceTimer:
    """The driver's events on the default stream, for programs without torch."""

    def __init__(self, device: Any) -> None:
        self.device = device

    def synchronize(self) -> None:
        self.device.synchronize()

    def measure(self, fn: Call, repeats: int, before: Call, flush: bool = True) -> list[float]:
        device = self.device
        scratch = device.allocate(_FLUSHED_BYTES) if flush else 0
        events: list[int] = []
        try:
            for _ in range(repeats):
                start, end = device.create_event(), device.create_event()
                events += [start, end]
                before()
                if flush:
                    device.fill(scratch, 0, _FLUSHED_BYTES)
                device.record_event(start)
                fn()
                device.record_event(end)
            device.synchronize()
            pairs = zip(events[::2], events[1::2], strict=True)
            return [float(device.elapsed_ms(start, end)) for start, end in pairs]
        finally:
            for event in events:
                device.destroy_event(event)
            device.release(scratch)


def torch_with_cuda() -> Any:
    """The torch module, if the program uses a GPU through it; else None."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    return torch


def tell_host_time() -> None:
    """Says once what the numbers are."""
    text = (
        "cosmati: kernels run on the PTX virtual machine: do_bench gives this machine's wall "
        "time, which says nothing about a GPU's"
    )
    if text not in _told:
        _told.append(text)
        print(text, file=sys.stderr)


def choose_timer() -> Timer:
    """The timer for what launches now run on."""
    device = get_device()
    if device.on_host:
        tell_host_time()
        return HostTimer()
    torch = torch_with_cuda()
    return TorchTimer(torch) if torch is not None else DeviceTimer(device)
