"""``cosmati.jit``: kernels and the functions that they call."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pickle
import re
import threading
import types
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from cosmati import _core, knobs
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.runtime.parameters import Parameter, parameters_of

if TYPE_CHECKING:
    from cosmati.frontend.closure import Closure
    from cosmati.frontend.source import FunctionSource
    from cosmati.runtime.compiled import CompiledKernel
    from cosmati.vm.watching import CheckedKernel


class VariantCache(dict[str, Any]):
    """Compiled variants by a text of what they are for; clear() makes the next launch compile."""

    def __init__(self, owner: JITFunction) -> None:
        super().__init__()
        self._owner = owner

    def __setitem__(self, key: str, compiled: Any) -> None:
        super().__setitem__(key, compiled)
        limit = knobs.cache.max_variants
        while limit and len(self) > limit:
            del self[next(iter(self))]

    def clear(self) -> None:
        super().clear()
        self._owner.clear()


class DeviceCache(NamedTuple):
    """An entry of ``JITFunction.device_caches``: the kernels, and four items only Triton fills."""

    kernels: VariantCache
    keys: dict[Any, Any]
    target: Any
    backend: Any
    binder: Any


class Specialization(NamedTuple):
    """What ``jit(repr=...)`` is given: types and compiled-in values by the parameters' names."""

    signature: dict[str, Any]
    constants: dict[str, Any]


class KernelInterface:
    """What can be launched: ``kernel[grid](*args)``. Base of autotuners and heuristics.

    Subclasses define ``run(*args, grid, warmup, **kwargs)``.
    """

    def run(self, *args: Any, grid: Any, warmup: bool = False, **kwargs: Any) -> Any:
        raise NotImplementedError("run not implemented")

    def warmup(self, *args: Any, grid: Any = (1,), **kwargs: Any) -> Any:
        """Compiles what a launch with these arguments would need."""
        return self.run(*args, grid=grid, warmup=True, **kwargs)

    def __getitem__(self, grid: Any) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.run(*args, grid=grid, warmup=False, **kwargs)


class MockTensor:
    """Stands for a tensor of an element type in ``kernel.warmup(...)``.

    Parameters
    ----------
    dtype : dtype of torch, NumPy or the language
    shape : sequence of int, optional

    Its address is divisible by 16.
    """

    __cosmati_placeholder__ = True

    def __init__(self, dtype: Any, shape: Any = None) -> None:
        self.dtype = dtype
        self.shape = list(shape) if shape is not None else [1]

    @staticmethod
    def wrap_dtype(arg: Any) -> Any:
        """A MockTensor for a dtype of torch, anything else as it is."""
        is_dtype = type(arg).__name__ == "dtype" and type(arg).__module__ == "torch"
        return MockTensor(arg) if is_dtype else arg

    def stride(self) -> tuple[int, ...]:
        """Row-major strides in elements."""
        strides = [1]
        for extent in reversed(self.shape[1:]):
            strides.append(strides[-1] * extent)
        return tuple(reversed(strides))

    @staticmethod
    def data_ptr() -> int:
        return 0


