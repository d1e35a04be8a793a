"""What cosmati.vm says about wrong programs."""

from __future__ import annotations

import _thread
import json
import pickle
import threading
import time

import numpy as np
import pytest
from cosmati import KernelFault, vm
from cosmati.vm.findings import ArrayIndex
from vm_programs import ENDLESS, LOST_UPDATES, SAXPY


def test_finding_has_everything_as_fields():
    x, out = np.zeros(100, np.float32), np.zeros(128, np.float32)
    module = vm.Module(SAXPY, "saxpy.ptx")
    with pytest.raises(vm.CheckError) as caught:
        module.launch("saxpy", grid=4, block=32, args=(x, out, out, 1.0, 128), threads=1)
    assert isinstance(caught.value, KernelFault)
    (finding,) = caught.value.reports
    assert finding.kind == "out-of-bounds"
    assert finding.kernel == "saxpy"
    assert finding.program_id == (3, 0, 0)
    assert finding.thread == (4, 0, 0)
    assert (finding.warp, finding.lane) == (0, 4)
    lines = SAXPY.splitlines()
    assert lines[finding.ptx_line - 1].strip() == "ld.global.f32 %f1, [%rd0];"
    assert "'x', 400 bytes" in finding.message
    assert finding.message in str(caught.value)
    assert json.loads(finding.to_json()) == json.loads(json.dumps(finding.to_dict()))
    assert json.loads(finding.to_json())["program_id"] == [3, 0, 0]
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.reports == caught.value.reports


def test_source_lines_come_from_the_files_that_the_ptx_names(tmp_path):
    source = tmp_path / "kernel.cu"
    source.write_text("first\n  *out = 1; // wrong\n")
    ptx = f"""{SAXPY.split(".visible")[0]}
.file 1 "{source}"
.visible .entry k(.param .u64 out)
{{
  .reg .b64 %rd;
  .reg .b32 %r;
  ld.param.u64 %rd, [out];
  mov.u32 %r, 1;
  .loc 1 2 3
  st.global.u32 [%rd+4], %r;
  ret;
}}
"""
    with pytest.raises(vm.CheckError) as caught:
        vm.Module(ptx).launch("k", grid=1, block=1, args=(np.zeros(1, np.int32),))
    (place,) = caught.value.reports[0].source
    assert (place.file, place.line, place.column) == (str(source), 2, 3)
    assert f"at {source}:2:3" in str(caught.value)
    assert "*out = 1; // wrong" in str(caught.value)


def counted(out=None, **options) -> int:
    out = np.zeros(1, np.uint32) if out is None else out
    vm.Module(LOST_UPDATES).launch("k", grid=1, block=256, args=(out, 20), threads=1, **options)
    return int(out[0])


def test_a_race_gives_another_result_under_some_schedule_and_a_seed_replays_it():
    # Lanes of a warp always run together here: 8 warps, 20 rounds.
    assert counted() == 160
    assert counted(schedule="round-robin") < 160
    for schedule in ("random", "adversarial"):
        results = [counted(schedule=schedule, seed=seed) for seed in range(1, 7)]
        assert min(results) < 160
        assert [counted(schedule=schedule, seed=seed) for seed in range(1, 7)] == results


def test_the_race_checker_names_both_accesses_and_the_seed():
    out = np.zeros(1, np.uint32)
    with pytest.raises(vm.CheckError) as caught:
        counted(out, check="race", seed=3)
    races = [finding for finding in caught.value.reports if finding.kind == "race"]
    assert races
    assert len(races[0].accesses) == 2
    lines = LOST_UPDATES.splitlines()
    for access in races[0].accesses:
        assert ".shared.u32" in lines[access.ptx_line - 1]
    assert "seed 3 replays this order" in str(caught.value)

    def findings():
        with pytest.raises(vm.CheckError) as again:
            counted(out, check="race", seed=3)
        return again.value.reports

    assert findings() == caught.value.reports


def test_a_program_that_does_not_end_is_a_finding():
    with pytest.raises(vm.CheckError) as caught:
        vm.Module(ENDLESS).launch("k", grid=1, block=32, max_instructions=1000)
    assert caught.value.reports[0].kind == "instruction-limit"


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("threads", [1, 2])
def test_keyboard_interrupt_stops_a_launch(threads):
    timer = threading.Timer(0.3, _thread.interrupt_main)
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        vm.Module(ENDLESS).launch("k", grid=8, block=64, threads=threads)
    assert time.monotonic() - start < 1.3 + 5  # far from never, on a busy machine, too


def test_other_python_threads_run_meanwhile():
    done = []
    worker = threading.Thread(
        target=lambda: done.append(
            pytest.raises(
                vm.CheckError, vm.Module(ENDLESS).launch, "k", grid=1, block=32,
                max_instructions=30_000_000,
            )
        )
    )  # fmt: skip
    worker.start()
    steps = 0
    while worker.is_alive():
        steps += 1
        time.sleep(0.001)
    assert done
    assert steps > 3


def test_bytes_become_elements():
    array = np.zeros((4, 5, 6), np.float32)
    index = ArrayIndex(0, array.shape, array.strides, 4)
    assert index.element(4 * (2 * 30 + 3 * 6 + 1) + 2) == (2, 3, 1)
    assert index.element(4 * 120) is None
    view = array[::2, ::-1, 1:3]
    index = ArrayIndex(4, view.shape, view.strides, 4)  # its first byte is array[0, 0, 1]
    for at in ((0, 0, 0), (1, 4, 1), (0, 3, 1)):
        byte = 4 * (2 * at[0] * 30 + (4 - at[1]) * 6 + 1 + at[2])
        assert index.element(byte) == at
        assert index.inside(view.size * 8).element(byte) == at
        assert index.inside(index.extent).element(byte - 4) == at  # the view was mapped alone
    assert index.element(0) is None  # array[0, 0, 0] is not in the view
