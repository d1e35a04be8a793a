"""What the cases of flash-linear-attention share: shapes, inputs, forms of references."""

from __future__ import annotations

import torch
import torch.nn.functional as F

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
