"""Peaks of GPUs, as their makers publish them, for roofline estimates.

Operations per second are those without sparsity; clocks are boost clocks. A kernel reaches such a
peak at best.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes
    ----------
    name, source : str
        ``source``: the document that the numbers are from.
    multiprocessors : int
    clock : float
        Hz.
    bandwidth : float
        Of its memory, bytes/s.
    float_peak : float
        f32 operations/s outside of tensor cores; a multiply-add is two.
    tensor_peaks : dict
        Tensor core operations/s by the type of the operands.
    """

    name: str
    source: str
    multiprocessors: int
    clock: float
    bandwidth: float
    float_peak: float
    tensor_peaks: dict[str, float]


def _tensor(
    f16: float,
    tf32: float,
    i8: float,
    f8: float | None = None,
    f64: float | None = None,
    i4: float | None = None,
    b1: float | None = None,
) -> dict[str, float]:
    """Peaks by PTX's names of types, from TFLOP/s and TOP/s."""
    peaks = {"f16": f16, "bf16": f16, "tf32": tf32, "s8": i8, "u8": i8}
    if f8 is not None:
        peaks |= {"e4m3": f8, "e5m2": f8}
    if i4 is not None:
        peaks |= {"s4": i4, "u4": i4}
    if f64 is not None:
        peaks["f64"] = f64
    if b1 is not None:
        peaks["b1"] = b1
    return {kind: peak * 1e12 for kind, peak in peaks.items()}


GPUS = {
    "h100": Gpu(
        "NVIDIA H100 SXM", "NVIDIA H100 Tensor Core GPU data sheet and architecture white paper",
        132, 1.83e9, 3.35e12, 66.9e12, _tensor(989.4, 494.7, 1978.9, f8=1978.9, f64=66.9),
    ),
    "h200": Gpu(
        "NVIDIA H200 SXM", "NVIDIA H200 Tensor Core GPU data sheet",
        132, 1.83e9, 4.8e12, 66.9e12, _tensor(989.4, 494.7, 1978.9, f8=1978.9, f64=66.9),
    ),
    "a100": Gpu(
        "NVIDIA A100 SXM 80 GB", "NVIDIA A100 Tensor Core GPU data sheet, architecture white paper",
        108, 1.41e9, 2.039e12, 19.5e12, _tensor(312, 156, 624, f64=19.5, i4=1248, b1=4992),
    ),
    "l40s": Gpu(
        "NVIDIA L40S", "NVIDIA L40S data sheet",
        142, 2.52e9, 0.864e12, 91.6e12, _tensor(362, 183, 733, f8=733, i4=733),
    ),
    "l4": Gpu(
        "NVIDIA L4", "NVIDIA L4 data sheet",
        58, 2.04e9, 0.3e12, 30.3e12, _tensor(121, 60, 242.5, f8=242.5, i4=485),
    ),
    "a10": Gpu(
        "NVIDIA A10", "NVIDIA A10 data sheet",
        72, 1.695e9, 0.6e12, 31.2e12, _tensor(125, 62.5, 250, i4=500),
    ),
    "rtx4090": Gpu(
        "NVIDIA GeForce RTX 4090", "NVIDIA Ada GPU architecture white paper (f32 accumulators)",
        128, 2.52e9, 1.008e12, 82.6e12, _tensor(165.2, 82.6, 660.6, f8=330.3, i4=1321.2),
    ),
}  # fmt: skip

# A usual GPU of each compute capability.
_OF_CAPABILITY = {80: "a100", 86: "a10", 89: "l40s", 90: "h100"}


def gpu_of_target(target: str) -> Gpu:
    """A usual GPU of a target ("sm_90a"), or of the nearest older one whose peaks are known."""
    digits = re.search(r"\d+", target)
    number = int(digits[0]) if digits else max(_OF_CAPABILITY)
    return GPUS[_OF_CAPABILITY[max((n for n in _OF_CAPABILITY if n <= number), default=80)]]
