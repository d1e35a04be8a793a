"""Counts of known kernels, made by hand; the table; the roofline estimate; the command."""

from __future__ import annotations

import inspect
import json
import textwrap

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.cli import main
from cosmati.errors import CosmatiError
from cosmati.profile import GPUS, KernelProfile, estimate, format_profile, profiling
from cosmati.profile.roofline import find_gpu
from cosmati.vm import Counts, InstructionCounts, Profile


@pytest.fixture(autouse=True)
def on_the_vm():
    cosmati.set_device("vm")


@cosmati.jit
def copy(x, out, STRIDE: tl.constexpr, BLOCK: tl.constexpr):
    offsets = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x + offsets)
    tl.store(out + offsets * STRIDE, value)


def aligned(size):
    """Zeros that begin at a sector."""
    memory = np.zeros(size * 4 + 32, np.uint8)
    return memory[-memory.ctypes.data % 32 :][: size * 4].view(np.float32)


def line_of(kernel, text):
    lines, first = inspect.getsourcelines(kernel.fn)
    return first + next(k for k, line in enumerate(lines) if text in line)


def profile_of(stride):
    x, out = aligned(256), aligned(256 * stride)
    with profiling() as collector:
        copy[(2,)](x, out, stride, BLOCK=128, num_warps=4)
    (kernel,) = collector.kernels
    return kernel


def test_lines_have_the_sectors_of_their_accesses():
    kernel = profile_of(8)
    lines = kernel.by_line()
    load = lines[__file__, line_of(copy, "tl.load")]
    store = lines[__file__, line_of(copy, "tl.store")]
    # 256 floats: 1024 bytes are 32 sectors; with a stride of 32 bytes each float has its own.
    assert load.global_sectors == load.global_ideal_sectors == 32
    assert load.global_read_bytes == 1024
    assert (store.global_sectors, store.global_ideal_sectors) == (256, 32)
    assert store.global_write_bytes == 1024
    assert kernel.profile.footprint_bytes == 1024 + 256 * 32
    assert kernel.ctas == 2
    assert kernel.launches == 1


def test_launches_of_one_variant_are_summed():
    x, out = aligned(256), aligned(256)
    with profiling() as collector:
        for _ in range(3):
            copy[(2,)](x, out, 1, BLOCK=128)
        copy[(1,)](x, out, 1, BLOCK=256)
    first, second = collector.kernels
    assert (first.launches, second.launches) == (3, 1)
    assert first.profile.total.global_read_bytes == 3 * 1024
    assert first.profile.footprint_bytes == 2048
    copy[(2,)](x, out, 1, BLOCK=128)  # outside of the block: not counted
    assert first.launches == 3


def test_checks_inside_are_counted_and_go_on():
    x, out = aligned(256), aligned(256)
    with profiling() as collector:
        copy.check("all")[(2,)](x, out, 1, BLOCK=128)
        with cosmati.vm.checking("race"):
            copy[(2,)](x, out, 1, BLOCK=128)
    assert collector.kernels[0].launches == 2
    with cosmati.vm.checking("race"), profiling() as collector:
        with pytest.raises(cosmati.vm.CheckError):
            copy[(2,)](x, out, 0, BLOCK=128)
        copy[(2,)](x, out, 1, BLOCK=128)
    assert sum(kernel.launches for kernel in collector.kernels) == 1


def test_table_stands_beside_the_source():
    text = format_profile(profile_of(8))
    source = "tl.store(out + offsets * STRIDE, value)"
    (row,) = (line for line in text.splitlines() if line.endswith(source))
    cells = row.split()
    assert cells[0] == str(line_of(copy, "tl.store"))
    assert cells[2:5] == ["100%", "256", "(32)"]
    assert text.splitlines()[0].startswith("copy for sm_90a: 1 launch, 2 CTAs of 128 threads")
    assert "global memory touched: 9216 bytes" in text
    assert "sectors beyond the ideal: 224" in text


class Image:
    """As a compiled kernel: one instruction without a line, two of a file's line 1, one of 2."""

    entry, target, num_warps, ptx = "tile", "sm_90a", 8, "..."

    def __init__(self, file):
        self.chains = [[(file, 1, 1)], [("helper", 9, 1), (file, 1, 5)], [(file, 2, 1)]]


GOLDEN = """\
tile for sm_90a: 2 launches, 40 CTAs of 256 threads
 line  executed active   sectors   (ideal)     smem (confl.)      Mop    tensor  source
              4   100%                                                           (no source line)
    1        30    73%        80      (40)                                       x = load(p)
    2         8   100%                           64     (56)    0.003     0.066  y = dot(x, x)
total        42    81%        80      (40)       64     (56)    0.003     0.066
  global memory touched: 1280 bytes
  global reads: 1280 bytes
  sectors beyond the ideal: 40
  bank conflicts: 56
  waits at barriers: 3
  tensor cores on f16: 65536 operations
Roofline estimate for NVIDIA A100 SXM 80 GB: 0.000628 us, bound by memory
  (a lower bound from peaks and counts, not a measurement)
  memory: 0.000628 us
  shared memory: 0.000567 us
  tensor cores: 0.000284 us
  f32 units: 0.000177 us
  issue: 9.31e-05 us"""  # fmt: skip


