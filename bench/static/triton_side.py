"""The same kernels compiled by Triton, where it is installed; needs no GPU. A comparison only."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np

from bench.gpu import as_triton
from bench.static.cases import Call

MISSING = "no comparison with Triton: the package triton is not installed for this Python"
_POINTERS = {
    "float16": "*fp16", "bfloat16": "*bf16", "float32": "*fp32", "int8": "*i8", "uint8": "*u8",
    "int32": "*i32", "float8_e4m3fn": "*fp8e4nv",
}  # fmt: skip


def is_there() -> bool:
    return importlib.util.find_spec("triton") is not None


def prepare(folder: Path) -> None:
    """Writes the kernels as Triton's below ``folder``; its cache goes there, too."""
    os.environ["TRITON_CACHE_DIR"] = str(folder / "cache")
    as_triton.load(folder)


def _signature(call: Call, names: list[str], constants: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Types by name, constants by name, attributes by position; as Triton's launcher finds them."""
    signature: dict[str, str] = {}
    fixed: dict[str, Any] = {}
    attributes = {}
    for position, name in enumerate(names):
        value = call.arguments.get(name, constants.get(name))
        is_one = isinstance(value, int) and value == 1 and name in call.arguments
        if name in constants or value is None or is_one:
            signature[name], fixed[name] = "constexpr", value
            continue
        if isinstance(value, np.ndarray):
            signature[name] = _POINTERS[str(value.dtype)]
        else:
            signature[name] = "fp32" if isinstance(value, float) else "i32"
        if isinstance(value, np.ndarray) or (isinstance(value, int) and value % 16 == 0):
            attributes[(position,)] = [["tt.divisibility", 16]]
    return signature, fixed, attributes


def compile_call(call: Call, target: str) -> tuple[str, bytes, int]:
    """(PTX, cubin, bytes of shared memory) of the call's kernel. Raises what Triton raises."""
    import triton
    import triton.language as tl
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel = call.function(as_triton.PACKAGE)
    signature, fixed, attributes = _signature(call, kernel.arg_names, call.constants(tl))
    source = ASTSource(kernel, signature, constexprs=fixed, attrs=attributes)
    number = int("".join(filter(str.isdigit, target)))
    made = triton.compile(source, target=GPUTarget("cuda", number, 32), options=dict(call.options))
    return made.asm["ptx"], made.asm["cubin"], made.metadata.shared
