"""How far a dot may be from the exact product: the bound of each precision and where it is from.

Every bound has the form ``|computed - exact| <= gamma * (|acc| + sum_k |a_k| |b_k|)``, elementwise.
gamma has two parts:

*Operands.* If each operand is replaced by one with relative error u, a product is off by at most
2 u + u^2. An operand that is split into parts loses the rest r of the last part and the products
of parts that are left out:

============  =========================================  =========================================
precision     parts                                      relative error of a product
============  =========================================  =========================================
native        the operand itself                         0
tf32          1 of 11 bits (``cvt.rna``: u = 2^-11)      2 u + u^2
tf32x3        2 of 11 bits: r <= u^2                     2 u^2 (rests) + u^2 (low x low)
bf16x3        2 of 8 bits: u = 2^-8, r <= u^2            2 u^2 (rests) + u^2 (low x low)
bf16x6        3 of 8 bits: r <= u^3                      2 u^3 (rests) + 2 u^3 (middle x low)
============  =========================================  =========================================

(second-order terms are covered by a factor of 1 + 2^-6). Rests below the smallest normal number of
the part's type are not bounded relatively; the tests' operands keep away from there.

*Sums.* n additions with unit roundoff v cost n v / (1 - n v). A dot over K has K additions for each
kept product of parts, if every product is added alone (as on FMA units); matrix instructions have
fewer. v is 2^-24, 2^-11 and 2^-53 for accumulators f32, f16 and f64. A tensor core of a GPU doesn't
round its sums but truncates them, which doubles v, and Hopper's fp8 sums keep about 14 bits
("DeepSeek-V3 Technical Report", 2024): v = 2^-13 for ``machine="gpu"``.
"""

from __future__ import annotations

import numpy as np

# Unit roundoff of rounding to nearest.
UNIT = {
    "float64": 2.0**-53, "float32": 2.0**-24, "tf32": 2.0**-11, "float16": 2.0**-11,
    "bfloat16": 2.0**-8, "float8e4nv": 2.0**-4, "float8e5": 2.0**-3,
}  # fmt: skip
FP8 = ("float8e4nv", "float8e5")
# Products of parts that are added up.
PRODUCTS = {"tf32x3": 3, "bf16x3": 3, "bf16x6": 6}


def operand_error(name: str, precision: str | None) -> float:
    """Relative error of one product that comes from how operands are fed to the hardware."""
    if name != "float32":
        return 0.0
    tf32, bf16 = UNIT["tf32"], UNIT["bfloat16"]
    first_order = {
        "ieee": 0.0, "tf32": 2 * tf32 + tf32**2, "tf32x3": 3 * tf32**2,
        "bf16x3": 3 * bf16**2, "bf16x6": 4 * bf16**3,
    }[precision or "tf32"]  # fmt: skip
    return first_order * (1 + 2.0**-6)


def sum_error(name: str, out: str, k: int, precision: str | None, machine: str = "vm") -> float:
    """Relative error of the sum of k products and an accumulator of type ``out``."""
    if out == "int32":
        return 0.0
    unit = UNIT[out]
    if machine == "gpu":
        unit = max(2 * unit, 2.0**-13 if name in FP8 else 0.0)
    products = PRODUCTS.get(precision or "", 1) if name == "float32" else 1
    additions = (k + 1) * products
    assert additions * unit < 0.5, "the bound says nothing for that many additions"
    return additions * unit / (1 - additions * unit)


def gamma(name: str, out: str, k: int, precision: str | None = None, machine: str = "vm") -> float:
    """The factor of the bound for operands of type ``name`` (the less precise one)."""
    return operand_error(name, precision) + sum_error(name, out, k, precision, machine)


def dot_bound(
    a: np.ndarray, b: np.ndarray, acc: np.ndarray | None, name: str, out: str,
    precision: str | None = None, machine: str = "vm",
) -> np.ndarray:  # fmt: skip
    """Elementwise bound for ``a @ b + acc`` ([..., M, K], [..., K, N]; values as float64)."""
    size = np.abs(a) @ np.abs(b)
    if acc is not None:
        size = size + np.abs(acc)
    return gamma(name, out, a.shape[-1], precision, machine) * size


def rounding_bound(exact: np.ndarray, name: str) -> np.ndarray:
    """What rounding a result to ``name`` adds: half a unit, or half of the smallest subnormal."""
    smallest = {
        "float16": 2.0**-24, "bfloat16": 2.0**-133, "float8e4nv": 2.0**-9, "float8e5": 2.0**-16,
        "float32": 2.0**-149, "float64": 2.0**-1074,
    }[name]  # fmt: skip
    return np.maximum(UNIT[name] * np.abs(exact), smallest / 2)
