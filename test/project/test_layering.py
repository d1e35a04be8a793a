"""Who may include whom: the table of docs/architecture.md as data, held by reading the sources.

A room that is not in the table, or an edge that is not, fails: adding one is a decision, made here.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator

import pytest
from tree import CPP, Source, sources

DIALECTS = {"dialects/Layout", "dialects/Tile", "dialects/TileGPU"}
LOWERINGS = {
    "compiler/Transforms/Tile",
    "compiler/Transforms/TileGPU",
    "compiler/Conversion/TileToTileGPU",
    "compiler/Conversion/TileGPUToNVVM",
}

# Room -> rooms whose headers it may include, beside its own, LLVM's and MLIR's.
ALLOWED: dict[str, set[str]] = {
    "dialects/Layout": set(),
    "dialects/Tile": set(),
    "dialects/TileGPU": {"dialects/Layout", "dialects/Tile"},
    "compiler/Analysis": DIALECTS,
    "compiler/Builder": {"dialects/Tile"},
    **{room: DIALECTS | {"compiler/Analysis"} for room in LOWERINGS},
    "compiler/Target": {"runtime/Image"},
    "compiler/Pipeline": DIALECTS
    | LOWERINGS
    | {"compiler/Target", "runtime/Image", "runtime/Toolchain"},
    "compiler/Jit": {
        "compiler/Builder",
        "compiler/Pipeline",
        "runtime/Cache",
        "runtime/Device",
        "runtime/Image",
        "runtime/Launch",
        "runtime/Toolchain",
    },
    "compiler/Embedded": {
        "compiler/Builder",
        "compiler/Jit",
        "compiler/Pipeline",
        "runtime/Cache",
        "runtime/Device",
        "runtime/Image",
        "runtime/Launch",
        "runtime/PtxVm",
        "runtime/Toolchain",
    },
    "runtime/Image": set(),
    "runtime/Toolchain": set(),
    "runtime/PtxVm": set(),
    "runtime/Cache": {"runtime/Image"},
    "runtime/Device": {"runtime/Image", "runtime/PtxVm", "runtime/Toolchain"},
    "runtime/Launch": {"runtime/Cache", "runtime/Device", "runtime/Image"},
    "runtime/tools": {"runtime/Device", "runtime/Image", "runtime/PtxVm"},
    "python/bindings": {
        "compiler/Builder",
        "compiler/Jit",
        "compiler/Pipeline",
        "runtime/Cache",
        "runtime/Device",
        "runtime/Image",
        "runtime/Launch",
        "runtime/PtxVm",
        "runtime/Toolchain",
    },
    # A project of its own: it uses what is installed.
    "kernels/cpp": set(),
}
# Programs and tests stand on top: they may include any room.
TOPS = ("compiler/tools", "bench", "test", "tools")


def room_of(path: str) -> str | None:
    """The longest room name that is a folder of ``path``; None outside of every room."""
    rooms = [room for room in (*ALLOWED, *TOPS) if path.startswith(room + "/")]
    return max(rooms, key=len, default=None)


def check(violations: Iterable[str]) -> None:
    """One failure that lists them all."""
    listed = list(violations)
    assert not listed, "\n" + "\n".join(listed)


def test_every_cpp_file_lies_in_a_room_of_the_table() -> None:
    strays = (source.path for source in sources(*CPP) if room_of(source.path) is None)
    check(f"{path}: in no room of the table" for path in strays)


def test_rooms_include_only_what_the_table_allows() -> None:
    violations = []
    for source in sources(*CPP):
        here = room_of(source.path)
        if here is None or here in TOPS:
            continue
        for place, target in source.includes():
            there = room_of(target)
            if there is not None and there != here and there not in ALLOWED[here]:
                violations.append(f"{place}: {here} may not include {there} ({target})")
    check(violations)


def test_includes_are_written_from_the_root() -> None:
    """Test programs, and projects of their own, may include the helpers beside them by name."""
    violations = []
    for source in sources(*CPP):
        if source.path.startswith(("test/", "kernels/cpp/")):
            continue
        for place, target in source.includes():
            if "/" not in target and target.endswith((".h", ".td", ".def", ".inc")):
                quoted = f'"{target}"' in source.text
                if quoted:
                    violations.append(f"{place}: {target} is not written from the root")
    check(violations)


def test_the_cpp_interface_needs_no_header_of_mlir_or_llvm() -> None:
    """A program that uses the library has a C++ compiler and what is installed, no more."""
    violations = []
    for source in sources(".h", under="compiler/Embedded/include/"):
        for place, target in source.includes():
            own = target.startswith("cosmati/")
            if not own and ("/" in target or "." in target):
                violations.append(f"{place}: {target}")
    check(violations)


def test_runtime_and_layout_know_no_mlir() -> None:
    """A KernelImage must be loadable, and a layout computable, without MLIR in the program."""
    violations = []
    for room in ("runtime/", "dialects/Layout/"):
        for source in sources(*CPP, under=room):
            violations += [
                place for place, target in source.includes() if target.startswith("mlir")
            ]
    check(f"{place}: includes MLIR" for place in violations)


def test_runtime_uses_only_llvm_support() -> None:
    """No code generator behind the runtime: the ADT and Support libraries, nothing else.

    The generator of the instruction table runs while the project is built and isn't part of it.
    """
    plain = ("llvm/ADT/", "llvm/Support/", "llvm/Config/", "llvm/TargetParser/")
    violations = []
    for source in sources(*CPP, under="runtime/"):
        if source.path.startswith("runtime/PtxVm/tblgen/"):
            continue
        for place, target in source.includes():
            if target.startswith("llvm/") and not target.startswith(plain):
                violations.append(f"{place}: {target}")
    check(violations)


def test_cuda_headers_are_not_needed() -> None:
    """The driver's interface stands in a typed table of our own; a test may compare the two."""
    pattern = re.compile(r"^(cuda|cuda_runtime|nvrtc|nvJitLink|nvptxcompiler|nvml)[\w.]*\.h$")
    found = (
        f"{place}: {target}"
        for source in sources(*CPP)
        for place, target in source.includes()
        if pattern.match(target) and not source.path.startswith("test/")
    )
    check(found)


