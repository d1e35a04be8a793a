"""The same kernels on an NVIDIA GPU: results, streams, threads, capture, errors."""

from __future__ import annotations

import threading

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import cosmati  # noqa: E402
import cosmati.language as tl  # noqa: E402
from cosmati.kernels.attention import attention  # noqa: E402
from cosmati.kernels.elementwise import add  # noqa: E402
from cosmati.kernels.gemm import gemm  # noqa: E402
from cosmati.kernels.norm import layer_norm, softmax  # noqa: E402
from cosmati.kernels.quantize import QuantSpec, quantize, reference  # noqa: E402

pytestmark = [pytest.mark.gpu, pytest.mark.torch]


@pytest.fixture(autouse=True)
def on_gpu() -> None:
    cosmati.set_device("cuda")
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False


@cosmati.jit
def scale_kernel(x_ptr, n, factor, BLOCK: tl.constexpr):
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offsets < n
    tl.store(x_ptr + offsets, tl.load(x_ptr + offsets, mask=mask) * factor, mask=mask)


def scale(x: torch.Tensor, factor: float) -> None:
    scale_kernel[(cosmati.cdiv(x.numel(), 256),)](x, x.numel(), factor, BLOCK=256)


def close(actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    worst = (actual.double() - expected.double()).abs().max()
    assert worst <= tolerance * expected.double().abs().max(), f"largest difference {worst}"


@pytest.mark.parametrize("n", [1, 127, 1024, 100_003])
def test_add(n: int) -> None:
    x, y = torch.randn(2, n, device="cuda")
    assert torch.equal(add(x, y), x + y)


@pytest.mark.parametrize("shape", [(1, 1), (7, 129), (33, 1024), (5, 5000)])
def test_norms(shape: tuple[int, int]) -> None:
    x = torch.randn(*shape, device="cuda")
    weight = torch.randn(shape[1], device="cuda")
    normal = torch.nn.functional.layer_norm(x.double(), shape[1:], weight.double())
    close(softmax(x), torch.softmax(x.double(), -1), 1e-5)
    close(layer_norm(x, weight), normal, 1e-4)


GEMM_TYPES = [(torch.float32, 1e-5), (torch.float16, 2e-3), (torch.bfloat16, 1.6e-2)]


@pytest.mark.parametrize(("dtype", "tolerance"), GEMM_TYPES, ids=str)
@pytest.mark.parametrize("shape", [(1, 1, 1), (64, 64, 32), (65, 33, 129), (256, 192, 320)])
def test_gemm(shape: tuple[int, int, int], dtype: torch.dtype, tolerance: float) -> None:
    m, n, k = shape
    a = torch.randn(m, k, device="cuda").to(dtype)
    b = torch.randn(n, k, device="cuda").to(dtype).t()
    close(gemm(a, b), a.double() @ b.double(), tolerance)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2], ids=str)
def test_gemm_of_8_bit_floats(dtype: torch.dtype) -> None:
    a = torch.randn(65, 129, device="cuda").to(dtype)
    b = torch.randn(129, 33, device="cuda").to(dtype)
    close(gemm(a, b), a.double() @ b.double(), 1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("head_dim", [16, 64, 128])
def test_attention(head_dim: int, causal: bool) -> None:
    q, k, v = torch.randn(3, 2, 3, 130, head_dim, device="cuda").half()
    expected = torch.nn.functional.scaled_dot_product_attention(
        q.double(), k.double(), v.double(), is_causal=causal
    )
    close(attention(q, k, v, causal=causal), expected, 5e-3)


@pytest.mark.parametrize("format", ["int8", "e4m3", "e5m2"])
@pytest.mark.parametrize("granularity", ["tensor", "row", "group"])
def test_quantize_gives_the_same_bytes_as_the_reference(format: str, granularity: str) -> None:
    x = torch.randn(19, 300, device="cuda") * 10
    spec = QuantSpec(format, granularity)
    expected = reference(x.cpu().numpy(), spec)
    actual = quantize(x, spec)
    assert actual.data.cpu().numpy().tobytes() == expected.data.tobytes()
    assert actual.scales.cpu().numpy().tobytes() == expected.scales.tobytes()


def test_launches_follow_the_current_stream_of_torch() -> None:
    x = torch.ones(1 << 22, device="cuda")
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        for _ in range(10):
            scale(x, 2.0)
        y = x.clone()
    stream.synchronize()
    assert torch.all(y == 1024.0)


def test_launches_can_be_captured_into_a_graph() -> None:
    x = torch.ones(1000, device="cuda")
    scale(x, 1.0)  # compiles and loads before the capture
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        scale(x, 3.0)
    for _ in range(4):
        graph.replay()
    torch.cuda.synchronize()
    assert torch.all(x == 81.0)


def test_compiling_while_capturing_is_refused() -> None:
    x = torch.ones(100, device="cuda")

    @cosmati.jit
    def fresh_kernel(x_ptr):
        tl.store(x_ptr, 5.0)

    with (
        pytest.raises(cosmati.CosmatiError, match="captur"),
        torch.cuda.graph(torch.cuda.CUDAGraph()),
    ):
        fresh_kernel[(1,)](x)
    torch.cuda.synchronize()
    fresh_kernel[(1,)](x)
    assert x[0].item() == 5.0


def test_threads_launch_at_once() -> None:
    failures = []

    def work(index: int) -> None:
        try:
            x = torch.full((5000,), float(index), device="cuda")
            scale(x, 2.0)
            torch.cuda.synchronize()
            assert torch.all(x == 2.0 * index)
        except BaseException as error:  # raised in the main thread below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_host_arrays_are_refused() -> None:
    with pytest.raises(Exception, match="x_ptr"):
        scale_kernel[(1,)](torch.ones(10), 10, 2.0, BLOCK=256)


def test_the_gpu_gives_what_the_virtual_machine_gives() -> None:
    """The same PTX on both: sums in one order, hence equal bits."""
    a, b = torch.randn(2, 96, 96)
    on_gpu = gemm(a.cuda(), b.cuda()).cpu()
    cosmati.set_device("vm")
    assert torch.equal(gemm(a, b), on_gpu)
