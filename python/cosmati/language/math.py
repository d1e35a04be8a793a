"""Mathematical functions on each element.

Functions of one argument take float32 and float64; other types are an error, since the result's
precision would be a guess: cast first.
"""

from __future__ import annotations

from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.tensor import member, operand, tensor


@builtin
def exp(x: Any) -> tensor:
    """e to the power of each element (float32: through ``ex2.approx``)."""
    return tensor(builder().exp(operand(x)))


@builtin
def exp2(x: Any) -> tensor:
    """2 to the power of each element."""
    return tensor(builder().exp2(operand(x)))


@builtin
def log(x: Any) -> tensor:
    """Natural logarithm of each element; NaN below 0, -infinity at 0."""
    return tensor(builder().log(operand(x)))


@builtin
def log2(x: Any) -> tensor:
    """Logarithm to base 2 of each element."""
    return tensor(builder().log2(operand(x)))


@builtin
def cos(x: Any) -> tensor:
    """Cosine of each element, in radians."""
    return tensor(builder().cos(operand(x)))


@builtin
def sin(x: Any) -> tensor:
    """Sine of each element, in radians."""
    return tensor(builder().sin(operand(x)))


@builtin
def sqrt(x: Any) -> tensor:
    """Square root, at the precision of the numeric mode; NaN below 0."""
    return tensor(builder().sqrt(operand(x)))


@builtin
def sqrt_rn(x: Any) -> tensor:
    """Square root rounded to nearest even; float32."""
    return tensor(builder().sqrt_rn(operand(x)))


@builtin
def rsqrt(x: Any) -> tensor:
    """1 / sqrt(x), at the precision of the numeric mode."""
    return tensor(builder().rsqrt(operand(x)))


@builtin
def erf(x: Any) -> tensor:
    """Error function of each element."""
    return tensor(builder().erf(operand(x)))


@builtin
def floor(x: Any) -> tensor:
    """Largest whole number that is not above each element."""
    return tensor(builder().floor(operand(x)))


@builtin
def ceil(x: Any) -> tensor:
    """Smallest whole number that is not below each element."""
    return tensor(builder().ceil(operand(x)))


@builtin
def tanh(x: Any) -> tensor:
    """Hyperbolic tangent of each element."""
    return tensor(builder().tanh(operand(x)))


@builtin
def abs(x: Any) -> tensor:
    """Absolute value of numbers of any type; the most negative integer stays itself."""
    return tensor(builder().abs(operand(x)))


@builtin
def umulhi(x: Any, y: Any) -> tensor:
    """Upper half of the double-width product of 32-bit or 64-bit integers, taken as unsigned."""
    return tensor(builder().umulhi(operand(x), operand(y)))


@builtin
def fdiv(x: Any, y: Any, ieee_rounding: Any = False) -> tensor:
    """Quotient of floats in their own type; ``ieee_rounding`` demands the nearest result."""
    return tensor(builder().fdiv(operand(x), operand(y), bool(unwrap(ieee_rounding))))


@builtin
def div_rn(x: Any, y: Any) -> tensor:
    """float32 quotient rounded to nearest even."""
    return tensor(builder().div_rn(operand(x), operand(y)))


@builtin
def fma(x: Any, y: Any, z: Any) -> tensor:
    """``x * y + z``, rounded once."""
    return tensor(builder().fma(operand(x), operand(y), operand(z)))


for _function in (exp, exp2, log, log2, cos, sin, sqrt, sqrt_rn, rsqrt, abs, erf, floor, ceil):
    member(_function.__name__, _function)

__all__ = [
    "abs", "ceil", "cos", "div_rn", "erf", "exp", "exp2", "fdiv", "floor", "fma", "log", "log2",
    "rsqrt", "sin", "sqrt", "sqrt_rn", "tanh", "umulhi",
]  # fmt: skip
