"""Hooks of launches, loading and compilation."""

from __future__ import annotations

import gc
import json
from types import SimpleNamespace

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import knobs


def launch(kernel, x, **options):
    out = np.zeros_like(x)
    return kernel[(2,)](x, out, 200, 2.0, **options)


def test_launch_hooks_are_called_around_launches_in_order(kernel, x):
    seen = []
    enter, leave = knobs.runtime.launch_enter_hook, knobs.runtime.launch_exit_hook
    for chain, name in ((enter, "enter"), (leave, "exit")):
        for number in (1, 2):
            chain.add(lambda meta, what=(name, number): seen.append((*what, meta.get()["name"])))
    made = launch(kernel, x)
    wanted = [("enter", 1, "scale"), ("enter", 2, "scale"), ("exit", 2, "scale"),
              ("exit", 1, "scale")]  # fmt: skip
    assert seen == wanted
    made[(2,)](x, np.zeros_like(x), 200, 2.0)
    assert seen == 2 * wanted


def test_chains_take_each_function_once_and_assignment_replaces_them(kernel, x):
    seen = []

    def hook(metadata):
        seen.append(metadata.get()["stream"])

    chain = knobs.runtime.launch_enter_hook
    chain.add(hook)
    chain.add(hook)
    assert chain.calls == (hook,)
    chain.remove(hook)
    chain.remove(hook)
    launch(kernel, x)
    assert not chain and not seen
    knobs.runtime.launch_enter_hook = hook
    launch(kernel, x)
    assert seen == [0]
    knobs.runtime.launch_enter_hook = None
    launch(kernel, x)
    assert seen == [0]
    with pytest.raises(TypeError, match="a hook is a function"):
        knobs.runtime.launch_enter_hook.add(3)


def describe(grid, metadata, arguments):
    return {"flops": arguments["n"], "grid": grid, "warps": metadata.num_warps}


@cosmati.jit(launch_metadata=describe)
def described(x, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(x + offs, 1.0, mask=offs < n)


def test_launch_metadata_is_asked_for_only_when_it_is_read(x):
    asked, kept = [], []
    knobs.runtime.launch_enter_hook.add(kept.append)
    described.launch_metadata = lambda *given: asked.append(given) or describe(*given)
    described[(3,)](x, 64, BLOCK=64)
    assert not asked
    facts = kept[0].get()
    assert (facts["flops"], facts["grid"], facts["warps"]) == (64, (3, 1, 1), 4)
    assert asked[0][2]["BLOCK"] == 64 and asked[0][2]["x"] is x


def test_an_error_in_a_hook_stops_the_launch(kernel, x):
    def refuse(metadata):
        raise RuntimeError("not now")

    knobs.runtime.launch_enter_hook.add(refuse)
    out = np.zeros_like(x)
    with pytest.raises(RuntimeError, match="not now"):
        kernel[(2,)](x, out, 200, 2.0)
    assert not out.any()


def test_a_hook_may_forget_the_kernels_that_are_launched(kernel, x):
    knobs.runtime.launch_enter_hook.add(lambda metadata: kernel.clear())
    out = np.zeros_like(x)
    for _ in range(3):
        kernel[lambda meta: (kernel.clear(), (2,))[1]](x, out, 200, 2.0)
    np.testing.assert_array_equal(out, 2 * x)


def test_loading_and_unloading_are_told(kernel, x):
    gc.collect()  # kernels of other tests
    seen = []
    runtime = knobs.runtime
    runtime.kernel_load_start_hook.add(lambda m, f, name, group, key: seen.append(("start", m)))
    runtime.kernel_load_end_hook.add(
        lambda m, f, name, group, key: seen.append((name, m is not None, len(key)))
    )
    runtime.kernel_unload_hook.add(lambda m, f, name, group, key: seen.append("unload"))
    launch(kernel, x)
    launch(kernel, x)
    assert seen == [("start", None), ("scale", True, 64)]
    kernel.__dict__.pop("_last_variant", None)
    kernel.device_caches.clear()
    kernel.clear()
    assert seen[2:] == ["unload"]


def test_compile_hooks_describe_the_variant(kernel, x):
    before, after = [], []
    knobs.runtime.jit_cache_hook = lambda **facts: before.append(facts) and None
    knobs.runtime.jit_post_compile_hook = lambda **facts: after.append(facts)
    launch(kernel, x, num_warps=2)
    launch(kernel, x, num_warps=2)
    kernel.warmup("*fp16", "*fp16", 200, 2.0)
    assert len(before) == len(after) == 2
    facts = before[0]
    assert facts["fn"].jit_function is kernel and facts["fn"].name == "scale"
    assert facts["already_compiled"] is False and facts["is_manual_warmup"] is False
    assert before[1]["is_manual_warmup"] is True
    assert facts["compile"]["num_warps"] == 2
    signature = facts["compile"]["signature"]
    assert signature == {"x": "*fp32", "out": "*fp32", "n": "i32", "factor": "fp32",
                         "BLOCK": "constexpr"}  # fmt: skip
    assert facts["compile"]["constants"] == {(4,): 128}
    data = json.loads(facts["compile"]["specialization_data"])
    assert data["name"].endswith(".scale") and data["constant_vals"] == [128]
    assert "scale[num_warps=2" in facts["repr"] and facts["key"] == facts["compile"]["key"]
    assert before[0]["key"] != before[1]["key"]


def test_a_cache_hook_may_take_the_compilation_over(kernel, x):
    knobs.runtime.jit_cache_hook = lambda **facts: True
    out = np.zeros_like(x)
    assert kernel[(2,)](x, out, 200, 2.0) is None and not out.any()
    assert kernel.warmup(x, out, 200, 2.0) is None
    knobs.runtime.jit_cache_hook = None
    assert kernel[(2,)](x, out, 200, 2.0).name == "scale" and out.any()


def test_pre_run_hooks_see_the_arguments(kernel, x):
    seen = []
    kernel.add_pre_run_hook(lambda *args, **kwargs: seen.append((len(args), kwargs)))
    launch(kernel, x, num_warps=2)
    assert seen == [(4, {"num_warps": 2})]


def test_lazy_dicts_make_their_parts_once():
    from cosmati.compiler import LazyDict

    calls = []
    lazy = LazyDict({"name": "k"})
    lazy.add(lambda n: calls.append(n) or {"n": n}, (3,))
    assert not calls
    assert lazy.get() == lazy.get() == {"name": "k", "n": 3} and calls == [3]
    assert SimpleNamespace(**lazy.get()).n == 3
