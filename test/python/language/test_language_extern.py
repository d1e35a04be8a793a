"""extern_elementwise with a user's bitcode library, and what libdevice gives as tuples."""

from __future__ import annotations

import math
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.errors import CompilationError
from cosmati.language.extra import libdevice
from language_support import libdevice_missing

LIBRARY = """
target triple = "nvptx64-nvidia-cuda"
define float @scaled_sum(float %a, float %b) {
  %s = fadd float %a, %b
  %r = fmul float %s, 3.0
  ret float %r
}
define i32 @popcount_of_both(i32 %a, i32 %b) noinline {
  %x = xor i32 %a, %b
  %n = call i32 @llvm.ctpop.i32(i32 %x)
  ret i32 %n
}
declare i32 @llvm.ctpop.i32(i32)
define i32 @count_call(ptr addrspace(1) %p) {
  %old = atomicrmw add ptr addrspace(1) %p, i32 1 monotonic
  ret i32 0
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> str:
    tool = shutil.which("llvm-as-22")
    if tool is None:
        pytest.skip("llvm-as-22, which makes the bitcode, is not installed")
    folder: Path = tmp_path_factory.mktemp("bitcode")
    (folder / "user.ll").write_text(LIBRARY)
    subprocess.run([tool, folder / "user.ll", "-o", folder / "user.bc"], check=True)
    return str(folder / "user.bc")


@tl.core.extern
def call_user(x, y, symbol, path, _semantic=None):
    symbol = symbol.value
    signatures = {
        (tl.float32, tl.float32): (symbol, tl.float32),
        (tl.int32, tl.int32): (symbol, tl.int32),
    }
    return tl.core.extern_elementwise(
        "user", path, [x, y], signatures, is_pure=True, _semantic=_semantic
    )


@tl.core.extern
def count_call(pointers, path, pure, _semantic=None):
    signatures = {(tl.pointer_type(tl.int32),): ("count_call", tl.int32)}
    return tl.core.extern_elementwise("user", path, [pointers], signatures, pure)


@cosmati.jit
def user_kernel(X, Y, out, SYMBOL: tl.constexpr, PATH: tl.constexpr, N: tl.constexpr):
    i = tl.arange(0, N)
    tl.store(out + i, call_user(tl.load(X + i), tl.load(Y + i), SYMBOL, PATH))


def test_functions_of_a_users_bitcode_are_linked(library):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal(200).astype(np.float32)[:128] for _ in range(2))
    out = np.zeros(128, np.float32)
    user_kernel[(1,)](x, y, out, "scaled_sum", library, 128)
    np.testing.assert_array_equal(out, (x + y) * np.float32(3))
    a, b = (rng.integers(0, 1 << 30, 128).astype(np.int32) for _ in range(2))
    counts = np.zeros(128, np.int32)
    kernel = user_kernel[(1,)](a, b, counts, "popcount_of_both", library, 128, num_warps=2)
    np.testing.assert_array_equal(counts, [bin(v).count("1") for v in a ^ b])
    assert "scaled_sum" not in kernel.asm["ptx"], "only what is called is linked"


@cosmati.jit
def impure_kernel(X, PATH: tl.constexpr, PURE: tl.constexpr):
    pointers = X + tl.arange(0, 32)
    for _ in range(2):
        count_call(pointers, PATH, PURE)


def test_a_changed_library_is_linked_anew(library, tmp_path):
    """Its content is in no key of the caches: what was linked is compared with the file."""
    tool, source, bitcode = shutil.which("llvm-as-22"), tmp_path / "l.ll", tmp_path / "l.bc"
    for factor in ("3.0", "5.0"):
        source.write_text(LIBRARY.replace("3.0", factor))
        subprocess.run([tool, source, "-o", bitcode], check=True)
        x, out = np.ones(128, np.float32), np.zeros(128, np.float32)
        user_kernel.device_caches.clear()
        user_kernel.clear()
        user_kernel[(1,)](x, x, out, "scaled_sum", str(bitcode), 128)
        assert (out == 2 * float(factor)).all()


def test_an_impure_function_is_called_each_time(library):
    x = np.zeros(32, np.int32)
    impure_kernel[(1,)](x, library, False, num_warps=1)
    assert (x == 2).all()


def test_a_missing_file_or_function_is_named_at_the_source_line(library, tmp_path):
    x = np.zeros(128, np.float32)
    absent = str(tmp_path / "absent.bc")
    with pytest.raises(CompilationError, match="absent.bc' of the library 'user' is no file"):
        user_kernel[(1,)](x, x, x, "scaled_sum", absent, 128)
    with pytest.raises(CompilationError, match="user.bc has no function scaled_product") as caught:
        user_kernel[(1,)](x, x, x, "scaled_product", library, 128)
    assert "call_user(tl.load(X + i)" in str(caught.value)
    (tmp_path / "text.bc").write_text("no bitcode")
    with pytest.raises(CompilationError, match="text.bc can't be read"):
        user_kernel[(1,)](x, x, x, "scaled_sum", str(tmp_path / "text.bc"), 128)
    with pytest.raises(CompilationError, match="give lib_path, the file of its bitcode"):
        user_kernel[(1,)](x, x, x, "scaled_sum", "", 128)


def test_types_without_a_signature_are_listed(library):
    x = np.zeros(128, np.float64)
    with pytest.raises(CompilationError, match=r"input arg type does not match: \(fp64, fp64\)"):
        user_kernel[(1,)](x, x, x, "scaled_sum", library, 128)


@cosmati.jit
def parts_kernel(X, A, B, NAME: tl.constexpr, N: tl.constexpr):
    i = tl.arange(0, N)
    a, b = getattr(libdevice, NAME)(tl.load(X + i))
    tl.store(A + i, a)
    tl.store(B + i, b)


@pytest.mark.skipif(libdevice_missing(), reason="libdevice was not found")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_with_two_results_give_tuples(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.array([0.0, -0.0, 1.0, -1.5, 3.75, 1e-30, tiny, 5 * tiny, np.finfo(dtype).max, 1e10,
                  np.inf, -np.inf, -0.7, 123.456, 2.0, 0.5], dtype)  # fmt: skip
    a, b = np.zeros_like(x), np.zeros_like(x)
    parts_kernel[(1,)](x, a, b, "modf", 16)
    fraction, whole = np.modf(x)
    np.testing.assert_array_equal(a.view(f"u{x.itemsize}"), fraction.view(f"u{x.itemsize}"))
    np.testing.assert_array_equal(b, whole)
    exponents = np.zeros(16, np.int32)
    parts_kernel[(1,)](x, a, exponents, "frexp", 16)
    mantissa, power = np.frexp(x)
    np.testing.assert_array_equal(a, mantissa)
    np.testing.assert_array_equal(exponents, np.where(np.isinf(x), 0, power))
    angles = np.linspace(-3, 3, 16).astype(dtype)
    parts_kernel[(1,)](angles, a, b, "sincos", 16)
    np.testing.assert_allclose(a, np.sin(angles), rtol=1e-6)
    np.testing.assert_allclose(b, np.cos(angles), rtol=1e-6)


@cosmati.jit
def remquo_kernel(X, Y, R, Q, N: tl.constexpr):
    i = tl.arange(0, N)
    r, q = libdevice.remquo(tl.load(X + i), tl.load(Y + i))
    tl.store(R + i, r)
    tl.store(Q + i, q)


@pytest.mark.skipif(libdevice_missing(), reason="libdevice was not found")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_remainders_come_with_the_last_bits_of_the_quotient(dtype):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(256) * 10.0 ** rng.integers(-3, 6, 256)).astype(dtype)
    y = (rng.standard_normal(256) * 10.0 ** rng.integers(-3, 3, 256)).astype(dtype)
    x[:4], y[:4] = [1.5, 2.5, -3.5, 7.5], 1.0
    r, q = np.zeros(256, dtype), np.zeros(256, np.int32)
    remquo_kernel[(1,)](x, y, r, q, 256)
    quotients = [
        round(Fraction(a) / Fraction(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(r, [math.remainder(a, b) for a, b in zip(x, y, strict=True)])
    assert q.tolist() == [(abs(k) % 8) * (1 if k > 0 else -1) for k in quotients]


def test_every_function_of_the_library_has_a_name():
    """But for those whose results or arguments lie behind pointers."""
    names = set(libdevice.__all__)
    assert {"fast_dividef", "fast_tanhf", "norm3d", "norm4d", "rcp64h", "rhypot", "rnorm3d",
            "rnorm4d", "rsqrt_rn", "half2float", "fmaf_ieee_rn", "sincospi"} <= names  # fmt: skip
    assert len(names) >= 205
