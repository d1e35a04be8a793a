"""``python -m cosmati.compat [--device vm|cuda] script.py [args]`` or ``-m module [args]``.

Runs a program in which ``import triton`` gives Cosmati. ``--device vm`` runs it without a GPU: see
cosmati.compat.torch_vm.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import runpy
import sys


def main(arguments: list[str] | None = None) -> None:
    """Does what the words say; the program's own exit status is that of the process."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="python -m cosmati.compat",
        description="Run a program whose `import triton` gives Cosmati.",
        usage="%(prog)s [--device vm|cuda[:N]] (script.py | -m module) [arguments]",
    )
    parser.add_argument(
        "--device",
        help="vm: the PTX virtual machine, also for code that asks torch for cuda tensors; "
        "cuda, cuda:N: a GPU. Default: COSMATI_DEVICE, else a GPU, else vm",
    )
    parser.add_argument("-m", dest="module", action="store_true", help="run a module as a program")
    parser.add_argument("program", help="the script, or with -m the module")
    own, rest = _split(words)
    chosen = parser.parse_args(own)
    from cosmati.compat.finder import install

    install()
    if chosen.device is not None:
        _choose(chosen.device, parser)
    sys.argv = [chosen.program, *rest]
    if chosen.module:
        runpy.run_module(chosen.program, run_name="__main__", alter_sys=True)
    else:
        # As Python does for a script; `-m cosmati.compat` had put the current folder there.
        sys.path[0] = os.path.dirname(os.path.abspath(chosen.program))
        runpy.run_path(chosen.program, run_name="__main__")


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Our words, up to the program's name, and the program's own."""
    i = 0
    while i < len(words) and words[i].startswith("-"):
        i += 2 if words[i] == "--device" else 1
    return words[: i + 1], words[i + 1 :]


def _choose(device: str, parser: argparse.ArgumentParser) -> None:
    import cosmati

    if device == "vm" and importlib.util.find_spec("torch") is not None:
        from cosmati.compat import torch_vm

        torch_vm.install()
        return
    try:
        cosmati.set_device(device)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
