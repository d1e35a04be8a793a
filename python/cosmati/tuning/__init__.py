"""Choosing the configuration of a kernel: ``autotune``, ``Config``, ``heuristics``.

See docs/autotuning.md.
"""

from cosmati.tuning.autotuner import Autotuner as Autotuner
from cosmati.tuning.autotuner import autotune as autotune
from cosmati.tuning.config import Config as Config
from cosmati.tuning.heuristic import Heuristics as Heuristics
from cosmati.tuning.heuristic import heuristics as heuristics
from cosmati.tuning.table import TuningRow as TuningRow
from cosmati.tuning.table import TuningTable as TuningTable
