"""Times the kernels on the default device, with arrays of the host.

    python -m cosmati.kernels.bench [FAMILY...]     elementwise norm gemm sparse attention quantize
"""

from __future__ import annotations

import importlib
import sys

FAMILIES = ("elementwise", "norm", "gemm", "sparse", "attention", "quantize")


def main(families: list[str]) -> int:
    """Prints the timings of the families (of all, without names); an exit status."""
    unknown = [name for name in families if name not in FAMILIES]
    if unknown:
        print(f"{unknown[0]} is no family of kernels; known: {', '.join(FAMILIES)}")
        return 2
    for name in families or FAMILIES:
        made = importlib.import_module(f"cosmati.kernels.{name}").bench()
        for timing in made if isinstance(made, list) else [made]:
            print(timing)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
