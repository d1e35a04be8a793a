"""flash-linear-attention: its kernels against its own "naive" torch implementations."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import TF32, Cases, compare, compare_gradients

CASES = Cases()
DEVICE = "cuda"
SHAPE = (1, 96, 2, 32)  # batch, time, heads, head dim: one and a half chunks of 64
WHOLE = (1, 128, 2, 32)  # for references that take whole chunks


def randn(*shape, dtype=torch.float32, scale=1.0):
    return torch.randn(*shape, device=DEVICE, dtype=dtype) * scale


def decay(*shape):
    return F.logsigmoid(randn(*shape)) / 4


def unit(x):
    return F.normalize(x, dim=-1)


def qkv(shape=SHAPE, scale=1.0):
    return randn(*shape, scale=scale), randn(*shape, scale=scale), randn(*shape)


def heads_first(function):
    """A reference that wants (batch, head, time, ...)."""

    def call(*inputs):
        out = function(*(x.transpose(1, 2) for x in inputs))
        out = out[0] if isinstance(out, tuple) else out
        return out.transpose(1, 2)

    return call


def first(function, **options):
    return lambda *inputs: function(*inputs, **options)[0]


# Norms, activations, losses.


@CASES.add()
def layer_norm():
    from fla.modules.norm.layernorm import layer_norm

    yield from compare_gradients(
        lambda x, w, b: layer_norm(x, w, b),
        lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b), randn(40, 100), randn(100), randn(100),
    )  # fmt: skip


@CASES.add()
def rms_norm():
    from fla.modules.norm.layernorm import rms_norm, rms_norm_ref

    yield from compare_gradients(
        lambda x, w: rms_norm(x, w, None), lambda x, w: rms_norm_ref(x, w, None),
        randn(3, 20, 64), randn(64),
    )  # fmt: skip


@CASES.add()
def rms_norm_with_residual():
    from fla.modules.norm.layernorm import rms_norm, rms_norm_ref

    yield from compare_gradients(
        lambda x, w, r: rms_norm(x, w, None, residual=r, prenorm=True),
        lambda x, w, r: rms_norm_ref(x, w, None, residual=r, prenorm=True),
        randn(3, 20, 64), randn(64), randn(3, 20, 64),
    )  # fmt: skip


@CASES.add()
def group_norm():
    from fla.modules.norm.layernorm import group_norm, group_norm_ref

    yield from compare_gradients(
        lambda x, w, b: group_norm(x, w, b, num_groups=4),
        lambda x, w, b: group_norm_ref(x, w, b, num_groups=4),
        randn(3, 10, 128), randn(128), randn(128),
    )  # fmt: skip


@CASES.add()
def rms_norm_gated():
    from fla.modules.norm.fused_norm_gate import rms_norm_gated
    from fla.modules.norm.layernorm import rms_norm_ref

    yield from compare_gradients(
        lambda x, g, w: rms_norm_gated(x, g, w, None),
        lambda x, g, w: rms_norm_ref(x, w, None, eps=1e-6) * F.silu(g),
        randn(3, 20, 64), randn(3, 20, 64), randn(64),
    )  # fmt: skip


@CASES.add()
def layernorm_gated_of_mamba():
    from fla.modules.norm.layernorm_gated import rms_norm_ref, rmsnorm_fn

    yield from compare_gradients(
        lambda x, w, z: rmsnorm_fn(x, w, None, z, 1e-6),
        lambda x, w, z: rms_norm_ref(x, w, None, z, 1e-6), randn(20, 64), randn(64), randn(20, 64),
    )  # fmt: skip


@CASES.add()
def l2norm():
    from fla.modules.norm.l2norm import l2norm

    yield from compare_gradients(l2norm, lambda x: F.normalize(x, dim=-1), randn(2, 30, 4, 64))


@CASES.add()
def activations():
    from fla.modules import activations as act

    x = randn(40, 60)
    for ours, theirs in (
        ("sigmoid", torch.sigmoid), ("logsigmoid", F.logsigmoid), ("swish", F.silu),
        ("bias_gelu", None), ("sqrelu", lambda v: F.relu(v) ** 2),
    ):  # fmt: skip
        if theirs is not None and hasattr(act, ours):
            yield from compare_gradients(getattr(act, ours), theirs, x, bound=5e-4)
    yield from compare_gradients(
        act.swiglu, lambda a, b: F.silu(a) * b, randn(40, 60), randn(40, 60), bound=5e-4
    )


@CASES.add()
def fused_cross_entropy():
    from fla.modules.fused_cross_entropy.ops import cross_entropy_loss

    target = torch.randint(0, 100, (12,), device=DEVICE)
    for smoothing in (0.0, 0.1):
        yield from compare_gradients(
            lambda x, s=smoothing: cross_entropy_loss(x, target, label_smoothing=s)[0],
            lambda x, s=smoothing: F.cross_entropy(
                x, target, label_smoothing=s, reduction="none"
            ), randn(12, 100),
        )  # fmt: skip


@CASES.add()
def fused_linear_cross_entropy():
    from fla.modules.fused_linear_cross_entropy.ops import fused_linear_cross_entropy_loss

    target = torch.randint(0, 64, (16,), device=DEVICE)
    yield from compare_gradients(
        lambda x, w: fused_linear_cross_entropy_loss(x, target, w),
        lambda x, w: F.cross_entropy(x @ w.T, target), randn(16, 32), randn(64, 32), bound=5e-4,
    )  # fmt: skip


@CASES.add()
def fused_kl_div():
    from fla.modules.fused_kl_div.ops import fused_kl_div_loss

    other, other_weight = randn(16, 32), randn(64, 32)
    yield from compare_gradients(
        lambda x, w: fused_kl_div_loss(x, other, w, other_weight),
        lambda x, w: F.kl_div(
            (x @ w.T).log_softmax(-1), (other @ other_weight.T).softmax(-1), reduction="batchmean"
        ), randn(16, 32), randn(64, 32), bound=5e-4,
    )  # fmt: skip


@CASES.add()
def grpo_loss():
    from fla.modules.grpo.ops import fused_grpo_loss, grpo_loss_torch

    ids, advantages = torch.randint(0, 60, (2, 7), device=DEVICE), randn(2)
    old = randn(2, 7, scale=0.1) - 4
    yield from compare_gradients(
        lambda x: fused_grpo_loss(x, old, ids, advantages),
        lambda x: grpo_loss_torch(x, old, ids, advantages), randn(2, 8, 60), bound=5e-4,
    )  # fmt: skip


@CASES.add()
def rotary():
    from fla.modules.rotary.ops import rotary_embedding, rotary_embedding_ref

    cos, sin = randn(96, 16).cos(), randn(96, 16).sin()
    for interleaved in (False, True):
        yield from compare_gradients(
            lambda x, i=interleaved: rotary_embedding(x, cos, sin, i),
            lambda x, i=interleaved: rotary_embedding_ref(x, cos, sin, i), randn(*SHAPE),
        )  # fmt: skip


@CASES.add()
def token_shift():
    from fla.modules.token_shift import token_shift, token_shift_ref

    yield from compare_gradients(token_shift, token_shift_ref, randn(2, 40, 64))
    bounds = torch.tensor([0, 13, 40], device=DEVICE)
    yield from compare_gradients(
        lambda x: token_shift(x, bounds), lambda x: token_shift_ref(x, bounds), randn(1, 40, 64)
    )


@CASES.add()
def causal_conv1d():
    from fla.modules.causal_conv1d.ops import causal_conv1d

    def reference(x, weight, bias):
        padded = F.pad(x.transpose(1, 2), (3, 0))
        out = F.conv1d(padded, weight[:, None], bias, groups=x.shape[-1])
        return F.silu(out.transpose(1, 2))

    yield from compare_gradients(
        lambda x, w, b: causal_conv1d(x, w, b, activation="swish")[0],
        reference, randn(2, 50, 64), randn(64, 4), randn(64), bound=5e-4,
    )  # fmt: skip


# Small operations that the large ones are made of.


@CASES.add()
def cumsum():
    from fla.ops.utils import cumsum as ops

    g = randn(2, 100, 3)
    yield compare("global", ops.chunk_global_cumsum_scalar(g), g.cumsum(1))
    reverse = g.flip(1).cumsum(1).flip(1)
    yield compare("reverse", ops.chunk_global_cumsum_scalar(g, reverse=True), reverse)
    parts = torch.cat([p.cumsum(1) for p in g.split(64, 1)], 1)
    yield compare("local", ops.chunk_local_cumsum_scalar(g, 64), parts)
    v = randn(2, 100, 3, 24)
    yield compare("global vector", ops.chunk_global_cumsum_vector(v), v.cumsum(1))
    parts = torch.cat([p.cumsum(1) for p in v.split(64, 1)], 1)
    yield compare("local vector", ops.chunk_local_cumsum_vector(v, 64), parts)


@CASES.add()
def softmax_and_logsumexp():
    from fla.ops.utils.logsumexp import logsumexp_fwd
    from fla.ops.utils.softmax import softmax_bwd, softmax_fwd

    x, dy = randn(20, 75), randn(20, 75)
    y = x.softmax(-1)
    yield compare("softmax", softmax_fwd(x), y)
    yield compare("backward", softmax_bwd(y, dy), y * (dy - (y * dy).sum(-1, keepdim=True)))
    yield compare("logsumexp", logsumexp_fwd(x), x.logsumexp(-1))


@CASES.add()
def logcumsumexp():
    from fla.ops.utils.logcumsumexp import logcumsumexp_fwd_kernel as kernel

    x = randn(2, 70, 32)
    z = torch.empty_like(x)
    kernel[(2,)](x, z, T=70, S=32)
    yield compare("out", z, x.logcumsumexp(1))


@CASES.add()
def matmul():
    from fla.ops.utils.matmul import addmm, matmul

    x, a, b = randn(40, 56), randn(40, 48), randn(48, 56)
    yield compare("matmul", matmul(a, b), a @ b, TF32)
    yield compare("sigmoid", matmul(a, b, "sigmoid"), (a @ b).sigmoid(), TF32)
    yield compare("addmm", addmm(x, a, b), x + a @ b, TF32)


@CASES.add()
def mean_pooling():
    from fla.ops.utils.pooling import mean_pooling

    yield from compare_gradients(
        lambda x: mean_pooling(x, 32),
        lambda x: x.reshape(2, 4, 32, 2, 16).mean(2), randn(2, 128, 2, 16),
    )  # fmt: skip


@CASES.add()
def pack_and_unpack():
    from fla.ops.utils.pack import pack_sequence, unpack_sequence

    bounds = torch.tensor([0, 5, 12], device=DEVICE)
    x = randn(12, 16)
    padded = torch.zeros(2, 7, 16, device=DEVICE)
    padded[0, 2:], padded[1] = x[:5], x[5:]
    yield compare("pack", pack_sequence(padded, bounds), x, 0.0)
    yield compare("unpack", unpack_sequence(x, bounds), padded, 0.0)


@CASES.add()
def solve_tril():
    from fla.ops.utils.solve_tril import solve_tril

    for size in (16, 32, 64):
        a = randn(1, 128, 2, size, scale=0.2)
        blocks = a.reshape(1, 128 // size, size, 2, size).permute(0, 1, 3, 2, 4).tril(-1)
        flat = blocks.permute(0, 1, 3, 2, 4).reshape(1, 128, 2, size).contiguous()
        want = torch.linalg.inv(blocks + torch.eye(size, device=DEVICE))
        got = solve_tril(flat).reshape(1, 128 // size, size, 2, size).permute(0, 1, 3, 2, 4)
        yield compare(f"{size}", got.tril(), want, TF32)


# Linear attention: recurrences and their chunked forms.


@CASES.add()
def simple_gla():
    from fla.ops import simple_gla as ops
    from fla.ops.simple_gla.naive import naive_recurrent_simple_gla as reference

    inputs = (*qkv(), decay(*SHAPE[:3]))
    for function in (
        ops.chunk_simple_gla, ops.fused_recurrent_simple_gla, ops.fused_chunk_simple_gla
    ):  # fmt: skip
        yield from compare_gradients(first(function), first(reference), *inputs, bound=TF32)


@CASES.add()
def parallel_simple_gla():
    from fla.ops.simple_gla import parallel_simple_gla as function
    from fla.ops.simple_gla.naive import naive_parallel_simple_gla as reference

    yield from compare_gradients(
        first(function), first(reference), *qkv(WHOLE), decay(*WHOLE[:3]), bound=TF32
    )


@CASES.add()
def simple_gla_of_packed_sequences():
    from fla.ops.simple_gla import chunk_simple_gla as function
    from fla.ops.simple_gla.naive import naive_recurrent_simple_gla as reference

    bounds = torch.tensor([0, 37, 96], device=DEVICE)

    def parts(*inputs):
        outs = [reference(*(x[:, a:b] for x in inputs))[0] for a, b in ((0, 37), (37, 96))]
        return torch.cat(outs, 1)

    yield from compare_gradients(
        first(function, cu_seqlens=bounds), parts, *qkv(), decay(*SHAPE[:3]), bound=TF32
    )


@CASES.add()
def simple_gla_with_states():
    from fla.ops.simple_gla import chunk_simple_gla as function
    from fla.ops.simple_gla.naive import naive_recurrent_simple_gla as reference

    start = randn(1, 2, 32, 32)
    yield from compare_gradients(
        lambda q, k, v, g, s: function(q, k, v, g, initial_state=s, output_final_state=True),
        lambda q, k, v, g, s: reference(q, k, v, g, initial_state=s),
        *qkv(), decay(*SHAPE[:3]), start, bound=TF32,
    )  # fmt: skip


@CASES.add()
def retention():
    from fla.ops import retention as ops
    from fla.ops.retention.naive import naive_retention

    reference = heads_first(naive_retention)
    for name in (
        "chunk_retention", "fused_recurrent_retention", "fused_chunk_retention",
        "parallel_retention",
    ):  # fmt: skip
        function = getattr(ops, name)
        yield from compare_gradients(first(function), reference, *qkv(WHOLE), bound=TF32)


@CASES.add()
def linear_attn():
    from fla.ops import linear_attn as ops
    from fla.ops.linear_attn.naive import naive_recurrent_linear_attn

    def reference(q, k, v):
        return naive_recurrent_linear_attn(q, k, v)[0]

    for name in ("chunk_linear_attn", "fused_chunk_linear_attn", "fused_recurrent_linear_attn"):
        function = getattr(ops, name)
        yield from compare_gradients(
            first(function, normalize=False), reference, *qkv(), gradients=False, bound=TF32
        )


@CASES.add()
def linear_attn_gradients():
    from fla.ops.linear_attn import chunk_linear_attn as function
    from fla.ops.linear_attn.naive import naive_chunk_linear_attn

    def reference(q, k, v):
        return naive_chunk_linear_attn(q, k, v)

    yield from compare_gradients(
        first(function, normalize=False), reference, *qkv(WHOLE), bound=TF32
    )


@CASES.add()
def lightning_attn():
    from fla.ops import lightning_attn as ops
    from fla.ops.simple_gla.naive import naive_recurrent_simple_gla

    def reference(q, k, v):
        slopes = 8 / 2 * (1 - 1 / 12) * torch.arange(2, device=q.device)
        g = (-slopes)[None, None].expand(1, q.shape[1], 2)
        return naive_recurrent_simple_gla(q, k, v, g)[0]

    for function in (ops.chunk_lightning_attn, ops.fused_recurrent_lightning_attn):
        yield from compare_gradients(
            first(function, layer_idx=1, num_layers=12), reference, *qkv(), bound=TF32
        )


@CASES.add()
def gla():
    from fla.ops import gla as ops
    from fla.ops.gla.naive import naive_recurrent_gla as reference

    inputs = (*qkv(), decay(*SHAPE))
    for name in ("chunk_gla", "fused_recurrent_gla"):
        yield from compare_gradients(
            first(getattr(ops, name)), first(reference), *inputs, bound=TF32
        )


@CASES.add()
def gla_in_bfloat16():
    from fla.ops.gla import chunk_gla as function
    from fla.ops.gla.naive import naive_recurrent_gla as reference

    inputs = [x.bfloat16() for x in qkv((1, 96, 2, 64))]
    yield from compare_gradients(
        first(function), first(reference), *inputs, decay(1, 96, 2, 64), bound=2e-2
    )


@CASES.add()
def delta_rule():
    from fla.ops import delta_rule as ops
    from fla.ops.delta_rule.naive import delta_rule_recurrence

    def reference(q, k, v, beta):
        return heads_first(delta_rule_recurrence)(q, k, v, beta)

    q, k, v = qkv()
    inputs = (q, unit(k), v, torch.rand(*SHAPE[:3], device=DEVICE))
    yield from compare_gradients(
        first(ops.fused_recurrent_delta_rule), reference, *inputs, bound=TF32
    )
    inputs = [x.bfloat16() for x in inputs]
    yield from compare_gradients(first(ops.chunk_delta_rule), reference, *inputs, bound=2e-2)


@CASES.add()
def gated_delta_rule():
    from fla.ops import gated_delta_rule as ops
    from fla.ops.gated_delta_rule.naive import naive_recurrent_gated_delta_rule as naive

    q, k, v = qkv()
    inputs = (q, unit(k), v, decay(*SHAPE[:3]), torch.rand(*SHAPE[:3], device=DEVICE))

    def reference(q, k, v, g, beta):
        out = naive(q, k, v, beta, g)[0]
        return out if out.shape == v.shape else out.transpose(1, 2)

    yield from compare_gradients(first(ops.chunk_gated_delta_rule), reference, *inputs, bound=TF32)
    yield from compare_gradients(
        lambda q, k, v, g, b: ops.fused_recurrent_gated_delta_rule(q, k, v, g=g, beta=b)[0],
        reference, *inputs, bound=TF32, gradients=False,
    )  # fmt: skip


@CASES.add()
def gated_delta_product():
    from fla.ops.gated_delta_product import chunk_gated_delta_product as function
    from fla.ops.gated_delta_product.naive import (
        naive_recurrent_gated_delta_product as reference,
    )

    q, g = randn(1, 64, 2, 32), decay(1, 64, 2)
    k, v = unit(randn(1, 128, 2, 32)), randn(1, 128, 2, 32)
    beta = torch.rand(1, 128, 2, device=DEVICE)
    yield from compare_gradients(
        lambda q, k, v, g, b: function(q, k, v, g, b, num_householder=2)[0],
        lambda q, k, v, g, b: reference(q, k, v, g, b, 32**-0.5, num_householder=2)[0],
        *(x.bfloat16() for x in (q, k, v)), g, beta.bfloat16(), bound=2e-2,
    )  # fmt: skip


@CASES.add()
def kda():
    from fla.ops import kda as ops
    from fla.ops.kda.naive import naive_recurrent_kda as reference

    q, k, v = qkv()
    inputs = (unit(q), unit(k), v, decay(*SHAPE), torch.rand(*SHAPE[:3], device=DEVICE))
    yield from compare_gradients(first(ops.chunk_kda), first(reference), *inputs, bound=TF32)
    yield from compare_gradients(
        first(ops.fused_recurrent_kda), first(reference), *inputs, bound=TF32, gradients=False
    )


@CASES.add()
def comba():
    from fla.ops import comba as ops
    from fla.ops.comba.naive import naive_chunk_comba  # naive_recurrent_comba decays first

    q, k, v = qkv()
    k = unit(k)
    inputs = (unit(q), k, v, k * 0.9, decay(*SHAPE[:3]), torch.rand(*SHAPE[:3], device=DEVICE))

    def reference(*x):
        out = naive_chunk_comba(*x)[0]
        out = out if out.shape[1] > out.shape[2] else out.transpose(1, 2)
        return out[:, : SHAPE[1]]

    yield from compare_gradients(first(ops.chunk_comba), reference, *inputs, bound=TF32)
    yield from compare_gradients(
        lambda q, k, v, p, g, b: ops.fused_recurrent_comba(q, k, p, v, g, b)[0],
        reference, *inputs, bound=TF32, gradients=False,
    )  # fmt: skip


@CASES.add()
def hgrn():
    from fla.ops import hgrn as ops
    from fla.ops.hgrn.naive import naive_recurrent_hgrn as reference

    inputs = (randn(2, 96, 64), decay(2, 96, 64))
    for name in ("chunk_hgrn", "fused_recurrent_hgrn"):
        yield from compare_gradients(
            first(getattr(ops, name)), first(reference), *inputs, bound=5e-4
        )


@CASES.add()
def gsa():
    from fla.ops import gsa as ops
    from fla.ops.gsa.naive import naive_recurrent_gsa as naive

    def reference(q, k, v, s, g):
        out = naive(q, k, v, s, g)[0]
        return out if out.shape == v.shape else out.transpose(1, 2)

    inputs = (*qkv(), randn(*SHAPE).softmax(-1), decay(*SHAPE))
    for name in ("chunk_gsa", "fused_recurrent_gsa"):
        yield from compare_gradients(first(getattr(ops, name)), reference, *inputs, bound=TF32)


@CASES.add()
def abc():
    from fla.ops.abc import chunk_abc as function
    from fla.ops.abc.naive import naive_cumsum_abc

    yield from compare_gradients(
        first(function), heads_first(naive_cumsum_abc), *qkv(WHOLE), randn(*WHOLE), bound=TF32,
        gradients=False,
    )  # fmt: skip


@CASES.add()
def attention():
    from fla.ops.attn import parallel_attn as function
    from fla.ops.attn.naive import naive_parallel_attn

    def reference(q, k, v):
        return naive_parallel_attn(q, k, v)[0]

    q, k, v = randn(1, 96, 4, 32), randn(1, 96, 2, 32), randn(1, 96, 2, 32)
    yield from compare_gradients(function, reference, q, k, v, bound=TF32)


@CASES.add()
def forgetting_attention():
    from fla.ops.forgetting_attn import parallel_forgetting_attn as function
    from fla.ops.forgetting_attn.naive import naive_forgetting_attn as reference

    yield from compare_gradients(function, reference, *qkv(), decay(*SHAPE[:3]), bound=TF32)


@CASES.add()
def stickbreaking_attention():
    from fla.ops.stickbreaking_attn import parallel_stickbreaking_attn as function
    from fla.ops.stickbreaking_attn.naive import naive_stickbreaking_attn as reference

    yield from compare_gradients(function, reference, *qkv(), bound=TF32)


@CASES.add()
def path_attention():
    from fla.ops.path_attn import parallel_path_attn as function
    from fla.ops.path_attn.naive import naive_path_attn as reference

    q, k, v = qkv((1, 128, 2, 64))
    w, beta = unit(randn(1, 128, 2, 64)), torch.rand(1, 128, 2, device=DEVICE)
    g = decay(1, 128, 2)
    yield from compare_gradients(
        first(function), lambda *x: reference(*x, 64**-0.5), q, k, v, w, beta, g, bound=TF32
    )


@CASES.add()
def based():
    from fla.ops import based as ops
    from fla.ops.based.naive import naive_parallel_based

    q, k, v = randn(1, 128, 2, 16), randn(1, 128, 2, 16), randn(1, 128, 2, 32)
    reference = heads_first(naive_parallel_based)
    for name in ("parallel_based", "fused_chunk_based"):
        yield from compare_gradients(getattr(ops, name), reference, q, k, v, bound=TF32)


@CASES.add()
def rebased():
    from fla.ops.rebased import parallel_rebased as function
    from fla.ops.rebased.naive import naive_parallel_rebased

    q, k, v = randn(1, 128, 2, 16), randn(1, 128, 2, 16), randn(1, 128, 2, 32)
    yield from compare_gradients(function, heads_first(naive_parallel_rebased), q, k, v, bound=TF32)


@CASES.add()
def native_sparse_attention():
    from fla.ops.nsa import parallel_nsa as function
    from fla.ops.nsa.naive import naive_nsa as reference

    q, k, v = randn(1, 96, 16, 32), randn(1, 96, 1, 32), randn(1, 96, 1, 32)
    gate = torch.rand(1, 96, 16, device=DEVICE)
    indices = torch.zeros(1, 96, 1, 2, dtype=torch.long, device=DEVICE)
    indices[..., 1] = (torch.arange(96, device=DEVICE) // 32)[None, :, None]

    def call(which):
        return lambda q, k, v, g: which(
            q, k, v, g_slc=g, block_indices=indices, block_counts=2, block_size=32
        )

    yield from compare_gradients(
        call(function), call(reference), q, k, v, gate, bound=TF32, gradients=False
    )


@CASES.add()
def rwkv6():
    from fla.ops import rwkv6 as ops
    from fla.ops.rwkv6.recurrent_naive import naive_recurrent_rwkv6

    def reference(r, k, v, w, u):
        out = naive_recurrent_rwkv6(
            r.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), w.transpose(1, 2), u, scale=1.0
        )[0]
        return out.transpose(1, 2)

    inputs = (*qkv(), decay(*SHAPE), randn(2, 32))
    for name in ("chunk_rwkv6", "fused_recurrent_rwkv6"):
        yield from compare_gradients(
            first(getattr(ops, name), scale=1.0), reference, *inputs, bound=TF32
        )


@CASES.add()
def rwkv7():
    from fla.ops import rwkv7 as ops

    def reference(r, w, k, v, a, b):
        batch, time, heads, dim = r.shape
        state = torch.zeros(batch, heads, dim, dim, device=r.device)
        outs = []
        for t in range(time):
            along = torch.einsum("bhk,bhkv->bhv", a[:, t], state)
            state = (
                state * w[:, t].exp()[..., None]
                + b[:, t][..., None] * along[..., None, :]
                + k[:, t][..., None] * v[:, t][..., None, :]
            )
            outs.append(torch.einsum("bhk,bhkv->bhv", r[:, t], state))
        return torch.stack(outs, 1)

    q, k, v = qkv(WHOLE)
    a = -unit(randn(*WHOLE))
    inputs = (q, decay(*WHOLE), unit(k), v, a, -a * torch.rand(*WHOLE, device=DEVICE))
    yield from compare_gradients(first(ops.chunk_rwkv7, scale=1.0), reference, *inputs, bound=TF32)
    yield from compare_gradients(
        first(ops.fused_recurrent_rwkv7, scale=1.0), reference, *inputs, bound=TF32,
        gradients=False,
    )  # fmt: skip


@CASES.add()
def mesa_net():
    from fla.ops.mesa_net import chunk_mesa_net as function
    from fla.ops.mesa_net.naive import naive_mesa_net_exact as reference

    q, k, v = qkv((1, 128, 2, 32))
    beta = torch.rand(1, 128, 2, device=DEVICE)
    lamb = torch.rand(2, 32, device=DEVICE) + 0.5
    yield from compare_gradients(
        first(function), lambda q, k, v, g, b, lamb: reference(q, k, v, g, lamb, b)[0],
        unit(q), unit(k), v, decay(1, 128, 2), beta, lamb,
        bound=TF32, gradients=False,
    )  # fmt: skip


@CASES.add()
def log_linear_attention():
    from fla.ops.log_linear_attn import chunk_log_linear_attn as function
    from fla.ops.log_linear_attn.naive import naive_log_linear_attn as reference

    levels = torch.rand(1, 128, 2, 8, device=DEVICE)
    yield from compare_gradients(
        first(function), lambda *x: reference(*x), *qkv((1, 128, 2, 64)), decay(1, 128, 2), levels,
        bound=TF32, gradients=False,
    )  # fmt: skip


@CASES.add()
def ttt_linear():
    from fla.ops.ttt import chunk_ttt_linear as function
    from fla.ops.ttt.naive import chunk_ttt_linear_ref as reference

    q, k, v = qkv((1, 64, 2, 64), scale=0.3)
    w, b, eta = randn(2, 64), randn(2, 64), torch.rand(1, 64, 2, 1, device=DEVICE) * 5e-3
    yield from compare_gradients(
        lambda *x: function(*x, chunk_size=16)[0],
        lambda *x: reference(*x, mini_batch_size=16)[0], q, unit(k), v, w, b, eta, bound=TF32,
        gradients=False,
    )  # fmt: skip


@CASES.add()
def bit_linear():
    from fla.modules.fused_bitlinear import bit_linear

    yield from compare_gradients(
        lambda x, w: rms_linear(bit_linear, x, w), lambda x, w: bit_reference(x, w),
        randn(10, 32), randn(24, 32), gradients=False, bound=2e-2,
    )  # fmt: skip


def rms_linear(function, x, w):
    return function(x, w, None, torch.ones(x.shape[-1], device=x.device), None)


def bit_reference(x, w):
    y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-8)
    scale = 127.0 / y.abs().amax(-1, keepdim=True).clamp(min=1e-5)
    y = (y * scale).round().clamp(-128, 127) / scale
    size = 1.0 / w.abs().mean().clamp(min=1e-5)
    return F.linear(y, (w * size).round().clamp(-1, 1) / size)
