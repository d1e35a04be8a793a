"""A static estimate of a kernel's cost on a GPU, to rank configurations where nothing can be timed.

It is made of the compiled image and the launch's integer arguments alone, so it is the same on
every machine. It is *not* a time: it knows no addresses, hence neither caches nor bank conflicts,
and PTX is not what the GPU executes.

Formula, for the multiprocessor (SM) that has the most CTAs, in cycles:

    time   = max(n * busy, ceil(n / k) * (busy + latency))
    n      = ceil(CTAs / SMs), what that SM runs in all
    k      = CTAs that it holds at once: min over registers, shared memory, warps, CTA slots
    busy   = warps * max over units u of sum over instructions i of count_i * cycles_u(i)
    latency = sum over blocks of runs * (wait for global memory, where the block reads it)

*count_i* comes from trace.py, the mean over the first, the middle and the last program of the grid.
The wait of a block that copies asynchronously in a pipeline of s stages is hidden by s - 1 rounds
of it. Spilled registers count as one store and one load of each byte per run of the busiest block.

Sources. Cycles of a unit: 32 / results per clock and SM, CUDA C++ Programming Guide, "Throughput of
Native Arithmetic Instructions"; loads and stores move 128 bytes per clock and SM (the same guide,
shared memory of 32 banks; NVIDIA A100 white paper for L1). The L2 cache: 5120 bytes per clock for
108 SMs, NVIDIA A100 white paper. Tensor cores: peak / (SMs * clock), profile/gpus.py. What an SM
holds: the guide's "Technical Specifications per Compute Capability". The wait for global memory,
500 cycles, is the guide's "hundreds of cycles", rounded: an assumption.
"""

from __future__ import annotations

import math
import operator
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cosmati.profile.gpus import Gpu, gpu_of_target
from cosmati.tuning.ptx import Instruction, Listing, read_ptx
from cosmati.tuning.trace import Follower

_GLOBAL_LATENCY = 500.0
_BARRIER_CYCLES = 30.0
_L2_BYTES_PER_CLOCK = 5120 / 108
_LSU_BYTES_PER_CLOCK = 128
_SCHEDULERS = 4


@dataclass(frozen=True)
class Multiprocessor:
    """What an SM of a compute capability holds: warps, CTAs, shared bytes, registers."""

    warps: int
    ctas: int
    shared: int
    registers: int = 65536
    f64_per_clock: int = 64


_MULTIPROCESSORS = {
    80: Multiprocessor(64, 32, 164 << 10, f64_per_clock=32),
    86: Multiprocessor(48, 16, 100 << 10, f64_per_clock=2),
    87: Multiprocessor(48, 16, 164 << 10, f64_per_clock=2),
    89: Multiprocessor(48, 24, 100 << 10, f64_per_clock=2),
    90: Multiprocessor(64, 32, 228 << 10),
    100: Multiprocessor(64, 32, 228 << 10),
    120: Multiprocessor(48, 24, 100 << 10, f64_per_clock=2),
}
_SHARED_OF_A_CTA = 1024  # what the system takes of it, since compute capability 8.0


@dataclass(frozen=True)
class Cost:
    """An estimate.

    Attributes
    ----------
    milliseconds : float
        For ranking only.
    ctas_per_multiprocessor, rounds : int
        How many are held at once, and how often the fullest one fills up.
    busy, latency : float
        Cycles of a CTA.
    bound : str
        The busiest unit, or "latency".
    assumed : bool
        A loop's count hung on data, and was assumed.
    """

    milliseconds: float
    ctas_per_multiprocessor: int
    rounds: int
    busy: float
    latency: float
    bound: str
    assumed: bool


def _capability(target: str) -> int:
    """The nearest known compute capability that is not above a target's ("sm_90a")."""
    digits = re.search(r"\d+", target)
    number = int(digits[0]) if digits else 90
    return max((known for known in _MULTIPROCESSORS if known <= number), default=80)


