"""What users set for all tuning, through ``cosmati.knobs`` or the environment."""

from __future__ import annotations

import os
from typing import Any


def prints() -> bool:
    """Whether tuning says what it does: COSMATI_PRINT_AUTOTUNING."""
    from cosmati import knobs

    return bool(knobs.autotuning.print)


def keeps_results() -> bool:
    """Whether results go to the cache folder unless a kernel asks for it: on, unless
    COSMATI_CACHE_AUTOTUNING=0.
    """
    from cosmati import knobs

    return bool(knobs.autotuning.cache)


def is_deterministic() -> bool:
    """Whether every kernel keeps to its first configuration that fits, and nothing is measured:
    COSMATI_DETERMINISTIC_TUNING=1.
    """
    text = os.environ.get("COSMATI_DETERMINISTIC_TUNING", "")
    return text.lower() not in ("", "0", "false", "off", "no", "n")


def listener() -> Any:
    """Called after each choice; None where nobody listens."""
    from cosmati import knobs

    return knobs.autotuning.listener
