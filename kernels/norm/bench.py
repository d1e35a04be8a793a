"""Timings of the normalisations."""

from __future__ import annotations

import numpy as np
from cosmati.kernels.common.timing import Timing, measure
from cosmati.kernels.norm.layer_norm import layer_norm
from cosmati.kernels.norm.rms_norm import rms_norm
from cosmati.kernels.norm.softmax import softmax


def bench(rows: int = 64, cols: int = 1024, repeats: int = 10) -> list[Timing]:
    """Times each normalisation of a float32 matrix; one read and one write are counted."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, cols), dtype=np.float32)
    weight = rng.standard_normal(cols, dtype=np.float32)
    out = np.empty_like(x)
    traffic = 2 * x.nbytes
    shape = f"float32 {rows}x{cols}"
    return [
        measure(f"softmax {shape}", lambda: softmax(x, out), bytes=traffic, repeats=repeats),
        measure(
            f"layer_norm {shape}",
            lambda: layer_norm(x, weight, weight, out=out),
            bytes=traffic,
            repeats=repeats,
        ),
        measure(
            f"rms_norm {shape}",
            lambda: rms_norm(x, weight, out=out),
            bytes=traffic,
            repeats=repeats,
        ),
    ]
