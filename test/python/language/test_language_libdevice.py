"""libdevice: every function by its Triton name, on each of its signatures.

Bounds are those of NVIDIA's "CUDA C++ Programming Guide", Mathematical Functions, with one ulp more
where the reference itself is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.language.extra import libdevice
from language_support import exact, libdevice_missing, map_blocks, np_type, ulps

pytestmark = pytest.mark.skipif(libdevice_missing(), reason="libdevice was not found")

NAMES = {"fp32": "float32", "fp64": "float64", "int16": "int16", "int32": "int32", "int64": "int64",
         "uint32": "uint32", "uint64": "uint64", "int1": "bool"}  # fmt: skip


@cosmati.jit
def call_kernel(x, y, z, w, out, n, NAME: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    mask = offs < n
    a = tl.load(x + offs, mask=mask)
    if y is None:
        result = getattr(libdevice, NAME)(a)
    elif z is None:
        result = getattr(libdevice, NAME)(a, tl.load(y + offs, mask=mask))
    elif w is None:
        b = tl.load(y + offs, mask=mask)
        result = getattr(libdevice, NAME)(a, b, tl.load(z + offs, mask=mask))
    else:
        b, c = tl.load(y + offs, mask=mask), tl.load(z + offs, mask=mask)
        result = getattr(libdevice, NAME)(a, b, c, tl.load(w + offs, mask=mask))
    tl.static_assert(result.dtype == out.dtype.element_ty)
    tl.store(out + offs, result, mask=mask)


def call(name: str, inputs: list[np.ndarray], result: str) -> np.ndarray:
    out = np.zeros(inputs[0].size, np_type(result))
    arrays = [*inputs, None, None, None][:4]
    call_kernel[(1,)](*arrays, out, out.size, NAME=name, BLOCK=256)
    return out


def elementwise(function: Callable[..., float]) -> Callable[..., np.ndarray]:
    """A function of Python's math module as one of arrays."""

    def apply(*arrays: np.ndarray) -> np.ndarray:
        rows = zip(*(a.tolist() for a in arrays), strict=True)
        return np.array([function(*map(float, row)) for row in rows], np.longdouble)

    return apply


def _sinpi(x: np.ndarray) -> np.ndarray:
    return np.sin(np.longdouble("3.14159265358979323846264338327950288") * x)


# name: reference, range of arguments, ulp in float32 and float64
ONE = {
    "acos": (np.arccos, (-1, 1), 2, 2), "acosh": (np.arccosh, (1, 1e6), 4, 3),
    "asin": (np.arcsin, (-1, 1), 3, 3), "asinh": (np.arcsinh, (-1e6, 1e6), 3, 3),
    "atan": (np.arctan, (-1e3, 1e3), 3, 3), "atanh": (np.arctanh, (-0.999, 0.999), 4, 3),
    "cbrt": (np.cbrt, (-1e6, 1e6), 1, 2), "ceil": (np.ceil, (-99, 99), 0, 0),
    "cos": (np.cos, (-99, 99), 2, 2), "cosh": (np.cosh, (-80, 80), 3, 2),
    "erf": (elementwise(math.erf), (-4, 4), 2, 3), "erfc": (elementwise(math.erfc), (-2, 5), 4, 6),
    "exp": (np.exp, (-80, 80), 2, 1), "exp10": (lambda x: 10 ** x, (-30, 30), 3, 2),
    "exp2": (np.exp2, (-99, 99), 2, 1), "expm1": (np.expm1, (-5, 80), 2, 2),
    "floor": (np.floor, (-99, 99), 0, 0), "lgamma": (elementwise(math.lgamma), (4, 99), 7, 5),
    "log": (np.log, (1e-3, 1e6), 1, 1), "log10": (np.log10, (1e-3, 1e6), 3, 2),
    "log1p": (np.log1p, (-0.9, 1e6), 2, 2), "log2": (np.log2, (1e-3, 1e6), 2, 2),
    "nearbyint": (np.rint, (-99, 99), 0, 0), "rint": (np.rint, (-99, 99), 0, 0),
    "rsqrt": (lambda x: 1 / np.sqrt(x), (1e-3, 1e6), 2, 2), "sin": (np.sin, (-99, 99), 2, 2),
    "sinh": (np.sinh, (-80, 80), 3, 3), "sinpi": (_sinpi, (-0.9, 0.9), 2, 2),
    "sqrt": (np.sqrt, (0, 1e6), 1, 0.5), "tan": (np.tan, (-99, 99), 4, 3),
    "tanh": (np.tanh, (-9, 9), 2, 2), "tgamma": (elementwise(math.gamma), (0.5, 20), 12, 11),
    "trunc": (np.trunc, (-99, 99), 0, 0), "rcbrt": (lambda x: 1 / np.cbrt(x), (1e-3, 1e6), 2, 2),
    "round": (lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x), (-99, 99), 0, 0),
}  # fmt: skip
TWO = {
    "atan2": (np.arctan2, (-9, 9), 3, 2), "copysign": (np.copysign, (-9, 9), 0, 0),
    "fdim": (lambda x, y: np.maximum(x - y, 0), (-9, 9), 0.5, 0.5),
    "fmod": (np.fmod, (-99, 99), 0, 0), "hypot": (np.hypot, (-99, 99), 3, 2),
    "pow": (np.power, (0.1, 9), 8, 2), "remainder": (elementwise(math.remainder), (-99, 99), 0, 0),
}  # fmt: skip


