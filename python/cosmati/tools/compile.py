"""Compiles a kernel ahead of time into C source with the code inside.

::

    python -m cosmati.tools.compile kernels.py -n add -s "*fp32:16, *fp32:16, i32, 1024" \\
        -g "(n + 1023) / 1024, 1, 1" -t cuda:90:32

writes ``add.HASH_SUFFIX.c`` and ``.h`` with::

    CUresult add_HASH_SUFFIX(CUstream stream, CUdeviceptr x, CUdeviceptr out, int32_t n);
    CUresult load_add_HASH_SUFFIX(void);
    CUresult unload_add_HASH_SUFFIX(void);

The signature has the type of each parameter, with a hint after a colon (16: divisible by 16; 1: it
is 1), or a value that is compiled in. The grid's extents are C expressions of the parameters. The
source holds a cubin, where an assembler is found, and the PTX, for GPUs that the cubin doesn't
serve; the code is loaded on each device at its first launch there. Every function gives the
driver's error code; nothing exits or prints. It compiles without a CUDA toolkit and links with
libcuda.
``python -m cosmati.tools.link`` joins several such sources behind one function.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.tools.signatures import Entry, c_type, parse_signature
from cosmati.tools.templates import HEADER, PRELUDE, SOURCE


@dataclass
class CompileArgs:
    """The command line's arguments."""

    path: str = ""
    kernel_name: str = ""
    signature: str = ""
    grid: str = ""
    target: str | None = None
    num_warps: int = 1
    num_stages: int = 3
    out_name: str | None = None
    out_path: Path | None = None


def parse_target(text: str | None) -> Any:
    """``cuda:80:32`` as a GPUTarget; None: that of the device.

    Examples
    --------
    >>> parse_target("cuda:80:32")
    GPUTarget(backend='cuda', arch=80, warp_size=32)
    """
    from cosmati.backends.compiler import GPUTarget

    if text is None:
        from cosmati.runtime.driver import driver

        return driver.active.get_current_target()
    parts = text.split(":")
    if len(parts) != 3 or not parts[2].isdigit():
        raise CosmatiError(f"target {text!r}: use BACKEND:ARCH:WARP_SIZE, as in cuda:90:32")
    arch: int | str = int(parts[1]) if parts[1].isdigit() else parts[1]
    return GPUTarget(parts[0], arch, int(parts[2]))


def compile_kernel(args: CompileArgs) -> tuple[str, list[Path]]:
    """Writes the C source and header; gives the function's name and the files.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> text = '''
    ... import cosmati, cosmati.language as tl
    ... @cosmati.jit
    ... def scale(x, n, BLOCK: tl.constexpr):
    ...     offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    ...     tl.store(x + offs, 2 * tl.load(x + offs, offs < n), offs < n)
    ... '''
    >>> _ = (folder / "scale.py").write_text(text)
    >>> name, files = compile_kernel(CompileArgs(  # doctest: +SKIP
    ...     path=str(folder / "scale.py"), kernel_name="scale", signature="*fp32:16, i32, 256",
    ...     grid="(n + 255) / 256, 1, 1", target="cuda:80:32", out_path=folder / "scale"))
    """
    import cosmati
    from cosmati.cli.load import load_kernel
    from cosmati.compiler.sources import ASTSource

    kernel = load_kernel(f"{args.path}::{args.kernel_name}")
    names = kernel.arg_names
    entries = parse_signature(args.signature, names, args.kernel_name)
    grid = [part.strip() for part in args.grid.split(",")]
    if len(grid) != 3 or not all(grid):
        raise CosmatiError(f"grid {args.grid!r}: it has three extents, as in x,y,z")
    constants = {name: entry.value for name, entry in zip(names, entries, strict=True)
                 if entry.is_constant}  # fmt: skip
    source = ASTSource(
        kernel,
        {name: entry.type for name, entry in zip(names, entries, strict=True)
         if not entry.is_constant},
        constants,
        {(i,): [["tt.divisibility", 16]] for i, entry in enumerate(entries) if entry.hint == 16},
    )  # fmt: skip
    options = {"num_warps": args.num_warps, "num_stages": args.num_stages}
    compiled = cosmati.compile(source, parse_target(args.target), options)
    return _write(args, names, entries, constants, grid, compiled)


