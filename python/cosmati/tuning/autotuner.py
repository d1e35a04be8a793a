"""``cosmati.autotune``: kernels that choose among configurations at their first launch."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from cosmati.runtime.device import get_device
from cosmati.runtime.jit import KernelInterface
from cosmati.tuning import settings
from cosmati.tuning.arguments import launch_arguments
from cosmati.tuning.config import Config
from cosmati.tuning.hooks import ArrayHooks, check_config, check_names
from cosmati.tuning.interface import described

if TYPE_CHECKING:
    from cosmati.tuning.search import Search
    from cosmati.tuning.table import TuningTable

AnyHook = Callable[..., Any]


_dtype_text = functools.lru_cache(maxsize=256)(str)  # NumPy takes 10 us for one


class Autotuner(KernelInterface):
    """A kernel with configurations; see autotune().

    Attributes
    ----------
    fn : JITFunction
    base_fn : function
    configs : list of Config
    keys : list of str
        Parameters whose values a choice is made for.
    cache : dict
        Choices of this process on the current device: key -> Config.
    best_config : Config
        Of the last launch.
    configs_timings : dict
        Config -> [median, quantile 0.2, quantile 0.8] in milliseconds, of the last run; infinite
        for what failed. On the virtual machine they are estimates.
    bench_time : float or None
        Seconds of the last run in this process; None before it.
    """

    def __init__(
        self,
        fn: Any,
        arg_names: list[str],
        configs: list[Config] | None,
        key: list[str],
        reset_to_zero: Iterable[str] | None,
        restore_value: Iterable[str] | None,
        pre_hook: AnyHook | None = None,
        post_hook: AnyHook | None = None,
        prune_configs_by: dict[str, Any] | None = None,
        warmup: int | None = None,
        rep: int | None = None,
        use_cuda_graph: bool = False,
        do_bench: AnyHook | None = None,
        cache_results: bool | None = None,
        deterministic: bool | None = None,
    ) -> None:
        self.fn = fn
        self.base_fn = fn
        while not inspect.isfunction(self.base_fn):
            self.base_fn = self.base_fn.fn
        self.arg_names = arg_names
        self._names = frozenset(arg_names)
        self.configs = list(configs) if configs else [Config({})]
        self.keys = list(key)
        self.nargs: dict[str, Any] | None = None
        self.cache: dict[tuple[Any, ...], Config] = {}
        self.configs_timings: dict[Config, list[float]] = {}
        self.bench_time: float | None = None
        self.reset_to_zero = list(reset_to_zero or ())
        self.restore_value = list(restore_value or ())
        check_names(self, "reset_to_zero", self.reset_to_zero)
        check_names(self, "restore_value", self.restore_value)
        own = ArrayHooks(self.reset_to_zero, self.restore_value)
        self.pre_hook: AnyHook = pre_hook or own.before
        self.post_hook: AnyHook = post_hook or own.after
        self.user_defined_pre_hook = pre_hook is not None
        self.user_defined_post_hook = post_hook is not None
        prune = prune_configs_by or {}
        self.perf_model = prune.get("perf_model")
        self.configs_top_k = prune.get("top_k", 1.0)
        self.early_config_prune = prune.get("early_config_prune")
        self.num_warmups, self.num_reps = warmup, rep
        self.use_cuda_graph = use_cuda_graph
        self._do_bench = do_bench
        self.deterministic = deterministic
        decided_by_user = do_bench or pre_hook or post_hook
        self._asked_to_keep = bool(cache_results)
        self.cache_results = not decided_by_user if cache_results is None else bool(cache_results)
        self._lock = threading.RLock()
        self._device: Any = None
        self._caches: dict[int, dict[tuple[Any, ...], Config]] = {}
        self._tables: dict[tuple[Any, ...], TuningTable] = {}
        self._search: Search | None = None
        self._is_checked = False

    # What a launch does.

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Launches with the configuration chosen for these arguments; chooses at the first time."""
        if len(self.configs) > 1:
            key = self.key_of(args, kwargs)
            self._follow_device()
            config = self.cache.get(key)
            if config is None:
                if kwargs.get("warmup"):
                    return self.warmup(*args, **kwargs)[0]
                config = self._choose(key, args, kwargs)
        else:
            config = self.configs[0]
            if not self._is_checked:
                self._check_names(self.configs)
        self.best_config = config
        chosen = launch_arguments(config, kwargs)
        if config.pre_hook is not None:
            config.pre_hook({**dict(zip(self.arg_names, args, strict=False)), **kwargs, **chosen})
        return self.fn.run(*args, **kwargs, **chosen)

    def __getitem__(self, grid: Any) -> Callable[..., Any]:
        return functools.partial(self.run, grid=grid, warmup=False)  # faster than a lambda

    def warmup(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Compiles the configurations that a launch would choose among; gives their kernels.

        Raises AutotunerError if none of them can be compiled.
        """
        with self._naming(args):
            search = self._new_search((), args, kwargs)
            return search.compile(self.prune_configs(kwargs))

    def key_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """What a choice is made for: values of ``keys``, and the type of every array."""
        given = dict(zip(self.arg_names, args, strict=False))
        for name, value in kwargs.items():
            if name in self._names:
                given[name] = value
        values = [given[name] for name in self.keys if name in given]
        for value in given.values():
            kind = getattr(value, "dtype", None)
            if kind is not None:
                values.append(_dtype_text(kind))
        return tuple(values)

    def _check_names(self, configs: list[Config]) -> None:
        """KeyError for a configuration that sets what the kernel has not."""
        for config in configs:
            check_config(self, config)
        self._is_checked = True

    def _follow_device(self) -> None:
        """Makes ``cache`` the one of the current device: its choices are no other's."""
        device = get_device()
        if device is self._device:
            return
        with self._lock:
            if self._device is None:  # what is in it already was put there for this device
                self._caches[id(device)] = self.cache
            self.cache = self._caches.setdefault(id(device), {})
            self._device = device

    # How a configuration is chosen.

    def _choose(
        self, key: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Config:
        with self._naming(args):
            if key in self.cache:  # another thread was first
                return self.cache[key]
            search = self._new_search(key, args, kwargs)
            search.check_device()
            pruned = self.prune_configs(kwargs)
            self._check_names(pruned)
            if len(pruned) == 1:
                self.cache[key] = pruned[0]
                return pruned[0]
            self._search = search
            search.configs = pruned
            was_kept = False
            if self.cache_results and (self._asked_to_keep or settings.keeps_results()):
                was_kept = self.check_disk_cache(key, pruned, search.benchmark)
            else:
                search.benchmark()
            self._tables[key] = search.table
            search.announce(was_kept)
            return self.cache[key]

    def _new_search(
        self, key: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Search:
        from cosmati.tuning.search import Search  # not before something is to be chosen

        return Search(self, key, args, kwargs)

    def _naming(self, args: tuple[Any, ...]) -> _Naming:
        return _Naming(self, dict(zip(self.arg_names, args, strict=False)))

    def check_disk_cache(
        self, tuning_key: tuple[Any, ...], configs: list[Config], bench_fn: Callable[[], Any]
    ) -> bool:
        """Takes the choice from disk, else calls ``bench_fn`` and keeps its result there.

        Gives whether it was on disk.
        """
        search = self._search
        if search is None:
            bench_fn()
            return False
        return search.from_disk(configs, bench_fn)

    def prune_configs(self, kwargs: dict[str, Any]) -> list[Config]:
        """The configurations worth trying: what ``prune_configs_by`` leaves."""
        from cosmati.tuning.prune import prune

        return prune(self, kwargs)

    @functools.cached_property
    def do_bench(self) -> AnyHook:
        """Measures a call: ``do_bench(call, quantiles=...)`` gives milliseconds."""
        if self._do_bench is not None:
            return self._do_bench
        from cosmati import testing

        if self.use_cuda_graph:
            return functools.partial(testing.do_bench_cudagraph, rep=self.num_reps or 100)
        warmup = 25 if self.num_warmups is None else self.num_warmups
        rep = 100 if self.num_reps is None else self.num_reps
        return functools.partial(testing.do_bench, warmup=warmup, rep=rep)

    def _bench(self, *args: Any, config: Config, **meta: Any) -> list[float]:
        """[median, quantile 0.2, quantile 0.8] of a configuration; infinite where it fails."""
        chosen = launch_arguments(config, meta)
        everything = {**(self.nargs or {}), **meta, **chosen}
        failure = self._search.failure_of(config) if self._search is not None else None

        def kernel_call() -> None:
            if config.pre_hook is not None:
                config.pre_hook(everything)
            self.pre_hook(everything)
            try:
                if failure is not None:
                    raise failure
                self.fn.run(*args, **meta, **chosen)
            except Exception as error:
                self.post_hook(everything, exception=error)
                raise
            self.post_hook(everything, exception=None)

        search = self._search or self._new_search((), args, meta)
        return search.rank(config, kernel_call)

    def tuning_table(self, key: tuple[Any, ...] | None = None) -> TuningTable:
        """What the last run found out, or the one for a key of ``cache``.

        Raises KeyError if there was none.
        """
        if key is None:
            if not self._tables:
                raise KeyError(f"{described(self.fn)} has not been tuned in this process")
            return list(self._tables.values())[-1]
        return self._tables[key]

    def __repr__(self) -> str:
        return f"Autotuner({described(self.fn)}, {len(self.configs)} configurations)"


class _Naming:
    """``nargs`` holds a call's positional arguments by name while one thread chooses."""

    def __init__(self, tuner: Autotuner, named: dict[str, Any]) -> None:
        self.tuner, self.named = tuner, named

    def __enter__(self) -> None:
        self.tuner._lock.acquire()
        self.before = self.tuner.nargs
        self.tuner.nargs = self.named

    def __exit__(self, *unused: object) -> None:
        self.tuner.nargs = self.before
        self.tuner._search = None
        self.tuner._lock.release()


def autotune(
    configs: list[Config],
    key: list[str],
    prune_configs_by: dict[str, Any] | None = None,
    reset_to_zero: list[str] | None = None,
    restore_value: list[str] | None = None,
    pre_hook: AnyHook | None = None,
    post_hook: AnyHook | None = None,
    warmup: int | None = None,
    rep: int | None = None,
    use_cuda_graph: bool = False,
    do_bench: AnyHook | None = None,
    cache_results: bool | None = None,
    *,
    deterministic: bool | None = None,
) -> Callable[[Any], Autotuner]:
    """Chooses among configurations at the first launch with a new key, and keeps the choice.

    Parameters
    ----------
    configs : list of Config
        What to choose among; one with the default options if it is empty.
    key : list of str
        Parameters whose values a choice is made for. The types of all arrays belong to it, too.
    prune_configs_by : dict, optional
        "early_config_prune": function (configs, arguments by name, \\**kwargs) -> configs;
        "perf_model": function of all arguments by name -> cost, and "top_k": how many of the
        cheapest to try, a number or a share.
    reset_to_zero, restore_value : list of str, optional
        Arrays that are cleared before each trial, or get their values back after it.
    pre_hook, post_hook : function, optional
        ``pre_hook(arguments, reset_only=False)`` before, ``post_hook(arguments, exception)`` after
        each trial, in place of the two above.
    warmup, rep : int, optional
        Milliseconds of warming up and of measuring a configuration; default 25 and 100.
    use_cuda_graph : bool
        Measure in a CUDA graph, without the host's share.
    do_bench : function, optional
        Measures a trial: ``do_bench(call, quantiles)`` -> milliseconds.
    cache_results : bool, optional
        Keep choices in the cache folder. Default: yes, unless hooks or a ``do_bench`` decide, or
        COSMATI_CACHE_AUTOTUNING=0 says otherwise.
    deterministic : bool, optional
        Keep to the first configuration that fits, and measure nothing. Default: as
        COSMATI_DETERMINISTIC_TUNING says.

    Raises
    ------
    AutotunerError
        At a launch, if no configuration can be used; it lists why.

    Examples
    --------
    >>> @cosmati.autotune(
    ...     [cosmati.Config({"BLOCK": 128}), cosmati.Config({"BLOCK": 1024}, num_warps=8)],
    ...     key=["n"],
    ... )
    ... @cosmati.jit
    ... def kernel(x, n, BLOCK: tl.constexpr): ...
    """

    def decorate(fn: Any) -> Autotuner:
        return Autotuner(
            fn, fn.arg_names, configs, key, reset_to_zero, restore_value, pre_hook=pre_hook,
            post_hook=post_hook, prune_configs_by=prune_configs_by, warmup=warmup, rep=rep,
            use_cuda_graph=use_cuda_graph, do_bench=do_bench, cache_results=cache_results,
            deterministic=deterministic,
        )  # fmt: skip

    return decorate
