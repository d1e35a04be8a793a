"""Results on disk: other processes, damage, two processes at once, what the key holds."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import cosmati
import numpy as np
import pytest
from cosmati import Config
from cosmati.tuning.store import ResultStore, digest_of
from tuned_kernels import Bench, blocks, configs, scale_kernel, tuned

N = 64
SCRIPT = """
import sys, time, numpy as np, cosmati, cosmati.language as tl

def bench(call, quantiles):
    call()
    time.sleep(float(sys.argv[1]))
    return 1.0

@cosmati.autotune([cosmati.Config({"BLOCK": b}) for b in (32, 64)], key=["n"], do_bench=bench,
                  cache_results=True)
@cosmati.jit
def scale(x, out, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + offs, tl.load(x + offs, mask=offs < n) * 2, mask=offs < n)

def main():
    x = np.arange(100, dtype=np.float32)
    out = np.zeros_like(x)
    scale[lambda meta: (cosmati.cdiv(100, meta["BLOCK"]),)](x, out, 100)
    assert (out == x * 2).all()
    print(scale.tuning_table().origin, scale.best_config.kwargs["BLOCK"])

main()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of results of this test alone."""
    monkeypatch.setenv("COSMATI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tuning"


@pytest.fixture
def x():
    return np.arange(N, dtype=np.float32)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def launch(x, choices=None, **options):
    """A launch by a new autotuner; gives (autotuner, how often a configuration was tried)."""
    bench = options.pop("do_bench", None) or Bench(2.0, 1.0)
    kernel = tuned(scale_kernel, choices or configs(32, 64), do_bench=bench,
                   **{"cache_results": True, **options})  # fmt: skip
    out = np.zeros_like(x)
    kernel[blocks](x, out, len(x), 2.0)
    assert (out == 2 * x).all()
    return kernel, bench.calls


def start(tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    script = tmp_path / "tuned_script.py"
    script.write_text(SCRIPT)
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {
        **os.environ, "PYTHONPATH": paths, "COSMATI_CACHE_DIR": str(tmp_path / "cache"),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, str(script), str(seconds)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> list[str]:
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return out.split()


def test_another_process_takes_the_choice_from_disk(tmp_path):
    assert finish(start(tmp_path, 0)) == ["measured", "32"]
    assert finish(start(tmp_path, 0)) == ["disk", "32"]


def test_processes_that_start_at_once_tune_once_and_agree(tmp_path):
    both = [start(tmp_path, 0.4) for _ in range(2)]
    found = sorted(finish(process)[0] for process in both)
    assert found == ["disk", "measured"]
    assert len(files(tmp_path / "cache" / "tuning")) == 1
    assert not list((tmp_path / "cache" / "tuning").glob("*.lock"))


def test_a_second_autotuner_measures_nothing(folder, x):
    first, calls = launch(x)
    assert calls == 2 and first.tuning_table().origin == "measured"
    second, calls = launch(x)
    assert calls == 0 and second.best_config == first.best_config
    assert second.tuning_table().origin == "disk"
    assert second.tuning_table().rows == first.tuning_table().rows
    assert second.configs_timings == first.configs_timings and second.bench_time is None


def test_results_are_kept_by_default_but_for_benches_and_hooks_of_the_user(folder, x):
    kernel = tuned(scale_kernel, configs(32, 64), cache_results=None)
    kernel[blocks](x, x.copy(), N, 2.0)
    assert kernel.cache_results and len(files(folder)) == 1
    for options in ({"do_bench": Bench(1.0)}, {"pre_hook": print}, {"post_hook": print}):
        assert not tuned(scale_kernel, configs(32), cache_results=None, **options).cache_results
    assert tuned(scale_kernel, configs(32), do_bench=Bench(1.0), cache_results=True).cache_results
    assert not tuned(scale_kernel, configs(32), cache_results=False).cache_results


def test_keeping_can_be_turned_off_for_all(folder, x, monkeypatch):
    monkeypatch.setenv("COSMATI_CACHE_AUTOTUNING", "0")
    tuned(scale_kernel, configs(32, 64), cache_results=None)[blocks](x, x.copy(), N, 2.0)
    assert not files(folder)
    launch(x)  # this one asks for it
    assert len(files(folder)) == 1


def test_files_and_folders_are_the_users_own(folder, x):
    launch(x)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    (file,) = files(folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["content"]["kernel"] == "scale_kernel"


@pytest.mark.parametrize("damage", [
    lambda data: data[: len(data) // 2],
    lambda data: data.replace(b'"milliseconds": 1.0', b'"milliseconds": 9.0'),
    lambda data: b"",
    lambda data: b"[1, 2]",
    lambda data: b'{"content": {}, "checksum": ""}',
    lambda data: b"\xff\xfe",
    lambda data: b"[" * 100000,
])  # fmt: skip
def test_a_damaged_file_is_a_miss_with_a_warning(folder, x, damage):
    launch(x)
    (file,) = files(folder)
    good = file.read_bytes()
    file.write_bytes(damage(good))
    with pytest.warns(RuntimeWarning, match="is not used: it is damaged"):
        _, calls = launch(x)
    assert calls == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert launch(x)[1] == 0


def test_a_file_of_other_configurations_is_not_used(folder, x):
    launch(x)
    (file,) = files(folder)
    store, digest = ResultStore(folder), file.stem
    content = store.read(digest)
    assert content is not None
    content["rows"] = content["rows"][:1]
    store.write(digest, content)
    with pytest.warns(RuntimeWarning, match="its configurations are others"):
        assert launch(x)[1] == 2


def test_links_are_not_followed(folder, x, tmp_path):
    launch(x)
    (file,) = files(folder)
    moved = file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(moved)
    with pytest.warns(RuntimeWarning, match="can't be opened"):
        launch(x)


@pytest.mark.parametrize("change", [
    {"choices": configs(32, 128)},
    {"choices": configs(64, 32)},
    {"choices": configs(32, 64, num_warps=2)},
    {"choices": [Config({"BLOCK": 32}, pre_hook=lambda arguments: None), *configs(64)]},
    {"key": ("n", "factor")},
])  # fmt: skip
def test_other_configurations_and_keys_are_other_results(folder, x, change):
    launch(x)
    assert launch(x, **change)[1] == 2
    assert len(files(folder)) == 2


def test_compile_options_belong_to_the_key(folder, x):
    launch(x)
    with cosmati.options(opt_level=1):
        assert launch(x)[1] == 2
        assert launch(x)[1] == 0


def test_hooks_of_configurations_come_from_the_program_not_from_the_file(folder, x):
    seen = []

    def hook(arguments):
        seen.append(arguments["BLOCK"])

    choices = [Config({"BLOCK": size}, pre_hook=hook) for size in (32, 64)]
    launch(x, choices)
    seen.clear()
    assert launch(x, choices)[1] == 0
    assert seen == [64]


def test_keys_without_a_lasting_text_are_not_kept(folder, x):
    class Opaque:
        pass

    kernel = tuned(scale_kernel, configs(32, 64), key=("n", "factor"), cache_results=True)
    from cosmati.tuning.record import record_digest
    from cosmati.tuning.search import Search

    search = Search(kernel, (Opaque(),), (), {})
    assert record_digest(search, kernel.configs) is None
    assert record_digest(Search(kernel, (1,), (), {}), kernel.configs) is not None


def test_without_a_folder_nothing_is_kept_and_nothing_fails(x, monkeypatch, tmp_path):
    monkeypatch.setenv("COSMATI_CACHE_DIR", "")
    assert launch(x)[1] == 2
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("COSMATI_CACHE_DIR", str(blocked / "cache"))
    assert launch(x)[1] == 2


def test_the_lock_waits_for_its_holder_and_gives_up_in_time(tmp_path):
    store = ResultStore(tmp_path / "tuning")
    with store.lock("a") as first:
        assert first
        start_time = time.monotonic()
        with store.lock("a", seconds=0.1) as second:
            assert not second
        assert time.monotonic() - start_time < 5
        with store.lock("b") as other:
            assert other
    with store.lock("a", seconds=0.1) as again:
        assert again


def test_old_results_leave_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr("cosmati.tuning.store._MOST_FILES", 3)
    store = ResultStore(tmp_path)
    for number in range(5):
        name = digest_of([str(number)])
        assert store.write(name, {"number": number})
        os.utime(store.path(name), (number, number))
    left = sorted(json.loads(path.read_text())["content"]["number"] for path in files(tmp_path))
    assert left == [2, 3, 4]


def test_the_command_line_counts_and_removes_them(folder, x, capsys):
    from cosmati.cli import main

    launch(x)
    assert main(["cache", "stat"]) == 0
    assert "1 results of tuning" in capsys.readouterr().out
    assert main(["cache", "gc"]) == 0 and len(files(folder)) == 1
    assert main(["cache", "gc", "--all"]) == 0 and not files(folder)


def test_digests_tell_parts_apart():
    assert digest_of(["ab", "c"]) != digest_of(["a", "bc"])
    assert len(digest_of([])) == 64
