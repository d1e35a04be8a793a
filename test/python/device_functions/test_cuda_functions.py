"""cosmati.cuda_function: CUDA C++ in kernels, against NumPy on the virtual machine."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest
from cosmati.runtime.session import toolchain

_core_types = {
    "float": np.float32, "double": np.float64, "signed char": np.int8, "unsigned char": np.uint8,
    "short": np.int16, "unsigned short": np.uint16, "int": np.int32, "unsigned": np.uint32,
    "long long": np.int64, "size_t": np.uint64, "__half": np.float16,
    "__nv_bfloat16": ml_dtypes.bfloat16, "bool": np.bool_,
}  # fmt: skip

collatz = cosmati.cuda_function(
    """
    // Steps of the Collatz sequence until 1; counted by a loop whose length differs by element.
    __device__ int collatz(long long n, int most) {
      int steps = 0;
      while (n > 1 && steps < most) {
        n = (n & 1) ? 3 * n + 1 : n / 2;
        ++steps;
      }
      return steps;
    }
    """,
    "collatz",
)
horner = cosmati.cuda_function(
    """
    __constant__ float coefficients[4] = {0.5f, -1.25f, 3.0f, 0.125f};
    static float step(float sum, float x, int i) { return sum * x + coefficients[i]; }
    float horner(float x) {
      float sum = 0;
      for (int i = 0; i < 4; ++i) sum = step(sum, x, i);
      return sum;
    }
    """,
    "horner",
    options=["--fmad=false"],
)
# A helper of the same name as the other function's, with another meaning.
other_step = cosmati.cuda_function(
    """
    __constant__ float coefficients[1] = {10.0f};
    float step(float x, int k) { return k > 2 ? x + coefficients[0] : -x; }
    float other(float x, int k) { return step(x, k); }
    """,
    "other",
)
swap_add = cosmati.cuda_function(
    "int swap_add(int *p, int i, int v) { int o = p[i]; p[i] = o + v; return o; }"
)
take = cosmati.cuda_function(
    "float take(const float *table, int i) { return table[i & 7]; }", pure=True
)
put = cosmati.cuda_function("void put(double *p, int i, double v) { p[i] = v; }")
counter = cosmati.cuda_function("unsigned answer() { return 42u; }")


@cosmati.jit
def collatz_kernel(n, out, most, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + offs, collatz(tl.load(n + offs), most))


@cosmati.jit
def two_kernel(x, k, out, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    block = tl.load(x + offs)
    tl.store(out + offs, horner(block) + other_step(block, tl.load(k + offs)))


@cosmati.jit
def broadcast_kernel(x, out, scale, M: tl.constexpr, N: tl.constexpr):
    rows, columns = tl.arange(0, M), tl.arange(0, N)
    v = other_step(tl.load(x + columns)[None, :], rows[:, None])
    s = other_step(scale, 7)
    tl.store(out + rows[:, None] * N + columns[None, :], v * s)


@cosmati.jit
def pointer_kernel(p, table, d, old, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(old + offs, swap_add(p, offs, offs * 2))
    put(d, offs, take(table, offs) + 0.5)


@cosmati.jit
def no_argument_kernel(out):
    tl.store(out, counter())


@cosmati.jit
def identity_kernel(x, out, FN: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(out + offs, FN(tl.load(x + offs)))


@cosmati.jit
def beyond_kernel(x, out, FN: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(out + offs, FN(x, offs * 2))


def _collatz(n: int, most: int) -> int:
    steps = 0
    while n > 1 and steps < most:
        n = 3 * n + 1 if n % 2 else n // 2
        steps += 1
    return steps


def _horner(x: np.ndarray) -> np.ndarray:
    total = np.zeros_like(x)
    for c in (0.5, -1.25, 3.0, 0.125):
        total = total * x + np.float32(c)
    return total


@pytest.mark.parametrize("warps", [1, 4])
def test_loops_and_branches_differ_by_element(warps):
    n = np.arange(1, 257, dtype=np.int64) * 7919
    out = np.zeros(256, np.int32)
    collatz_kernel[(2,)](n, out, 90, BLOCK=128, num_warps=warps)
    np.testing.assert_array_equal(out, [_collatz(int(v), 90) for v in n])


def test_two_functions_with_equal_names_inside():
    x = np.linspace(-3, 3, 128, dtype=np.float32)
    k = np.arange(128, dtype=np.int32) % 5
    out = np.zeros_like(x)
    two_kernel[(1,)](x, k, out, BLOCK=128)
    np.testing.assert_array_equal(out, _horner(x) + np.where(k > 2, x + np.float32(10), -x))


def test_arguments_are_broadcast_and_scalars_stay_scalar():
    x = np.arange(16, dtype=np.float32)
    out = np.zeros((8, 16), np.float32)
    broadcast_kernel[(1,)](x, out, 2.0, M=8, N=16)
    rows = np.arange(8)[:, None]
    np.testing.assert_array_equal(out, np.where(rows > 2, x + 10, -x) * np.float32(12))


def test_pointers_results_and_functions_that_return_nothing():
    p = np.arange(64, dtype=np.int32)
    table, d = np.arange(8, dtype=np.float32) * 3, np.zeros(64, np.float64)
    old = np.zeros(64, np.int32)
    pointer_kernel[(1,)](p, table, d, old, BLOCK=64, num_warps=2)
    np.testing.assert_array_equal(old, np.arange(64))
    np.testing.assert_array_equal(p, np.arange(64) * 3)
    np.testing.assert_array_equal(d, table[np.arange(64) % 8] + 0.5)


def test_a_function_without_arguments():
    out = np.zeros(1, np.uint32)
    no_argument_kernel[(1,)](out)
    assert out[0] == 42


@pytest.mark.parametrize("c_type", _core_types)
def test_each_type_is_passed_and_returned(c_type):
    kind = _core_types[c_type]
    expression = "!x" if c_type == "bool" else "x + x"
    function = cosmati.cuda_function(f"{c_type} f({c_type} x) {{ return {expression}; }}")
    x = np.arange(-32, 32).astype(kind)
    out = np.zeros_like(x)
    identity_kernel[(1,)](x, out, FN=function, BLOCK=64)
    np.testing.assert_array_equal(out, ~x if c_type == "bool" else (x + x).astype(kind))


def test_narrow_floats_of_8_bits():
    function = cosmati.cuda_function(
        "__nv_fp8_e4m3 f(__nv_fp8_e4m3 x) { return __nv_fp8_e4m3(float(x) * 2.0f); }"
    )
    x = np.linspace(-16, 16, 64).astype(ml_dtypes.float8_e4m3fn)
    out = np.zeros_like(x)
    identity_kernel[(1,)](x, out, FN=function, BLOCK=64)
    np.testing.assert_array_equal(
        out.astype(np.float32), (x.astype(np.float32) * 2).astype(x.dtype).astype(np.float32)
    )


def test_integers_become_floats_and_numbers_take_the_type():
    x = np.arange(64, dtype=np.int32)
    out = np.zeros(64, np.float32)
    identity_kernel[(1,)](x, out, FN=horner, BLOCK=64)
    np.testing.assert_array_equal(out, _horner(x.astype(np.float32)))


def test_types_may_be_given_instead_of_the_signature():
    source = "#define TWICE(x) (2 * (x))\ntemplate <class T> T twice(T x) { return TWICE(x); }"
    function = cosmati.cuda_function(source, "twice", result=tl.int32, args=[tl.int32])
    x = np.arange(64, dtype=np.int32)
    out = np.zeros_like(x)
    identity_kernel[(1,)](x, out, FN=function, BLOCK=64)
    np.testing.assert_array_equal(out, 2 * x)


def test_assertions_and_prints_of_the_function_work(capfd):
    import sys

    function = cosmati.cuda_function(
        'int f(int x) { if (x == 5) printf("five: %d\\n", x * 2); return x; }',
        "f", pure=False,
    )  # fmt: skip
    x = np.arange(64, dtype=np.int32)
    identity_kernel[(1,)](x, np.zeros_like(x), FN=function, BLOCK=64, num_warps=2)
    sys.stdout.flush()
    assert "five: 10" in capfd.readouterr().out


@pytest.mark.parametrize("target", ["sm_80", "sm_89", "sm_90a"])
def test_assemblers_take_the_kernel(target):
    # The virtual machine has run it; here the cubin is made for other GPUs, too.
    x = np.arange(64, dtype=np.float32)
    compiled = two_kernel.warmup(
        x, np.zeros(64, np.int32), np.zeros_like(x), BLOCK=64, grid=(1,), target=target
    )
    ptx = compiled.asm["ptx"]
    assert f".target {target}" in ptx
    assert ".extern .func" not in ptx
    assert ptx.count(".version") == 1
    assert ptx.index("_horner(") < ptx.index(".visible .entry")
    if toolchain().assembler_version() != "none":
        assert compiled.asm["cubin"][:4] == b"\x7fELF"


def test_what_a_function_does_not_need_is_left_out():
    function = cosmati.cuda_function(
        "float unused(float x) { return sinf(x); }\nfloat f(float x) { return x; }", "f"
    )
    ptx = function.ptx("sm_80")
    assert "unused" not in ptx and ptx.count(".func") == 1


def test_the_source_and_its_options_are_part_of_the_key():
    text = "float f(float x) { return x * x + x; }"
    keys = {
        cosmati.cuda_function(text).__cosmati_stable_text__,
        cosmati.cuda_function(text + " ").__cosmati_stable_text__,
        cosmati.cuda_function(text, options=["--fmad=false"]).__cosmati_stable_text__,
        cosmati.cuda_function(text, pure=False).__cosmati_stable_text__,
    }
    assert len(keys) == 4
    assert cosmati.cuda_function(text).__cosmati_stable_text__ in keys


def test_a_fault_inside_names_the_line_that_calls_the_function():
    function = cosmati.cuda_function("float f(const float *p, int i) { return p[i]; }")
    x = np.zeros(64, np.float32)
    with pytest.raises(cosmati.CosmatiError) as caught:
        beyond_kernel[(1,)](x, np.zeros_like(x), FN=function, BLOCK=64)
    assert "out-of-bounds" in str(caught.value)
    assert "tl.store(out + offs, FN(x, offs * 2))" in str(caught.value)
