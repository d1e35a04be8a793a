"""Runs kernel libraries from the package index through ``cosmati.compat`` on the virtual machine.

Makes an environment of its own (BUILD/compat-venv), installs each library on its own, runs its
cases and prints what agrees with torch, what differs and by how much, and what fails and why. A
library that does not install is reported with pip's reason. Writes a JUnit file.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import venv
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TORCH = "torch==2.13.0"
# What the cases and all libraries need beside torch. Libraries come without their dependencies:
# those ask for Triton and for CUDA packages.
COMMON = ("numpy", "packaging", "einops")


@dataclass
class Library:
    """``name`` names the file of its cases; ``packages`` are installed without dependencies."""

    name: str
    packages: tuple[str, ...]
    needs: tuple[str, ...] = ()
    reason: str | None = None
    records: list[dict[str, Any]] = field(default_factory=list)


LIBRARIES = (
    Library("liger", ("liger-kernel",)),
    Library("fla", ("fla-core", "flash-linear-attention")),
    Library("bitsandbytes", ("bitsandbytes",)),
    Library("torchao", ("torchao",)),
    Library("conch", ("conch-triton-kernels",)),
    Library("sageattention", ("sageattention==1.0.6",)),  # the last one made of Triton alone
)


def pip(python: Path, *words: str) -> str | None:
    """Installs; the last lines of pip's errors if it fails."""
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return "; ".join(lines[-2:]) or done.stderr[-300:] or f"pip ended with {done.returncode}"


def environment(build: Path) -> Path:
    """The interpreter of the environment, with torch; RuntimeError with pip's reason."""
    folder = build / "compat-venv"
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    if subprocess.run([str(python), "-c", "import torch"], capture_output=True).returncode:
        print(f"installing {TORCH} into {folder}", flush=True)
        reason = pip(python, TORCH)
        if reason:
            raise RuntimeError(f"{TORCH} could not be installed: {reason}")
    reason = pip(python, *COMMON)
    if reason:
        raise RuntimeError(f"{', '.join(COMMON)} could not be installed: {reason}")
    return python


def install(library: Library, python: Path) -> None:
    wanted = [pip(python, *library.needs)] if library.needs else []
    wanted.append(pip(python, "--no-deps", *library.packages))
    library.reason = next((reason for reason in wanted if reason), None)


def run(library: Library, python: Path, build: Path, names: list[str]) -> None:
    """Runs the cases; those after one that ends the process run in a new one."""
    report = build / f"reports/compat-{library.name}.jsonl"
    report.unlink(missing_ok=True)
    names = names or case_names(library, python, build)
    while names:
        done = start(library, python, build, [str(report), *names])
        lines = (
            [json.loads(line) for line in report.read_text().splitlines()]
            if report.exists()
            else []
        )
        finished = {line["case"] for line in lines if "case" in line}
        left = [name for name in names if name not in finished]
        if left:
            why = f"the process ended with {done.returncode}: {done.stderr.strip()[-400:]}"
            record = {
                "case": left[0],
                "outcome": "fails",
                "why": why,
                "comparisons": [],
                "seconds": 0,
            }
            with report.open("a") as file:
                file.write(json.dumps(record) + "\n")
        names = left[1:]
    library.records = read(report)


def read(report: Path) -> list[dict[str, Any]]:
    """The records of the cases that came to an end."""
    text = report.read_text() if report.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if "case" in line]


def start(
    library: Library, python: Path, build: Path, words: list[str]
) -> subprocess.CompletedProcess[str]:
    variables = dict(os.environ)
    variables["PYTHONPATH"] = str(build / "python")
    # Kernels of the libraries keep their names between releases: start without a cache on disk.
    variables["COSMATI_CACHE_DIR"] = ""
    program = str(ROOT / "tools/compat/run_library.py")
    command = [str(python), "-m", "cosmati.compat", "--device", "vm", program, library.name, *words]
    return subprocess.run(command, env=variables, capture_output=True, text=True, cwd=build)


def case_names(library: Library, python: Path, build: Path) -> list[str]:
    done = start(library, python, build, ["--list"])
    if done.returncode:
        library.records = [
            {"case": "import", "outcome": "fails", "why": done.stderr.strip()[-600:],
             "comparisons": [], "seconds": 0}
        ]  # fmt: skip
        return []
    return done.stdout.split()


def describe(record: dict[str, Any]) -> str:
    worst = max(record["comparisons"], key=lambda item: item[1] / (item[2] or 1e-30), default=None)
    text = f"{record['outcome']:8} {record['case']:40}"
    if record["outcome"] in ("fails", "known"):
        return f"{text} {record['why'][:400]}"
    if worst is None:
        return text
    label, error, bound = worst
    return f"{text} {error:.1e} of the largest value at most ({label}; bound {bound:.0e})"


def write_junit(libraries: list[Library], path: Path) -> None:
    suite = ElementTree.Element("testsuite", name="compat")
    for library in libraries:
        if library.reason:
            case = ElementTree.SubElement(suite, "testcase", classname=library.name, name="install")
            ElementTree.SubElement(case, "skipped", message=f"{library.name}: {library.reason}")
        for record in library.records:
            case = ElementTree.SubElement(
                suite, "testcase", classname=library.name, name=record["case"],
                time=str(record["seconds"]),
            )  # fmt: skip
            if record["outcome"] == "known":
                reason = f"{library.name}: {record['why']}"
                ElementTree.SubElement(case, "skipped", message=reason)
            elif record["outcome"] != "agrees":
                failure = ElementTree.SubElement(case, "failure", message=describe(record))
                failure.text = record.get("traceback", "")
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--junit", type=Path)
    parser.add_argument(
        "--library", choices=[item.name for item in LIBRARIES], help="only this one"
    )
    parser.add_argument("cases", nargs="*", help="only these cases; with --library")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    (build / "reports").mkdir(parents=True, exist_ok=True)
    chosen = [item for item in LIBRARIES if arguments.library in (None, item.name)]
    try:
        python = environment(build)
    except RuntimeError as error:
        for library in chosen:
            library.reason = str(error)
    else:
        for library in chosen:
            install(library, python)
            if library.reason is None:
                run(library, python, build, arguments.cases)
    for library in chosen:
        counts = collections.Counter(record["outcome"] for record in library.records)
        total = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        print(f"{library.name}: {library.reason or total}")
        for record in library.records:
            print(f"  {describe(record)}")
    write_junit(chosen, arguments.junit or build / "reports/compat.xml")
    bad = [r for item in chosen for r in item.records if r["outcome"] not in ("agrees", "known")]
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
