"""The virtual machine's CUDA programs on a GPU and in the machine: the results agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cosmati import vm
from cuda_driver import Gpu
from ptx_programs import FOLDER, PROGRAMS, Program

CASES = [
    pytest.param(program, path, id=f"{program.entry}-{path.stem}")
    for program in PROGRAMS
    for path in program.variants()
]


@pytest.fixture(scope="module")
def gpu() -> Iterator[Gpu]:
    yield Gpu()


def in_machine(program: Program, path: Path) -> list[Any]:
    arguments = program.arguments()
    module = vm.Module(path.read_text(), name=path.name)
    module.launch(
        program.entry,
        grid=program.grid,
        block=program.block,
        args=arguments,
        shared=program.shared,
        check="all",
    )
    return arguments


def on_gpu(gpu: Gpu, program: Program, path: Path) -> list[Any]:
    arguments = program.arguments()
    module = gpu.load(path.read_bytes())
    try:
        gpu.launch(module, program.entry, program.grid, program.block, arguments, program.shared)
    finally:
        gpu.unload(module)
    return arguments


def compare(program: Program, actual: list[Any], expected: list[Any]) -> None:
    for k, (a, b) in enumerate(zip(actual, expected, strict=True)):
        if not isinstance(a, np.ndarray):
            continue
        if program.unordered:
            a, b = np.sort(a), np.sort(b)
        if not program.tolerance or a.dtype.kind != "f":
            np.testing.assert_array_equal(a, b, err_msg=f"argument {k}")
            continue
        finite = np.isfinite(b)
        np.testing.assert_array_equal(np.isfinite(a), finite, err_msg=f"argument {k}")
        a, b = a[finite].astype(np.float64), b[finite].astype(np.float64)
        # Relative to the element where that is larger than one: functions differ in magnitude.
        worst = np.abs(a - b) / np.maximum(1, np.abs(b))
        assert worst.max(initial=0) <= program.tolerance, f"argument {k}: {worst.max()}"


def test_every_kernel_with_results_is_listed() -> None:
    """Kernels that print, assert or have results that a schedule decides are left out by name."""
    left_out = {"speak", "asserting", "votes"}
    listed = {program.entry for program in PROGRAMS}
    for source in FOLDER.glob("*.cu"):
        if source.stem in ("knownbad", "tensor"):  # wrong on purpose; needs tensor maps
            continue
        text = source.read_text()
        for name in re.findall(
            r'extern "C" __global__ void(?:\s+__\w+__\([^)]*\))?\s+(\w+)\(', text
        ):
            assert name in listed | left_out, f"{name} of {source.name} is not in ptx_programs.py"


@pytest.mark.parametrize(("program", "path"), CASES)
def test_runs_in_the_machine_without_findings(program: Program, path: Path) -> None:
    before = program.arguments()
    after = in_machine(program, path)
    assert any(not np.array_equal(a, b) for a, b in zip(after, before, strict=True))


@pytest.mark.gpu
@pytest.mark.parametrize(("program", "path"), CASES)
def test_gpu_and_machine_agree(gpu: Gpu, program: Program, path: Path) -> None:
    target = vm.Module(path.read_text(), name=path.name).target
    if not gpu.runs(target):
        pytest.skip(f"{target} does not run on sm_{gpu.capability}")
    compare(program, on_gpu(gpu, program, path), in_machine(program, path))
