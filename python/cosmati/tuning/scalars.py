"""Integer instructions of PTX on known values: enough to follow loop counters and branches."""

from __future__ import annotations

from collections.abc import Callable

Value = int | None
"""A register's bits as an unsigned number; None: not known."""

_BINARY: dict[str, Callable[[int, int], int | None]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "min": min,
    "max": max,
    "div": lambda a, b: (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1) if b else None,
    "rem": lambda a, b: (abs(a) % abs(b)) * (-1 if a < 0 else 1) if b else None,
}
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lo": lambda a, b: a < b,
    "ls": lambda a, b: a <= b,
    "hi": lambda a, b: a > b,
    "hs": lambda a, b: a >= b,
}
KINDS = {"mov", "add", "sub", "and", "or", "xor", "not", "neg", "abs", "min", "max", "div", "rem",
         "mul", "mad", "shl", "shr", "setp", "selp", "cvt", "cvta"}  # fmt: skip
"""Instructions that compute() knows for integers."""


def _type_of(part: str) -> tuple[int, bool] | None:
    """(bits, signed) of a type's name; None for types that aren't integers."""
    if part == "pred":
        return 1, False
    if part[:1] in ("s", "u", "b") and part[1:] in ("8", "16", "32", "64"):
        return int(part[1:]), part[0] == "s"
    return None


def as_number(value: int, bits: int, signed: bool) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def compute(parts: list[str], given: list[Value]) -> Value:
    """The result of an instruction, by the parts of its opcode; None where it isn't known."""
    kind = parts[0]
    found = [_type_of(part) for part in parts[1:]]
    types = [item for item in found if item is not None]
    if not types or kind not in KINDS:
        return None
    if kind == "selp":
        return _select(given)
    if any(value is None for value in given):
        return None
    bits, signed = types[-1] if kind != "cvt" else types[0]
    read = types[-1]
    numbers = [as_number(value, *read) for value in given if value is not None]
    result = _apply(kind, parts, numbers, bits)
    if result is None:
        return None
    width = 2 * bits if kind in ("mul", "mad") and "wide" in parts else bits
    return int(result) & ((1 << width) - 1)


def _select(given: list[Value]) -> Value:
    if len(given) != 3 or given[2] is None:
        return given[0] if len(given) == 3 and given[0] == given[1] else None
    return given[0] if given[2] else given[1]


def _apply(kind: str, parts: list[str], n: list[int], bits: int) -> Value:
    if kind in ("mov", "cvt", "cvta") and len(n) == 1:
        return n[0]
    if kind in ("not", "neg", "abs") and len(n) == 1:
        return {"not": ~n[0], "neg": -n[0], "abs": abs(n[0])}[kind]
    if kind in _BINARY and len(n) == 2:
        return _BINARY[kind](n[0], n[1])
    if kind in ("shl", "shr") and len(n) == 2:
        by = n[1] & 0xFFFFFFFF
        if by >= bits:
            return 0 if kind == "shl" or n[0] >= 0 else -1
        return n[0] << by if kind == "shl" else n[0] >> by
    if kind in ("mul", "mad") and len(n) == (2 if kind == "mul" else 3):
        product = n[0] * n[1]
        if "hi" in parts:
            product >>= bits
        return product + (n[2] if kind == "mad" else 0)
    if kind == "setp" and len(n) == 2 and parts[1] in _COMPARE:
        return int(_COMPARE[parts[1]](n[0], n[1]))
    return None
