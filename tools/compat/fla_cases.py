"""flash-linear-attention: its kernels against its own "naive" torch implementations."""

from __future__ import annotations

import fla_modules
import torch
from fla_common import DEVICE, SHAPE, WHOLE, decay, first, heads_first, qkv, randn, unit
from harness import TF32, Cases, compare, compare_gradients

CASES = Cases()
CASES.update(fla_modules.CASES)


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
