"""What the wheel says about itself."""

from __future__ import annotations

import re

import pytest
from tree import ROOT


def found(path: str, pattern: str) -> str:
    match = re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert match, f"{path} has nothing like {pattern}"
    return match[1]


def test_the_package_has_the_version_of_the_project() -> None:
    version = found("CMakeLists.txt", r"project\(cosmati VERSION ([0-9.]+)")
    assert found("python/cosmati/__init__.py", r'^__version__ = "([^"]+)"') == version
    assert version in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_wheel_takes_its_version_from_cmake() -> None:
    toml = pytest.importorskip("tomllib", reason="tomllib is part of Python 3.11 and later")
    settings = toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rule = settings["tool"]["scikit-build"]["metadata"]["version"]
    assert re.search(rule["regex"], (ROOT / rule["input"]).read_text(encoding="utf-8"))
    assert settings["project"]["dynamic"] == ["version"]


def test_the_wheel_carries_the_notices_of_what_it_contains() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for part in ("LLVM", "pybind11"):
        assert part in notice


def test_the_commands_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"^(?:\$ )?(\./[\w-]+|tools/[\w-]+)", readme, re.MULTILINE))
    assert {"./run", "./check"} <= commands
    assert [command for command in commands if not (ROOT / command).exists()] == []