def _write(args: CompileArgs, names: list[str], entries: list[Entry], constants: dict[str, Any],
           grid: list[str], compiled: Any) -> tuple[str, list[Path]]:  # fmt: skip
    out_name = args.out_name or args.kernel_name
    out_path = args.out_path or Path(out_name)
    meta = f"warps{args.num_warps}xstages{args.num_stages}"
    texts = [*(entry.text for entry in entries), meta]
    digest = hashlib.sha256(" ".join(texts).encode()).hexdigest()[:8]
    letters = {1: "c", 16: "d"}
    suffix = "".join(f"{i}{letters[e.hint]}" for i, e in enumerate(entries) if e.hint)
    name = f"{out_name}_{digest}_{suffix}"
    typed = [(n, e) for n, e in zip(names, entries, strict=True) if e.type is not None]
    passed = [(n, e) for n, e in typed if e.hint != 1]
    # What hints say of arguments is not chosen: the dispatcher asks for it.
    chosen = [str(entry.value) for entry in entries if entry.type is None]
    image = compiled.image
    values = {
        "name": name,
        "entry": image.entry,
        "kernel": f"{args.kernel_name} for {image.target}: "
        + ", ".join([*(f"{k}={v}" for k, v in constants.items()),
                     f"num_warps={args.num_warps}", f"num_stages={args.num_stages}"]),
        "cubin": _bytes(image.cubin or b"\0"),
        "cubin_size": len(image.cubin),
        "ptx": _bytes(image.ptx.encode() + b"\0"),
        "parameters": "".join(f", {c_type(str(e.type))} {n}" for n, e in passed),
        "pointers": ", ".join([f"&{n}" for n, _ in passed] or ["0"]),
        "full": ", ".join(f"{c_type(str(e.type))} {n}" for n, e in typed),
        "algorithm": re.sub(r"\W", "_", "x".join(chosen) + "_" + meta),
        "hints": "".join(f" {n}={e.hint}" for n, e in typed if e.hint),
        "shared": image.shared_bytes,
        "threads": 32 * image.num_warps,
        "x": grid[0], "y": grid[1], "z": grid[2],
        "prelude": PRELUDE,
    }  # fmt: skip
    header = out_path.with_suffix(f".{digest}_{suffix}.h")
    code = out_path.with_suffix(f".{digest}_{suffix}.c")
    header.write_text(HEADER.substitute(values))
    code.write_text(SOURCE.substitute(values, header=header.name))
    return name, [header, code]


def _bytes(data: bytes) -> str:
    """The bytes as a C initialiser, 16 to a line."""
    rows = (data[i : i + 16] for i in range(0, len(data), 16))
    return ",\n    ".join(", ".join(str(byte) for byte in row) for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m cosmati.tools.compile", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("path", help="Python file with the kernel; it is run")
    parser.add_argument("--kernel-name", "-n", required=True)
    parser.add_argument("--signature", "-s", required=True)
    parser.add_argument("--grid", "-g", required=True)
    parser.add_argument("--target", "-t", help="cuda:80:32; default: the device's")
    parser.add_argument("--num-warps", "-w", type=int, default=1)
    parser.add_argument("--num-stages", "-ns", type=int, default=3)
    parser.add_argument("--out-name", "-on", help="first part of the function's name")
    parser.add_argument("--out-path", "-o", type=Path, help="path of the files, without endings")
    options = parser.parse_args(arguments)
    try:
        compile_kernel(CompileArgs(**vars(options)))
    except (CosmatiError, ValueError, TypeError, KeyError, OSError) as error:
        print(f"cosmati.tools.compile: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
