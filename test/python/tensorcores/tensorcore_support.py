"""What the tests of dots share: types, operands in memory, and launches under every checker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
from cosmati import vm

_ML = {
    "bfloat16": ml_dtypes.bfloat16, "float8e4nv": ml_dtypes.float8_e4m3fn,
    "float8e5": ml_dtypes.float8_e5m2,
}  # fmt: skip
_FP8 = ("float8e4nv", "float8e5")
TARGETS = ["sm_80", "sm_89", "sm_90a"]
# What one CTA may have.
SHARED_BYTES = {"sm_80": 166912, "sm_89": 101376, "sm_90a": 232448}
STAGES = [1, 2, 3, 4, 5]
WARPS = [1, 2, 4, 8]
# When copies move and how warps take turns: each shows other mistakes.
SCHEDULES: list[dict[str, Any]] = [
    {"async_copies": "late"},
    {"async_copies": "early", "schedule": "adversarial", "seed": 1},
    {"async_copies": "random", "schedule": "random", "seed": 2},
]


class Types(NamedTuple):
    """Types of a dot: operands, result, and how the call asks for it."""

    a: str
    b: str
    out: str
    precision: str | None = None

    @property
    def name(self) -> str:
        """The operand type with the larger rounding error."""
        return self.b if self.b == "float8e5" else self.a

    def __str__(self) -> str:
        pair = self.a if self.a == self.b else f"{self.a}-{self.b}"
        return f"{pair}-{self.precision}" if self.precision else f"{pair}-{self.out}"


TYPES = [
    Types("float16", "float16", "float32"), Types("float16", "float16", "float16"),
    Types("bfloat16", "bfloat16", "float32"), Types("int8", "int8", "int32"),
    *(Types("float32", "float32", "float32", p)
      for p in ("ieee", "tf32", "tf32x3", "bf16x3", "bf16x6")),
    Types("float64", "float64", "float64"),
    *(Types(a, b, "float32") for a in _FP8 for b in _FP8),
    Types("float8e4nv", "float8e4nv", "float16"), Types("float8e5", "float8e5", "float16"),
]  # fmt: skip


def np_type(name: str) -> np.dtype:
    return np.dtype(_ML[name]) if name in _ML else np.dtype(name)


def tl_type(name: str) -> Any:
    return getattr(tl, name)


def wide(x: np.ndarray) -> np.ndarray:
    """The values as float64 (exact for every type here)."""
    with np.errstate(invalid="ignore"):  # signalling NaNs
        return x.astype(np.float64)


# Operands.


def whole(shape: Sequence[int], name: str, seed: int, high: int = 2) -> np.ndarray:
    """Whole numbers: products and their sums are exact in every type and order."""
    return np.random.default_rng(seed).integers(-high, high + 1, shape).astype(np_type(name))


def random(shape: Sequence[int], name: str, seed: int) -> np.ndarray:
    """Values with all bits of the mantissa, over a few powers of two."""
    rng = np.random.default_rng(seed)
    if np_type(name).kind in "iu":
        info = np.iinfo(name)
        return rng.integers(info.min, info.max, shape, dtype=name, endpoint=True)
    values = rng.standard_normal(shape) * 2.0 ** rng.integers(-3, 1, shape)
    return values.astype(np_type(name))


def placed(x: np.ndarray, order: str = "rows", pad: int = 0, shift: int = 0) -> np.ndarray:
    """The matrix with ``pad`` elements between its rows (order "rows") or columns ("columns").

    It begins ``shift`` elements behind a 256-byte boundary. Elements of the gaps are NaN or -77,
    so that whoever reads them notices. Higher dimensions are outermost.
    """
    y = x if order == "rows" else np.swapaxes(x, -1, -2)
    line = max(y.shape[-1] + pad, 1)
    full = (*y.shape[:-1], line)
    count, size = int(np.prod(full, dtype=int)), x.dtype.itemsize
    raw = np.zeros((count + shift + 1) * size + 256, np.uint8)
    start = -raw.ctypes.data % 256 + shift * size
    memory = raw[start : start + count * size].view(x.dtype).reshape(full)
    memory[...] = -77 if x.dtype.kind in "iu" else np.nan
    view = memory[..., : y.shape[-1]]
    view[...] = y
    return view if order == "rows" else np.swapaxes(view, -1, -2)


def strides(x: np.ndarray) -> list[int]:
    """In elements."""
    return [stride // x.dtype.itemsize for stride in x.strides]


def unwritten(shape: Sequence[int], name: str) -> np.ndarray:
    """A result that nobody has written: -77 everywhere."""
    return np.full(shape, -77, np_type(name))


# Launches.


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()


def fresh(x: np.ndarray) -> np.ndarray:
    """A copy with the same strides and the same alignment."""
    base = x
    while isinstance(base.base, np.ndarray):
        base = base.base
    raw = np.zeros(base.nbytes + 512, np.uint8)
    begin = (base.ctypes.data - raw.ctypes.data) % 256
    raw[begin : begin + base.nbytes] = base.reshape(-1).view(np.uint8)
    offset = begin + x.ctypes.data - base.ctypes.data
    return np.ndarray(x.shape, x.dtype, raw, offset, x.strides)


def run(
    kernel: Any, grid: tuple[int, ...], args: Iterable[Any], outputs: Sequence[int],
    schedules: Sequence[dict[str, Any]] = SCHEDULES, **options: Any,
) -> list[np.ndarray]:  # fmt: skip
    """The arguments numbered ``outputs`` after a launch, which is the same under all schedules.

    All checkers watch. Each launch gets outputs of its own, as they are in ``args``.
    """
    args = list(args)
    options.setdefault("assemble", False)
    first: list[np.ndarray] | None = None
    for schedule in schedules:
        given = list(args)
        for position in outputs:
            given[position] = fresh(args[position])
        kernel.check("all", **schedule)[grid](*given, **options)
        results = [given[position] for position in outputs]
        if first is None:
            first = results
        for position, x, y in zip(outputs, first, results, strict=True):
            assert same_bits(x, y), f"argument {position} depends on the schedule {schedule}"
    assert first is not None
    return first


def across_stages(
    kernel: Any, grid: tuple[int, ...], args: Iterable[Any], outputs: Sequence[int],
    stages: Sequence[int] = STAGES, **options: Any,
) -> list[np.ndarray]:  # fmt: skip
    """As ``run``, for each depth of pipelines; all must give the same bits."""
    args = list(args)
    first: list[np.ndarray] | None = None
    for depth in stages:
        results = run(kernel, grid, args, outputs, num_stages=depth, **options)
        if first is None:
            first = results
        for position, x, y in zip(outputs, first, results, strict=True):
            assert same_bits(x, y), (
                f"argument {position}: num_stages={depth} differs from {stages[0]} in "
                f"{np.count_nonzero(x != y)} elements"
            )
    assert first is not None
    return first


def assert_equal(got: np.ndarray, expected: np.ndarray, what: str = "") -> None:
    """Equal as numbers."""
    assert got.shape == expected.shape, what
    bad = wide(got) != wide(expected)
    if bad.any():
        at = np.argwhere(bad)[:5]
        shown = [(tuple(map(int, i)), float(got[tuple(i)]), float(expected[tuple(i)])) for i in at]
        raise AssertionError(
            f"{what}: {np.count_nonzero(bad)} of {bad.size} differ; (index, got, expected): {shown}"
        )


def assert_within(got: np.ndarray, expected: np.ndarray, bound: np.ndarray, what: str = "") -> None:
    error = np.abs(wide(got) - expected)
    bad = ~(error <= bound)
    if bad.any():
        at = tuple(map(int, np.argwhere(bad)[0]))
        raise AssertionError(
            f"{what}: {np.count_nonzero(bad)} of {bad.size} beyond their bound; at {at} got "
            f"{float(got[at])}, expected {float(expected[at])} +- {float(bound[at])}"
        )


def findings(error: vm.CheckError) -> str:
    return "; ".join(sorted({report.kind for report in error.reports}))


def cdiv(a: int, b: int) -> int:
    return cosmati.cdiv(a, b)
