"""One choice among configurations: compile all, rank those that fit, keep the result."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from cosmati.errors import AutotunerError, CompilationError
from cosmati.tuning import settings
from cosmati.tuning.arguments import launch_arguments, meta_arguments
from cosmati.tuning.compiling import (
    Compiled,
    compile_all,
    explain_failures,
    reason_of,
    tolerated,
)
from cosmati.tuning.config import Config
from cosmati.tuning.devices import device_of, device_text, refuse_capture
from cosmati.tuning.heuristic import Heuristics
from cosmati.tuning.interface import described, jit_function
from cosmati.tuning.progress import Progress
from cosmati.tuning.record import read_record, record_digest, write_record
from cosmati.tuning.store import result_store
from cosmati.tuning.table import TuningRow, TuningTable, quantiles

_FAILED = [math.inf, math.inf, math.inf]
_told: set[str] = set()


def tell_once(text: str) -> None:
    """A notice on stderr, once per process."""
    if text not in _told:
        _told.add(text)
        print(text, file=sys.stderr)


class Search:
    """A choice for one key of an autotuner, whose ``nargs`` are set meanwhile."""

    def __init__(
        self,
        tuner: Any,
        key: tuple[Any, ...],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.tuner, self.key, self.args, self.kwargs = tuner, key, args, kwargs
        self.name = described(tuner.fn)
        self.configs: list[Config] = []
        self.results: dict[Config, Compiled] = {}
        self.device = device_of([*args, *kwargs.values()])
        self.table: TuningTable = TuningTable(self.name, self.key_text(), "", "first", 0.0, ())

    def key_text(self) -> str:
        return ", ".join(str(value) for value in self.key)

    def check_device(self) -> None:
        refuse_capture(self.name, [*self.args, *self.kwargs.values()], self.device)

    # How.

    @property
    def is_deterministic(self) -> bool:
        chosen = self.tuner.deterministic
        return settings.is_deterministic() if chosen is None else bool(chosen)

    @property
    def how(self) -> str:
        """A key of table.HOW."""
        if self.is_deterministic:
            return "first"
        if self.tuner._do_bench is not None:
            return "custom"
        return "estimate" if self.device.kind == "vm" else "time"

    # Compiling.

    def _prepare(self, config: Config) -> Callable[[], Any]:
        """Compiles a configuration when it is called, in any thread.

        What is the user's code, heuristics below the autotuner, runs here: it may depend on the
        thread, as torch's modes do.
        """
        left_out = ("grid", "warmup")
        kwargs = {name: value for name, value in self.kwargs.items() if name not in left_out}
        kwargs |= launch_arguments(config, kwargs)
        fn = self.tuner.fn
        while isinstance(fn, Heuristics):
            kwargs = fn.filled(self.args, kwargs)
            fn = fn.fn
        grid = self.kwargs.get("grid") or (1,)

        def compile_now() -> Any:
            kernel = fn.warmup(*self.args, grid=grid, **kwargs)
            # Within an AsyncCompileMode it is a promise.
            return kernel.result() if hasattr(kernel, "result") else kernel

        return compile_now

    def _compile_all(
        self, configs: Sequence[Config], report: Callable[[Config], None]
    ) -> dict[Config, Compiled]:
        calls = {config: self._prepare(config) for config in configs}
        return compile_all(configs, lambda config: calls[config](), report)

    def compile(self, configs: Sequence[Config], progress: Progress | None = None) -> list[Any]:
        """Compiles them side by side; gives the kernels of those that can be."""

        def report(config: Config) -> None:
            if progress is not None:
                progress.step(f"compiled {config}")

        self.results |= self._compile_all(configs, report)
        kernels = [self.results[config].kernel for config in configs]
        usable = [kernel for kernel in kernels if kernel is not None]
        if not usable:
            self._raise_failures({config: self.results[config] for config in configs})
        return usable

    def _raise_failures(self, results: dict[Config, Compiled]) -> None:
        """Errors that all configurations share are the kernel's own, and are raised as such."""
        errors = [result.error for result in results.values() if result.error is not None]
        shared = len({str(error) for error in errors}) == 1
        if isinstance(errors[0], (CompilationError, ValueError)) and shared:
            raise errors[0]
        raise AutotunerError(explain_failures(self.name, results)) from errors[0]

    def failure_of(self, config: Config) -> BaseException | None:
        result = self.results.get(config)
        return result.error if result is not None else None

    # Ranking.

    def benchmark(self) -> None:
        """Chooses, and fills the autotuner's ``cache``, ``configs_timings`` and ``bench_time``."""
        tuner, start = self.tuner, time.perf_counter()
        measured = 0 if self.is_deterministic else len(self.configs)
        progress = Progress(self.name, len(self.configs) + measured)
        try:
            if self.is_deterministic:
                timings = self._first_that_fits(progress)
            else:
                self.compile(self.configs, progress)
                timings = self._rank_all(progress)
        finally:
            progress.close()
        tuner.bench_time = time.perf_counter() - start
        tuner.configs_timings = timings
        usable = [config for config in timings if config in self.results]
        best = min(
            (config for config in usable if self.failure_of(config) is None),
            key=lambda config: timings[config],
        )
        self.table = self._tabulate(timings, best)
        self._choose(best)

    def _choose(self, best: Config) -> None:
        self.tuner.cache[self.key] = best
        arguments = {**self.tuner.nargs, **self.kwargs, **best.all_kwargs()}
        self.tuner.pre_hook(arguments, reset_only=True)

    def _first_that_fits(self, progress: Progress) -> dict[Config, list[float]]:
        for config in self.configs:
            self.results |= self._compile_all([config], lambda _: None)
            progress.step(f"compiled {config}")
            if self.failure_of(config) is None:
                return {config: [0.0, 0.0, 0.0]}
        self._raise_failures(self.results)
        raise AssertionError

    def _rank_all(self, progress: Progress) -> dict[Config, list[float]]:
        timings = {}
        for config in self.configs:
            found = self.tuner._bench(*self.args, config=config, **self.kwargs)
            timings[config] = list(quantiles(found))
            failed = math.isinf(timings[config][0])
            progress.step(f"{'no' if failed else f'{timings[config][0]:.4g}'} ms with {config}")
        if all(self.failure_of(config) is not None for config in self.configs):
            self._raise_failures(self.results)
        if all(math.isinf(timing[0]) for timing in timings.values()):
            raise AutotunerError(
                f"no configuration of {self.name} got a finite time from its do_bench"
            )
        return timings

    def rank(self, config: Config, kernel_call: Callable[[], None]) -> list[float]:
        """Measures or estimates one configuration; a failure is remembered, and infinite."""
        runs = self.how != "estimate"
        hooked = self.tuner.user_defined_pre_hook or self.tuner.user_defined_post_hook
        failed = self.failure_of(config) is not None
        try:
            if failed and hooked:
                kernel_call()  # hooks see the failure; it is raised again
            if failed:
                return list(_FAILED)
            if runs:
                return list(quantiles(self.tuner.do_bench(kernel_call, quantiles=(0.5, 0.2, 0.8))))
            return [self.estimate(config)] * 3
        except tolerated() as error:
            self.results[config] = Compiled(self.results.get(config, Compiled()).kernel, error)
            return list(_FAILED)
        except Exception as error:
            if hasattr(error, "add_note"):  # since Python 3.11
                error.add_note(f"while {self.name} was tuned, with {config}")
            raise

    def estimate(self, config: Config) -> float:
        """The static estimate, in milliseconds."""
        from cosmati.tuning.estimate import estimate_cost

        tell_once(
            "cosmati: on the PTX virtual machine the autotuner ranks configurations by a static "
            "estimate of their cost on a GPU; no time is measured (docs/autotuning.md)"
        )
        if config not in self.results:
            self.compile([config])
        image = getattr(self.results[config].kernel, "image", None)
        if image is None:  # a hook took the compilation's place: there is nothing to look at
            return 0.0
        meta = meta_arguments(
            self.tuner.fn,
            self.args,
            {
                **{name: value for name, value in self.kwargs.items() if name != "warmup"},
                **config.all_kwargs(),
            },
        )
        return estimate_cost(image, grid_of(meta.pop("grid", (1,)), meta), meta).milliseconds

    # Keeping.

    def from_disk(self, configs: list[Config], bench_fn: Callable[[], Any]) -> bool:
        """See Autotuner.check_disk_cache."""
        store = result_store()
        digest = record_digest(self, configs) if store is not None else None
        if store is None or digest is None:
            bench_fn()
            return False
        if self._read(store, digest, configs):
            return True
        with store.lock(digest):
            if self._read(store, digest, configs):  # another process was first
                return True
            bench_fn()
            write_record(store, digest, self.table)
        return False

    def _read(self, store: Any, digest: str, configs: list[Config]) -> bool:
        table = read_record(store, digest, configs)
        if table is None:
            return False
        self.table = table
        self.tuner.configs_timings = {
            config: [row.milliseconds, row.low, row.high]
            if row.milliseconds is not None
            else list(_FAILED)
            for config, row in zip(configs, table.rows, strict=True)
        }
        best = next(
            config for config, row in zip(configs, table.rows, strict=True) if row.status == "best"
        )
        self.tuner.cache[self.key] = best
        return True

    def _tabulate(self, timings: dict[Config, list[float]], best: Config) -> TuningTable:
        rows = tuple(
            self._row(config, timings.get(config), config is best) for config in self.configs
        )
        return TuningTable(
            self.name, self.key_text(), device_text(self.device), self.how,
            round(self.tuner.bench_time, 4), rows,
        )  # fmt: skip

    def _row(self, config: Config, timing: list[float] | None, is_best: bool) -> TuningRow:
        result = self.results.get(config)
        if result is None:
            return TuningRow(str(config), status="not tried")
        facts: dict[str, Any] = {}
        if hasattr(result.kernel, "image"):
            kernel = result.kernel
            facts = {
                "registers": kernel.n_regs,
                "spill_bytes": kernel.n_spills,
                "shared_bytes": kernel.shared,
            }
        if result.error is not None:
            reason = reason_of(result.error)
            return TuningRow(str(config), status="failed", reason=reason, **facts)
        if timing is not None and math.isinf(timing[0]):
            reason = "its do_bench gave no finite time"
            return TuningRow(str(config), status="failed", reason=reason, **facts)
        if timing is not None and self.how != "first":
            facts |= dict(zip(("milliseconds", "low", "high"), timing, strict=True))
        return TuningRow(str(config), status="best" if is_best else "ok", **facts)

    def announce(self, was_kept: bool) -> None:
        """Tells the listener, and stderr where it was asked for."""
        tuner = self.tuner
        best = tuner.cache[self.key]
        listener = settings.listener()
        if listener is not None:
            listener(
                fn=jit_function(tuner.fn),
                key=self.key,
                best_config=best,
                configs_timings=tuner.configs_timings,
                duration=None if was_kept else tuner.bench_time,
                cache_hit=was_kept,
            )
        if settings.prints():
            source = "found on disk" if was_kept else f"chosen in {tuner.bench_time:.2f} s"
            print(
                f"cosmati: tuning {self.name}: key ({self.key_text()}): {best} {source}",
                file=sys.stderr,
            )


def grid_of(grid: Any, meta: dict[str, Any]) -> tuple[int, int, int]:
    """A launch's grid, with 1 for the axes that it leaves out."""
    if callable(grid):
        grid = grid(meta)
    extents = [int(item) for item in grid] if isinstance(grid, (tuple, list)) else [int(grid)]
    extents += [1] * (3 - len(extents))
    return extents[0], extents[1], extents[2]
