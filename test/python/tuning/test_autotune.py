"""``cosmati.autotune``: choice, keys, grids, pruning, failures."""

from __future__ import annotations

import sys

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import Config
from tuned_kernels import (
    Bench,
    blocks,
    configs,
    dot_kernel,
    scale_kernel,
    tuned,
)

N = 100


@pytest.fixture
def x():
    return np.arange(N, dtype=np.float32)


def test_the_fastest_configuration_is_launched_and_kept(x):
    bench = Bench(3.0, 1.0, 2.0)
    kernel = tuned(scale_kernel, configs(32, 64, 128), do_bench=bench)
    out = np.zeros_like(x)
    kernel[blocks](x, out, N, 2.0)
    assert (out == 2 * x).all()
    assert kernel.best_config == Config({"BLOCK": 64})
    kernel[blocks](x, out, N, 3.0)
    assert (out == 3 * x).all() and bench.calls == 3


def test_attributes_that_others_read(x):
    choices = configs(32, 64)
    kernel = tuned(scale_kernel, choices, do_bench=Bench(1.0, 2.0))
    assert kernel.configs == choices and kernel.keys == ["n"]
    assert kernel.fn is scale_kernel and kernel.base_fn is scale_kernel.fn
    assert kernel.arg_names == ["x", "out", "n", "factor", "BLOCK"]
    kernel[blocks](x, x.copy(), N, 2.0)
    assert kernel.cache == {(N, "float32", "float32"): choices[0]}
    assert kernel.configs_timings == {choices[0]: [1.0] * 3, choices[1]: [2.0] * 3}
    assert kernel.bench_time > 0 and kernel.nargs is None


def test_keys_are_values_and_types_of_arrays(x):
    bench = Bench(1.0)
    kernel = tuned(scale_kernel, configs(32, 64), key=("n", "no_parameter"), do_bench=bench)
    kernel[blocks](x, x.copy(), N, 2.0)
    kernel[blocks](x, x.copy(), N, 5.0)  # factor is no key
    assert bench.calls == 2
    kernel[blocks](x, x.copy(), N - 1, 2.0)
    assert bench.calls == 4
    kernel[blocks](x, x.astype(np.float16), n=N, factor=2.0)
    assert bench.calls == 6
    assert (N, "float32", "float16") in kernel.cache


def test_grids_get_the_meta_parameters_of_each_configuration(x):
    seen = []

    def grid(meta):
        seen.append((meta["BLOCK"], meta["num_warps"], meta["n"]))
        return blocks(meta)

    kernel = tuned(scale_kernel, configs(32, 64, num_warps=2), do_bench=Bench(2.0, 1.0))
    out = np.zeros_like(x)
    kernel[grid](x, out, N, 2.0)
    assert (out == 2 * x).all()
    assert seen == [(32, 2, N), (64, 2, N), (64, 2, N)]


def test_no_configurations_mean_the_default_options(x):
    kernel = cosmati.autotune([], key=[])(scale_kernel)
    out = np.zeros_like(x)
    compiled = kernel[blocks](x, out, N, 2.0, BLOCK=128)
    assert (out == 2 * x).all()
    assert compiled.metadata.num_warps == 4 and kernel.best_config == Config({})


def test_one_configuration_is_not_measured(x):
    bench = Bench(1.0)
    kernel = tuned(scale_kernel, configs(64), do_bench=bench)
    kernel[blocks](x, x.copy(), N, 2.0)
    assert bench.calls == 0 and kernel.best_config == Config({"BLOCK": 64})


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("given", [{"BLOCK": 32}, {"num_warps": 2}])
def test_meta_parameters_that_are_given_twice_conflict(x, count, given):
    kernel = tuned(scale_kernel, configs(*(32, 64)[:count]))
    with pytest.raises(ValueError, match=f"Conflicting meta-parameters: {next(iter(given))}"):
        kernel[blocks](x, x, N, 2.0, **given)


@pytest.mark.parametrize("count", [1, 2])
def test_configurations_that_set_what_the_kernel_lacks_are_refused(x, count):
    choices = [Config({"BLOCK": 16}), Config({"BLOCKS": 32})][-count:]
    kernel = tuned(scale_kernel, choices)
    with pytest.raises(KeyError, match="BLOCKS was specified but unrecognised: .* scale_kernel"):
        kernel[(1,)](x, x, 4, 2.0)


def test_early_pruning_sees_arguments_and_keywords(x):
    seen = {}

    def prune(choices, named_args, **kwargs):
        seen.update(named_args, **kwargs)
        return [choice for choice in choices if choice.kwargs["BLOCK"] > 32]

    bench = Bench(2.0, 1.0)
    kernel = tuned(scale_kernel, configs(32, 64, 128), do_bench=bench,
                   prune_configs_by={"early_config_prune": prune})  # fmt: skip
    kernel[blocks](x, x.copy(), N, factor=2.0)
    assert kernel.best_config.kwargs["BLOCK"] == 128 and bench.calls == 2
    assert seen["n"] == N and seen["factor"] == 2.0 and seen["grid"] is blocks


