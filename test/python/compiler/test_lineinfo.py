"""The PTX says which line of the kernel each instruction comes from, through inlined calls."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import KernelFault
from ptx_text import instructions
from sample_kernels import SAMPLES


def known(image, one) -> bool:
    return one.line > 0 and 0 < one.chain <= len(image.chains)


@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
@pytest.mark.parametrize("name", SAMPLES)
def test_instructions_have_lines(name: str, target: str) -> None:
    image = SAMPLES[name](target=target, assemble=False).image
    all_of_them = list(instructions(image.ptx))
    lost = [one for one in all_of_them if not known(image, one)]
    assert len(all_of_them) > 20
    assert [one.text for one in lost if one.needs_a_line] == []
    others = [one for one in all_of_them if not one.needs_a_line]
    assert len(lost) <= 0.05 * len(others), f"{len(lost)} of {len(others)} have no line"


@pytest.mark.parametrize("name", SAMPLES)
def test_the_line_is_that_of_the_innermost_frame(name: str) -> None:
    image = SAMPLES[name](target="sm_80", assemble=False).image
    for one in instructions(image.ptx):
        assert image.chains[one.chain - 1][0][1] == one.line, one.text
    for chain in image.chains:
        assert chain[-1][0].endswith(image.entry), "the kernel itself is the outermost frame"


def test_memory_accesses_of_the_kernel_stand_at_loads_and_stores() -> None:
    image = SAMPLES["vector add"](target="sm_80", assemble=False).image
    source = inspect_lines(sys.modules["cosmati.kernels.elementwise.add"].add_kernel)
    loads = [one for one in instructions(image.ptx) if one.opcode.startswith("ld.global")]
    stores = [one for one in instructions(image.ptx) if one.opcode.startswith("st.global")]
    assert loads and stores
    assert {"tl.load" in source[one.line - 1] for one in loads} == {True}
    assert {"tl.store" in source[one.line - 1] for one in stores} == {True}


def inspect_lines(kernel) -> list[str]:
    return kernel.source.lines


def test_without_line_information_there_is_none() -> None:
    image = SAMPLES["vector add"](target="sm_80", assemble=False, lineinfo="none").image
    assert ".loc" not in image.ptx and ".file" not in image.ptx
    assert image.chains == []


SOURCE = """
import cosmati
import cosmati.language as tl


@cosmati.jit
def read(p, i):
    return tl.load(p + i)


@cosmati.jit
def kernel(x, out, shift):
    i = tl.arange(0, 64)
    value = read(x, i + shift)
    tl.store(out + i, value)
"""


def module(folder: Path, text: str, name: str = "moved_kernel") -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def test_moving_a_kernel_in_its_file_leaves_the_ptx_byte_for_byte(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    first = module(here, SOURCE).kernel.warmup("*i32", "*i32", 2, assemble=False)
    lower = SOURCE.replace(
        "@cosmati.jit\ndef kernel", "UNRELATED = 1\n\n\n@cosmati.jit\ndef kernel"
    )
    moved = module(there, "# a line more\n" + lower).kernel.warmup(
        "*i32", "*i32", 2, assemble=False
    )
    assert moved.image.ptx == first.image.ptx
    assert moved.image.chains == first.image.chains


def test_absolute_lines_are_those_of_the_file(tmp_path: Path) -> None:
    loaded = module(tmp_path, SOURCE, "absolute_kernel")
    options = {"assemble": False, "lineinfo": "absolute"}
    image = loaded.kernel.warmup("*i32", "*i32", 2, **options).image
    lines = SOURCE.splitlines()
    loads = [one for one in instructions(image.ptx) if one.opcode.startswith("ld.global")]
    assert {lines[one.line - 1].strip() for one in loads} == {"return tl.load(p + i)"}
    assert str(tmp_path / "absolute_kernel.py") in image.ptx
    # Positions are part of what is compiled now: one line further down is another kernel.
    (tmp_path / "next").mkdir()
    again = module(tmp_path / "next", "\n" + SOURCE, "absolute_kernel")
    other = again.kernel.warmup("*i32", "*i32", 2, **options).image
    assert other.ptx != image.ptx


def test_a_fault_in_a_called_function_names_both_lines(tmp_path: Path) -> None:
    loaded = module(tmp_path, SOURCE, "faulting_kernel")
    x, out = np.zeros(64, np.int32), np.zeros(64, np.int32)
    with pytest.raises(KernelFault) as caught:
        loaded.kernel[(1,)](x, out, 1000, assemble=False)
    lines = [line.strip() for line in SOURCE.splitlines()]
    inner = lines.index("return tl.load(p + i)") + 1
    outer = lines.index("value = read(x, i + shift)") + 1
    text = str(caught.value)
    assert f"at {tmp_path}/faulting_kernel.py:{inner}:" in text
    assert f"called from {tmp_path}/faulting_kernel.py:{outer}:" in text


@cosmati.jit
def inner_most(p, i):
    return tl.load(p + i)


@cosmati.jit
def in_between(p, i):
    twice = i * 2
    return inner_most(p, twice) + 1


@cosmati.jit
def three_deep(x, out):
    i = tl.arange(0, 32)
    total = in_between(x, i)
    tl.store(out + i, total)


def test_chains_hold_every_call_on_the_way() -> None:
    image = three_deep.warmup("*i32", "*i32", assemble=False).image
    (load,) = {one.chain for one in instructions(image.ptx) if one.opcode.startswith("ld.global")}
    frames = [(name.rpartition(".")[2], line) for name, line, _ in image.chains[load - 1]]
    assert frames == [("inner_most", 2), ("in_between", 3), ("three_deep", 3)]


@cosmati.jit
def sums(x, out):
    i = tl.arange(0, 128)
    total = tl.sum(tl.load(x + i), 0)
    tl.store(out, total)


def test_code_of_library_functions_leads_back_to_the_kernel() -> None:
    image = sums.warmup("*fp32", "*fp32", num_warps=4, assemble=False).image
    barriers = [one for one in instructions(image.ptx) if one.opcode.startswith("bar")]
    assert barriers
    for one in barriers:
        chain = image.chains[one.chain - 1]
        assert (chain[-1][0].rpartition(".")[2], chain[-1][1]) == ("sums", 3)
