"""Failures inside the compiler: an exception at the kernel's line, and a bundle that repeats it.

Failures are injected where users may put IR of their own: through ``override_stage``.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "build" / "bin"

SCRIPT = """
import sys

import cosmati
import cosmati.language as tl


@cosmati.jit
def doubled(x, out):
    i = tl.arange(0, 128)
    value = tl.load(x + i)
    tl.store(out + i, value + value)


if __name__ == "__main__":
    stage, file = sys.argv[1:]
    options = {"override_stage": f"{stage}={file}"} if stage else {}
    try:
        doubled.warmup("*fp32", "*fp32", num_warps=4, target="sm_80", **options)
        print("no failure")
    except cosmati.CosmatiError as error:
        print(type(error).__name__)
        print(error)
    # The process lives, and the compiler still works.
    fine = doubled.warmup("*fp32", "*fp32", num_warps=2, target="sm_80", assemble=False)
    print("afterwards:", fine.metadata.num_warps)
"""

# A conversion between warps needs shared memory, which an earlier pass should have given it.
BAD_TILEGPU = """
#a = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [128]>
#b = #tilegpu.layout<register = [], lane = [[4], [8], [16], [32], [64]], warp = [[1], [2]], block = [], shape = [128]>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
  func.func @doubled(%x: !tile.ptr<f32>, %o: !tile.ptr<f32>) attributes {tile.kernel} {
    %0 = tile.make_range 0, 128 : tensor<128xi32, #a>
    %1 = tilegpu.convert_layout %0 : tensor<128xi32, #a> -> tensor<128xi32, #b> loc("__main__.doubled":3:13)
    %2 = tile.splat %o : !tile.ptr<f32> -> tensor<128x!tile.ptr<f32>, #b>
    %3 = tile.addptr %2, %1 : tensor<128x!tile.ptr<f32>, #b>, tensor<128xi32, #b>
    %4 = arith.sitofp %1 : tensor<128xi32, #b> to tensor<128xf32, #b>
    tile.store %3, %4 : tensor<128x!tile.ptr<f32>, #b>
    return
  } loc("__main__.doubled":1:1)
}
"""  # noqa: E501

# An intrinsic of another machine: LLVM's NVPTX back end ends the process over it.
BAD_NVVM = """
llvm.func @doubled(%x: !llvm.ptr<1>, %o: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128, 1, 1>} {
  %0 = llvm.call_intrinsic "llvm.amdgcn.workitem.id.x"() : () -> i32 loc("__main__.doubled":3:13)
  llvm.store %0, %o : i32, !llvm.ptr<1>
  llvm.return
} loc("__main__.doubled":1:1)
"""  # noqa: E501

BAD_PTX = """
.version 7.0
.target sm_80
.address_size 64
.visible .entry doubled(.param .u64 x, .param .u64 o) .reqntid 128 {
  frobnicate.b32 %r1, %r2;
  ret;
}
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "doubled.py"
    path.write_text(SCRIPT)
    return path


def run(script: Path, stage: str = "", text: str = "") -> str:
    """What the script prints when the stage's result is `text`."""
    file = script.with_name("override.txt")
    file.write_text(text)
    python_path = [str(ROOT / "build" / "python"), *sys.path]
    environment = {
        **os.environ, "COSMATI_REPRODUCER_DIR": str(script.parent / "bundles"),
        "COSMATI_CACHE_DIR": "", "COSMATI_DEVICE": "vm", "PYTHONPATH": os.pathsep.join(python_path),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script), stage, str(file) if stage else ""],
        capture_output=True, text=True, env=environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def bundle_of(output: str) -> Path:
    found = re.search(r"A bundle that reproduces this was written to (.*)", output)
    assert found, output
    return Path(found[1])


def repeat(bundle: Path) -> subprocess.CompletedProcess[str]:
    """Runs the bundle's command in its folder."""
    command = shlex.split((bundle / "command.txt").read_text())
    program = TOOLS / command[0]
    if not program.exists():
        pytest.skip(f"{command[0]} is not built")
    return subprocess.run(
        [str(program), *command[1:]], cwd=bundle, capture_output=True, text=True, timeout=60
    )


def line_of(text: str) -> int:
    return SCRIPT.splitlines().index(text) + 1


def test_a_failing_pass_names_the_kernels_line_and_leaves_a_bundle(script: Path) -> None:
    output = run(script, "tilegpu", BAD_TILEGPU)
    lines = output.splitlines()
    place = f"{script}:{line_of('    value = tl.load(x + i)')}:13"
    assert lines[0] == "CompilerFailure"
    assert lines[1].startswith(f"{place}: internal error compiling doubled: stage nvvm failed:")
    assert lines[2].strip() == "value = tl.load(x + i)"
    assert output.endswith("afterwards: 2\n")
    bundle = bundle_of(output)
    assert bundle.parent == script.parent / "bundles"
    names = {"input.mlir", "options.txt", "versions.txt", "command.txt"}
    assert {path.name for path in bundle.iterdir()} == names
    assert "num_warps=4" in (bundle / "options.txt").read_text()
    assert "cosmati " in (bundle / "versions.txt").read_text()
    assert "tilegpu.convert_layout" in (bundle / "input.mlir").read_text()


def test_the_bundles_command_repeats_the_failure(script: Path) -> None:
    bundle = bundle_of(run(script, "tilegpu", BAD_TILEGPU))
    again = repeat(bundle)
    assert again.returncode == 1
    assert "internal error compiling doubled: stage nvvm failed:" in again.stderr
    assert "convert_layout" in again.stderr


def test_a_fatal_error_of_llvm_is_an_exception_and_the_process_lives(script: Path) -> None:
    output = run(script, "nvvm", BAD_NVVM)
    lines = output.splitlines()
    assert lines[0] == "CompilerFailure"
    place = f"{script}:{line_of('def doubled(x, out):')}:1"
    assert lines[1].startswith(f"{place}: internal error compiling doubled: LLVM: ")
    assert "amdgcn" in output
    assert output.endswith("afterwards: 2\n")
    again = repeat(bundle_of(output))
    assert again.returncode == 1
    assert "internal error compiling doubled: LLVM: " in again.stderr


def test_an_assemblers_refusal_holds_its_log_and_the_ptx(script: Path) -> None:
    output = run(script, "ptx", BAD_PTX)
    if "no failure" in output:
        pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
    assert output.startswith("PTXASError")
    assert f"{script}:{line_of('def doubled(x, out):')}:1" in output
    assert "frobnicate" in output
    bundle = bundle_of(output)
    assert (bundle / "input.ptx").read_text() == BAD_PTX
    command = (bundle / "command.txt").read_text()
    assert command == "ptxas -v -arch=sm_80 -O3 -o kernel.cubin input.ptx\n"


def test_ir_that_is_no_ir_is_the_users_mistake(script: Path) -> None:
    output = run(script, "tilegpu", "this is not MLIR")
    assert output.startswith("CompilationError")
    assert "override_stage" in output
    assert not (script.parent / "bundles").exists()


def test_without_override_nothing_fails(script: Path) -> None:
    assert run(script).startswith("no failure")
