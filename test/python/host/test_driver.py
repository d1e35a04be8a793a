"""cosmati.runtime.driver: what libraries ask about the device."""

from __future__ import annotations

import cosmati
import numpy as np
import pytest
from cosmati.backends.compiler import GPUTarget, architecture, make_backend
from cosmati.backends.driver import DriverBase
from cosmati.runtime import driver


def test_the_active_driver_describes_the_modelled_gpu():
    active = driver.active
    assert active is driver.default
    assert active.get_current_target() == GPUTarget("cuda", 90, 32)
    assert active.get_current_target().backend == "cuda"
    assert active.get_device_capability() == (9, 0)
    assert active.get_current_device() == 0 and active.get_current_stream(0) == 0
    facts = active.utils.get_device_properties(0)
    assert facts["max_shared_mem"] == 232448 and facts["warpSize"] == 32
    assert set(facts) == {"max_shared_mem", "multiprocessor_count", "max_num_regs", "warpSize",
                          "sm_clock_rate", "mem_clock_rate", "mem_bus_width"}  # fmt: skip
    assert all(value > 0 for value in facts.values())
    from cosmati.compiler import max_shared_mem

    assert max_shared_mem(0) == 232448
    active.set_current_device(0)
    with pytest.raises(cosmati.CosmatiError, match="no GPU 1"):
        active.set_current_device(1)


def test_another_driver_may_answer():
    class Other(DriverBase):
        def get_current_target(self):
            return GPUTarget("cuda", 80, 32)

    driver.set_active(Other())
    try:
        assert driver.active.get_current_target().arch == 80
    finally:
        driver.reset_active()
    assert driver.active is driver.default


def test_both_ways_to_import_it_give_the_same():
    import cosmati.runtime.driver  # noqa: F401
    from cosmati.runtime.driver import driver as same

    assert same is driver is cosmati.runtime.driver


def test_caches_for_benchmarks_are_cleared():
    cache = driver.active.get_empty_cache_for_benchmark()
    cache[...] = 1
    driver.active.clear_cache(cache)
    assert not np.asarray(cache).any()


def test_torch_devices_follow_the_device():
    torch = pytest.importorskip("torch")
    assert driver.active.get_active_torch_device() == torch.device("cpu")
    assert driver.active.get_device_interface() is torch.cpu


@pytest.mark.parametrize(
    "target, arch",
    [
        (GPUTarget("cuda", 80, 32), "sm_80"), (GPUTarget("cuda", 89, 32), "sm_89"),
        (GPUTarget("cuda", 90, 32), "sm_90a"), (GPUTarget("cuda", 120, 32), "sm_120a"),
        (GPUTarget("cuda", "90", 32), "sm_90"), (GPUTarget("cuda", "sm_100a", 32), "sm_100a"),
        ("sm_86", "sm_86"), ("90a", "sm_90a"),
    ],
)  # fmt: skip
def test_targets_stand_for_architectures(target, arch):
    assert architecture(target) == arch


def test_back_ends_answer_what_libraries_ask():
    backend = make_backend(GPUTarget("cuda", 90, 32))
    assert backend.binary_ext == "cubin" and len(backend.hash()) == 64
    assert backend.supports_target(GPUTarget("cuda", 80, 32))
    assert not backend.supports_target(GPUTarget("hip", "gfx942", 64))
    assert backend.parse_options({"num_warps": 8, "enable_fp_fusion": False}) == {
        "num_warps": 8, "contract": False,
    }  # fmt: skip
    assert backend.parse_attr("D") == [["tt.divisibility", 16]]
    from cosmati.backends import backends

    assert backends["nvidia"].compiler is type(backend)
