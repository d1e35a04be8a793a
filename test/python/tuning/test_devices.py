"""What needs a GPU to happen, as far as it can be checked without one."""

from __future__ import annotations

from types import SimpleNamespace

import cosmati
import numpy as np
import pytest
from cosmati.tuning.devices import device_of, refuse_capture
from tuned_kernels import configs, scale_kernel, tuned


class Gpu:
    on_host, kind, target = False, "cuda", "sm_90a"
    properties = {"name": "a GPU"}

    def __init__(self, capturing: bool) -> None:
        self.capturing = capturing

    def is_capturing(self) -> bool:
        return self.capturing


def test_tuning_is_refused_while_a_graph_is_captured():
    with pytest.raises(cosmati.CosmatiError, match="launch it once before the capture") as caught:
        refuse_capture("gemm", [np.zeros(1)], Gpu(True))
    assert "capturing a CUDA graph" in str(caught.value) and "gemm" in str(caught.value)
    refuse_capture("gemm", [], Gpu(False))
    refuse_capture("gemm", [], cosmati.get_device())


def test_a_choice_that_is_missing_asks_for_the_capture_before_anything_else(monkeypatch):
    monkeypatch.setattr("cosmati.tuning.search.device_of", lambda values: Gpu(True))
    x = np.zeros(64, np.float32)

    def prune(*args, **kwargs):
        raise AssertionError

    kernel = tuned(scale_kernel, configs(32, 64), prune_configs_by={"early_config_prune": prune})
    with pytest.raises(cosmati.CosmatiError, match="capturing"):
        kernel[(1,)](x, x, 64, 2.0)
    kernel.cache[64, "float32", "float32"] = kernel.configs[0]
    kernel[(2,)](x, x, 64, 2.0)  # a choice that is there is launched, whatever is captured


def test_the_stream_of_torch_is_asked_where_its_tensors_are(monkeypatch):
    asked = []

    class Tensor:
        is_cuda, device = True, SimpleNamespace(index=3)

    class OnDevice:
        def __init__(self, device):
            asked.append(device.index)

        def __enter__(self):
            return self

        def __exit__(self, *unused):
            return None

    cuda = SimpleNamespace(device=OnDevice, is_current_stream_capturing=lambda: True)
    monkeypatch.setitem(
        __import__("sys").modules, "torch", SimpleNamespace(Tensor=Tensor, cuda=cuda)
    )
    with pytest.raises(cosmati.CosmatiError, match="capturing"):
        refuse_capture("gemm", [1, Tensor()], Gpu(False))
    assert asked == [3]
    assert device_of([1, Tensor()]) is cosmati.get_device()  # the virtual machine was chosen
    monkeypatch.setattr("cosmati.tuning.devices.get_device", lambda: Gpu(False))
    monkeypatch.setattr("cosmati.tuning.devices.cuda_device", lambda ordinal: f"cuda:{ordinal}")
    assert device_of([1, Tensor()]) == "cuda:3"


def test_on_a_gpu_times_decide(monkeypatch):
    """The default bench is do_bench there, a graph's with use_cuda_graph."""
    kernel = tuned(scale_kernel, configs(32, 64), warmup=3, rep=7)
    assert kernel.do_bench.func is cosmati.testing.do_bench
    assert kernel.do_bench.keywords == {"warmup": 3, "rep": 7}
    graph = tuned(scale_kernel, configs(32, 64), use_cuda_graph=True)
    assert graph.do_bench.func is cosmati.testing.do_bench_cudagraph
    from cosmati.tuning.search import Search

    search = Search(kernel, (), (), {})
    assert search.how == "estimate"
    search.device = Gpu(False)
    assert search.how == "time"


def test_the_virtual_machine_never_captures():
    assert cosmati.get_device().is_capturing() is False


def test_memory_of_a_device_can_be_filled_and_copied():
    device = cosmati.get_device()
    first, second = device.allocate(16), device.allocate(16)
    device.fill(first, 7, 16)
    device.copy_on_device(second, first, 16)
    got = np.zeros(16, np.uint8)
    device.copy_to_host(got, second)
    assert (got == 7).all()
    device.release(first)
    device.release(second)
