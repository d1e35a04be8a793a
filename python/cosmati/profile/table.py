"""Profiles as text, beside the source."""

from __future__ import annotations

import linecache

from cosmati.profile.collect import KernelProfile
from cosmati.profile.roofline import Estimate
from cosmati.vm.report import Counts

_COLUMNS = ("line", "executed", "active", "sectors", "(ideal)", "smem", "(confl.)", "Mop", "tensor")
_WIDTHS = (5, 9, 6, 9, 9, 8, 8, 8, 9)


def format_profile(kernel: KernelProfile, estimate: Estimate | None = None) -> str:
    """A table of the kernel's lines, the totals, and the estimate if there is one.

    Examples
    --------
    >>> with cosmati.profile.profiling() as collector:  # doctest: +SKIP
    ...     kernel[grid](x, n)
    >>> print(format_profile(collector.kernels[0]))  # doctest: +SKIP
    """
    lines = kernel.by_line()
    times = "launch" if kernel.launches == 1 else "launches"
    text = [
        f"{kernel.name} for {kernel.image.target}: {kernel.launches} {times}, "
        f"{kernel.ctas} CTAs of {32 * kernel.image.num_warps} threads",
        _row(_COLUMNS) + "  source",
    ]
    for (file, line), counts in sorted(lines.items()):
        source = linecache.getline(file, line).strip() if file else "(no source line)"
        text.append(_row((str(line) if line else "", *_cells(counts))) + f"  {source}")
    text.append(_row(("total", *_cells(kernel.profile.total))))
    text += _totals(kernel)
    if estimate is not None:
        text += _estimate(estimate)
    return "\n".join(line.rstrip() for line in text)


def _row(cells: tuple[str, ...]) -> str:
    return " ".join(cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True))


def _cells(c: Counts) -> tuple[str, ...]:
    tensor = sum(c.tensor_ops.values())
    return (
        str(c.executions),
        f"{100 * c.warp_efficiency:.0f}%",
        _or_blank(c.global_sectors),
        f"({c.global_ideal_sectors})" if c.global_sectors else "",
        _or_blank(c.shared_passes),
        f"({c.bank_conflicts})" if c.shared_passes else "",
        f"{c.float_ops / 1e6:.3f}" if c.float_ops else "",
        f"{tensor / 1e6:.3f}" if tensor else "",
    )


def _or_blank(value: int) -> str:
    return str(value) if value else ""


def _totals(kernel: KernelProfile) -> list[str]:
    total = kernel.profile.total
    rows = [
        ("global memory touched", kernel.profile.footprint_bytes, "bytes"),
        ("global reads", total.global_read_bytes, "bytes"),
        ("global writes", total.global_write_bytes, "bytes"),
        ("sectors beyond the ideal", total.global_sectors - total.global_ideal_sectors, ""),
        ("shared reads", total.shared_read_bytes, "bytes"),
        ("shared writes", total.shared_write_bytes, "bytes"),
        ("bank conflicts", total.bank_conflicts, ""),
        ("local reads", total.local_read_bytes, "bytes"),
        ("local writes", total.local_write_bytes, "bytes"),
        ("asynchronous copies", total.async_bytes, "bytes"),
        ("atomics", total.atomics, ""),
        ("waits at barriers", total.barrier_waits, ""),
    ]
    rows += [
        (f"tensor cores on {kind}", ops, "operations") for kind, ops in total.tensor_ops.items()
    ]
    return [f"  {name}: {value} {unit}" for name, value, unit in rows if value]


def _estimate(e: Estimate) -> list[str]:
    lines = [
        f"Roofline estimate for {e.gpu.name}: {e.seconds * 1e6:.3g} us, bound by {e.bound}",
        "  (a lower bound from peaks and counts, not a measurement)",
    ]
    for name, seconds in sorted(e.parts.items(), key=lambda item: -item[1]):
        if seconds:
            lines.append(f"  {name}: {seconds * 1e6:.3g} us")
    return lines
