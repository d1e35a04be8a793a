"""What ``cosmati.compile`` takes: a kernel function with its arguments' types, or a file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.runtime.ast_source import ASTSource as ASTSource
from cosmati.runtime.target import Language

# Endings of files -> the first stage that such a module has not passed.
_FIRST_STAGE = {
    "tile": "", "mlir": "", "ttir": "", "tile.mlir": "", "tilegpu.mlir": "nvvm",
    "tilegpu": "nvvm", "ttgir": "nvvm", "nvvm.mlir": "llvm", "nvvm": "llvm",
}  # fmt: skip

_ENTRY = re.compile(r"\.visible\s+\.entry\s+([\w$]+)\s*\(([^)]*)\)(.*?)\{", re.DOTALL)
_PARAMETER = re.compile(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\b.*?([\w$]+)$", re.DOTALL)
_PTX_KINDS = {
    "u8": ("i8", "u8"), "s8": ("i8", "i8"), "b8": ("i8", "i8"),
    "u16": ("i16", "u16"), "s16": ("i16", "i16"), "b16": ("i16", "i16"),
    "u32": ("i32", "u32"), "s32": ("i32", "i32"), "b32": ("i32", "i32"),
    "f32": ("f32", "fp32"), "f64": ("f64", "fp64"),
    "u64": ("pointer", "*void"), "s64": ("i64", "i64"), "b64": ("pointer", "*void"),
}  # fmt: skip


class IRSource:
    """A kernel in a file: a module of our own IR, or PTX.

    ``NAME.mlir`` and ``NAME.tile`` hold tile IR; ``NAME.tilegpu.mlir`` and ``NAME.nvvm.mlir`` what
    ``dump_ir`` writes after those stages; ``NAME.ptx`` PTX with one entry. In PTX a 64-bit
    unsigned parameter takes an array or a number.

    Raises
    ------
    ValueError
        For other files: LLVM IR and cubins have no way into the compiler or the virtual machine.
    """

    language = Language.TRITON

    def __init__(self, path: str | Path, context: Any = None, backend: Any = None) -> None:
        self.path = str(path)
        file = Path(path)
        endings = file.name.split(".")[1:]
        ending = ".".join(endings[-2:]) if ".".join(endings[-2:]) in _FIRST_STAGE else None
        self.ext = ending or (endings[-1] if endings else "")
        if self.ext != "ptx" and self.ext not in _FIRST_STAGE:
            raise ValueError(
                f"{path}: cosmati.compile takes .mlir, .tile, .tilegpu.mlir, .nvvm.mlir and .ptx "
                f"files; a file of kind {self.ext!r} has no way into the compiler"
            )
        self.src = file.read_text(encoding="utf-8")
        self.name = file.name.split(".")[0]
        self.signature: dict[int, str] = {}

    def hash(self) -> str:
        return hashlib.sha256(self.src.encode()).hexdigest()

    def parse_options(self) -> dict[str, Any]:
        """Options that the text itself says."""
        warps = re.search(r"tilegpu\.num_warps\s*=\s*(\d+)", self.src)
        if warps is None:
            threads = re.search(r"\.(?:req|max)ntid\s+(\d+)", self.src)
            if self.ext == "ptx" and threads is not None:
                return {"num_warps": -(-int(threads.group(1)) // 32)}
        return {"num_warps": int(warps.group(1))} if warps else {}

    def image(self, options: dict[str, Any]) -> Any:
        """The KernelImage. ``shared``, an option for PTX alone: bytes of dynamic shared memory."""
        from cosmati.runtime.options import option_texts
        from cosmati.runtime.session import session

        options = dict(options)
        shared = options.pop("shared", 0)
        texts = option_texts(options)
        if self.ext == "ptx":
            entry, parameters = self._entry()
            image = session().image_of_ptx(self.src, entry, parameters, shared, texts)
        else:
            texts["keep_stages"] = "true"
            image = session().compile_text(self.src, texts, _FIRST_STAGE[self.ext])
        self.name = image.entry
        self.signature = {i: text for i, (_, text) in enumerate(image.params)}
        return image

    def _entry(self) -> tuple[str, list[tuple[str, str, str]]]:
        entries = _ENTRY.findall(self.src)
        if len(entries) != 1:
            names = ", ".join(name for name, _, _ in entries) or "none"
            raise CosmatiError(f"{self.path}: a .ptx file holds one kernel; this one has: {names}")
        name, text, _ = entries[0]
        parameters = []
        for part in [part for part in text.split(",") if part.strip()]:
            found = _PARAMETER.search(part.strip())
            if found is None or found.group(1) not in _PTX_KINDS:
                raise CosmatiError(
                    f"{self.path}: the parameter `{' '.join(part.split())}` of {name} can't be "
                    "passed; parameters are numbers of 8 to 64 bits"
                )
            parameters.append((found.group(2), *_PTX_KINDS[found.group(1)]))
        return name, parameters
