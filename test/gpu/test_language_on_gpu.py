"""The language and the host API beyond plain kernels, on an NVIDIA GPU."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import cosmati  # noqa: E402
import cosmati.language as tl  # noqa: E402
from cosmati.language.extra import libdevice  # noqa: E402
from cosmati.tools.tensor_descriptor import TensorDescriptor  # noqa: E402

pytestmark = [pytest.mark.gpu, pytest.mark.torch]
DEVICE = "cuda"


@pytest.fixture(autouse=True)
def on_gpu() -> None:
    cosmati.set_device(DEVICE)
    torch.manual_seed(0)


collatz = cosmati.cuda_function("""
__device__ int step(int n) { return (n & 1) ? 3 * n + 1 : n / 2; }
int collatz(int n) {
  int steps = 0;
  for (; n > 1; n = step(n)) ++steps;
  return steps;
}
""", name="collatz")  # fmt: skip


@cosmati.jit
def collatz_kernel(x, out, N: tl.constexpr):
    at = tl.arange(0, N)
    tl.store(out + at, collatz(tl.load(x + at)))


def test_functions_in_cuda_cpp_are_linked() -> None:
    x = torch.arange(1, 257, device=DEVICE, dtype=torch.int32)
    out = torch.empty_like(x)
    collatz_kernel[(1,)](x, out, N=256)

    def steps(n: int) -> int:
        return 0 if n == 1 else 1 + steps(3 * n + 1 if n % 2 else n // 2)

    assert out.tolist() == [steps(n) for n in range(1, 257)]


@cosmati.jit
def host_descriptor_kernel(source, target):
    row, column = tl.program_id(0) * 16, tl.program_id(1) * 32
    target.store([row, column], source.load([row, column]) * 2)


def test_descriptors_of_the_host() -> None:
    x = torch.randn(50, 100, device=DEVICE)
    out = torch.zeros_like(x)
    source, target = (TensorDescriptor.from_tensor(array, [16, 32]) for array in (x, out))
    host_descriptor_kernel[(4, 4)](source, target)
    assert torch.equal(out, x * 2)


@cosmati.jit
def device_descriptor_kernel(x, out, rows, columns):
    source = tl.make_tensor_descriptor(x, [rows, columns], [columns, 1], [16, 32])
    target = tl.make_tensor_descriptor(out, [rows, columns], [columns, 1], [16, 32])
    for row in range(0, rows, 16):
        target.store([row, 0], source.load([row, 0]) + 1)


def test_descriptors_of_the_device() -> None:
    x = torch.randn(50, 20, device=DEVICE)
    out = torch.zeros_like(x)
    device_descriptor_kernel[(1,)](x, out, 50, 20)
    assert torch.equal(out, x + 1)


@cosmati.jit(noinline=True)
def triangle(n):
    total = 0
    for i in range(n):
        total += i
    return total


@cosmati.jit
def calling_kernel(out):
    program = tl.program_id(0)
    tl.store(out + program, triangle(program) + triangle(program + 1))


def test_functions_that_stay_functions() -> None:
    out = torch.empty(64, device=DEVICE, dtype=torch.int32)
    calling_kernel[(64,)](out)
    assert out.tolist() == [n * n for n in range(64)]


@cosmati.jit
def locked_kernel(lock, total, values, N: tl.constexpr):
    part = tl.sum(tl.load(values + tl.program_id(0) * N + tl.arange(0, N)))
    while tl.atomic_cas(lock, 0, 1, sem="acquire") == 1:
        pass
    tl.store(total, tl.load(total, volatile=True) + part)
    tl.debug_barrier()
    tl.atomic_xchg(lock, 0, sem="release")


def test_programs_wait_for_a_lock() -> None:
    values = torch.randint(0, 100, (256, 64), device=DEVICE, dtype=torch.int32)
    lock, total = torch.zeros(2, 1, device=DEVICE, dtype=torch.int32)
    locked_kernel[(256,)](lock, total, values, N=64, num_warps=1)
    assert total.item() == values.sum().item() and lock.item() == 0


@cosmati.jit
def stream_k_kernel(values, parts, flags, out, SPLIT: tl.constexpr, N: tl.constexpr):
    """SPLIT programs add up one row: all but the first leave their part, the first waits."""
    row, part = tl.program_id(0) // SPLIT, tl.program_id(0) % SPLIT
    at = tl.arange(0, N)
    total = tl.load(values + (row * SPLIT + part) * N + at)
    if part != 0:
        tl.store(parts + (row * SPLIT + part) * N + at, total)
        tl.debug_barrier()
        tl.atomic_xchg(flags + row * SPLIT + part, 1, sem="release")
    else:
        for other in range(1, SPLIT):
            while tl.atomic_cas(flags + row * SPLIT + other, 1, 1, sem="acquire") != 1:
                pass
            tl.debug_barrier()
            total += tl.load(parts + (row * SPLIT + other) * N + at, cache_modifier=".cg")
        tl.store(out + row * N + at, total)


def test_programs_wait_for_each_others_parts() -> None:
    values = torch.randint(0, 100, (8, 4, 128), device=DEVICE, dtype=torch.int32)
    parts, out = torch.zeros_like(values), torch.zeros(8, 128, device=DEVICE, dtype=torch.int32)
    flags = torch.zeros(32, device=DEVICE, dtype=torch.int32)
    stream_k_kernel[(32,)](values, parts, flags, out, SPLIT=4, N=128)
    assert torch.equal(out.long(), values.sum(1))


@cosmati.jit
def atomics_kernel(counts, largest, bits, N: tl.constexpr):
    at = tl.arange(0, N)
    tl.atomic_add(counts + at % 7, 1, sem="relaxed")
    tl.atomic_max(largest + tl.zeros([N], tl.int32), at + tl.program_id(0) * N)
    tl.atomic_or(bits, 1 << tl.program_id(0))


def test_atomics() -> None:
    counts = torch.zeros(7, device=DEVICE, dtype=torch.int32)
    largest, bits = torch.zeros(2, 1, device=DEVICE, dtype=torch.int32)
    atomics_kernel[(8,)](counts, largest, bits, N=128)
    assert counts.tolist() == [8 * len(range(i, 128, 7)) for i in range(7)]
    assert (largest.item(), bits.item()) == (1023, 255)


@cosmati.jit
def foreign_kernel(x, out, N: tl.constexpr):
    at = tl.arange(0, N)
    value = tl.load(x + at)
    twice = tl.inline_asm_elementwise("add.f32 $0, $1, $1;", "=f,f", [value], tl.float32, True, 1)
    tl.store(out + at, libdevice.sinh(twice))


def test_inline_ptx_and_libdevice() -> None:
    x = torch.randn(256, device=DEVICE)
    out = torch.empty_like(x)
    foreign_kernel[(1,)](x, out, N=256)
    assert torch.allclose(out, torch.sinh(2 * x), rtol=1e-5, atol=1e-6)


@cosmati.jit
def order_kernel(x, ordered, sums, noise, N: tl.constexpr):
    at = tl.arange(0, N)
    value = tl.load(x + at)
    tl.store(ordered + at, tl.sort(value))
    tl.store(sums + at, tl.cumsum(value, 0))
    tl.store(noise + at, tl.randint(7, at))


def test_sorting_scans_and_random_numbers_are_those_of_the_virtual_machine() -> None:
    x = torch.randint(0, 1000, (256,), dtype=torch.int32)
    results = []
    for device in (DEVICE, "vm"):
        cosmati.set_device(device)
        values = x.to(DEVICE) if device == DEVICE else x
        outs = [torch.empty_like(values) for _ in range(3)]
        order_kernel[(1,)](values, *outs, N=256)
        results.append([out.cpu() for out in outs])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))
    assert torch.equal(results[0][0], x.sort().values)


@cosmati.jit
def quantize_kernel(x, out, scale, N: tl.constexpr):
    at = tl.arange(0, N)
    tl.store(out + at, tl.quantize(tl.load(x + at), tl.int8, scale))


def test_quantization_rounds_and_saturates_as_on_the_virtual_machine() -> None:
    x = torch.randn(512) * 50
    results = []
    for device in (DEVICE, "vm"):
        cosmati.set_device(device)
        values = x.to(DEVICE) if device == DEVICE else x
        out = torch.empty(512, dtype=torch.int8, device=values.device)
        quantize_kernel[(1,)](values, out, 0.25, N=512)
        results.append(out.cpu())
    assert torch.equal(*results)


def test_a_compiled_kernel_launches_on_a_stream_and_hooks_hear_of_it() -> None:
    x = torch.arange(1, 33, device=DEVICE, dtype=torch.int32)
    out = torch.empty_like(x)
    compiled = collatz_kernel.warmup(x, out, N=32, grid=(1,))
    assert compiled.n_regs > 0 and compiled.n_spills == 0
    seen: list[Any] = []
    hooks = cosmati.knobs.runtime.launch_enter_hook
    hooks.add(seen.append)
    try:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        compiled[(1,)](x, out, stream=stream.cuda_stream)
        stream.synchronize()
    finally:
        hooks.remove(seen.append)
    assert out[:4].tolist() == [0, 1, 7, 2] and seen[0].get()["name"] == "collatz_kernel"


SCRIPT = """
import cosmati.compat.triton
import torch, triton, triton.language as tl

configs = [triton.Config({"BLOCK": size}, num_warps=2) for size in (128, 512)]

@triton.autotune(configs=configs, key=["n"])
@triton.heuristics({"EVEN": lambda args: args["n"] % args["BLOCK"] == 0})
@triton.jit
def scale(x, out, n, BLOCK: tl.constexpr, EVEN: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + at, tl.load(x + at, mask=None if EVEN else at < n) * 2, mask=at < n)

device = triton.runtime.driver.active.get_active_torch_device()
assert device.type == "cuda" and triton.runtime.driver.active.get_current_target().backend == "cuda"
x = torch.randn(5000, device=device)
out = torch.empty_like(x)

def run():
    scale[lambda meta: (triton.cdiv(5000, meta["BLOCK"]),)](x, out, 5000)

run()
assert torch.equal(out, x * 2)
assert triton.testing.do_bench(run) > 0
"""


def test_code_for_triton_runs_through_the_compatibility_layer(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT), encoding="utf-8")
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
