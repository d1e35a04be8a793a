"""conch-triton-kernels: inference kernels, against the library's own references in torch."""

from __future__ import annotations

import torch
from harness import HALF, Cases, compare

CASES = Cases()
DEVICE = "cuda"


def randn(*shape, dtype=torch.float16):
    return torch.randn(*shape, device=DEVICE, dtype=dtype)


@CASES.add()
def activations():
    from conch.ops.activation import gelu_tanh_and_mul, silu_and_mul
    from conch.reference.activation import gelu_tanh_and_mul as gelu_reference
    from conch.reference.activation import silu_and_mul as silu_reference

    x = randn(20, 192, dtype=torch.float32)
    yield compare(
        "gelu", gelu_tanh_and_mul.gelu_tanh_and_mul(x), gelu_reference.gelu_tanh_and_mul(x), 2e-3
    )
    yield compare("silu", silu_and_mul.silu_and_mul(x), silu_reference.silu_and_mul(x), 2e-3)


@CASES.add()
def norms():
    from conch.ops.normalization import gemma_rms_norm, rms_norm
    from conch.reference.normalization import gemma_rms_norm as gemma_reference
    from conch.reference.normalization import rms_norm as reference

    x, r, w = randn(20, 192), randn(20, 192), randn(192)
    yield compare("rms", rms_norm.rms_norm(x, w, 1e-6), reference.rms_norm(x, w, 1e-6), 2e-3)
    got = rms_norm.fused_add_rms_norm(x.clone(), r.clone(), w, 1e-6)
    want = reference.fused_add_rms_norm(x.clone(), r.clone(), w, 1e-6)
    for label, a, b in zip(("fused", "residual"), got, want, strict=True):
        yield compare(label, a, b, 3e-3)
    got = gemma_rms_norm.gemma_rms_norm(x.clone(), w, 1e-6)
    yield compare("gemma", got, gemma_reference.gemma_rms_norm(x.clone(), w, 1e-6), 3e-3)


@CASES.add()
def rotary_embedding():
    from conch.ops.embedding.rotary_embedding import rotary_embedding
    from conch.reference.embedding import rotary_embedding as reference

    table = reference.compute_cos_sin_cache(10000, 64, 128).to(DEVICE).half()
    positions = torch.randint(0, 128, (30,), device=DEVICE)
    q, k = randn(30, 4 * 64), randn(30, 2 * 64)
    got = rotary_embedding(positions, q.clone(), k.clone(), 64, table)
    want = reference.rotary_embedding(positions, q.clone(), k.clone(), table, 64, 64)
    for label, a, b in zip("qk", got, want, strict=True):
        yield compare(label, a, b, 3e-3)


@CASES.add()
def quantization_to_int8_and_fp8():
    from conch.ops.quantization.fp8 import scaled_fp8_quant
    from conch.ops.quantization.int8 import scaled_int8_quant
    from conch.reference.quantization import fp8, int8

    x, scale = randn(16, 256), torch.tensor([0.05], device=DEVICE)
    for label, function, reference in (
        ("int8", scaled_int8_quant, int8.scaled_int8_quant),
        ("fp8", scaled_fp8_quant, fp8.scaled_fp8_quant),
    ):
        got = function(x, scale)[0]
        want = reference(x, scale)
        want = want[0] if isinstance(want, tuple) else want
        # Halves may be rounded to either side.
        yield compare(label, got.float(), want.float(), 2e-2)


@CASES.add()
def scaled_gemm():
    from conch.ops.quantization.gemm import scaled_gemm
    from conch.reference.quantization.scaled_gemm import scaled_gemm as reference

    a = torch.randint(-100, 100, (48, 128), device=DEVICE, dtype=torch.int8)
    b = torch.randint(-100, 100, (64, 128), device=DEVICE, dtype=torch.int8).T
    scales = torch.rand(48, 1, device=DEVICE), torch.rand(64, 1, device=DEVICE)
    got = scaled_gemm(a, b, *scales, torch.float16)
    yield compare("int8", got, reference(a, b, *scales, torch.float16), 2e-3)


