"""Settings of the process, in groups: ``cosmati.knobs.cache.dir = "/scratch/kernels"``.

Each knob is read from its environment variable (``COSMATI_...``) until the program sets it; setting
it sets the variable, too, for processes that are started later (``propagate_env``). Groups have
``scope()`` (a ``with`` block after which all is as before), ``copy()`` and ``reset()``. Knobs that
change compiled code are compile options: kernels compiled with other values are not used. The
environment is read when a kernel is compiled, so a variable that is set later does not reach
variants that a process has already. A knob that Triton has and that means nothing here can be set,
and says so. Importing this module reads nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from cosmati import settings as _settings
from cosmati.settings import ClassName as ClassName
from cosmati.settings import Flag as Flag
from cosmati.settings import Group as Group
from cosmati.settings import HookChain as HookChain
from cosmati.settings import Knob as Knob
from cosmati.settings import Number as Number
from cosmati.settings import ToolKnob as ToolKnob
from cosmati.settings import env as env
from cosmati.settings import use_triton_environment as use_triton_environment

_NO_COMPILER = "no C compiler takes part: launches need no generated code"
_NO_AMD = "there is no AMD back end"
_NO_PROTON = "Proton is not part of this package; `cosmati profile` counts and times kernels"


propagate_env = True
"""Whether setting a knob sets its environment variable, too, for processes started later."""

_settings.propagates = lambda: propagate_env


def _code_changed() -> None:
    """Kernels that were compiled with other values are not used any more."""
    from cosmati import _core

    _core.set_settings_context(tuple(sorted(variant_settings().items())))


def _limits_changed() -> None:
    from cosmati import _core

    _core.set_variant_limit(cache.max_variants)


def _folder(name: str) -> str:
    """A folder below ``cache.home_dir``."""
    home: str = cache.home_dir
    return os.path.join(home, ".cosmati", name)


# What the runtime does when a setting of launches changes; it registers itself.
followers: dict[str, Callable[[], None]] = {}


def _launches_changed() -> None:
    followers["launches"]()


def _interpret_changed() -> None:
    followers["interpret"]()


class BuildKnobs(Group):
    """How Triton calls a C compiler; nothing is built here."""

    cc = Knob("COSMATI_CC", triton="CC", ignored=_NO_COMPILER)
    cudacrt_path = Knob("COSMATI_CUDACRT_PATH", triton="TRITON_CUDACRT_PATH", ignored=_NO_COMPILER)
    cudart_path = Knob("COSMATI_CUDART_PATH", triton="TRITON_CUDART_PATH", ignored=_NO_COMPILER)

    @property
    def backend_dirs(self) -> set[str]:
        return {path for path in (self.cudacrt_path, self.cudart_path) if path is not None}

    @property
    def impl(self) -> Any:
        """Triton's replacement for the C compiler; None."""
        return self._values.get("impl")

    @impl.setter
    def impl(self, value: Any) -> None:
        _settings.warn_once(f"cosmati.knobs.build.impl changes nothing: {_NO_COMPILER}")
        self._values["impl"] = value


class RedisKnobs(Group):
    """Where ``cosmati.runtime.cache.RedisRemoteCacheBackend`` finds its server."""

    key_format = Knob("COSMATI_REDIS_KEY_FORMAT", "cosmati:{key}:{filename}",
                      triton="TRITON_REDIS_KEY_FORMAT")  # fmt: skip
    host = Knob("COSMATI_REDIS_HOST", "localhost", triton="TRITON_REDIS_HOST")
    port = Number("COSMATI_REDIS_PORT", 6379, triton="TRITON_REDIS_PORT")


def _cache_dir() -> str:
    if cache._values.get("home_dir") or _is_set("COSMATI_HOME", "TRITON_HOME"):
        return _folder("cache")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "cosmati")


def _is_set(variable: str, triton: str) -> bool:
    return bool(os.environ.get(variable)) or (
        _settings._reads_triton and bool(os.environ.get(triton))
    )


