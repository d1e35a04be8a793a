"""What a configuration adds to a launch, and all arguments of a launch by name."""

from __future__ import annotations

from typing import Any

from cosmati.tuning.config import Config

_OVERRIDABLE = (".ptx", ".tilegpu")


def launch_arguments(config: Config, given: dict[str, Any]) -> dict[str, Any]:
    """What a configuration adds to a call's keywords; ValueError if both set something."""
    chosen = config.all_kwargs()
    if not given.keys().isdisjoint(chosen):
        conflicts = ", ".join(name for name in chosen if name in given)
        raise ValueError(
            f"Conflicting meta-parameters: {conflicts}. Make sure that you don't re-define "
            "auto-tuned symbols."
        )
    if "ir_override" in chosen:
        file = chosen.pop("ir_override")
        suffix = next((item for item in _OVERRIDABLE if str(file).endswith(item)), None)
        if suffix is None:
            raise ValueError(
                f"ir_override is {str(file)!r}; it must be a file {' or '.join(_OVERRIDABLE)}"
            )
        chosen["override_stage"] = f"{suffix[1:]}={file}"
    return chosen


def meta_arguments(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """All arguments of a launch by name, with what heuristics below add, and the defaults."""
    filled = dict(kwargs)
    while not getattr(fn, "__cosmati_jit__", False):
        fill = getattr(fn, "filled", None)
        if fill is not None:
            filled = fill(args, filled)
        fn = fn.fn
    defaults = {item.name: item.default for item in fn.params if item.has_default}
    return {**defaults, **dict(zip(fn.arg_names, args, strict=False)), **filled}
