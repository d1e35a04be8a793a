"""The main job, as `cosmati run` runs it."""

from __future__ import annotations

import numpy as np
from cosmati.kernels.common.device_array import to_device, to_numpy
from cosmati.kernels.main_job import KernelReport, main, main_job


def test_every_kernel_agrees_and_says_what_it_cost() -> None:
    reports: list[KernelReport] = []
    assert main_job(reports.append)
    families = {report.name.split()[0] for report in reports}
    assert families == {"gemm", "attention", "quantize", "dequantize"}
    for report in reports:
        assert report.ok and report.device == "vm" and report.launch_us > 0
        assert report.cache in ("compiled", "disk", "memory")
        if report.cache == "compiled":
            assert {"frontend", "tile", "tilegpu", "nvvm", "llvm", "ptx"} <= set(report.compile_ms)
        if "quantize" in report.name:
            assert report.error == 0


def test_report_names_what_matters(capsys) -> None:
    assert main() == 0
    text = capsys.readouterr().out
    for word in ("cache ", "compile ms", "launch", "largest error", "all kernels agree"):
        assert word in text


def test_a_wrong_result_is_not_ok() -> None:
    assert not KernelReport("k", "vm", "compiled", 1, 1, error=1.0, bound=0.5).ok
    assert not KernelReport("k", "vm", "compiled", 1, 1, error=float("nan"), bound=0.5).ok
    assert "WRONG" in str(KernelReport("k", "vm", "compiled", 1, 1, error=1.0, bound=0.5))


def test_host_arrays_are_used_in_place() -> None:
    x = np.zeros(3)
    assert to_device(x) is x and to_numpy(x) is x
