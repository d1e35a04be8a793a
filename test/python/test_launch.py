"""Launching: binding of arguments, specialisation, options, devices, and their errors."""

from __future__ import annotations

import subprocess
import sys
import threading

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest


@cosmati.jit
def scale(x, out, n, factor, BLOCK: tl.constexpr = 128):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    tl.store(out + offs, tl.load(x + offs, mask=mask) * factor, mask=mask)


def arrays(n=100, dtype=np.float32):
    return np.arange(n).astype(dtype), np.zeros(n, dtype)


def test_positional_keyword_and_default_arguments():
    x, out = arrays()
    scale[(1,)](x, out, 100, 2.0)
    np.testing.assert_array_equal(out, x * 2)
    scale[(2,)](factor=3.0, BLOCK=64, n=100, out=out, x=x)
    np.testing.assert_array_equal(out, x * 3)


def test_grid_forms():
    x, out = arrays()
    for grid in (1, (1,), [1, 1], (1, 1, 1), np.int64(1), lambda meta: (1,)):
        out[:] = 0
        scale[grid](x, out, 100, 2.0)
        np.testing.assert_array_equal(out, x * 2)


def test_grid_function_sees_all_arguments_and_options():
    x, out = arrays()
    seen = {}

    def grid(meta):
        seen.update(meta)
        return (cosmati.cdiv(meta["n"], meta["BLOCK"]),)

    scale[grid](x, out, 100, 2.0, num_warps=2)
    assert seen["BLOCK"] == 128 and seen["num_warps"] == 2 and seen["x"] is x


def test_empty_grid_runs_nothing():
    x, out = arrays()
    scale[(0,)](x, out, 100, 2.0)
    np.testing.assert_array_equal(out, 0)


@pytest.mark.parametrize(
    "grid, error, text",
    [
        ((), ValueError, "must have 1, 2 or 3"),
        ((1, 1, 1, 1), ValueError, "must have 1, 2 or 3"),
        (("a",), TypeError, "extent 0 of the grid is a str"),
        ((-1,), cosmati.DeviceError, "a grid can't be negative"),
        ((1, 70000), cosmati.DeviceError, "outside 0..65535"),
        ("abc", TypeError, "the grid is a str"),
        (lambda meta: lambda: 1, TypeError, "returned a function"),
    ],
)
def test_grid_errors(grid, error, text):
    x, out = arrays()
    with pytest.raises(error, match=text):
        scale[grid](x, out, 100, 2.0)


def test_binding_errors_name_the_argument():
    x, out = arrays()
    with pytest.raises(TypeError, match="missing 2 required arguments: 'n' and 'factor'"):
        scale[(1,)](x, out)
    with pytest.raises(TypeError, match="takes 5 arguments.*but 6 were given"):
        scale[(1,)](x, out, 100, 2.0, 128, 7)
    with pytest.raises(TypeError, match="got multiple values for argument 'x'"):
        scale[(1,)](x, out, 100, 2.0, x=x)
    with pytest.raises(KeyError, match="Keyword argument num_wraps was specified but unrecognised"):
        scale[(1,)](x, out, 100, 2.0, num_wraps=4)


@pytest.mark.parametrize(
    "value, error, text",
    [
        ("text", TypeError, "argument `factor`: failed to specialize argument of type: str"),
        ([1], TypeError, "argument `factor`: failed to specialize argument of type: list"),
        (2**64, OverflowError, "argument `factor`"),
        (np.zeros(3, complex), TypeError, "argument `factor`: kernels have no type"),
        (np.zeros(3, ">f4"), TypeError, "argument `factor`.*foreign byte order"),
    ],
)
def test_argument_errors_name_the_argument(value, error, text):
    x, out = arrays()
    with pytest.raises(error, match=text):
        scale[(1,)](x, out, 100, value)


def test_option_errors():
    x, out = arrays()
    with pytest.raises(ValueError, match="num_warps=3 is not one of"):
        scale[(1,)](x, out, 100, 2.0, num_warps=3)
    with pytest.raises(ValueError, match="num_ctas=2"):
        scale[(1,)](x, out, 100, 2.0, num_ctas=2)
    with pytest.raises(ValueError, match="target 'sm_12' is not known"):
        scale[(1,)](x, out, 100, 2.0, target="sm_12")


# Specialisation.


@cosmati.jit
def types_of_arguments(x, i, out):
    tl.static_print(x.dtype, i.dtype if hasattr(i, "dtype") else i)


def signature(*args):
    """Type texts of the parameters that are passed at launch."""
    return [text for _, text in types_of_arguments.warmup(*args).image.params]


@pytest.mark.parametrize(
    "value, text",
    [
        (2, "i32"), (-5, "i32"), (2**31 - 1, "i32"), (2**31, "i64"), (-(2**40), "i64"),
        (2**63, "u64"), (0.5, "fp32"), (True, "i1"), (np.int64(7), "i32"), (np.float64(2), "fp32"),
        (np.float32(2), "fp32"), (np.bool_(True), "i1"),
    ],
)  # fmt: skip
def test_types_of_numbers(value, text):
    x, out = arrays()
    assert signature(x, value, out) == ["*fp32", text, "*fp32"]


