"""Turns the compiler's and devices' errors into exceptions; called from C++."""

from __future__ import annotations

import linecache
from collections.abc import Sequence

from cosmati.errors import (
    CompilationError,
    CompilerFailure,
    DeviceError,
    KernelFault,
    OutOfResources,
    SourcePlace,
)
from cosmati.frontend.source import locate

Frames = Sequence[tuple[str, int, int]]


def source_chain(frames: Frames) -> tuple[SourcePlace, ...]:
    """Frames of an image (function, line from its def, column) as they stand in the files now."""
    places = []
    for function, line, column in frames:
        found = locate(function)
        short = function.rpartition(".")[2]
        if found is None:  # not alive, or a file (lineinfo="absolute")
            text = linecache.getline(function, line).rstrip("\n")
            places.append(SourcePlace(function, line, column, column + 1, text, short))
            continue
        file, first_line = found
        absolute = first_line + line - 1
        text = linecache.getline(file, absolute).rstrip("\n")
        places.append(SourcePlace(file, absolute, column, column + 1, text, short))
    return tuple(places)


def compile_failure(kind: str, message: str, frames: Frames, reproducer: str) -> Exception:
    """The exception for a compiler error of a kind: program, assembler or internal."""
    chain = source_chain(frames)
    if kind == "program":
        return CompilationError(message, chain)
    text = CompilationError(message, chain).args[0]
    if reproducer:
        text += f"\nA bundle that reproduces this was written to {reproducer}"
    return CompilerFailure(text)


def resource_failure(
    message: str,
    frames: Frames,
    notes: Sequence[tuple[str, Frames]],
    resource: str,
    required: int,
    limit: int,
) -> Exception:
    """The exception for a kernel that needs more than its target has; notes say what for."""
    lines = [CompilationError(message, source_chain(frames)).args[0]]
    for text, places in notes:
        chain = source_chain(places)
        lines.append(f"  {text}")
        if places != frames:
            lines += [f"    {place.file}:{place.line}: {place.text.strip()}" for place in chain]
    return OutOfResources(required, limit, resource, "\n".join(lines))


def device_failure(text: str) -> Exception:
    return DeviceError(text)


def kernel_fault(text: str) -> Exception:
    return KernelFault(text)
