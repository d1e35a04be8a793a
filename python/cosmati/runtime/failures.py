"""Turns the compiler's and devices' errors into exceptions; called from C++."""

from __future__ import annotations

import json
import linecache
from collections.abc import Sequence
from typing import Any

from cosmati.errors import (
    CompilationError,
    CompilerFailure,
    DeviceError,
    KernelFault,
    OutOfResources,
    PTXASError,
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
    return PTXASError(text) if kind == "assembler" else CompilerFailure(text)


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


def vm_findings(
    text: str, chains: Sequence[Frames], threads: int, arguments: dict[str, Any]
) -> Exception:
    """The exception for what the virtual machine found in a kernel.

    ``text``: the findings as JSON; ``chains``: the image's, which the columns of `.loc` number from
    1 on; ``threads``: of a CTA; ``arguments``: of the launch, by name.
    """
    from cosmati.vm.findings import CheckError, make_findings

    def chain_of(_file: int, _line: int, column: int) -> tuple[SourcePlace, ...]:
        return source_chain(chains[column - 1]) if 0 < column <= len(chains) else ()

    return CheckError(
        make_findings(json.loads(text), chain_of, (threads, 1, 1), _array_indices(arguments))
    )


def _array_indices(arguments: dict[str, Any]) -> dict[str, Any]:
    """How bytes of the launch's buffers become elements of the arrays in them."""
    from cosmati.runtime.arrays import View, describe
    from cosmati.vm.arguments import is_array, place_of
    from cosmati.vm.findings import ArrayIndex

    found = {}
    for name, value in arguments.items():
        array = value.array if isinstance(value, View) else value
        if not is_array(array):
            continue
        try:
            place = place_of(array)
            _, _, _, base, _, _ = describe(array)
        except (TypeError, ValueError):  # bytes alone are reported then
            continue
        found[name] = ArrayIndex(
            place.first_byte() - base, place.shape, place.full_strides(), place.itemsize
        )
    return found
