"""Which device kernels run on.

A GPU is used where one is found, else the PTX virtual machine, with a notice. ``set_device`` and
the environment variable ``COSMATI_DEVICE`` choose: "vm", "cuda" or "cuda:N".
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from cosmati import _core, knobs
from cosmati.errors import CosmatiError

_INTERPRETER_CHECKS = "uninitialized,race,sync,overflow"
_lock = threading.Lock()
_vm: Any = None
_cuda: dict[int, Any] = {}
_choice: str | None = None


def vm_device() -> Any:
    """The PTX virtual machine (one per process)."""
    global _vm
    with _lock:
        if _vm is None:
            threads = os.environ.get("COSMATI_VM_THREADS", "0")
            target = os.environ.get("COSMATI_VM_TARGET", "sm_90a")
            _vm = _core.vm_device(threads=int(threads), watch=_watch(), target=target)
        return _vm


def _watch() -> Any:
    """What all launches on the VM are checked for: COSMATI_CHECK ("all", "race,sync", ...), with
    the order of COSMATI_SCHEDULE and COSMATI_SEED.
    """
    from cosmati.vm.watching import make_watch, set_watch_of_device

    seed = os.environ.get("COSMATI_SEED")
    usual = _INTERPRETER_CHECKS if knobs.runtime.interpret else None
    try:
        watch = make_watch(
            os.environ.get("COSMATI_CHECK") or usual,
            int(seed) if seed else None,
            os.environ.get("COSMATI_SCHEDULE") or None,
        )
    except ValueError as error:
        raise CosmatiError(f"COSMATI_CHECK, COSMATI_SEED, COSMATI_SCHEDULE: {error}") from None
    set_watch_of_device(watch)
    return watch.core()


def follow_interpret() -> None:
    """Makes launches follow ``knobs.runtime.interpret`` after it was changed."""
    global _vm, _choice
    _vm = None  # the checks belong to the machine
    if knobs.runtime.interpret:
        set_device("vm")
    elif _core.default_device() is not None:
        _choice = None
        choose_default()


knobs.followers["interpret"] = follow_interpret


def cuda_device(ordinal: int) -> Any:
    """GPU number ``ordinal``; CosmatiError if there is none."""
    from cosmati.runtime.session import toolchain

    with _lock:
        if ordinal not in _cuda:
            _cuda[ordinal] = _core.cuda_device(toolchain(), ordinal)
        return _cuda[ordinal]


def cuda_count() -> int:
    """Number of GPUs; 0 where there is no driver."""
    from cosmati.runtime.session import toolchain

    return int(_core.cuda_device_count(toolchain()))


def _parse(name: str) -> tuple[str, int]:
    kind, _, number = name.partition(":")
    if kind == "vm" and not number:
        return "vm", 0
    if kind in ("cuda", "gpu") and (not number or number.isdigit()):
        return "cuda", int(number or 0)
    raise ValueError(f"{name!r} is no device; use 'vm', 'cuda' or 'cuda:N'")


def set_device(device: str | int) -> None:
    """Chooses the device of the launches that follow: "vm", "cuda", "cuda:N" or N.

    On the VM, arguments are NumPy arrays and CPU tensors, used in place; on a GPU they are arrays
    in its memory. Raises CosmatiError if the GPU is not there.

    Examples
    --------
    >>> cosmati.set_device("vm")
    >>> cosmati.get_device().kind
    'vm'
    """
    global _choice
    name = f"cuda:{device}" if isinstance(device, int) else device
    kind, ordinal = _parse(name)
    chosen = vm_device() if kind == "vm" else cuda_device(ordinal)
    _choice = kind if kind == "vm" else f"cuda:{ordinal}"
    _core.set_default_device(chosen, explicit=True)


def get_device() -> Any:
    """The device of the next launch; chooses one if none was chosen.

    Examples
    --------
    >>> cosmati.get_device().target
    'sm_90a'
    """
    current = _core.default_device()
    return current if current is not None else choose_default()


def choose_default() -> Any:
    """Follows COSMATI_INTERPRET and COSMATI_DEVICE, else takes the first GPU, else the VM.

    Called at the first launch.
    """
    wanted = "vm" if knobs.runtime.interpret else os.environ.get("COSMATI_DEVICE")
    if wanted:
        try:
            set_device(wanted)
        except ValueError as error:
            raise CosmatiError(f"COSMATI_DEVICE: {error}") from None
        return _core.default_device()
    if cuda_count() > 0:
        _core.set_default_device(cuda_device(0), explicit=False)
    else:
        print(
            "cosmati: no GPU found; kernels run on the PTX virtual machine "
            '(COSMATI_DEVICE=vm or cosmati.set_device("vm") chooses it without this notice)',
            file=sys.stderr,
        )
        _core.set_default_device(vm_device(), explicit=False)
    return _core.default_device()
