"""Runs the test suites and adds up what they report.

Every suite writes a JUnit file; a suite that should run and reports no test is a failure. The last line is
``N passed, N failed, N skipped``, with the reasons of the skips above it.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
LLVM = pathlib.Path("/usr/lib/llvm-22")


@dataclass
class Tally:
    """Counts of one suite; ``reasons`` maps the text of a skip to how often it was given."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)

    def add(self, other: Tally) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons.update(other.reasons)


def read_junit(path: pathlib.Path) -> Tally:
    """Counts of a JUnit file; a missing or broken file counts as nothing, which the caller treats as a failure."""
    tally = Tally()
    if not path.exists():
        return tally
    for case in ET.parse(path).getroot().iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif skip is not None or case.get("status") == "notrun":
            tally.skipped += 1
            tally.reasons[(skip.get("message") or "no reason given") if skip is not None else "not run"] += 1
        else:
            tally.passed += 1
    return tally


def run_junit(command: list[str], report: pathlib.Path) -> Tally:
    """Runs a command that writes ``report``; a bad exit status with no failed test counts as one failure."""
    report.unlink(missing_ok=True)
    status = subprocess.run(command, cwd=ROOT).returncode
    tally = read_junit(report)
    if status != 0 and tally.failed == 0:
        print(f"!! {command[0]} ended with status {status}")
        tally.failed += 1
    return tally


def run_plain(name: str, command: list[str]) -> Tally:
    """A check that either holds or prints what is wrong."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        return Tally(passed=1)
    print(f"!! {name}:\n{done.stdout[-6000:]}{done.stderr[-3000:]}")
    return Tally(failed=1)


def sources(*suffixes: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [name for name in listed if name.endswith(suffixes) and (ROOT / name).exists()]


def style(build: pathlib.Path, jobs: int) -> Tally:
    tally = Tally()
    venv = pathlib.Path(sys.executable).parent
    formatter = str(LLVM / "bin/clang-format")
    tally.add(run_plain("clang-format", [formatter, "--dry-run", "-Werror", *sources(".cpp", ".h")]))
    tally.add(run_plain("ruff check", [str(venv / "ruff"), "check", "."]))
    tally.add(run_plain("mypy", [str(venv / "mypy")]))
    tally.add(run_plain("clang-tidy", [str(ROOT / "tools/tidy"), "--build", str(build)]))
    return tally


def unit(build: pathlib.Path, jobs: int) -> Tally:
    tally = Tally()
    programs = sorted(path for path in (build / "bin/unit").iterdir() if path.is_file())
    for program in programs:
        report = build / "reports" / f"{program.name}.xml"
        tally.add(run_junit([str(program), "--gtest_brief=1", f"--gtest_output=xml:{report}"], report))
    return tally


def lit(build: pathlib.Path, jobs: int) -> Tally:
    report = build / "reports/lit.xml"
    return run_junit([str(LLVM / "bin/lit"), "-sv", f"-j{jobs}", f"--xunit-xml-output={report}", str(build / "test")], report)


def python(build: pathlib.Path, jobs: int) -> Tally:
    report = build / "reports/python.xml"
    return run_junit(
        [sys.executable, "-m", "pytest", "-q", f"-n{jobs}", f"--junitxml={report}", "test/python", "test/kernels", "test/project"], report
    )


SUITES: dict[str, Callable[[pathlib.Path, int], Tally]] = {"style": style, "unit": unit, "lit": lit, "python": python}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], default=list(SUITES))
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    (build / "reports").mkdir(parents=True, exist_ok=True)
    total = Tally()
    lines = []
    for name in arguments.suites:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        tally = SUITES[name](build, arguments.jobs)
        if tally.passed + tally.failed == 0:
            print(f"!! suite {name} ran no test")
            tally.failed += 1
        lines.append(f"{name:8} {tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped in {time.monotonic() - start:.0f} s")
        total.add(tally)
    print("\n".join(lines))
    for reason, count in total.reasons.most_common():
        print(f"skipped {count}: {reason}")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
