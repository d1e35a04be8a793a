"""Shipped kernels on shapes at which each of their masks matters.

A mutant counts as caught when one of the launches that share its PTX catches it, so each case has
several shapes of the same specialisation (sizes that are not multiples of 16).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from itertools import product
from unittest import mock

import numpy as np
from cosmati.kernels.attention import AttentionConfig, attention
from cosmati.kernels.gemm import GemmConfig, gemm
from cosmati.kernels.quantize import QuantSpec, dequantize, quantize

from bench.record import Launch, Recorder

_rng = np.random.default_rng(11)


def _normal(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return _rng.standard_normal(shape).astype(dtype)


def _spiked(*shape: int, first: int, value: float = np.inf) -> np.ndarray:
    """Halves of N(0, 1) with ``value`` in front of every second row from ``first``: what a lost
    mask reads from the next row doesn't vanish when it is multiplied by zero."""
    array = _normal(*shape, dtype=np.float16)
    array[..., first::2, 0] = value
    return array


def _add() -> None:
    from cosmati.kernels.elementwise.add import add

    for n in (2, 100, 1001):
        add(_normal(n), _normal(n), block=256)


def _norms() -> None:
    from cosmati.kernels.norm.layer_norm import layer_norm
    from cosmati.kernels.norm.rms_norm import rms_norm
    from cosmati.kernels.norm.softmax import softmax

    for cols, warps in product((2, 37, 250, 258, 501), (1, 4)):
        x, w, b = _normal(3, cols), _normal(cols), _normal(cols)
        softmax(x, block=256, num_warps=warps)
        layer_norm(x, w, b, block=256, num_warps=warps)
        rms_norm(x, w, block=256, num_warps=warps)


def _gemm_float() -> None:
    config = GemmConfig(block_m=32, block_n=32, block_k=16)
    for m, n, k in ((2, 3, 5), (33, 35, 17), (3, 50, 31)):
        a, b = _spiked(m, k, first=1), _spiked(k, n, first=1)
        gemm(a, b, _normal(n), "gelu", config=config)


def _gemm_int8() -> None:
    config = GemmConfig(block_m=32, block_n=32, block_k=32, num_warps=2)
    for m, n, k in ((2, 3, 5), (33, 35, 37), (3, 50, 31)):
        a, b = (_rng.integers(-128, 128, shape, np.int8) for shape in ((m, k), (k, n)))
        gemm(a, b, config=config)


def _attention() -> None:
    config = AttentionConfig(block_m=16, block_n=16)
    for queries, keys in ((2, 3), (17, 35), (33, 18), (17, 32), (18, 48), (34, 3)):
        for first in (0, 1):
            # Views of wider arrays: what lies between their rows is out of bounds.
            q, k, v = (
                _normal(1, 2, n, 40, dtype=np.float16)[..., :19] for n in (queries, keys, keys)
            )
            q[..., 0] = 1  # so that a key of -infinity counts for nothing
            k[..., first::2, 0] = -np.inf
            attention(q, k, v, causal=True, return_lse=True, config=config)


def _gemm_pipelined() -> None:
    # Rows lie at multiples of 16 bytes, so that operands are copied by cp.async; what lies between
    # them, and above the matrix, is out of bounds.
    for stages, dtype in product((2, 3), (np.float16, np.int8)):
        config = GemmConfig(block_m=32, block_n=32, block_k=32, num_warps=2, num_stages=stages)
        for m, n, k in ((17, 16, 16), (33, 48, 80), (40, 16, 208)):
            a, b = _spiked(m, k + 16, first=1)[:, :k], _spiked(k, n + 16, first=1)[:, :n]
            if dtype == np.int8:
                a, b = (
                    _rng.integers(-128, 128, (x.shape[0], x.shape[1] + 16), np.int8)[:, :-16]
                    for x in (a, b)
                )
            gemm(a, b, config=config)


def _attention_pipelined() -> None:
    for stages in (2, 3):
        config = AttentionConfig(block_m=16, block_n=16, num_warps=2, num_stages=stages)
        for queries, keys in ((17, 35), (33, 18), (18, 3), (17, 50), (2, 70)):
            q, k, v = (
                _normal(1, 2, n, 48, dtype=np.float16)[..., :32] for n in (queries, keys, keys)
            )
            q[..., 0] = 1
            k[..., 1::2, 0] = -np.inf
            attention(q, k, v, config=config)


def _quantization() -> None:
    # Shapes of one kind have the same blocks, so that they share a text. Rows are views, and grow
    # to the right: what a lost mask reads is out of bounds, or larger than what belongs there.
    row, tensor = QuantSpec("int8", "row", symmetric=False), QuantSpec()
    shapes = [(spec, rows, cols) for spec in (row, tensor)
              for rows, cols in ((2, 34), (4, 66), (3, 70), (3, 97), (3, 127))]  # fmt: skip
    shapes += [(QuantSpec("e4m3", "group", group_size=n), 3, 77) for n in (17, 24, 31)]
    shapes += [(QuantSpec("e4m3", "group", group_size=n), 3, 31) for n in (16, 19, 27)]
    for spec, rows, cols in shapes:
        x = (_normal(rows, cols + 7) * np.linspace(1, 9, cols + 7, dtype=np.float32))[:, :cols]
        dequantize(quantize(x, spec))


CASES: dict[str, tuple[Callable[[], None], dict[str, tuple[str, ...]]]] = {
    "add": (_add, {"elementwise.add": ("add_kernel",)}),
    "norms": (
        _norms,
        {
            "norm.softmax": ("softmax_kernel",),
            "norm.layer_norm": ("layer_norm_kernel",),
            "norm.rms_norm": ("rms_norm_kernel",),
        },
    ),
    "gemm of halves": (_gemm_float, {"gemm.host": ("gemm_kernel",)}),
    "gemm of int8": (_gemm_int8, {"gemm.host": ("gemm_kernel",)}),
    "attention": (_attention, {"attention.host": ("attention_kernel",)}),
    "gemm, pipelined": (_gemm_pipelined, {"gemm.host": ("gemm_kernel",)}),
    "attention, pipelined": (_attention_pipelined, {"attention.host": ("attention_kernel",)}),
    "quantization": (
        _quantization,
        {
            "quantize.host": (
                "quantize_kernel",
                "range_kernel",
                "scale_kernel",
                "dequantize_kernel",
            )
        },
    ),
}


def launches_of(case: str) -> list[Launch]:
    """Runs the case and gives every launch of a shipped kernel in it."""
    body, kernels = CASES[case]
    launches: list[Launch] = []
    with ExitStack() as stack:
        for module_name, names in kernels.items():
            module = importlib.import_module(f"cosmati.kernels.{module_name}")
            for name in names:
                recorder = Recorder(getattr(module, name), launches)
                stack.enter_context(mock.patch.object(module, name, recorder))
        body()
    return launches
