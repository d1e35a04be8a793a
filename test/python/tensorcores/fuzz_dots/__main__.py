"""``python -m fuzz_dots --seconds N [--seed S]``: random programs around dots, failures reduced.

Prints the seed and the reduced program of each failure, and writes it to ``--out``; ``--seed S
--count 1`` brings it back.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from fuzzing.program import Reject
from fuzzing.reducer import describe

from fuzz_dots.generate import generate
from fuzz_dots.run import Failure, TooLarge, check_dots


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz_dots", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=0, help="stop after that many programs")
    parser.add_argument("--out", type=Path, help="folder for failing programs")
    parser.add_argument("--show", action="store_true", help="print every program")
    parser.add_argument("--no-reduce", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("COSMATI_DEVICE", "vm")
    os.environ.setdefault("COSMATI_CACHE_DIR", "")  # no cache on disk
    end = time.monotonic() + arguments.seconds
    seed, ran, failed, large = arguments.seed, 0, 0, 0
    while time.monotonic() < end and (not arguments.count or ran < arguments.count):
        seed += 1
        try:
            program = generate(seed - 1)
        except Reject:
            continue
        if arguments.show:
            print(describe(program), flush=True)
        ran += 1
        try:
            check_dots(program)
        except TooLarge:
            large += 1
        except Failure as failure:
            failed += 1
            print(f"seed {seed - 1}: {str(failure)[:1500]}", flush=True)
            small = describe(program) if arguments.no_reduce else failure.reduced()
            print(small, flush=True)
            if arguments.out:
                arguments.out.mkdir(parents=True, exist_ok=True)
                (arguments.out / f"{seed - 1}.py").write_text(f"# {failure}\n{small}")
    print(f"{ran} programs, {failed} failed, {large} too large, next seed {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