def test_golden_table(tmp_path):
    file = tmp_path / "tile.py"
    file.write_text("x = load(p)\ny = dot(x, x)\n")
    rows = [
        (0, Counts(executions=4, lanes=128)),
        (1, Counts(executions=10, lanes=220, global_sectors=80, global_ideal_sectors=40,
                   global_read_bytes=1280)),
        (2, Counts(executions=20, lanes=480, barrier_waits=3)),
        (3, Counts(executions=8, lanes=256, shared_passes=64, shared_ideal_passes=8,
                   float_ops=2560, tensor_ops={"f16": 65536})),
    ]  # fmt: skip
    instructions = [InstructionCounts(k, "", (1, 1, k), counts) for k, counts in rows]
    total = Counts()
    for _, counts in rows:
        total.add(counts)
    kernel = KernelProfile(Image(str(file)))
    kernel.add(Profile(instructions, total, 1280), 40)
    kernel.launches = 2
    text = format_profile(kernel, estimate(kernel.profile, 40, GPUS["a100"], 2))
    assert text == GOLDEN


def test_estimate_takes_the_scarcest_resource():
    gpu = GPUS["a100"]
    memory = estimate(Profile([], Counts(), 2_039_000), 1000, gpu)
    assert memory.bound == "memory"
    assert memory.seconds == pytest.approx(1e-6)
    tensor = estimate(Profile([], Counts(tensor_ops={"f16": 312 * 10**6}), 10), 1000, gpu)
    assert tensor.bound == "tensor cores"
    assert tensor.seconds == pytest.approx(1e-6)
    # One CTA keeps one of 108 multiprocessors busy.
    alone = estimate(Profile([], Counts(tensor_ops={"f16": 312 * 10**6}), 10), 1, gpu)
    assert alone.seconds == pytest.approx(108e-6)
    issue = estimate(Profile([], Counts(executions=4 * 108 * 1410), 0), 108, gpu)
    assert issue.bound == "issue"
    assert issue.seconds == pytest.approx(1e-6)
    shared = estimate(Profile([], Counts(shared_passes=2 * 108 * 1410), 0), 108, gpu, launches=2)
    assert shared.parts["shared memory"] == pytest.approx(1e-6)


def test_types_without_a_peak_are_refused():
    with pytest.raises(CosmatiError, match="matrices of e4m3, for which NVIDIA A100"):
        estimate(Profile([], Counts(tensor_ops={"e4m3": 1}), 0), 1, find_gpu("A100"))
    with pytest.raises(CosmatiError, match="no peaks of a GPU 'h1000'; known: h100, "):
        find_gpu("h1000")


def test_every_gpu_has_plausible_figures():
    for gpu in GPUS.values():
        assert gpu.source
        # Two operations per lane and cycle, 64 to 128 lanes of a multiprocessor.
        lanes = gpu.float_peak / (gpu.multiprocessors * gpu.clock * 2)
        assert 60 < lanes < 145
        assert gpu.tensor_peaks["f16"] > gpu.tensor_peaks["tf32"]


SOURCE = textwrap.dedent(
    """
    import cosmati, cosmati.language as tl, numpy as np, sys

    @cosmati.jit
    def scale(x, n, BLOCK: tl.constexpr):
        i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        tl.store(x + i, tl.load(x + i, mask=i < n) * 2.0, mask=i < n)

    if __name__ == "__main__":
        scale[(2,)](np.zeros(int(sys.argv[1]), np.float32), int(sys.argv[1]), BLOCK=128)
    """
)


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "scales.py"
    path.write_text(SOURCE)
    return str(path)


def test_command_profiles_a_kernel(script, capsys):
    arguments = ["float32[256]=zeros", "n=256", "BLOCK=128", "-g", "2", "--gpu", "h100"]
    assert main(["profile", script + "::scale", *arguments]) == 0
    text = capsys.readouterr().out
    assert "scale for sm_90a: 1 launch, 2 CTAs" in text
    assert "tl.store(x + i, tl.load(x + i, mask=i < n) * 2.0, mask=i < n)" in text
    assert "Roofline estimate for NVIDIA H100 SXM: " in text


def test_command_profiles_a_script_and_writes_json(script, tmp_path, capsys):
    out = tmp_path / "counts.json"
    assert main(["profile", script, "200", "--json", str(out), "--gpu", "a100"]) == 0
    assert "scale for" in capsys.readouterr().out
    (kernel,) = json.loads(out.read_text())["kernels"]
    assert kernel["kernel"] == "scale"
    assert kernel["total"]["global_read_bytes"] == 800
    assert kernel["footprint_bytes"] in (800, 832)  # by where NumPy put the array
    assert kernel["estimate"]["gpu"] == "NVIDIA A100 SXM 80 GB"
    assert sum(row.get("global_write_bytes", 0) for row in kernel["lines"]) == 800
    assert sum(row["executions"] for row in kernel["ptx_lines"]) == kernel["total"]["executions"]


def test_command_says_what_is_wrong(script, tmp_path, capsys):
    empty = tmp_path / "empty.py"
    empty.write_text("")
    for arguments, text in (
        ([str(empty)], "launched no kernel"),
        (["missing.py"], "there is no file missing.py"),
        ([script, "--gpu", "abacus"], "no peaks of a GPU 'abacus'"),
    ):
        assert main(["profile", *arguments]) == 1
        assert text in capsys.readouterr().err
