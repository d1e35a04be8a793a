"""``cosmati run``: launches a kernel once on arrays made from a short description.

Without a kernel it runs the main job: kernels of the library, compared with NumPy.
"""

from __future__ import annotations

import argparse
import importlib
import re
import time
from typing import Any

import numpy as np

from cosmati.cli.load import load_kernel, parse_constant, parse_options
from cosmati.errors import CosmatiError

_ARRAY = re.compile(r"(?P<dtype>[a-z]+[0-9]*)\[(?P<shape>[0-9x]*)\](=(?P<fill>.+))?$")


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("run", help="launch a kernel once and show its arrays")
    parser.add_argument(
        "kernel", nargs="?", help="FILE.py::KERNEL; without one, the library's kernels are run and "
        "compared with NumPy",
    )  # fmt: skip
    parser.add_argument(
        "arguments",
        nargs="*",
        help='in order: "float32[1000]" (random), "float32[4x8]=zeros" (or ones, arange, '
        "@file.npy), numbers; NAME=VALUE for any parameter",
    )
    parser.add_argument("-g", "--grid", default="1", help="programs: 8 or 8,4,2")
    parser.add_argument("-d", "--device", help="vm, cuda or cuda:N (a kernel: vm)")
    parser.add_argument("-O", "--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--check", help='look for races and the like: "all", or "race,sync", ...')
    parser.add_argument("--schedule", help="in-order, round-robin, random or adversarial")
    parser.add_argument("--seed", type=int, help="of the schedule")
    parser.add_argument("--save", action="append", default=[], metavar="NAME=FILE.npy",
                        help="write an array after the launch")  # fmt: skip
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    from cosmati.runtime.device import set_device
    from cosmati.vm import checking

    if options.kernel is None:
        if options.device:
            set_device(options.device)
        return int(importlib.import_module("cosmati.kernels.main_job").main())
    if options.device not in (None, "vm"):
        raise CosmatiError("`cosmati run` makes NumPy arrays, which only the device vm can use")
    set_device("vm")
    kernel = load_kernel(options.kernel)
    values = argument_values(kernel, options.arguments)
    grid = tuple(int(part) for part in options.grid.split(","))
    start = time.perf_counter()
    compiled = kernel.prepare((), {**values, **parse_options(options.option)})
    prepared = time.perf_counter()
    with checking(options.check, schedule=options.schedule, seed=options.seed):
        kernel[grid](**values, **parse_options(options.option))
    done = time.perf_counter()
    print(
        f"{compiled.name}: {compiled.origin} in {(prepared - start) * 1e3:.1f} ms, ran in "
        f"{(done - prepared) * 1e3:.3f} ms on the virtual machine"
    )
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            print(f"{name} = {np.array2string(value, threshold=12, edgeitems=3)}")
    for pair in options.save:
        name, _, file = pair.partition("=")
        if not isinstance(values.get(name), np.ndarray) or not file:
            raise CosmatiError(f"--save {pair}: write NAME=FILE.npy with the name of an array")
        np.save(file, values[name])
    return 0


def _main_job() -> int:
    """The kernels that come with the package, on host or GPU memory, against NumPy."""
    from cosmati.kernels import main_job

    return int(main_job.main())


def argument_values(kernel: Any, texts: list[str]) -> dict[str, Any]:
    """Arguments by name, from positional texts and NAME=VALUE."""
    values: dict[str, Any] = {}
    remaining = iter(kernel.arg_names)
    for text in texts:
        name, separator, rest = text.partition("=")
        if separator and name in kernel.arg_names:
            values[name] = _value(rest)
            continue
        try:
            values[next(remaining)] = _value(text)
        except StopIteration:
            raise CosmatiError(f"{text!r} is one argument too many") from None
    return values


def _value(text: str) -> Any:
    match = _ARRAY.match(text)
    if not match:
        return parse_constant(text)
    shape = tuple(int(part) for part in match["shape"].split("x") if part)
    fill = match["fill"] or "random"
    dtype = _dtype(match["dtype"])
    if fill.startswith("@"):
        return np.ascontiguousarray(np.load(fill[1:]).astype(dtype).reshape(shape))
    size = int(np.prod(shape))
    if fill == "random":
        rng = np.random.default_rng(0)
        flat = rng.standard_normal(size) if dtype.kind not in "iub" else rng.integers(0, 100, size)
    elif fill in ("zeros", "ones"):
        flat = np.full(size, int(fill == "ones"))
    elif fill == "arange":
        flat = np.arange(size)
    else:
        raise CosmatiError(f"{fill!r} fills no array; use random, zeros, ones, arange or @file.npy")
    return flat.astype(dtype).reshape(shape)


def _dtype(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:
        pass
    try:
        import ml_dtypes

        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return found
    except (ImportError, AttributeError):
        raise CosmatiError(
            f"NumPy has no type {name!r} (ml_dtypes adds bfloat16 and fp8)"
        ) from None