class CacheKnobs(Group):
    """Where compiled kernels are kept, and how many.

    Attributes
    ----------
    dir : str
        Folder of the disk cache; empty: none. By default ``~/.cache/cosmati``.
    max_bytes : int
        Bound of the folder, with eviction of what was used least recently. 1 GiB.
    max_kernels : int
        Most images that the process keeps in memory. 4096.
    max_variants : int
        Most variants that one kernel keeps in memory; 0: no bound. 4096.
    home_dir, dump_dir, override_dir : str
        Parent of ``.cosmati``; folders of ``compilation.dump_ir`` and ``compilation.override``.
    manager_class, remote_manager_class : class
        See cosmati.runtime.cache.
    reproducer_dir : str
        Where a failure inside of the compiler leaves what repeats it; empty: nowhere.
    """

    home_dir = Knob("COSMATI_HOME", lambda: os.path.expanduser("~"), triton="TRITON_HOME")
    dir = Knob("COSMATI_CACHE_DIR", _cache_dir, triton="TRITON_CACHE_DIR")
    dump_dir = Knob("COSMATI_DUMP_DIR", lambda: _folder("dump"),
                    triton="TRITON_DUMP_DIR", changed=_code_changed)  # fmt: skip
    override_dir = Knob("COSMATI_OVERRIDE_DIR", lambda: _folder("override"),
                        triton="TRITON_OVERRIDE_DIR", changed=_code_changed)  # fmt: skip
    max_bytes = Number("COSMATI_CACHE_MAX_BYTES", 1 << 30)
    max_kernels = Number("COSMATI_MAX_KERNELS", 4096)
    max_variants = Number("COSMATI_MAX_VARIANTS", 4096, changed=_limits_changed)
    manager_class = ClassName("COSMATI_CACHE_MANAGER", "CacheManager",
                              triton="TRITON_CACHE_MANAGER")  # fmt: skip
    remote_manager_class = ClassName("COSMATI_REMOTE_CACHE_BACKEND", "RemoteCacheBackend",
                                     triton="TRITON_REMOTE_CACHE_BACKEND")  # fmt: skip
    reproducer_dir = Knob("COSMATI_REPRODUCER_DIR", None, triton="TRITON_REPRODUCER_PATH")

    def get_triton_dir(self, dirname: str) -> str:
        """A folder below ``home_dir``/.cosmati."""
        return _folder(dirname)


class CompilationKnobs(Group):
    """What happens when a kernel is compiled.

    Attributes
    ----------
    always_compile : bool
        Neither disk nor memory answers for a variant that the process has not loaded yet.
    dump_ir : bool
        Every kernel that is compiled leaves its stages below ``cache.dump_dir``, in a folder named
        by the hash of its source.
    override : bool
        A file of that folder's name and form below ``cache.override_dir`` takes its stage's place:
        ``NAME.tile.mlir``, ``NAME.tilegpu.mlir``, ``NAME.nvvm.mlir`` or ``NAME.ptx``; the last
        stage wins.
    store_binary_only : bool
        A cache manager of the user's is given no texts beside the image.
    disable_line_info : bool
        ``lineinfo="none"``.
    front_end_debugging : bool
        Errors in kernels keep the front end's own frames in their tracebacks.
    allow_non_constexpr_globals : bool
        Kernels may read globals that are not declared constexpr; their values are compiled in.
    print_ir, print_llvm : bool
        Print the IR after every pass; print LLVM IR. To stderr.
    print_times : bool
        Print what each compilation took, to stderr.
    disable_llvm_opt : bool
        ``opt_level=0``.
    listener : function, optional
        Called after each compilation or cache hit with ``src, metadata, metadata_group, times,
        cache_hit`` by name.
    """

    override = Flag("COSMATI_KERNEL_OVERRIDE", False, triton="TRITON_KERNEL_OVERRIDE",
                    changed=_code_changed)  # fmt: skip
    dump_ir = Flag("COSMATI_KERNEL_DUMP", False, triton="TRITON_KERNEL_DUMP",
                   changed=_code_changed)  # fmt: skip
    dump_ir_extract_di_local_variables = Flag(
        "COSMATI_EXTRACT_DI_LOCAL_VARIABLES", False, triton="LLVM_EXTRACT_DI_LOCAL_VARIABLES",
        ignored="kernels carry lines, not local variables",
    )  # fmt: skip
    store_binary_only = Flag("COSMATI_STORE_BINARY_ONLY", False, triton="TRITON_STORE_BINARY_ONLY")
    always_compile = Flag("COSMATI_ALWAYS_COMPILE", False, triton="TRITON_ALWAYS_COMPILE")
    use_ir_loc = Knob("COSMATI_USE_IR_LOC", triton="USE_IR_LOC",
                      ignored="lines are always those of the kernel's source")  # fmt: skip
    enable_asan = Flag(
        "COSMATI_ENABLE_ASAN", False, triton="TRITON_ENABLE_ASAN",
        ignored="the virtual machine checks bounds, races and more: COSMATI_CHECK=all",
    )  # fmt: skip
    disable_line_info = Flag("COSMATI_DISABLE_LINE_INFO", False,
                             triton="TRITON_DISABLE_LINE_INFO", changed=_code_changed)  # fmt: skip
    front_end_debugging = Flag("COSMATI_FRONT_END_DEBUGGING", False,
                               triton="TRITON_FRONT_END_DEBUGGING")  # fmt: skip
    allow_non_constexpr_globals = Flag(
        "COSMATI_ALLOW_NON_CONSTEXPR_GLOBALS", False,
        triton="TRITON_ALLOW_NON_CONSTEXPR_GLOBALS", changed=_code_changed,
    )  # fmt: skip
    instrumentation_mode = Knob(
        "COSMATI_INSTRUMENTATION_MODE", "", triton="TRITON_INSTRUMENTATION_MODE",
        ignored=_NO_PROTON,
    )  # fmt: skip
    print_ir = Flag("COSMATI_PRINT_IR", False, triton="MLIR_ENABLE_DUMP", changed=_code_changed)
    print_llvm = Flag("COSMATI_PRINT_LLVM", False, triton="LLVM_IR_ENABLE_DUMP",
                      changed=_code_changed)  # fmt: skip
    print_times = Flag("COSMATI_PRINT_TIMES", False, triton="MLIR_ENABLE_TIMING")
    disable_llvm_opt = Flag("COSMATI_DISABLE_LLVM_OPT", False, triton="DISABLE_LLVM_OPT",
                            changed=_code_changed)  # fmt: skip
    listener: Any = None


