"""``jit(noinline=True)``: functions that stay functions in the compiled code."""

from __future__ import annotations

import re

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


@cosmati.jit(noinline=True)
def scaled(x, p, flag, by: tl.constexpr):
    if flag:
        return x * by + tl.load(p)
    else:
        return x.to(tl.float32)


@cosmati.jit(noinline=True)
def minmax(p, n, N: tl.constexpr):
    offs = tl.arange(0, N)
    x = tl.load(p + offs, mask=offs < n, other=0.0)
    return tl.min(x), tl.max(x), tl.sum(x)


@cosmati.jit(noinline=True)
def fill(p, value, N: tl.constexpr):
    tl.store(p + tl.arange(0, N), value)


@cosmati.jit
def kernel(x, out, n, N: tl.constexpr):
    total = tl.sum(tl.load(x + tl.arange(0, N)))
    a = scaled(n, out, n > 3, 2)
    b = scaled(a, out, n > 100, 2)
    for i in range(3):
        low, high, area = minmax(x + i * 16, n, N)
        total += low + high * 10 + area * 100
    fill(out + 8, total, 4)
    tl.store(out, a + b)


def test_functions_are_kept():
    x = np.random.default_rng(0).integers(0, 9, 256).astype(np.float32)
    out = np.zeros(12, np.float32)
    out[0] = 7
    compiled = kernel[(1,)](x, out, 20, N=128)
    total = x[:128].sum()
    for i in range(3):
        part = np.where(np.arange(128) < 20, x[16 * i : 16 * i + 128], 0)
        total += part.min() + part.max() * 10 + part.sum() * 100
    assert out[8:12].tolist() == [total] * 4
    assert out[0] == 2 * (20 * 2 + 7)
    ptx = compiled.asm["ptx"]
    assert len(re.findall(r"^\.func", ptx, re.MULTILINE)) >= 3
    assert len(re.findall(r"call\.uni", ptx)) >= 4
    assert "noinline" in compiled.asm["llvm"]


def test_shared_memory_of_calls_is_their_own():
    """Under every checker: reductions in the callee, in the caller, and calls in a loop."""
    x = np.arange(256, dtype=np.float32)
    out = np.zeros(12, np.float32)
    with cosmati.vm.checking("all"):
        kernel[(1,)](x, out, 20, N=128, num_warps=8)
    assert out[8] > 0


@cosmati.jit(noinline=True)
def takes_block(x):
    return tl.sum(x)


@cosmati.jit
def passes_block(out):
    tl.store(out, takes_block(tl.arange(0, 8)))


@cosmati.jit(noinline=True)
def gives_block(n):
    return tl.arange(0, 8) + n


@cosmati.jit
def gets_block(out, n):
    tl.store(out + tl.arange(0, 8), gives_block(n))


@pytest.mark.parametrize(
    "kernel, message",
    [
        (passes_block, r"takes_block\(\) is noinline, but its argument `x` is .*Make the block"),
        (gets_block, "gives_block is noinline and returns scalars and pointers"),
    ],
    ids=["argument", "result"],
)
def test_blocks_are_refused(kernel, message):
    types = [tl.int32, 7][: len(kernel.arg_names)]
    with pytest.raises(cosmati.CompilationError, match=message):
        kernel.warmup(*types)
