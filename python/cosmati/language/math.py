"""Mathematical functions on each element.

Functions of one argument take float32 and float64 and give the same; other types are an error,
since the result's precision would be a guess: cast first. A NaN gives a NaN. Bounds of errors are
in units of the last place (ulp), over all arguments; float64 is within 2 ulp (tanh 3) in every
mode. "approx" stands for the option ``approx_math``, which is on unless a launch says
``approx_math=False``. With ``ftz=True`` float32 arguments and results below 2**-126 are 0.
"""

from __future__ import annotations

from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.tensor import member, operand, tensor


@builtin
def exp(x: Any) -> tensor:
    """e to the power of each element; float32 within 2 ulp, or 2 + abs(x) ulp where approx.

    Examples
    --------
    >>> evaluate("tl.exp(x)", x=np.array([0.0, -np.inf]))
    array([1., 0.])
    """
    return tensor(builder().exp(operand(x)))


@builtin
def exp2(x: Any) -> tensor:
    """2 to the power of each element; float32 within 2 ulp.

    Examples
    --------
    >>> evaluate("tl.exp2(x)", x=np.array([3.0, -1.0], np.float32))
    array([8. , 0.5], dtype=float32)
    """
    return tensor(builder().exp2(operand(x)))


@builtin
def log(x: Any) -> tensor:
    """Natural logarithm of each element; NaN below 0, -infinity at 0.

    float32: within 1.5 ulp; where approx, 2**-22 of absolute error near 1.

    Examples
    --------
    >>> evaluate("tl.log(x)", x=np.array([1.0, 0.0, -1.0, np.inf]))
    array([  0., -inf,  nan,  inf])
    """
    return tensor(builder().log(operand(x)))


@builtin
def log2(x: Any) -> tensor:
    """Logarithm to base 2 of each element; precision and special cases as in log().

    Examples
    --------
    >>> evaluate("tl.log2(x)", x=np.array([1.0, 4.0, 2.0, 0.25], np.float32))
    array([ 0.,  2.,  1., -2.], dtype=float32)
    """
    return tensor(builder().log2(operand(x)))


@builtin
def cos(x: Any) -> tensor:
    """Cosine of each element, in radians; float32 within 1.5 ulp at any size. NaN at infinity.

    Examples
    --------
    >>> evaluate("tl.cos(x)", x=np.zeros(2, np.float32))
    array([1., 1.], dtype=float32)
    """
    return tensor(builder().cos(operand(x)))


@builtin
def sin(x: Any) -> tensor:
    """Sine of each element, in radians; float32 within 1.5 ulp at any size. NaN at infinity.

    Examples
    --------
    >>> evaluate("tl.sin(x)", x=np.zeros(2, np.float32))
    array([0., 0.], dtype=float32)
    """
    return tensor(builder().sin(operand(x)))


@builtin
def sqrt(x: Any) -> tensor:
    """Square root; NaN below 0, -0 at -0. Rounded to nearest; float32 where approx within 1 ulp.

    Examples
    --------
    >>> evaluate("tl.sqrt(x)", x=np.array([4.0, -1.0], np.float32))
    array([ 2., nan], dtype=float32)
    """
    return tensor(builder().sqrt(operand(x)))


@builtin
def sqrt_rn(x: Any) -> tensor:
    """Square root rounded to nearest even, in every mode; float32 only. NaN below 0, -0 at -0.

    Examples
    --------
    >>> evaluate("tl.sqrt_rn(x)", x=np.array([4.0, 2.0], np.float32))
    array([2.       , 1.4142135], dtype=float32)
    """
    return tensor(builder().sqrt_rn(operand(x)))


@builtin
def rsqrt(x: Any) -> tensor:
    """1 / sqrt(x); float32 within 2 ulp. NaN below 0, infinities at 0 and -0.

    Examples
    --------
    >>> evaluate("tl.rsqrt(x)", x=np.array([1.0, 4.0, 16.0, 0.25], np.float32))
    array([1.  , 0.5 , 0.25, 2.  ], dtype=float32)
    """
    return tensor(builder().rsqrt(operand(x)))


@builtin
def erf(x: Any) -> tensor:
    """Error function of each element; float32 within 1.5 ulp.

    Examples
    --------
    >>> evaluate("tl.erf(x)", x=np.array([0.0, np.inf], np.float32))
    array([0., 1.], dtype=float32)
    """
    return tensor(builder().erf(operand(x)))