@CASES.add()
def mixed_precision_gemm():
    from conch.ops.quantization.gemm import mixed_precision_gemm

    x = randn(16, 256)  # a block of K is no larger than a group of weights
    weights = torch.randint(0, 16, (256, 64), device=DEVICE, dtype=torch.int32)
    packed = torch.zeros(32, 64, device=DEVICE, dtype=torch.int32)
    for i in range(8):
        packed |= weights[i::8] << (4 * i)
    scales = torch.rand(2, 64, device=DEVICE).half() * 0.1
    got = mixed_precision_gemm(x, packed, scales, None, 4, 8, 128)
    plain = (weights - 8).float() * scales.float().repeat_interleave(128, 0)
    yield compare("int4", got, x.float() @ plain, 1e-2)


@CASES.add()
def paged_attention():
    from conch.ops.attention.paged_attention import paged_attention

    heads, kv_heads, dim, page = 4, 2, 64, 16
    lengths = torch.tensor([37, 64], device=DEVICE, dtype=torch.int32)
    keys, values = randn(10, page, kv_heads, dim), randn(10, page, kv_heads, dim)
    table = torch.tensor([[3, 1, 7, 0], [2, 9, 4, 5]], device=DEVICE, dtype=torch.int32)
    q = randn(2, heads, dim)
    got = paged_attention(q, keys, values, table, lengths)
    for i in range(2):
        pages, length = table[i].long(), int(lengths[i])
        k = keys[pages].reshape(-1, kv_heads, dim)[:length].float().repeat_interleave(2, 1)
        v = values[pages].reshape(-1, kv_heads, dim)[:length].float().repeat_interleave(2, 1)
        scores = torch.einsum("hd,thd->ht", q[i].float(), k) * dim**-0.5
        want = torch.einsum("ht,thd->hd", scores.softmax(-1), v)
        yield compare(f"sequence {i}", got[i].reshape(heads, dim), want, HALF)


@CASES.add()
def reshape_and_cache():
    from conch.ops.vllm.reshape_and_cache import reshape_and_cache

    key, value = randn(12, 2, 64), randn(12, 2, 64)
    keys, values = (torch.zeros(4, 16, 2, 64, device=DEVICE).half() for _ in range(2))
    slots = torch.randperm(64, device=DEVICE)[:12]
    one = torch.ones(1, device=DEVICE)
    reshape_and_cache(key, value, keys, values, slots, "auto", one, one)
    yield compare("keys", keys.reshape(64, 2, 64)[slots], key, 0.0)
    yield compare("values", values.reshape(64, 2, 64)[slots], value, 0.0)


@CASES.add()
def copy_blocks():
    from conch.ops.vllm.copy_blocks import copy_blocks

    keys, values = [randn(6, 16 * 2 * 64)], [randn(6, 16 * 2 * 64)]
    mapping = torch.tensor([[0, 3], [1, 5]], device=DEVICE)
    want = keys[0].clone()
    want[3], want[5] = want[0], want[1]
    copy_blocks(keys, values, mapping)
    yield compare("keys", keys[0], want, 0.0)


@CASES.add()
def nms():
    from conch.ops.vision.nms import nms
    from conch.reference.vision.nms import nms as reference

    corners = torch.rand(60, 2, device=DEVICE) * 20
    boxes = torch.cat([corners, corners + 1 + 6 * torch.rand(60, 2, device=DEVICE)], 1)
    scores = torch.rand(60, device=DEVICE)
    yield compare("kept", nms(boxes, scores, 0.4), reference(boxes, scores, 0.4), 0.0)


@CASES.add()
def bev_pool():
    from conch.ops.vision.bev_pool import bev_pool
    from conch.reference.vision.bev_pool import bev_pool_pytorch

    features = randn(40, 16, dtype=torch.float32)
    cells = torch.sort(torch.randint(0, 8, (40,), device=DEVICE)).values
    zero = torch.zeros_like(cells)
    geometry = torch.stack([cells % 4, cells // 4, zero, zero], 1).int()
    starts = torch.nonzero(torch.diff(cells, prepend=cells.new_tensor([-1])))[:, 0].int()
    ends = torch.cat([starts[1:], starts.new_tensor([40])])
    arguments = (features, geometry, starts, ends - starts, 1, 1, 4, 4)
    yield compare("out", bev_pool(*arguments), bev_pool_pytorch(*arguments), 1e-6)