@pytest.mark.parametrize(
    "dtype, text",
    [
        (np.int8, "*i8"), (np.uint16, "*u16"), (np.int64, "*i64"), (np.float16, "*fp16"),
        (np.float64, "*fp64"), (np.bool_, "*i1"), (ml_dtypes.bfloat16, "*bf16"),
        (ml_dtypes.float8_e4m3fn, "*fp8e4nv"), (ml_dtypes.float8_e5m2, "*fp8e5"),
    ],
)  # fmt: skip
def test_types_of_arrays(dtype, text):
    out = np.zeros(4, np.float32)
    assert signature(np.zeros(4, dtype), 2, out)[0] == text


def test_one_and_none_are_compiled_in():
    x, out = arrays()
    assert signature(x, 1, out) == ["*fp32", "*fp32"]
    assert signature(x, None, out) == ["*fp32", "*fp32"]


def test_divisibility_makes_variants_and_nothing_else_does():
    x, out = np.zeros(1024, np.float32), np.zeros(1024, np.float32)
    aligned = x[(-x.ctypes.data // 4) % 4 :]
    variants = {scale.warmup(aligned, out, n, 2.0).hash for n in (16, 32, 48, 1600)}
    assert len(variants) == 1
    variants.add(scale.warmup(aligned, out, 17, 2.0).hash)
    variants.add(scale.warmup(aligned, out, 33, 2.0).hash)
    assert len(variants) == 2
    variants.add(scale.warmup(aligned[1:], out, 17, 2.0).hash)
    variants.add(scale.warmup(aligned[2:], out, 17, 3.0).hash)
    assert len(variants) == 3


@cosmati.jit(do_not_specialize=["n"], do_not_specialize_on_alignment=["x"])
def unspecialized(x, n: tl.int64, out):
    tl.store(out, tl.load(x) + n)


def test_do_not_specialize():
    x, out = np.arange(8, dtype=np.int64), np.zeros(1, np.int64)
    hashes = {unspecialized.warmup(x[i:], n, out).hash for i in (0, 1) for n in (1, 16, 17)}
    assert len(hashes) == 1
    unspecialized[(1,)](x, 1, out)
    assert out[0] == 1


@cosmati.jit
def annotated(out, a: tl.int8, b: "fp64", c: "i64" = 5):  # noqa: F821, UP037
    tl.store(out, a + b + c)


def test_annotations_demand_types():
    out = np.zeros(1)
    annotated[(1,)](out, -3, 0.25)
    assert out[0] == 2.25
    with pytest.raises(OverflowError, match="argument `a`: 200 is out of range.*i8"):
        annotated[(1,)](out, 200, 0.25)
    with pytest.raises(TypeError, match="argument `a` is declared as i8, but a float was given"):
        annotated[(1,)](out, 2.5, 0.25)


@cosmati.jit
def constant_type(out, VALUE: tl.constexpr):
    tl.store(out, VALUE / 2)


def test_constexprs_differ_by_type_and_sign_of_zero():
    out = np.zeros(1, np.float32)
    kernels = [constant_type.warmup(out, value) for value in (1, True, 1.0, 0.0, -0.0, 2)]
    assert len({id(kernel) for kernel in kernels}) == 6
    assert constant_type.warmup(out, 1) is kernels[0]
    constant_type[(1,)](out, -0.0)
    assert np.signbit(out[0])
    with pytest.raises(TypeError, match="argument `VALUE`: a list can't be a constexpr"):
        constant_type.warmup(out, [1])
    with pytest.raises(TypeError, match="argument `VALUE`.*object"):
        constant_type.warmup(out, object())


def test_launch_gives_the_compiled_kernel():
    x, out = arrays()
    kernel = scale[(1,)](x, out, 100, 2.0)
    assert kernel is scale.warmup(x, out, 100, 2.0)
    assert kernel.metadata.num_warps == 4 and kernel.name == "scale"
    assert ".visible .entry scale" in kernel.asm["ptx"]
    assert "tile.load" in kernel.asm["tile"] and "tilegpu" in kernel.asm["tilegpu"]
    assert "define" in kernel.asm["llvm"]
    assert set(kernel.asm) >= {"tile", "tilegpu", "llvm", "ptx"}
    out[:] = 0
    kernel[(1,)](x, out, 100, 4.0)
    np.testing.assert_array_equal(out, x * 4)
    with pytest.raises(TypeError, match="compiled for \\*fp32"):
        kernel[(1,)](x.astype(np.float64), out, 100, 4.0)


def test_options_block_changes_the_defaults():
    x, out = arrays()
    plain = scale.warmup(x, out, 100, 2.0)
    with cosmati.options(num_warps=2, approx_division=False):
        inside = scale.warmup(x, out, 100, 2.0)
        assert inside.metadata.num_warps == 2
        assert scale.warmup(x, out, 100, 2.0, num_warps=8).metadata.num_warps == 8
    assert scale.warmup(x, out, 100, 2.0) is plain and inside is not plain
    with pytest.raises(TypeError, match="`num_wraps` is no compile option"):
        with cosmati.options(num_wraps=2):
            pass


CONSTANT = tl.constexpr(5)


@cosmati.jit
def uses_global(out):
    tl.store(out, CONSTANT)


def test_a_changed_global_is_seen(monkeypatch):
    out = np.zeros(1, np.int32)
    uses_global[(1,)](out)
    assert out[0] == 5
    monkeypatch.setitem(globals(), "CONSTANT", tl.constexpr(6))
    uses_global[(1,)](out)
    assert out[0] == 6


@cosmati.jit
def reads_constant(x):
    return x + CONSTANT


@cosmati.jit
def applies(out, FN: tl.constexpr):
    tl.store(out, FN(1))


def test_a_changed_global_of_a_function_argument_is_seen(monkeypatch):
    out = np.zeros(1, np.int32)
    applies[(1,)](out, FN=reads_constant)
    assert out[0] == 6
    monkeypatch.setitem(globals(), "CONSTANT", tl.constexpr(8))
    applies[(1,)](out, FN=reads_constant)
    assert out[0] == 9


def test_a_source_that_changed_since_the_import_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "edited_kernel.py"
    text = (
        "import cosmati, cosmati.language as tl\n\n"
        "@cosmati.jit\ndef kernel(out):\n    tl.store(out, 5)\n"
    )
    path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    import edited_kernel

    path.write_text(text.replace("5", "6"))
    with pytest.raises(cosmati.CosmatiError, match="changed on disk since it was imported"):
        edited_kernel.kernel.warmup("*i32")


def test_hooks_run_before_each_launch():
    seen = []

    @cosmati.jit
    def hooked(out):
        tl.store(out, 1)

    hooked.add_pre_run_hook(lambda *args, **kwargs: seen.append((len(args), kwargs)))
    hooked[(1,)](np.zeros(1, np.int32), num_warps=2)
    assert seen == [(1, {"num_warps": 2})]


@cosmati.heuristics({"EVEN": lambda args: args["n"] % 2 == 0})
@cosmati.jit
def heuristic(out, n, EVEN: tl.constexpr):
    tl.store(out, n * 10 + (1 if EVEN else 0))


def test_heuristics():
    out = np.zeros(1, np.int32)
    heuristic[(1,)](out, 4)
    assert out[0] == 41
    heuristic[(1,)](out, n=5)
    assert out[0] == 50


def test_closures_capture_functions_and_constants():
    def make(amount):
        value = tl.constexpr(amount)

        @cosmati.jit
        def add_amount(out):
            tl.store(out, tl.load(out) + value)

        return add_amount

    out = np.zeros(1, np.int32)
    make(3)[(1,)](out)
    make(4)[(1,)](out)
    assert out[0] == 7


def test_read_only_arrays_can_be_read_and_not_written():
    x, out = arrays()
    x.setflags(write=False)
    scale[(1,)](x, out, 100, 2.0)
    with pytest.raises(cosmati.KernelFault, match="'out'"):
        out.setflags(write=False)
        scale[(1,)](x, out, 100, 2.0)


def test_overlapping_views_share_memory():
    base = np.arange(200, dtype=np.float32)
    scale[(1,)](base[:100], base[100:], 100, 2.0)
    np.testing.assert_array_equal(base[100:], np.arange(100) * 2)


class Exporter:
    """An array that is known by DLPack alone."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack_arrays():
    x, out = arrays()
    scale[(1,)](Exporter(x), Exporter(out), 100, 2.0)
    np.testing.assert_array_equal(out, x * 2)


def test_threads_launch_and_compile_at_once():
    results = {}

    def work(index):
        x, out = arrays()
        for _ in range(20):
            scale[(1,)](x, out, 100, float(index), BLOCK=256)
        results[index] = (out == x * index).all()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results.values()) and len(results) == 8


def test_import_touches_nothing():
    code = (
        "import sys, threading, os\n"
        "before = set(os.listdir('/proc/self/fd'))\n"
        "import cosmati, cosmati.language\n"
        "maps = open('/proc/self/maps').read()\n"
        "assert 'libcuda' not in maps and 'nvJitLink' not in maps, 'a CUDA library was loaded'\n"
        "assert threading.active_count() == 1\n"
        "assert len(os.listdir('/proc/self/task')) == 1, 'a thread was started'\n"
        "assert set(os.listdir('/proc/self/fd')) == before, 'a file stays open'\n"
        "assert 'numpy' not in sys.modules and 'torch' not in sys.modules\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "COSMATI_CACHE_DIR": "/nonexistent"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@pytest.mark.gpu
def test_cpu_arrays_are_refused_on_a_gpu():
    code = (
        "import numpy as np, cosmati, cosmati.language as tl, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from test_launch import scale, arrays\n"
        "cosmati.set_device('cuda')\n"
        "try:\n    scale[(1,)](*arrays(), 100, 2.0)\n"
        "except ValueError as error:\n    assert '`x` cannot be accessed' in str(error)\n"
        "else:\n    raise SystemExit('not refused')\n"
    )
    from pathlib import Path

    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], check=True)
