"""``perf_report``: tables, CSV, plots, and what happens without matplotlib and pandas."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from cosmati import testing
from cosmati.testing import report


def bench(**options):
    chosen = {
        "x_names": ["M", "N"], "x_vals": [1, 2, (3, 4)], "line_arg": "provider",
        "line_vals": ["ours", "theirs"], "line_names": ["Ours", "Theirs"], "plot_name": "speed",
        "args": {"K": 10}, "ylabel": "ms",
    }  # fmt: skip
    return testing.Benchmark(**{**chosen, **options})


def measured(M, N, provider, K, extra=0):  # noqa: N803
    value = float(M * N * K + extra)
    return (value, value - 1, value + 1) if provider == "ours" else 2 * value


@pytest.fixture(autouse=True)
def without_libraries(monkeypatch):
    """Neither matplotlib nor pandas, unless a test brings one."""
    for name in ("matplotlib", "matplotlib.pyplot", "pandas"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    find = report.importlib.util.find_spec
    hidden = ("matplotlib", "pandas")
    monkeypatch.setattr(
        report.importlib.util, "find_spec", lambda name: None if name in hidden else find(name)
    )
    monkeypatch.setattr(report, "_told", set())


def test_every_point_and_line_is_measured():
    table = testing.perf_report(bench())(measured).run(return_df=True)
    assert table.columns == ["M", "N", "Ours (ms)", "Theirs (ms)"]
    assert table.rows == [[1, 1, 10.0, 20.0], [2, 2, 40.0, 80.0], [3, 4, 120.0, 240.0]]
    assert table.spread[0] == [(9.0, 11.0), (None, None)]
    assert table.column("M") == [1, 2, 3]


def test_keywords_reach_the_function():
    table = testing.perf_report(bench())(measured).run(return_df=True, extra=5)
    assert table.column("Ours (ms)") == [15.0, 45.0, 125.0]


def test_files_are_written(tmp_path, capfd):
    folder = tmp_path / "made" / "here"
    testing.perf_report([bench()])(measured).run(save_path=str(folder), save_precision=2)
    assert (folder / "speed.csv").read_text() == (
        "M,N,Ours (ms),Theirs (ms)\n1,1,10.00,20.00\n2,2,40.00,80.00\n3,4,120.00,240.00\n"
    )
    page = (folder / "results.html").read_text()
    assert "<img" not in page and "120.000000" in page
    assert capfd.readouterr().err.count("matplotlib is not installed: reports have no plots") == 1


def test_data_are_printed(capsys):
    testing.perf_report(bench())(measured).run(print_data=True)
    out = capsys.readouterr().out
    assert out.startswith("speed:\n") and "Theirs (ms)" in out and "240.000000" in out


def test_a_list_of_benchmarks_gives_a_list_and_says_what_it_is(capfd):
    tables = testing.perf_report([bench(), bench(plot_name="b")])(measured).run(return_df=True)
    assert [len(table.rows) for table in tables] == [3, 3]
    assert "pandas is not installed" in capfd.readouterr().err
    assert testing.perf_report(bench())(measured).run() is None


def test_the_difference_of_two_columns():
    one = bench(
        x_names=["M"], x_vals=[3], line_vals=["theirs"], line_names=["T"], args={"K": 1, "N": 1}
    )
    table = testing.perf_report(one)(measured).run(return_df=True, diff_col=True)
    assert table.columns == ["M", "T (ms)", "Diff"] and table.rows == [[3, 6.0, 3.0]]


def test_points_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match=r"Expected 2 values, got \(1, 2, 3\)"):
        testing.perf_report(bench(x_vals=[(1, 2, 3)]))(measured).run()
    with pytest.raises(ValueError, match="line_vals has 2 values, but line_names has 1"):
        bench(line_names=["one"])


def test_pandas_is_used_where_it_is_installed(monkeypatch):
    made = []
    frame = SimpleNamespace(DataFrame=lambda rows, columns: made.append((rows, columns)) or "frame")
    monkeypatch.setitem(sys.modules, "pandas", frame)
    assert testing.perf_report(bench())(measured).run(return_df=True) == "frame"
    assert made[0][1] == ["M", "N", "Ours (ms)", "Theirs (ms)"]


class Plots:
    """matplotlib.pyplot: notes what is drawn."""

    def __init__(self):
        self.calls = []

    def subplot(self):
        return self

    def savefig(self, path):
        self.calls.append(("savefig", path))
        with open(path, "wb") as file:
            file.write(b"png")

    def __getattr__(self, name):
        return lambda *args, **options: self.calls.append((name, *args))


def test_plots_have_a_line_and_a_band_for_each_line_with_a_spread(tmp_path, monkeypatch):
    plots = Plots()
    monkeypatch.setitem(sys.modules, "matplotlib", SimpleNamespace(pyplot=plots))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", plots)
    one = bench(x_log=True, styles=[("red", "-"), ("blue", "--")], xlabel="size")
    testing.perf_report(one)(measured).run(save_path=str(tmp_path), show_plots=True)
    names = [call[0] for call in plots.calls]
    assert names.count("plot") == 2 and names.count("fill_between") == 1
    assert ("plot", [1, 2, 3], [10.0, 40.0, 120.0]) in plots.calls
    assert ("set_xscale", "log") in plots.calls and ("set_xlabel", "size") in plots.calls
    assert "show" in names and names[-1] == "close"
    assert '<img src="speed.png"/>' in (tmp_path / "results.html").read_text()


def test_an_unfinished_report_keeps_what_it_has(tmp_path):
    def stops(M, N, provider, K):  # noqa: N803
        if provider == "theirs":
            raise RuntimeError("stopped")
        return 1.0

    with pytest.raises(RuntimeError, match="stopped"):
        testing.perf_report([bench()])(stops).run(save_path=str(tmp_path))
    assert (tmp_path / "results.html").exists()
