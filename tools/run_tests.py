"""Runs the test suites and adds up what they report.

Every suite writes a JUnit file; a suite that should run and reports no test is a failure. The last
line is ``N passed, N failed, N skipped``, with the reasons of the skips above it.
"""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
LLVM = pathlib.Path("/usr/lib/llvm-22")
# Folders of pytest tests below test/ that must collect something; others that hold tests run, too.
PYTHON_FOLDERS = ("project", "python", "properties", "kernels", "mutation", "zoo")


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

    @property
    def ran(self) -> int:
        return self.passed + self.failed


def read_junit(path: pathlib.Path) -> Tally:
    """Counts of a JUnit file; a missing file counts as nothing, which callers take as failure."""
    tally = Tally()
    if not path.exists():
        return tally
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif skip is not None:
            tally.skipped += 1
            tally.reasons[skip.get("message") or "no reason given"] += 1
        elif case.get("status") == "notrun":
            tally.skipped += 1
            tally.reasons["disabled"] += 1
        else:
            tally.passed += 1
    return tally


def environment() -> dict[str, str]:
    """The tests' environment: the tools of this Python's packages are in reach of every suite."""
    variables = dict(os.environ)
    site = sysconfig.get_path("purelib")
    assemblers = sorted(str(path.parent) for path in pathlib.Path(site).glob("nvidia/*/bin/ptxas"))
    variables["PATH"] = os.pathsep.join([variables.get("PATH", ""), *assemblers])
    variables["COSMATI_TEST_SITE_PACKAGES"] = site
    return variables


def run_junit(command: list[str], report: pathlib.Path) -> Tally:
    """Runs a command that writes ``report``; a bad exit status with no failed test is a failure."""
    report.unlink(missing_ok=True)
    status = subprocess.run(command, cwd=ROOT, env=environment()).returncode
    tally = read_junit(report)
    if status != 0 and tally.failed == 0:
        print(f"!! {command[0]} ended with status {status}")
        tally.failed += 1
    return tally


def run_plain(name: str, command: list[str]) -> Tally:
    """A check that holds or prints what is wrong; a line "left out: ..." of it is a skip."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        tally = Tally(passed=1)
        for line in done.stdout.splitlines():
            if line.startswith("left out: "):
                tally.skipped += 1
                tally.reasons[f"{name}: {line}"] += 1
        return tally
    print(f"!! {name}:\n{done.stdout[-6000:]}{done.stderr[-3000:]}")
    return Tally(failed=1)


def sources(*suffixes: str) -> list[str]:
    """The project's files; without git (an unpacked archive) everything outside of builds."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    else:
        listed = [
            path.relative_to(ROOT).as_posix()
            for path in ROOT.rglob("*")
            if not path.relative_to(ROOT).parts[0].startswith(("build", "."))
        ]
    return [name for name in listed if name.endswith(suffixes) and (ROOT / name).is_file()]


def style(build: pathlib.Path, jobs: int) -> Tally:
    tally = Tally()
    tools = pathlib.Path(sys.executable).parent
    formatter = [str(LLVM / "bin/clang-format"), "--dry-run", "-Werror"]
    tally.add(run_plain("clang-format", [*formatter, *sources(".cpp", ".h")]))
    tally.add(run_plain("ruff check", [str(tools / "ruff"), "check", "."]))
    tally.add(run_plain("mypy", [str(tools / "mypy")]))
    tally.add(
        run_plain(
            "clang-tidy", [str(ROOT / "tools/tidy"), "--build", str(build), "--seconds", "300"]
        )
    )
    return tally


def unit(build: pathlib.Path, jobs: int) -> Tally:
    tally = Tally()
    folder = build / "bin/unit"
    programs = (
        sorted(path for path in folder.iterdir() if path.is_file()) if folder.exists() else []
    )
    for program in programs:
        report = build / "reports" / f"{program.name}.xml"
        one = run_junit([str(program), "--gtest_brief=1", f"--gtest_output=xml:{report}"], report)
        if one.ran + one.skipped == 0:
            print(f"!! {program.name} ran no test")
            one.failed += 1
        tally.add(one)
    return tally


def lit(build: pathlib.Path, jobs: int) -> Tally:
    report = build / "reports/lit.xml"
    options = ["-sv", f"-j{jobs}", f"--xunit-xml-output={report}"]
    return run_junit([str(LLVM / "bin/lit"), *options, str(build / "test")], report)


def python(build: pathlib.Path, jobs: int) -> Tally:
    tally = Tally()
    others = {path.parent.name for path in (ROOT / "test").glob("*/test_*.py")}
    for name in [*PYTHON_FOLDERS, *sorted(others - set(PYTHON_FOLDERS))]:
        report = build / f"reports/python-{name}.xml"
        options = ["-q", f"-n{jobs}", f"--junitxml={report}"]
        one = run_junit([sys.executable, "-m", "pytest", *options, f"test/{name}"], report)
        if one.ran + one.skipped == 0:
            print(f"!! test/{name} collected nothing")
            one.failed += one.failed == 0
        tally.add(one)
    return tally


def docs(build: pathlib.Path, jobs: int) -> Tally:
    """The documentation's site; a warning is a failure. Examples are run by test/docs."""
    program = pathlib.Path(sys.executable).parent / "sphinx-build"
    options = ["-W", "--keep-going", "-q", "-b", "html", "docs", str(build / "site")]
    return run_plain("sphinx", [str(program), *options])


def compat(build: pathlib.Path, jobs: int) -> Tally:
    """Kernel libraries from the package index, on the virtual machine: see tools/compat."""
    report = build / "reports/compat.xml"
    command = [sys.executable, "tools/compat/suite.py", f"--build={build}", f"--junit={report}"]
    return run_junit(command, report)


SUITES: dict[str, Callable[[pathlib.Path, int], Tally]] = {
    "style": style,
    "unit": unit,
    "lit": lit,
    "python": python,
    "docs": docs,
}
# Run only when they are named.
ON_REQUEST: dict[str, Callable[[pathlib.Path, int], Tally]] = {"compat": compat}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    known = {**SUITES, **ON_REQUEST}
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(known)}")
    arguments = parser.parse_args()
    for name in arguments.suites:
        if name not in known:
            parser.error(f"no suite {name!r}: choose from {', '.join(known)}")
    build = arguments.build.resolve()
    (build / "reports").mkdir(parents=True, exist_ok=True)
    os.environ["COSMATI_TEST_BUILD"] = str(build)
    total = Tally()
    lines = []
    for name in arguments.suites or SUITES:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        tally = known[name](build, arguments.jobs)
        if tally.ran == 0:
            print(f"!! suite {name} ran no test")
            tally.failed += 1
        counts = f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped"
        lines.append(f"{name:8} {counts} in {time.monotonic() - start:.0f} s")
        total.add(tally)
    print("\n".join(lines))
    for reason, count in total.reasons.most_common():
        print(f"skipped {count}: {reason}")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
