"""``do_bench``: what it calls, what it gives, and with which clock."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import cosmati
import pytest
from cosmati import testing
from cosmati.testing import timers
from cosmati.testing.timers import DeviceTimer, HostTimer, TorchTimer, choose_timer
from cosmati.testing.timing import quantiles_of, summarize


class Clock:
    """perf_counter that each call of a function moves on by some milliseconds."""

    def __init__(self, monkeypatch, milliseconds):
        self.now, self.calls, self.milliseconds = 0.0, 0, milliseconds
        monkeypatch.setattr("time.perf_counter", lambda: self.now)

    def __call__(self):
        self.now += self.milliseconds / 1e3
        self.calls += 1


def test_the_mean_of_so_many_calls_as_fill_the_time(monkeypatch):
    call = Clock(monkeypatch, 2.0)
    assert testing.do_bench(call, warmup=10, rep=20) == pytest.approx(2.0)
    # One that compiles, one and five that estimate, five of warming up, ten that are measured.
    assert call.calls == 1 + 1 + 5 + 5 + 10


def test_a_slow_call_is_not_repeated_in_vain(monkeypatch):
    call = Clock(monkeypatch, 900.0)
    assert testing.do_bench(call) == pytest.approx(900.0)
    assert call.calls == 3


def test_all_times_and_summaries(monkeypatch):
    call = Clock(monkeypatch, 1.0)
    assert testing.do_bench(call, 1, 3, return_mode="all") == pytest.approx([1.0] * 3)
    for mode in ("min", "max", "mean", "median"):
        assert testing.do_bench(call, 1, 3, return_mode=mode) == pytest.approx(1.0)
    assert testing.do_bench(call, 1, 3, quantiles=[0.5, 0.2, 0.8]) == pytest.approx([1.0] * 3)
    assert testing.do_bench(call, 1, 3, quantiles=[0.5]) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="return_mode='sum': use one of min, max, mean"):
        testing.do_bench(call, return_mode="sum")


def test_gradients_are_dropped_before_each_call(monkeypatch):
    tensor = SimpleNamespace(grad=None)
    clock = Clock(monkeypatch, 1.0)

    def call():
        clock()
        seen.append(tensor.grad)
        tensor.grad = 1

    seen: list[object] = []
    testing.do_bench(call, 1, 4, grad_to_none=[tensor])
    assert seen[-4:] == [None] * 4


def test_quantiles_interpolate():
    times = [4.0, 1.0, 3.0, 2.0]
    assert quantiles_of(times, [0, 0.5, 1, 0.25]) == [1.0, 2.5, 4.0, 1.75]
    assert summarize([1.0, 2.0, 9.0], None, "median") == 2.0
    with pytest.raises(ValueError, match=r"quantile 1.5 is not in the range \[0, 1\]"):
        quantiles_of(times, [1.5])


def test_times_of_the_virtual_machine_are_said_to_be_none_of_a_gpu(monkeypatch, capfd):
    monkeypatch.setattr(timers, "_told", [])
    for _ in range(2):
        assert isinstance(choose_timer(), HostTimer)
    assert capfd.readouterr().err.count("says nothing about a GPU's") == 1


def test_graphs_are_plain_calls_on_the_virtual_machine(monkeypatch):
    call = Clock(monkeypatch, 2.0)
    assert testing.do_bench_cudagraph(call, rep=10) == pytest.approx(2.0)


def test_the_profiler_of_another_project_is_named():
    for function in (testing.do_bench_proton, testing.do_bench_cudagraph_proton):
        with pytest.raises(cosmati.CosmatiError, match="needs Triton's profiler Proton"):
            function(lambda: None, warmup=1, rep=1)


class FakeDevice:
    """A GPU whose events are times of a counter."""

    on_host, kind = False, "cuda"

    def __init__(self):
        self.now, self.events, self.log, self.memory = 0.0, {}, [], set()

    def call(self):
        self.now += 3.0
        self.log.append("call")

    def create_event(self):
        self.events[len(self.events) + 1] = None
        return len(self.events)

    def record_event(self, event):
        self.events[event] = self.now
        self.log.append("record")

    def elapsed_ms(self, start, end):
        return self.events[end] - self.events[start]

    def destroy_event(self, event):
        self.log.append("destroy")

    def allocate(self, size):
        self.memory.add(size)
        return size

    def release(self, address):
        self.memory.discard(address)

    def fill(self, address, value, size):
        self.now += 100.0
        self.log.append("flush")

    def synchronize(self):
        self.log.append("wait")


def test_without_torch_the_drivers_events_time_a_call_after_a_flush(monkeypatch):
    device = FakeDevice()
    monkeypatch.setattr(timers, "get_device", lambda: device)
    assert isinstance(choose_timer(), DeviceTimer)
    assert choose_timer().measure(device.call, 2, lambda: device.log.append("before")) == [3.0, 3.0]
    each = ["before", "flush", "record", "call", "record"]
    assert device.log == [*each, *each, "wait", *["destroy"] * 4]
    assert not device.memory
    assert testing.do_bench(device.call, warmup=6, rep=9, return_mode="all") == [3.0] * 3


def test_events_and_memory_are_freed_when_the_call_fails():
    device = FakeDevice()

    def fail():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        DeviceTimer(device).measure(fail, 3, lambda: None)
    assert not device.memory and device.log[-2:] == ["destroy", "destroy"]


class FakeTorch:
    """torch.cuda as far as timing goes."""

    int32 = None

    def __init__(self):
        self.now, self.flushes = 0.0, 0
        torch = self

        class Event:
            def __init__(self, enable_timing):
                assert enable_timing

            def record(self):
                self.at = torch.now

            def elapsed_time(self, end):
                return end.at - self.at

        class Context:
            def __init__(self, *unused):
                pass

            def __enter__(self):
                return self

            def __exit__(self, *unused):
                return None

        class Graph:
            def replay(self):
                torch.now += 8.0

        self.cuda = SimpleNamespace(
            Event=Event, synchronize=lambda: None, is_available=lambda: True,
            is_initialized=lambda: True, stream=Context, Stream=lambda: None, CUDAGraph=Graph,
            graph=Context,
        )  # fmt: skip

    def empty(self, size, dtype, device):
        def zero_():
            self.now += 100.0
            self.flushes += 1

        return SimpleNamespace(zero_=zero_)

    def call(self):
        self.now += 2.0


@pytest.fixture
def torch(monkeypatch):
    fake = FakeTorch()
    monkeypatch.setitem(sys.modules, "torch", fake)
    monkeypatch.setattr(timers, "get_device", lambda: FakeDevice())
    monkeypatch.setattr("cosmati.testing.timing.get_device", lambda: FakeDevice())
    return fake


def test_with_torch_its_events_time_on_its_stream(torch):
    assert isinstance(choose_timer(), TorchTimer)
    assert testing.do_bench(torch.call, warmup=4, rep=6, return_mode="all") == [2.0] * 3
    assert torch.flushes == 1 + 5 + 3


def test_a_graph_holds_as_many_calls_as_fill_the_time(torch):
    assert testing.do_bench_cudagraph(torch.call, rep=8) == 8.0 / 4
    assert torch.flushes == 0


def test_graphs_need_torch(monkeypatch):
    monkeypatch.setattr("cosmati.testing.timing.get_device", lambda: FakeDevice())
    monkeypatch.setattr("cosmati.testing.timing.torch_with_cuda", lambda: None)
    with pytest.raises(cosmati.CosmatiError, match="captures graphs through torch"):
        testing.do_bench_cudagraph(lambda: None)
