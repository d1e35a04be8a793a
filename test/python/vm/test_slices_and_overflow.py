"""What the checks of addresses say about kernels of the language."""

from __future__ import annotations

import inspect

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import vm


@pytest.fixture(autouse=True)
def on_the_vm():
    cosmati.set_device("vm")


@cosmati.jit
def copy(x, out, n, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + i, tl.load(x + i, mask=i < n), mask=i < n)


@cosmati.jit
def at_product(x, out, row, stride, WIDE: tl.constexpr):
    if WIDE:
        index = tl.cast(row, tl.int64) * stride
        index = index - index
    else:
        index = row * stride
    tl.store(out, tl.load(x + index))


def line_of(kernel, text):
    lines, first = inspect.getsourcelines(kernel.fn)
    return first + next(k for k, line in enumerate(lines) if text in line)


def findings(launch, kind):
    with pytest.raises(vm.CheckError) as caught:
        launch()
    assert {f.kind for f in caught.value.reports} == {kind}
    return caught.value.reports


def test_slices_bound_an_argument_to_the_view_that_was_passed():
    whole = np.arange(64, dtype=np.float32)
    out = np.zeros(64, np.float32)
    copy[(1,)](whole[8:24], out, 17, BLOCK=32)  # within the array that owns the view
    copy.check("slices")[(1,)](whole[8:24], out, 16, BLOCK=32)
    (finding,) = findings(
        lambda: copy.check("slices")[(1,)](whole[8:24], out, 17, BLOCK=32), "out-of-bounds"
    )
    assert finding.source[0].line == line_of(copy, "tl.load")
    assert "nearest buffer: 'x', 64 bytes" in finding.message


def test_slices_keep_off_the_other_columns():
    matrix = np.arange(32 * 32, dtype=np.float32).reshape(32, 32)
    out = np.zeros(64, np.float32)
    copy[(1,)](matrix[:, 3], out, 2, BLOCK=32)
    (finding,) = findings(
        lambda: copy.check("slices")[(1,)](matrix[:, 3], out, 2, BLOCK=32), "out-of-bounds"
    )
    assert "gap between two of its runs of 4 bytes" in finding.message


def test_views_that_share_their_array_may_both_be_passed():
    whole = np.arange(64, dtype=np.float32)
    copy.check("slices")[(1,)](whole[:16], whole[32:48], 16, BLOCK=32)
    np.testing.assert_array_equal(whole[32:48], np.arange(16, dtype=np.float32))
    copy.check("slices")[(1,)](whole[:32], whole[16:48], 8, BLOCK=32)


def test_an_overflow_that_reaches_an_address_is_named_with_its_operands():
    x, out = np.zeros(64, np.float32), np.zeros(1, np.float32)
    at_product[(1,)](x, out, 65536, 65536, WIDE=False)
    (finding,) = findings(
        lambda: at_product.check("overflow")[(1,)](x, out, 65536, 65536, WIDE=False), "overflow"
    )
    assert "65536 * 65536, which is 4294967296 and overflows to 0" in finding.message
    access, product = finding.accesses
    assert access.source[0].line == line_of(at_product, "tl.load")
    assert product.source[0].line == line_of(at_product, "index = row * stride")
    at_product.check("overflow")[(1,)](x, out, 65536, 65536, WIDE=True)
    at_product.check("overflow")[(1,)](x, out, 7, 9, WIDE=False)
