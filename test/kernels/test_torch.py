"""The kernels on CPU tensors of torch, in place, against torch's own functions."""

from __future__ import annotations

import pytest
from cosmati.kernels.attention import AttentionConfig, attention
from cosmati.kernels.elementwise import add
from cosmati.kernels.gemm import GemmConfig, gemm
from cosmati.kernels.norm import layer_norm, rms_norm, softmax
from cosmati.kernels.quantize import QuantSpec, dequantize, quantize

pytestmark = pytest.mark.torch
SMALL = GemmConfig(16, 16, 16)
TYPES = ["float32", "float16", "bfloat16"]


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    return torch


def close(torch, got, want) -> None:
    torch.testing.assert_close(got, want.to(got.dtype))


@pytest.mark.parametrize("dtype", TYPES)
def test_sum(torch, dtype: str) -> None:
    x, y = torch.randn(2, 300).to(getattr(torch, dtype))
    close(torch, add(x, y), x + y)


@pytest.mark.parametrize("dtype", TYPES)
def test_norms(torch, dtype: str) -> None:
    x = torch.randn(3, 2, 100).to(getattr(torch, dtype))
    weight, bias = torch.randn(2, 100).to(x.dtype)
    functional = torch.nn.functional
    close(torch, softmax(x), torch.softmax(x.float(), -1))
    close(torch, softmax(x[:, :, ::2]), torch.softmax(x[:, :, ::2].float(), -1))
    want = functional.layer_norm(x.float(), (100,), weight.float(), bias.float())
    close(torch, layer_norm(x, weight, bias), want)
    close(torch, rms_norm(x, weight), functional.rms_norm(x.float(), (100,), weight.float(), 1e-6))


@pytest.mark.parametrize("dtype", TYPES)
def test_product(torch, dtype: str) -> None:
    a = torch.randn(40, 33).to(getattr(torch, dtype))
    b = torch.randn(29, 33).to(a.dtype).t()
    bias = torch.randn(29).to(a.dtype)
    want = torch.nn.functional.gelu(a.float() @ b.float() + bias.float())
    got = gemm(a, b, bias, "gelu", config=SMALL)
    assert got.dtype == a.dtype
    close(torch, got, want)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_product_of_8_bit_floats(torch, dtype: str) -> None:
    a, b = (torch.randn(24, 24).to(getattr(torch, dtype)) for _ in range(2))
    close(torch, gemm(a, b, config=SMALL), a.float() @ b.float())


@pytest.mark.parametrize("causal", [False, True])
def test_attention(torch, causal: bool) -> None:
    q, k, v = torch.randn(3, 2, 3, 37, 16)
    want = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    close(torch, attention(q, k, v, causal=causal, config=AttentionConfig(16, 16)), want)


@pytest.mark.parametrize("format", ["int8", "e4m3", "e5m2"])
def test_quantization_agrees_with_numpy_arrays(torch, format: str) -> None:
    x = torch.randn(6, 70)
    spec = QuantSpec(format, "group", 32)
    got, want = quantize(x, spec), quantize(x.numpy(), spec)
    assert (got.data.numpy() == want.data).all()
    assert (got.scales.numpy() == want.scales).all()
    assert (dequantize(got).numpy() == dequantize(want)).all()


def test_fp8_codes_agree_with_torch(torch) -> None:
    """Where nothing overflows, rounding is the same."""
    x = torch.randn(1000) * 50
    scales = torch.ones(1)
    for format, dtype in (("e4m3", torch.float8_e4m3fn), ("e5m2", torch.float8_e5m2)):
        codes = quantize(x, QuantSpec(format), scales=scales).data
        assert (codes.view(dtype).float() == x.to(dtype).float()).all()


def test_a_gradient_does_not_hinder(torch) -> None:
    x = torch.randn(64, requires_grad=True)
    close(torch, softmax(x.detach()), torch.softmax(x.detach(), -1))
