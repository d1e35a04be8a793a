"""What launches refuse, with the types and phrases that programs look for."""

from __future__ import annotations

import subprocess
import sys

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


def test_arguments_that_are_missing_too_many_or_unknown(kernel, x):
    with pytest.raises(TypeError, match=r"scale\(\) missing 1 required argument: 'factor'"):
        kernel[(1,)](x, x, 200)
    with pytest.raises(TypeError, match=r"missing 3 required arguments: 'out', 'n' and 'factor'"):
        kernel[(1,)](x)
    text = (
        r"scale\(\) takes 5 arguments \('x', 'out', 'n', 'factor' and 'BLOCK'\), but 6 were "
        "given; the first one too many is a float"
    )
    with pytest.raises(TypeError, match=text):
        kernel[(1,)](x, x, 200, 2.0, 64, 1.5)
    with pytest.raises(TypeError, match=r"scale\(\) got multiple values for argument 'n'"):
        kernel[(1,)](x, x, 200, 2.0, n=3)
    with pytest.raises(KeyError, match="Keyword argument BLOCKS was specified but unrecognised"):
        kernel[(1,)](x, x, 200, 2.0, BLOCKS=64)
    with pytest.raises(KeyError, match="Keyword argument stream was specified but unrecognised"):
        kernel[(1,)](x, x, 200, 2.0, stream=0)


@pytest.mark.parametrize("value", ["text", {"a": 1}, object(), 3j, lambda: 1])
def test_arguments_of_types_that_kernels_lack(kernel, x, value):
    name = type(value).__name__
    text = f"argument `factor`: failed to specialize argument of type: {name}"
    with pytest.raises(TypeError, match=text):
        kernel[(1,)](x, x, 200, value)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**30])
def test_integers_beyond_64_bits(kernel, x, value):
    with pytest.raises(OverflowError, match=f"argument `n`.*{value} does not fit in 64 bits"):
        kernel[(1,)](x, x, value, 2.0)


def test_kernels_are_launched_not_called(kernel):
    with pytest.raises(RuntimeError, match="outside of the scope of a kernel"):
        kernel(1, 2)


def test_kernels_need_a_file():
    code = (
        "import cosmati, numpy as np\n"
        "scope = {'cosmati': cosmati}\n"
        "exec('@cosmati.jit\\ndef k(x):\\n    pass\\n', scope)\n"
        "try:\n"
        "    scope['k'][(1,)](np.zeros(3))\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, isinstance(error, ValueError), error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "@jit functions should be defined in a Python file" in done.stdout, done.stderr
    assert " True " in done.stdout


def test_a_changed_global_recompiles(monkeypatch):
    """Triton refuses the launch: "Global variable x has changed since we compiled"."""
    x = np.ones(16, np.float32)
    add_step[(1,)](x)
    monkeypatch.setattr(sys.modules[__name__], "STEP", tl.constexpr(5))
    add_step[(1,)](x)
    np.testing.assert_array_equal(x, 8)


STEP = tl.constexpr(2)


@cosmati.jit
def add_step(x):
    offs = tl.arange(0, 16)
    tl.store(x + offs, tl.load(x + offs) + STEP)


@cosmati.jit
def greedy(x, N: tl.constexpr):
    rows, columns = tl.arange(0, N)[:, None], tl.arange(0, N)[None, :]
    at = rows * N + columns
    tl.store(x + at, tl.dot(tl.load(x + at), tl.load(x + at)))


def test_too_much_shared_memory_is_out_of_resources():
    x = np.zeros((256, 256), np.float32)
    with pytest.raises(cosmati.OutOfResources) as caught:
        greedy[(1,)](x, 256, num_warps=8)
    error = caught.value
    assert error.name == "shared memory" and error.required > error.limit > 0
    assert str(error.required) in str(error) and str(error.limit) in str(error)


def test_a_cpu_array_on_a_gpu_names_the_remedy(kernel):
    """Needs no GPU: a tensor that says it is on one."""

    class OnGpu:
        dtype = np.dtype(np.float32)

        class device:  # noqa: N801
            type = "cuda"
            index = 0

        @staticmethod
        def data_ptr():
            return 4096

    text = r"Pointer argument `out` cannot be accessed from Triton \(cpu tensor\?\).*host memory"
    with pytest.raises(ValueError, match=text):
        kernel[(1,)](OnGpu(), np.zeros(3, np.float32), 3, 2.0)
