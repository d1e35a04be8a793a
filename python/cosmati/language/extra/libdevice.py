"""CUDA's device function library, by the names that Triton gives its functions.

Each function takes blocks or scalars of the types that the library has it for, and gives a block of
the arguments' common shape. Precision and special cases: NVIDIA, "Libdevice User's Guide". The
library's file (``libdevice.10.bc``) is needed where a kernel that calls one is compiled.
"""

from __future__ import annotations

from typing import Any

from cosmati.language.compute import where
from cosmati.language.context import builtin
from cosmati.language.dtypes import (
    dtype,
    float32,
    float64,
    int1,
    int16,
    int32,
    int64,
    uint32,
    uint64,
)
from cosmati.language.extern import extern_elementwise
from cosmati.language.extra.libdevice_results import RESULTS
from cosmati.language.tensor import tensor, to_tensor
from cosmati.language.tuples import Tuple

Signatures = dict[tuple[dtype, ...], tuple[str, dtype]]
_TABLES: dict[str, Signatures] = {}


def _floats(names: str, arity: int, result: dtype | None = None) -> None:
    """Functions ``__nv_xf`` of float32 and ``__nv_x`` of float64."""
    for name in names.split():
        _TABLES[name] = {
            (float32,) * arity: (f"__nv_{name}f", result or float32),
            (float64,) * arity: (f"__nv_{name}", result or float64),
        }


def _one(name: str, symbol: str, result: dtype, *arguments: dtype) -> None:
    _TABLES.setdefault(name, {})[arguments] = (f"__nv_{symbol}", result)


_floats(
    "acos acosh asin asinh atan atanh cbrt ceil cos cosh cospi cyl_bessel_i0 cyl_bessel_i1 erf "
    "erfc erfcinv erfcx erfinv exp exp10 exp2 expm1 floor j0 j1 lgamma log log10 log1p log2 logb "
    "nearbyint normcdf normcdfinv rcbrt rint round rsqrt sin sinh sinpi sqrt tan tanh tgamma trunc "
    "y0 y1",
    1,
)
_floats("atan2 copysign fdim fmod hypot nextafter pow remainder rhypot", 2)
_floats("fma norm3d rnorm3d", 3)
_floats("norm4d rnorm4d", 4)
_floats("llrint llround", 1, int64)
_floats("ilogb", 1, int32)
for _name, _float, _double in (
    ("isinf", "isinff", "isinfd"), ("isnan", "isnanf", "isnand"),
    ("signbit", "signbitf", "signbitd"),
):  # fmt: skip
    _one(_name, _float, int32, float32)
    _one(_name, _double, int32, float64)
_one("finitef", "finitef", int32, float32)
_one("isfinited", "isfinited", int32, float64)

_one("abs", "abs", int32, int32)
_one("abs", "llabs", int64, int64)
_one("abs", "fabsf", float32, float32)
_one("abs", "fabs", float64, float64)
for _name in ("min", "max"):
    _one(_name, _name, int32, int32, int32)
    _one(_name, f"u{_name}", uint32, uint32, uint32)
    _one(_name, f"ll{_name}", int64, int64, int64)
    _one(_name, f"ull{_name}", uint64, uint64, uint64)
    _one(_name, f"f{_name}f", float32, float32, float32)
    _one(_name, f"f{_name}", float64, float64, float64)
_one("pow", "powif", float32, float32, int32)
_one("pow", "powi", float64, float64, int32)
for _name in ("ldexp", "scalbn"):
    _one(_name, f"{_name}f", float32, float32, int32)
    _one(_name, _name, float64, float64, int32)
for _name in ("jn", "yn"):
    _one(_name, f"{_name}f", float32, int32, float32)
    _one(_name, _name, float64, int32, float64)
for _arity, _names in ((1, "rcp sqrt"), (2, "add div mul sub")):
    for _name in _names.split():
        for _mode in ("rd", "rn", "ru", "rz"):
            _one(f"{_name}_{_mode}", f"f{_name}_{_mode}", float32, *(float32,) * _arity)
            _one(f"{_name}_{_mode}", f"d{_name}_{_mode}", float64, *(float64,) * _arity)
