"""A compiled variant of a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cosmati import _core, knobs
from cosmati.runtime.hooks import metadata_of as launch_metadata_of

_ALIASES = {"ttir": "tile", "ttgir": "tilegpu", "llir": "llvm"}
_STAGES = ("tile", "tilegpu", "llvm", "ptx", "cubin")


class StageTexts(Mapping[str, Any]):
    """``kernel.asm``: the kernel at each stage.

    Keys are "source" (of the kernel's function), "tile", "tilegpu", "llvm", "ptx" (texts) and
    "cubin" (bytes; only where an assembler was found); "ttir", "ttgir" and "llir" are the first
    three under Triton's names. "sass" is what nvdisasm says of the cubin, where it is found. Texts
    of the IR are made when they are asked for.
    """

    def __init__(self, image: Any, recompile: Callable[[], Any] | None, source: str = "") -> None:
        self._image = image
        self._recompile = recompile
        self._source = source
        self._stages: dict[str, str] | None = None
        self._sass: str | None = None

    def __getitem__(self, key: str) -> Any:
        name = _ALIASES.get(key, key)
        if name == "source":
            return self._source
        if name == "ptx":
            return self._image.ptx
        if name == "cubin":
            if not self._image.cubin:
                raise KeyError("cubin: the kernel was not assembled; see `cosmati doctor`")
            return self._image.cubin
        if name == "sass":
            return self._disassembled()
        if name not in _STAGES:
            raise KeyError(f"{key}: stages are source, {', '.join(_STAGES)} and sass")
        return self._stage(name)

    def _stage(self, name: str) -> str:
        if self._stages is None:
            self._stages = dict(self._image.stages)
            if not self._stages and self._recompile is not None:
                self._stages = dict(self._recompile().stages)
        if name not in self._stages:
            raise KeyError(f"{name}: the kernel was given as a later stage, and has no such text")
        return self._stages[name]

    def _disassembled(self) -> str:
        if self._sass is None:
            from cosmati.runtime.disasm import sass_of

            self._sass = sass_of(self["cubin"])
        return self._sass

    def _keys(self) -> list[str]:
        return ["source", *[name for name in _STAGES if name != "cubin" or self._image.cubin]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys())

    def __len__(self) -> int:
        return len(self._keys())

    def __contains__(self, key: object) -> bool:
        return _ALIASES.get(str(key), key) in self._keys()


class CompiledKernel:
    """One variant of a kernel, compiled for a target.

    ``kernel[grid](*args, stream=None)`` launches exactly this code: nothing is specialised, nothing
    is looked up. Arguments are those of the kernel's function, in order or by name; those that are
    compiled in may be left out, or must have the value that they were compiled with.

    Attributes
    ----------
    name, hash : str
        Entry point; key of the compiled image.
    src
        The jit function, or the source that was given to ``cosmati.compile``.
    asm : mapping
        See StageTexts.
    kernel : bytes or str
        The cubin; the PTX where no assembler was found.
    metadata : named tuple
        name, hash, target (a GPUTarget), arch, shared, num_warps, num_ctas, num_stages, tmem_size,
        global_scratch_size and so on, and all compile options.
    packed_metadata : tuple
        num_warps, num_ctas, shared: what a launch needs.
    module, function
        Once the kernel is loaded: the image, and the driver's handle of the function (0 on the
        virtual machine). None before.
    n_regs, n_spills, n_max_threads : int
        Registers and spilled bytes per thread; largest CTA. -1 where no assembler told, 0 threads
        before the kernel is loaded.
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

    def __init__(
        self,
        variant: Any,
        outcome: Any,
        options: dict[str, str],
        recompile: Callable[[], Any] | None,
        src: Any = None,
        metadata_group: dict[str, str] | None = None,
    ) -> None:
        self._variant = variant
        self.fn = variant.function if variant is not None else None
        self.src = self.fn if src is None else src
        self.image = outcome.image
        self.name: str = self.image.entry
        self.hash: str = outcome.key
        self.origin: str = outcome.origin
        self.times: dict[str, float] = outcome.times
        self.remarks: list[str] = outcome.remarks
        source = self.fn.src if self.fn is not None else getattr(src, "src", "")
        self.asm = StageTexts(self.image, recompile, source)
        self.kernel: bytes | str = self.image.cubin or self.image.ptx
        self.shared: int = self.image.shared_bytes
        self.n_regs: int = self.image.regs
        self.n_spills: int = self.image.spill_bytes
        self.n_max_threads = 0
        self.module: Any = None
        self.function: int | None = None
        self.metadata_group = metadata_group or {}
        self._programmatic = options.get("launch_pdl") == "true"
        self._options = options
        self._metadata: Any = None
        self._on: dict[int, Any] = {}  # device -> the image loaded there

    @property
    def metadata(self) -> Any:
        if self._metadata is None:
            from cosmati.runtime.metadata import metadata_of

            self._metadata = metadata_of(self)
        return self._metadata

    @property
    def packed_metadata(self) -> tuple[int, int, int]:
        return self.image.num_warps, self.image.num_ctas, self.shared

    # Loading; also called by the launcher.

    def _loading(self) -> None:
        """Called before a device loads the image."""
        if knobs.runtime.kernel_load_start_hook:
            knobs.runtime.kernel_load_start_hook(
                self.module, self.function, self.name, self.metadata_group, self.hash
            )

    def _loaded(self, regs: int, local_bytes: int, max_threads: int, handle: int = 0) -> None:
        """What the device said when it loaded the image."""
        if regs >= 0:
            self.n_regs = regs
        if local_bytes >= 0 and self.n_spills < 0:
            self.n_spills = local_bytes
        self.n_max_threads = max_threads
        self.module, self.function = self.image, handle
        if knobs.runtime.kernel_load_end_hook:
            knobs.runtime.kernel_load_end_hook(
                self.module, self.function, self.name, self.metadata_group, self.hash
            )

    def __del__(self) -> None:
        if getattr(self, "module", None) is None:
            return
        if knobs.runtime.kernel_unload_hook:
            knobs.runtime.kernel_unload_hook(
                self.module, self.function, self.name, self.metadata_group, self.hash
            )

    def _init_handles(self) -> None:
        """Loads the kernel on the device that launches use."""
        from cosmati.runtime.device import get_device

        self._load(get_device())

    def _load(self, device: Any) -> Any:
        loaded = self._on.get(id(device))
        if loaded is None:
            self._loading()
            loaded = _core.LoadedKernel(self.image, device, self._programmatic)
            self._on[id(device)] = loaded
            self._loaded(loaded.regs, loaded.local_bytes, loaded.max_threads, loaded.handle)
        return loaded

    # Launching.

    def __getitem__(self, grid: Any) -> Callable[..., CompiledKernel]:
        """Launches exactly this variant; ValueError if the arguments need another."""

        def run(*args: Any, stream: int | None = None, **kwargs: Any) -> CompiledKernel:
            from cosmati.runtime.direct import launch

            launch(self, grid, args, kwargs, stream)
            return self

        return run

    def run(
        self, grid_0: int, grid_1: int, grid_2: int, stream: int | None, function: Any,
        packed_metadata: Any, launch_metadata: Any, launch_enter_hook: Any, launch_exit_hook: Any,
        *args: Any,
    ) -> None:  # fmt: skip
        """A launch with Triton's internal arguments; hooks are called if they are given."""
        from cosmati.runtime.direct import launch_unobserved

        if launch_enter_hook is not None:
            launch_enter_hook(launch_metadata)
        launch_unobserved(self, (grid_0, grid_1, grid_2), args, {}, stream)
        if launch_exit_hook is not None:
            launch_exit_hook(launch_metadata)

    def launch_metadata(self, grid: Any, stream: Any, *args: Any) -> Any:
        """The LazyDict that launch hooks are given; None where there are no hooks."""
        if not (knobs.runtime.launch_enter_hook or knobs.runtime.launch_exit_hook):
            return None
        names = self.fn.arg_names if self.fn is not None else [p[0] for p in self.image.params]
        return launch_metadata_of(self, grid, stream, dict(zip(names, args, strict=False)))

    def __repr__(self) -> str:
        return f"CompiledKernel({self.name}, {self.image.target}, {self.origin})"
