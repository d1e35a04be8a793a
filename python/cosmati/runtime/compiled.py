"""A compiled variant of a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

_ALIASES = {"ttir": "tile", "ttgir": "tilegpu", "llir": "llvm"}
_STAGES = ("tile", "tilegpu", "llvm", "ptx", "cubin")


class StageTexts(Mapping[str, Any]):
    """``kernel.asm``: the kernel at each stage.

    Keys are "tile", "tilegpu", "llvm", "ptx" (texts) and "cubin" (bytes; only where an assembler
    was found). Texts of the IR are made when they are asked for.
    """

    def __init__(self, image: Any, recompile: Callable[[], Any]) -> None:
        self._image = image
        self._recompile = recompile
        self._stages: dict[str, str] | None = None

    def __getitem__(self, key: str) -> Any:
        name = _ALIASES.get(key, key)
        if name == "ptx":
            return self._image.ptx
        if name == "cubin":
            if not self._image.cubin:
                raise KeyError("cubin: the kernel was not assembled; see `cosmati doctor`")
            return self._image.cubin
        if name not in _STAGES:
            raise KeyError(f"{key}: stages are {', '.join(_STAGES)}")
        if self._stages is None:
            self._stages = dict(self._image.stages) or dict(self._recompile().stages)
        return self._stages[name]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in _STAGES if name != "cubin" or self._image.cubin])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, key: object) -> bool:
        return _ALIASES.get(str(key), key) in list(iter(self))


class CompiledKernel:
    """One variant of a kernel, compiled for a target.

    Attributes
    ----------
    name, hash : str
        Entry point; key of the compiled image.
    asm : mapping
        See StageTexts.
    metadata : namespace
        target, num_warps, num_ctas, num_stages, shared, name, hash and the compile options.
    n_regs, n_spills, n_max_threads : int
        Registers and spilled bytes per thread; largest CTA. -1 where no assembler told.
    shared : int
        Dynamic shared memory of a CTA in bytes.
    origin : {"memory", "disk", "compiled"}
        Where the image came from.
    times : dict
        Milliseconds of each stage, where it was compiled.
    remarks : list of str
        Missed optimisations, at the kernel's lines. Of a compilation: empty for a kernel from a
        cache.
    """

    def __init__(self, function: Any, outcome: Any, options: dict[str, str],
                 recompile: Callable[[], Any], given: dict[str, Any]) -> None:  # fmt: skip
        self.src = self.fn = function
        self.image = outcome.image
        self.name: str = self.image.entry
        self.hash: str = outcome.key
        self.origin: str = outcome.origin
        self.times: dict[str, float] = outcome.times
        self.remarks: list[str] = outcome.remarks
        self.asm = StageTexts(self.image, recompile)
        self.shared: int = self.image.shared_bytes
        self.n_regs: int = self.image.regs
        self.n_spills: int = self.image.spill_bytes
        self.n_max_threads = 0
        self._given = given
        self.metadata = SimpleNamespace(**{**options, **self._facts()})

    def _facts(self) -> dict[str, Any]:
        """Metadata that the image says, beside the options as they were given."""
        return {
            "name": self.name,
            "hash": self.hash,
            "target": self.image.target,
            "shared": self.shared,
            "num_warps": self.image.num_warps,
            "num_ctas": self.image.num_ctas,
            "num_stages": self.image.num_stages,
        }

    def _loaded(self, regs: int, local_bytes: int, max_threads: int) -> None:
        """What the device said when it loaded the image."""
        if regs >= 0:
            self.n_regs = regs
        if local_bytes >= 0 and self.n_spills < 0:
            self.n_spills = local_bytes
        self.n_max_threads = max_threads

    def __getitem__(self, grid: Any) -> Callable[..., CompiledKernel]:
        """Launches exactly this variant; ValueError if the arguments need another."""

        def run(*args: Any, **kwargs: Any) -> CompiledKernel:
            options = {**self._given, **kwargs}
            if self.fn.prepare(args, options) is not self:
                raise ValueError(
                    f"these arguments need another variant of {self.name} than this one: their "
                    "types, alignment or constexprs differ"
                )
            return self.fn[grid](*args, **options)  # type: ignore[no-any-return]

        return run

    def __repr__(self) -> str:
        return f"CompiledKernel({self.name}, {self.image.target}, {self.origin})"