for _mode in ("rd", "rn", "ru", "rz"):
    _one(f"fma_{_mode}", f"fmaf_{_mode}", float32, float32, float32, float32)
    _one(f"fma_{_mode}", f"fma_{_mode}", float64, float64, float64, float64)
    _one(f"fmaf_ieee_{_mode}", f"fmaf_ieee_{_mode}", float32, float32, float32, float32)
    for _from, _to, _source, _result in (
        ("float", "int", float32, int32), ("float", "uint", float32, uint32),
        ("float", "ll", float32, int64), ("float", "ull", float32, uint64),
        ("double", "int", float64, int32), ("double", "uint", float64, uint32),
        ("double", "ll", float64, int64), ("double", "ull", float64, uint64),
        ("double", "float", float64, float32), ("int", "float", int32, float32),
        ("uint", "float", uint32, float32), ("ll", "float", int64, float32),
        ("ull", "float", uint64, float32), ("ll", "double", int64, float64),
        ("ull", "double", uint64, float64),
    ):  # fmt: skip
        _one(f"{_from}2{_to}_{_mode}", f"{_from}2{_to}_{_mode}", _result, _source)
_one("int2double_rn", "int2double_rn", float64, int32)
_one("uint2double_rn", "uint2double_rn", float64, uint32)
for _name in ("cosf", "exp10f", "expf", "log10f", "log2f", "logf", "sinf", "tanf", "tanhf"):
    _one(f"fast_{_name}", f"fast_{_name}", float32, float32)
for _name in ("fdividef", "powf"):
    _one(f"fast_{_name}", f"fast_{_name}", float32, float32, float32)
_one("fast_dividef", "fast_fdividef", float32, float32, float32)
_one("rcp64h", "rcp64h", float64, float64)
_one("rsqrt_rn", "frsqrt_rn", float32, float32)
_one("half2float", "half2float", float32, int16)
_one("float2half_rn", "float2half_rn", int16, float32)
_one("saturatef", "saturatef", float32, float32)
_one("float_as_int", "float_as_int", int32, float32)
_one("float_as_uint", "float_as_uint", uint32, float32)
_one("int_as_float", "int_as_float", float32, int32)
_one("uint_as_float", "uint_as_float", float32, uint32)
_one("double_as_longlong", "double_as_longlong", int64, float64)
_one("longlong_as_double", "longlong_as_double", float64, int64)
_one("double2hiint", "double2hiint", int32, float64)
_one("double2loint", "double2loint", int32, float64)
_one("hiloint2double", "hiloint2double", float64, int32, int32)
_one("brev", "brev", int32, int32)
_one("brev", "brevll", int64, int64)
for _name in ("clz", "ffs", "popc"):
    _one(_name, _name, int32, int32)
    _one(_name, f"{_name}ll", int32, int64)
_one("byte_perm", "byte_perm", int32, int32, int32, int32)
for _name in ("hadd", "rhadd", "mul24", "mulhi"):
    _one(_name, _name, int32, int32, int32)
    _one(_name, f"u{_name}", uint32, uint32, uint32)
_one("mulhi", "mul64hi", int64, int64, int64)
_one("mulhi", "umul64hi", uint64, uint64, uint64)
_one("sad", "sad", int32, int32, int32, uint32)
_one("sad", "usad", uint32, uint32, uint32, uint32)

_LONG_NAMES = {float64: "float64"}

# Functions that answer yes or no give int1, as in Triton.
_PREDICATES = {"isinf", "isnan", "signbit", "finitef", "isfinited"}


def _make(name: str, table: Signatures) -> Any:
    def function(*arguments: Any) -> tensor:
        expected = len(next(iter(table)))
        if len(arguments) != expected:
            raise TypeError(f"libdevice.{name} takes {expected} arguments, got {len(arguments)}")
        result = extern_elementwise("libdevice", "", arguments, table, True)
        return result.to(int1) if name in _PREDICATES else result

    function.__name__ = function.__qualname__ = name
    types = "; ".join("(" + ", ".join(map(str, key)) + f") -> {to[1]}" for key, to in table.items())
    first = next(iter(table))
    example = f"tl.extra.libdevice.{name}({', '.join(_argument(name, first))})"
    function.__doc__ = (
        f"``__nv_{name}`` on each element: {types}.\n\nExamples\n--------\n"
        f">>> evaluate({example!r})\n{RESULTS.get(name, '')}\n"
    )
    return builtin(function)


