"""From a call that no compiled variant fits to a compiled kernel."""

from __future__ import annotations

import functools
import hashlib
import logging
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmati import knobs
from cosmati.errors import CompilationError, OutOfResources
from cosmati.frontend.closure import stable_text
from cosmati.frontend.values import is_jit_function
from cosmati.language.constexpr import unwrap
from cosmati.runtime.advice import shared_memory_advice
from cosmati.runtime.compiled import CompiledKernel
from cosmati.runtime.options import current_options, launch_options, option_texts
from cosmati.runtime.parameters import (
    constants_in,
    kernel_parameter,
    passed_arguments,
    signature_text_of,
)
from cosmati.runtime.session import session

_OWN_MODULES = ("cosmati.frontend.", "cosmati.language.", "cosmati.runtime.compile")
_log = logging.getLogger("cosmati.jit")

# Bits of a specialisation, as in runtime/Launch/Specialization.h.
DIVISIBLE_16, EQUALS_ONE, ABSENT = 1, 2, 4


@dataclass
class Variant:
    """What one compiled variant of a kernel is for.

    ``type_texts`` has the type of each parameter that is passed at launch, and None for those that
    are compiled in with their ``values``; ``bits`` are those of the specialisation. A tuple's are
    tuples. ``given``: the launch's own options; ``options``: all, as the compiler takes them.
    """

    function: Any
    values: tuple[Any, ...]
    type_texts: tuple[Any, ...]
    bits: tuple[Any, ...]
    given: dict[str, Any]
    target: str
    options: dict[str, str] = field(default_factory=dict)
    signature: list[str] = field(default_factory=list)
    front_key: str = ""

    def __post_init__(self) -> None:
        function = self.function
        chosen = {
            "target": self.target,
            **knobs.code_options(),
            **current_options(),
            **launch_options(self.given),
        }
        if function.debug is not None:
            chosen.setdefault("debug", function.debug)
        self.options = option_texts(chosen)
        self.target = self.options["target"]
        self._check_constants()
        self.signature = [signature_text_of(*argument) for argument in self.arguments()]
        for constant in self.constants():
            if is_jit_function(unwrap(constant)):
                function._depends_on(unwrap(constant))
        entry = function.entry_name(self.values, self.type_texts)
        self.front_key = "\n".join([function.closure.digest.hex(), entry, *self.signature])

    def arguments(self) -> list[tuple[str, Any, Any, Any]]:
        """(name, value, type text, bits) of each parameter."""
        names = self.function.arg_names
        return list(zip(names, self.values, self.type_texts, self.bits, strict=True))

    def constants(self) -> list[Any]:
        return [
            constant
            for _, value, text, _ in self.arguments()
            for constant in constants_in(value, text)
        ]

    def _check_constants(self) -> None:
        for name, value, text, _ in self.arguments():
            for constant in constants_in(value, text):
                try:
                    stable_text(constant)
                except TypeError as error:
                    kernel = self.function.__name__
                    raise TypeError(f"argument `{name}` of {kernel}: {error}") from None

    def generate(self, values: Any = None, options: dict[str, str] | None = None) -> Any:
        """Runs the front end; gives what the compiler takes: (module generator, parameters)."""
        from cosmati.frontend.module import ModuleGenerator

        function, values = self.function, self.values if values is None else values
        options = self.options if options is None else options
        arguments = list(zip(function.arg_names, values, self.type_texts, self.bits, strict=True))
        parameters = [kernel_parameter(*argument) for argument in arguments]
        warps, debug = int(options.get("num_warps", 4)), options.get("debug") == "true"
        absolute = options.get("lineinfo") == "absolute"
        generator = ModuleGenerator(options["target"], warps, debug, absolute)
        generator.plain_globals = knobs.compilation.allow_non_constexpr_globals
        if options.get("dot_precision"):
            generator.builder.dot_precision = options["dot_precision"]
        generator.kernel(function, parameters, function.entry_name(values, self.type_texts))
        passed = [leaf for name, value, text, _ in arguments
                  for leaf in passed_arguments(name, value, text)]  # fmt: skip
        return generator.builder, passed

    @functools.cached_property
    def key(self) -> tuple[Any, ...]:
        """Equal for equal variants of one function."""
        return self.front_key, tuple(sorted(self.options.items()))

    @functools.cached_property
    def source_hash(self) -> str:
        """Hash of what is compiled, without options and versions: names folders of dumps."""
        import hashlib

        return hashlib.sha256(self.front_key.encode()).hexdigest()


