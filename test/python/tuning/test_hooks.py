"""What happens to arrays around trials: reset_to_zero, restore_value, hooks; on any array."""

from __future__ import annotations

import cosmati
import numpy as np
import pytest
from cosmati import Config
from cosmati.tuning.arrays import SavedArray, clear
from tuned_kernels import Bench, blocks, configs, count_kernel, tuned

N = 40


def test_trials_leave_their_traces_without_hooks():
    out = np.zeros(N, np.float32)
    tuned(count_kernel, configs(32, 64), do_bench=Bench(1.0))[blocks](out, N)
    assert (out == 3).all()  # two trials and the launch


def test_reset_to_zero_clears_before_each_trial_and_before_the_first_launch():
    out = np.full(N, 7, np.float32)
    kernel = tuned(count_kernel, configs(32, 64), do_bench=Bench(1.0), reset_to_zero=["out"])
    kernel[blocks](out, N)
    assert (out == 1).all()
    kernel[blocks](out, N)  # nothing is tried any more
    assert (out == 2).all()


def test_restore_value_gives_values_back_after_each_trial():
    out = np.arange(N, dtype=np.float32)
    kernel = tuned(count_kernel, configs(32, 64), do_bench=Bench(1.0), restore_value=["out"])
    kernel[blocks](out=out, n=N)
    assert (out == np.arange(N) + 1).all()


def test_estimates_run_no_trial():
    out = np.arange(N, dtype=np.float32)
    tuned(count_kernel, configs(32, 64))[blocks](out, N)
    assert (out == np.arange(N) + 1).all()


@pytest.mark.torch
def test_torch_tensors_are_reset_and_restored():
    import torch

    out = torch.arange(N, dtype=torch.float32)
    kernel = tuned(count_kernel, configs(32, 64), do_bench=Bench(1.0), restore_value=["out"])
    kernel[blocks](out, N)
    assert torch.equal(out, torch.arange(N) + 1.0)
    kernel = tuned(count_kernel, configs(32, 64), do_bench=Bench(1.0), reset_to_zero=["out"])
    kernel[blocks](out, N)
    assert torch.equal(out, torch.ones(N))


@pytest.mark.parametrize("what", ["reset_to_zero", "restore_value"])
def test_names_that_are_no_parameters_are_refused(what):
    with pytest.raises(ValueError, match=rf"{what} names 'y', which is no parameter of count_kern"):
        tuned(count_kernel, configs(32, 64), **{what: ["y"]})


def test_absent_arrays_are_left_alone():
    @cosmati.jit
    def optional(out, extra, BLOCK: cosmati.language.constexpr):
        if extra is not None:
            cosmati.language.store(extra, 1)
        cosmati.language.store(out, 1)

    kernel = tuned(optional, configs(32, 64), key=(), do_bench=Bench(1.0), reset_to_zero=["extra"],
                   restore_value=["extra"])  # fmt: skip
    kernel[(1,)](np.zeros(1, np.int32), None)


def test_hooks_of_the_user_replace_those_of_the_arrays():
    events = []

    def before(arguments, reset_only=False):
        events.append(("before", arguments["BLOCK"], reset_only))

    def after(arguments, exception):
        events.append(("after", arguments["BLOCK"], type(exception).__name__))

    out = np.ones(N, np.float32)
    kernel = tuned(count_kernel, configs(32, 100), do_bench=Bench(1.0), reset_to_zero=["out"],
                   pre_hook=before, post_hook=after)  # fmt: skip
    kernel[blocks](out, N)
    assert (out == 3).all()
    assert events == [
        ("before", 32, False), ("after", 32, "NoneType"),
        ("before", 100, False), ("after", 100, "CompilationError"),
        ("before", 32, True),
    ]  # fmt: skip
    assert kernel.user_defined_pre_hook and kernel.user_defined_post_hook


def test_a_failing_trial_is_followed_by_the_post_hook():
    seen = []

    def after(arguments, exception):
        seen.append(exception)

    def bench(call, quantiles):
        call()
        raise RuntimeError("stop")

    kernel = tuned(count_kernel, configs(32, 64), do_bench=bench, post_hook=after)
    with pytest.raises(RuntimeError, match="stop"):
        kernel[blocks](np.zeros(N, np.float32), N)
    assert seen == [None]
    with pytest.raises(cosmati.KernelFault):
        tuned(count_kernel, configs(32, 64), do_bench=Bench(1.0), post_hook=after)[(9,)](
            np.zeros(N, np.float32), 1000
        )
    assert isinstance(seen[-1], cosmati.KernelFault)


def test_hooks_of_a_configuration_run_before_its_trials_and_before_each_launch():
    seen = []

    def noting(size):
        return lambda arguments: seen.append((size, arguments["BLOCK"], arguments["n"]))

    choices = [Config({"BLOCK": size}, pre_hook=noting(size)) for size in (32, 64)]
    kernel = tuned(count_kernel, choices, do_bench=Bench(2.0, 1.0))
    out = np.zeros(N, np.float32)
    kernel[blocks](out, N)
    kernel[blocks](out, N)
    assert seen == [(32, 32, N), (64, 64, N), (64, 64, N), (64, 64, N)]


# Arrays of other libraries.


@pytest.mark.parametrize("array", [
    np.arange(6.0), np.arange(24).reshape(4, 6)[::2, ::3], np.array(True), np.zeros((0, 3)),
])  # fmt: skip
def test_numpy_arrays_are_saved_and_cleared_in_place(array):
    kept, before = SavedArray(array), array.copy()
    clear(array)
    assert not array.any()
    kept.restore()
    kept.release()
    assert (array == before).all()


def test_views_of_other_types_are_saved_as_the_array_behind_them():
    import cosmati.language as tl

    array = np.arange(4, dtype=np.uint8)
    kept = SavedArray(cosmati.view(array, tl.float8e4nv))
    clear(cosmati.view(array, tl.float8e4nv))
    assert not array.any()
    kept.restore()
    assert array.tolist() == [0, 1, 2, 3]


class Memory:
    """A device whose memory is a dict, for arrays that have an address alone."""

    def __init__(self) -> None:
        self.bytes = {64: bytearray(b"abcd")}

    def allocate(self, size):
        self.bytes[4096] = bytearray(size)
        return 4096

    def copy_on_device(self, to, source, size):
        self.bytes[to][:size] = self.bytes[source][:size]

    def fill(self, to, value, size):
        self.bytes[to][:size] = bytes([value]) * size

    def synchronize(self):
        pass

    def release(self, address):
        del self.bytes[address]


class Foreign:
    def __init__(self, strides=None):
        self.__cuda_array_interface__ = {
            "shape": (4,), "typestr": "|u1", "data": (64, False), "strides": strides, "version": 3,
        }  # fmt: skip
        self.device = type("Device", (), {"id": 0})


def test_arrays_with_an_address_alone_are_copied_by_the_driver(monkeypatch):
    memory = Memory()
    monkeypatch.setattr("cosmati.runtime.device.cuda_device", lambda ordinal: memory)
    kept = SavedArray(Foreign())
    clear(Foreign())
    assert memory.bytes[64] == bytearray(4)
    kept.restore()
    kept.release()
    assert memory.bytes == {64: bytearray(b"abcd")}
    with pytest.raises(TypeError, match="make it contiguous"):
        SavedArray(Foreign(strides=(2,)))


def test_other_objects_are_refused_with_a_way_out():
    for act in (SavedArray, clear):
        with pytest.raises(TypeError, match="or do it in pre_hook and post_hook"):
            act(object())
