"""Choosing the configuration of a kernel: ``autotune``, ``Config``, ``heuristics``.

See docs/autotuning.md.
"""

from typing import TYPE_CHECKING, Any

from cosmati.tuning.autotuner import Autotuner as Autotuner
from cosmati.tuning.autotuner import autotune as autotune
from cosmati.tuning.config import Config as Config
from cosmati.tuning.heuristic import Heuristics as Heuristics
from cosmati.tuning.heuristic import heuristics as heuristics

if TYPE_CHECKING:
    from cosmati.tuning.table import TuningRow as TuningRow
    from cosmati.tuning.table import TuningTable as TuningTable


def __getattr__(name: str) -> Any:
    if name in ("TuningRow", "TuningTable"):
        from cosmati.tuning import table

        return getattr(table, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
