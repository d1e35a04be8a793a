"""Compile options: those of a call, of a ``with cosmati.options(...)`` block, and the defaults."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cosmati import _core
from cosmati.settings import warn_once


class _Stack(threading.local):
    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []


_stack = _Stack()


def known_options() -> dict[str, tuple[str, str]]:
    """Every compile option: default (as text) and description."""
    return {name: (default, text) for name, default, text in _core.compile_options()}


def check_option(name: str) -> None:
    """TypeError, naming the known options, if there is none of that name."""
    if name not in known_options():
        raise TypeError(
            f"`{name}` is no compile option; known: {', '.join(sorted(known_options()))}"
        )


@contextmanager
def options(**values: Any) -> Iterator[None]:
    """Changes compile options for the kernels compiled inside of the ``with`` block.

    Options given at a launch win over these. The block's values belong to the cache key: kernels
    that were compiled with others are not used inside.

    Examples
    --------
    >>> @cosmati.jit
    ... def kernel(x):
    ...     tl.store(x, tl.load(x) / 3.0)
    >>> with cosmati.options(num_warps=1, approx_division=True):
    ...     compiled = kernel[(1,)](np.ones(1, np.float32))
    >>> compiled.metadata.num_warps
    1
    """
    for name in values:
        check_option(name)
    merged = {**(_stack.entries[-1] if _stack.entries else {}), **values}
    _stack.entries.append(merged)
    previous = _core.set_options_context(tuple(sorted(merged.items())))
    try:
        yield
    finally:
        _stack.entries.pop()
        _core.set_options_context(previous)


def current_options() -> dict[str, Any]:
    """What the enclosing ``with`` blocks of this thread set."""
    return dict(_stack.entries[-1]) if _stack.entries else {}


# Triton's names of options -> ours.
_ALIASES = {
    "enable_fp_fusion": "contract",
    "default_dot_input_precision": "dot_precision",
    "ptx_options": "ptxas_options",
}
# Triton's options that mean nothing here -> why; any value of them is taken, with a warning unless
# it is the one that Triton has by itself.
_WITHOUT_MEANING: dict[str, tuple[tuple[Any, ...] | None, str]] = {
    "warp_size": ((32,), "warps have 32 threads"),
    "backend_name": (("cuda",), "there is one back end"),
    "enable_reflect_ftz": ((True,), "subnormals are flushed by the option ftz alone"),
    "sanitize_overflow": (
        (True, False), "overflowing addresses are found by kernel.check() on the virtual machine"
    ),
    "allowed_dot_input_precisions": (None, "every precision that a target has is allowed"),
    "supported_fp8_dtypes": (None, "the target decides"),
    "deprecated_fp8_dot_operand_dtypes": (None, "the target decides"),
    "max_num_imprecise_acc_default": (None, "8-bit products are accumulated in f32"),
    "ptx_version": ((None,), "target and instructions decide the PTX version"),
    "instrumentation_mode": (("",), "there is no instrumentation of code"),
    "extern_libs": ((None, {}, ()), "libraries are named where their functions are called"),
    "launch_cooperative_grid": ((False,), ""),
}  # fmt: skip


def launch_options(given: dict[str, Any]) -> dict[str, Any]:
    """The compile options that a launch's keywords stand for, Triton's names included.

    KeyError for a keyword that is none; ValueError for what can't be done.
    """
    options: dict[str, Any] = {}
    for name, value in given.items():
        if name in _WITHOUT_MEANING:
            _ignore(name, value)
        elif name == "arch":
            options["target"] = None if value is None else "sm_" + str(value).removeprefix("sm_")
        elif name == "ir_override":
            options["override_stage"] = None if value is None else override_of(str(value))
        else:
            options[_ALIASES.get(name, name)] = value
    known = known_options()
    for name in options:
        if name not in known:
            raise KeyError(
                f"Keyword argument {name} was specified but unrecognised: it is no parameter of "
                f"the kernel and no compile option ({', '.join(sorted(known))})"
            )
    return options


def is_option(name: str) -> bool:
    """Whether launches take a keyword of that name, beside the kernel's parameters."""
    return (
        name in known_options()
        or name in _ALIASES
        or name in _WITHOUT_MEANING
        or name in ("arch", "ir_override")
    )


def _ignore(name: str, value: Any) -> None:
    usual, why = _WITHOUT_MEANING[name]
    if name == "warp_size" and value != 32:
        raise ValueError(f"warp_size={value}: warps have 32 threads")
    if name == "launch_cooperative_grid" and value:
        raise ValueError(
            "launch_cooperative_grid=True: cooperative launches are not supported; programs that "
            "wait for each other need a grid that the GPU holds at once"
        )
    if usual is not None and value not in usual:
        warn_once(f"the option {name}={value!r} changes nothing: {why}")


def override_of(path: str) -> str:
    """``STAGE=FILE`` for a file named after its stage: ``NAME.tilegpu.mlir``, ``NAME.ptx``."""
    parts = path.rpartition("/")[2].split(".")
    names = {"ttir": "tile", "ttgir": "tilegpu"}
    for part in reversed(parts[1:]):
        stage = names.get(part, part)
        if stage in ("tile", "tilegpu", "nvvm", "ptx"):
            return f"{stage}={path}"
    raise ValueError(
        f"{path}: its name ends with no stage that can be replaced; use NAME.tile.mlir, "
        "NAME.tilegpu.mlir, NAME.nvvm.mlir or NAME.ptx"
    )


def option_texts(values: dict[str, Any]) -> dict[str, str]:
    """Options as the compiler takes them; None means the default."""
    texts = {}
    for name, value in values.items():
        if value is None:
            continue
        texts[name] = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return texts