def test_passes_never_include_each_other() -> None:
    """A question that two passes share moves down to compiler/Analysis."""
    passes = [
        source for source in sources(".cpp", under="compiler/") if "GEN_PASS_DEF" in source.text
    ]
    headers = {source.path[: -len(".cpp")] + ".h" for source in passes}
    violations = []
    for source in passes:
        own = source.path[: -len(".cpp")] + ".h"
        for place, target in source.includes():
            if target in headers and target != own:
                violations.append(f"{place}: a pass includes the pass {target}")
    check(violations)


def in_products(pattern: str, *exempt: str) -> list[str]:
    """Matches in the product's C++ (not tests, not benches), outside of the ``exempt`` paths."""
    found = []
    for source in sources(*CPP):
        if source.path.startswith(("test/", "bench/", *exempt)):
            continue
        found += source.matches(pattern)
    return found


def test_no_environment_variable_is_read_below_the_tools() -> None:
    """What is compiled depends on CompileOptions alone, or the cache key would miss a switch.

    The C++ interface is a face like the tools and the Python package: it reads in one file.
    """
    check(
        in_products(
            r"\b(secure_)?getenv\b|sys::Process::GetEnv",
            "compiler/tools/",
            "runtime/tools/",
            "compiler/Embedded/Environment.cpp",
        )
    )


def test_inline_assembly_stands_in_one_file() -> None:
    allowed = "compiler/Conversion/TileGPUToNVVM/InlinePtx."
    made = r"\bLLVM::InlineAsmOp\b|\bInlinePtxOp\b|\bInlineAsm::get\b"
    check(in_products(made, allowed))


def test_command_line_options_stand_in_the_tools() -> None:
    """LLVM's cl::opt is one global registry per process."""
    check(
        in_products(
            r"\bcl::(opt|list|bits|alias|ParseCommandLineOptions)\b",
            "compiler/tools/",
            "runtime/tools/",
            "runtime/PtxVm/tblgen/",
            "dialects/TileGPU/tblgen/",
        )
    )


def test_no_unfinished_marks() -> None:
    """What is missing is an error that says so, or an issue, never a mark in the code."""
    marks = "TO" + "DO", "FIX" + "ME", "X" * 3
    pattern = re.compile(r"\b(" + "|".join(marks) + r")\b")
    violations = []
    for source in sources(*CPP, ".py", ".mlir", ".test"):
        violations += [
            f"{source.line_of(match.start())}: {match[0]}"
            for match in pattern.finditer(source.text)
        ]
    check(violations)


