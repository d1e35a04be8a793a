"""A choice as it is kept on disk: its key, and the table of the run."""

from __future__ import annotations

import re
import warnings
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.frontend.closure import stable_text
from cosmati.runtime.options import current_options, option_texts
from cosmati.tuning.config import Config
from cosmati.tuning.devices import device_text
from cosmati.tuning.interface import jit_function
from cosmati.tuning.store import FORMAT, ResultStore, digest_of
from cosmati.tuning.table import TuningTable

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _key_text(value: Any) -> str | None:
    """A text that is the same in every process; None where there is none."""
    try:
        return stable_text(value)
    except TypeError:
        text = repr(value)
        return None if _ADDRESS.search(text) else f"{type(value).__qualname__}:{text}"


def _config_text(config: Config) -> str | None:
    values = [_key_text(value) for value in config.all_kwargs().values()]
    if None in values:
        return None
    named = [f"{name}={text}" for name, text in zip(config.all_kwargs(), values, strict=True)]
    hook = config.pre_hook
    named.append(f"pre_hook={getattr(hook, '__qualname__', type(hook).__qualname__)}")
    return ", ".join(named)


def record_digest(search: Any, configs: list[Config]) -> str | None:
    """Name of the file: kernel, key, device, versions, options, configurations, way of ranking.

    None where the key or a configuration has a value without a text that lasts.
    """
    from cosmati.runtime.session import session

    keys = [_key_text(value) for value in search.key]
    texts = [_config_text(config) for config in configs]
    kernel = jit_function(search.tuner.fn)
    try:
        closure = kernel.closure.digest.hex()
    except (CosmatiError, OSError):  # the compiler reports what is wrong with the source
        return None
    parts = [
        f"format {FORMAT}",
        session().versions,
        closure,
        f"{search.device.kind} {device_text(search.device)}",
        f"{search.how} {_bench_text(search)}",
        str(sorted(option_texts(current_options()).items())),
        *(f"key {text}" for text in keys),
        *(f"config {text}" for text in texts),
    ]
    return None if None in keys or None in texts else digest_of(parts)


def _bench_text(search: Any) -> str:
    bench = search.tuner._do_bench
    if bench is None:
        return "graph" if search.tuner.use_cuda_graph else "events"
    return f"{getattr(bench, '__module__', '')}.{getattr(bench, '__qualname__', '')}"


def write_record(store: ResultStore, digest: str, table: TuningTable) -> None:
    store.write(digest, table.to_dict())


def read_record(store: ResultStore, digest: str, configs: list[Config]) -> TuningTable | None:
    """The table of an earlier run for exactly these configurations; None if there is none."""
    content = store.read(digest)
    if content is None:
        return None
    try:
        table = TuningTable.from_dict(content)
        names = [row.config for row in table.rows]
        if names != [str(config) for config in configs] or not table.best:
            raise ValueError("its configurations are others")
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        warnings.warn(
            f"the tuning result {store.path(digest)} is not used: {error}",
            RuntimeWarning,
            stacklevel=3,
        )
        return None
    return table
