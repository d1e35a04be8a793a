"""bitsandbytes' Triton back end, against its own torch implementations ("default" back end)."""

from __future__ import annotations

import bitsandbytes.functional as bnb
import torch
from bitsandbytes.backends.triton import kernels_optim
from bitsandbytes.backends.triton import ops as triton_ops
from harness import Cases, compare

CASES = Cases()
DEVICE = "cuda"


def code():
    return bnb.create_dynamic_map().to(DEVICE)


def nearest(scaled, table):
    return (scaled[:, None] - table[None]).abs().argmin(1)


def quantize_reference(x, table, block):
    parts = x.reshape(-1, block)
    largest = parts.abs().amax(1)
    index = nearest((parts / largest[:, None]).flatten(), table)
    return index.to(torch.uint8).reshape(x.shape), largest


@CASES.add()
def quantize_blockwise():
    for block in (64, 256):
        x, table = torch.randn(8, 512, device=DEVICE), code()
        got, absmax = triton_ops.quantize_blockwise(x, table, block)
        want, largest = quantize_reference(x, table, block)
        yield compare("absmax", absmax, largest, 1e-6)
        # A value in the middle between two codes may go either way.
        yield compare("values", table[got.long()], table[want.long()], 5e-3)


@CASES.add()
def dequantize_blockwise():
    table = code()
    values = torch.randint(0, 256, (4, 512), device=DEVICE, dtype=torch.uint8)
    absmax = torch.rand(8, device=DEVICE) + 0.1
    for dtype, bound in ((torch.float32, 1e-6), (torch.float16, 2e-3), (torch.bfloat16, 1e-2)):
        got = triton_ops.dequantize_blockwise(values, absmax, table, 256, dtype)
        want = table[values.long()].reshape(8, 256) * absmax[:, None]
        yield compare(str(dtype), got.reshape(8, 256), want, bound)


def four_bit_table(kind):
    return bnb.get_4bit_type(kind, device=DEVICE)


def _four_bit(kind):
    x = torch.randn(16, 128, device=DEVICE)
    packed, absmax = triton_ops.quantize_4bit(x, 64, kind, torch.uint8)
    parts = x.reshape(-1, 64)
    yield compare("absmax", absmax, parts.abs().amax(1), 1e-6)
    table = four_bit_table(kind)
    table = table / table.abs().max()
    flat = packed.flatten()
    got_codes = torch.stack([flat >> 4, flat & 15], 1).flatten().long()
    want_codes = nearest((parts / parts.abs().amax(1)[:, None]).flatten(), table)
    yield compare("codes", table[got_codes], table[want_codes], 1e-6)
    want = (table[got_codes].reshape(-1, 64) * absmax[:, None]).reshape(16, 128)
    got = triton_ops.dequantize_4bit(packed, absmax, 64, kind, (16, 128), torch.float32)
    yield compare("dequantized", got, want, 1e-6)


@CASES.add()
def quantize_and_dequantize_nf4():
    yield from _four_bit("nf4")


@CASES.add()
def quantize_and_dequantize_fp4():
    yield from _four_bit("fp4")


@CASES.add()
def gemv_4bit():
    weight, x = torch.randn(32, 64, device=DEVICE), torch.randn(1, 64, device=DEVICE)
    packed, absmax = triton_ops.quantize_4bit(weight, 64, "nf4", torch.uint8)
    table = four_bit_table("nf4")
    got = triton_ops.gemv_4bit(x, packed, (32, 64), absmax, table, 64)
    plain = triton_ops.dequantize_4bit(packed, absmax, 64, "nf4", (32, 64), torch.float32)
    yield compare("out", got, x @ plain.T, 1e-5)


def _optimizer_states(name, two):
    p, g = torch.randn(1000, device=DEVICE), torch.randn(1000, device=DEVICE)
    state1 = torch.randn(1000, device=DEVICE) * 0.1
    state2 = torch.rand(1000, device=DEVICE) * 0.1 if two else None
    return p, g, state1, state2


def _optimizer_32bit(name, two):
    p, g, m, v = _optimizer_states(name, two)
    q, n, w = p.clone(), m.clone(), v.clone() if two else None
    lr, eps, b1, b2, decay, step = 1e-2, 1e-8, 0.9, 0.99, 0.01, 3
    triton_ops.optimizer_update_32bit(
        name, g, p, m, v, None, 0.0, 0.0, b1, b2, 0.0, 0.0, eps, decay, step, lr, 1.0
    )
    if name == "adam":
        n = b1 * n + (1 - b1) * g
        w = b2 * w + (1 - b2) * g * g
        size = -lr * (1 - b2**step) ** 0.5 / (1 - b1**step)
        q = q + size * n / (w.sqrt() + eps * (1 - b2**step) ** 0.5)
        q = q * (1 - lr * decay)
    elif name == "momentum":
        h = g + q * decay
        n = n * b1 + h
        q = q - lr * n
    elif name == "lion":
        q = q * (1 - lr * decay)
        q = q - lr * torch.sign(n * b1 + (1 - b1) * g)
        n = n * b2 + (1 - b2) * g
    elif name == "rmsprop":
        h = g + q * decay
        n = n * b1 + (1 - b1) * h * h
        q = q - lr * h / (n.sqrt() + eps)
    elif name == "adagrad":
        h = g + q * decay
        n = n + h * h
        q = q - lr * h / (n.sqrt() + eps)
    yield compare("p", p, q, 1e-5)
    yield compare("state1", m, n, 1e-5)
    if two:
        yield compare("state2", v, w, 1e-5)


for _name, _two in (
    ("adam", True), ("momentum", False), ("lion", False), ("rmsprop", False), ("adagrad", False)
):  # fmt: skip
    CASES[f"optimizer_32bit_{_name}"] = lambda n=_name, t=_two: _optimizer_32bit(n, t)


def _optimizer_8bit(name, two):
    size = 1024
    p, g = torch.randn(size, device=DEVICE), torch.randn(size, device=DEVICE)
    signed, unsigned = code(), bnb.create_dynamic_map(signed=False).to(DEVICE)

    def states():
        torch.manual_seed(1)
        one = torch.randint(0, 256, (size,), device=DEVICE, dtype=torch.uint8)
        other = torch.randint(0, 256, (size,), device=DEVICE, dtype=torch.uint8)
        return (
            one,
            other if two else None,
            torch.rand(4, device=DEVICE),
            torch.rand(4, device=DEVICE),
        )

    results = []
    for function in (
        triton_ops.optimizer_update_8bit_blockwise,
        kernels_optim.optimizer_update_8bit_blockwise_pytorch,
    ):
        q, (s1, s2, a1, a2) = p.clone(), states()
        function(
            optimizer_name=name, g=g, p=q, state1=s1, state2=s2, beta1=0.9, beta2=0.99, beta3=0.0,
            alpha=0.0, eps=1e-8, step=3, lr=1e-2, qmap1=signed, qmap2=unsigned if two else None,
            absmax1=a1, absmax2=a2 if two else None, weight_decay=0.0, gnorm_scale=1.0,
            skip_zeros=False,
        )  # fmt: skip
        results.append((q, signed[s1.long()], a1))
    for label, got, want, bound in zip(
        ("p", "state1", "absmax1"), results[0], results[1], (1e-4, 2e-2, 1e-5), strict=True
    ):
        yield compare(label, got, want, bound)


for _name, _two in (("adam", True), ("momentum", False), ("lion", False), ("rmsprop", False)):
    CASES[f"optimizer_8bit_{_name}"] = lambda n=_name, t=_two: _optimizer_8bit(n, t)