def _argument(name: str, types: tuple[dtype, ...]) -> list[str]:
    """Arguments of the example in a function's docstring."""
    reals, wholes = iter((1.5 if name == "acosh" else 0.5, 0.25, 2.0, 4.0)), iter((6, 3, 5))
    texts = []
    for item in types:
        value = str(next(reals) if item.is_floating() else next(wholes))
        plain = item in (float32, int32)
        texts.append(value if plain else f"tl.cast({value}, tl.{_LONG_NAMES.get(item, item)})")
    return texts


for _name, _table in _TABLES.items():
    globals()[_name] = _make(_name, _table)


# Functions of the library with results behind pointers, as tuples.


def _pair(name: str, first: str, second: str) -> Any:
    def function(arg0: Any) -> Tuple:
        return Tuple([globals()[first](arg0), globals()[second](arg0)])

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"``({first}(x), {second}(x))``.\n\nExamples\n--------\n"
        f">>> evaluate('tl.extra.libdevice.{name}(0.0)')\n"
        f"(np.float32(0.0), np.float32(1.0))\n"
    )
    return builtin(function)


sincos = _pair("sincos", "sin", "cos")
fast_sincosf = _pair("fast_sincosf", "fast_sinf", "fast_cosf")
sincospi = _pair("sincospi", "sinpi", "cospi")


def modf(arg0: Any) -> Tuple:
    """(fraction, integer part), both with the sign of ``arg0``; infinity has the fraction 0.

    Examples
    --------
    >>> evaluate("tl.extra.libdevice.modf(2.75)")
    (np.float32(0.75), np.float32(2.0))
    """
    whole = globals()["trunc"](arg0)
    infinite = whole.__eq__(arg0)
    fraction = where(infinite, 0.0, to_tensor(arg0).__sub__(whole))
    return Tuple([globals()["copysign"](fraction, arg0), whole])


def frexp(arg0: Any) -> Tuple:
    """(m, e) with ``arg0 == m * 2**e`` and ``0.5 <= abs(m) < 1``; e is 0 for 0, inf and NaN.

    Examples
    --------
    >>> evaluate("tl.extra.libdevice.frexp(6.0)")
    (np.float32(0.75), np.int32(3))
    """
    x = to_tensor(arg0)
    finite = globals()["abs"](x).__lt__(float("inf"))
    ordinary = finite.__and__(x.__ne__(0.0))
    exponent = where(ordinary, globals()["ilogb"](x).__add__(1), 0)
    # In two steps: half of the exponent of a subnormal number is within range, the whole is not.
    half = exponent.__rshift__(1)
    scaled = globals()["ldexp"](globals()["ldexp"](x, half.__neg__()), half.__sub__(exponent))
    return Tuple([where(ordinary, scaled, x), exponent])


def remquo(arg0: Any, arg1: Any) -> Tuple:
    """(remainder, q): as ``remainder``, and the last three bits of the rounded quotient, signed.

    q is int32, and 0 where the remainder is NaN.

    Examples
    --------
    >>> evaluate("tl.extra.libdevice.remquo(7.0, 4.0)")
    (np.float32(-1.0), np.int32(2))
    """
    x, y = to_tensor(arg0), to_tensor(arg1)
    rest = globals()["remainder"](x, y)
    size, step = globals()["abs"](x), globals()["abs"](y)
    # What 8 steps leave has the same last bits. It differs from a multiple of the step by its own
    # remainder, and both are exact, so the division is off by less than half.
    small = globals()["fmod"](size, step.__mul__(8.0))
    whole = small.__sub__(globals()["remainder"](small, step)).__truediv__(step)
    known = rest.__eq__(rest)
    count = globals()["rint"](where(known, whole, 0.0)).to(int32).__and__(7)
    negative = x.__lt__(0.0).__xor__(y.__lt__(0.0))
    return Tuple([rest, where(negative, count.__neg__(), count)])


modf, frexp, remquo = builtin(modf), builtin(frexp), builtin(remquo)

__all__ = sorted([*_TABLES, "fast_sincosf", "frexp", "modf", "remquo", "sincos", "sincospi"])  # noqa: PLE0605
