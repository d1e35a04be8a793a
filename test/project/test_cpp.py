"""The C++ interface as users get it: installed, found by CMake, compiled with its headers alone."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_module import SYSTEM, readelf
from tree import ROOT

PAGE = ROOT / "docs/cpp.md"


@dataclass(frozen=True)
class Installed:
    """Where the library lies, and a project that uses it."""

    prefix: Path
    folder: Path
    compiler: str

    @property
    def library(self) -> Path:
        (found,) = self.prefix.glob("lib*/**/libcosmati.so")
        return found

    def check(self, code: str, *, compiler: str | None = None) -> subprocess.CompletedProcess[str]:
        """Lets the compiler read ``code`` without making anything of it."""
        command = [compiler or self.compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra"]
        return subprocess.run(
            [*command, "-I", str(self.prefix / "include"), "-x", "c++", "-"],
            input=code,
            capture_output=True,
            text=True,
        )


def run(*command: str | Path, **variables: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def page_programs() -> list[str]:
    """The complete programs of the page."""
    blocks = re.findall(r"^```cpp\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return [block for block in blocks if "int main(" in block]


def build_programs(folder: Path, compiler: str) -> None:
    """Installs the library, and builds the kernels and the page's programs against it."""
    from cosmati import _core

    # An installed module is in no build: run_tests.py says where that is.
    told = os.environ.get("COSMATI_TEST_BUILD")
    places = [Path(told)] if told else [Path(_core.__file__).parents[2], ROOT / "build"]
    build = next((place for place in places if (place / "CMakeCache.txt").exists()), None)
    assert build is not None, f"no build tree in {', '.join(map(str, places))}"
    run("cmake", "--install", build, "--component", "cpp", "--prefix", folder / "prefix")
    project = folder / "project"
    shutil.copytree(ROOT / "kernels/cpp", project)
    names = []
    for i, program in enumerate(page_programs()):
        names.append(f"page_{i}")
        (project / f"page_{i}.cpp").write_text(program, encoding="utf-8")
    lists = project / "CMakeLists.txt"
    text = lists.read_text(encoding="utf-8")
    lists.write_text(text.replace("foreach(name ", f"foreach(name {' '.join(names)} "))
    run(
        "cmake", "-G", "Ninja", "-S", project, "-B", folder / "build",
        f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}", f"-DCMAKE_CXX_COMPILER={compiler}",
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror",
    )  # fmt: skip
    run("cmake", "--build", folder / "build")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Made once, also where several processes run the tests of this file."""
    compiler = next(name for name in ("g++", "clang++-22", "c++") if shutil.which(name))
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "cpp"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            build_programs(folder, compiler)
            (folder / "done").touch()
    return Installed(folder / "prefix", folder / "build", compiler)


@pytest.mark.parametrize("name", ["vector_add", "softmax", "gemm"])
def test_the_kernels_run_from_an_installed_tree(installed: Installed, name: str) -> None:
    assert "ok" in run(installed.folder / name, COSMATI_DEVICE="vm", COSMATI_CHECK="all")


@pytest.mark.parametrize("i", range(len(page_programs())))
def test_the_programs_of_the_page_run(installed: Installed, i: int) -> None:
    run(installed.folder / f"page_{i}", COSMATI_DEVICE="vm")


def test_the_library_needs_and_shows_nothing_of_llvm(installed: Installed) -> None:
    library = str(installed.library)
    assert set(re.findall(r"NEEDED.*\[(.+)\]", readelf("-d", library))) <= SYSTEM
    shown = [line.split()[7] for line in readelf("--dyn-syms", "--wide", library).splitlines()
             if len(line.split()) >= 8 and line.split()[4] in ("GLOBAL", "WEAK")
             and line.split()[6] != "UND"]  # fmt: skip
    assert [name for name in shown if not re.match(r"_Z(N|NK|T[ISV]N)7cosmati", name)] == []
    assert len(shown) > 50


def test_the_library_and_the_python_module_live_in_one_process(installed: Installed) -> None:
    code = f"import ctypes, cosmati._core; ctypes.CDLL({str(installed.library)!r})"
    run(sys.executable, "-c", code)


def test_the_headers_are_read_by_the_other_compiler(installed: Installed) -> None:
    """The library's compiler need not be the user's."""
    others = [name for name in ("g++", "clang++-22") if shutil.which(name)]
    assert others
    for other in others:
        done = installed.check((ROOT / "kernels/cpp/gemm.cpp").read_text().replace(
            '#include "check.h"', (ROOT / "kernels/cpp/check.h").read_text()
        ), compiler=other)  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        assert "error" not in done.stderr


# What a kernel's line says, and the words that the compiler must answer.
REFUSED = {
    "arange<16>() + arange<32>()": "shapes do not broadcast",
    "Block<float, 48>()": "extents of a block are powers of two",
    "Block<long double, 16>()": "elements are bool, int8_t to int64_t",
    "Block<int, 16>(1.5)": "a float is no constant of an integer type",
    "full<float, 16>(1) & 3": "have no common type for this operator",
    "full<float16, 16>(1) + full<float8e4nv, 16>(1) + full<int, 16>(1) / full<unsigned, 16>(1)":
        "have no common type for this operator",
    "exp(arange<16>())": "exp computes in fp32 and fp64 only",
    "store(p + arange<16>(), 1.0f)": "cannot store to a Ptr<const T>",
    "load(p + arange<16>(), arange<16>())": "a mask is bool or a block of bool",
    "load(p, arange<16>() < 3)": "one pointer loads one value",
    "p + 1.5f": "pointers take integers",
    "sum<1>(arange<16>())": "the axis is outside of the block's dimensions",
    "dot(full<float, 16, 32>(1), full<float, 16, 32>(1))": "the K of both must be equal",
    "dot(full<float, 16, 16>(1), full<double, 16, 16>(1))": "dot takes operands of one type",
    "reshape<8, 4>(arange<16>())": "reshape cannot change the number of elements",
    "forRange(3, [&](Scalar<int> i) { n += 1.5f * i; })": "has another type or shape",
    "whileLoop([&] { return arange<16>() < n; }, [] {})": "the condition must give a Scalar<bool>",
    "reduce<0>(arange<16>(), [](auto a, auto b) { return a < b; })":
        "the combine function must return the type of its arguments",
}  # fmt: skip


def test_static_errors_say_what_is_wrong(installed: Installed) -> None:
    """All in one run of the compiler: each line has its error."""
    lines = [f"  (void)({code});" if not code.startswith(("store", "forRange", "while"))
             else f"  {code};" for code in REFUSED]  # fmt: skip
    head = "#include <cosmati/Kernel.h>\nusing namespace cosmati;\n"
    # A function each: what follows an error in one body is not always looked at.
    bodies = [f"void f{i}(Ptr<const float> p, Scalar<int> n) {{ (void)p; (void)n;\n{line}\n}}"
              for i, line in enumerate(lines)]  # fmt: skip
    done = installed.check(head + "\n".join(bodies))
    assert done.returncode != 0
    missing = {code: text for code, text in REFUSED.items() if text not in done.stderr}
    assert missing == {}, done.stderr[-6000:]


def test_kernels_have_typed_parameters(installed: Installed) -> None:
    head = "#include <cosmati/Kernel.h>\nusing namespace cosmati;\n"
    generic = installed.check(head + 'auto k = kernel("k", [](auto p) { store(p, 1); });')
    assert "a kernel's parameters have types" in generic.stderr
    block = installed.check(head + 'auto k = kernel("k", [](Block<int, 4>) {});')
    assert "a kernel's parameters are Scalar<T> and Ptr<T>" in block.stderr
    call = (
        head + 'auto k = kernel("k", [](Ptr<float>) {});\nvoid f(std::vector<int> v) { k[1](v); }'
    )
    assert installed.check(call).returncode != 0