def occupancy(image: Any, sm: Multiprocessor) -> int:
    """CTAs that an SM holds at once; at least 1. Registers are given out 256 at a time to a warp.

    >>> from types import SimpleNamespace
    >>> from cosmati.tuning.estimate import Multiprocessor, occupancy
    >>> occupancy(SimpleNamespace(num_warps=8, regs=128, shared_bytes=98304), Multiprocessor(
    ...     64, 32, 228 << 10))
    2
    """
    limits = [sm.warps // image.num_warps, sm.ctas]
    if image.regs > 0:
        per_warp = math.ceil(image.regs * 32 / 256) * 256
        limits.append(sm.registers // (per_warp * image.num_warps))
    limits.append(sm.shared // (image.shared_bytes + _SHARED_OF_A_CTA))
    return int(max(min(limits), 1))


_WIDTH = re.compile(r"^[sufb](8|16|32|64|128)$|^(bf16)(x2)?$|^(f16x2)$")
_MMA_SHAPE = re.compile(r"m(\d+)n(\d+)k(\d+)")


def access_bytes(one: Instruction) -> int:
    """Bytes that a thread moves with a load, store or copy."""
    parts = one.parts
    if parts[0] == "cp":
        sizes = [text for text in one.operands if text.isdigit()]
        return int(sizes[0]) if sizes else 16
    if parts[0] in ("ldmatrix", "stmatrix"):
        return 4 * next((int(part[1:]) for part in parts if part in ("x1", "x2", "x4")), 1)
    count = next((int(part[1:]) for part in parts if part in ("v2", "v4", "v8")), 1)
    bits = 32
    for part in parts[1:]:
        if part[:1] in ("s", "u", "f", "b") and part[1:].isdigit():
            bits = int(part[1:])
    return count * bits // 8


def _classify(one: Instruction, gpu: Gpu, sm: Multiprocessor) -> tuple[str, float]:
    """(unit, cycles of an SM) of one warp's execution of an instruction."""
    parts = one.parts
    kind, last = parts[0], parts[-1]
    if kind in ("mma", "wgmma") and (shape := _MMA_SHAPE.search(one.opcode)):
        return "tensor cores", _tensor_cycles(one, shape, gpu)
    if kind in ("ldmatrix", "stmatrix") or (kind in ("ld", "st", "atom", "red", "cp") and not (
        "param" in parts or "commit_group" in parts or "wait_group" in parts or "bulk" in parts
    )):  # fmt: skip
        return "loads and stores", max(access_bytes(one) * 32 / _LSU_BYTES_PER_CLOCK, 1.0)
    if kind in ("ex2", "lg2", "rcp", "rsqrt", "sqrt", "sin", "cos", "tanh"):
        return "special functions", 32 / 16
    if kind == "div":
        return "special functions", 4 * 32 / 16
    if kind in ("shfl", "redux", "vote", "match"):
        return "shuffles", 1.0
    if "f64" in parts and kind in ("fma", "add", "mul", "sub", "min", "max"):
        return "f64 units", 32 / sm.f64_per_clock
    if last in ("f32", "f16", "bf16", "f16x2", "bf16x2") and kind in (
        "fma", "add", "mul", "sub", "min", "max", "neg", "abs",
    ):  # fmt: skip
        return "f32 units", 32 / 128
    if kind in ("mov", "bra", "ret", "bar", "barrier", "mbarrier", "fence", "cp", "membar"):
        return "issue", 0.0
    return "integer units", 32 / 64


def _tensor_cycles(one: Instruction, shape: re.Match[str], gpu: Gpu) -> float:
    m, n, k = (int(group) for group in shape.groups())
    ops = 2.0 * m * n * k / (4 if one.parts[0] == "wgmma" else 1)
    kinds = [part for part in one.parts if part in gpu.tensor_peaks]
    # f32 and s32 accumulators stand beside the operands' type; the operands' peak counts.
    peak = gpu.tensor_peaks[kinds[0]] if kinds else min(gpu.tensor_peaks.values())
    return ops * gpu.multiprocessors * gpu.clock / peak


@dataclass
class _BlockCost:
    """Cycles by unit of one warp's run of a block; bytes that it moves to or from global memory."""

    units: dict[str, float]
    global_bytes: float
    reads: bool
    copies: bool
    barriers: int

    def add(self, other: _BlockCost) -> None:
        for unit, cycles in other.units.items():
            self.units[unit] += cycles
        self.global_bytes += other.global_bytes
        self.reads |= other.reads
        self.copies |= other.copies
        self.barriers += other.barriers


_MOST_CALLS = 16  # levels; kernels have no recursion


def _block_cost(
    body: list[Instruction], listing: Listing, gpu: Gpu, sm: Multiprocessor, depth: int = 0
) -> _BlockCost:
    cost = _BlockCost(defaultdict(float), 0.0, False, False, 0)
    for one in body:
        unit, cycles = _classify(one, gpu, sm)
        cost.units[unit] += cycles
        cost.units["issue"] += 1 / _SCHEDULERS
        parts = one.parts
        to_global = "global" in parts and parts[0] in ("ld", "st", "cp", "atom", "red")
        if to_global and "bulk" not in parts:
            cost.global_bytes += 32 * access_bytes(one)
            cost.copies |= parts[0] == "cp"
            cost.reads |= parts[0] in ("ld", "atom")
        elif parts[0] == "cp" and "bulk" in parts:
            cost.copies = True
        elif parts[0] == "mbarrier" and "expect_tx" in parts and one.operands[-1].isdigit():
            cost.global_bytes += int(one.operands[-1])  # by one thread, for the whole CTA
        elif parts[0] == "call" and depth < _MOST_CALLS:
            for name in listing.functions.keys() & set(one.operands):
                for block in listing.functions[name].blocks:  # its loops count once
                    cost.add(_block_cost(block.body, listing, gpu, sm, depth + 1))
        cost.barriers += parts[0] in ("bar", "barrier")
    return cost


def _positions(grid: tuple[int, int, int], image: Any) -> list[dict[str, int]]:
    """Special registers of the first, the middle and the last program's first thread."""
    fixed = {
        "%tid.x": 0, "%tid.y": 0, "%tid.z": 0, "%laneid": 0, "%ntid.x": 32 * image.num_warps,
        "%ntid.y": 1, "%ntid.z": 1,
    }  # fmt: skip
    fixed |= {f"%nctaid.{axis}": extent for axis, extent in zip("xyz", grid, strict=True)}
    chosen = dict.fromkeys(
        tuple(int((extent - 1) * share) for extent in grid) for share in (0, 0.5, 1)
    )
    return [
        {**fixed, **{f"%ctaid.{axis}": at for axis, at in zip("xyz", place, strict=True)}}
        for place in chosen
    ]


def block_runs(
    listing: Listing, image: Any, grid: tuple[int, int, int], parameters: Mapping[int, int]
) -> tuple[list[float], bool]:
    """Mean runs of each block over some programs; whether any was assumed.

    ``parameters``: integers that the launch passes, by the parameter's number.
    """
    traces = [Follower(listing, parameters, place).run() for place in _positions(grid, image)]
    counts = [sum(column) / len(traces) for column in zip(*(t.counts for t in traces), strict=True)]
    return counts, any(trace.assumed for trace in traces)


def estimate_cost(
    image: Any, grid: tuple[int, int, int], arguments: Mapping[str, Any], gpu: Gpu | None = None
) -> Cost:
    """The cost of a launch of so many programs; see the module for the formula.

    Parameters
    ----------
    image : KernelImage
    grid : tuple of int
        Programs.
    arguments : mapping
        The launch's arguments by name; integers among them bound loops.
    gpu : Gpu, optional
        Default: a usual one of the image's target.
    """
    sm = _MULTIPROCESSORS[_capability(image.target)]
    gpu = gpu or gpu_of_target(image.target)
    listing = read_ptx(image.ptx)
    parameters = {
        index: number
        for index, (name, _) in enumerate(image.params)
        if (number := _integer(arguments.get(name))) is not None
    }
    runs, assumed = block_runs(listing, image, grid, parameters)
    costs = [_block_cost(block.body, listing, gpu, sm) for block in listing.blocks]
    units: dict[str, float] = defaultdict(float)
    latency = 0.0
    for run, cost in zip(runs, costs, strict=True):
        for unit, cycles in cost.units.items():
            units[unit] += run * cycles
        units["L2 cache"] += run * cost.global_bytes / _L2_BYTES_PER_CLOCK
        latency += run * _wait(cost, image)
    if image.spill_bytes > 0:
        spilled = 2 * image.spill_bytes * 32 / _LSU_BYTES_PER_CLOCK
        units["loads and stores"] += max(runs) * spilled
    return _total(image, grid, units, latency, assumed, gpu, sm)


def _wait(cost: _BlockCost, image: Any) -> float:
    """Cycles that a CTA waits in one run of a block."""
    barriers = _BARRIER_CYCLES * cost.barriers
    if cost.reads:
        return _GLOBAL_LATENCY + barriers
    if cost.copies:
        round_ = int(image.num_warps) * max(cost.units.values())
        return max(_GLOBAL_LATENCY - max(int(image.num_stages) - 1, 0) * round_, 0.0) + barriers
    return barriers


def _total(
    image: Any, grid: tuple[int, int, int], units: dict[str, float], latency: float, assumed: bool,
    gpu: Gpu, sm: Multiprocessor,
) -> Cost:  # fmt: skip
    unit = max(units, key=lambda name: units[name], default="issue")
    busy = image.num_warps * float(units[unit])
    held = occupancy(image, sm)
    count = math.ceil(math.prod(grid) * image.num_ctas / gpu.multiprocessors)
    rounds = math.ceil(count / held)
    throughput, exposed = count * busy, rounds * (busy + latency)
    bound = unit if throughput >= exposed else "latency"
    milliseconds = max(throughput, exposed) / gpu.clock * 1e3
    return Cost(milliseconds, held, rounds, busy, latency, bound, assumed)


def _integer(value: Any) -> int | None:
    """A launch's integer argument; None for arrays and other values."""
    if hasattr(value, "data_ptr"):  # reading it would wait for a GPU
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None
