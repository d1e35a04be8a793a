"""What a run says of itself: tuning_table, progress, the listener, notices."""

from __future__ import annotations

import io
import json

import cosmati
import numpy as np
import pytest
from cosmati import Config
from cosmati.tuning import search
from cosmati.tuning.progress import Progress
from cosmati.tuning.table import TuningRow, TuningTable, quantiles
from tuned_kernels import Bench, blocks, configs, scale_kernel, tuned

N = 64


@pytest.fixture
def x():
    return np.ones(N, np.float32)


def test_a_table_has_a_row_for_each_configuration(x):
    kernel = tuned(
        scale_kernel, configs(32, 64, 100), do_bench=lambda call, quantiles: [2.0, 1.0, 4.0]
    )
    with pytest.raises(KeyError, match="scale_kernel has not been tuned"):
        kernel.tuning_table()
    kernel[blocks](x, x.copy(), N, 2.0)
    table = kernel.tuning_table()
    assert (table.kernel, table.how, table.origin) == ("scale_kernel", "custom", "measured")
    assert table.key == "64, float32, float32" and "virtual machine" in table.device
    best, other, failed = table
    assert best is table.best and len(table) == 3
    assert (best.milliseconds, best.low, best.high, best.spread) == (2.0, 1.0, 4.0, 1.5)
    assert best.status == "best" and other.status == "ok" and failed.status == "failed"
    assert best.shared_bytes == 0 and best.registers is not None and failed.registers is None
    assert failed.milliseconds is None and failed.spread is None


def test_a_table_reads_well(x):
    table = TuningTable("k", "1, fp32", "a GPU", "time", 1.0, (
        TuningRow("BLOCK: 32, num_warps: 4, num_ctas: 1, num_stages: 3, maxnreg: None",
                  0.125, 0.125, 0.15, 40, 0, 1024, "best"),
        TuningRow("BLOCK: 64, num_warps: 4, num_ctas: 2, num_stages: 3, maxnreg: 64",
                  registers=-1, status="failed", reason="OutOfResources: too much"),
    ))  # fmt: skip
    head, names, first, second = str(table).splitlines()
    assert head == "k on a GPU, key (1, fp32): median time of a launch on the device"
    assert names.split() == ["config", "ms", "spread", "regs", "spills", "shared", "status"]
    assert first.split(None, 1)[0] == "*" and "BLOCK: 32, num_warps: 4, num_stages: 3 " in first
    assert first.split()[-6:] == ["0.125", "20%", "40", "0", "1024", "best"]
    assert "num_ctas: 2, num_stages: 3, maxnreg: 64 " in second
    assert second.endswith("?                  failed: OutOfResources: too much")
    again = TuningTable.from_dict(json.loads(json.dumps(table.to_dict())))
    assert again.rows == table.rows and again.origin == "disk"


def test_tables_are_kept_by_key(x):
    kernel = tuned(scale_kernel, configs(32, 64))
    for n in (N, N - 1):
        kernel[blocks](x, x.copy(), n, 2.0)
    assert kernel.tuning_table().key.startswith("63")
    assert kernel.tuning_table((N, "float32", "float32")).key.startswith("64")


@pytest.mark.parametrize(("given", "expected"), [
    (1, (1, 1, 1)), ([2], (2, 2, 2)), ((2, 1, 3), (2, 1, 3)), ((2, 1, 3, 4), (2, 1, 3)),
    (float("nan"), (float("inf"),) * 3), ([], (float("inf"),) * 3), (np.float32(1.5), (1.5,) * 3),
])  # fmt: skip
def test_what_benches_give_becomes_three_numbers(given, expected):
    assert quantiles(given) == expected


def test_deterministic_keeps_to_the_first_that_fits(x):
    bench = Bench(2.0, 1.0)
    kernel = tuned(scale_kernel, configs(100, 64, 32), do_bench=bench, deterministic=True)
    kernel[blocks](x, x.copy(), N, 2.0)
    assert bench.calls == 0 and kernel.best_config == Config({"BLOCK": 64})
    table = kernel.tuning_table()
    assert [row.status for row in table] == ["failed", "best", "not tried"]
    assert table.how == "first" and table.best.milliseconds is None


def test_deterministic_can_be_asked_for_by_the_environment(x, monkeypatch):
    monkeypatch.setenv("COSMATI_DETERMINISTIC_TUNING", "1")
    kernel = tuned(scale_kernel, configs(64, 32), do_bench=Bench(2.0, 1.0))
    kernel[blocks](x, x.copy(), N, 2.0)
    assert kernel.best_config == Config({"BLOCK": 64})
    kernel = tuned(scale_kernel, configs(64, 32), do_bench=Bench(2.0, 1.0), deterministic=False)
    kernel[blocks](x, x.copy(), N, 2.0)
    assert kernel.best_config == Config({"BLOCK": 32})


def test_deterministic_without_one_that_fits_lists_the_reasons(x):
    kernel = tuned(scale_kernel, configs(100, 200), deterministic=True)
    with pytest.raises(cosmati.AutotunerError, match="none of the 2 configurations"):
        kernel[blocks](x, x, N, 2.0)


def test_on_the_virtual_machine_the_estimate_is_named_once(x, monkeypatch, capfd):
    monkeypatch.setattr(search, "_told", set())
    for _ in range(2):
        kernel = tuned(scale_kernel, configs(32, 64))
        kernel[blocks](x, x.copy(), N, 2.0)
        assert kernel.tuning_table().how == "estimate"
    errors = capfd.readouterr().err
    assert errors.count("by a static estimate of their cost") == 1
    assert "estimate of the cost, not a time" in str(kernel.tuning_table())


def test_nothing_is_printed_unless_asked_for(x, capfd, monkeypatch):
    def run():
        kernel = tuned(scale_kernel, configs(32, 100), do_bench=Bench(1.0))
        kernel[blocks](x, x.copy(), N, 2.0)
        return capfd.readouterr()

    assert run() == ("", "")
    monkeypatch.setenv("COSMATI_PRINT_AUTOTUNING", "1")
    out, errors = run()
    assert out == ""
    assert "tuning scale_kernel: 1 ms with BLOCK: 32" in errors
    assert "no ms with BLOCK: 100" in errors and "(4/4)" in errors
    assert "key (64, float32, float32): BLOCK: 32" in errors and "chosen in" in errors


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_the_time_left(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = Progress("gemm", 4)
    progress.step("too early to show")
    assert terminal.getvalue() == ""
    now[0] = 10.0
    progress.step("second")
    text = terminal.getvalue()
    assert "tuning gemm [############............] 2/4, 10 s left: second" in text
    progress.close()
    assert terminal.getvalue().endswith("\r")


def test_the_listener_hears_of_each_choice(x, monkeypatch):
    heard = []
    monkeypatch.setattr(
        "cosmati.tuning.settings.listener", lambda: lambda **facts: heard.append(facts)
    )
    kernel = tuned(scale_kernel, configs(32, 64), do_bench=Bench(2.0, 1.0))
    kernel[blocks](x, x.copy(), N, 2.0)
    kernel[blocks](x, x.copy(), N, 2.0)
    (facts,) = heard
    assert facts["fn"] is scale_kernel and facts["best_config"] == Config({"BLOCK": 64})
    assert facts["key"] == (N, "float32", "float32") and facts["cache_hit"] is False
    assert facts["duration"] == kernel.bench_time and len(facts["configs_timings"]) == 2