def _arguments(count: int, bounds: tuple[float, float], name: str) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(*bounds, 256).astype(name) for _ in range(count)]


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_functions_within_their_bounds(name):
    reference, bounds, single, double = ONE[name] if name in ONE else TWO[name]
    for dtype, allowed in (("float32", single), ("float64", double)):
        x = _arguments(1 if name in ONE else 2, bounds, dtype)
        got = call(name, x, dtype)
        assert ulps(got, reference(*map(exact, x)), dtype) <= allowed, dtype


INTEGER = {
    "abs": (lambda x: np.abs(x), "int32", "int32"),
    "popc": (lambda x: np.bitwise_count(x.view(np.uint32)).astype(np.int32), "int32", "int32"),
    "clz": (lambda x: np.array([32 - int(v).bit_length() if v >= 0 else 0 for v in x]), "int32",
            "int32"),
    "ffs": (lambda x: np.array([(int(v) & -int(v)).bit_length() for v in x]), "int32", "int32"),
    "brev": (lambda x: np.array([int(f"{int(v) % 2**32:032b}"[::-1], 2) for v in x], "u4"),
             "int32", "int32"),
    "llrint": (lambda x: np.rint(x), "float32", "int64"),
    "llround": (lambda x: np.floor(np.abs(x) + 0.5) * np.sign(x), "float64", "int64"),
    "isnan": (np.isnan, "float32", "bool"), "isinf": (np.isinf, "float64", "bool"),
    "signbit": (np.signbit, "float32", "bool"), "finitef": (np.isfinite, "float32", "bool"),
    "isfinited": (np.isfinite, "float64", "bool"),
    "float_as_int": (lambda x: x.view(np.int32), "float32", "int32"),
    "double2hiint": (lambda x: (x.view(np.int64) >> 32), "float64", "int32"),
    "float2int_rd": (np.floor, "float32", "int32"), "float2int_ru": (np.ceil, "float32", "int32"),
    "float2int_rz": (np.trunc, "float32", "int32"), "float2int_rn": (np.rint, "float32", "int32"),
}  # fmt: skip


@pytest.mark.parametrize("name", INTEGER)
def test_bits_and_predicates_are_exact(name):
    reference, source, result = INTEGER[name]
    rng = np.random.default_rng(1)
    if source.startswith("int"):
        x = rng.integers(-(2**31) + 1, 2**31, 256).astype(source)
        x[:3] = [0, 1, -1]
    else:
        x = (rng.standard_normal(256) * 100).astype(source)
        if result == "bool":
            x[:4] = [np.nan, np.inf, -np.inf, -0.0]
    got = call(name, [x], result)
    np.testing.assert_array_equal(got, reference(x).astype(np_type(result)))


def test_directed_rounding():
    rng = np.random.default_rng(2)
    x, y = (rng.standard_normal(256).astype(np.float32) for _ in range(2))
    for name, function in (("add", np.add), ("mul", np.multiply), ("div", np.divide)):
        wide = function(exact(x), exact(y))
        nearest = wide.astype(np.float32)
        below = np.where(exact(nearest) > wide, np.nextafter(nearest, np.float32(-np.inf)), nearest)
        above = np.where(exact(nearest) < wide, np.nextafter(nearest, np.float32(np.inf)), nearest)
        cut = np.where(wide < 0, above, below)
        for mode, expected in (("rn", nearest), ("rd", below), ("ru", above), ("rz", cut)):
            got = call(f"{name}_{mode}", [x, y], "float32")
            np.testing.assert_array_equal(got, expected, f"{name}_{mode}")


def _signatures() -> list[tuple[str, tuple[Any, ...], Any]]:
    return [
        (name, types, result)
        for name, table in sorted(libdevice._TABLES.items())
        for types, (_, result) in table.items()
    ]


@pytest.mark.parametrize("part", range(8))
def test_every_signature_compiles_and_runs(part):
    for name, types, result in _signatures()[part::8]:
        inputs = [np.full(8, 1, np_type(NAMES[str(ty)])) for ty in types]
        predicates = ("isinf", "isnan", "signbit", "finitef", "isfinited")
        out = "bool" if name in predicates else NAMES[str(result)]
        call(name, inputs, out)


@cosmati.jit
def with_numbers(x):
    return libdevice.pow(x, 2.0) + libdevice.max(x, 1.0)


def test_numbers_take_the_type_of_the_blocks():
    x = np.linspace(0, 2, 64).astype(np.float32)
    (got,) = map_blocks([with_numbers], [x], ["float32"])
    np.testing.assert_allclose(got, x * x + np.maximum(x, 1), rtol=1e-6)


@cosmati.jit
def wrong_types(x):
    return libdevice.pow(x, x)


def test_types_without_a_function_are_refused():
    with pytest.raises(cosmati.CompilationError, match="input arg type does not match"):
        map_blocks([wrong_types], [np.ones(8, np.float16)], ["float16"])
