"""Peaks and clocks of GPUs, from a device that says what a driver would."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import cosmati
import numpy as np
import pytest
from cosmati import testing
from cosmati.profile.gpus import GPUS, gpu_of_target


def device(target="sm_80", count=108, clock=1_215_000, width=5120):
    return SimpleNamespace(
        on_host=False, target=target,
        properties={"name": "a GPU", "multiprocessor_count": count, "memory_clock_khz": clock,
                    "memory_bus_bits": width},
    )  # fmt: skip


def test_bandwidth_is_two_transfers_per_clock():
    assert testing.get_dram_gbps(device()) == pytest.approx(1555.2)
    with pytest.raises(cosmati.CosmatiError, match="says no memory clock or bus width"):
        testing.get_dram_gbps(device(clock=0))


def test_the_virtual_machine_has_no_peaks():
    for ask in (
        lambda: testing.get_dram_gbps(),
        lambda: testing.get_max_tensorcore_tflops("float16", 1e6),
        lambda: testing.get_max_simd_tflops("float32", 1e6),
    ):
        with pytest.raises(cosmati.CosmatiError, match="virtual machine has no peak performance"):
            ask()


@pytest.mark.parametrize(("target", "count", "clock", "dtype", "tflops"), [
    ("sm_80", 108, 1.41e6, "float16", 312), ("sm_80", 108, 1.41e6, "float32", 156),
    ("sm_80", 108, 1.41e6, np.dtype("int8"), 624), ("sm_90a", 132, 1.83e6, "bfloat16", 989.4),
    ("sm_90a", 132, 1.83e6, "float8_e4m3fn", 1978.9), ("sm_90a", 132, 1.83e6, "fp8e5", 1978.9),
])  # fmt: skip
def test_tensor_cores_reach_the_makers_figures_at_boost_clocks(target, count, clock, dtype, tflops):
    found = testing.get_max_tensorcore_tflops(dtype, clock, device(target, count))
    assert found == pytest.approx(tflops, rel=0.01)


def test_types_that_tensor_cores_lack_are_named():
    with pytest.raises(cosmati.CosmatiError, match="no peak for float8_e5m2; known: f16"):
        testing.get_max_tensorcore_tflops("float8_e5m2", 1e6, device("sm_80"))
    with pytest.raises(cosmati.CosmatiError, match="no peak for int8; use float32"):
        testing.get_max_simd_tflops("int8", 1e6, device())


def test_simd_peaks():
    assert testing.get_max_simd_tflops("float32", 1.41e6, device()) == pytest.approx(19.5, rel=0.01)
    assert testing.get_max_simd_tflops("float16", 1.98e6, device("sm_90a", 132)) == pytest.approx(
        133.8, rel=0.01
    )


def test_a_target_stands_for_a_usual_gpu():
    assert gpu_of_target("sm_80") is GPUS["a100"]
    assert gpu_of_target("sm_90a") is GPUS["h100"]
    assert gpu_of_target("sm_120") is GPUS["h100"]
    assert gpu_of_target("sm_75") is GPUS["a100"]


class Smi:
    """nvidia-smi that holds clocks."""

    def __init__(self, sm=1350):
        self.sm, self.commands = sm, []

    def __call__(self, command, **options):
        self.commands.append(command[3:])
        text = ""
        if command[3].startswith("--query-gpu="):
            text = {"clocks.current.sm": f"{self.sm}\n", "clocks.current.memory": "1215\n"}.get(
                command[3].removeprefix("--query-gpu="), "1, 2\n"
            )
        return SimpleNamespace(stdout=text)


def test_numbers_of_the_driver(monkeypatch):
    smi = Smi()
    monkeypatch.setattr(subprocess, "run", smi)
    assert testing.nvsmi(["a", "b"]) == [1, 2]
    assert smi.commands == [["--query-gpu=a,b", "--format=csv,noheader,nounits"]]


def test_without_nvidias_tools_the_error_names_them(monkeypatch):
    def missing(*args, **options):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    with pytest.raises(cosmati.CosmatiError, match="nvidia-smi was not found; it comes with"):
        testing.nvsmi(["a"])


def test_clocks_are_fixed_and_freed(monkeypatch):
    smi = Smi()
    monkeypatch.setattr(subprocess, "run", smi)
    monkeypatch.setattr("cosmati.runtime.device.cuda_device", lambda ordinal: device())
    with testing.set_gpu_clock() as (tflops, bandwidth):
        assert tflops == pytest.approx(298.6, rel=0.01) and bandwidth == pytest.approx(1555.2)
    assert smi.commands[-3:] == [["-pm", "0"], ["-rgc"], ["-rmc"]]
    monkeypatch.setattr(subprocess, "run", Smi(sm=900))
    with pytest.raises(cosmati.CosmatiError, match="clocks.current.sm is 900 MHz, not 1350"):
        with testing.set_gpu_clock():
            pass


def test_the_memory_checker_runs_a_test_once_more_under_it(monkeypatch):
    commands = []

    def run(command, **options):
        commands.append(command)
        return SimpleNamespace(returncode=0, stdout="ERROR SUMMARY: 0 errors", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    ran = []

    @testing.cuda_memcheck(dtype="float32")
    def checked(dtype, request=None):
        ran.append(dtype)

    request = SimpleNamespace(node=SimpleNamespace(callspec=SimpleNamespace(id="float32")))
    checked(dtype="int8")
    checked(dtype="float32", request=request)
    assert ran == ["int8"]
    assert commands[0][0] == "compute-sanitizer" and commands[0][-1].endswith("::checked[float32]")
    monkeypatch.setenv("COSMATI_IN_MEMCHECK", "1")
    checked(dtype="float32", request=request)
    assert ran == ["int8", "float32"]
    monkeypatch.delenv("COSMATI_IN_MEMCHECK")
    with pytest.raises(cosmati.CosmatiError, match="needs the pytest fixture `request`"):
        checked(dtype="float32")
