"""torch's "cuda" device on a machine without a GPU: CPU tensors that kernels reach in the VM.

``install()`` is a switch for a whole process, said once on stderr. From then on code that asks for
``device="cuda"``, ``.cuda()`` or ``torch.cuda...`` gets CPU tensors that say they are on
``cuda:0``, and kernels run on the PTX virtual machine.

How: a torch-function mode sees every call of torch's API and every read of a tensor's attributes.
It takes cuda devices out of the arguments and answers ``device``, ``is_cuda`` and the like. Tensors
made on the CPU, or copied there, are marked, and so is what is computed from such tensors alone: so
``.cpu()`` and ``.cuda()`` copy as they do between a host and a GPU. Functions of ``torch.cuda`` and
``torch.amp`` that no mode sees are replaced (cosmati.compat.torch_cuda).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from cosmati.runtime import arrays
from cosmati.runtime.addresses import virtual_address

_CUDA = torch.device("cuda", 0)
_MARK = "_cosmati_on_host"


def _as_device(value: Any) -> torch.device | None:
    """The device that an argument names; None if it names none."""
    if isinstance(value, torch.device):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return torch.device("cuda", value)
    if isinstance(value, str):
        try:
            return torch.device(value)
        except RuntimeError:
            return None
    return None


def is_cuda(value: Any) -> bool:
    """Whether a device argument means the GPU. ValueError for a GPU beyond the one there is."""
    device = _as_device(value)
    if device is None or device.type != "cuda":
        return False
    if device.index not in (None, 0):
        raise ValueError(
            f"there is no device {device}: on the virtual machine cuda:0 is the only one; others "
            "need a machine with GPUs"
        )
    return True


def on_host(tensor: torch.Tensor) -> bool:
    """Whether a CPU tensor counts as host memory, not as the GPU's."""
    return getattr(tensor, "__dict__", {}).get(_MARK, False) is True


def _mark(tensor: torch.Tensor, host: bool) -> torch.Tensor:
    if host:
        tensor.__dict__[_MARK] = True
    else:
        tensor.__dict__.pop(_MARK, None)
    return tensor


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif type(value) in (tuple, list):
            yield from _tensors(value)


