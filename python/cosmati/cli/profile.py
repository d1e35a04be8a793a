"""``cosmati profile``: what a kernel, or the kernels of a script, cost line by line."""

from __future__ import annotations

import argparse
import json
import runpy
import sys
from pathlib import Path
from typing import Any

from cosmati.cli.load import load_kernel, parse_options
from cosmati.errors import CosmatiError


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "profile", help="count what kernels do, line by line, on the virtual machine"
    )
    parser.add_argument(
        "target", help="FILE.py::KERNEL with arguments as for `cosmati run`, or a script that "
        "launches kernels",
    )  # fmt: skip
    parser.add_argument("arguments", nargs="*", help="of the kernel or of the script")
    parser.add_argument("-g", "--grid", default="1", help="programs of a KERNEL: 8 or 8,4,2")
    parser.add_argument("-O", "--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--gpu", help="estimate the time on: h100, h200, a100, l40s, l4, a10, ...")
    parser.add_argument("--json", metavar="FILE", help="write the counts as JSON; -: print them")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    from cosmati.profile import format_profile, profiling
    from cosmati.profile.roofline import estimate, find_gpu
    from cosmati.runtime.device import set_device

    gpu = find_gpu(options.gpu) if options.gpu else None
    set_device("vm")
    with profiling() as collector:
        if "::" in options.target:
            _launch(options)
        else:
            _run_script(options.target, options.arguments)
    if not collector.kernels:
        raise CosmatiError(f"{options.target} launched no kernel")
    results = []
    for number, kernel in enumerate(collector.kernels):
        guess = estimate(kernel.profile, kernel.ctas, gpu, kernel.launches) if gpu else None
        entry = kernel.to_dict()
        if guess is not None:
            entry["estimate"] = {
                "gpu": guess.gpu.name, "seconds": guess.seconds, "bound": guess.bound,
                "parts": guess.parts,
            }  # fmt: skip
        results.append(entry)
        if options.json != "-":
            print(("\n" if number else "") + format_profile(kernel, guess))
    if options.json:
        text = json.dumps({"kernels": results}, indent=2)
        if options.json == "-":
            print(text)
        else:
            Path(options.json).write_text(text + "\n", encoding="utf-8")
    return 0


def _launch(options: argparse.Namespace) -> None:
    from cosmati.cli.run import argument_values

    kernel = load_kernel(options.target)
    values = argument_values(kernel, options.arguments)
    grid = tuple(int(part) for part in options.grid.split(","))
    kernel[grid](**values, **parse_options(options.option))


def _run_script(script: str, arguments: list[str]) -> None:
    path = Path(script)
    if not path.is_file():
        raise CosmatiError(f"there is no file {script}; give a script, or FILE.py::KERNEL")
    before = sys.argv, sys.path[:]
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = before
