"""The kernel cache as processes see it: hits, damage, concurrency, read-only folders, kills."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

KERNEL = """
import sys, numpy as np, cosmati, cosmati.language as tl

@cosmati.jit
def scale(x, out, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + offs, tl.load(x + offs, mask=offs < n) * 2, mask=offs < n)

def main():
    x = np.arange(100, dtype=np.float32)
    out = np.zeros_like(x)
    kernel = scale[(1,)](x, out, 100, BLOCK=128)
    assert (out == x * 2).all()
    print(kernel.origin, kernel.hash)

if __name__ == "__main__":
    main()
"""


def environment(folder: Path | str) -> dict[str, str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "COSMATI_CACHE_DIR": str(folder), "PYTHONPATH": paths}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "kernel_script.py"
    path.write_text(KERNEL)
    return path


def run(script: Path, folder: Path | str) -> tuple[str, str, str]:
    """(origin, hash, stderr) of a process that launches the kernel."""
    done = subprocess.run(
        [sys.executable, str(script)], env=environment(folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    origin, key = done.stdout.split()
    return origin, key, done.stderr


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.entry"))


def test_second_process_takes_the_kernel_from_disk(script, cache_folder):
    assert run(script, cache_folder)[0] == "compiled"
    assert run(script, cache_folder)[0] == "disk"
    assert len(entries(cache_folder)) == 1


def test_folder_and_files_are_the_users_own(script, cache_folder):
    run(script, cache_folder)
    assert stat.S_IMODE(cache_folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in entries(cache_folder))


def test_moving_a_kernel_or_renaming_a_local_recompiles_nothing(script, cache_folder):
    _, key, _ = run(script, cache_folder)
    script.write_text("\n\n# moved\n" + KERNEL)
    assert run(script, cache_folder)[:2] == ("disk", key)
    # Another first key, the same module: found by the second key.
    script.write_text(KERNEL.replace("offs", "indx"))
    assert run(script, cache_folder)[:2] == ("disk", key)


def test_a_changed_kernel_is_another_entry(script, cache_folder):
    _, key, _ = run(script, cache_folder)
    script.write_text(KERNEL.replace("* 2, mask", "* 2.0 + 0, mask"))
    assert run(script, cache_folder)[0] == "compiled"
    assert len(entries(cache_folder)) == 2


@pytest.mark.parametrize("position", [0, 20, 60, -1])
def test_a_flipped_byte_is_a_miss_with_a_warning(script, cache_folder, position):
    run(script, cache_folder)
    (entry,) = entries(cache_folder)
    data = bytearray(entry.read_bytes())
    data[position] ^= 0x40
    entry.write_bytes(data)
    origin, _, errors = run(script, cache_folder)
    assert origin == "compiled"
    assert "RuntimeWarning" in errors
    assert run(script, cache_folder)[0] == "disk"


@pytest.mark.parametrize("length", [0, 10, 100, -1])
def test_a_truncated_entry_is_a_miss_with_a_warning(script, cache_folder, length):
    run(script, cache_folder)
    (entry,) = entries(cache_folder)
    entry.write_bytes(entry.read_bytes()[:length])
    origin, _, errors = run(script, cache_folder)
    assert origin == "compiled"
    assert "RuntimeWarning" in errors


def test_a_damaged_key_is_a_miss(script, cache_folder):
    run(script, cache_folder)
    for alias in cache_folder.glob("*.alias"):
        alias.write_bytes(alias.read_bytes()[:-3])
    assert run(script, cache_folder)[0] == "disk"  # through the front end and the second key


def test_two_processes_at_once_compile_it_once(script, cache_folder):
    command = [sys.executable, str(script)]
    processes = [
        subprocess.Popen(
            command, env=environment(cache_folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=120) for process in processes]
    assert all(process.returncode == 0 for process in processes), outputs
    origins = [output[0].split()[0] for output in outputs]
    assert origins.count("compiled") == 1, origins
    assert len(entries(cache_folder)) == 1


def test_a_read_only_folder_is_no_obstacle(script, cache_folder):
    if os.geteuid() == 0:
        # Permissions don't bind root; a file in the folder's place can't be written into either.
        cache_folder.write_text("not a folder")
    else:
        cache_folder.mkdir(mode=0o500)
    origin, _, errors = run(script, cache_folder)
    assert origin == "compiled"
    assert "RuntimeWarning" in errors


def test_an_empty_setting_turns_the_disk_off(script, tmp_path):
    assert run(script, "")[0] == "compiled"
    assert run(script, "")[0] == "compiled"


def test_killed_writers_leave_a_usable_cache(script, cache_folder):
    for delay in (0.15, 0.2, 0.25, 0.3, 0.4):
        process = subprocess.Popen(
            [sys.executable, str(script)], env=environment(cache_folder),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(script, cache_folder)[0] in ("compiled", "disk")
    assert run(script, cache_folder)[0] == "disk"
    done = subprocess.run(
        [sys.executable, "-m", "cosmati", "cache", "verify"], env=environment(cache_folder),
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_moved_cache_still_serves(script, cache_folder, tmp_path):
    run(script, cache_folder)
    moved = tmp_path / "elsewhere"
    cache_folder.rename(moved)
    assert run(script, moved)[0] == "disk"


def test_dumping_and_printing_bypass_the_cache(script, cache_folder, tmp_path):
    run(script, cache_folder)
    dump = tmp_path / "ir"
    code = KERNEL.replace("BLOCK=128)", f"BLOCK=128, dump_ir={str(dump)!r})")
    script.write_text(code)
    for _ in range(2):
        assert run(script, cache_folder)[0] == "compiled"
    assert any(dump.rglob("*")), "nothing was dumped"
