"""The repository's own files, as the project tests read them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CPP = (".cpp", ".h", ".td", ".def")
_FOLDERS = ("dialects", "compiler", "runtime", "python", "kernels", "bench", "test", "tools")
_INCLUDE = re.compile(r'^[ \t]*#?[ \t]*include[ \t]+["<]([^">]+)[">]', re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """One file: its path from the root, with forward slashes, and its text."""

    path: str
    text: str

    def line_of(self, offset: int) -> str:
        """``path:line`` of a character offset."""
        return f"{self.path}:{self.text.count(chr(10), 0, offset) + 1}"

    def matches(self, pattern: str) -> list[str]:
        """``path:line: text`` wherever ``pattern`` matches outside of C++ comments."""
        found = []
        if not re.search(pattern, self.text):
            return found
        # A comment becomes blanks of the same length, so that offsets stay true.
        bare = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), self.text)
        for match in re.finditer(pattern, bare):
            found.append(f"{self.line_of(match.start())}: {match[0].strip()}")
        return found

    def includes(self) -> Iterator[tuple[str, str]]:
        """(``path:line``, included file) of each #include, in C++ and in TableGen."""
        for match in _INCLUDE.finditer(self.text):
            yield self.line_of(match.start()), match[1]


@functools.cache
def sources(*suffixes: str, under: str = "") -> tuple[Source, ...]:
    """Every file of the project below ``under`` whose name ends with one of ``suffixes``."""
    found = []
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(under) and path.suffix in suffixes and path.is_file():
                found.append(Source(name, path.read_text(encoding="utf-8")))
    return tuple(found)
