"""Blocks of pointers that loops move: by constants, arguments, values of the loop, in parts."""

from __future__ import annotations

import re

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


@cosmati.jit
def steps_kernel(x, steps, out, n, stride, HOW: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    p = x + offs
    total = tl.zeros((BLOCK,), tl.int64)
    for i in range(n):
        total += tl.load(p)
        if HOW == "constant":
            p += 3
        elif HOW == "argument":
            p += stride
        elif HOW == "product":
            p += stride * i
        elif HOW == "loaded":
            p += tl.load(steps + i)
        elif HOW == "two parts":
            p += stride
            total += tl.load(p)
            p += i - 1
        elif HOW == "block":
            p += tl.full((BLOCK,), 2, tl.int32) * i + 1
        elif HOW == "wide":
            p += stride.to(tl.int64)
        elif HOW == "narrow":
            p += tl.load(steps + i).to(tl.int8)
        elif HOW == "varying":
            p += offs % 2
    tl.store(out + offs, total)
    tl.store(out + BLOCK + offs, tl.load(p))  # where they are at the end


@cosmati.jit
def nested_kernel(x, out, n, m, stride, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    p = x + offs
    total = tl.zeros((BLOCK,), tl.int64)
    for i in range(n):
        for j in range(m):
            total += tl.load(p) * (j + 1)
            p += stride
        total += tl.load(p)
        p -= stride * i
    tl.store(out + offs, total)
    tl.store(out + BLOCK + offs, tl.load(p))


def positions(how: str, steps: np.ndarray, n: int, stride: int, block: int) -> list[np.ndarray]:
    """The offsets of each load."""
    at = np.arange(block) + 1000
    loads = []
    for i in range(n):
        loads.append(at)
        if how == "two parts":
            loads.append(at + stride)
        at = at + {
            "constant": 3, "argument": stride, "product": stride * i, "loaded": steps[i],
            "two parts": stride + i - 1, "block": 2 * i + 1, "wide": stride,
            "narrow": steps[i].astype(np.int8), "varying": np.arange(block) % 2,
        }[how]  # fmt: skip
    return [*loads, at]


HOWS = ["constant", "argument", "product", "loaded", "two parts", "block", "wide", "narrow",
        "varying"]  # fmt: skip


@pytest.mark.parametrize("stride", [5, -7])
@pytest.mark.parametrize("how", HOWS)
def test_moving_pointers_point_where_their_steps_say(how, stride):
    block = 64
    x = np.random.default_rng(4).integers(-(2**40), 2**40, 2000)
    steps = np.random.default_rng(5).integers(-60, 60, 16).astype(np.int32)
    for n in [0, 1, 2, 9]:
        out = np.zeros(2 * block, np.int64)
        kernel = steps_kernel[(1,)](
            x[1000:], steps, out, n, stride, HOW=how, BLOCK=block, num_warps=1
        )
        *loads, end = positions(how, steps, n, stride, block)
        expected = sum((x[at] for at in loads), np.zeros(block, np.int64))
        assert (out[:block] == expected).all(), n
        assert (out[block:] == x[end]).all(), n
    carried = re.findall(r"scf\.for .*->\s*\((.*?)\)\s*:", kernel.asm["tile"])
    assert carried and all(("!tile.ptr" in types) == (how == "varying") for types in carried)


def test_a_pointer_moves_through_nested_loops():
    block, n, m, stride = 32, 4, 3, 6
    x = np.random.default_rng(4).integers(-(2**40), 2**40, 2000)
    out = np.zeros(2 * block, np.int64)
    kernel = nested_kernel[(1,)](x, out, n, m, stride, BLOCK=block, num_warps=1)
    at, expected = np.arange(block), np.zeros(block, np.int64)
    for i in range(n):
        for j in range(m):
            expected += x[at] * (j + 1)
            at = at + stride
        expected += x[at]
        at = at - stride * i
    assert (out[:block] == expected).all() and (out[block:] == x[at]).all()
    assert "iter_args" in kernel.asm["tile"]
    for line in kernel.asm["tile"].splitlines():
        assert "scf.for" not in line or "!tile.ptr" not in line
