"""Configurations compiled side by side: the same kernels as one after the other."""

from __future__ import annotations

import threading
import time

import cosmati
import numpy as np
import pytest
from cosmati import Config
from cosmati.tuning.compiling import compile_all, reason_of, threads_for
from tuned_kernels import blocks, configs, dot_kernel, scale_kernel, tuned


def compile_dot(choices: list[Config]) -> list[str]:
    """PTX, or the reason of the failure, of each configuration."""

    def one(config):
        return dot_kernel.warmup("*fp16", "*fp16", "*fp32", 256, **config.all_kwargs())

    results = compile_all(choices, one, lambda config: None)
    assert list(results) == choices
    return [item.kernel.asm["ptx"] if item.kernel else reason_of(item.error)
            for item in results.values()]  # fmt: skip


def test_threads_make_the_kernels_that_one_thread_makes(monkeypatch):
    choices = [Config({"BLOCK": block}, num_warps=warps, num_stages=stages)
               for block in (16, 20, 32) for warps in (1, 2) for stages in (1, 3)]  # fmt: skip
    found = []
    for threads in ("1", "8"):
        monkeypatch.setenv("COSMATI_COMPILE_THREADS", threads)
        dot_kernel.clear()
        found.append(compile_dot(choices))
    assert found[0] == found[1]
    assert len(set(found[0])) > 4 and "power of 2" in found[0][4]


def test_they_run_at_the_same_time(monkeypatch):
    monkeypatch.setenv("COSMATI_COMPILE_THREADS", "3")
    together = threading.Barrier(3, timeout=10)
    results = compile_all(configs(1, 2, 3), lambda config: together.wait(), lambda config: None)
    assert all(item.error is None for item in results.values())


@pytest.mark.parametrize("threads", ["1", "4"])
def test_each_is_reported_once(monkeypatch, threads):
    monkeypatch.setenv("COSMATI_COMPILE_THREADS", threads)
    seen: list[int] = []
    compile_all(configs(1, 2, 3), lambda c: None, lambda c: seen.append(c.kwargs["BLOCK"]))
    assert sorted(seen) == [1, 2, 3]


@pytest.mark.parametrize("threads", ["1", "2"])
def test_an_error_that_rules_out_no_single_configuration_ends_the_run(monkeypatch, threads):
    monkeypatch.setenv("COSMATI_COMPILE_THREADS", threads)
    begun = []

    def one(config):
        begun.append(config)
        if config.kwargs["BLOCK"] == 0:
            raise KeyError("no such thing")
        time.sleep(0.05)

    with pytest.raises(KeyError, match="no such thing"):
        compile_all(configs(*range(64)), one, lambda config: None)
    assert len(begun) < 64


@pytest.mark.parametrize("threads", ["1", "2"])
def test_kernels_that_are_compiled_in_the_background_are_waited_for(monkeypatch, threads):
    from concurrent.futures import ThreadPoolExecutor

    from cosmati.runtime.async_compile import AsyncCompileMode

    monkeypatch.setenv("COSMATI_COMPILE_THREADS", threads)
    scale_kernel.clear()
    kernel = tuned(scale_kernel, configs(32, 100, 64))
    x, out = np.ones(64, np.float32), np.zeros(64, np.float32)
    with ThreadPoolExecutor(2) as executor, AsyncCompileMode(executor, ignore_errors=True):
        kernel[blocks](x, out, 64, 2.0)
    assert (out == 2).all()
    assert [row.status for row in kernel.tuning_table()] == ["best", "failed", "ok"]


def test_as_many_threads_as_cores_unless_told(monkeypatch):
    monkeypatch.delenv("COSMATI_COMPILE_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(6)))
    assert (threads_for(100), threads_for(3), threads_for(0)) == (6, 3, 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(128)))
    assert threads_for(100) == 16
    monkeypatch.setenv("COSMATI_COMPILE_THREADS", "40")
    assert threads_for(100) == 40


def test_reasons_are_one_line_and_try_nothing_out():
    def advise():
        raise AssertionError("advice costs compilations")

    error = cosmati.OutOfResources(3, 2, "shared memory", "k needs 3 bytes\n  a buffer", advise)
    assert reason_of(error) == "OutOfResources: k needs 3 bytes"
    assert reason_of(cosmati.CompilerFailure("")) == "CompilerFailure"
