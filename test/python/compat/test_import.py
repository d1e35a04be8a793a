"""``import triton`` gives Cosmati's objects, and says so to whoever asks."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pickle
import subprocess
import sys

import cosmati
import numpy as np
import pytest


def python(*lines, **options):
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_objects_are_the_same(triton):
    import triton.language as tl
    from triton.runtime.autotuner import Autotuner

    assert triton.jit is cosmati.jit
    assert tl.load is cosmati.language.load
    assert tl.core.tensor is tl.tensor
    assert Autotuner is cosmati.tuning.Autotuner
    assert triton.runtime.OutOfResources is cosmati.OutOfResources


def test_the_version_is_that_of_the_contract(triton):
    assert triton.__version__ == "3.7.1"
    assert importlib.metadata.version("triton") == "3.7.1"
    assert importlib.util.find_spec("triton") is not None
    assert importlib.util.find_spec("triton.language.extra.libdevice") is not None
    assert "3.0.0" <= triton.__version__ < "3.8"  # libraries compare texts, too


def test_submodules_are_packages_with_libdevice_below_cuda(triton):
    import triton.language.extra.cuda.libdevice as below
    from triton.language.extra import libdevice

    assert below.rsqrt is libdevice.rsqrt
    assert triton.language.extra.cuda.libdevice is below


def test_an_object_wins_over_the_module_of_its_name(triton):
    import triton.runtime.driver  # the module; the attribute stays the driver

    assert triton.runtime.driver.active.get_current_target().backend == "cuda"
    assert sys.modules["triton.runtime.driver"].driver is triton.runtime.driver


def test_a_star_import_takes_what_triton_exports(triton):
    space: dict = {}
    exec("from triton import *", space)
    assert space["autotune"] is cosmati.autotune
    assert "vm" not in space
    exec("from triton.language import *", space)
    assert space["load"] is cosmati.language.load


def test_setting_a_name_is_seen_on_both_sides(triton, monkeypatch):
    monkeypatch.setattr("triton.testing.do_bench", "patched")
    assert cosmati.testing.do_bench == "patched"
    monkeypatch.undo()
    assert triton.testing.do_bench is cosmati.testing.do_bench


def test_objects_are_pickled_under_the_names_of_cosmati(triton):
    import triton.language as tl

    assert pickle.loads(pickle.dumps(triton.Config)) is triton.Config
    assert pickle.loads(pickle.dumps(tl.dtype)) is tl.dtype
    assert b"triton" not in pickle.dumps(triton.Config)


def test_an_unknown_name_is_named(triton):
    import triton.language as tl

    with pytest.raises(AttributeError, match="'triton.language' has no attribute 'nothing'"):
        _ = tl.nothing
    with pytest.raises(ImportError, match="cannot import name 'nothing' from 'triton.language'"):
        from triton.language import nothing  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match="No module named 'triton.nothing'"):
        importlib.import_module("triton.nothing")
    assert not hasattr(triton, "experimental")


def test_a_kernel_may_come_from_a_file_that_knows_triton_alone(triton, tmp_path):
    (tmp_path / "plain_kernels.py").write_text(
        "import triton\n"
        "import triton.language as tl\n"
        "from triton.language.extra import libdevice\n"
        "@triton.jit\n"
        "def add(x, y, n, BLOCK: tl.constexpr):\n"
        "    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)\n"
        "    v = tl.load(x + i, mask=i < n)\n"
        "    tl.store(y + i, libdevice.rsqrt(v) + tl.math.exp2(v), mask=i < n)\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        kernels = importlib.import_module("plain_kernels")
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("plain_kernels", None)
    x, y = np.linspace(1, 4, 20, dtype=np.float32), np.zeros(20, np.float32)
    kernels.add[(triton.cdiv(20, 16),)](x, y, 20, BLOCK=16)
    np.testing.assert_allclose(y, x**-0.5 + 2**x, rtol=1e-6)


def test_an_autotuner_may_be_derived_from(triton):
    import triton.language as tl
    from triton.runtime.autotuner import Autotuner

    class Counting(Autotuner):
        runs = 0

        def run(self, *args, **kwargs):
            type(self).runs += 1
            return super().run(*args, **kwargs)

    @triton.jit
    def fill(x, BLOCK: tl.constexpr):
        tl.store(x + tl.arange(0, BLOCK), 1.0)

    # Positionally, as libraries do: fn, arg_names, configs, key, reset_to_zero, restore_value.
    tuned = Counting(fill, fill.arg_names, [triton.Config({"BLOCK": 8})], [], None, None)
    x = np.zeros(8, np.float32)
    tuned[(1,)](x)
    assert x.sum() == 8 and Counting.runs == 1


def test_a_cache_manager_may_be_derived_from(triton, tmp_path, monkeypatch):
    from triton.runtime.cache import FileCacheManager

    class Renamed(FileCacheManager):
        def put(self, data, filename, binary=True):
            return super().put(data, "x" + filename, binary)

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    path = Renamed("0" * 64).put(b"abc", "file")
    assert path.endswith("xfile") and open(path, "rb").read() == b"abc"


def test_a_triton_that_is_there_already_is_an_error():
    done = python(
        "import sys, types",
        "sys.modules['triton'] = types.ModuleType('triton')",
        "sys.modules['triton'].__version__ = '3.6.0'",
        "import cosmati.compat.triton",
    )
    assert done.returncode == 1
    assert "triton 3.6.0" in done.stderr and "imported already" in done.stderr


def test_nothing_happens_before_it_is_asked_for():
    done = python(
        "import cosmati, cosmati.compat, sys",
        "assert 'triton' not in sys.modules",
        "assert not any('cosmati' in type(f).__module__ for f in sys.meta_path)",
        "import cosmati.compat.triton as t, triton",
        "assert t.jit is triton.jit and t.__version__ == triton.__version__",
        "assert 'torch' not in sys.modules and 'cosmati.tuning' not in sys.modules",
    )
    assert done.returncode == 0, done.stderr


def test_uninstalling_takes_the_name_away(triton):
    from cosmati.compat import finder

    finder.uninstall()
    assert "triton" not in sys.modules
    assert finder.installed() is None
