"""What users set for all tuning: through ``cosmati.knobs``, or the environment."""

from __future__ import annotations

import os
from typing import Any


def _knob(name: str) -> Any:
    """A value of ``cosmati.knobs.autotuning``; None where there is none."""
    try:
        from cosmati import knobs
    except ImportError:
        return None
    return getattr(getattr(knobs, "autotuning", None), name, None)


def _flag(variable: str) -> bool | None:
    text = os.environ.get(variable)
    return None if not text else text.lower() not in ("0", "false", "off", "no")


def prints() -> bool:
    """Whether tuning says what it does: COSMATI_PRINT_AUTOTUNING."""
    return bool(_knob("print") or _flag("COSMATI_PRINT_AUTOTUNING"))


def keeps_results() -> bool:
    """Whether results go to the cache folder unless a kernel says otherwise.

    COSMATI_CACHE_AUTOTUNING=0 turns it off.
    """
    return _flag("COSMATI_CACHE_AUTOTUNING") is not False


def is_deterministic() -> bool:
    """Whether every kernel keeps to its first configuration that fits: no timing decides.

    COSMATI_DETERMINISTIC_TUNING=1 turns it on.
    """
    return bool(_flag("COSMATI_DETERMINISTIC_TUNING"))


def listener() -> Any:
    """Called after each choice; None where nobody listens."""
    return _knob("listener")