class AutotuningKnobs(Group):
    """What ``cosmati.autotune`` does.

    Attributes
    ----------
    cache : bool
        Results are kept on disk. True.
    print : bool
        Tuning says what it does.
    listener : function, optional
        Called after each choice with ``fn, key, best_config, configs_timings, duration,
        cache_hit`` by name.
    """

    cache = Flag("COSMATI_CACHE_AUTOTUNING", True, triton="TRITON_CACHE_AUTOTUNING")
    print = Flag("COSMATI_PRINT_AUTOTUNING", False, triton="TRITON_PRINT_AUTOTUNING")
    listener: Any = None


class _Hook:
    """A chain of functions; assigning a function, a chain or None takes its place."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = "_" + name

    def __get__(self, group: Any, owner: type | None = None) -> Any:
        return self if group is None else vars(group)[self.name]

    def __set__(self, group: Any, value: Any) -> None:
        chain = value
        if not isinstance(value, HookChain):
            chain = HookChain()
            if value is not None:
                chain.add(value)
        if group._is_live and "launch" in self.name:
            chain._changed = _launches_changed
        vars(group)[self.name] = chain
        if group._is_live and chain._changed is not None:
            chain._changed()


class RuntimeKnobs(Group):
    """What happens at launches.

    Attributes
    ----------
    interpret : bool
        Kernels run on the virtual machine, which checks them for races, uninitialised reads,
        barriers and overflowing addresses.
    debug : bool
        ``tl.device_assert`` is checked in every kernel.
    override_arch : str
        Target of kernels, "sm_90a" or "90a", in place of the device's own.
    launch_enter_hook, launch_exit_hook : HookChain
        Called around every launch with a LazyDict: name, function, stream, and what the kernel's
        ``launch_metadata`` gives.
    kernel_load_start_hook, kernel_load_end_hook, kernel_unload_hook : HookChain
        Called with ``(module, function, name, metadata_group, hash)``.
    jit_cache_hook, jit_post_compile_hook : function, optional
        Called before and after a variant is compiled with ``key, repr, fn, compile,
        is_manual_warmup, already_compiled`` by name. A true answer of the first one leaves the
        kernel uncompiled: the launch gives None.
    """

    interpret = Flag("COSMATI_INTERPRET", False, triton="TRITON_INTERPRET",
                     changed=_interpret_changed)  # fmt: skip
    debug = Flag("COSMATI_DEBUG", False, triton="TRITON_DEBUG", changed=_code_changed)
    override_arch = Knob("COSMATI_OVERRIDE_ARCH", triton="TRITON_OVERRIDE_ARCH",
                         changed=_code_changed)  # fmt: skip
    launch_enter_hook = _Hook()
    launch_exit_hook = _Hook()
    kernel_load_start_hook = _Hook()
    kernel_load_end_hook = _Hook()
    kernel_unload_hook = _Hook()
    jit_cache_hook: Any = None
    jit_post_compile_hook: Any = None

    def _begin(self) -> None:
        for name in ("launch_enter", "kernel_load_start", "kernel_unload"):
            vars(self)[f"_{name}_hook"] = HookChain()
        for name in ("launch_exit", "kernel_load_end"):
            vars(self)[f"_{name}_hook"] = HookChain(reversed=True)
        if self._is_live:
            self.launch_enter_hook._changed = _launches_changed
            self.launch_exit_hook._changed = _launches_changed

    @property
    def add_stages_inspection_hook(self) -> Any:
        """Triton's way to change the pipeline from Python; None."""
        return None

    @add_stages_inspection_hook.setter
    def add_stages_inspection_hook(self, value: Any) -> None:
        if value is not None:
            raise NotImplementedError(
                "add_stages_inspection_hook: the pipeline is C++ and takes no stages from Python. "
                "To see the stages use kernel.asm or dump_ir=FOLDER, to replace one "
                "override_stage=STAGE=FILE"
            )


