"""``perf_report``: a function measured over a range of arguments, as a table, a plot and CSV."""

from __future__ import annotations

import csv
import html
import importlib
import importlib.util
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_told: set[str] = set()


class Benchmark:
    """What to vary and how to show it.

    Parameters
    ----------
    x_names : list of str
        Arguments on the x axis.
    x_vals : list
        Their values: numbers, which all of ``x_names`` get, or one tuple for each point.
    line_arg : str
        Argument that has one line for each of ``line_vals``, named by ``line_names``.
    plot_name : str
        Title of the table, and name of the files.
    args : dict
        Arguments that stay the same.
    xlabel, ylabel, x_log, y_log, styles
        Labels, logarithmic axes, and (color, line style) of each line.

    Examples
    --------
    >>> cosmati.testing.Benchmark(
    ...     x_names=["n"], x_vals=[1024, 4096], line_arg="dtype", line_vals=["fp16", "fp32"],
    ...     line_names=["half", "single"], plot_name="copy", args={}, ylabel="GB/s"
    ... ).labels
    ['half (GB/s)', 'single (GB/s)']
    """

    def __init__(
        self,
        x_names: list[str],
        x_vals: list[Any],
        line_arg: str,
        line_vals: list[Any],
        line_names: list[str],
        plot_name: str,
        args: dict[str, Any],
        xlabel: str = "",
        ylabel: str = "",
        x_log: bool = False,
        y_log: bool = False,
        styles: list[tuple[str, str]] | None = None,
    ) -> None:
        if len(line_vals) != len(line_names):
            raise ValueError(
                f"line_vals has {len(line_vals)} values, but line_names has {len(line_names)}"
            )
        self.x_names = x_names
        self.x_vals = x_vals
        self.x_log = x_log
        self.line_arg = line_arg
        self.line_vals = line_vals
        self.line_names = line_names
        self.y_log = y_log
        self.styles = styles
        self.xlabel = xlabel
        self.ylabel = ylabel
        self.plot_name = plot_name
        self.args = args

    @property
    def labels(self) -> list[str]:
        return [f"{name} ({self.ylabel})" for name in self.line_names]


class ReportTable:
    """Measured points: ``columns`` are names, ``rows`` have one value for each.

    ``spread``: (low, high) of each line's value at each point, or (None, None).

    Examples
    --------
    >>> table = cosmati.testing.ReportTable(["n", "ms"])
    >>> table.rows.append([1, 0.5])
    >>> print(table.to_csv(precision=2))
    n,ms
    1,0.50
    <BLANKLINE>
    """

    def __init__(self, columns: list[str]) -> None:
        self.columns = columns
        self.rows: list[list[Any]] = []
        self.spread: list[list[tuple[Any, Any]]] = []

    def column(self, name: str) -> list[Any]:
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def to_csv(self, precision: int = 6) -> str:
        """The table as CSV, with so many digits after the point."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow(
                [f"{cell:.{precision}f}" if isinstance(cell, float) else cell for cell in row]
            )
        return text.getvalue()

    def to_dataframe(self) -> Any:
        """As a pandas DataFrame; ImportError without pandas."""
        pandas: Any = importlib.import_module("pandas")
        return pandas.DataFrame(self.rows, columns=self.columns)

    def __str__(self) -> str:
        cells = [["", *self.columns]]
        for index, row in enumerate(self.rows):
            shown = [f"{cell:.6f}" if isinstance(cell, float) else str(cell) for cell in row]
            cells.append([str(index), *shown])
        widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in cells
        )


def _is_there(module: str, what: str) -> bool:
    """Whether a module is installed; says once what is left out without it."""
    if module in sys.modules or importlib.util.find_spec(module) is not None:
        return True
    if what not in _told:
        _told.add(what)
        print(f"cosmati: {module} is not installed: {what}", file=sys.stderr)
    return False


class Mark:
    """A function with its benchmarks; see perf_report().

    Examples
    --------
    >>> bench = cosmati.testing.Benchmark(["n"], [1, 2], "line", [10], ["ten"], "p", {})
    >>> mark = cosmati.testing.Mark(lambda n, line: n * line, bench)
    >>> mark.run(return_df=True).rows  # doctest: +SKIP
    [[1, 10], [2, 20]]
    """

    def __init__(self, fn: Callable[..., Any], benchmarks: Benchmark | Sequence[Benchmark]) -> None:
        self.fn = fn
        self.benchmarks = benchmarks

    def _measure(self, bench: Benchmark, kwargs: dict[str, Any]) -> ReportTable:
        table = ReportTable([*bench.x_names, *bench.labels])
        for point in bench.x_vals:
            values = list(point) if isinstance(point, (list, tuple)) else None
            if values is None:
                values = [point] * len(bench.x_names)
            if len(values) != len(bench.x_names):
                raise ValueError(f"Expected {len(bench.x_names)} values, got {point}")
            given = {**dict(zip(bench.x_names, values, strict=True)), **bench.args, **kwargs}
            means, spread = [], []
            for line in bench.line_vals:
                found = self.fn(**given, **{bench.line_arg: line})
                mean, low, high = found if isinstance(found, (list, tuple)) else (found, None, None)
                means.append(mean)
                spread.append((low, high))
            table.rows.append([*values, *means])
            table.spread.append(spread)
        return table

    def _run(
        self,
        bench: Benchmark,
        save_path: str,
        show_plots: bool,
        print_data: bool,
        diff_col: bool = False,
        save_precision: int = 6,
        **kwargs: Any,
    ) -> ReportTable:
        table = self._measure(bench, kwargs)
        if bench.plot_name and (show_plots or save_path):
            if _is_there("matplotlib", "reports have no plots"):
                _plot(bench, table, save_path, show_plots)
        if diff_col and len(table.columns) == 2:
            table.columns.append("Diff")
            for row in table.rows:
                row.append(row[1] - row[0])
        if print_data:
            print(f"{bench.plot_name}:\n{table}")
        if save_path:
            text = table.to_csv(save_precision)
            Path(save_path, f"{bench.plot_name}.csv").write_text(text, encoding="utf-8")
        return table

    def run(
        self,
        show_plots: bool = False,
        print_data: bool = False,
        save_path: str = "",
        return_df: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Measures every point.

        Parameters
        ----------
        show_plots, print_data : bool
            Show the plots (needs matplotlib), print the tables.
        save_path : str
            Folder, made if need be, that gets PLOT_NAME.csv, PLOT_NAME.png where matplotlib is
            installed, and results.html.
        return_df : bool
            Gives the tables: a pandas DataFrame where pandas is installed, else a ReportTable;
            a list of them for a list of benchmarks.
        **kwargs
            Passed to the function; ``diff_col`` adds a column with the difference of two lines,
            ``save_precision`` is the number of digits in the CSV.
        """
        is_single = isinstance(self.benchmarks, Benchmark)
        benchmarks = [self.benchmarks] if is_single else list(self.benchmarks)  # type: ignore[arg-type]
        if save_path:
            os.makedirs(save_path, exist_ok=True)
        tables: list[ReportTable] = []
        try:
            for bench in benchmarks:
                assert isinstance(bench, Benchmark)
                tables.append(self._run(bench, save_path, show_plots, print_data, **kwargs))
        finally:
            if save_path:
                _write_page(Path(save_path), list(zip(benchmarks, tables, strict=False)))
        if not return_df:
            return None
        has_pandas = _is_there("pandas", "tables are cosmati.testing.ReportTable, not DataFrame")
        found = [table.to_dataframe() if has_pandas else table for table in tables]
        return found[0] if is_single else found


