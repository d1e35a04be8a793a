"""What kernels of public libraries do, though no manual promises it."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


@cosmati.jit
def unflatten(width: tl.constexpr, height: tl.constexpr = None):
    pid = tl.program_id(0)
    return pid % width, pid // width


@cosmati.jit
def give_values_to_constexpr_parameters(out, n, BLOCK: tl.constexpr):
    x, y = unflatten(tl.cdiv(n, BLOCK), n)
    tl.store(out + tl.program_id(0), 10 * y + x)


def test_a_callees_constexpr_parameter_takes_a_value_of_the_kernel():
    out = np.zeros(6, np.int32)
    give_values_to_constexpr_parameters[(6,)](out, 5, BLOCK=2)  # ceil(5 / 2) columns
    np.testing.assert_array_equal(out, [0, 1, 2, 10, 11, 12])


@cosmati.jit
def subscript_a_scalar(out, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    tl.store(out + row[:, None] * BLOCK + columns[None, :], row[:, None] + columns[None, :])


def test_a_colon_takes_none_of_a_scalars_dimensions():
    out = np.zeros((2, 4), np.int32)
    subscript_a_scalar[(2,)](out, BLOCK=4)
    np.testing.assert_array_equal(out, np.arange(2)[:, None] + np.arange(4))


@cosmati.jit
def round_nothing(x, out):
    tl.store(out, tl.load(x).to(tl.float32, fp_downcast_rounding="rtne"))


def test_a_rounding_mode_may_stand_where_nothing_is_converted():
    x, out = np.full(1, 1.5, np.float32), np.zeros(1, np.float32)
    round_nothing[(1,)](x, out)
    assert out[0] == 1.5


@cosmati.jit
def softplus(x, out, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    y = tl.inline_asm_elementwise(
        "{ .reg .pred p; setp.gt.f32 p, $1, 20.; @p mov.f32 $0, $1; @!p add.f32 $0, $1, 1.; }",
        "=r,r",
        args=[tl.load(x + i)],
        dtype=tl.float32,
        is_pure=True,
        pack=1,
    )
    tl.store(out + i, y)


def test_reals_in_ptx_may_end_in_a_point():
    x, out = np.float32([1, 30, 20, -1]), np.zeros(4, np.float32)
    softplus[(1,)](x, out, BLOCK=4)
    np.testing.assert_array_equal(out, [2, 30, 21, 0])


@cosmati.jit
def takes_a_dtype(out, kind: tl.constexpr):
    tl.store(out, 1)


def test_a_dtype_of_numpy_may_be_a_constexpr():
    out = np.zeros(1, np.int32)
    takes_a_dtype[(1,)](out, kind=np.dtype("float32"))
    assert out[0] == 1


@pytest.mark.torch
def test_a_dtype_of_torch_may_be_a_constexpr():
    import torch

    out = np.zeros(1, np.int32)
    takes_a_dtype[(1,)](out, kind=torch.bfloat16)
    assert out[0] == 1