def compile_call(
    function: Any,
    values: tuple[Any, ...],
    type_texts: tuple[Any, ...],
    bits: tuple[Any, ...],
    given: dict[str, Any],
    device: Any,
    is_warmup: bool = False,
) -> Any:
    """What a launch or ``warmup`` gets that no variant in memory fits.

    A CompiledKernel; None where ``jit_cache_hook`` took the compilation over; a FutureKernel for a
    warmup inside of an AsyncCompileMode.
    """
    variant = Variant(function, values, type_texts, bits, given, device.target)
    return compile_for(variant, device, is_warmup)


def compile_for(variant: Variant, device: Any, is_warmup: bool) -> Any:
    """compile_call() for a variant that is described already."""
    from cosmati.runtime import async_compile, preload

    _log_reason(variant.function, variant.signature, variant.options)
    ready = variant.function.__dict__.get("_ready")
    if ready and variant.key in ready:  # preloaded, or compiled in the background
        return ready.pop(variant.key)
    mode = async_compile.active_mode.get()
    if mode is not None:
        pending = mode.find(variant.key)
        if pending is not None:
            if is_warmup:
                return pending
            compiled = pending.result()
            variant.function.__dict__["_ready"].pop(variant.key, None)
            return compiled
    hook, done = knobs.runtime.jit_cache_hook, knobs.runtime.jit_post_compile_hook
    facts = preload.hook_arguments(variant, device, is_warmup) if hook or done else {}
    if hook is not None and hook(**facts):
        return None

    def finish(compiled: CompiledKernel) -> None:
        if done is not None:
            done(**facts)

    def keep(compiled: CompiledKernel) -> None:
        finish(compiled)
        variant.function.__dict__.setdefault("_ready", {})[variant.key] = compiled

    if mode is not None and is_warmup:
        return mode.submit(variant.key, lambda: compile_variant(variant), keep)
    compiled = compile_variant(variant)
    finish(compiled)
    return compiled


def compile_variant(variant: Variant, src: Any = None) -> CompiledKernel:
    """The variant from a cache, or compiled. Raises CompilationError and its kin."""
    options = dict(variant.options)
    _follow_dump_and_override(variant, options)
    manager = _manager_of(variant, options)
    if manager is not None:
        outcome = manager.get()
        if outcome is not None:
            return _finish(variant, src, outcome, options, manager.group)
    caches = manager is None and not knobs.compilation.always_compile
    try:
        outcome = session().get(variant.front_key, options, variant.generate, use_caches=caches)
        if outcome.origin != "compiled" and _libraries_changed(outcome.image.metadata):
            outcome = session().get(variant.front_key, options, variant.generate, use_caches=False)
    except OutOfResources as error:
        if error.name == "shared memory":
            error.advise = functools.partial(_advise, variant, options, error.limit)
        raise
    except CompilationError as error:
        if not knobs.compilation.front_end_debugging:
            _drop_own_frames(error)
        raise
    if manager is not None:
        manager.put(outcome)
    return _finish(variant, src, outcome, options, manager.group if manager else {})


def _libraries_changed(metadata: dict[str, str]) -> bool:
    """Whether bitcode of the user's is not what was linked: its content is in no key."""
    for name, digest in metadata.items():
        if name.startswith("library "):
            try:
                content = Path(name.removeprefix("library ")).read_bytes()
            except OSError:
                return True
            if hashlib.sha256(content).hexdigest() != digest:
                return True
    return False


def _finish(variant: Variant, src: Any, outcome: Any, options: dict[str, str],
            group: dict[str, str]) -> CompiledKernel:  # fmt: skip
    def recompile() -> Any:
        return session().compile(variant.generate(), {**options, "keep_stages": "true"})

    compiled = CompiledKernel(variant, outcome, options, recompile, src, group)
    _report(compiled, outcome)
    return compiled


