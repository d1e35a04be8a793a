"""Which device a call will run on, and whether it may be tuned there now."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.runtime import arrays
from cosmati.runtime.device import cuda_device, get_device


def _torch_tensors(values: Iterable[Any]) -> list[Any]:
    torch = sys.modules.get("torch")
    if torch is None or arrays.tensor_reader is not None:  # all are in host memory
        return []
    return [value for value in values if isinstance(value, torch.Tensor) and value.is_cuda]


def device_of(values: Iterable[Any]) -> Any:
    """The device of a launch with these arguments: their GPU, else the default one.

    On the virtual machine torch's tensors may say that they are on a GPU (cosmati.compat).
    """
    default = get_device()
    if default.on_host:
        return default
    for tensor in _torch_tensors(values):
        return cuda_device(int(tensor.device.index or 0))
    return default


def device_text(device: Any) -> str:
    """Name and target, for messages."""
    return f"{device.properties['name']} ({device.target})"


def refuse_capture(kernel: str, values: list[Any], device: Any) -> None:
    """CosmatiError while a CUDA graph is being captured: tuning compiles, loads and waits.

    Asked only where a choice is missing.
    """
    if device.on_host:
        return
    tensors = _torch_tensors(values)
    if tensors:
        torch = sys.modules["torch"]
        with torch.cuda.device(tensors[0].device):
            capturing = bool(torch.cuda.is_current_stream_capturing())
    else:
        capturing = bool(device.is_capturing())
    if capturing:
        raise CosmatiError(
            f"the stream is capturing a CUDA graph, and {kernel} has not chosen a configuration "
            "for these arguments yet: launch it once before the capture, with the same key"
        )