class JITFunction(_core.Launcher):
    """A function of the kernel language.

    ``kernel[grid](*args, **options)`` launches it as a kernel; other jit functions call it by name.
    Launching, and the lookup of compiled variants, is the base class's work (in C++).
    """

    __cosmati_jit__ = True
    __name__: str
    __qualname__: str

    def __init__(
        self,
        fn: types.FunctionType,
        *,
        version: Any = None,
        do_not_specialize: Iterable[int | str] | None = None,
        do_not_specialize_on_alignment: Iterable[int | str] | None = None,
        debug: bool | None = None,
        noinline: bool | None = None,
        repr: Callable[..., str] | None = None,
        launch_metadata: Callable[..., Any] | None = None,
    ) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.version = version
        self.debug = debug
        self.noinline = bool(noinline)
        self.launch_metadata = launch_metadata
        self._repr = repr
        self.module = fn.__module__
        self.device_caches: defaultdict[int, DeviceCache] = defaultdict(self._new_device_cache)
        self.signature = inspect.signature(fn)
        self.params: list[Parameter] = parameters_of(
            self.signature, do_not_specialize or (), do_not_specialize_on_alignment or ()
        )
        self.arg_names = [parameter.name for parameter in self.params]
        self.constexprs = [item.index for item in self.params if item.is_constexpr]
        self.pre_run_hooks: list[Callable[..., Any]] = []
        self._lock = threading.RLock()
        self._source: FunctionSource | None = None
        self._closure: Closure | None = None
        self._constant_functions: list[JITFunction] = []
        self._nonlocals = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
        self._configure(
            [
                (
                    item.name,
                    item.is_constexpr,
                    item.has_default,
                    item.default,
                    not item.do_not_specialize,
                    not item.do_not_specialize_on_alignment,
                    item.is_const,
                    item.annotation_type,
                )
                for item in self.params
            ]
        )
        from cosmati.frontend.source import qualified_name, register

        register(qualified_name(fn), self)

    @property
    def __globals__(self) -> dict[str, Any]:
        return self.fn.__globals__

    def repr(self, specialization: Any) -> str:
        """Name of the kernel for one specialisation, as ``jit(repr=...)`` gives it.

        ``specialization`` has ``signature`` and ``constants``, each by the parameters' names.
        """
        if self._repr is None:
            return self.__name__
        return str(self._repr(specialization))

    def __repr__(self) -> str:
        return f"JITFunction({self.fn.__module__}:{self.fn.__qualname__})"

    def __copy__(self) -> JITFunction:
        return self  # as Python's functions do

    def __deepcopy__(self, memo: dict[int, Any]) -> JITFunction:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles by name, as Python's functions do: of functions at module level only."""
        module, name = self.fn.__module__, self.fn.__qualname__
        if _function_named(module, name) is not self:
            raise pickle.PicklingError(
                f"can't pickle the kernel {name}: {module}.{name} is something else. Define it at "
                "module level"
            )
        return _function_named, (module, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            f"Cannot call @cosmati.jit'd outside of the scope of a kernel: launch "
            f"`{self.__name__}[grid](...)`"
        )

    # What the front end asks.

    @property
    def source(self) -> FunctionSource:
        """The function's source; read and parsed at the first use."""
        if self._source is None:
            from cosmati.frontend.source import read_source

            with self._lock:
                if self._source is None:
                    self._source = read_source(self.fn)
        return self._source

    def lookup(self, name: str) -> tuple[bool, Any]:
        """A name from the enclosing function or the module: (found, value)."""
        cell = self._nonlocals.get(name)
        if cell is not None:
            try:
                return True, cell.cell_contents
            except ValueError:
                return False, None
        if name in self.fn.__globals__:
            return True, self.fn.__globals__[name]
        return False, None

    def namespace_of(self, name: str) -> dict[str, Any] | None:
        """The dictionary whose entry of that name may change; None for enclosing functions'."""
        return None if name in self._nonlocals else self.fn.__globals__

    def is_constexpr_global(self, name: str) -> bool:
        """Whether the module declares ``name: tl.constexpr = ...``."""
        annotation = self.fn.__globals__.get("__annotations__", {}).get(name)
        is_text = isinstance(annotation, str) and annotation.rpartition(".")[2] == "constexpr"
        return annotation is constexpr or is_text

    @property
    def closure(self) -> Closure:
        """What the compiled code depends on."""
        from cosmati.frontend.closure import closure_of

        with self._lock:
            if self._closure is None:
                self._closure = closure_of(self)
                self._watch_captured()
            return self._closure

    def _watch_captured(self) -> None:
        """Tells the launcher which globals compiled code depends on."""
        closures = [self._closure, *(item.closure for item in self._constant_functions)]
        self._watch(
            [(c.namespace, c.name, c.value) for item in closures if item for c in item.captured]
        )

    def _depends_on(self, function: JITFunction) -> None:
        """``function`` is a constexpr argument of a variant: its globals count, too."""
        with self._lock:
            if all(item is not function for item in self._constant_functions):
                self._constant_functions.append(function)
                self._watch_captured()

    def _globals_changed(self) -> None:
        """Called by a launch when a captured global is another object than before."""
        with self._lock:
            for function in (self, *self._constant_functions):
                function._closure = None
            self.clear()
            _ = self.closure

    # What users ask.

    @property
    def src(self) -> str:
        """Source of the function, without decorators."""
        return self.source.text

    @property
    def cache_key(self) -> str:
        """Hash of the source, its callees' and the captured globals."""
        return self.closure.digest.hex()

    @property
    def used_global_vals(self) -> dict[tuple[str, int], tuple[Any, dict[str, Any]]]:
        """Captured globals: (name, id of the namespace) -> (value, namespace)."""
        return {
            (item.name, id(item.namespace)): (item.value, item.namespace)
            for item in self.closure.captured
        }

    def parse(self) -> Any:
        """The syntax tree of a module that defines the function."""
        return ast.Module([self.source.node], [])

    def _unsafe_update_src(self, new_src: str) -> None:
        """Compiles another source from now on: the text of a ``def`` with the same parameters.

        Compiled variants of this function are forgotten; those of functions that call it are not.
        """
        from cosmati.frontend.source import source_from_text

        with self._lock:
            self._source = source_from_text(self.fn, new_src)
            self._closure = None
            self.clear()

    def entry_name(self, values: tuple[Any, ...], type_texts: tuple[Any, ...]) -> str:
        """Name of the kernel for one variant in compiled code."""
        if self._repr is None:
            return self.__name__
        pairs = list(zip(self.arg_names, values, type_texts, strict=True))
        specialization = Specialization(
            {name: "constexpr" if text is None else text for name, _, text in pairs},
            {name: unwrap(value) for name, value, text in pairs if text is None},
        )
        return re.sub(r"\W", "_", self.repr(specialization))

    def _new_device_cache(self) -> DeviceCache:
        return DeviceCache(VariantCache(self), {}, None, None, None)

    def preload(self, specialization_data: str) -> CompiledKernel:
        """Compiles the variant that a text describes, for the first launch that needs it.

        ``specialization_data``: what ``knobs.runtime.jit_cache_hook`` is given in another process
        as ``compile["specialization_data"]``. RuntimeError if it is of another function or target.
        """
        from cosmati.runtime.preload import preload

        return preload(self, specialization_data)  # type: ignore[no-any-return]

    def add_pre_run_hook(self, hook: Callable[..., Any]) -> None:
        """Calls ``hook(*args, **kwargs)`` before every launch."""
        self.pre_run_hooks.append(hook)
        self._set_hooks(self.pre_run_hooks)

    def run(self, *args: Any, grid: Any, warmup: bool = False, **kwargs: Any) -> CompiledKernel:
        """Launches (or with ``warmup`` only compiles) and gives the compiled kernel."""
        if warmup:
            return self.prepare(args, kwargs)  # type: ignore[no-any-return]
        return self[grid](*args, **kwargs)  # type: ignore[no-any-return]

    def check(
        self,
        check: str | Iterable[str] | None = "all",
        *,
        seed: int | None = None,
        schedule: str | None = None,
        async_copies: str = "late",
    ) -> CheckedKernel:
        """``kernel.check("all", seed=3)[grid](...)``: a launch that the virtual machine checks.

        The parameters are those of ``cosmati.vm.checking``; what is found raises
        ``cosmati.vm.CheckError``.
        """
        from cosmati.vm.watching import CheckedKernel, make_watch

        return CheckedKernel(self, make_watch(check, seed, schedule, async_copies))

    def warmup(self, *args: Any, grid: Any = (1,), **kwargs: Any) -> CompiledKernel:
        """Compiles the variant that these arguments need, and launches nothing.

        An array may be given by a type instead: ``tl.float32`` or ``"*fp32"`` stand for a pointer
        that is divisible by 16.
        """
        return self.prepare(args, kwargs)  # type: ignore[no-any-return]

    def _compile_call(
        self,
        values: tuple[Any, ...],
        type_texts: tuple[str | None, ...],
        bits: tuple[int, ...],
        given: dict[str, Any],
        device: Any,
        is_warmup: bool = False,
    ) -> Any:
        """Compiles one variant; called by the base class when it has none that fits."""
        from cosmati.runtime.compile import compile_call
        from cosmati.runtime.compiled import CompiledKernel

        compiled = compile_call(self, values, type_texts, bits, given, device, is_warmup)
        if not isinstance(compiled, CompiledKernel):
            return compiled  # a hook's or an asynchronous compilation's
        ordinal = 0 if device.on_host else int(device.ordinal)
        key = f"{type_texts}, {bits}, {values}, {given}"
        self.device_caches[ordinal].kernels[key] = compiled
        return compiled


