"""Calls, builtins of Python, constexpr, and what jit functions tell about themselves."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import threading
from types import ModuleType

import cosmati
import cosmati.language as tl
import numpy as np
import pytest

WIDTH: tl.constexpr = 4
HEIGHT = tl.constexpr(6)
PLAIN = 5


class Mode(enum.Enum):
    FAST = 1
    EXACT = 2


@dataclasses.dataclass(frozen=True)
class Settings:
    block: int
    mode: Mode = Mode.FAST

    def doubled(self):
        return self.block * 2


def run(kernel, *args, size=16, dtype=np.int32, **meta):
    out = np.zeros(size, dtype)
    kernel[(1,)](out, *args, **meta)
    return out.tolist()


@cosmati.jit
def helper(a, b=3, *, c: tl.constexpr = 2, d=None):
    if d is not None:
        a += d
    return a * 100 + b * 10 + c


@cosmati.jit
def compose(f, g: tl.constexpr, x):
    return f(g(x))


@cosmati.jit
def double(x):
    return x * 2


@cosmati.jit
def increment(x, by=1):
    return x + by


@cosmati.constexpr_function
def half(n):
    return n // 2


@cosmati.constexpr_function
def pair(n):
    return n, n + 1


@cosmati.jit
def calls(out, n, F: tl.constexpr, N: tl.constexpr):
    tl.store(out, helper(n))
    tl.store(out + 1, helper(b=n, a=1, c=N))
    tl.store(out + 2, helper(n, d=n))
    tl.store(out + 3, compose(double, increment, n))
    tl.store(out + 4, F(n))
    tl.store(out + 5, half(N) + half(n=8))
    a, b = pair(N)
    tl.store(out + 6, a + b)
    chosen = double if N > 3 else increment
    tl.store(out + 7, chosen(n))
    tl.store(out + 8, (double, increment)[1](n))
    tl.store(out + 9, cosmati.cdiv(n, 2) + cosmati.next_power_of_2(N + 1))
    tl.store(out + 10, WIDTH * 10 + HEIGHT)
    tl.store(out + 11, tl.cdiv(n, N))


@pytest.mark.parametrize("function, expected", [(double, 14), (increment, 8)])
def test_calls(function, expected):
    got = run(calls, 7, F=function, N=4)
    assert got[:12] == [732, 174, 1432, 16, expected, 6, 9, 14, 8, 12, 46, 2]


@cosmati.jit
def python_builtins(out, n, x, MODE: tl.constexpr, S: tl.constexpr, T: tl.constexpr):
    t = (n, 2, 3)
    tl.store(out, len(t) + len("text") + len(tl.arange(0, 4).shape))
    tl.store(out + 1, max(n, 3) + min(n, 3, 1))
    tl.store(out + 2, max(4, 9) + min((4, 9)))
    tl.static_assert(isinstance(n, tl.tensor) and not isinstance(n, tl.constexpr))
    tl.static_assert(isinstance(T, int) and isinstance(T, (float, int)) and isinstance(t, tuple))
    tl.static_assert(isinstance(tl.float32, tl.dtype) and isinstance(MODE, Mode))
    tl.static_assert(hasattr(n, "dtype") and not hasattr(n, "width"))
    tl.static_assert(getattr(tl, "float16") == tl.float16 and getattr(n, "width", 3) == 3)  # noqa: B009
    tl.store(out + 3, getattr(tl, "maximum")(n, 100))  # noqa: B009
    tl.store(out + 4, float(T) * 2 + int("7"))
    tl.store(out + 5, int(x) + int(2.9) + float(n))
    tl.store(out + 6, bool(n).to(tl.int32) + bool(0))
    tl.store(out + 7, list(t)[1] + tuple([4, 5])[1])  # noqa: C409
    tl.store(out + 8, S.block + S.doubled() + (S.mode is Mode.FAST))
    if MODE is Mode.EXACT:
        tl.store(out + 9, 1)
    tl.store(out + 10, math.ceil(math.log2(T)))
    tl.static_assert(f"{T:>3}|{T!r}|{MODE.name}" == " 10|10|EXACT")
    tl.static_assert("EX" in MODE.name and T in (10, 11) and T not in (1,))
    tl.static_assert(n.dtype is tl.int32 and n.dtype == tl.int32 and T is not None)
    tl.static_print(f"T = {T}", T)
    print("n =", n)


def test_builtins_of_python(capfd):
    got = run(python_builtins, 7, 2.5, MODE=Mode.EXACT, S=Settings(16), T=10)
    assert got[:11] == [8, 8, 13, 100, 27, 2 + 2 + 7, 1, 7, 49, 1, 4]
    assert "T = 10" in capfd.readouterr().out


@cosmati.jit
def operators_of_constexpr(out, A: tl.constexpr, B: tl.constexpr):
    tl.static_assert(A + B == 10 and A - B == 4 and A * B == 21 and A // B == 2 and A % B == 1)
    tl.static_assert(A / B == 7 / 3 and A**B == 343 and -A == -7 and +A == 7 and ~A == -8)
    tl.static_assert(A << B == 56 and A >> 1 == 3 and A & B == 3 and A | B == 7 and A ^ B == 4)
    tl.static_assert(A > B and A >= B and B < A and B <= A and A != B and not (A == B))
    tl.static_assert(-7 // tl.constexpr(2) == -4 and -7 % tl.constexpr(2) == 1)
    tl.static_assert(A.value == 7 and (A if A > 3 else B) == 7 and (A and B) == 3 and (0 or B) == 3)
    tl.static_assert((-A) // 2 == -4 and 2**B == 8)
    tl.store(out, A * tl.program_id(0) + B)


def test_operators_of_constexpr():
    assert run(operators_of_constexpr, A=7, B=3)[0] == 3
    text = tl.constexpr("abc")
    assert list(text) == ["a", "b", "c"] and text[1] == "b" and text[1:] == "bc" and len(text) == 3
    assert tl.constexpr(max)(3, 5) == 5 and "b" in text and not tl.constexpr(0)
    assert [10, 20][tl.constexpr(1)] == 20 and list(range(tl.constexpr(3))) == [0, 1, 2]
    assert float(tl.constexpr(3)) == 3.0 and f"{tl.constexpr(3):04d}" == "0003"
    assert tl.constexpr(tl.constexpr(3)).value == 3 and hash(tl.constexpr(3)) == hash(3)


@cosmati.jit
def short_circuits(out, x, p, FLAG: tl.constexpr):
    tl.static_assert(not (FLAG and n_undefined))  # noqa: F821 (never looked at)
    tl.static_assert(p is None or p.dtype.element_ty == tl.int32)
    if p is not None and FLAG:
        tl.store(out, 1)
    tl.static_assert((True and x).dtype == tl.int64)  # a constant that doesn't decide drops out
    tl.static_assert((x and x).dtype == tl.int1)
    both = x > 3 and x < 9 or x == 100
    tl.store(out + 1, both.to(tl.int32))
    tl.store(out + 2, (not x).to(tl.int32))


def test_and_or_not():
    for x, expected in ((2**40, 0), (-(2**40), 0)):
        assert run(short_circuits, x, None, FLAG=False)[:3] == [0, expected, 0]


@cosmati.jit
def reads_plain(out):
    tl.store(out, PLAIN)


@cosmati.jit
def calls_plain(out):
    tl.store(out, run(1))


@cosmati.jit
def undefined(out):
    tl.store(out, nowhere)  # noqa: F821


@cosmati.jit
def missing_argument(out):
    tl.store(out, helper())


@cosmati.jit
def unknown_argument(out):
    tl.store(out, helper(1, width=3))


@cosmati.jit
def too_many_arguments(out):
    tl.store(out, helper(1, 2, 3))


@cosmati.jit
def twice_given(out):
    tl.store(out, helper(1, a=2))


@cosmati.jit
def returns_value(out):
    return 3


@cosmati.jit
def no_attribute(out):
    tl.store(out, tl.arange(0, 4).width)


@cosmati.jit
def not_callable(out):
    out(3)


@pytest.mark.parametrize(
    "kernel, message",
    [
        (reads_plain, "Cannot access global variable `PLAIN` .*tl.constexpr"),
        (calls_plain, "Cannot call the Python function `run` in a kernel; decorate"),
        (undefined, "`nowhere` is not defined"),
        (missing_argument, r"helper\(\) is missing the argument `a`"),
        (unknown_argument, r"helper\(\) got an unexpected argument `width`"),
        (too_many_arguments, r"helper\(\) takes 2 positional arguments but 3 were given"),
        (twice_given, r"helper\(\) got multiple values for argument `a`"),
        (returns_value, "a kernel returns nothing"),
        (no_attribute, "has no attribute `width`"),
        (not_callable, "can't be called"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_errors_of_calls(kernel, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        kernel.warmup(tl.int32)


# What jit functions tell about themselves.


@cosmati.jit(
    repr=lambda spec: f"scaled-{spec.constants['N']}_{spec.signature['x']}",
    do_not_specialize=["n"], do_not_specialize_on_alignment=[2], debug=True, version=2,
    launch_metadata=lambda grid, kernel, args: {"name": kernel.name},
)  # fmt: skip
def described(out, n, x, y: tl.int64, z: "*fp32" = None, N: tl.constexpr = 8):  # noqa: F722
    tl.store(out, n + N)


def test_attributes_of_jit_functions():
    f = described
    assert f.arg_names == ["out", "n", "x", "y", "z", "N"] and f.constexprs == [5]
    assert [p.num for p in f.params] == list(range(6)) and f.params[1].name == "n"
    assert f.params[1].do_not_specialize and not f.params[0].do_not_specialize
    assert f.params[2].do_not_specialize_on_alignment
    assert f.params[3].annotation == "i64" == f.params[3].annotation_type
    assert f.params[4].annotation == "*fp32" and f.params[4].default is None
    assert f.params[5].is_constexpr and f.params[5].has_default and f.params[5].default == 8
    assert f.debug is True and f.version == 2 and f.noinline is False
    assert f.__name__ == "described" and f.fn.__name__ == "described" and f.module == __name__
    assert f.src.startswith("def described(out, n") and isinstance(f.__globals__, dict)
    assert len(f.cache_key) == 64 and f.parse().body[0].name == "described"
    assert isinstance(f, cosmati.JITFunction) and cosmati.jit(f) is f
    json.dumps(f.cache_key)
    with pytest.raises(RuntimeError, match="Cannot call @cosmati.jit'd outside of the scope"):
        f(1, 2)
    with pytest.raises(TypeError, match="takes a Python function, not int"):
        cosmati.jit(3)


def test_repr_names_the_kernel():
    out = np.zeros(1, np.int32)
    compiled = described[(1,)](out, 3, 5, 7, N=4)
    assert compiled.name == "scaled_4_i32" and ".entry scaled_4_i32(" in compiled.asm["ptx"]
    assert described[(1,)](out, 3, 2.5, 7, N=4).name == "scaled_4_fp32"


def test_device_caches_hold_the_variants():
    @cosmati.jit
    def kernel(out, n):
        tl.store(out, n)

    out = np.zeros(1, np.int32)
    first = kernel[(1,)](out, 3)
    kernel[(1,)](out, 16)
    (caches,) = kernel.device_caches.values()
    assert first in caches[0].values() and len(caches[0]) == 2
    caches[0].clear()
    assert kernel[(1,)](out, 3) is not first and len(caches[0]) == 1


def test_used_global_values():
    @cosmati.jit
    def kernel(out):
        tl.store(out, WIDTH + HEIGHT)

    names = {name for name, _ in kernel.used_global_vals}
    assert {"WIDTH", "HEIGHT"} <= names


def test_replaced_source():
    @cosmati.jit
    def kernel(out, n):
        tl.store(out, n)

    assert run(kernel, 3)[0] == 3
    kernel._unsafe_update_src(kernel.src.replace("tl.store(out, n)", "tl.store(out, n * 5)"))
    assert run(kernel, 3)[0] == 15
    assert "n * 5" in kernel.src
    with pytest.raises(ValueError, match="is no function definition"):
        kernel._unsafe_update_src("x = 3")


def test_functions_without_a_file():
    namespace = {"tl": tl, "__name__": "made"}
    exec("def made(out):\n    tl.store(out, 1)\n", namespace)
    with pytest.raises(ValueError, match="@jit functions should be defined in a Python file"):
        cosmati.jit(namespace["made"]).warmup(tl.int32)


class Kernels:
    @cosmati.jit
    def method(out, n):
        tl.store(out, n)

    @staticmethod
    @cosmati.jit
    def static(out, n):
        tl.store(out, n + 1)


def test_kernels_in_classes_and_closures():
    assert run(Kernels.method, 3)[0] == 3 and run(Kernels.static, 3)[0] == 4
    assert run(Kernels().static, 3)[0] == 4
    scale = tl.constexpr(7)

    @cosmati.jit
    def inner(x):
        return x * scale

    @cosmati.jit
    def outer(out, n):
        tl.store(out, inner(n))

    assert run(outer, 3)[0] == 21


def test_mock_tensors():
    mock = cosmati.MockTensor(np.dtype(np.float16), (4, 8))
    assert mock.stride() == (8, 1) and mock.data_ptr() == 0

    @cosmati.jit
    def kernel(x, out):
        tl.static_assert(x.dtype.element_ty == tl.float16)
        tl.store(out, tl.load(x))

    kernel.warmup(mock, cosmati.MockTensor(np.dtype(np.float32)), grid=(1,))


def test_unions_of_the_interface():
    class Launches(cosmati.KernelInterface):
        def run(self, *args, grid, warmup, **kwargs):
            return grid, warmup, args, kwargs

    assert Launches()[(4,)](1, n=2) == ((4,), False, (1,), {"n": 2})
    assert Launches().warmup(1, grid=(2,)) == ((2,), True, (1,), {})
    assert isinstance(tl, ModuleType)


def test_frozen_dataclasses_are_constants():
    @dataclasses.dataclass
    class Loose:
        x: int = 3

    @cosmati.jit
    def kernel(out, S: tl.constexpr):
        tl.store(out, S.x)

    with pytest.raises(TypeError, match=r"@dataclass\(frozen=True\)"):
        run(kernel, S=Loose())


def test_kernels_compile_in_threads():
    @cosmati.jit
    def kernel(out, n, N: tl.constexpr):
        tl.store(out, n + N)

    results: dict[int, list[int]] = {}

    def work(i: int) -> None:
        results[i] = run(kernel, 2, N=i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[i][0] for i in range(4)] == [2, 3, 4, 5]
