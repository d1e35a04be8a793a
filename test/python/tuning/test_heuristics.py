"""``cosmati.heuristics``, alone and around or inside of ``autotune``."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import Config
from tuned_kernels import scale_kernel


@cosmati.heuristics(
    {
        "TWICE": lambda args: 2 * args["n"],
        "FOUR_TIMES": lambda args: 2 * args["TWICE"],
    }
)
@cosmati.jit
def tell(out, n, TWICE: tl.constexpr, FOUR_TIMES: tl.constexpr):
    tl.store(out, TWICE)
    tl.store(out + 1, FOUR_TIMES)


def test_later_values_see_earlier_ones():
    out = np.zeros(2, np.int32)
    tell[(1,)](out, 5)
    assert out.tolist() == [10, 20]
    tell[(1,)](out, n=7)
    assert out.tolist() == [14, 28]


def test_compile_options_may_be_computed():
    kernel = cosmati.heuristics({"num_warps": lambda args: args["BLOCK"] // 32})(scale_kernel)
    x = np.ones(64, np.float32)
    assert kernel.run(x, x, 64, 1.0, BLOCK=64, grid=(1,)).metadata.num_warps == 2
    assert kernel.warmup(x, x, 64, 1.0, BLOCK=128).metadata.num_warps == 4


def test_a_name_that_is_no_parameter_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match=r"'M', which is no parameter of scale_kernel \(x, out, n"):
        cosmati.heuristics({"M": lambda args: 1})(scale_kernel)


def test_autotune_over_heuristics_gives_them_the_configuration():
    seen = []

    def factor(args):
        seen.append(args["BLOCK"])
        return float(args["BLOCK"])

    inner = cosmati.heuristics({"factor": factor})(scale_kernel)
    kernel = cosmati.autotune([Config({"BLOCK": b}) for b in (32, 64)], key=["n"],
                              cache_results=False)(inner)  # fmt: skip
    x, out = np.ones(32, np.float32), np.zeros(32, np.float32)
    kernel[lambda meta: (cosmati.cdiv(meta["n"], meta["BLOCK"]),)](x, out, 32)
    assert (out == kernel.best_config.kwargs["BLOCK"]).all()
    assert {32, 64} <= set(seen)


def test_heuristics_run_in_the_thread_that_launches():
    import threading

    threads = set()

    def factor(args):
        threads.add(threading.get_ident())
        return 2.0

    inner = cosmati.heuristics({"factor": factor})(scale_kernel)
    kernel = cosmati.autotune(
        [Config({"BLOCK": b}) for b in (32, 64, 128)], key=["n"], cache_results=False
    )(inner)
    kernel[(1,)](np.ones(32, np.float32), np.zeros(32, np.float32), 32)
    assert threads == {threading.get_ident()}


def test_heuristics_over_autotune_feed_the_key():
    inner = cosmati.autotune([Config({"BLOCK": b}) for b in (32, 64)], key=["n", "factor"],
                             cache_results=False)(scale_kernel)  # fmt: skip
    kernel = cosmati.heuristics({"factor": lambda args: 3.0})(inner)
    x, out = np.ones(32, np.float32), np.zeros(32, np.float32)
    kernel[(1,)](x, out, 32)
    assert (out == 3).all()
    assert list(inner.cache) == [(32, 3.0, "float32", "float32")]
    assert kernel.base_fn is scale_kernel.fn


def test_the_class_takes_tritons_arguments():
    from cosmati.tuning import Heuristics

    kernel = Heuristics(scale_kernel, scale_kernel.arg_names, {"BLOCK": lambda args: 32})
    out = np.zeros(32, np.float32)
    kernel[(1,)](np.ones(32, np.float32), out, 32, 2.0)
    assert (out == 2).all()