def _function_named(module: str, name: str) -> Any:
    """What a module holds under a name; None if there is nothing."""
    return getattr(importlib.import_module(module), name, None)


@overload
def jit(fn: Callable[..., Any]) -> JITFunction: ...
@overload
def jit(
    fn: None = None,
    *,
    version: Any = None,
    repr: Callable[..., str] | None = None,
    launch_metadata: Callable[..., Any] | None = None,
    do_not_specialize: Iterable[int | str] | None = None,
    do_not_specialize_on_alignment: Iterable[int | str] | None = None,
    debug: bool | None = None,
    noinline: bool | None = None,
) -> Callable[[Callable[..., Any]], JITFunction]: ...
def jit(
    fn: Any = None,
    *,
    version: Any = None,
    repr: Callable[..., str] | None = None,
    launch_metadata: Callable[..., Any] | None = None,
    do_not_specialize: Iterable[int | str] | None = None,
    do_not_specialize_on_alignment: Iterable[int | str] | None = None,
    debug: bool | None = None,
    noinline: bool | None = None,
) -> Any:
    """Makes a Python function a function of the kernel language.

    Parameters
    ----------
    do_not_specialize : iterable of int or str
        Parameters whose values compiled code may assume nothing about.
    do_not_specialize_on_alignment : iterable of int or str
        Parameters that compiled code may not assume to be divisible by 16.
    debug : bool
        Check ``tl.device_assert``.
    noinline : bool
        Keep the function as one of its own in the compiled code, rather than copy it to each call.
        Its arguments and results are scalars then.
    version
        Any value; part of the key of compiled code.
    repr : function
        Names the kernel in compiled code and profilers; see JITFunction.repr.
    launch_metadata : function
        ``(grid, metadata, arguments) -> dict`` for the hooks of launches.

    Notes
    -----
    Kernels are compiled for the types of their arguments, and for what is known of the values: an
    integer that is 1 is compiled in, as is None; integers and addresses that are divisible by 16
    are assumed to be. Annotations win over types: ``n: tl.int64`` takes any integer, and is never
    compiled in. Values of ``tl.constexpr`` parameters are compiled in; they are equal where type
    and value are, so 1, True and 1.0 are three variants.

    Examples
    --------
    >>> @cosmati.jit
    ... def double(x, n, SIZE: tl.constexpr):
    ...     at = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    ...     tl.store(x + at, 2 * tl.load(x + at, mask=at < n), mask=at < n)
    >>> x = np.arange(5, dtype=np.float32)
    >>> _ = double[(cosmati.cdiv(5, 4),)](x, 5, SIZE=4)
    >>> x
    array([0., 2., 4., 6., 8.], dtype=float32)
    """
    options = {
        "version": version, "repr": repr, "launch_metadata": launch_metadata, "debug": debug,
        "do_not_specialize": do_not_specialize, "noinline": noinline,
        "do_not_specialize_on_alignment": do_not_specialize_on_alignment,
    }  # fmt: skip
    if fn is None:
        return lambda function: jit(function, **options)
    if isinstance(fn, JITFunction):
        return fn
    if not isinstance(fn, types.FunctionType):
        raise TypeError(f"@cosmati.jit takes a Python function, not {type(fn).__name__}")
    if fn.__name__ == "<lambda>":
        raise TypeError("@cosmati.jit takes a function that is defined by `def`, not a lambda")
    return JITFunction(fn, **options)
