"""``python -m cosmati.compat``: programs that import triton, run as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cosmati
import pytest

PROGRAM = """
import sys
import numpy as np
import triton
import triton.language as tl

@triton.jit
def fill(x, BLOCK: tl.constexpr):
    tl.store(x + tl.arange(0, BLOCK), 3.0)

if __name__ == "__main__":
    x = np.zeros(4, np.float32)
    fill[(1,)](x, BLOCK=4)
    print(triton.__version__, x.sum(), sys.argv[1:], __file__.rpartition("/")[2])
    sys.exit(int(sys.argv[1]))
"""


def run(*words, cwd):
    command = [sys.executable, "-m", "cosmati.compat", *words]
    package = str(Path(cosmati.__file__).parents[1])
    variables = {**os.environ, "PYTHONPATH": package}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=variables)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def test_a_script_gets_its_arguments_and_gives_its_status(folder):
    done = run("program.py", "5", "--device", "x", cwd=folder)
    assert done.stdout.strip() == "3.7.1 12.0 ['5', '--device', 'x'] program.py", done.stderr
    assert done.returncode == 5


def test_a_module_is_found_in_the_current_folder(folder):
    done = run("-m", "program", "0", cwd=folder)
    assert done.stdout.strip() == "3.7.1 12.0 ['0'] program.py", done.stderr
    assert done.returncode == 0


def test_pytest_runs_under_it(folder):
    (folder / "test_it.py").write_text(
        "import triton\ndef test_version():\n    assert triton.__version__ == '3.7.1'\n"
    )
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py", cwd=folder)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_an_unknown_device_is_refused(folder):
    done = run("--device", "tpu", "program.py", "0", cwd=folder)
    assert done.returncode == 2
    assert "'tpu' is no device; use 'vm', 'cuda' or 'cuda:N'" in done.stderr


def test_without_a_program_it_says_how_to_use_it(folder):
    done = run(cwd=folder)
    assert done.returncode == 2
    assert "script.py" in done.stderr