class LanguageKnobs(Group):
    """Defaults of the language.

    Attributes
    ----------
    fp32_default : str
        Precision of f32 ``tl.dot`` calls that name none: "tf32", "ieee", "tf32x3", ...
    default_fp_fusion : bool
        ``a * b + c`` may become one fused multiply-add. True.
    """

    fp32_default = Knob("COSMATI_F32_DEFAULT", triton="TRITON_F32_DEFAULT", changed=_code_changed)
    default_fp_fusion = Flag("COSMATI_DEFAULT_FP_FUSION", True,
                             triton="TRITON_DEFAULT_FP_FUSION", changed=_code_changed)  # fmt: skip


class NvidiaKnobs(Group):
    """NVIDIA's tools.

    Attributes
    ----------
    ptxas, cuobjdump, nvdisasm : Tool
        Set as paths. ``ptxas`` assembles where nvJitLink is not found.
    ptxas_options : str
        More words for the assembler.
    disable_ptxas_opt : bool
        Assemble with -O0.
    dump_nvptx : bool
        Print the PTX of each kernel that is compiled, to stderr.
    libdevice_path, libcuda_path : str
        Files, in place of those that are found.
    """

    cuobjdump = ToolKnob("COSMATI_CUOBJDUMP", "cuobjdump", triton="TRITON_CUOBJDUMP_PATH")
    nvdisasm = ToolKnob("COSMATI_NVDISASM", "nvdisasm", triton="TRITON_NVDISASM_PATH")
    ptxas = ToolKnob("COSMATI_PTXAS", "ptxas", triton="TRITON_PTXAS_PATH")
    ptxas_blackwell = ToolKnob("COSMATI_PTXAS", "ptxas", triton="TRITON_PTXAS_BLACKWELL_PATH")
    dump_nvptx = Flag("COSMATI_DUMP_NVPTX", False, triton="NVPTX_ENABLE_DUMP")
    disable_ptxas_opt = Flag("COSMATI_DISABLE_PTXAS_OPT", False, triton="DISABLE_PTXAS_OPT",
                             changed=_code_changed)  # fmt: skip
    ptxas_options = Knob("COSMATI_PTXAS_OPTIONS", triton="PTXAS_OPTIONS", changed=_code_changed)
    mock_ptx_version = Knob(
        "COSMATI_MOCK_PTX_VERSION", triton="TRITON_MOCK_PTX_VERSION",
        ignored="the target and the kernel's instructions decide the PTX version",
    )  # fmt: skip
    dump_ptxas_log = Flag(
        "COSMATI_DUMP_PTXAS_LOG", False, triton="TRITON_DUMP_PTXAS_LOG",
        ignored="kernel.n_regs and kernel.n_spills say what the log does",
    )  # fmt: skip
    libdevice_path = Knob("COSMATI_LIBDEVICE", triton="TRITON_LIBDEVICE_PATH")
    libcuda_path = Knob("COSMATI_LIBCUDA", triton="TRITON_LIBCUDA_PATH")


