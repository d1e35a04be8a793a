"""The catalogue of errors: cases that raise, and the page docs/errors.md that is made of them.

A case is a function that ends in an error. Its body is what the page shows, and the text of the
error is shown as it was raised, with lines counted from the first line of the body.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
_FILE = "kernel.py"
_INDENT = 4  # of the body, which the page doesn't show


@dataclass(frozen=True)
class Case:
    """One error.

    Attributes
    ----------
    title, section : str
    kind : type
        The exact class of the exception.
    phrase : str
        Words that people search for; where Triton has the error, they are Triton's.
    note : str
        What the page says beside the text; may be empty.
    """

    title: str
    section: str
    kind: type[BaseException]
    phrase: str
    note: str
    run: Callable[[], None]

    def text(self) -> str:
        """Runs the case; gives the error's text. AssertionError if it is another error or none."""
        try:
            self.run()
        except self.kind as error:
            assert type(error) is self.kind, f"{self.title}: {type(error)} instead of {self.kind}"
            raw = error.args[0] if isinstance(error, KeyError) else str(error)
            return self._normal(raw)
        raise AssertionError(f"{self.title}: nothing was raised")

    def body(self) -> str:
        return _without_marks(textwrap.dedent("".join(self._lines()[0])))

    def _lines(self) -> tuple[list[str], int]:
        """Lines of the body, and the number of the first one."""
        lines, first = inspect.getsourcelines(self.run)
        start = next(i for i, line in enumerate(lines) if line.startswith("def ")) + 1
        return lines[start:], first + start

    def _normal(self, text: str) -> str:
        file, (_, first) = inspect.getsourcefile(self.run) or "", self._lines()

        def from_body(match: re.Match[str]) -> str:
            column = f":{int(match[2]) - _INDENT}" if match[2] else ""
            return f"{_FILE}:{int(match[1]) - first + 1}{column}"

        text = re.sub(re.escape(file) + r":(\d+)(?::(\d+))?", from_body, text)
        text = re.sub(r"at line (\d+)", lambda m: f"at line {int(m[1]) - first + 1}", text)
        text = re.sub(r"/\S*/(?=cosmati/language/)", "", text)
        text = re.sub(r"0x[0-9a-f]{5,}", "0x...", text)
        name = self.run.__name__
        text = text.replace(f"{self.run.__module__}.{name}.<locals>.", "")
        return _without_marks(text.replace(f"{name}.<locals>.", ""))


def _without_marks(text: str) -> str:
    """Without comments to the style checker."""
    return re.sub(r"  # noqa: \w+", "", text)


CASES: list[Case] = []


def case(
    section: str, title: str, kind: type[BaseException], phrase: str, note: str = ""
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Adds the decorated function to the catalogue."""

    def add(run: Callable[[], None]) -> Callable[[], None]:
        CASES.append(Case(title, section, kind, phrase, note, run))
        return run

    return add


_HEAD = """# Errors

The errors in which a kernel, a launch or a run can end, with the text as it is raised: what is
wrong, the value and its bound, what to do, the line of the kernel with carets, and the calls that
led there. Where Triton has the error, too, the exception has the same name, and the words that
people search for are the same. `in kernel, at 3:8` counts from the function, as Triton does: line 1
is its `def`, and columns begin at 0.

`test/errors/write.py` makes this page from cases that the tests run, so that the texts are those of
today.
"""


def page() -> str:
    """The text of docs/errors.md."""
    parts = [_HEAD]
    section = ""
    for item in CASES:
        if item.section != section:
            section = item.section
            parts.append(f"## {section}\n")
        parts.append(f"### {item.title}\n")
        if item.note:
            parts.append(f"{item.note}\n")
        parts.append(f"```python\n{item.body().rstrip()}\n```\n")
        parts.append(f"```text\n{item.kind.__name__}: {item.text()}\n```\n")
    return "\n".join(parts)
