"""Activations of a GEMM's epilogue: on float32 accumulators, ``relu`` also on int32."""

from __future__ import annotations

import cosmati
import cosmati.language as tl


@cosmati.jit
def relu(x):
    """max(x, 0); NaN stays NaN."""
    return tl.where(x < 0, 0, x)


@cosmati.jit
def gelu(x):
    """x * Phi(x), with the error function: x / 2 * (1 + erf(x / sqrt(2)))."""
    return 0.5 * x * (1.0 + tl.erf(x * 0.7071067811865476))


@cosmati.jit
def gelu_tanh(x):
    """The tanh form of GELU: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))).

    Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    """
    return 0.5 * x * (1.0 + tl.math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


@cosmati.jit
def silu(x):
    """x * sigmoid(x)."""
    return x * tl.sigmoid(x)


@cosmati.jit
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return tl.sigmoid(x)


@cosmati.jit
def tanh(x):
    """Hyperbolic tangent."""
    return tl.math.tanh(x)


ACTIVATIONS = {
    "relu": relu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": silu,
    "sigmoid": sigmoid,
    "tanh": tanh,
}
