"""Matrix products whose operands, masks and accumulators vary, with what they should give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from tensorcore_support import (
    SHARED_BYTES,
    STAGES,
    Types,
    cdiv,
    np_type,
    placed,
    strides,
    tl_type,
    wide,
)


@cosmati.jit(do_not_specialize=["M", "N", "K"])
def gemm(
    a, b, c, out, M, N, K, stride_am, stride_ak, stride_bk, stride_bn, stride_om, stride_on,
    ACC: tl.constexpr, ACC_TYPE: tl.constexpr, MASK: tl.constexpr, OTHER: tl.constexpr,
    PRECISION: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
    STAGES: tl.constexpr,
):  # fmt: skip
    """out = a @ b (+ c), where blocks beyond the border read OTHER.

    ACC: "zeros", "loaded" (c) or "none" (each dot makes a sum of its own, which is added).
    MASK: "none" (M, N, K are multiples of the blocks), "absent" (no ``other``), "other".
    """
    i = tl.program_id(0) * BM + tl.arange(0, BM)
    j = tl.program_id(1) * BN + tl.arange(0, BN)
    k = tl.arange(0, BK)
    in_out = (i[:, None] < M) & (j[None, :] < N)
    a_ptrs = a + i[:, None] * stride_am + k[None, :] * stride_ak
    b_ptrs = b + k[:, None] * stride_bk + j[None, :] * stride_bn
    out_ptrs = out + i[:, None] * stride_om + j[None, :] * stride_on
    if ACC == "loaded":
        acc = tl.load(c + i[:, None] * N + j[None, :], mask=in_out, other=0.0)
    else:
        acc = tl.zeros((BM, BN), ACC_TYPE)
    for step in tl.range(0, tl.cdiv(K, BK), num_stages=STAGES):
        rest = K - step * BK
        if MASK == "none":
            x = tl.load(a_ptrs)
            y = tl.load(b_ptrs)
        elif MASK == "absent":
            x = tl.load(a_ptrs, mask=(i[:, None] < M) & (k[None, :] < rest))
            y = tl.load(b_ptrs, mask=(k[:, None] < rest) & (j[None, :] < N))
        else:
            x = tl.load(a_ptrs, mask=(i[:, None] < M) & (k[None, :] < rest), other=OTHER)
            y = tl.load(b_ptrs, mask=(k[:, None] < rest) & (j[None, :] < N), other=OTHER)
        if ACC == "none":
            acc += tl.dot(x, y, input_precision=PRECISION, out_dtype=ACC_TYPE)
        else:
            acc = tl.dot(x, y, acc, input_precision=PRECISION, out_dtype=ACC_TYPE)
        a_ptrs += BK * stride_ak
        b_ptrs += BK * stride_bk
    tl.store(out_ptrs, acc, mask=in_out)


@dataclass(frozen=True)
class Product:
    """One way to write a product."""

    types: Types
    block: tuple[int, int, int] = (32, 32, 32)
    acc: str = "zeros"
    mask: str = "other"
    other: float = 0
    a_order: str = "rows"
    b_order: str = "rows"
    pad: int = 0
    shift: int = 0
    warps: int = 4
    stages: int | None = None  # of the loop; None: the kernel's
    target: str = "sm_90a"

    def __str__(self) -> str:
        order = {"rows": "r", "columns": "c"}
        other = f"={self.other:g}" if self.mask == "other" else ""
        return (
            f"{self.types}-{'x'.join(map(str, self.block))}-w{self.warps}-{self.target}"
            f"-{order[self.a_order]}{order[self.b_order]}-{self.mask}{other}-{self.acc}"
            f"-pad{self.pad}-shift{self.shift}"
        )

    def arguments(self, a: np.ndarray, b: np.ndarray, c: np.ndarray | None, out: np.ndarray):
        """(grid, arguments, options) for operands as plain arrays; the output is argument 3."""
        (m, k), n = a.shape, b.shape[1]
        bm, bn, bk = self.block
        x = placed(a, self.a_order, self.pad, self.shift)
        y = placed(b, self.b_order, self.pad, self.shift)
        options: dict[str, Any] = {
            "ACC": self.acc, "ACC_TYPE": tl_type(self.types.out), "MASK": self.mask,
            "OTHER": self.other, "PRECISION": self.types.precision, "BM": bm, "BN": bn, "BK": bk,
            "STAGES": self.stages, "num_warps": self.warps, "target": self.target,
        }  # fmt: skip
        args = [x, y, c, out, m, n, k, *strides(x), *strides(y), *strides(out)]
        return (cdiv(m, bm), cdiv(n, bn)), args, options

    def padded(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the dots see inside the border of the result: K is filled up with OTHER."""
        more = -a.shape[1] % self.block[2]
        fill = np.asarray(self.other if self.mask == "other" else 0).astype(a.dtype)
        x = np.concatenate([wide(a), np.full((a.shape[0], more), wide(fill))], 1)
        y = np.concatenate([wide(b), np.full((more, b.shape[1]), wide(fill))], 0)
        return x, y

    def depths(self) -> list[int]:
        """The depths of pipelines whose slots fit into shared memory."""
        bm, bn, bk = self.block
        slot = (bm + bn) * bk * np_type(self.types.a).itemsize
        return [depth for depth in STAGES if depth * slot <= SHARED_BYTES[self.target]]

    def multiple(self) -> Product:
        """The same without masks."""
        return replace(self, mask="none")


def shapes_around(block: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Empty, single, a tile less and more by one, primes; K with fewer blocks than stages."""
    bm, bn, bk = block
    return [
        (0, 5, 3), (5, 0, 3), (3, 5, 0), (1, 1, 1), (bm - 1, bn + 1, bk - 1), (bm, bn, bk),
        (bm + 1, bn - 1, bk + 1), (7, 13, 2 * bk), (bm, 1, 3 * bk + 5), (11, bn, 101),
    ]  # fmt: skip


def result_of(product: Product, shape: tuple[int, int], pad: int = 0) -> np.ndarray:
    return placed(np.full(shape, -77, np_type(product.types.out)), "rows", pad)
