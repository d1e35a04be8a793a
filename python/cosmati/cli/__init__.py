"""The ``cosmati`` command: doctor, compile, run, profile, cache."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from cosmati.errors import CosmatiError


def _parser() -> argparse.ArgumentParser:
    from cosmati import __version__
    from cosmati.cli import cache, compile, doctor, profile, run

    parser = argparse.ArgumentParser(
        prog="cosmati", description="Compile and run block-level GPU kernels."
    )
    parser.add_argument("--version", action="version", version=f"cosmati {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for module in (doctor, compile, run, profile, cache):
        module.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives the exit status: 0, or 1 with a message on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.execute(options))
    except (CosmatiError, ValueError, TypeError, KeyError, OSError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"cosmati {options.command}: {text}", file=sys.stderr)
        return 1
