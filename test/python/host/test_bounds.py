"""The kernels that a process keeps in memory are bounded."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
from cosmati import _core, knobs


def run(kernel, x, block):
    out = np.zeros_like(x)
    made = kernel[(-(-200 // block),)](x, out, 200, 2.0, BLOCK=block)
    np.testing.assert_array_equal(out, 2 * x)
    return made


def test_variants_that_were_used_least_recently_are_forgotten(kernel, x):
    knobs.cache.max_variants = 4
    first = run(kernel, x, 16)
    for block in (32, 64, 128):
        run(kernel, x, block)
        assert run(kernel, x, 16) is first
    assert kernel._variant_count() == 4
    run(kernel, x, 256)  # one too many: the older half goes
    assert kernel._variant_count() == 2
    assert run(kernel, x, 16) is first
    again = run(kernel, x, 32)
    assert again.origin == "memory"
    for block in (16, 32, 64, 128, 256, 512, 1024):
        run(kernel, x, block)
        assert kernel._variant_count() <= 4


def test_forgotten_kernels_are_freed(kernel, x):
    knobs.cache.max_variants = 2
    kept = [weakref.ref(run(kernel, x, block)) for block in (16, 32, 64, 128, 256)]
    kernel.__dict__.pop("_last_variant", None)
    gc.collect()
    assert sum(ref() is not None for ref in kept) <= 2


def test_constants_are_bounded_with_the_variants(kernel, x):
    knobs.cache.max_variants = 4
    for stages in range(1, 10):
        out = np.zeros_like(x)
        kernel[(2,)](x, out, 200, 2.0, num_stages=stages)
        np.testing.assert_array_equal(out, 2 * x)
    assert kernel._variant_count() <= 4


def test_zero_is_no_bound(kernel, x):
    knobs.cache.max_variants = 0
    for block in (16, 32, 64, 128, 256):
        run(kernel, x, block)
    assert kernel._variant_count() == 5


def test_threads_may_launch_what_others_push_out(kernel, x):
    knobs.cache.max_variants = 2
    failures = []

    def work(block):
        try:
            for _ in range(20):
                run(kernel, x, block)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(block,)) for block in (16, 32, 64, 128)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_images_in_memory_are_bounded(kernel, x):
    knobs.cache.dir = ""
    knobs.cache.max_kernels = 2
    for block in (16, 32, 64):
        run(kernel, x, block)
    kernel.clear()
    assert run(kernel, x, 64).origin == "memory"
    assert run(kernel, x, 16).origin == "compiled"


def test_a_warm_launch_asks_for_no_settings(kernel, x, monkeypatch):
    run(kernel, x, 128)
    monkeypatch.setattr(knobs, "code_options", None)
    run(kernel, x, 128)
    assert _core.default_device() is not None