class AmdKnobs(Group):
    """Triton's AMD back end; none of them means anything here."""

    use_buffer_ops = Flag("COSMATI_AMD_BUFFER_OPS", True, ignored=_NO_AMD)
    use_buffer_atomics = Flag("COSMATI_AMD_BUFFER_ATOMICS", True, ignored=_NO_AMD)
    buffer_ops_analyze_small_tensor_range = Flag("COSMATI_AMD_SMALL_RANGE", False, ignored=_NO_AMD)
    dump_amdgcn = Flag("COSMATI_AMD_DUMP", False, ignored=_NO_AMD)
    libhip_path = Knob("COSMATI_AMD_LIBHIP_PATH", ignored=_NO_AMD)
    use_block_pingpong = Flag("COSMATI_AMD_BLOCK_PINGPONG", None, ignored=_NO_AMD)
    use_in_thread_transpose = Flag("COSMATI_AMD_IN_THREAD_TRANSPOSE", None, ignored=_NO_AMD)
    use_async_copy = Flag("COSMATI_AMD_ASYNC_COPY", None, ignored=_NO_AMD)
    use_coexec_scheduler = Flag("COSMATI_AMD_COEXEC_SCHEDULER", None, ignored=_NO_AMD)
    use_expert_scheduling = Flag("COSMATI_AMD_EXPERT_SCHEDULING", None, ignored=_NO_AMD)
    scalarize_packed_fops = Flag("COSMATI_AMD_SCALARIZE", False, ignored=_NO_AMD)
    dump_mir = Knob("COSMATI_AMD_DUMP_MIR", ignored=_NO_AMD)
    swap_mir = Knob("COSMATI_AMD_SWAP_MIR", ignored=_NO_AMD)
    swap_mir_enable_misched = Flag("COSMATI_AMD_SWAP_MIR_MISCHED", False, ignored=_NO_AMD)


class ProtonKnobs(Group):
    """Triton's profiler; none of them means anything here."""

    disable = Flag("COSMATI_PROTON_DISABLE", False, ignored=_NO_PROTON)
    cupti_lib_dir = Knob("COSMATI_PROTON_CUPTI", "", ignored=_NO_PROTON)
    cupti_lib_blackwell_dir = Knob("COSMATI_PROTON_CUPTI_BLACKWELL", "", ignored=_NO_PROTON)
    profile_buffer_size = Number("COSMATI_PROTON_BUFFER", 64 << 20, ignored=_NO_PROTON)
    profile_metric_buffer_size = Number("COSMATI_PROTON_METRICS", 64 << 20, ignored=_NO_PROTON)
    enable_nvtx = Flag("COSMATI_PROTON_NVTX", True, ignored=_NO_PROTON)


build = BuildKnobs("build")
redis = RedisKnobs("redis")
cache: CacheKnobs = CacheKnobs("cache")
compilation = CompilationKnobs("compilation")
autotuning = AutotuningKnobs("autotuning")
runtime = RuntimeKnobs("runtime")
language = LanguageKnobs("language")
nvidia = NvidiaKnobs("nvidia")
amd = AmdKnobs("amd")
proton = ProtonKnobs("proton")


def code_options() -> dict[str, Any]:
    """The compile options that the knobs imply, beneath those of blocks and launches.

    Examples
    --------
    >>> with cosmati.knobs.language.scope():
    ...     cosmati.knobs.language.fp32_default = "ieee"
    ...     cosmati.knobs.code_options()["dot_precision"]
    'ieee'
    """
    options: dict[str, Any] = {}
    if runtime.debug:
        options["debug"] = True
    if runtime.override_arch:
        arch = runtime.override_arch
        options["target"] = arch if arch.startswith("sm_") else "sm_" + arch
    if compilation.disable_line_info:
        options["lineinfo"] = "none"
    if compilation.disable_llvm_opt:
        options["opt_level"] = 0
    if compilation.print_ir:
        options["print_after"] = "all"
    if language.fp32_default:
        options["dot_precision"] = language.fp32_default
    if not language.default_fp_fusion:
        options["contract"] = False
    words = [nvidia.ptxas_options or "", "-O0" if nvidia.disable_ptxas_opt else ""]
    if any(words):
        options["ptxas_options"] = " ".join(word for word in words if word)
    return options


def variant_settings() -> dict[str, Any]:
    """All that tells variants in memory apart by the process's settings.

    Examples
    --------
    >>> with cosmati.knobs.compilation.scope():
    ...     cosmati.knobs.compilation.print_llvm = True
    ...     cosmati.knobs.variant_settings()["compilation.print_llvm"]
    True
    """
    found = code_options()
    for name in ("override", "dump_ir", "print_llvm", "allow_non_constexpr_globals"):
        if getattr(compilation, name):
            found["compilation." + name] = True
    if compilation.override:
        found["cache.override_dir"] = cache.override_dir
    if compilation.dump_ir:
        found["cache.dump_dir"] = cache.dump_dir
    return found
