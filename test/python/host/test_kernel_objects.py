"""Kernels as Python objects, and NumPy's numbers as compile-time values."""

from __future__ import annotations

import copy
import pickle

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


@cosmati.jit
def fill(out, SIZE: tl.constexpr, VALUES: tl.constexpr = (1, 2)):
    offsets = tl.arange(0, SIZE)
    tl.store(out + offsets, VALUES[0] * SIZE + offsets)


def test_copies_are_the_kernel_itself():
    assert copy.copy(fill) is fill
    assert copy.deepcopy({"kernel": fill})["kernel"] is fill


def test_pickles_by_name():
    assert pickle.loads(pickle.dumps(fill)) is fill


def test_local_kernel_is_refused_by_pickle():
    @cosmati.jit
    def local(out):
        tl.store(out, 1)

    with pytest.raises(pickle.PicklingError, match="Define it at module level"):
        pickle.dumps(local)


@pytest.mark.parametrize("size", [np.int64(8), np.uint8(8), np.int32(8)])
def test_numpy_integers_are_compile_time_values(size):
    out = np.zeros(8, np.int32)
    fill[(1,)](out, SIZE=size, VALUES=(np.int32(2), 3))
    np.testing.assert_array_equal(out, 16 + np.arange(8))


def test_numpy_and_python_numbers_are_one_kernel_in_the_cache():
    assert fill.warmup("*i32", SIZE=np.int64(16)).hash == fill.warmup("*i32", SIZE=16).hash
