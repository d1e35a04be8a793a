"""``cosmati compile``: a kernel for a target, without a GPU and without arguments."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from cosmati.cli.load import load_kernel, parse_constant, parse_options, split_signature
from cosmati.errors import CosmatiError
from cosmati.language.dtypes import parse_type


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("compile", help="compile a kernel and write a stage of it")
    parser.add_argument("kernel", help="FILE.py::KERNEL")
    parser.add_argument(
        "-s",
        "--signature",
        required=True,
        help='types and constants of the parameters in order: "*fp32, *fp32, i32, 1024" '
        "(arrays are taken to be aligned to 16 bytes)",
    )
    parser.add_argument("-t", "--target", default="sm_90a", help="architecture (default: sm_90a)")
    parser.add_argument("-w", "--num-warps", type=int, default=4)
    parser.add_argument("-n", "--num-stages", type=int, default=3)
    parser.add_argument("-O", "--option", action="append", default=[], metavar="NAME=VALUE",
                        help="any other compile option")  # fmt: skip
    parser.add_argument(
        "-e", "--emit", default="ptx", choices=["tile", "tilegpu", "llvm", "ptx", "cubin", "image"]
    )
    parser.add_argument("-o", "--output", help="file to write (default: standard output)")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    kernel = load_kernel(options.kernel)
    arguments = _arguments(kernel, options.signature)
    with tempfile.TemporaryDirectory() as folder:
        # A dump makes the kernel be compiled now; one from the cache has no remarks.
        compiled = kernel.warmup(
            *arguments,
            target=options.target,
            num_warps=options.num_warps,
            num_stages=options.num_stages,
            **{"dump_ir": folder, **parse_options(options.option)},
        )
    stage = compiled.image.serialize() if options.emit == "image" else compiled.asm[options.emit]
    _write(stage, options.output)
    print(*compiled.remarks, _summary(compiled), sep="\n", file=sys.stderr)
    return 0


def _arguments(kernel: Any, signature: str) -> list[Any]:
    texts = split_signature(signature, kernel.arg_names, "the kernel")
    for name, text in zip(kernel.arg_names, texts, strict=True):
        if text.startswith("*"):
            try:
                parse_type(text.partition(":")[0])
            except ValueError as error:
                raise CosmatiError(f"the type of `{name}`: {error}") from None
    return [
        parse_constant(text) if parameter.is_constexpr else text.partition(":")[0]
        for parameter, text in zip(kernel.params, texts, strict=True)
    ]


def _write(stage: str | bytes, output: str | None) -> None:
    data = stage.encode() if isinstance(stage, str) else stage
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        Path(output).write_bytes(data)


def _summary(compiled: Any) -> str:
    parts = [f"{compiled.name} for {compiled.image.target}: {compiled.origin}"]
    if compiled.n_regs >= 0:
        parts.append(f"{compiled.n_regs} registers, {compiled.n_spills} bytes spilled")
    parts.append(f"{compiled.shared} bytes of shared memory")
    if compiled.times:
        parts.append("ms: " + ", ".join(f"{k} {v:.1f}" for k, v in compiled.times.items()))
    return "; ".join(parts)
