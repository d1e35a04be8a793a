"""Exceptions that users of the package see."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class CosmatiError(Exception):
    """Base of all errors of this package."""


@dataclass(frozen=True)
class SourcePlace:
    """A piece of kernel source: where it stands now, and its text.

    ``line`` is 1-based and absolute, ``column`` and ``end_column`` are 1-based and half open.
    ``in_function``: line from the ``def``, which is 1, and column from 0, as Triton counts them.
    """

    file: str
    line: int
    column: int
    end_column: int
    text: str
    function: str
    in_function: tuple[int, int] = (0, 0)

    def excerpt(self) -> str:
        """The source line with carets under the piece."""
        body = self.text.rstrip("\n")
        stripped = body.lstrip()
        shift = len(body) - len(stripped)
        start = max(self.column - 1 - shift, 0)
        end = min(max(self.end_column - 1 - shift, start + 1), max(len(stripped), start + 1))
        return f"    {stripped}\n    {' ' * start}{'^' * (end - start)}"


class CompilationError(CosmatiError):
    """A kernel that the language doesn't allow.

    Attributes
    ----------
    message : str
        What is wrong, without the place.
    chain : tuple of SourcePlace
        Innermost place first, then the calls that led there; the kernel itself is last.
    """

    def __init__(self, message: str, chain: tuple[SourcePlace, ...] = ()) -> None:
        self.message = message
        self.chain = chain
        super().__init__(self._format())

    def _format(self) -> str:
        if not self.chain:
            return self.message
        own = self._innermost_own()
        first = self.chain[own]
        head, _, details = self.message.partition("\n")
        lines = [f"{first.file}:{first.line}:{first.column}: {head}", first.excerpt()]
        if first.in_function[0]:
            line, column = first.in_function
            lines.append(f"  in {first.function}, at {line}:{column}:")
        if details:
            lines.append(details)
        for place in reversed(self.chain[:own]):
            lines.append(f"  inside of {place.function}: {place.text.strip()}")
        for place in self.chain[own + 1 :]:
            where = f"{place.file}:{place.line}:{place.column}"
            lines.append(f"  called from {where} in {place.function}")
            lines.append(place.excerpt())
        return "\n".join(lines)

    def _innermost_own(self) -> int:
        """Index of the innermost place outside of the language's own functions, if there is one.

        ``tl.zeros`` calls ``tl.full``: what it refuses is an error of the line with ``tl.zeros``.
        """
        return next(
            (
                index
                for index, place in enumerate(self.chain)
                if not place.function.startswith("cosmati.language.")
            ),
            0,
        )

    @property
    def error_message(self) -> str:
        """Same as message; Triton's name."""
        return self.message

    @property
    def filename(self) -> str | None:
        return self.chain[self._innermost_own()].file if self.chain else None

    @property
    def lineno(self) -> int | None:
        return self.chain[self._innermost_own()].line if self.chain else None


class UnsupportedLanguageConstruct(CompilationError):
    """Python that kernels can't use; the message names a way around it."""


class CompileTimeAssertionFailure(CompilationError):
    """A ``tl.static_assert`` that doesn't hold."""


class OutOfResources(CosmatiError):
    """A kernel that needs more shared memory, registers or threads than the target has.

    Attributes
    ----------
    required, limit : int
        What the kernel needs and what the target has, in bytes, registers or threads of a CTA.
    name : str
        What is short: "shared memory", "registers", "threads", "cluster size".
    """

    def __init__(
        self,
        required: int,
        limit: int,
        name: str,
        text: str = "",
        advise: Callable[[], str] | None = None,
    ) -> None:
        self.required, self.limit, self.name = required, limit, name
        self.text = text or f"out of resources: {name}. Required: {required}, limit: {limit}"
        self.advise = advise
        super().__init__(required, limit, name)

    @functools.cached_property
    def advice(self) -> str:
        """Changes that would fit, found by trying them; empty where none is known.

        Trying costs some compilations, so it is done when the advice is first read: an autotuner
        that only skips a configuration doesn't pay for it.
        """
        return self.advise() if self.advise is not None else ""

    def __str__(self) -> str:
        return f"{self.text}\n{self.advice}" if self.advice else self.text

    def __reduce__(self) -> tuple[Any, ...]:
        return OutOfResources, (self.required, self.limit, self.name, str(self))


class CompilerFailure(CosmatiError):
    """The compiler or the assembler failed on a kernel that the language allows."""


class PTXASError(CompilerFailure):
    """NVIDIA's assembler refused a kernel's PTX; the text has what it said."""


class AutotunerError(CosmatiError):
    """None of a kernel's configurations can be used; the text lists why."""


class DeviceError(CosmatiError):
    """The device or its driver refused a call."""


class InterpreterError(CosmatiError):
    """A kernel failed where there is no GPU; Triton's name. Here it is a KernelFault."""


class KernelFault(InterpreterError):
    """A kernel failed while it ran: an access out of bounds, a trap, an assertion."""


TritonError = CosmatiError
"""Triton's name for the base of all errors."""
