"""``python -m fuzzing --seconds N [--seed S]``: runs random programs, reduces what fails.

Failing programs are written to ``--out`` as text; the seed brings each of them back.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from fuzzing.control import generate
from fuzzing.program import Reject
from fuzzing.reducer import describe, reduce
from fuzzing.runner import Mismatch, check


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=0, help="stop after that many programs")
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--no-reduce", action="store_true")
    parser.add_argument("--show", action="store_true", help="print the programs")
    parser.add_argument("--assemble-every", type=int, default=0)
    arguments = parser.parse_args()
    end = time.monotonic() + arguments.seconds
    seed, ran, failed = arguments.seed, 0, 0
    while time.monotonic() < end and (not arguments.count or ran < arguments.count):
        try:
            program = generate(seed)
        except Reject:
            seed += 1
            continue
        if arguments.show:
            print(describe(program), flush=True)
        ran += 1
        assemble = bool(arguments.assemble_every) and ran % arguments.assemble_every == 0
        try:
            check(program, assemble=assemble)
        except Mismatch as error:
            failed += 1
            print(f"seed {seed}: {str(error)[:600]}", flush=True)
            if not arguments.no_reduce:
                arguments.out.mkdir(parents=True, exist_ok=True)
                small = reduce(program)
                (arguments.out / f"{seed}.py").write_text(f"# {error}\n{describe(small)}")
        seed += 1
    print(f"{ran} programs, {failed} failed, next seed {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
