"""What ``cosmati.compile`` takes: a kernel function with the types of its arguments, or a file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from cosmati.backends.compiler import AttrsDescriptor, Language
from cosmati.errors import CosmatiError
from cosmati.language.constexpr import unwrap
from cosmati.language.dtypes import parse_type, signature_text
from cosmati.tools.tensor_descriptor import described_argument


class ASTSource:
    """A kernel function for arguments of certain types.

    Parameters
    ----------
    fn : JITFunction
    signature : dict
        Name of each parameter -> its type: "*fp32", "i32", "u64", "constexpr"; a tuple of types for
        a tuple. Parameters that ``constexprs`` names may be left out.
    constexprs : dict, optional
        Values that are compiled in, by name, number or path: ``{"BLOCK": 64}``, ``{(2,): 64}``,
        ``{(1, 0): 64}`` for the first item of a tuple.
    attrs : dict, optional
        What is known of arguments, by path: ``{(0,): [["tt.divisibility", 16]]}``.

    Raises
    ------
    TypeError, ValueError
        Names that are no parameters, parameters without a type or value, types that are none.

    Examples
    --------
    >>> source = ASTSource(kernel, {"x": "*fp32", "n": "i32"}, {"BLOCK": 64},
    ...                    {(0,): [["tt.divisibility", 16]]})  # doctest: +SKIP
    >>> cosmati.compile(source, target=GPUTarget("cuda", 90, 32)).asm["ptx"]  # doctest: +SKIP
    """

    language = Language.TRITON
    ext = "ttir"

    def __init__(
        self,
        fn: Any,
        signature: dict[str, Any],
        constexprs: dict[Any, Any] | None = None,
        attrs: Any = None,
    ) -> None:
        if not getattr(fn, "__cosmati_jit__", False):
            raise TypeError(f"ASTSource takes a function decorated by cosmati.jit, not {fn!r}")
        self.fn = fn
        self.name: str = fn.__name__
        for key in signature:
            if not isinstance(key, str):
                raise TypeError(f"Signature keys must be string, and {key!r} is none")
            self._known(key, "the signature")
        self.signature = dict(signature)
        self.constants: dict[tuple[int, ...], Any] = {}
        for key, value in (constexprs or {}).items():
            self.constants[self._path(key)] = value
        if isinstance(attrs, AttrsDescriptor):
            for number in attrs.equal_to_1:
                self.constants.setdefault((number,), 1)
            attrs = attrs.to_attrs()
        self.attrs: dict[tuple[int, ...], Any] = {
            self._path(key): value for key, value in (attrs or {}).items()
        }

    def _known(self, name: str, what: str) -> None:
        if name not in self.fn.arg_names:
            raise ValueError(
                f"{what} names {name!r}, which is no parameter of {self.name}; it has "
                f"{', '.join(self.fn.arg_names)}"
            )

    def _path(self, key: Any) -> tuple[int, ...]:
        if isinstance(key, str):
            self._known(key, "constexprs")
            return (self.fn.arg_names.index(key),)
        path = (key,) if isinstance(key, int) else tuple(key)
        if not path or not 0 <= path[0] < len(self.fn.arg_names):
            raise ValueError(
                f"{key!r} is no parameter of {self.name}, which has {len(self.fn.arg_names)}"
            )
        return path

    def hash(self) -> str:
        """Equal for equal sources, in every process."""
        from cosmati.frontend.closure import stable_text

        constants = [f"{k}={stable_text(v)}" for k, v in sorted(self.constants.items())]
        text = f"{self.fn.cache_key}-{sorted(self.attrs.items())}-{self.signature}-{constants}"
        return hashlib.sha256(text.encode()).hexdigest()

    def parse_options(self) -> dict[str, Any]:
        return {}

    def variant(self, options: dict[str, Any], target: str) -> Any:
        """The same as a runtime.compile.Variant."""
        from cosmati.runtime.compile import Variant

        found = [
            self._argument((i,), name, self.signature.get(name, "constexpr"))
            for i, name in enumerate(self.fn.arg_names)
        ]
        values, texts, bits = zip(*found, strict=True) if found else ((), (), ())
        return Variant(self.fn, values, texts, bits, options, target)

    def _argument(self, path: tuple[int, ...], name: str, text: Any) -> tuple[Any, Any, Any]:
        """(value, type text, bits) of a parameter, or of an item of a tuple."""
        if isinstance(text, (tuple, list)):
            items = [self._argument((*path, i), f"{name}[{i}]", item)
                     for i, item in enumerate(text)]  # fmt: skip
            values, texts, bits = zip(*items, strict=True) if items else ((), (), ())
            return values, texts, bits
        if path in self.constants:
            value = unwrap(self.constants[path])
            return value, None, 4 if value is None else 0
        text = str(text)
        if text == "constexpr":
            declared = self.fn.params[path[0]]
            if len(path) == 1 and declared.has_default:
                return declared.default, None, 0
            raise ValueError(
                f"`{name}` of {self.name} is compiled in, but constexprs has no value for it"
            )
        try:
            if text.startswith("tensordesc"):
                return described_argument(text)
            text = signature_text(parse_type(text))
        except ValueError as error:
            raise ValueError(f"the type of `{name}` of {self.name}: {error}") from None
        known = dict(self.attrs.get(path, ()))
        return None, text, 1 if known.get("tt.divisibility", 1) % 16 == 0 else 0


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
