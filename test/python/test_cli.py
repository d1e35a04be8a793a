"""The ``cosmati`` command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cosmati.cli import main

KERNEL = """
import cosmati, cosmati.language as tl

@cosmati.jit
def scale(x, out, n, FACTOR: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + offs, tl.load(x + offs, mask=offs < n) * FACTOR, mask=offs < n)
"""


@pytest.fixture
def kernel(tmp_path: Path) -> str:
    path = tmp_path / "cli_kernel.py"
    path.write_text(KERNEL)
    return f"{path}::scale"


def test_doctor_names_every_piece_and_the_fix_for_what_is_missing(capsys):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for piece in ("libcuda", "libnvJitLink", "libnvrtc", "ptxas", "libdevice"):
        assert piece in text
    assert text.count("missing") == text.count("fix:")
    assert "vm       PTX virtual machine" in text


@pytest.mark.parametrize("target", ["sm_80", "sm_89", "sm_90a"])
def test_compile_writes_ptx_for_a_target(kernel, tmp_path, target, capsys):
    output = tmp_path / "scale.ptx"
    arguments = ["compile", kernel, "-s", "*fp32, *fp32, i32, 3.0, 128", "-t", target]
    assert main([*arguments, "-o", str(output), "-w", "2"]) == 0
    text = output.read_text()
    assert f".target {target}" in text and ".reqntid 64" in text
    assert f"scale for {target}" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["tile", "tilegpu", "llvm", "image"])
def test_compile_emits_every_stage(kernel, tmp_path, stage):
    output = tmp_path / "out"
    signature = "*fp32, *fp32, i32, 3.0, 128"
    assert main(["compile", kernel, "-s", signature, "-e", stage, "-o", str(output)]) == 0
    assert output.stat().st_size > 100


def test_compile_prints_remarks_each_time(tmp_path, capsys):
    path = tmp_path / "exact_kernel.py"
    path.write_text(
        "import cosmati, cosmati.language as tl\n\n@cosmati.jit\ndef exact(x):\n"
        "    at = x + tl.arange(0, 16)[:, None] * 16 + tl.arange(0, 16)[None, :]\n"
        "    a = tl.load(at)\n"
        "    tl.store(at, tl.dot(a, a, input_precision='ieee'))\n"
    )
    for _ in range(2):
        arguments = ["compile", f"{path}::exact", "-s", "*fp32", "-o", str(tmp_path / "out")]
        assert main(arguments) == 0
        assert "dot-on-fma: " in capsys.readouterr().err


def test_run_checks_what_it_launches(tmp_path, capsys):
    path = tmp_path / "racy_kernel.py"
    path.write_text(
        "import cosmati, cosmati.language as tl\n\n@cosmati.jit\ndef racy(out):\n"
        "    tl.store(out, tl.program_id(0))\n"
    )
    arguments = ["run", f"{path}::racy", "int32[1]=zeros", "-g", "2"]
    assert main(arguments) == 0
    assert main([*arguments, "--check", "race", "--seed", "3"]) == 1
    text = capsys.readouterr().err
    assert "race in kernel 'racy'" in text
    assert f"at {path}:5:" in text
    assert "seed 3 replays this order" in text
    assert main([*arguments, "--check", "racy"]) == 1
    assert "there is no check 'racy'" in capsys.readouterr().err


def test_run_launches_on_described_arrays(kernel, tmp_path, capsys):
    saved = tmp_path / "out.npy"
    arguments = ["float32[100]=arange", "float32[100]=zeros", "100", "FACTOR=3", "BLOCK=128"]
    assert main(["run", kernel, *arguments, "--save", f"out={saved}"]) == 0
    np.testing.assert_array_equal(np.load(saved), np.arange(100) * 3)
    assert "out = [" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["compile", "missing.py::k", "-s", "i32"], "there is no file missing.py"),
        (["compile", "KERNEL-", "-s", "i32"], "it has scale"),
        (["compile", "KERNEL", "-s", "i32"], "has 1 entries, but the kernel has 5"),
        (["run", "KERNEL", "float32[4]=odd"], "fills no array"),
        (["run", "KERNEL", "1", "-O", "num_wraps=3"], "`num_wraps` is no compile option"),
    ],
)
def test_errors_are_one_message_and_status_1(kernel, arguments, text, capsys):
    arguments = [item.replace("KERNEL", kernel) for item in arguments]
    assert main(arguments) == 1
    assert text in capsys.readouterr().err


def test_cache_commands(kernel, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COSMATI_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["cache", "stat"]) == 0
    assert "0 kernels" in capsys.readouterr().out
    assert main(["cache", "verify"]) == 0
    assert main(["cache", "gc", "--all"]) == 0
    monkeypatch.setenv("COSMATI_CACHE_DIR", "")
    assert main(["cache", "stat"]) == 1
    assert "the disk cache is off" in capsys.readouterr().err