def _copy_of(tensor: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    """A copy between host and device is one even where torch sees one device."""
    return result.clone() if result is tensor else result


def _move(tensor: torch.Tensor, result: torch.Tensor, host: bool) -> torch.Tensor:
    if on_host(tensor) == host:
        return _mark(result, host) if result is not tensor else result
    return _mark(_copy_of(tensor, result), host)


def _tensor_to(func: Any, args: Any, kwargs: Any) -> Any:
    """``Tensor.to``: the device is named, stands first, or is that of another tensor."""
    tensor, *rest = args
    like = rest[0] if rest else kwargs.get("other")
    target: torch.device | None
    if isinstance(like, torch.Tensor):
        target = on_device(like)
    elif rest:
        target = _as_device(rest[0])
        rest[0] = "cpu" if is_cuda(target) else rest[0]
    else:
        target = _as_device(kwargs.get("device"))
        kwargs = {**kwargs, "device": "cpu"} if is_cuda(target) else kwargs
    result = func(tensor, *rest, **kwargs)
    if target is None or target.type not in ("cpu", "cuda"):
        return result if result is tensor else _mark(result, on_host(tensor))
    return _move(tensor, result, target.type == "cpu")


def on_device(tensor: torch.Tensor) -> torch.device:
    """The device that a tensor says it is on."""
    with torch._C.DisableTorchFunction():
        real = tensor.device
    return _CUDA if real.type == "cpu" and not on_host(tensor) else real


def _kind(tensor: torch.Tensor) -> str:
    return str(on_device(tensor).type)


def _data_set(func: Any, args: Any, kwargs: Any) -> None:
    func(*args)
    _mark(args[0], on_host(args[1]))


def _cuda_method(func: Any, args: Any, kwargs: Any) -> Any:
    device = kwargs.get("device", args[1] if len(args) > 1 else None)
    if device is not None:
        is_cuda(device)
    return _move(args[0], args[0], host=False)


def _data_ptr(func: Any, args: Any, kwargs: Any) -> int:
    """The address that kernels use, which may be in a table; it is aligned as the host's is."""
    tensor = args[0]
    address = int(func(*args, **kwargs))
    return virtual_address(tensor, address) if address and _kind(tensor) == "cuda" else address


_Handler = Callable[[Any, Any, Any], Any]
_T = torch.Tensor
_HANDLERS: dict[Any, _Handler] = {
    _T.device.__get__: lambda f, a, k: on_device(a[0]),
    _T.is_cuda.__get__: lambda f, a, k: _kind(a[0]) == "cuda",
    _T.is_cpu.__get__: lambda f, a, k: _kind(a[0]) == "cpu",
    _T.get_device: lambda f, a, k: 0 if _kind(a[0]) == "cuda" else -1,
    _T.data.__set__: _data_set,
    _T.data_ptr: _data_ptr,
    _T.to: _tensor_to,
    _T.cuda: _cuda_method,
    _T.cpu: lambda f, a, k: _move(a[0], f(*a, **k), host=True),
    _T.pin_memory: lambda f, a, k: _mark(a[0].clone(), True),
    _T.is_pinned: lambda f, a, k: False,
    _T.record_stream: lambda f, a, k: None,
}
# What is asked of tensors all the time, and has no tensor in its answer.
_PLAIN = {
    _T.shape.__get__, _T.dtype.__get__, _T.ndim.__get__, _T.requires_grad.__get__,
    _T.layout.__get__, _T.is_meta.__get__, _T.size, _T.stride, _T.dim, _T.numel,
    _T.is_contiguous, _T.element_size, _T.storage_offset, _T.item, _T.tolist, _T.untyped_storage,
    _T.is_floating_point, torch.is_floating_point, torch.device, torch.is_complex,
}  # fmt: skip
# Functions whose device may be given by position: where it stands.
_BY_POSITION = {torch.as_tensor: 2}


class CudaOnVm(TorchFunctionMode):  # type: ignore[misc]
    """Lets code that asks for cuda tensors have CPU tensors."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _PLAIN:
            return func(*args, **kwargs)
        handler = _HANDLERS.get(func)
        if handler is not None:
            return handler(func, args, kwargs)
        return _call(func, args, kwargs)


def _call(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Any other function: on the CPU, its result marked as its arguments and its device say."""
    device = _as_device(kwargs.get("device"))
    if device is not None and is_cuda(device):
        kwargs = {**kwargs, "device": "cpu"}
    place = _BY_POSITION.get(func)
    if place is not None and len(args) > place:
        device = _as_device(args[place])
        args = (*args[:place], "cpu" if is_cuda(device) else args[place], *args[place + 1 :])
    if kwargs.get("pin_memory"):
        kwargs = {**kwargs, "pin_memory": False}
    result = func(*args, **kwargs)
    made = [result] if isinstance(result, torch.Tensor) else None
    if made is None:
        if type(result) not in (tuple, list) and not isinstance(result, tuple):
            return result
        made = list(_tensors(result))
    if made:
        host = _result_is_on_host(device, args, kwargs)
        given = {id(item) for item in _tensors(args)}
        for item in made:
            if id(item) not in given:  # an in-place function gives its own argument back
                _mark(item, host)
    return result


def _result_is_on_host(device: torch.device | None, args: Any, kwargs: Any) -> bool:
    if device is not None:
        return bool(device.type == "cpu")
    given = list(_tensors((*args, *kwargs.values())))
    return all(on_host(item) for item in given) if given else not default_is_cuda


_mode: CudaOnVm | None = None
default_is_cuda = False
"""Whether tensors for which no device is named are the GPU's (torch.set_default_device)."""


def installed() -> bool:
    """Whether cuda means the virtual machine in this process."""
    return _mode is not None


def install() -> None:
    """Makes torch's cuda device the virtual machine, for the rest of the process.

    CosmatiError if torch has a GPU: its tensors would be mistaken for CPU tensors. A second call
    changes nothing. Threads that are started later follow, too.
    """
    from cosmati.compat import torch_cuda
    from cosmati.errors import CosmatiError
    from cosmati.runtime.device import set_device

    global _mode
    if _mode is not None:
        return
    if torch.cuda.is_available():
        raise CosmatiError(
            "torch has a GPU here, so cuda tensors can't stand for the virtual machine: hide it "
            'with CUDA_VISIBLE_DEVICES="", or give CPU tensors after cosmati.set_device("vm")'
        )
    if arrays.reads_torch_tensors:
        raise CosmatiError(
            "a kernel was launched with torch tensors before cuda was made the virtual machine: "
            "call cosmati.compat.torch_vm.install() before the first launch"
        )
    set_device("vm")
    arrays.tensor_reader = read_tensor
    torch_cuda.replace()
    _follow_threads()
    _follow_backward()
    _mode = CudaOnVm()
    _mode.__enter__()
    print(
        "cosmati: device cuda is the PTX virtual machine: tensors stay in host memory and "
        "torch.cuda answers for one sm_90 GPU (docs/compat.md)",
        file=sys.stderr,
    )


def _follow_threads() -> None:
    """Modes belong to a thread; threads made from here on enter it first."""
    run = threading.Thread.run

    def run_with_mode(thread: threading.Thread) -> None:
        with active():
            run(thread)

    threading.Thread.run = run_with_mode  # type: ignore[assignment, method-assign]


def _follow_backward() -> None:
    """``backward()`` is a torch function, where the mode is off: on again for the user's part."""
    run = torch.autograd.graph._engine_run_backward

    def run_with_mode(*args: Any, **kwargs: Any) -> Any:
        with active():
            return run(*args, **kwargs)

    torch.autograd._engine_run_backward = run_with_mode
    torch.autograd.graph._engine_run_backward = run_with_mode


@contextmanager
def active() -> Iterator[None]:
    """The mode in a thread that was not started by Python's ``threading.Thread.run``."""
    if _mode is None:
        raise RuntimeError("call cosmati.compat.torch_vm.install() first")
    with CudaOnVm():
        yield


def read_tensor(tensor: Any) -> arrays.Description:
    """Where a tensor really is, for a launch."""
    with torch._C.DisableTorchFunction():
        return arrays.from_tensor(tensor)
