"""torch tensors as arguments: on the virtual machine from host memory, on a GPU in its stream."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")


@cosmati.jit
def scale(x, out, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    tl.store(out + offs, tl.load(x + offs, mask=mask) * 2, mask=mask)


DTYPES = {
    "int8": "*i8", "int16": "*i16", "int32": "*i32", "int64": "*i64", "uint8": "*u8",
    "float16": "*fp16", "bfloat16": "*bf16", "float32": "*fp32", "float64": "*fp64",
    "bool": "*i1", "float8_e4m3fn": "*fp8e4nv", "float8_e5m2": "*fp8e5",
}  # fmt: skip


@pytest.mark.parametrize("name", DTYPES)
def test_types_of_tensors(name):
    x = torch.zeros(16, dtype=getattr(torch, name))
    kernel = scale.warmup(x, torch.zeros(16), 16, BLOCK=16, assemble=False)
    assert kernel.image.params[0] == ("x", DTYPES[name])


def test_warmup_takes_torch_dtypes():
    kernel = scale.warmup(torch.float16, torch.bfloat16, 7, BLOCK=16)
    assert [text for _, text in kernel.image.params] == ["*fp16", "*bf16", "i32"]


@pytest.mark.parametrize("name", ["int32", "float16", "bfloat16", "float32"])
def test_cpu_tensors_are_used_in_place(name):
    x = torch.arange(100).to(getattr(torch, name))
    out = torch.zeros_like(x)
    scale[(1,)](x, out, 100, BLOCK=128)
    assert torch.equal(out, x * 2)


def test_views_parameters_and_arrays_mix():
    base = torch.arange(200, dtype=torch.float32)
    out = np.zeros(100, np.float32)
    scale[(1,)](base[100:], out, 100, BLOCK=128)
    np.testing.assert_array_equal(out, (base[100:] * 2).numpy())
    parameter = torch.nn.Parameter(base)
    scale[(1,)](parameter, out, 100, BLOCK=128)
    np.testing.assert_array_equal(out, (base[:100] * 2).numpy())


def test_a_view_reaches_its_whole_storage_and_no_further():
    base = torch.arange(256, dtype=torch.float32)
    out = torch.zeros(256)
    scale[(2,)](base[:10], out, 256, BLOCK=128)
    assert torch.equal(out, base * 2)
    with pytest.raises(cosmati.KernelFault, match="'x'"):
        scale[(3,)](base[:10], torch.zeros(400), 300, BLOCK=128)


def test_bytes_viewed_as_fp8():
    x = torch.randn(64)
    data = torch.zeros(64, dtype=torch.uint8)
    scale[(1,)](x, cosmati.view(data, tl.float8e5), 64, BLOCK=64)
    assert torch.equal(data.view(torch.float8_e5m2).float(), (x * 2).to(torch.float8_e5m2).float())


def test_meta_tensors_are_refused_by_name():
    x = torch.zeros(4, device="meta")
    with pytest.raises(TypeError, match="argument `x`.*meta"):
        scale[(1,)](x, torch.zeros(4), 4, BLOCK=16)


def test_import_does_not_import_torch():
    code = "import sys, cosmati; assert 'torch' not in sys.modules"
    paths = ":".join(sys.path)
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": paths})


@pytest.fixture
def gpu():
    """Kernels run on the first GPU for the test's duration."""
    before = cosmati.get_device()
    cosmati.set_device("cuda")
    yield
    from cosmati import _core

    _core.set_default_device(before, explicit=True)


@pytest.mark.gpu
def test_cuda_tensors_on_the_current_stream(gpu):
    x = torch.arange(100_000, device="cuda", dtype=torch.float32)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        y = x * 3
        out = torch.zeros_like(y)
        scale[(cosmati.cdiv(100_000, 128),)](y, out, 100_000, BLOCK=128)
        z = out + 1
    stream.synchronize()
    assert torch.equal(z, x * 6 + 1)


@pytest.mark.gpu
def test_mixed_memory_is_refused_by_name(gpu):
    on_gpu = torch.zeros(16, device="cuda")
    with pytest.raises(ValueError, match="argument `out` is in host memory, but argument `x`"):
        scale[(1,)](on_gpu, torch.zeros(16), 16, BLOCK=16)
    with pytest.raises(ValueError, match="argument `x` cannot be accessed by the kernel"):
        scale[(1,)](np.zeros(16, np.float32), np.zeros(16, np.float32), 16, BLOCK=16)


@pytest.mark.gpu
def test_graph_capture_refuses_to_compile_and_replays_what_is_compiled(gpu):
    x = torch.ones(128, device="cuda")
    out = torch.zeros(128, device="cuda")
    scale[(1,)](x, out, 128, BLOCK=128)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        scale[(1,)](x, out, 128, BLOCK=128)
    x.fill_(5)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(out, x * 2)
    fresh = torch.cuda.CUDAGraph()
    with pytest.raises(RuntimeError, match="capturing a CUDA graph"):
        with torch.cuda.graph(fresh):
            scale[(1,)](x, out, 128, BLOCK=64)


@pytest.mark.gpu
def test_a_gpu_tensor_is_refused_where_the_vm_was_asked_for(gpu):
    x = torch.zeros(16, device="cuda")
    cosmati.set_device("vm")
    with pytest.raises(ValueError, match='choose the GPU with cosmati.set_device."cuda:0".'):
        scale[(1,)](x, x, 16, BLOCK=16)
