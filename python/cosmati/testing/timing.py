"""``do_bench``: how long a call takes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.runtime.device import get_device
from cosmati.testing.timers import HostTimer, Timer, choose_timer, torch_with_cuda

_MODES: dict[str, Callable[[list[float]], Any]] = {
    "min": min, "max": max, "mean": statistics.mean, "median": statistics.median, "all": list,
}  # fmt: skip
_GRAPH_REPLAYS = 10
_MOST_RUNS = 1_000_000


def quantiles_of(times: Sequence[float], wanted: Iterable[float]) -> list[float]:
    """Quantiles with linear interpolation. ValueError for one outside of 0 to 1.

    >>> from cosmati.testing.timing import quantiles_of
    >>> quantiles_of([3.0, 1.0, 2.0], [0.5, 0.25])
    [2.0, 1.5]
    """
    ordered = sorted(times)
    found = []
    for share in wanted:
        if not 0 <= share <= 1:
            raise ValueError(f"the quantile {share} is not in the range [0, 1]")
        point = share * (len(ordered) - 1)
        low, high = math.floor(point), math.ceil(point)
        rest = point - low
        found.append((1 - rest) * ordered[low] + rest * ordered[high])
    return found


def _check_mode(return_mode: str) -> None:
    if return_mode not in _MODES:
        raise ValueError(f"return_mode={return_mode!r}: use one of {', '.join(_MODES)}")


def summarize(times: list[float], quantiles: Sequence[float] | None, return_mode: str) -> Any:
    """What do_bench gives for some times."""
    if quantiles is not None:
        found = quantiles_of(times, quantiles)
        return found[0] if len(found) == 1 else found
    return _MODES[return_mode](times)


def _runs(milliseconds: float, estimate: float) -> int:
    """Calls that fill so many milliseconds; at least one."""
    if estimate <= 0:
        return 1000
    return min(max(int(milliseconds / estimate), 1), _MOST_RUNS)


def _gradient_reset(grad_to_none: Iterable[Any] | None) -> Callable[[], None]:
    tensors = list(grad_to_none or ())

    def reset() -> None:
        for tensor in tensors:
            tensor.grad = None

    return reset


def _estimate(timer: Timer, fn: Callable[[], Any], budget: float) -> float:
    """Milliseconds of a call, roughly: of five, or of one that fills the budget by itself."""
    (first,) = timer.measure(fn, 1, lambda: None)
    if first > budget:
        return first
    return statistics.mean(timer.measure(fn, 5, lambda: None))


def do_bench(
    fn: Callable[[], Any],
    warmup: float = 25,
    rep: float = 100,
    grad_to_none: Iterable[Any] | None = None,
    quantiles: Sequence[float] | None = None,
    return_mode: str = "mean",
) -> Any:
    """Times ``fn``.

    On a GPU each call is timed by a pair of events, with an empty L2 cache. On the virtual machine
    it is the wall time of this machine, and a notice says so once.

    Parameters
    ----------
    fn : function
        Called without arguments.
    warmup, rep : float
        Milliseconds of warming up and of measuring.
    grad_to_none : iterable of tensors, optional
        Their ``grad`` becomes None before each call.
    quantiles : sequence of float, optional
        Gives these quantiles instead of a summary.
    return_mode : {"mean", "median", "min", "max", "all"}

    Returns
    -------
    float or list of float
        Milliseconds.

    Examples
    --------
    >>> low, high = cosmati.testing.do_bench(lambda: sum(range(99)), rep=1, quantiles=[0.2, 0.8])
    >>> 0 < low <= high
    True
    """
    _check_mode(return_mode)
    timer = choose_timer()
    fn()
    timer.synchronize()
    estimate = _estimate(timer, fn, rep)
    # On the host the calls so far were warm-up enough if they took that long.
    if not (isinstance(timer, HostTimer) and estimate > warmup):
        for _ in range(_runs(warmup, estimate)):
            fn()
    times = timer.measure(fn, _runs(rep, estimate), _gradient_reset(grad_to_none))
    return summarize(times, quantiles, return_mode)


def do_bench_cudagraph(
    fn: Callable[[], Any],
    rep: float = 20,
    grad_to_none: Iterable[Any] | None = None,
    quantiles: Sequence[float] | None = None,
    return_mode: str = "mean",
) -> Any:
    """Times ``fn`` inside of a CUDA graph, without the host's share; parameters as of do_bench.

    Needs torch on a GPU. On the virtual machine, which has no graphs, it is do_bench.

    Examples
    --------
    >>> cosmati.testing.do_bench_cudagraph(lambda: None, rep=1) >= 0
    True
    """
    _check_mode(return_mode)
    if get_device().on_host:
        return do_bench(fn, 0, rep, grad_to_none, quantiles, return_mode)
    torch = torch_with_cuda()
    if torch is None:
        raise CosmatiError(
            "do_bench_cudagraph captures graphs through torch, and no torch with CUDA is in use; "
            "use do_bench, which times single launches by the driver's events"
        )
    reset = _gradient_reset(grad_to_none)
    with torch.cuda.stream(torch.cuda.Stream()):
        fn()
        for tensor in grad_to_none or ():
            tensor.detach_()
            tensor.requires_grad_(True)
        reset()
        timer = choose_timer()
        estimate = statistics.mean(timer.measure(fn, 5, reset, flush=False))
        count = _runs(rep, estimate)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in range(count):
                reset()
                fn()
        torch.cuda.synchronize()
        replays = timer.measure(graph.replay, _GRAPH_REPLAYS, lambda: None, flush=False)
    return summarize([time / count for time in replays], quantiles, return_mode)


def do_bench_proton(fn: Callable[[], Any], *args: Any, **kwargs: Any) -> Any:
    """Not there: raises CosmatiError. Proton is a profiler of Triton's.

    Examples
    --------
    >>> cosmati.testing.do_bench_proton(lambda: None)
    Traceback (most recent call last):
    cosmati.errors.CosmatiError: do_bench_proton needs Triton's profiler Proton, ...
    """
    raise CosmatiError(
        "do_bench_proton needs Triton's profiler Proton, which is no part of Cosmati; use "
        "cosmati.testing.do_bench or do_bench_cudagraph, or an NVIDIA profiler"
    )


def do_bench_cudagraph_proton(fn: Callable[[], Any], *args: Any, **kwargs: Any) -> Any:
    """Not there: raises CosmatiError; see do_bench_proton.

    Examples
    --------
    >>> cosmati.testing.do_bench_cudagraph_proton(lambda: None)
    Traceback (most recent call last):
    cosmati.errors.CosmatiError: do_bench_proton needs Triton's profiler Proton, ...
    """
    do_bench_proton(fn)