def test_pruning_to_nothing_is_an_error_that_says_so(x):
    kernel = tuned(scale_kernel, configs(32, 64),
                   prune_configs_by={"early_config_prune": lambda *args, **kwargs: []})  # fmt: skip
    with pytest.raises(cosmati.AutotunerError, match="No valid autotuner configs after pruning"):
        kernel[blocks](x, x, N, 2.0)


@pytest.mark.parametrize(("top_k", "tried"), [(2, 2), (0.5, 2), (1, 0), (0.01, 0), (9, 4)])
def test_the_cheapest_by_the_model_are_tried(x, top_k, tried):
    bench = Bench(1.0)
    kernel = tuned(
        scale_kernel, configs(32, 64, 128, 256), do_bench=bench,
        prune_configs_by={"perf_model": lambda **args: -args["BLOCK"], "top_k": top_k},
    )  # fmt: skip
    kernel[blocks](x, x.copy(), N, 2.0)
    assert bench.calls == tried
    assert kernel.best_config.kwargs["BLOCK"] == (256 if top_k != 9 else 32)


@pytest.mark.parametrize("top_k", [1.5, "2", True])
def test_other_kinds_of_top_k_are_refused(x, top_k):
    kernel = tuned(scale_kernel, configs(32, 64),
                   prune_configs_by={"perf_model": lambda **args: 0, "top_k": top_k})  # fmt: skip
    with pytest.raises(TypeError, match="top_k must be either"):
        kernel[blocks](x, x, N, 2.0)


def test_configurations_that_fail_are_skipped_with_their_reason(x):
    kernel = tuned(scale_kernel, configs(100, 64, 1 << 21))
    out = np.zeros_like(x)
    kernel[blocks](x, out, N, 2.0)
    assert (out == 2 * x).all() and kernel.best_config == Config({"BLOCK": 64})
    rows = kernel.tuning_table().rows
    assert [row.status for row in rows] == ["failed", "best", "failed"]
    assert "must be a power of 2" in rows[0].reason and "numel" in rows[2].reason
    assert kernel.configs_timings[kernel.configs[0]] == [float("inf")] * 3


def test_configurations_with_options_that_there_are_not_are_skipped(x):
    choices = [Config({"BLOCK": 64}, num_ctas=2), Config({"BLOCK": 64})]
    kernel = tuned(scale_kernel, choices)
    out = np.zeros_like(x)
    kernel[blocks](x, out, x.size, 2.0)
    assert (out == 2 * x).all() and kernel.best_config is choices[1]
    assert "num_ctas=2: programs over several CTAs" in kernel.tuning_table().rows[0].reason
    with pytest.raises(ValueError, match="num_ctas=2: programs over several CTAs"):
        tuned(scale_kernel, choices[:1])[blocks](x, out, x.size, 2.0)


def test_configurations_that_do_not_fit_are_skipped():
    a, c = np.ones((128, 256), np.float16), np.zeros((128, 128), np.float32)
    kernel = tuned(dot_kernel, [Config({"BLOCK": 128}, num_stages=s) for s in (9, 1)], key=("K",))
    kernel[(1,)](a, np.ones((256, 128), np.float16), c, 256)
    assert (c == 256).all() and kernel.best_config.num_stages == 1
    assert kernel.tuning_table().rows[0].reason.startswith("OutOfResources")


def test_static_asserts_rule_a_configuration_out(x):
    @cosmati.jit
    def picky(x, BLOCK: tl.constexpr):
        tl.static_assert(BLOCK >= 64, "too small")
        tl.store(x + tl.arange(0, BLOCK), 1.0)

    kernel = tuned(picky, configs(32, 64), key=())
    kernel[(1,)](np.zeros(64, np.float32))
    assert kernel.best_config.kwargs["BLOCK"] == 64
    assert "too small" in kernel.tuning_table().rows[0].reason


def test_without_a_usable_configuration_every_reason_is_listed(x):
    kernel = tuned(scale_kernel, configs(100, 200, 1 << 21))
    with pytest.raises(cosmati.AutotunerError) as caught:
        kernel[blocks](x, x, N, 2.0)
    text = str(caught.value)
    assert "none of the 3 configurations of scale_kernel can be used" in text
    for part in ("got 100", "got 200", "numel", "BLOCK: 200", "CompilationError"):
        assert part in text
    assert isinstance(caught.value.__cause__, cosmati.CosmatiError)
    assert kernel.cache == {}


