"""Addresses that follow from others of a thread: strides of every kind, under all checkers."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


@cosmati.jit
def copy(
    src, dst, rows, cols, stride_r, stride_c, start,
    WIDE: tl.constexpr, MODULO: tl.constexpr, TRANSPOSED: tl.constexpr,
    R: tl.constexpr, C: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    r = tl.program_id(0) * R + tl.arange(0, R)
    c = tl.arange(0, C)
    from_row = r % rows if MODULO else r
    if WIDE:
        from_row = from_row.to(tl.int64)
    from_ptr = src + start + from_row[:, None] * stride_r + c[None, :] * stride_c
    to_ptr = dst + r[:, None] * cols + c[None, :]
    for k in range(STEPS):
        mask = (r < rows)[:, None] & (c + k * C < cols)[None, :]
        x = tl.load(from_ptr, mask=mask, other=0.0)
        if TRANSPOSED:
            tl.store(tl.trans(to_ptr), tl.trans(x), mask=tl.trans(mask))
        else:
            tl.store(to_ptr, x, mask=mask)
        from_ptr += C * stride_c
        to_ptr += C


@cosmati.jit
def copy_blocks(src, dst, rows, cols, stride_r, stride_c, R: tl.constexpr, C: tl.constexpr):
    place = (tl.program_id(0) * R, 0)
    from_ptr = tl.make_block_ptr(src, (rows, cols), (stride_r, stride_c), place, (R, C), (1, 0))
    to_ptr = tl.make_block_ptr(dst, (rows, cols), (cols, 1), place, (R, C), (1, 0))
    for _ in range(0, cols, C):
        x = tl.load(from_ptr, boundary_check=(0, 1))
        tl.store(to_ptr, x, boundary_check=(0, 1))
        from_ptr = tl.advance(from_ptr, (0, C))
        to_ptr = tl.advance(to_ptr, (0, C))


def seen(base, view):
    """The matrix to copy, and how `copy` reaches it in `base`: strides and first element."""
    start = 0
    row, col = (step // base.itemsize for step in base.strides)
    if view == "rows upwards":
        return base[::-1], -row, col, (base.shape[0] - 1) * row
    if view == "columns backwards":
        return base[:, ::-1], row, -col, (base.shape[1] - 1) * col
    if view == "every second row":
        return base[::2], 2 * row, col, start
    return base, row, col, start


@pytest.mark.parametrize("wide", [False, True], ids=["int32", "int64"])
@pytest.mark.parametrize("modulo", [False, True], ids=["plain", "modulo"])
@pytest.mark.parametrize(
    "view", ["rows", "columns", "rows upwards", "columns backwards", "every second row"]
)
def test_strides(view, modulo, wide):
    rng = np.random.default_rng(1)
    for dtype, shape in ((np.float32, (64, 64)), (np.float16, (61, 50)), (np.int8, (33, 129))):
        base = rng.integers(-100, 100, shape).astype(dtype)
        if view == "columns":
            base = np.asfortranarray(base)
        want, stride_r, stride_c, start = seen(base, view)
        rows, cols = want.shape
        for transposed in (False, True):
            out = np.zeros(want.shape, dtype)
            with cosmati.vm.checking("all"):
                copy[(cosmati.cdiv(rows, 32),)](
                    base, out, rows, cols, stride_r, stride_c, start,
                    wide, modulo, transposed, 32, 32, cosmati.cdiv(cols, 32),
                )  # fmt: skip
            np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("order", ["C", "F"])
def test_block_pointers(order):
    base = np.asarray(np.arange(61 * 50).reshape(61, 50), np.float32, order=order)
    out = np.zeros((61, 50), np.float32)
    row, col = (step // base.itemsize for step in base.strides)
    with cosmati.vm.checking("all"):
        copy_blocks[(2,)](base, out, 61, 50, row, col, 32, 32)
    np.testing.assert_array_equal(out, base)
