"""cosmati.knobs: groups, variables, and that each knob does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import knobs

SCALE = 3


@cosmati.jit
def by_global(x, out, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(out + offs, tl.load(x + offs) * SCALE)


@cosmati.jit
def product(a, b, c, N: tl.constexpr):
    rows, columns = tl.arange(0, N)[:, None], tl.arange(0, N)[None, :]
    at = rows * N + columns
    tl.store(c + at, tl.dot(tl.load(a + at), tl.load(b + at)))


@cosmati.jit
def fused(x, out, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    tl.store(out + offs, value * value + value)


@cosmati.jit
def asserting(x):
    tl.device_assert(tl.load(x) == 1.0, "not one")


def launch(kernel, x, **options):
    out = np.zeros_like(x)
    made = kernel[(2,)](x, out, 200, 2.0, **options)
    np.testing.assert_array_equal(out, 2 * x)
    return made


# Groups.


def test_a_knob_is_its_variable_until_it_is_set(monkeypatch):
    monkeypatch.setenv("COSMATI_DISABLE_LINE_INFO", "1")
    assert knobs.compilation.disable_line_info is True
    knobs.compilation.disable_line_info = False
    assert os.environ["COSMATI_DISABLE_LINE_INFO"] == "0"
    monkeypatch.setenv("COSMATI_DISABLE_LINE_INFO", "1")
    assert knobs.compilation.disable_line_info is False
    knobs.compilation.disable_line_info = knobs.env
    assert knobs.compilation.disable_line_info is True
    del knobs.compilation.disable_line_info
    assert knobs.compilation.disable_line_info is True


def test_variables_are_left_alone_where_that_is_wanted(monkeypatch):
    monkeypatch.setattr(knobs, "propagate_env", False)
    knobs.compilation.print_times = True
    assert "COSMATI_PRINT_TIMES" not in os.environ and knobs.compilation.print_times


def test_scope_puts_values_variables_and_hooks_back():
    def hook(metadata):
        pass

    before = os.environ.get("COSMATI_DEBUG")
    with knobs.runtime.scope():
        knobs.runtime.debug = True
        knobs.runtime.launch_enter_hook.add(hook)
        knobs.runtime.jit_cache_hook = hook
        assert os.environ["COSMATI_DEBUG"] == "1"
    assert knobs.runtime.debug is False and os.environ.get("COSMATI_DEBUG") == before
    assert not knobs.runtime.launch_enter_hook and knobs.runtime.jit_cache_hook is None


def test_copies_change_nothing_and_reset_forgets():
    knobs.language.fp32_default = "ieee"
    copy = knobs.language.copy()
    copy.fp32_default = "tf32"
    assert knobs.language.fp32_default == "ieee" and copy.fp32_default == "tf32"
    assert os.environ["COSMATI_F32_DEFAULT"] == "ieee"
    del os.environ["COSMATI_F32_DEFAULT"]
    assert knobs.language.reset() is knobs.language
    assert knobs.language.knobs == {"fp32_default": None, "default_fp_fusion": True}


def test_what_is_no_knob_or_no_value_of_one_is_refused(monkeypatch):
    with pytest.raises(AttributeError, match="cosmati.knobs.cache has no 'directory'; it has"):
        knobs.cache.directory = "/tmp"
    with pytest.raises(TypeError, match="debug is on or off"):
        knobs.runtime.debug = "yes"
    with pytest.raises(ValueError, match="max_bytes=-1: it must not be negative"):
        knobs.cache.max_bytes = -1
    with pytest.raises(ValueError, match="no subclass of CacheManager"):
        knobs.cache.manager_class = dict
    monkeypatch.setenv("COSMATI_DEBUG", "perhaps")
    with pytest.raises(ValueError, match="COSMATI_DEBUG=perhaps: use 1 or 0"):
        _ = knobs.runtime.debug
    monkeypatch.setenv("COSMATI_CACHE_MANAGER", "nowhere")
    with pytest.raises(ValueError, match="COSMATI_CACHE_MANAGER=nowhere: use MODULE:CLASS"):
        _ = knobs.cache.manager_class


def test_tritons_variables_count_when_they_are_asked_for(monkeypatch):
    monkeypatch.setenv("TRITON_F32_DEFAULT", "ieee")
    assert knobs.language.fp32_default is None
    knobs.use_triton_environment()
    try:
        assert knobs.language.fp32_default == "ieee"
        monkeypatch.setenv("COSMATI_F32_DEFAULT", "tf32x3")
        assert knobs.language.fp32_default == "tf32x3"
        monkeypatch.setenv("TRITON_HOME", "/somewhere")
        monkeypatch.delenv("COSMATI_CACHE_DIR", raising=False)
        del knobs.cache.dir
        assert knobs.cache.dir == "/somewhere/.cosmati/cache"
    finally:
        knobs.use_triton_environment(False)


def test_the_compatibility_layer_reads_tritons_variables():
    code = (
        "import cosmati.compat.triton, triton\n"
        "print(triton.knobs.language.fp32_default, triton.knobs.cache.dir)\n"
    )
    variables = {"TRITON_F32_DEFAULT": "ieee", "TRITON_CACHE_DIR": "/somewhere"}
    paths = os.pathsep.join(p for p in sys.path if p)
    inherited = {k: v for k, v in os.environ.items() if k != "COSMATI_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={**inherited, **variables, "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.stdout.split() == ["ieee", "/somewhere"], done.stderr


def test_setting_what_means_nothing_says_so_once():
    from cosmati import settings

    settings._warned.clear()
    with pytest.warns(RuntimeWarning, match="amd.use_buffer_ops changes nothing: there is no AMD"):
        knobs.amd.use_buffer_ops = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        knobs.amd.use_buffer_ops = True
    with pytest.warns(RuntimeWarning, match="build.impl changes nothing: no C compiler"):
        knobs.build.impl = print
    with pytest.raises(NotImplementedError, match="override_stage=STAGE=FILE"):
        knobs.runtime.add_stages_inspection_hook = print
    knobs.runtime.add_stages_inspection_hook = None


def test_importing_reads_nothing_and_needs_no_torch():
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'numpy'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from cosmati import knobs, compiler, backends, runtime\n"
        "import cosmati.runtime.driver, cosmati.runtime.cache, cosmati.compiler.compiler\n"
        "from cosmati import _core\n"
        "assert _core.default_device() is None\n"
        "print(cosmati.runtime.driver.active.get_current_target())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={**os.environ, "COSMATI_DEVICE": "vm", "COSMATI_DEBUG": "1",
             "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "GPUTarget(backend='cuda', arch=90" in done.stdout


# Effects.


def test_the_cache_follows_its_folder(kernel, x, tmp_path):
    assert launch(kernel, x).origin == "compiled"
    assert any((tmp_path / "cache").iterdir())
    knobs.cache.dir = str(tmp_path / "other")
    kernel.clear()
    assert launch(kernel, x).origin == "compiled"
    kernel.clear()
    assert launch(kernel, x).origin == "memory"


def test_always_compile_asks_no_cache(kernel, x):
    launch(kernel, x)
    kernel.clear()
    knobs.compilation.always_compile = True
    assert launch(kernel, x).origin == "compiled"


def test_code_knobs_choose_another_variant_at_once_and_give_way_to_options(kernel, x):
    plain = launch(kernel, x)
    assert plain.metadata.lineinfo == "relative" and ".loc" in plain.asm["ptx"]
    knobs.compilation.disable_line_info = True
    bare = launch(kernel, x)
    assert bare.metadata.lineinfo == "none" and ".loc" not in bare.asm["ptx"]
    assert launch(kernel, x, lineinfo="relative").metadata.lineinfo == "relative"
    knobs.compilation.disable_line_info = False
    assert launch(kernel, x) is plain
    knobs.compilation.disable_llvm_opt = True
    assert launch(kernel, x).metadata.opt_level == 0


def test_fp_fusion_and_dot_precision_have_defaults(x):
    out = np.zeros(128, np.float32)
    assert "fma.rn" in fused.warmup(out, out, 128).asm["ptx"]
    knobs.language.default_fp_fusion = False
    assert "fma.rn" not in fused.warmup(out, out, 128).asm["ptx"]
    square = np.zeros((16, 16), np.float32)
    assert "tf32" in product.warmup(square, square, square, 16).asm["ptx"]
    knobs.language.fp32_default = "ieee"
    assert "tf32" not in product.warmup(square, square, square, 16).asm["ptx"]


def test_debug_checks_device_asserts():
    bad = np.zeros(4, np.float32)
    asserting[(1,)](bad)
    knobs.runtime.debug = True
    with pytest.raises(cosmati.InterpreterError, match="not one"):
        asserting[(1,)](bad)


def test_override_arch_changes_the_target(kernel, x):
    knobs.runtime.override_arch = "80"
    assert launch(kernel, x).image.target == "sm_80"


def test_globals_may_be_read_where_that_is_allowed():
    x, out = np.ones(64, np.float32), np.zeros(64, np.float32)
    with pytest.raises(cosmati.CompilationError, match="Cannot access global variable `SCALE`"):
        by_global[(1,)](x, out, 64)
    knobs.compilation.allow_non_constexpr_globals = True
    by_global[(1,)](x, out, 64)
    np.testing.assert_array_equal(out, 3 * x)


def test_dumps_and_overrides_lie_in_folders_of_the_sources_hash(kernel, x, tmp_path):
    knobs.cache.dump_dir = str(tmp_path / "dump")
    knobs.cache.override_dir = str(tmp_path / "override")
    knobs.compilation.dump_ir = True
    launch(kernel, x)
    (folder,) = (tmp_path / "dump").iterdir()
    assert {"scale.tile.mlir", "scale.tilegpu.mlir", "scale.ptx"} <= {
        path.name for path in folder.iterdir()
    }
    knobs.compilation.dump_ir = False
    knobs.compilation.override = True
    target = tmp_path / "override" / folder.name
    target.mkdir(parents=True)
    text = (folder / "scale.ptx").read_text()
    for rounding in ("", ".rn"):
        text = text.replace(f"mul{rounding}.f32", f"add{rounding}.f32")
    (target / "scale.ptx").write_text(text)
    out = np.zeros_like(x)
    kernel[(2,)](x, out, 200, 2.0)
    np.testing.assert_array_equal(out, x + 2)


def test_printing_knobs_print_to_stderr(kernel, x, capfd):
    knobs.nvidia.dump_nvptx = knobs.compilation.print_llvm = knobs.compilation.print_times = True
    launch(kernel, x)
    errors = capfd.readouterr().err
    assert ".visible .entry scale" in errors and "define" in errors and "frontend" in errors
    knobs.compilation.print_ir = True
    launch(kernel, x)
    assert "IR Dump After" in capfd.readouterr().err


def test_options_of_the_assembler_reach_it(kernel, x):
    if "cubin" not in launch(kernel, x).asm:
        pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
    knobs.nvidia.disable_ptxas_opt = True
    assert launch(kernel, x).metadata.ptxas_options == "-O0"
    knobs.nvidia.ptxas_options = "--no-such-option"
    with pytest.raises(cosmati.PTXASError, match="no-such-option"):
        launch(kernel, x)


def test_interpret_runs_on_the_virtual_machine_with_checks(kernel, x):
    empty = np.zeros(256, np.float32)
    before = cosmati.get_device()
    knobs.runtime.interpret = True
    assert cosmati.get_device().kind == "vm" and cosmati.get_device() is not before
    launch(kernel, x)
    with pytest.raises(cosmati.InterpreterError, match="race|another program|conflict"):
        racing[(4,)](empty)
    knobs.runtime.interpret = False
    cosmati.set_device("vm")
    racing[(4,)](empty)


@cosmati.jit
def racing(x):
    tl.store(x, tl.program_id(0).to(tl.float32))


def test_front_end_frames_are_shown_when_they_are_asked_for():
    def frames():
        try:
            by_global[(1,)](np.ones(32, np.float32), np.zeros(32, np.float32), 32)
        except cosmati.CompilationError as error:
            found, trace = [], error.__traceback__
            while trace is not None:
                found.append(Path(trace.tb_frame.f_code.co_filename).parent.name)
                trace = trace.tb_next
            return found
        raise AssertionError("it compiled")

    assert "frontend" not in frames()
    knobs.compilation.front_end_debugging = True
    assert "frontend" in frames()
