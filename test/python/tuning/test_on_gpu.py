"""Tuning and measuring on an NVIDIA GPU."""

from __future__ import annotations

import cosmati
import numpy as np
import pytest
from cosmati import testing
from cosmati.kernels.common.device_array import DeviceArray
from tuned_kernels import blocks, configs, count_kernel, scale_kernel, tuned

pytestmark = pytest.mark.gpu
N = 1 << 20


@pytest.fixture(autouse=True)
def on_gpu():
    cosmati.set_device("cuda")
    yield
    cosmati.set_device("vm")


def test_times_decide_and_stand_in_the_table():
    x, out = DeviceArray(np.ones(N, np.float32)), DeviceArray(np.zeros(N, np.float32))
    kernel = tuned(scale_kernel, configs(32, 1024), warmup=5, rep=20)
    kernel[blocks](x, out, N, 2.0)
    assert (out.numpy() == 2).all()
    slow, fast = kernel.tuning_table()
    assert kernel.tuning_table().how == "time"
    assert fast.status == "best" and 0 < fast.milliseconds < slow.milliseconds
    assert fast.low <= fast.milliseconds <= fast.high and fast.registers > 0


def test_arrays_of_the_driver_are_restored_and_cleared():
    out = DeviceArray(np.arange(N, dtype=np.float32))
    options = {"warmup": 1, "rep": 1}
    tuned(count_kernel, configs(128, 1024), restore_value=["out"], **options)[blocks](out, N)
    assert (out.numpy() == np.arange(N, dtype=np.float32) + 1).all()
    tuned(count_kernel, configs(128, 1024), reset_to_zero=["out"], **options)[blocks](out, N)
    assert (out.numpy() == 1).all()


def test_a_larger_copy_takes_longer():
    times = []
    for count in (1 << 16, 1 << 24):
        x, out = DeviceArray(np.ones(count, np.float32)), DeviceArray(np.zeros(count, np.float32))
        grid = (count // 1024,)
        times.append(
            testing.do_bench(lambda x=x, out=out, grid=grid, count=count: scale_kernel[grid](
                x, out, count, 2.0, BLOCK=1024), warmup=5, rep=20)
        )  # fmt: skip
    assert 0 < times[0] < times[1]


def test_bandwidth_is_known():
    assert 100 < testing.get_dram_gbps() < 20_000


@pytest.mark.torch
def test_torch_is_timed_on_its_stream_and_refused_in_a_capture():
    torch = pytest.importorskip("torch")
    x, out = torch.ones(N, device="cuda"), torch.zeros(N, device="cuda")
    kernel = tuned(scale_kernel, configs(256, 1024), warmup=5, rep=20)
    with pytest.raises(cosmati.CosmatiError, match="launch it once before the capture"):
        with torch.cuda.graph(torch.cuda.CUDAGraph()):
            kernel[blocks](x, out, N, 2.0)
    with torch.cuda.stream(torch.cuda.Stream()):
        kernel[blocks](x, out, N, 2.0)
    torch.cuda.synchronize()
    assert (out == 2).all() and kernel.tuning_table().how == "time"
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kernel[blocks](x, out, N, 3.0)
    graph.replay()
    torch.cuda.synchronize()
    assert (out == 3).all()


@pytest.mark.torch
def test_a_graph_times_a_kernel_without_the_host():
    torch = pytest.importorskip("torch")
    x = torch.ones(1024, device="cuda")

    def call():
        scale_kernel[(1,)](x, x, 1024, 1.0, BLOCK=1024)

    assert testing.do_bench_cudagraph(call) < testing.do_bench(call)
