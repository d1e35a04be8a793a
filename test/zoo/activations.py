"""Activations and gates, forward and backward, dropout, and the elementwise ends of blocks."""

from __future__ import annotations

import math

import numpy as np
import triton
import triton.language as tl
from triton.language.extra import libdevice
from zoo_tools import strides, wide

SQRT_HALF = tl.constexpr(math.sqrt(0.5))
SQRT_2_OVER_PI = tl.constexpr(math.sqrt(2 / math.pi))


@triton.jit
def silu(x):
    return x * tl.sigmoid(x)


@triton.jit
def gelu_tanh(x):
    """GELU's approximation by the hyperbolic tangent."""
    return 0.5 * x * (1 + libdevice.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)))


@triton.jit
def gelu_exact(x):
    return 0.5 * x * (1 + tl.math.erf(x * SQRT_HALF))


@triton.jit
def apply_activation(x, ACTIVATION: tl.constexpr):
    """The function by its name; an unknown name is an error while compiling."""
    if ACTIVATION == "silu":
        y = silu(x)
    elif ACTIVATION == "gelu":
        y = gelu_exact(x)
    elif ACTIVATION == "gelu_tanh":
        y = gelu_tanh(x)
    elif ACTIVATION == "relu_squared":
        r = tl.maximum(x, 0.0)
        y = r * r
    elif ACTIVATION == "softplus":
        y = tl.where(x > 20.0, x, tl.log(1 + tl.exp(tl.minimum(x, 20.0))))
    else:
        tl.static_assert(ACTIVATION == "identity", "unknown activation")
        y = x
    return y


@triton.autotune(
    configs=[triton.Config({"BLOCK": 64}, num_warps=2), triton.Config({"BLOCK": 128})],
    key=["n_elements"],
)
@triton.jit
def activation_kernel(x_ptr, y_ptr, n_elements, ACTIVATION: tl.constexpr, BLOCK: tl.constexpr):
    """y = f(x), element by element."""
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offsets < n_elements
    x = tl.load(x_ptr + offsets, mask=mask).to(tl.float32)
    tl.store(y_ptr + offsets, apply_activation(x, ACTIVATION), mask=mask)


@triton.jit
def gated_forward_kernel(
    gate_ptr, up_ptr, out_ptr, stride, n_cols, ACTIVATION: tl.constexpr, BLOCK_SIZE: tl.constexpr
):
    """out = f(gate) * up for one row."""
    row = tl.program_id(0).to(tl.int64)
    gate_ptr += row * stride
    up_ptr += row * stride
    out_ptr += row * stride
    cols = tl.arange(0, BLOCK_SIZE)
    mask = cols < n_cols
    gate = tl.load(gate_ptr + cols, mask=mask, other=0).to(tl.float32)
    up = tl.load(up_ptr + cols, mask=mask, other=0)
    tl.store(out_ptr + cols, apply_activation(gate, ACTIVATION).cast(up.dtype) * up, mask=mask)


@triton.jit
def gated_backward_kernel(
    dout_ptr, gate_ptr, up_ptr, stride, n_cols, IS_GELU: tl.constexpr, BLOCK_SIZE: tl.constexpr
):
    """The gradients take the place of gate and up."""
    row = tl.program_id(0).to(tl.int64)
    dout_ptr += row * stride
    gate_ptr += row * stride
    up_ptr += row * stride
    cols = tl.arange(0, BLOCK_SIZE)
    mask = cols < n_cols
    dout = tl.load(dout_ptr + cols, mask=mask, other=0).to(tl.float32)
    gate = tl.load(gate_ptr + cols, mask=mask, other=0).to(tl.float32)
    up = tl.load(up_ptr + cols, mask=mask, other=0).to(tl.float32)
    if IS_GELU:
        inner = SQRT_2_OVER_PI * (gate + 0.044715 * gate * gate * gate)
        t = libdevice.tanh(inner)
        f = 0.5 * gate * (1 + t)
        slope = SQRT_2_OVER_PI * (1 + 3 * 0.044715 * gate * gate)
        df = 0.5 * (1 + t) + 0.5 * gate * (1 - t * t) * slope
    else:
        s = tl.sigmoid(gate)
        f = gate * s
        df = s * (1 + gate * (1 - s))
    tl.store(gate_ptr + cols, dout * up * df, mask=mask)
    tl.store(up_ptr + cols, dout * f, mask=mask)


@triton.jit
def packed_swiglu_kernel(
    xy_ptr, out_ptr, half, n_cols, stride_row, stride_out, BLOCK_N: tl.constexpr
):
    """silu of the left half of a row times its right half; a program has no work past the end."""
    start = tl.program_id(1) * BLOCK_N
    if start >= n_cols:
        return
    row = tl.program_id(0)
    xy_ptr += row * stride_row
    cols = start + tl.arange(0, BLOCK_N)
    left = tl.load(xy_ptr + cols, mask=cols < half, other=0.0).to(tl.float32)
    right = tl.load(xy_ptr + half + cols, mask=cols < half, other=0.0).to(tl.float32)
    tl.store(out_ptr + row * stride_out + cols, silu(left) * right, mask=cols < half)


@triton.jit
def seeded_dropout_kernel(x_ptr, out_ptr, n_elements, p, seed, BLOCK: tl.constexpr):
    """Keeps an element where its random number is above p; backward is the same with dy."""
    offsets = tl.program_id(axis=0) * BLOCK + tl.arange(0, BLOCK)
    mask = offsets < n_elements
    x = tl.load(x_ptr + offsets, mask=mask)
    keep = tl.rand(seed, offsets) > p
    tl.store(out_ptr + offsets, tl.where(keep, x / (1 - p), 0.0), mask=mask)


