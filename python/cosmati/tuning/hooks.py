"""What happens to a kernel's arrays before and after each trial."""

from __future__ import annotations

from typing import Any

from cosmati.runtime.options import is_option
from cosmati.tuning.arrays import SavedArray, clear
from cosmati.tuning.interface import described


def check_names(tuner: Any, what: str, names: list[str]) -> None:
    """ValueError for a name that is no parameter."""
    for name in names:
        if name not in tuner.arg_names:
            raise ValueError(
                f"{what} names {name!r}, which is no parameter of {described(tuner.fn)} "
                f"({', '.join(tuner.arg_names)})"
            )


def check_config(tuner: Any, config: Any) -> None:
    """KeyError for a name in a configuration that is neither a parameter nor an option."""
    for name in config.kwargs:
        if name not in tuner.arg_names and not is_option(name):
            raise KeyError(
                f"Keyword argument {name} was specified but unrecognised: the Config ({config}) "
                f"sets it, but it is no parameter of {described(tuner.fn)} "
                f"({', '.join(tuner.arg_names)}) and no compile option"
            )


class ArrayHooks:
    """Clears and saves arrays before a trial, writes the saved ones back after it."""

    def __init__(self, reset_to_zero: list[str], restore_value: list[str]) -> None:
        self.reset_to_zero, self.restore_value = reset_to_zero, restore_value
        self._saved: list[SavedArray] = []

    def before(self, arguments: dict[str, Any], reset_only: bool = False) -> None:
        """``reset_only``: no trial and no after() follow; the launch itself does."""
        for name in self.reset_to_zero:
            if arguments.get(name) is not None:
                clear(arguments[name])
        if not reset_only:
            self._release()
            self._saved = [
                SavedArray(arguments[name])
                for name in self.restore_value
                if arguments.get(name) is not None
            ]

    def after(self, arguments: dict[str, Any], exception: BaseException | None) -> None:
        for item in self._saved:
            item.restore()
        self._release()

    def _release(self) -> None:
        for item in self._saved:
            item.release()
        self._saved = []
