"""flash-linear-attention's modules, norms and losses; a part of fla_cases."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from fla_common import DEVICE, SHAPE, randn
from harness import Cases, compare_gradients

CASES = Cases()


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