def test_what_does_not_fit_says_what_would():
    a, c = np.ones((128, 256), np.float16), np.zeros((128, 128), np.float32)
    kernel = tuned(dot_kernel, [Config({"BLOCK": 128}, num_stages=s) for s in (8, 9)], key=("K",))
    with pytest.raises(cosmati.AutotunerError, match="what fits, by trying"):
        kernel[(1,)](a, a, c, 256)


def test_an_error_of_the_kernel_itself_is_raised_as_such(x):
    @cosmati.jit
    def wrong(x, BLOCK: tl.constexpr):
        tl.store(x, undefined_name)  # noqa: F821

    with pytest.raises(cosmati.CompilationError, match="undefined_name") as caught:
        tuned(wrong, configs(32, 64), key=())[(1,)](x)
    assert not isinstance(caught.value, cosmati.AutotunerError)


def test_errors_of_a_launch_are_not_swallowed(x):
    def broken(call, quantiles):
        raise RuntimeError("the bench broke")

    with pytest.raises(RuntimeError, match="the bench broke") as caught:
        tuned(scale_kernel, configs(32, 64), do_bench=broken)[blocks](x, x, N, 2.0)
    if sys.version_info >= (3, 11):
        (note,) = caught.value.__notes__
        assert note.startswith("while scale_kernel was tuned, with BLOCK: 32")


@pytest.mark.parametrize("times", [(1.5, 0.5), ([1.5], [0.5]), ((1.5, 1, 2), (0.5, 1, 2)),
                                   (float("nan"), 0.5)])  # fmt: skip
def test_benches_may_give_one_number_or_several(x, times):
    left = list(times)
    kernel = tuned(scale_kernel, configs(32, 64), do_bench=lambda call, quantiles: left.pop(0))
    kernel[blocks](x, x.copy(), N, 2.0)
    assert kernel.best_config.kwargs["BLOCK"] == 64


def test_warmup_compiles_all_configurations_and_launches_nothing(x):
    kernel = tuned(scale_kernel, configs(32, 64, 100))
    out = np.zeros_like(x)
    kernels = kernel.warmup(x, out, N, 2.0, grid=(1,))
    assert [item.metadata.num_warps for item in kernels] == [4, 4]
    assert not out.any() and kernel.cache == {}
    assert kernel.run(x, out, N, 2.0, grid=(1,), warmup=True) is kernels[0]
    assert not out.any()


def test_options_of_the_block_around_the_launch_hold_in_all_threads(x):
    kernel = tuned(scale_kernel, configs(32, 64))
    with cosmati.options(opt_level=0):
        compiled = kernel[blocks](x, x.copy(), N, 2.0)
        assert {int(k.metadata.opt_level) for k in kernel.warmup(x, x, N, 2.0)} == {0}
    assert int(compiled.metadata.opt_level) == 0


def test_maxnreg_and_ir_override_reach_the_compiler(x, tmp_path):
    kernel = tuned(scale_kernel, [Config({"BLOCK": 128}, num_warps=1, maxnreg=24)])
    assert ".maxnreg 24" in kernel[blocks](x, x.copy(), N, 2.0).asm["ptx"]
    text = scale_kernel.warmup(x, x, N, 2.0, BLOCK=128, num_warps=1).asm["ptx"]
    file = tmp_path / "mine.ptx"
    file.write_text(text.replace("mul.f32", "add.f32"))
    kernel = tuned(scale_kernel, [Config({"BLOCK": 128}, num_warps=1, ir_override=str(file))])
    out = np.zeros_like(x)
    kernel[blocks](x, out, N, 2.0)
    assert (out == x + 2).all()
    with pytest.raises(ValueError, match="ir_override is 'a.ttgir'; it must be a file .ptx or"):
        tuned(scale_kernel, [Config({"BLOCK": 1}, ir_override="a.ttgir")])[blocks](x, x, N, 2.0)


def test_threads_that_launch_at_once_choose_once(x):
    from concurrent.futures import ThreadPoolExecutor

    bench = Bench(2.0, 1.0)
    kernel = tuned(scale_kernel, configs(32, 64), do_bench=bench)
    outs = [np.zeros_like(x) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda out: kernel[blocks](x, out, N, 2.0), outs))
    assert all((out == 2 * x).all() for out in outs) and bench.calls == 2


def test_a_choice_for_one_device_is_not_another_ones(x, monkeypatch):
    kernel = tuned(scale_kernel, configs(32, 64), do_bench=Bench(1.0, 2.0))
    kernel[blocks](x, x.copy(), N, 2.0)
    first = kernel.cache
    monkeypatch.setattr("cosmati.tuning.autotuner.get_device", object)
    kernel._follow_device()
    assert kernel.cache == {} and first != {}
    monkeypatch.undo()
    kernel._follow_device()
    assert kernel.cache is first


def test_repr_names_the_kernel(x):
    assert repr(tuned(scale_kernel, configs(32, 64))) == "Autotuner(scale_kernel, 2 configurations)"
