"""Watching and replacing stages: dump_ir, print_after, override_stage, keep_stages."""

from __future__ import annotations

from pathlib import Path

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


@cosmati.jit
def scaled(x, out, factor, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    total = tl.sum(tl.load(x + i), 0)
    tl.store(out + i, tl.load(x + i) * factor + total)


def launch(**options):
    x = np.arange(256, dtype=np.float32)
    out = np.zeros_like(x)
    compiled = scaled[(1,)](x, out, 2.0, BLOCK=256, assemble=False, **options)
    return compiled, out


EXPECTED = np.arange(256, dtype=np.float32) * 2 + np.arange(256).sum()


def test_dump_ir_writes_every_stage(tmp_path: Path) -> None:
    _, out = launch(dump_ir=str(tmp_path / "ir"))
    np.testing.assert_array_equal(out, EXPECTED)
    files = {path.name: path.read_text() for path in (tmp_path / "ir").iterdir()}
    assert set(files) == {
        "scaled.tile.mlir", "scaled.tilegpu.mlir", "scaled.nvvm.mlir", "scaled.llvm.mlir",
        "scaled.ptx",
    }  # fmt: skip
    assert "tile.reduce" in files["scaled.tile.mlir"]
    assert "tilegpu.shared_alloc" in files["scaled.tilegpu.mlir"]
    assert "nvvm.kernel" in files["scaled.nvvm.mlir"]
    assert "define ptx_kernel void @scaled" in files["scaled.llvm.mlir"]
    assert ".entry scaled" in files["scaled.ptx"]


def test_print_after_prints_the_module_after_that_pass(capfd: pytest.CaptureFixture) -> None:
    launch(print_after="tilegpu-coalesce")
    text = capfd.readouterr().err
    assert text.count("IR Dump After") == 1
    assert "#tilegpu.layout" in text and "tilegpu.shared_alloc" not in text


def test_print_after_all_prints_every_pass(capfd: pytest.CaptureFixture) -> None:
    launch(print_after="all")
    text = capfd.readouterr().err
    for name in ("Inliner", "Canonicalizer", "Coalesce", "AllocateShared", "InsertBarriers"):
        assert name in text
    assert text.count("IR Dump After") > 10


def test_print_after_of_no_pass_lists_the_passes() -> None:
    with pytest.raises(cosmati.CosmatiError) as caught:
        launch(print_after="coalesce")
    text = str(caught.value)
    assert "print_after='coalesce' names no pass; known: all, " in text
    assert "tilegpu-coalesce" in text and "tilegpu-insert-barriers" in text


@pytest.mark.parametrize("stage", ["tile", "tilegpu", "nvvm", "ptx"])
def test_a_stage_comes_from_a_file(stage: str, tmp_path: Path) -> None:
    before, _ = launch(dump_ir=str(tmp_path))
    file = tmp_path / ("scaled.ptx" if stage == "ptx" else f"scaled.{stage}.mlir")
    text = file.read_text()
    # The same, but for a factor that only this file has: 256 - 1 elements count twice.
    compiled, out = launch(override_stage=f"{stage}={file}")
    np.testing.assert_array_equal(out, EXPECTED)
    assert compiled.shared == before.shared > 0
    assert file.read_text() == text


def test_an_edited_stage_is_what_runs(tmp_path: Path) -> None:
    launch(dump_ir=str(tmp_path))
    file = tmp_path / "scaled.tile.mlir"
    text = file.read_text()
    assert text.count("arith.mulf") == 1
    file.write_text(text.replace("arith.mulf", "arith.subf"))
    _, out = launch(override_stage=f"tile={file}")
    x = np.arange(256, dtype=np.float32)
    np.testing.assert_array_equal(out, x - 2 + x.sum())
    _, out = launch()
    np.testing.assert_array_equal(out, EXPECTED)


@pytest.mark.parametrize("text", ["nonsense=file.mlir", "tilegpu", "tilegpu="])
def test_override_of_no_stage_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not STAGE=FILE with one of the stages"):
        launch(override_stage=text)


def test_override_names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(cosmati.CosmatiError, match="override_stage: .*missing.mlir can't be read"):
        launch(override_stage=f"tilegpu={tmp_path / 'missing.mlir'}")


def test_stages_are_texts_of_the_compiled_kernel() -> None:
    compiled, _ = launch()
    assert "tile.reduce" in compiled.asm["tile"]
    assert "#tilegpu.layout" in compiled.asm["tilegpu"]
    assert "define ptx_kernel void @scaled" in compiled.asm["llvm"]
    assert ".entry scaled" in compiled.asm["ptx"]
