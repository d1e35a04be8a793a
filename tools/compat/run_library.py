"""Runs the cases of one library: ``python -m cosmati.compat --device vm run_library.py LIB REPORT
[CASE...]``, or lists them: ``LIB --list``.

Autotuned kernels take their first configuration: here it is to be seen whether kernels are right,
and how fast a GPU would run them is nothing that the virtual machine can say.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def first_configurations(count: int) -> None:
    """Cuts every autotuner's list; subclasses of it, too."""
    from triton.runtime.autotuner import Autotuner

    start = Autotuner.__init__

    def init(self, fn, arg_names, configs, *rest, **options):  # type: ignore[no-untyped-def]
        start(self, fn, arg_names, list(configs)[:count], *rest, **options)

    Autotuner.__init__ = init  # type: ignore[method-assign]


def main() -> None:
    library, report, *names = sys.argv[1:]
    count = int(os.environ.get("COMPAT_CONFIGURATIONS", "1"))
    if count:
        first_configurations(count)
    import harness

    module = importlib.import_module(f"{library}_cases")
    if report == "--list":
        print(*module.CASES)
        return
    harness.run(module.CASES, names, Path(report))


if __name__ == "__main__":
    main()