@builtin
def floor(x: Any) -> tensor:
    """Largest whole number that is not above each element, as a float; exact. -0 stays -0.

    Examples
    --------
    >>> evaluate("tl.floor(x)", x=np.array([1.0, 4.0, -2.0, 0.5], np.float32))
    array([ 1.,  4., -2.,  0.], dtype=float32)
    """
    return tensor(builder().floor(operand(x)))


@builtin
def ceil(x: Any) -> tensor:
    """Smallest whole number that is not below each element, as a float; exact.

    Examples
    --------
    >>> evaluate("tl.ceil(x)", x=np.array([1.0, 4.0, -2.0, 0.5], np.float32))
    array([ 1.,  4., -2.,  1.], dtype=float32)
    """
    return tensor(builder().ceil(operand(x)))


@builtin
def tanh(x: Any) -> tensor:
    """Hyperbolic tangent of each element; float32 within 2 ulp, float64 3.

    Examples
    --------
    >>> evaluate("tl.tanh(x)", x=np.array([0.0, np.inf], np.float32))
    array([0., 1.], dtype=float32)
    """
    return tensor(builder().tanh(operand(x)))


@builtin
def abs(x: Any) -> tensor:
    """Absolute value of numbers of any type, which it keeps; the least integer stays itself.

    Examples
    --------
    >>> evaluate("tl.abs(x)", x=np.array([3, -1, 4, 1], np.int32))
    array([3, 1, 4, 1], dtype=int32)
    """
    return tensor(builder().abs(operand(x)))


@builtin
def umulhi(x: Any, y: Any) -> tensor:
    """Upper half of the double-width product of 32-bit or 64-bit integers, taken as unsigned.

    Signed operands are taken by their bits, and give a signed type. Other widths are an error.

    Examples
    --------
    >>> evaluate("tl.umulhi(x, x)", x=np.array([1 << 20, 3 << 30], np.uint32))
    array([       256, 2415919104], dtype=uint32)
    """
    return tensor(builder().umulhi(operand(x), operand(y)))


@builtin
def fdiv(x: Any, y: Any, ieee_rounding: Any = False) -> tensor:
    """Quotient of floats, without widening 16 bits as ``/`` does; integers are an error.

    Precision as of ``/``: float32 within 2 ulp; nearest with ``ieee_rounding=True``, with
    ``approx_division=False``, and for 16-bit floats in any case. A Python number counts as float32.

    Examples
    --------
    >>> evaluate("tl.fdiv(x, 4.0)", x=np.array([1.0, 4.0, -2.0, 0.5], np.float32))
    array([ 0.25 ,  1.   , -0.5  ,  0.125], dtype=float32)
    """
    return tensor(builder().fdiv(operand(x), operand(y), bool(unwrap(ieee_rounding))))


@builtin
def div_rn(x: Any, y: Any) -> tensor:
    """float32 quotient rounded to nearest even in every mode; other types are an error.

    Examples
    --------
    >>> evaluate("tl.div_rn(x, 3.0)", x=np.array([1.0, 2.0], np.float32))
    array([0.33333334, 0.6666667 ], dtype=float32)
    """
    return tensor(builder().div_rn(operand(x), operand(y)))


@builtin
def fma(x: Any, y: Any, z: Any) -> tensor:
    """``x * y + z``, rounded once. Floats of 16 bits or more, promoted as for ``+``.

    A Python number counts as a float32 (or int32), so that a float16 block with 2.0 gives float32.

    Examples
    --------
    >>> evaluate("tl.fma(x, 2.0, 1.0)", x=np.array([1.0, 4.0, -2.0, 0.5], np.float32))
    array([ 3.,  9., -3.,  2.], dtype=float32)
    """
    return tensor(builder().fma(operand(x), operand(y), operand(z)))


for _function in (exp, exp2, log, log2, cos, sin, sqrt, sqrt_rn, rsqrt, abs, erf, floor, ceil):
    member(_function.__name__, _function)

__all__ = [
    "abs", "ceil", "cos", "div_rn", "erf", "exp", "exp2", "fdiv", "floor", "fma", "log", "log2",
    "rsqrt", "sin", "sqrt", "sqrt_rn", "tanh", "umulhi",
]  # fmt: skip