@triton.jit
def bias_dropout_residual_kernel(
    x_ptr, bias_ptr, scale_ptr, residual_ptr, out_ptr, n_rows, n_cols, p, seed,
    HAS_BIAS: tl.constexpr, HAS_SCALE: tl.constexpr, TRAINING: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """residual + scale * dropout(x + bias), with four random numbers from each Philox call."""
    rows = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)[:, None]
    cols = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)[None, :]
    mask = (rows < n_rows) & (cols < n_cols)
    at = rows * n_cols + cols
    x = tl.load(x_ptr + at, mask=mask, other=0.0).to(tl.float32)
    if HAS_BIAS:
        x += tl.load(bias_ptr + cols, mask=cols < n_cols, other=0.0)
    if TRAINING:
        QUARTER: tl.constexpr = BLOCK_N // 4
        quarter = tl.program_id(1) * QUARTER + tl.arange(0, QUARTER)[None, :]
        r0, r1, r2, r3 = tl.rand4x(seed, rows * n_cols + quarter)
        r = tl.join(tl.join(r0, r2), tl.join(r1, r3)).reshape(BLOCK_M, BLOCK_N)
        x = tl.where(r >= p, x * (1.0 / (1.0 - p)), 0.0)
    if HAS_SCALE:
        x *= tl.load(scale_ptr + cols, mask=cols < n_cols, other=0.0)
    x += tl.load(residual_ptr + at, mask=mask, other=0.0)
    tl.store(out_ptr + at, x.to(out_ptr.type.element_ty), mask=mask)


def activate(x, name):
    y = np.empty_like(x)
    grid = lambda meta: (triton.cdiv(x.size, meta["BLOCK"]),)  # noqa: E731
    activation_kernel[grid](x, y, x.size, ACTIVATION=name)
    return y


def activation_reference(x, name):
    x = wide(x)
    if name == "silu":
        return x / (1 + np.exp(-x))
    if name == "gelu":
        return 0.5 * x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))
    if name == "gelu_tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    if name == "relu_squared":
        return np.maximum(x, 0) ** 2
    return np.logaddexp(0, x) if name == "softplus" else x


def gated(gate, up, name):
    out = np.empty_like(gate)
    gated_forward_kernel[(gate.shape[0],)](
        gate, up, out, strides(gate)[0], gate.shape[1],
        ACTIVATION=name, BLOCK_SIZE=triton.next_power_of_2(gate.shape[1]), num_warps=2,
    )  # fmt: skip
    return out


def gated_backward(dout, gate, up, name):
    gated_backward_kernel[(gate.shape[0],)](
        dout, gate, up, strides(gate)[0], gate.shape[1], name == "gelu_tanh",
        BLOCK_SIZE=triton.next_power_of_2(gate.shape[1]), num_warps=2,
    )  # fmt: skip
    return gate, up


def gated_backward_reference(dout, gate, up, name):
    dout, g, up = wide(dout, gate, up)
    if name == "silu":
        s = 1 / (1 + np.exp(-g))
        df = s * (1 + g * (1 - s))
    else:
        c = math.sqrt(2 / math.pi)
        t = np.tanh(c * (g + 0.044715 * g**3))
        df = 0.5 * (1 + t) + 0.5 * g * (1 - t * t) * c * (1 + 3 * 0.044715 * g * g)
    return dout * up * df, dout * activation_reference(g, name)


def packed_swiglu(xy, block=32, spare=1):
    rows, both = xy.shape
    out = np.empty((rows, both // 2), xy.dtype)
    grid = (rows, triton.cdiv(both // 2, block) + spare)
    packed_swiglu_kernel[grid](
        xy, out, both // 2, both // 2, strides(xy)[0], strides(out)[0], BLOCK_N=block
    )
    return out


def dropout(x, p, seed):
    out = np.empty_like(x)
    grid = lambda meta: (triton.cdiv(x.size, meta["BLOCK"]),)  # noqa: E731
    seeded_dropout_kernel[grid](x, out, x.size, p, seed, BLOCK=64)
    return out


def bias_dropout_residual(x, bias, scale, residual, p, seed, training=True):
    out = np.empty_like(residual)
    block = (2, 32)
    grid = (triton.cdiv(x.shape[0], block[0]), triton.cdiv(x.shape[1], block[1]))
    bias_dropout_residual_kernel[grid](
        x, bias, scale, residual, out, *x.shape, p, seed, HAS_BIAS=bias is not None,
        HAS_SCALE=scale is not None, TRAINING=training, BLOCK_M=block[0], BLOCK_N=block[1],
        num_warps=1,
    )  # fmt: skip
    return out


def philox(seed: int, counters: np.ndarray, rounds: int = 10) -> np.ndarray:
    """Philox4x32 of the counters (Salmon et al., SC 2011): [4, ...] of uint32."""
    low = counters.astype(np.uint64)
    c = [low & 0xFFFFFFFF, low >> 32, np.zeros_like(low), np.zeros_like(low)]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(rounds):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> 32) ^ c[1] ^ np.uint64(key[0]), b & 0xFFFFFFFF,
             (a >> 32) ^ c[3] ^ np.uint64(key[1]), a & 0xFFFFFFFF]  # fmt: skip
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c).astype(np.uint32)


def uniform(bits: np.ndarray) -> np.ndarray:
    """tl.rand's way from 32 bits to a float32 in [0, 1)."""
    signed = bits.view(np.int32)
    positive = np.where(signed < 0, -signed - 1, signed)
    return positive.astype(np.float32) * np.float32(4.6566127342e-10)
