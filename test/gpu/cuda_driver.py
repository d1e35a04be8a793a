"""PTX on an NVIDIA GPU through the CUDA driver's C interface, and nothing else."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence
from typing import Any

import numpy as np


class Gpu:
    """The first GPU's primary context."""

    def __init__(self) -> None:
        self.cuda = ctypes.CDLL(ctypes.util.find_library("cuda") or "libcuda.so.1")
        device, self.context = ctypes.c_int(), ctypes.c_void_p()
        self.check("cuInit", 0)
        self.check("cuDeviceGet", ctypes.byref(device), 0)
        self.check("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), device)
        self.check("cuCtxSetCurrent", self.context)
        stack_size = 0  # CU_LIMIT_STACK_SIZE: recursion needs more than the default of 1 KiB
        self.check("cuCtxSetLimit", stack_size, ctypes.c_size_t(32768))
        major, minor = ctypes.c_int(), ctypes.c_int()
        self.check("cuDeviceGetAttribute", ctypes.byref(major), 75, device)
        self.check("cuDeviceGetAttribute", ctypes.byref(minor), 76, device)
        self.capability = 10 * major.value + minor.value

    def check(self, function: str, *arguments: Any) -> None:
        """Calls a function of the driver; raises RuntimeError with the driver's text."""
        status = getattr(self.cuda, function)(*arguments)
        if status:
            text = ctypes.c_char_p()
            self.cuda.cuGetErrorString(status, ctypes.byref(text))
            raise RuntimeError(
                f"{function}: {(text.value or b'unknown error').decode()} ({status})"
            )

    def runs(self, target: str) -> bool:
        """Whether a module for `target` ("sm_80", "sm_90a") can be compiled for this GPU."""
        number = int(target.removeprefix("sm_").rstrip("af"))
        return self.capability == number if target.endswith("a") else self.capability >= number

    def load(self, ptx: bytes) -> ctypes.c_void_p:
        """A module; ValueError with the driver's log if the PTX does not compile."""
        module = ctypes.c_void_p()
        log = ctypes.create_string_buffer(8192)
        options = (ctypes.c_int * 2)(5, 6)  # error log buffer, its size
        option_values = (ctypes.c_void_p * 2)(ctypes.addressof(log), len(log))
        status = self.cuda.cuModuleLoadDataEx(
            ctypes.byref(module), ctypes.c_char_p(ptx + b"\0"), 2, options, option_values
        )
        if status:
            raise ValueError(log.value.decode() or f"cuModuleLoadDataEx ended with {status}")
        return module

    def unload(self, module: ctypes.c_void_p) -> None:
        self.check("cuModuleUnload", module)

    def launch(
        self,
        module: ctypes.c_void_p,
        entry: str,
        grid: Sequence[int],
        block: Sequence[int],
        args: Sequence[Any],
        shared: int = 0,
    ) -> None:
        """Runs a kernel. Arrays are copied there and back in place; numbers are 32-bit."""
        function = ctypes.c_void_p()
        self.check("cuModuleGetFunction", ctypes.byref(function), module, entry.encode())
        buffers: list[tuple[ctypes.c_uint64, np.ndarray]] = []
        cells: list[Any] = []
        try:
            for a in args:
                if not isinstance(a, np.ndarray):
                    cells.append(ctypes.c_int32(a))
                    continue
                pointer = ctypes.c_uint64()
                self.check("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(a.nbytes))
                buffers.append((pointer, a))
                self.check(
                    "cuMemcpyHtoD_v2",
                    pointer,
                    ctypes.c_void_p(a.ctypes.data),
                    ctypes.c_size_t(a.nbytes),
                )
                cells.append(pointer)
            parameters = (ctypes.c_void_p * len(cells))(*map(ctypes.addressof, cells))
            shape = [*grid, 1, 1][:3] + [*block, 1, 1][:3]
            self.check("cuLaunchKernel", function, *shape, shared, None, parameters, None)
            self.check("cuCtxSynchronize")
            for pointer, a in buffers:
                self.check(
                    "cuMemcpyDtoH_v2",
                    ctypes.c_void_p(a.ctypes.data),
                    pointer,
                    ctypes.c_size_t(a.nbytes),
                )
        finally:
            for pointer, _ in buffers:
                self.cuda.cuMemFree_v2(pointer)
