"""The CUDA programs of test/unit/Vm/cuda as launches: kernel, shape, arguments, comparison.

Arguments are functions of nothing, so that the machine and the GPU each get arrays of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "unit" / "Vm" / "cuda"

Argument = Any  # an array maker, or a number


def ints(n: int, low: int, high: int, seed: int = 1) -> Callable[[], np.ndarray]:
    return lambda: np.random.default_rng(seed).integers(low, high, n, np.int32, endpoint=True)


def words(n: int, seed: int = 2) -> Callable[[], np.ndarray]:
    return lambda: np.random.default_rng(seed).integers(0, 2**32, n, np.uint32)


def octets(n: int, low: int, high: int, kind: Any = np.uint8) -> Callable[[], np.ndarray]:
    return lambda: np.random.default_rng(3).integers(low, high, n, kind, endpoint=True)


def reals(
    n: int, kind: Any = np.float32, scale: float = 1, seed: int = 4
) -> Callable[[], np.ndarray]:
    return lambda: (np.random.default_rng(seed).uniform(-scale, scale, n)).astype(kind)


def whole(n: int, kind: Any, reach: int = 9, seed: int = 5) -> Callable[[], np.ndarray]:
    """Small integers: their sums are exact in any order."""
    return lambda: (
        np.random.default_rng(seed).integers(-reach, reach, n, endpoint=True).astype(kind)
    )


def brains(n: int, reach: int = 9) -> Callable[[], np.ndarray]:
    """Small integers as bfloat16, of which NumPy has only the bits."""
    return lambda: (whole(n, np.float32, reach)().view(np.uint32) >> 16).astype(np.uint16)


def zeros(n: int, kind: Any = np.int32) -> Callable[[], np.ndarray]:
    return lambda: np.zeros(n, kind)


def values(kind: Any, *numbers: float) -> Callable[[], np.ndarray]:
    return lambda: np.array(numbers, kind)


def ordered(n: int, kind: Any = np.int32) -> Callable[[], np.ndarray]:
    return lambda: np.arange(n, dtype=kind)


@dataclass(frozen=True)
class Program:
    """One launch. `tolerance`: relative to the largest magnitude of a buffer; 0: bit by bit.

    `unordered`: the program leaves open in which order elements come.
    """

    file: str
    entry: str
    grid: tuple[int, ...]
    block: tuple[int, ...]
    args: tuple[Argument, ...]
    shared: int = 0
    tolerance: float = 0
    unordered: bool = False

    def arguments(self) -> list[Any]:
        return [a() if callable(a) else a for a in self.args]

    def variants(self) -> list[Path]:
        return sorted(FOLDER.glob(f"{self.file}.*.ptx"))


F16, F64 = np.float16, np.float64
MATH = 160  # elements of the tests of mathematical functions

PROGRAMS = [
    Program(
        "reduction",
        "blockSum",
        (7,),
        (256,),
        (reals(10007), zeros(1, np.float32), 10007),
        tolerance=1e-5,
    ),
    Program("reduction", "histogram", (5,), (192,), (octets(20000, 0, 199), zeros(256), 20000)),
    Program("reduction", "scan", (1,), (512,), (ints(500, -5, 7), zeros(500), 500), shared=4096),
    Program(
        "reduction",
        "softmaxRows",
        (6,),
        (128,),
        (reals(1800, F16, 4), zeros(1800, F16), 300),
        tolerance=2e-3,
    ),
    Program("matrix", "transpose", (2, 3), (32, 8), (reals(3150), zeros(3150, np.float32), 70, 45)),
    Program(
        "matrix",
        "matmul",
        (1, 2),
        (128,),
        (reals(12288), reals(6144), zeros(8192, np.float32), 128, 64, 96),
        tolerance=1e-6,
    ),
    Program("matrix", "perfect", (5,), (128,), (zeros(600), 600)),
    Program("matrix", "indirect", (2,), (128,), (reals(200), ints(200, 0, 3), 200)),
    Program("reduce", "sumInt", (5,), (256,), (ints(3001, -1000, 1000), zeros(1), 3001)),
    Program(
        "reduce",
        "sumFloat",
        (5,),
        (256,),
        (whole(3001, np.float32, 999), zeros(1, np.float32), 3001),
    ),
    Program("reduce", "sumDouble", (5,), (256,), (whole(3001, F64, 999), zeros(1, F64), 3001)),
    Program(
        "reduce",
        "reduxAll",
        (8,),
        (128,),
        (ints(1000, -100000, 100000), values(np.int32, 0, 2**30, -(2**30), -1, 0, 0), 1000),
    ),
    Program("reduce", "argMax", (3,), (64,), (reals(2000), zeros(1, np.uint64), 2000)),
    Program("reduce", "sumLastBlock", (20,), (96,), (ints(5000, -9, 9), zeros(20), zeros(1), 5000)),
    Program("scan", "scanBlock", (1,), (800,), (ints(777, -50, 50), zeros(777), zeros(777), 777)),
    Program(
        "scan",
        "scanLookBack",
        (47,),
        (128,),
        (ints(6000, -50, 50), zeros(6000), zeros(48, np.uint64), zeros(1), 6000),
    ),
    Program("scan", "compact", (1,), (512,), (ints(500, -50, 50), zeros(500), zeros(1), 500)),
    Program("groups", "tileSums", (2,), (96,), (ints(192, -20, 20), zeros(192))),
    Program("groups", "tileCollectives", (2,), (96,), (ints(192, -20, 20), zeros(768), 192)),
    Program(
        "groups",
        "aggregate",
        (8,),
        (128,),
        (ints(1000, -100, 100), zeros(1000), zeros(1), 1000),
        unordered=True,
    ),
    Program("groups", "partitions", (2,), (64,), (ints(128, 0, 20), zeros(384), 128)),
    Program("groups", "tileVotes", (2,), (64,), (ints(128, 0, 20), zeros(128))),
    Program(
        "atomics",
        "atomicWords",
        (6,),
        (128,),
        (
            values(np.int32, 0, 0, 0, 0, -1, *[0] * 9),
            values(np.uint32, 0, 1000, 0, 0, 0),
            values(np.uint64, 0, 2**64 - 1, 0, 2**64 - 1, 0, 0),
            zeros(2, np.int64),
            700,
        ),
    ),
    Program(
        "atomics",
        "atomicFloats",
        (3,),
        (128,),
        (
            zeros(2, np.float32),
            zeros(1, F64),
            zeros(2, F16),
            zeros(2, np.uint16),
            zeros(1, F16),
            320,
        ),
    ),
    Program(
        "atomics",
        "atomicOdd",
        (2,),
        (64,),
        (values(np.uint16, 65500, 7, 9, 1234, 0, 0, 0, 0), zeros(4, np.uint32), 100),
    ),
    Program("atomics", "locked", (3,), (70,), (zeros(1), zeros(1))),
    Program("atomics", "relay", (12,), (32,), (zeros(1), zeros(1))),
    Program("atomics", "orders", (2,), (96,), (zeros(12),)),
    Program("warp", "shuffles", (1,), (96,), (ints(96, -1000, 1000), zeros(576), 96)),
    Program("warp", "diverge", (2,), (64,), (ints(128, -100, 100), zeros(128))),
    Program("warp", "rotate", (2,), (128,), (ints(256, -100, 100),)),
    Program("warp", "ragged", (2,), (75,), (zeros(150),)),
    Program(
        "grids",
        "stencil5",
        (3, 3),
        (32, 16),
        (reals(2800), zeros(2800, np.float32), 70, 40),
        tolerance=1e-6,
    ),
    Program(
        "grids",
        "stencil7",
        (2, 3),
        (16, 8),
        (reals(3240), zeros(3240, np.float32), 20, 18, 9),
        tolerance=1e-6,
    ),
    Program("grids", "bitonic", (2,), (256,), (words(1024), ordered(1024, np.uint32)), shared=4096),
    Program(
        "grids",
        "spmv",
        (2,),
        (128,),
        (
            values(np.int32, 0, 3, 3, 40, 100),
            ints(100, 0, 49),
            reals(100),
            reals(50),
            zeros(4, np.float32),
            4,
        ),
        tolerance=1e-6,
    ),
    Program("grids", "transpose4", (2, 2), (16, 16), (reals(16384), zeros(16384, np.float32), 128)),
    Program("grids", "fft256", (2,), (128,), (reals(1024),), tolerance=1e-5),
    Program(
        "bytes", "sha256", (2,), (32,), (octets(2560, 0, 255), ints(40, 0, 55), 64, zeros(320), 40)
    ),
    Program(
        "bytes",
        "byteCode",
        (2,),
        (128,),
        (
            values(np.uint8, 0, 0, 7, 4, 6, 8, 11, 8, 5, 10, 1, 5, 0, 1, 2, 0, 1, 6, 3),
            ints(200, 0, 60),
            zeros(200),
            200,
        ),
    ),
    Program(
        "bytes",
        "numbers",
        (2,),
        (128,),
        (ints(200, -(2**31), 2**31 - 1), zeros(3200, np.int8), zeros(200), 200),
    ),
    Program("bytes", "recursion", (1,), (32,), (zeros(32), ints(1280, -99, 99), 40)),
    Program("bytes", "virtualCalls", (1,), (128,), (zeros(100, np.float32), 100)),
    Program(
        "bytes",
        "pipelines",
        (1,),
        (100,),
        (values(np.int32, 0, 1, 2, 0, 2), 5, ints(100, -9, 9), 100),
    ),
    # The approximations inside are free to differ in the last bits.
    Program(
        "mathlib",
        "mathSingle",
        (5,),
        (32,),
        (reals(MATH, scale=8), reals(MATH, scale=4, seed=6), zeros(40 * MATH, np.float32), MATH),
        tolerance=1e-5,
    ),
    Program(
        "mathlib",
        "mathDouble",
        (5,),
        (32,),
        (reals(MATH, F64, 8), reals(MATH, F64, 4, 6), zeros(16 * MATH, F64), MATH),
        tolerance=1e-13,
    ),
    Program(
        "mathlib",
        "halves",
        (2,),
        (64,),
        (reals(200, F16, 10), reals(200, F16, 3, 6), zeros(3200, F16), 100),
        tolerance=2e-3,
    ),
    Program(
        "mathlib",
        "bfloats",
        (2,),
        (64,),
        (brains(200, 99), brains(200, 50), zeros(1200, np.uint16), 100),
    ),
    Program(
        "mathlib",
        "bytes",
        (5,),
        (32,),
        (reals(MATH, scale=500), zeros(2 * MATH, np.uint8), zeros(2 * MATH, np.float32), MATH),
    ),
    Program(
        "mathlib", "integers", (3,), (32,), (words(96), words(96, 7), zeros(27 * 96, np.uint32), 96)
    ),
    Program("pipelines", "primitives", (1,), (128,), (reals(3584), zeros(3584, np.float32), 7)),
    Program("pipelines", "zeroFill", (2,), (128,), (reals(700), zeros(1024, np.float32), 700)),
    Program("pipelines", "blockPipeline", (1,), (128,), (ints(1152, -100, 100), zeros(128), 9)),
    Program("pipelines", "warpSpecialized", (1,), (256,), (ints(768, -100, 100), zeros(768), 6)),
    Program("pipelines", "groupCopy", (3,), (128,), (ints(384, -100, 100), zeros(384))),
    # GPUs sum tensor core products with fewer bits: integers are exact, the rest is bounded.
    Program(
        "mma",
        "gemmHalf",
        (3, 2),
        (32,),
        (whole(1536, F16), whole(1152, F16), zeros(768, np.float32), 24, 48),
    ),
    Program(
        "mma",
        "gemmBytes",
        (2, 2),
        (32,),
        (octets(3072, -128, 127, np.int8), octets(1536, -128, 127, np.int8), zeros(512), 16, 96),
    ),
    Program(
        "mma",
        "gemmDouble",
        (1,),
        (32,),
        (reals(96, F64), reals(96, F64, 1, 6), zeros(64, F64), 12),
        tolerance=1e-14,
    ),
    Program("mma", "gemmBits", (1,), (32,), (words(128), words(64, 7), zeros(128))),
    Program(
        "wmma",
        "wmma16",
        (1,),
        (32,),
        (whole(512, F16), whole(512, F16, 9, 6), zeros(256, np.float32), 32),
    ),
    Program(
        "wmma",
        "wmma32",
        (1,),
        (32,),
        (whole(1024, F16), whole(256, F16, 9, 6), zeros(256, np.float32), 32),
    ),
    Program(
        "wmma",
        "wmma8",
        (1,),
        (32,),
        (whole(128, F16, 3), whole(512, F16, 3, 6), zeros(256, F16), 16),
    ),
    Program(
        "wmma", "wmmaBrain", (1,), (32,), (brains(512), brains(512), zeros(256, np.float32), 32)
    ),
    Program(
        "wmma",
        "wmmaTf32",
        (1,),
        (32,),
        (whole(384, np.float32), whole(384, np.float32, 9, 6), zeros(256, np.float32), 24),
    ),
    Program(
        "wmma",
        "wmmaDouble",
        (1,),
        (32,),
        (whole(96, F64), whole(96, F64, 9, 6), zeros(64, F64), 12),
    ),
    Program(
        "wmma",
        "wmmaBytes",
        (1,),
        (32,),
        (octets(768, -99, 99, np.int8), octets(768, -99, 99, np.int8), zeros(256), 48),
    ),
    Program("cub", "cubSort", (2,), (128,), (ints(1024, -1000000, 1000000), ordered(1024))),
    Program("cub", "cubScan", (3,), (128,), (ints(384, -100, 100), zeros(384), zeros(3))),
    Program("hopper", "clusterHistogram", (2,), (128,), (ints(3000, 0, 127), zeros(128), 3000)),
    Program("hopper", "clusterRing", (8,), (32,), (zeros(256),)),
    Program("hopper", "bulkTile", (3,), (64,), (ints(768, -1000, 1000), zeros(768))),
    Program(
        "wgmma",
        "pipelined",
        (1,),
        (128,),
        (whole(8192, F16), whole(2048, F16, 9, 6), zeros(1024, np.float32), 128),
    ),
    Program(
        "wgmma",
        "attention",
        (1,),
        (128,),
        (reals(1024, F16), reals(768, F16), reals(768, F16), zeros(1024, np.float32), 3),
        tolerance=5e-3,
    ),
]