# Files that are long for a reason.
LONG_FILES: dict[str, str] = {}


def test_files_stay_below_600_lines() -> None:
    counted = ((source, source.text.count("\n")) for source in sources(*CPP, ".py"))
    check(
        f"{source.path}: {lines} lines; split it, or give the reason in LONG_FILES"
        for source, lines in counted
        if lines > 600 and source.path not in LONG_FILES
    )


# The Python package. Rooms there are subpackages; "" is the package's own modules.
PYTHON_ALLOWED: dict[str, set[str]] = {
    "language": {"errors", "_core", "runtime.jit"},
    "frontend": {"errors", "_core", "language", "runtime.jit"},
    # Launches raise the virtual machine's findings, which name the sources that the runtime knows.
    # The driver hands out testing's do_bench, and signatures may have descriptors.
    "runtime": {"errors", "_core", "language", "frontend", "vm", "knobs", "settings", "testing"}
    | {"tools.tensor_descriptor"},
    # Triton's places: they hold what the runtime has, and little of their own.
    "compiler": {"errors", "knobs", "runtime", "backends.compiler", "language"},
    "backends": {"errors", "knobs", "runtime"},
    "vm": {"errors", "_core", "runtime.arrays", "runtime.device"},
    "profile": {"errors", "vm", "runtime.failures"},
    # Ranks kernels: by time on a GPU, by the peaks of GPUs elsewhere.
    "tuning": {"errors", "runtime", "profile", "testing", "knobs", "frontend.closure"},
    "testing": {"errors", "runtime", "profile", "language", "frontend.module"},
}


def imports(source: Source) -> Iterator[tuple[int, str, bool]]:
    """(line, module, whether the import runs when the file is imported) of each import.

    Imports for type checkers alone (``if TYPE_CHECKING:``) are left out.
    """
    yield from _imports(ast.parse(source.text).body, at_import=True)


def _imports(statements: list[ast.stmt], at_import: bool) -> Iterator[tuple[int, str, bool]]:
    for node in statements:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, at_import
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            of_package = node.module == "cosmati"
            names = (
                [f"cosmati.{alias.name}" for alias in node.names] if of_package else [node.module]
            )
            for name in names:
                yield node.lineno, name, at_import
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _imports(node.orelse, at_import)
        else:
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for field in ("body", "orelse", "finalbody", "handlers"):
                for inner in getattr(node, field, []):
                    body = inner.body if isinstance(inner, ast.ExceptHandler) else [inner]
                    yield from _imports(body, at_import and not is_function)


PACKAGE = "python/cosmati/"


@pytest.mark.parametrize("room", PYTHON_ALLOWED)
def test_python_rooms_import_only_what_the_table_allows(room: str) -> None:
    allowed = {f"cosmati.{name}" for name in PYTHON_ALLOWED[room] | {room}}
    violations = []
    for source in sources(".py", under=f"{PACKAGE}{room}/"):
        for line, module, _ in imports(source):
            inside = module.startswith("cosmati.")
            if inside and not any(
                module == name or module.startswith(name + ".") for name in allowed
            ):
                violations.append(f"{source.path}:{line}: cosmati.{room} may not import {module}")
    check(violations)


def test_importing_the_package_needs_the_standard_library_alone() -> None:
    """NumPy, torch and what else a user brings is imported where it is used; see cli.

    compat's two files about torch are imported by whoever asked for torch on the virtual machine.
    """
    violations = []
    for source in sources(".py", under=PACKAGE):
        may_import = (PACKAGE + "testing", PACKAGE + "cli", PACKAGE + "compat/torch_")
        if source.path.startswith(may_import):
            continue
        for line, module, at_import in imports(source):
            top = module.partition(".")[0]
            if at_import and top != "cosmati" and top not in sys.stdlib_module_names:
                violations.append(f"{source.path}:{line}: imports {module} when it is imported")
    check(violations)


def test_kernels_stand_on_the_python_package_alone() -> None:
    """Kernels are written as a user would write them, with no C++ module of their own."""
    violations = []
    for source in sources(".py", under="kernels/"):
        for line, module, _ in imports(source):
            if module.startswith(("cosmati._core", "cosmati.frontend")):
                violations.append(f"{source.path}:{line}: kernels may not import {module}")
    check(violations)
