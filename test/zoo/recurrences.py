"""Scans and recurrences: cumulative sums, gated recurrences, state spaces, linear attention."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide


@triton.jit(do_not_specialize=["T"])
def chunk_cumsum_kernel(
    s, o, T, H: tl.constexpr, BT: tl.constexpr, REVERSE: tl.constexpr, HEAD_FIRST: tl.constexpr
):
    """Cumulative sums inside of each chunk of BT steps, forwards or backwards."""
    i_t, i_bh = tl.program_id(0), tl.program_id(1)
    i_b, i_h = i_bh // H, i_bh % H
    if HEAD_FIRST:
        p_s = tl.make_block_ptr(s + i_bh * T, (T,), (1,), (i_t * BT,), (BT,), (0,))
        p_o = tl.make_block_ptr(o + i_bh * T, (T,), (1,), (i_t * BT,), (BT,), (0,))
    else:
        p_s = tl.make_block_ptr(s + i_b * T * H + i_h, (T,), (H,), (i_t * BT,), (BT,), (0,))
        p_o = tl.make_block_ptr(o + i_b * T * H + i_h, (T,), (H,), (i_t * BT,), (BT,), (0,))
    b_s = tl.load(p_s, boundary_check=(0,)).to(tl.float32)
    b_o = tl.cumsum(b_s, axis=0)
    if REVERSE:
        b_z = tl.sum(b_s, axis=0)
        b_o = -b_o + b_z[None] + b_s
    tl.store(p_o, b_o.to(p_o.dtype.element_ty), boundary_check=(0,))


@triton.jit
def long_cumsum_kernel(x_ptr, y_ptr, n_cols, BLOCK: tl.constexpr, EXCLUSIVE: tl.constexpr):
    """Along a whole row with a carry from block to block."""
    row = tl.program_id(0)
    carry = tl.zeros([1], dtype=tl.float32)
    for i in range(0, n_cols, BLOCK):
        cols = i + tl.arange(0, BLOCK)
        mask = cols < n_cols
        x = tl.load(x_ptr + row * n_cols + cols, mask=mask, other=0.0).to(tl.float32)
        total = tl.cumsum(x, 0) + carry
        tl.store(y_ptr + row * n_cols + cols, total - x if EXCLUSIVE else total, mask=mask)
        carry += tl.sum(x, axis=0)


@triton.jit
def recurrence_combine(a1, b1, a2, b2):
    """h -> a1 h + b1, then h -> a2 h + b2."""
    return a1 * a2, b1 * a2 + b2


@triton.jit
def linear_recurrence_kernel(
    a_ptr, b_ptr, h0_ptr, h_ptr, T, D, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
    USE_INITIAL: tl.constexpr,
):  # fmt: skip
    """h[t] = a[t] h[t - 1] + b[t] for all t of a block at once."""
    i_d = tl.program_id(0) * BLOCK_D + tl.arange(0, BLOCK_D)
    d_mask = i_d < D
    h = tl.zeros([BLOCK_D], dtype=tl.float32)
    if USE_INITIAL:
        h += tl.load(h0_ptr + i_d, mask=d_mask, other=0).to(tl.float32)
    for t in range(0, T, BLOCK_T):
        i_t = t + tl.arange(0, BLOCK_T)
        mask = (i_t < T)[:, None] & d_mask[None, :]
        at = i_t[:, None] * D + i_d[None, :]
        a = tl.load(a_ptr + at, mask=mask, other=1.0).to(tl.float32)
        b = tl.load(b_ptr + at, mask=mask, other=0.0).to(tl.float32)
        decay, state = tl.associative_scan((a, b), 0, recurrence_combine)
        state += decay * h[None, :]
        tl.store(h_ptr + at, state, mask=mask)
        last = tl.arange(0, BLOCK_T) == BLOCK_T - 1
        h = tl.sum(tl.where(last[:, None], state, 0.0), axis=0)


@triton.heuristics(
    {
        "HAS_D": lambda args: args["D_ptr"] is not None,
        "HAS_Z": lambda args: args["z_ptr"] is not None,
        "HAS_DT_BIAS": lambda args: args["dt_bias_ptr"] is not None,
    }
)
@triton.heuristics({"BLOCK_N": lambda args: triton.next_power_of_2(args["dstate"])})
@triton.jit
def selective_state_update_kernel(
    state_ptr, x_ptr, dt_ptr, dt_bias_ptr, A_ptr, B_ptr, C_ptr, D_ptr, z_ptr, out_ptr,
    dim, dstate, stride_state_b, stride_state_d, stride_A_d,
    DT_SOFTPLUS: tl.constexpr, BLOCK_D: tl.constexpr, HAS_D: tl.constexpr, HAS_Z: tl.constexpr,
    HAS_DT_BIAS: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """One step of a selective state space, the state changed in place."""
    pid_d = tl.program_id(axis=0)
    pid_b = tl.program_id(axis=1)
    offs_d = pid_d * BLOCK_D + tl.arange(0, BLOCK_D)
    offs_n = tl.arange(0, BLOCK_N)
    d_mask = offs_d < dim
    both = d_mask[:, None] & (offs_n[None, :] < dstate)
    state_ptrs = (
        state_ptr + pid_b * stride_state_b + offs_d[:, None] * stride_state_d + offs_n[None, :]
    )
    state = tl.load(state_ptrs, mask=both, other=0.0)
    x = tl.load(x_ptr + pid_b * dim + offs_d, mask=d_mask, other=0.0).to(tl.float32)
    dt = tl.load(dt_ptr + pid_b * dim + offs_d, mask=d_mask, other=0.0).to(tl.float32)
    if HAS_DT_BIAS:
        dt += tl.load(dt_bias_ptr + offs_d, mask=d_mask, other=0.0).to(tl.float32)
    if DT_SOFTPLUS:
        dt = tl.where(dt <= 20.0, tl.math.log(tl.math.exp(dt) + 1), dt)
    A = tl.load(A_ptr + offs_d[:, None] * stride_A_d + offs_n[None, :], mask=both, other=0.0)
    dA = tl.exp(A.to(tl.float32) * dt[:, None])
    B = tl.load(B_ptr + pid_b * dstate + offs_n, mask=offs_n < dstate, other=0.0).to(tl.float32)
    C = tl.load(C_ptr + pid_b * dstate + offs_n, mask=offs_n < dstate, other=0.0).to(tl.float32)
    state = state * dA + (B[None, :] * dt[:, None]) * x[:, None]
    tl.store(state_ptrs, state, mask=both)
    out = tl.sum(state * C[None, :], axis=1)
    if HAS_D:
        out += x * tl.load(D_ptr + offs_d, mask=d_mask, other=0.0).to(tl.float32)
    if HAS_Z:
        z = tl.load(z_ptr + pid_b * dim + offs_d, mask=d_mask, other=0.0).to(tl.float32)
        out *= z * tl.sigmoid(z)
    tl.store(out_ptr + pid_b * dim + offs_d, out, mask=d_mask)


@triton.jit
def selective_scan_kernel(
    u_ptr, dt_ptr, A_ptr, B_ptr, C_ptr, y_ptr, L, D, N: tl.constexpr, BLOCK_D: tl.constexpr
):
    """The same along a sequence, step by step with the state in registers."""
    offs_d = tl.program_id(0) * BLOCK_D + tl.arange(0, BLOCK_D)
    mask = offs_d < D
    offs_n = tl.arange(0, N)
    A = tl.load(A_ptr + offs_d[:, None] * N + offs_n[None, :], mask=mask[:, None], other=0.0)
    h = tl.zeros((BLOCK_D, N), tl.float32)
    for t in range(L):
        dt = tl.load(dt_ptr + t * D + offs_d, mask=mask, other=0.0).to(tl.float32)
        u = tl.load(u_ptr + t * D + offs_d, mask=mask, other=0.0).to(tl.float32)
        B = tl.load(B_ptr + t * N + offs_n).to(tl.float32)
        C = tl.load(C_ptr + t * N + offs_n).to(tl.float32)
        h = tl.exp(dt[:, None] * A) * h + (dt * u)[:, None] * B[None, :]
        tl.store(y_ptr + t * D + offs_d, tl.sum(h * C[None, :], 1), mask=mask)


@triton.jit
def ssd_chunk_state_kernel(
    x_ptr, b_ptr, decay_ptr, states_ptr, T, P: tl.constexpr, N: tl.constexpr, BT: tl.constexpr
):
    """What each chunk adds to the state [P, N]: sum over t of exp(g_last - g_t) x_t b_t^T."""
    i_c, i_h = tl.program_id(0), tl.program_id(1)
    o_t = i_c * BT + tl.arange(0, BT)
    mask = o_t < T
    g = tl.load(decay_ptr + i_h * T + o_t, mask=mask, other=0.0)
    g_last = tl.load(decay_ptr + i_h * T + min(i_c * BT + BT, T) - 1)
    x = tl.load(
        x_ptr + (i_h * T + o_t)[None, :] * P + tl.arange(0, P)[:, None], mask=mask[None, :],
        other=0.0,
    )  # fmt: skip
    b = tl.load(
        b_ptr + (i_h * T + o_t)[:, None] * N + tl.arange(0, N)[None, :], mask=mask[:, None],
        other=0.0,
    )  # fmt: skip
    scale = tl.exp(g_last - g)
    b = (b * scale[:, None]).to(x_ptr.dtype.element_ty)
    state = tl.dot(x, b, input_precision="ieee")
    at = (i_h * tl.num_programs(0) + i_c) * P * N
    tl.store(states_ptr + at + tl.arange(0, P)[:, None] * N + tl.arange(0, N)[None, :], state)


@triton.jit
def chunk_linear_attention_kernel(
    q, k, v, o, h0, ht, scale, T,
    H: tl.constexpr, K: tl.constexpr, V: tl.constexpr, BT: tl.constexpr, BK: tl.constexpr,
    BV: tl.constexpr, USE_INITIAL_STATE: tl.constexpr, STORE_FINAL_STATE: tl.constexpr,
):  # fmt: skip
    """o_t = scale * q_t sum over s <= t of k_s^T v_s, chunk after chunk with a state [K, V]."""
    i_v, i_nh = tl.program_id(0), tl.program_id(1)
    m_s = tl.arange(0, BT)[:, None] >= tl.arange(0, BT)[None, :]
    b_h = tl.zeros([BK, BV], dtype=tl.float32)
    if USE_INITIAL_STATE:
        p_h0 = tl.make_block_ptr(h0 + i_nh * K * V, (K, V), (V, 1), (0, i_v * BV), (BK, BV), (1, 0))
        b_h = tl.load(p_h0, boundary_check=(0, 1)).to(tl.float32)
    for i_t in range(tl.cdiv(T, BT)):
        p_q = tl.make_block_ptr(q + i_nh * T * K, (T, K), (K, 1), (i_t * BT, 0), (BT, BK), (1, 0))
        p_k = tl.make_block_ptr(k + i_nh * T * K, (K, T), (1, K), (0, i_t * BT), (BK, BT), (0, 1))
        p_v = tl.make_block_ptr(
            v + i_nh * T * V, (T, V), (V, 1), (i_t * BT, i_v * BV), (BT, BV), (1, 0)
        )
        p_o = tl.make_block_ptr(
            o + i_nh * T * V, (T, V), (V, 1), (i_t * BT, i_v * BV), (BT, BV), (1, 0)
        )
        b_q = tl.load(p_q, boundary_check=(0, 1), padding_option="zero")
        b_q = (b_q * scale).to(b_q.dtype)
        b_k = tl.load(p_k, boundary_check=(0, 1), padding_option="zero")
        b_v = tl.load(p_v, boundary_check=(0, 1), padding_option="zero")
        b_s = tl.dot(b_q, b_k, allow_tf32=False)
        b_s = tl.where(m_s, b_s, 0)
        b_o = tl.dot(b_s.to(b_q.dtype), b_v, allow_tf32=False)
        b_o += tl.dot(b_q, b_h.to(b_q.dtype), allow_tf32=False)
        b_h += tl.dot(b_k, b_v, allow_tf32=False)
        tl.store(p_o, b_o.to(p_o.dtype.element_ty), boundary_check=(0, 1))
    if STORE_FINAL_STATE:
        p_ht = tl.make_block_ptr(ht + i_nh * K * V, (K, V), (V, 1), (0, i_v * BV), (BK, BV), (1, 0))
        tl.store(p_ht, b_h.to(p_ht.dtype.element_ty), boundary_check=(0, 1))


@triton.jit
def delta_rule_kernel(q, k, v, beta, o, T, K: tl.constexpr, BV: tl.constexpr, V: tl.constexpr):
    """S_t = S_{t-1} + beta_t k_t (v_t - k_t S_{t-1}); o_t = q_t S_t, step by step."""
    i_v, i_h = tl.program_id(0), tl.program_id(1)
    p_q = q + i_h * T * K + tl.arange(0, K)
    p_k = k + i_h * T * K + tl.arange(0, K)
    p_v = v + i_h * T * V + i_v * BV + tl.arange(0, BV)
    p_o = o + i_h * T * V + i_v * BV + tl.arange(0, BV)
    p_beta = beta + i_h * T
    mask_v = i_v * BV + tl.arange(0, BV) < V
    b_h = tl.zeros([BV, K], dtype=tl.float32)
    for _ in range(T):
        b_k = tl.load(p_k).to(tl.float32)
        b_v = tl.load(p_v, mask=mask_v, other=0).to(tl.float32)
        b_q = tl.load(p_q).to(tl.float32)
        b_beta = tl.load(p_beta).to(tl.float32)
        b_v -= tl.sum(b_h * b_k[None, :], axis=1)
        b_v *= b_beta
        b_h += b_k[None, :] * b_v[:, None]
        b_o = tl.sum(b_h * b_q[None, :], axis=1)
        tl.store(p_o, b_o.to(p_o.dtype.element_ty), mask=mask_v)
        p_q += K
        p_k += K
        p_v += V
        p_o += V
        p_beta += 1


def chunk_cumsum(s, chunk, reverse, head_first):
    """s [B, H, T] if head_first, else [B, T, H]."""
    batch, heads, steps = s.shape if head_first else (s.shape[0], s.shape[2], s.shape[1])
    o = np.empty(s.shape, np.float32)
    chunk_cumsum_kernel[(triton.cdiv(steps, chunk), batch * heads)](
        s, o, steps, H=heads, BT=chunk, REVERSE=reverse, HEAD_FIRST=head_first, num_warps=1
    )
    return o


def long_cumsum(x, exclusive):
    y = np.empty(x.shape, np.float32)
    long_cumsum_kernel[(len(x),)](x, y, x.shape[1], BLOCK=32, EXCLUSIVE=exclusive, num_warps=1)
    return y


def linear_recurrence(a, b, h0=None):
    h = np.empty(a.shape, np.float32)
    grid = lambda meta: (triton.cdiv(a.shape[1], meta["BLOCK_D"]),)  # noqa: E731
    linear_recurrence_kernel[grid](
        a, b, h0, h, *a.shape, BLOCK_T=8, BLOCK_D=16, USE_INITIAL=h0 is not None, num_warps=2
    )
    return h


def selective_state_update(state, x, dt, A, B, C, D=None, z=None, dt_bias=None, softplus=False):
    """state [B, D, N] in place; x, dt [B, D]; A [D, N]; B, C [B, N]."""
    out = np.empty_like(x)
    batch, dim, dstate = state.shape
    grid = lambda META: (triton.cdiv(dim, META["BLOCK_D"]), batch)  # noqa: E731
    selective_state_update_kernel[grid](
        state, x, dt, dt_bias, A, B, C, D, z, out, dim, dstate,
        *strides(state)[:2], strides(A)[0], softplus, BLOCK_D=8, num_warps=1,
    )  # fmt: skip
    return out


def selective_scan(u, dt, A, B, C):
    y = np.empty_like(u)
    steps, dim = u.shape
    selective_scan_kernel[(triton.cdiv(dim, 8),)](
        u, dt, A, B, C, y, steps, dim, N=A.shape[1], BLOCK_D=8, num_warps=1
    )
    return y


def ssd_chunk_state(x, b, decay, chunk):
    """x [H, T, P], b [H, T, N], decay the cumulative log [H, T] -> [H, chunks, P, N]."""
    heads, steps, p = x.shape
    states = np.empty((heads, triton.cdiv(steps, chunk), p, b.shape[2]), np.float32)
    ssd_chunk_state_kernel[states.shape[1::-1]](
        x, b, decay, states, steps, P=p, N=b.shape[2], BT=chunk, num_warps=1
    )
    return states


def chunk_linear_attention(q, k, v, h0=None, chunk=16):
    """q, k [H, T, K], v [H, T, V]: (o, final state)."""
    heads, steps, dim = q.shape
    width = v.shape[2]
    o, ht = np.empty_like(v), np.empty((heads, dim, width), np.float32)
    block = 16
    chunk_linear_attention_kernel[(triton.cdiv(width, block), heads)](
        q, k, v, o, h0, ht, dim**-0.5, steps, H=heads, K=dim, V=width, BT=chunk,
        BK=max(16, triton.next_power_of_2(dim)), BV=block, USE_INITIAL_STATE=h0 is not None,
        STORE_FINAL_STATE=True, num_warps=1,
    )  # fmt: skip
    return o, ht


def delta_rule(q, k, v, beta):
    o = np.empty_like(v)
    heads, steps, dim = q.shape
    delta_rule_kernel[(triton.cdiv(v.shape[2], 8), heads)](
        q, k, v, beta, o, steps, K=dim, BV=8, V=v.shape[2], num_warps=1
    )
    return o


def recurrence_reference(a, b, h0):
    a, b = wide(a, b)
    h, out = np.zeros(a.shape[1]) if h0 is None else wide(h0), np.empty_like(a)
    for t in range(len(a)):
        h = a[t] * h + b[t]
        out[t] = h
    return out


def delta_reference(q, k, v, beta):
    """One head; and the size of what is added up."""
    q, k, v, beta = wide(q, k, v, beta)
    s, size = np.zeros((k.shape[1], v.shape[1])), np.zeros((k.shape[1], v.shape[1]))
    out, sizes = np.empty_like(v), np.empty_like(v)
    for t in range(len(q)):
        s = s + beta[t] * np.outer(k[t], v[t] - k[t] @ s)
        size = size + beta[t] * np.outer(np.abs(k[t]), np.abs(v[t]) + np.abs(k[t]) @ size)
        out[t], sizes[t] = q[t] @ s, np.abs(q[t]) @ size
    return out, sizes
