"""Liger-Kernel: its functions against torch expressions in float32."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import TF32, Cases, compare, compare_gradients
from liger_kernel.transformers import functional as liger

CASES = Cases()
DEVICE = "cuda"


def randn(*shape, dtype=torch.float32, scale=1.0):
    return torch.randn(*shape, device=DEVICE, dtype=dtype) * scale


def labels(rows, classes, ignored=0):
    target = torch.randint(0, classes, (rows,), device=DEVICE)
    target[:ignored] = -100
    return target


def rms(x, weight, eps=1e-6, offset=0.0):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * (weight + offset)


@CASES.add()
def rms_norm():
    for mode in ("llama", "gemma", "none"):
        yield from compare_gradients(
            lambda x, w, mode=mode: liger.liger_rms_norm(x, w, 1e-6, 0.0, mode, False),
            rms, randn(6, 96), randn(96), bound=1e-4,
        )  # fmt: skip
    yield from compare_gradients(
        lambda x, w: liger.liger_rms_norm(x, w, 1e-6, 1.0),
        lambda x, w: rms(x, w, offset=1.0), randn(2, 3, 130), randn(130),
    )  # fmt: skip


@CASES.add()
def fused_add_rms_norm():
    def reference(x, r, w):
        s = x + r
        return rms(s, w), s

    yield from compare_gradients(
        lambda x, r, w: liger.liger_fused_add_rms_norm(x, r, w, 1e-6, in_place=False),
        reference, randn(5, 64), randn(5, 64), randn(64),
    )  # fmt: skip


@CASES.add()
def modulated_rms_norm():
    yield from compare_gradients(
        lambda x, w, s, b: liger.liger_modulated_rms_norm(x, w, s, b, in_place=False),
        lambda x, w, s, b: (1 + s) * rms(x, w) + b,
        randn(6, 64), randn(64), randn(64), randn(64),
    )  # fmt: skip


@CASES.add()
def poly_norm():
    def norm(u):
        return u * torch.rsqrt(u.pow(2).mean(-1, keepdim=True) + 1e-6)

    yield from compare_gradients(
        lambda x, w, b: liger.liger_poly_norm(x, w, b, 1e-6, False),
        lambda x, w, b: w[0] * norm(x**3) + w[1] * norm(x**2) + w[2] * norm(x) + b,
        randn(6, 80), randn(3), torch.tensor(0.3, device=DEVICE),
    )  # fmt: skip


@CASES.add()
def layer_norm():
    yield from compare_gradients(
        lambda x, w, b: liger.liger_layer_norm(x, w, b, 1e-5),
        lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b, 1e-5),
        randn(7, 100), randn(100), randn(100),
    )  # fmt: skip


@CASES.add()
def group_norm():
    yield from compare_gradients(
        lambda x, w, b: liger.liger_group_norm(x, w, b, 8, 4, 1e-5),
        lambda x, w, b: F.group_norm(x, 4, w, b, 1e-5),
        randn(3, 8, 20), randn(8), randn(8),
    )  # fmt: skip


def tables(length, dim):
    rate = 1.0 / 10000 ** (torch.arange(0, dim, 2, device=DEVICE).float() / dim)
    angle = torch.arange(length, device=DEVICE).float()[:, None] * rate
    both = torch.cat([angle, angle], -1)
    return both.cos()[None], both.sin()[None]


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


@CASES.add()
def rope():
    cos, sin = tables(12, 32)
    yield from compare_gradients(
        lambda q, k: liger.liger_rope(q, k, cos, sin),
        lambda q, k: (rotate(q, cos[:, None], sin[:, None]), rotate(k, cos[:, None], sin[:, None])),
        randn(2, 4, 12, 32), randn(2, 2, 12, 32),
    )  # fmt: skip


@CASES.add()
def llama4_rope():
    from liger_kernel.transformers import liger_llama4_text_rotary_pos_emb as function

    angle = torch.randn(9, 16, device=DEVICE)
    turn = torch.polar(torch.ones_like(angle), angle)

    def one(x):
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * turn[None, :, None]).flatten(3)

    yield from compare_gradients(
        lambda q, k: function(q, k, turn), lambda q, k: (one(q), one(k)),
        randn(2, 9, 4, 32), randn(2, 9, 2, 32),
    )  # fmt: skip


@CASES.add()
def qwen2vl_mrope():
    sections = [4, 6, 6]
    parts = [tables(8, 32) for _ in range(3)]
    cos = torch.stack([(c * (i + 1)).expand(2, -1, -1) for i, (c, _) in enumerate(parts)])
    sin = torch.stack([(s * (i + 1)).expand(2, -1, -1) for i, (_, s) in enumerate(parts)])

    def mix(table):
        pieces = table.split(sections * 2, dim=-1)
        return torch.cat([piece[i % 3] for i, piece in enumerate(pieces)], -1)[:, None]

    yield from compare_gradients(
        lambda q, k: liger.liger_qwen2vl_mrope(q, k, cos, sin, sections),
        lambda q, k: (rotate(q, mix(cos), mix(sin)), rotate(k, mix(cos), mix(sin))),
        randn(2, 4, 8, 32), randn(2, 2, 8, 32),
    )  # fmt: skip


@CASES.add()
def swiglu():
    yield from compare_gradients(
        liger.liger_swiglu, lambda a, b: F.silu(a) * b, randn(3, 5, 70), randn(3, 5, 70)
    )


@CASES.add()
def geglu():
    yield from compare_gradients(
        liger.liger_geglu,
        lambda a, b: F.gelu(a, approximate="tanh") * b, randn(3, 5, 70), randn(3, 5, 70),
        bound=5e-4,
    )  # fmt: skip


@CASES.add()
def relu_squared():
    yield from compare_gradients(liger.liger_relu_squared, lambda x: F.relu(x) ** 2, randn(6, 70))


@CASES.add()
def softmax():
    yield from compare_gradients(liger.liger_softmax, lambda x: x.softmax(-1), randn(4, 6, 75))


@CASES.add()
def softmax_of_many_columns():
    yield from compare_gradients(liger.liger_softmax, lambda x: x.softmax(-1), randn(2, 9000))


@CASES.add()
def sparsemax():
    def reference(x):
        ordered = x.sort(-1, descending=True).values
        count = torch.arange(1, x.shape[-1] + 1, device=x.device)
        sums = ordered.cumsum(-1) - 1
        support = (ordered * count > sums).sum(-1, keepdim=True)
        return F.relu(x - sums.gather(-1, support - 1) / support)

    yield from compare_gradients(liger.liger_sparsemax, reference, randn(5, 33))


@CASES.add()
def dyt():
    yield from compare_gradients(
        liger.liger_dyt, lambda x, a, g, b: g * torch.tanh(a * x) + b,
        randn(6, 96), randn(1), randn(96), randn(96), bound=5e-4,
    )  # fmt: skip


@CASES.add()
def cross_entropy():
    target = labels(10, 130, ignored=2)
    for reduction in ("mean", "sum"):
        for smoothing in (0.0, 0.1):
            yield from compare_gradients(
                lambda x, r=reduction, s=smoothing: liger.liger_cross_entropy(
                    x, target, reduction=r, label_smoothing=s
                ),
                lambda x, r=reduction, s=smoothing: F.cross_entropy(
                    x, target, reduction=r, label_smoothing=s
                ),
                randn(10, 130),
            )  # fmt: skip


@CASES.add()
def cross_entropy_with_z_loss_and_softcap():
    target = labels(8, 100)

    def reference(x):
        x = 20.0 * torch.tanh(x / 20.0)
        z = x.logsumexp(-1)
        return F.cross_entropy(x, target) + 1e-2 * (z**2).mean()

    yield from compare_gradients(
        lambda x: liger.liger_cross_entropy(x, target, lse_square_scale=1e-2, softcap=20.0),
        reference, randn(8, 100), bound=5e-4,
    )  # fmt: skip


@CASES.add()
def fused_linear_cross_entropy():
    target = labels(12, 64, ignored=1)
    yield from compare_gradients(
        lambda x, w, b: liger.liger_fused_linear_cross_entropy(x, w, target, b),
        lambda x, w, b: F.cross_entropy(x @ w.T + b, target),
        randn(12, 32), randn(64, 32), randn(64),
    )  # fmt: skip


@CASES.add()
def kl_div():
    target = randn(6, 50).softmax(-1)
    for reduction in ("batchmean", "sum", "mean", "none"):
        yield from compare_gradients(
            lambda x, r=reduction: liger.liger_kl_div(x.log_softmax(-1), target, reduction=r),
            lambda x, r=reduction: F.kl_div(x.log_softmax(-1), target, reduction=r), randn(6, 50),
        )  # fmt: skip


@CASES.add()
def jsd():
    target = randn(6, 50).log_softmax(-1)
    for beta in (0.0, 0.3, 0.5, 1.0):

        def reference(x, beta=beta):
            q, p = x.log_softmax(-1), target
            if beta == 0.0:
                return F.kl_div(q, p, log_target=True, reduction="batchmean")
            if beta == 1.0:
                return F.kl_div(p, q, log_target=True, reduction="batchmean")
            m = torch.log(beta * p.exp() + (1 - beta) * q.exp())
            left = F.kl_div(m, p, log_target=True, reduction="batchmean")
            right = F.kl_div(m, q, log_target=True, reduction="batchmean")
            return beta * left + (1 - beta) * right

        yield from compare_gradients(
            lambda x, beta=beta: liger.liger_jsd(x.log_softmax(-1), target, None, beta),
            reference, randn(6, 50), bound=5e-4,
        )  # fmt: skip


@CASES.add()
def fused_linear_jsd():
    teacher_x, teacher_w = randn(6, 24), randn(40, 24)

    def reference(x, w):
        q, p = (x @ w.T).log_softmax(-1), (teacher_x @ teacher_w.T).log_softmax(-1)
        m = torch.log(0.5 * p.exp() + 0.5 * q.exp())
        parts = [F.kl_div(m, t, log_target=True, reduction="batchmean") for t in (p, q)]
        return 0.5 * parts[0] + 0.5 * parts[1]

    yield from compare_gradients(
        lambda x, w: liger.liger_fused_linear_jsd(x, w, teacher_x, teacher_w),
        reference, randn(6, 16), randn(40, 16), bound=5e-4,
    )  # fmt: skip


@CASES.add()
def fused_linear_kl_div():
    target = randn(6, 40).softmax(-1)
    yield from compare_gradients(
        lambda x, w: liger.liger_fused_linear_kl_div(x, w, target),
        lambda x, w: F.kl_div((x @ w.T).log_softmax(-1), target, reduction="batchmean"),
        randn(6, 16), randn(40, 16), bound=5e-4,
    )  # fmt: skip


@CASES.add()
def tvd():
    target = randn(6, 50).softmax(-1)
    yield from compare_gradients(
        lambda x: liger.liger_tvd(x.softmax(-1), target, None, "batchmean"),
        lambda x: 0.5 * (x.softmax(-1) - target).abs().sum() / 6, randn(6, 50),
    )  # fmt: skip


@CASES.add()
def grpo_loss():
    from liger_kernel.transformers.grpo_loss import triton_grpo_loss

    ids, advantages = torch.randint(0, 60, (2, 7), device=DEVICE), randn(2)
    reference_logp = randn(2, 7, scale=0.1) - 4

    def logp_of(x):
        scaled = x[:, :-1] / 0.9
        return scaled.log_softmax(-1).gather(-1, ids[..., None])[..., 0]

    def reference(x):
        logp = logp_of(x)
        ratio = (logp - logp.detach()).exp()
        clipped = ratio.clamp(0.8, 1.4)
        loss = -torch.min(ratio * advantages[:, None], clipped * advantages[:, None])
        away = reference_logp - logp
        return loss + 0.04 * (away.exp() - away - 1)

    yield from compare_gradients(
        lambda x: triton_grpo_loss(
            x, None, reference_logp, ids, advantages, inplace=False, loss_type="grpo"
        )[0],
        reference, randn(2, 8, 60),
    )  # fmt: skip


@CASES.add()
def embedding():
    from liger_kernel.ops.experimental.embedding import LigerEmbeddingFunction

    ids = torch.randint(0, 20, (3, 9), device=DEVICE)
    yield from compare_gradients(
        lambda w: LigerEmbeddingFunction.apply(w, ids), lambda w: F.embedding(ids, w), randn(20, 48)
    )


@CASES.add()
def mm_int8int2():
    from liger_kernel.ops.experimental.mm_int8int2 import matmul, pack_weights

    weights = torch.randint(-1, 2, (1024, 32), device=DEVICE, dtype=torch.int8)
    packed = pack_weights(weights.clone(), bits=2)  # it adds 1 in place
    x = torch.randint(-100, 100, (32, 1024), device=DEVICE, dtype=torch.int8)
    want = x.int() @ weights.int()
    yield compare("out", matmul(x, packed), want, 0.0)


@CASES.add()
def attn_res():
    def reference(v, query, norm):
        keys = rms(v, norm)
        weights = (keys * query).sum(-1).softmax(0)
        return (weights[..., None] * v).sum(0)

    yield from compare_gradients(
        liger.liger_attn_res, reference, randn(4, 2, 5, 64), randn(64), randn(64)
    )


@CASES.add()
def mhc_pre_and_post():
    yield from compare_gradients(
        liger.liger_mhc_pre, lambda x, h: (h[..., None] * x).sum(-2), randn(2, 5, 4, 32),
        torch.rand(2, 5, 4, device=DEVICE), bound=TF32,
    )  # fmt: skip
    yield from compare_gradients(
        liger.liger_mhc_post_res,
        lambda x, f, post, res: torch.einsum("btij,btjc->btic", res, x)
        + post[..., None] * f[..., None, :],
        randn(2, 5, 4, 32), randn(2, 5, 32), torch.rand(2, 5, 4, device=DEVICE),
        torch.rand(2, 5, 4, 4, device=DEVICE), bound=TF32,
    )  # fmt: skip


@CASES.add()
def multi_token_attention():
    mask = torch.tril(torch.ones(16, 16, device=DEVICE, dtype=torch.bool))

    def reference(scores, weight, bias):
        scores = scores.masked_fill(~mask, -1e9).softmax(-1)
        return F.conv2d(scores, weight, bias, padding=1).masked_fill(~mask, 0.0)

    yield from compare_gradients(
        lambda s, w, b: liger.liger_multi_token_attention(s, w, b, padding=1),
        reference, randn(2, 4, 16, 16), randn(4, 4, 3, 3), randn(4),
    )  # fmt: skip


@CASES.add()
def fused_neighborhood_attention():
    near = torch.arange(32, device=DEVICE)
    mask = (near[:, None] - near[None]).abs() <= 3

    def reference(q, k, v):
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        return scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v

    yield from compare_gradients(
        lambda q, k, v: liger.liger_fused_neighborhood_attention(q, k, v, 7),
        reference, randn(1, 2, 32, 16), randn(1, 2, 32, 16), randn(1, 2, 32, 16), bound=TF32,
    )  # fmt: skip


@CASES.add()
def fused_moe():
    from liger_kernel.ops.fused_moe import LigerFusedMoEFunction

    chosen = torch.stack([torch.randperm(4, device=DEVICE)[:2] for _ in range(10)]).int()

    def reference(x, up, down, weights):
        out = torch.zeros_like(x)
        for token in range(x.shape[0]):
            for slot in range(2):
                expert = int(chosen[token, slot])
                gate, value = (up[expert] @ x[token]).chunk(2)
                hidden = F.silu(gate) * value
                out[token] = out[token] + weights[token, slot] * (down[expert] @ hidden)
        return out

    yield from compare_gradients(
        lambda x, up, down, w: LigerFusedMoEFunction.apply(x, up, down, chosen, w),
        reference, randn(10, 32), randn(4, 64, 32, scale=0.2), randn(4, 32, 32, scale=0.2),
        torch.rand(10, 2, device=DEVICE), bound=TF32,
    )  # fmt: skip


@CASES.add()
def mlp():
    from liger_kernel.ops.mlp import LigerMLPFunction

    yield from compare_gradients(
        LigerMLPFunction.apply,
        lambda x, g, u, d: F.linear(F.silu(F.linear(x, g)) * F.linear(x, u), d),
        randn(1, 64, 64, dtype=torch.bfloat16), randn(128, 64, dtype=torch.bfloat16, scale=0.2),
        randn(128, 64, dtype=torch.bfloat16, scale=0.2),
        randn(64, 128, dtype=torch.bfloat16, scale=0.2), bound=3e-2,
    )  # fmt: skip


@CASES.add()
def tiled_swiglu_mlp():
    from types import SimpleNamespace

    from liger_kernel.transformers import LigerTiledSwiGLUMLP

    config = SimpleNamespace(hidden_size=32, intermediate_size=48, hidden_act="silu")
    layer = LigerTiledSwiGLUMLP(config, num_shards=2).to(DEVICE)
    g, u, d = (p.detach().clone() for p in layer.parameters())
    yield from compare_gradients(
        layer, lambda x: F.linear(F.silu(F.linear(x, g)) * F.linear(x, u), d), randn(2, 8, 32)
    )


@CASES.add()
def autocast_to_bfloat16():
    target = labels(8, 64)
    weight = randn(64, 32)
    x = randn(8, 32)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        got = liger.liger_fused_linear_cross_entropy(x, weight, target)
    yield compare("out", got.float(), F.cross_entropy(x @ weight.T, target), 2e-2)
