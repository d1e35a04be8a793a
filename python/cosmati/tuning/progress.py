"""Says on stderr how far a tuning run is: a bar on a terminal, lines where they were asked for."""

from __future__ import annotations

import sys
import time

from cosmati.tuning import settings

_BAR = 24


class Progress:
    """``total`` steps; nothing is shown for runs that end within half a second."""

    def __init__(self, kernel: str, total: int) -> None:
        self.kernel, self.total = kernel, total
        self.done = 0
        self.start = time.monotonic()
        self.lines = settings.prints()
        self.bar = not self.lines and sys.stderr is not None and sys.stderr.isatty()
        self._width = 0

    def step(self, text: str) -> None:
        """One more step is done; ``text`` says which."""
        self.done += 1
        if self.lines:
            self.say(f"{text} ({self.done}/{self.total})")
        elif self.bar and self.elapsed() > 0.5:
            self._draw(text)

    def elapsed(self) -> float:
        return time.monotonic() - self.start

    def remaining(self) -> float:
        """Seconds until the end, if the steps go on as they did."""
        return self.elapsed() / max(self.done, 1) * (self.total - self.done)

    def _draw(self, text: str) -> None:
        filled = _BAR * self.done // self.total
        line = (
            f"tuning {self.kernel} [{'#' * filled}{'.' * (_BAR - filled)}] "
            f"{self.done}/{self.total}, {self.remaining():.0f} s left: {text}"
        )[:118]
        print("\r" + line.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = len(line)

    def say(self, text: str) -> None:
        if self.lines:
            print(f"cosmati: tuning {self.kernel}: {text}", file=sys.stderr)

    def close(self) -> None:
        """Takes the bar away."""
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
            self._width = 0
