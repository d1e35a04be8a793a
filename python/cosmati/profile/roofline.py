"""A lower bound of a kernel's time on a GPU, from counts. An estimate, not a measurement."""

from __future__ import annotations

from dataclasses import dataclass

from cosmati.errors import CosmatiError
from cosmati.profile.gpus import GPUS, Gpu
from cosmati.vm.report import Profile

_SCHEDULERS = 4  # warp instructions that a multiprocessor issues in a cycle, since sm_70


@dataclass(frozen=True)
class Estimate:
    """What a launch takes at least, if everything overlaps perfectly.

    Attributes
    ----------
    gpu : Gpu
    seconds : float
        The largest of ``parts``.
    bound : str
        Which one that is.
    parts : dict
        Seconds by resource: "memory", "tensor cores", "f32 units", "issue", "shared memory".
    """

    gpu: Gpu
    seconds: float
    bound: str
    parts: dict[str, float]


def find_gpu(name: str) -> Gpu:
    """CosmatiError, naming those that are known, if there is none of that name."""
    gpu = GPUS.get(name.lower().replace(" ", "").replace("-", ""))
    if gpu is None:
        raise CosmatiError(f"there are no peaks of a GPU {name!r}; known: {', '.join(GPUS)}")
    return gpu


def estimate(profile: Profile, ctas: int, gpu: Gpu, launches: int = 1) -> Estimate:
    """The estimate for a launch of so many CTAs; see docs/profiling.md for the formula.

    ``profile`` holds the sums of ``launches`` launches; the estimate is for their average.

    Raises CosmatiError if the GPU's tensor cores lack a type that the kernel uses.

    Examples
    --------
    >>> from cosmati.vm import Counts, Profile
    >>> counts = Counts(tensor_ops={"f16": 2 * 4096**3})
    >>> result = estimate(Profile([], counts, 3 * 4096**2 * 2), 1024, find_gpu("h100"))
    >>> result.bound, round(result.seconds * 1e6)
    ('tensor cores', 139)
    """
    total = profile.total
    busy = min(gpu.multiprocessors, max(ctas, 1)) / gpu.multiprocessors
    cycles = gpu.multiprocessors * busy * gpu.clock
    tensor = 0.0
    for kind, ops in total.tensor_ops.items():
        if kind not in gpu.tensor_peaks:
            raise CosmatiError(
                f"the kernel multiplies matrices of {kind}, for which {gpu.name} has no peak; it "
                f"has {', '.join(gpu.tensor_peaks)}"
            )
        tensor += ops / gpu.tensor_peaks[kind]
    parts = {
        "memory": profile.footprint_bytes / gpu.bandwidth,
        "tensor cores": tensor / busy / launches,
        "f32 units": total.float_ops / (gpu.float_peak * busy) / launches,
        "issue": total.executions / (_SCHEDULERS * cycles) / launches,
        "shared memory": total.shared_passes / cycles / launches,
    }
    bound = max(parts, key=lambda name: parts[name])
    return Estimate(gpu, parts[bound], bound, parts)
