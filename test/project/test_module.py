"""The extension module as users get it: what it needs, what it shows, what importing it does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Of the C library, glibc's parts among them.
SYSTEM = {
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1",
    "libstdc++.so.6", "libz.so.1", "libzstd.so.1", "ld-linux-x86-64.so.2",
}  # fmt: skip


@pytest.fixture(scope="module")
def module() -> str:
    from cosmati import _core

    return str(_core.__file__)


def readelf(*arguments: str) -> str:
    tool = shutil.which("readelf") or shutil.which("llvm-readelf", path="/usr/lib/llvm-22/bin")
    if tool is None:
        pytest.skip("readelf is not installed")
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_module_needs_no_library_of_llvm_cuda_or_python(module: str) -> None:
    needed = set(re.findall(r"NEEDED.*\[(.+)\]", readelf("-d", module)))
    assert needed <= SYSTEM


def test_the_module_shows_no_symbol_of_llvm(module: str) -> None:
    """Another package may have loaded an LLVM of its own into the process."""
    shown = []
    for line in readelf("--dyn-syms", "--wide", module).splitlines():
        fields = line.split()
        if len(fields) < 8 or fields[4] not in ("GLOBAL", "WEAK") or fields[6] == "UND":
            continue
        # Instances of the C++ library's own templates are the same in every program.
        of_library = re.match(r"_Z(T[ISV]|GV|Z)*N?K?S[tabsiod]", fields[7])
        if fields[7] != "PyInit__core" and not of_library:
            shown.append(fields[7])
    assert shown == []


# What this process does beyond an empty one, seen from inside: threads, open files, CUDA.
IMPORT = """
import os, threading
before = set(os.listdir("/proc/self/fd"))
import cosmati
loaded = open("/proc/self/maps").read()
print(len(os.listdir("/proc/self/task")), sorted(set(os.listdir("/proc/self/fd")) - before))
names = ("libcuda", "libnvJitLink", "libnvrtc", "numpy", "torch")
print([name for name in names if name in loaded])
"""


def test_importing_starts_no_thread_opens_no_file_and_loads_no_driver() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 []\n[]\n"


def test_forking_before_first_use_is_safe(tmp_path: Path) -> None:
    program = tmp_path / "fork.py"
    program.write_text(
        """
import os
import cosmati
import numpy as np
from cosmati.kernels.elementwise import add

child = os.fork()
x = np.ones(100, np.float32)
assert (add(x, x) == 2).all()
if child:
    assert os.waitpid(child, 0)[1] == 0
else:
    os._exit(0)
"""
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
