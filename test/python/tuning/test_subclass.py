"""Autotuners that libraries derive from ours, with Triton's arguments by position."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import cosmati
import numpy as np
from cosmati import Config
from cosmati.tuning import Autotuner
from tuned_kernels import Bench, blocks, configs, scale_kernel

N = 64


class LibraryAutotuner(Autotuner):
    """Looks a choice up in the library's own table before it tunes."""

    def __init__(self, fn, arg_names, configs, key, reset_to_zero, restore_value, pre_hook=None,
                 post_hook=None, prune_configs_by=None, warmup=None, rep=None,
                 use_cuda_graph=False, do_bench=None, **kwargs):  # fmt: skip
        super().__init__(fn, arg_names, configs, key, reset_to_zero, restore_value, pre_hook,
                         post_hook, prune_configs_by, warmup, rep, use_cuda_graph, do_bench,
                         **kwargs)  # fmt: skip
        self.known: dict[tuple, Config] = {}

    def run(self, *args, **kwargs):
        given = {**dict(zip(self.arg_names, args, strict=False)), **kwargs}
        given = {name: value for name, value in given.items() if name in self.arg_names}
        key = [given[name] for name in self.keys if name in given]
        key += [str(value.dtype) for value in given.values() if hasattr(value, "dtype")]
        if tuple(key) not in self.cache and tuple(key) in self.known:
            self.cache[tuple(key)] = self.known[tuple(key)]
        return super().run(*args, **kwargs)


def library_autotune(configs, key, cache_results=False, **options):
    """``cache_results`` comes through ``**kwargs``, as libraries that know it by version do."""
    return lambda fn: LibraryAutotuner(
        fn, fn.arg_names, configs, key, None, None, cache_results=cache_results, **options
    )


def test_the_parameters_are_tritons_by_name_and_order():
    names = list(inspect.signature(Autotuner.__init__).parameters)[1:]
    assert names[:14] == [
        "fn", "arg_names", "configs", "key", "reset_to_zero", "restore_value", "pre_hook",
        "post_hook", "prune_configs_by", "warmup", "rep", "use_cuda_graph", "do_bench",
        "cache_results",
    ]  # fmt: skip
    tuner = Autotuner(scale_kernel, scale_kernel.arg_names, configs(32, 64), ["n"], ["out"], None,
                      None, None, None, 5, 10, False, None, True)  # fmt: skip
    assert (tuner.num_warmups, tuner.num_reps, tuner.cache_results) == (5, 10, True)


def test_a_known_choice_is_used_untried():
    bench = Bench(1.0)
    kernel = library_autotune(configs(32, 64), ["n"], do_bench=bench)(scale_kernel)
    kernel.known[N, "float32", "float32"] = kernel.configs[1]
    x, out = np.ones(N, np.float32), np.zeros(N, np.float32)
    kernel[blocks](x, out, N, 2.0)
    assert (out == 2).all() and bench.calls == 0
    assert kernel.best_config is kernel.configs[1]


def test_an_unknown_one_is_tuned():
    bench = Bench(2.0, 1.0)
    kernel = library_autotune(configs(32, 64), ["n"], do_bench=bench)(scale_kernel)
    x, out = np.ones(N, np.float32), np.zeros(N, np.float32)
    kernel[blocks](x, out, N, 2.0)
    assert (out == 2).all() and bench.calls == 2 and not kernel.cache_results
    assert kernel.best_config.kwargs["BLOCK"] == 64


def test_overridden_steps_are_called():
    steps = []

    class Noting(Autotuner):
        def prune_configs(self, kwargs):
            steps.append(("prune", self.nargs["n"], sorted(kwargs)))
            return super().prune_configs(kwargs)

        def _bench(self, *args, config, **meta):
            steps.append(("bench", config.kwargs["BLOCK"], meta["grid"] is blocks))
            return super()._bench(*args, config=config, **meta)

        def check_disk_cache(self, tuning_key, configs, bench_fn):
            steps.append(("disk", tuning_key, len(configs)))
            bench_fn()
            return False

    kernel = Noting(scale_kernel, scale_kernel.arg_names, configs(32, 64), ["n"], None, None,
                    do_bench=Bench(1.0), cache_results=True)  # fmt: skip
    x = np.ones(N, np.float32)
    kernel[blocks](x, x.copy(), N, 2.0)
    assert steps == [
        ("prune", N, ["grid", "warmup"]), ("disk", (N, "float32", "float32"), 2),
        ("bench", 32, True), ("bench", 64, True),
    ]  # fmt: skip


def test_a_step_may_be_called_by_itself():
    kernel = Autotuner(scale_kernel, scale_kernel.arg_names, configs(32, 64), ["n"], None, None,
                       do_bench=Bench(1.5))  # fmt: skip
    x = np.ones(N, np.float32)
    kernel.nargs = {"x": x, "out": x, "n": N, "factor": 2.0}
    found = kernel._bench(x, x.copy(), N, 2.0, config=kernel.configs[0], grid=blocks)
    assert found == [1.5, 1.5, 1.5]
    kernel._do_bench = None
    found = kernel._bench(x, x.copy(), N, 2.0, config=kernel.configs[0], grid=blocks)
    assert 0 < found[0] < 1


def test_the_package_imports_tuning_and_testing_when_they_are_used():
    code = """
import sys, cosmati
assert not [name for name in sys.modules if name.startswith(("cosmati.tuning", "cosmati.testing"))]
from cosmati import Config, autotune, heuristics
assert "cosmati.tuning.search" not in sys.modules and "numpy" not in sys.modules
assert cosmati.tuning.Config is Config and cosmati.testing.do_bench and cosmati.tuning.TuningTable
assert {"autotune", "testing"} <= set(dir(cosmati))
try:
    cosmati.no_such_name
except AttributeError as error:
    assert "no_such_name" in str(error)
"""
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr


def test_the_autotuner_is_found_at_the_place_that_it_has_in_triton():
    assert cosmati.runtime.autotuner.Autotuner is Autotuner
    assert cosmati.runtime.autotuner.autotune is cosmati.autotune
