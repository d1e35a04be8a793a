"""Compiles a CUDA C++ file to PTX with CUDA's run-time compiler: nvrtc.py SOURCE.cu OUT.ptx.

Ends with 77 if there is no libnvrtc.
"""

from __future__ import annotations

import ctypes
import glob
import shutil
import sys
import sysconfig
from pathlib import Path


def library() -> ctypes.CDLL:
    packages = sysconfig.get_paths()["purelib"]
    places = sorted(glob.glob(f"{packages}/nvidia/*/lib/libnvrtc.so.*"))
    for name in [*places, "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"]:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    print("there is no libnvrtc", file=sys.stderr)
    sys.exit(77)


def include_folder() -> str | None:
    nvcc = shutil.which("nvcc")
    candidates = [Path(nvcc).resolve().parent.parent / "include"] if nvcc else []
    candidates += [
        Path("/usr/local/cuda/include"),
        *map(Path, sorted(glob.glob("/usr/local/cuda-*/include"))),
    ]
    return next((str(c) for c in candidates if (c / "cuda_fp16.h").exists()), None)


def compile_ptx(source: Path) -> bytes:
    nvrtc = library()
    program = ctypes.c_void_p()

    def check(code: int, what: str) -> None:
        if code:
            size = ctypes.c_size_t()
            nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
            log = ctypes.create_string_buffer(size.value)
            nvrtc.nvrtcGetProgramLog(program, log)
            sys.exit(f"{what} failed with {code} for {source.name}:\n{log.value.decode()}")

    text = source.read_bytes()
    check(
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, source.name.encode(), 0, None, None),
        "nvrtcCreateProgram",
    )
    options = ["--gpu-architecture=compute_80", "--std=c++17", "-default-device"]
    if folder := include_folder():
        options += [f"-I{folder}", f"-I{folder}/cccl", f"-I{folder}/cccl/cuda/std"]
    array = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    check(nvrtc.nvrtcCompileProgram(program, len(options), array), "nvrtcCompileProgram")
    size = ctypes.c_size_t()
    check(nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size)), "nvrtcGetPTXSize")
    ptx = ctypes.create_string_buffer(size.value)
    check(nvrtc.nvrtcGetPTX(program, ptx), "nvrtcGetPTX")
    return ptx.value


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(compile_ptx(Path(sys.argv[1])))
