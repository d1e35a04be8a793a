"""torchao: int8 and 8-bit float kernels, against its own torch references or plain products."""

from __future__ import annotations

import torch
from harness import Cases, compare

CASES = Cases()
DEVICE = "cuda"


def randn(*shape, dtype=torch.bfloat16):
    return torch.randn(*shape, device=DEVICE, dtype=dtype)


def by_blocks(x, scale, rows, columns):
    """x with one scale for each block of that shape."""
    wide = scale.float().repeat_interleave(rows, 0).repeat_interleave(columns, 1)
    return x.float() * wide[: x.shape[0], : x.shape[1]]


@CASES.add()
def scaled_int8_mm():
    from torchao.prototype.quantized_training.int8_mm import scaled_int8_mm_cuda

    a = torch.randint(-100, 100, (64, 128), device=DEVICE, dtype=torch.int8)
    b = torch.randint(-100, 100, (96, 128), device=DEVICE, dtype=torch.int8).T
    rows, columns = torch.rand(64, device=DEVICE), torch.rand(96, device=DEVICE)
    want = (a.int() @ b.int()).float() * rows[:, None] * columns[None]
    yield compare("out", scaled_int8_mm_cuda(a, b, rows, columns), want, 1e-5)


@CASES.add()
def int_matmul():
    import triton
    from torchao.kernel.intmm_triton import int_matmul_kernel

    # Its own autotuner tries a thousand configurations.
    config = triton.Config(
        {"BLOCK_M": 64, "BLOCK_N": 32, "BLOCK_K": 64, "GROUP_M": 8}, num_stages=2, num_warps=4
    )
    a = torch.randint(-100, 100, (64, 128), device=DEVICE, dtype=torch.int8)
    b = torch.randint(-100, 100, (128, 96), device=DEVICE, dtype=torch.int8)
    c = torch.empty(64, 96, device=DEVICE, dtype=torch.int32)
    yield compare("out", int_matmul_kernel(a, b, c, config), a.int() @ b.int(), 0.0)


@CASES.add()
def blockwise_fp8():
    from torchao.kernel.blockwise_quantization import (
        blockwise_fp8_gemm,
        fp8_blockwise_act_quant,
        fp8_blockwise_weight_dequant,
        fp8_blockwise_weight_quant,
    )

    x, w = randn(32, 256), randn(128, 256)
    q, s = fp8_blockwise_act_quant(x)
    yield compare("act", by_blocks(q, s, 1, 128), x.float(), 4e-2)
    v, t = fp8_blockwise_weight_quant(w)
    yield compare("weight", by_blocks(v, t, 128, 128), w.float(), 4e-2)
    got = fp8_blockwise_weight_dequant(v, t)
    yield compare("dequantized", got.float(), by_blocks(v, t, 128, 128), 5e-3)
    want = by_blocks(q, s, 1, 128) @ by_blocks(v, t, 128, 128).T
    yield compare("gemm", blockwise_fp8_gemm(q, s, v, t).float(), want, 1e-2)


@CASES.add()
def blockwise_fp8_training():
    from torchao.prototype.blockwise_fp8_training import kernels as ops

    x = randn(128, 256)
    q, s = ops.triton_fp8_blockwise_act_quant_lhs(x)
    want, scale = ops.torch_blockwise_scale_act_quant_lhs(x)
    yield compare("lhs", q.float(), want.float(), 7e-2)
    yield compare("lhs scale", s, scale, 1e-5)
    v, t = ops.triton_fp8_blockwise_weight_quant_rhs(randn(256, 256))
    got = ops.triton_fp8_gemm_1x128_128x128(q, v, s, t)
    plain = by_blocks(q, s, 1, 128) @ by_blocks(v, t, 128, 128)
    yield compare("gemm", got.float(), plain, 1e-2)


@CASES.add()
def mx_block_rearrange():
    from torchao.prototype.mx_formats.kernels import triton_mx_block_rearrange
    from torchao.prototype.mx_formats.utils import to_blocked

    scale = torch.randint(0, 255, (200, 12), device=DEVICE, dtype=torch.uint8)
    scale = scale.view(torch.float8_e8m0fnu)
    got = triton_mx_block_rearrange(scale).view(torch.uint8).flatten()
    want = to_blocked(scale, use_triton_kernel=False).view(torch.uint8).flatten()
    yield compare("out", got, want, 0.0)


@CASES.add()
def fp8_of_groups():
    from torchao.prototype.moe_training.kernels import jagged_float8_scales as ops

    x = randn(64, 128)
    offsets = torch.tensor([32, 64], device=DEVICE, dtype=torch.int32)
    q, s = ops.triton_fp8_per_group_colwise_scales(x, offsets)
    for i, (a, b) in enumerate(((0, 32), (32, 64))):
        scale = s.flatten()[i * 128 : (i + 1) * 128]
        yield compare(f"group {i}", q[a:b].float() / scale, x[a:b].float(), 4e-2)


@CASES.add()
def fp8_of_expert_weights():
    from torchao.prototype.moe_training.kernels import float8_rowwise as ops

    w = randn(3, 64, 128)
    for label, function in (
        ("two passes", ops.triton_fp8_rowwise_3d_transpose_rhs),
        ("one pass", ops.triton_fp8_rowwise_3d_transpose_rhs_fused_reduction),
    ):
        q, s = function(w)
        back = q.float() / s.reshape(3, 1, -1).expand(3, 1, q.shape[-1])
        yield compare(label, back, w.transpose(1, 2).float(), 4e-2)
