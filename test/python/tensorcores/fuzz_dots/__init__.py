"""Random programs around dots, run by the compiler under all checkers and by NumPy.

They are made of the statements of ``fuzzing`` (the random programs of test/python/compiler), with
makers of their own: tiles whose addresses move with the loops around them, and dots.
"""

import importlib.util
import sys
from pathlib import Path

_root = Path(__file__).resolve().parents[4]
# Outside of pytest: what its configuration and conftest.py put on the path.
for _module, _folder in (
    ("tensorcore_support", "test/python/tensorcores"),
    ("fuzzing", "test/python/compiler"),
    ("cosmati", "build/python"),
):
    if importlib.util.find_spec(_module) is None:
        sys.path.append(str(_root / _folder))
