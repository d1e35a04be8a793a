"""Kernels before their first launch: preload, background compilation; and allocators."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import knobs
from host_kernels import scale


def data_of(kernel, *arguments, **options):
    """What the compile hook is told about a variant."""
    found = []
    knobs.runtime.jit_cache_hook = lambda **facts: found.append(
        facts["compile"]["specialization_data"]
    )
    kernel.warmup(*arguments, **options)
    knobs.runtime.jit_cache_hook = None
    return found[0]


def test_a_preloaded_variant_is_the_one_that_launches_take(x):
    out = np.zeros_like(x)
    text = data_of(scale, x, out, 208, 2.0, BLOCK=64, num_warps=2)
    scale.clear()
    scale.__dict__.pop("_ready", None)
    called = []
    made = scale.preload(text)
    knobs.runtime.jit_cache_hook = lambda **facts: called.append(facts)
    assert scale[(4,)](x[:200], out, 192, 2.0, BLOCK=64, num_warps=2) is made
    assert not called
    np.testing.assert_array_equal(out[:192], 2 * x[:192])


def test_another_process_can_preload(x, tmp_path):
    text = data_of(scale, x, x, 200, 2.0, BLOCK=32)
    code = (
        "import sys, numpy as np, cosmati\n"
        "from host_kernels import scale\n"
        "made = scale.preload(sys.stdin.read())\n"
        "x = np.ones(200, np.float32)\n"
        "print(scale[(7,)](x, x, 200, 2.0, BLOCK=32) is made, x.sum())\n"
    )
    paths = [str(Path(__file__).parent), *[p for p in sys.path if p]]
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True,
        env={**os.environ, "COSMATI_DEVICE": "vm", "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    assert done.stdout.split() == ["True", "400.0"], done.stderr


@cosmati.jit
def applied(x, function: tl.constexpr, kind: tl.constexpr, shape: tl.constexpr):
    offs = tl.arange(0, shape[0])
    tl.store(x + offs, function(tl.load(x + offs)).to(kind))


@cosmati.jit
def doubled(value):
    return value * 2


def test_functions_types_and_tuples_are_preloaded(x):
    text = data_of(applied, x, doubled, tl.float32, (64, 2))
    applied.clear()
    made = applied.preload(text)
    assert applied[(1,)](x, doubled, tl.float32, (64, 2)) is made
    assert x[10] == 20


def test_preload_refuses_what_is_of_others(x):
    text = data_of(scale, x, x, 200, 2.0)
    with pytest.raises(RuntimeError, match="is for host_kernels.scale but trying to preload for"):
        doubled.preload(text)
    other = {**json.loads(text), "arch": "sm_80"}
    with pytest.raises(RuntimeError, match="is for sm_80 but trying to preload for sm_90a"):
        scale.preload(json.dumps(other))


# Background compilation.


def test_warmups_compile_in_the_background(kernel, x):
    out, finished = np.zeros_like(x), []
    knobs.runtime.jit_post_compile_hook = lambda **facts: finished.append(facts["key"])
    with ThreadPoolExecutor(2) as pool, cosmati.AsyncCompileMode(pool):
        futures = [kernel.warmup(x, out, 200, 2.0, BLOCK=block) for block in (32, 64, 128)]
        assert all(isinstance(future, cosmati.FutureKernel) for future in futures)
        assert kernel.warmup(x, out, 200, 2.0, BLOCK=64) is futures[1]
        # A launch waits for its kernel.
        assert kernel[(4,)](x, out, 200, 2.0, BLOCK=64) is futures[1].result()
    np.testing.assert_array_equal(out, 2 * x)
    assert len(finished) == 3
    assert futures[0].name == "scale" and ".entry" in futures[0].asm["ptx"]
    assert kernel[(7,)](x, out, 200, 2.0, BLOCK=32) is futures[0].result()
    assert len(finished) == 3


@cosmati.jit
def wrong(x):
    tl.store(x, undefined_name)  # noqa: F821


def test_errors_of_the_background_come_at_the_blocks_end_or_are_left_out(x):
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(cosmati.CompilationError, match="`undefined_name` is not defined"),
        cosmati.AsyncCompileMode(pool),
    ):
        wrong.warmup(x)
    with ThreadPoolExecutor(1) as pool, cosmati.AsyncCompileMode(pool, ignore_errors=True):
        future = wrong.warmup(x)
    assert future.result(ignore_errors=True) is None


def test_modes_do_not_nest_and_need_an_executor():
    with pytest.raises(TypeError, match=r"has no submit\(\)"):
        cosmati.AsyncCompileMode(3)
    with ThreadPoolExecutor(1) as pool, cosmati.AsyncCompileMode(pool):
        with pytest.raises(RuntimeError, match="don't nest"), cosmati.AsyncCompileMode(pool):
            pass


# Allocators.


def test_allocators_are_kept_and_checked():
    from cosmati.runtime import allocator

    def allocate(size, alignment, stream):
        return np.empty(size, np.int8)

    with pytest.raises(RuntimeError, match="64 bytes of global memory.*set_allocator"):
        allocator.get_allocator()(64, 16, None)
    cosmati.set_allocator(allocate)
    assert allocator.get_allocator() is allocate
    cosmati.set_allocator(None)
    with pytest.raises(TypeError, match=r"a function \(size, alignment, stream\)"):
        cosmati.set_allocator(3)
    assert not allocator.has_profile_allocator()
    cosmati.set_profile_allocator(allocate)
    assert allocator.has_profile_allocator()
    cosmati.set_profile_allocator(None)