def _advise(variant: Variant, options: dict[str, str], limit: int) -> str:
    def measure(values: tuple[Any, ...], chosen: dict[str, str]) -> int:
        return int(session().shared_bytes(variant.generate(values, chosen), chosen))

    names = variant.function.arg_names
    return shared_memory_advice(names, variant.values, options, limit, measure)


def _follow_dump_and_override(variant: Variant, options: dict[str, str]) -> None:
    """``knobs.compilation.dump_ir`` and ``override`` as compile options."""
    from cosmati.runtime.cache import get_dump_manager, get_override_manager
    from cosmati.runtime.options import override_of

    if knobs.compilation.dump_ir and not options.get("dump_ir"):
        options["dump_ir"] = getattr(get_dump_manager(variant.source_hash), "cache_dir", "")
    if knobs.compilation.override and not options.get("override_stage"):
        files = get_override_manager(variant.source_hash)
        name = variant.function.entry_name(variant.values, variant.type_texts)
        for ending in ("ptx", "nvvm.mlir", "tilegpu.mlir", "ttgir", "tile.mlir", "ttir"):
            path = files.get_file(f"{name}.{ending}")
            if path:
                print(f"cosmati: {name} takes {path} in place of its own", file=sys.stderr)
                options["override_stage"] = override_of(path)
                break


def _manager_of(variant: Variant, options: dict[str, str]) -> Any:
    """The user's cache manager for this variant; None: our own disk cache."""
    if knobs.cache.manager_class is None or knobs.compilation.always_compile:
        return None
    if any(options.get(name) for name in ("dump_ir", "print_after", "override_stage")):
        return None
    from cosmati.runtime.cache import ManagedEntry

    name = variant.function.entry_name(variant.values, variant.type_texts)
    return ManagedEntry(variant.front_key, options, name)


def _report(compiled: CompiledKernel, outcome: Any) -> None:
    """Prints what the knobs ask for, and tells the listener."""
    is_new = outcome.origin == "compiled"
    if is_new and knobs.nvidia.dump_nvptx:
        print(compiled.asm["ptx"], file=sys.stderr)
    if is_new and knobs.compilation.print_llvm:
        print(compiled.asm["llvm"], file=sys.stderr)
    if is_new and knobs.compilation.print_times:
        times = ", ".join(f"{name} {ms:.1f}" for name, ms in outcome.times.items())
        print(f"cosmati: {compiled.name}: {times} ms", file=sys.stderr)
    listener = knobs.compilation.listener
    if listener is not None:
        from cosmati.runtime.times import CompileTimes

        listener(
            src=compiled.src,
            metadata=compiled.metadata._asdict(),
            metadata_group=compiled.metadata_group,
            times=CompileTimes.of(outcome.times),
            cache_hit=not is_new,
        )


def _drop_own_frames(error: BaseException | None) -> None:
    """Takes the front end's frames out of the tracebacks: the message names the kernel's lines."""
    while error is not None:
        frames = []
        trace = error.__traceback__
        while trace is not None:
            if not trace.tb_frame.f_globals.get("__name__", "").startswith(_OWN_MODULES):
                frames.append(trace)
            trace = trace.tb_next
        for frame, after in zip(frames, [*frames[1:], None], strict=False):
            frame.tb_next = after
        error.__traceback__ = frames[0] if frames else None
        error = error.__cause__


def _log_reason(function: Any, signature: list[str], options: dict[str, str]) -> None:
    """Says why a variant is needed: what differs from the variant that was made last."""
    last = function.__dict__.get("_last_variant")
    function.__dict__["_last_variant"] = (signature, options)
    if not _log.isEnabledFor(logging.INFO):
        return
    if last is None:
        _log.info("%s: first variant: %s", function.__name__, ", ".join(signature))
        return
    before, options_before = last
    changes = [f"{old} -> {new}" for old, new in zip(before, signature, strict=True) if old != new]
    changes += [
        f"{name}: {options_before.get(name)} -> {value}"
        for name, value in options.items()
        if options_before.get(name) != value
    ]
    _log.info("%s: new variant: %s", function.__name__, "; ".join(changes) or "globals changed")
