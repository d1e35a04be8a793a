"""``prune_configs_by``: which configurations are worth trying."""

from __future__ import annotations

from typing import Any

from cosmati.errors import AutotunerError
from cosmati.tuning.config import Config


def prune(tuner: Any, kwargs: dict[str, Any]) -> list[Config]:
    """What early_config_prune leaves, and of that the top_k by perf_model, cheapest first."""
    configs: list[Config] = tuner.configs
    if tuner.early_config_prune:
        configs = list(tuner.early_config_prune(configs, tuner.nargs, **kwargs))
        if not configs:
            raise AutotunerError(
                "No valid autotuner configs after pruning. `early_config_prune` should return at "
                "least one config."
            )
    if not tuner.perf_model:
        return configs
    most = _most(tuner.configs_top_k, len(tuner.configs))
    if len(configs) <= most:
        return configs
    costs = {
        config: tuner.perf_model(**{**tuner.nargs, **kwargs, **config.all_kwargs()})
        for config in configs
    }
    return sorted(costs, key=lambda config: costs[config])[:most]


def _most(top_k: Any, count: int) -> int:
    """How many to keep; at least one."""
    if isinstance(top_k, float) and top_k <= 1.0:
        return max(int(count * top_k), 1)
    if isinstance(top_k, int) and not isinstance(top_k, bool):
        return max(top_k, 1)
    raise TypeError(
        "Error while pruning configs, top_k must be either 1) a float <= 1.0 or 2) an int; it is "
        f"{top_k!r}"
    )