def _write_page(folder: Path, measured: Sequence[tuple[Any, ReportTable]]) -> None:
    parts = []
    for bench, table in measured:
        name = html.escape(f"{bench.plot_name}.png", quote=True)
        if (folder / f"{bench.plot_name}.png").exists():
            parts.append(f'<img src="{name}"/>\n')
        parts.append(f"<pre>{html.escape(str(table))}</pre>\n")
    text = f"<html><body>\n{''.join(parts)}</body></html>\n"
    (folder / "results.html").write_text(text, encoding="utf-8")


def _plot(bench: Benchmark, table: ReportTable, save_path: str, show: bool) -> None:
    plt: Any = importlib.import_module("matplotlib.pyplot")
    plt.figure()
    axes = plt.subplot()
    points = table.column(bench.x_names[0])
    for index, label in enumerate(bench.labels):
        color, style = bench.styles[index] if bench.styles else (None, None)
        axes.plot(points, table.column(label), label=label, color=color, ls=style)
        lows, highs = zip(*(row[index] for row in table.spread), strict=True)
        if None not in lows and None not in highs:
            axes.fill_between(points, lows, highs, alpha=0.15, color=color)
    axes.legend()
    axes.set_xlabel(bench.xlabel or bench.x_names[0])
    axes.set_ylabel(bench.ylabel)
    axes.set_xscale("log" if bench.x_log else "linear")
    axes.set_yscale("log" if bench.y_log else "linear")
    if save_path:
        plt.savefig(os.path.join(save_path, f"{bench.plot_name}.png"))
    if show:
        plt.show()
    plt.close()


def perf_report(
    benchmarks: Benchmark | Sequence[Benchmark],
) -> Callable[[Callable[..., Any]], Mark]:
    """Decorator: the function gives a number, or (mean, low, high), for each point of benchmarks.

    ``function.run(print_data=True)`` measures; see Mark.run().

    Examples
    --------
    >>> @cosmati.testing.perf_report(
    ...     cosmati.testing.Benchmark(["n"], [1, 2], "scale", [10], ["ten"], "products", {})
    ... )
    ... def measured(n, scale):
    ...     return n * scale
    >>> measured.run(print_data=True)
    products:
       n  ten ()
    0  1      10
    1  2      20
    """
    return lambda fn: Mark(fn, benchmarks)
