"""Joins kernels that tools.compile wrote behind one function.

    python -m cosmati.tools.link add.*.h -o add

writes ``add.h`` and ``add.c`` with, for a kernel ``add``,

    CUresult add(CUstream stream, ..., int algo_id);   one of the sets of constants and options
    CUresult add_default(CUstream stream, ...);        the first
    int add_get_num_algos(void);
    CUresult load_add(void), unload_add(void);

Among the variants of one set the first is launched whose hints hold: those with most hints are
asked first. Where none holds, or ``algo_id`` is out of range, the answer is
CUDA_ERROR_INVALID_VALUE.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmati.errors import CosmatiError
from cosmati.tools.templates import PRELUDE

_DIRECTIVE = re.compile(r"^//\s*tt-linker:\s*(\w+):([^:]*):(\w*)\s*$", re.MULTILINE)
_NAME = re.compile(r"^(\w+)_([0-9a-f]{8})_((?:\d+[cd])*)$")


class LinkerError(CosmatiError):
    """Headers that can't be joined."""


@dataclass(frozen=True)
class Variant:
    """One compiled kernel: its function, and what it asks of arguments (16 or 1)."""

    function: str
    kernel: str
    algorithm: str
    types: tuple[str, ...]
    names: tuple[str, ...]
    hints: tuple[int | None, ...]

    def parameters(self, all_of_them: bool = True) -> str:
        pairs = zip(self.types, self.names, self.hints, strict=True)
        return "".join(f", {t} {n}" for t, n, hint in pairs if all_of_them or hint != 1)

    def arguments(self, all_of_them: bool = True) -> str:
        pairs = zip(self.names, self.hints, strict=True)
        return "".join(f", {n}" for n, hint in pairs if all_of_them or hint != 1)

    def condition(self) -> str:
        tests = [
            f"(uintptr_t){name} % 16 == 0" if hint == 16 else f"{name} == 1"
            for name, hint in zip(self.names, self.hints, strict=True)
            if hint is not None
        ]
        return " && ".join(tests) or "1"


def read_header(text: str, file: str) -> Variant:
    """The variant that a header of tools.compile declares.

    Examples
    --------
    >>> read_header(Path("scale.80.h").read_text(), "scale.80.h").kernel  # doctest: +SKIP
    'scale'
    """
    found = _DIRECTIVE.search(text)
    if found is None:
        raise LinkerError(f"{file}: no `// tt-linker:` line; is it a header of tools.compile?")
    function, signature, algorithm = found.groups()
    name = _NAME.match(function)
    if name is None:
        raise LinkerError(f"{file}: {function} is not a valid kernel name")
    types, names = [], []
    for part in [part.strip() for part in signature.split(",") if part.strip()]:
        kind, _, label = part.rpartition(" ")
        if not kind:
            raise LinkerError(f"{file}: {part!r} is not a valid argument signature")
        types.append(kind)
        names.append(label)
    return Variant(function, name.group(1), algorithm, tuple(types), tuple(names),
                   _hints(name.group(3), text, names, file))  # fmt: skip


def _hints(suffix: str, text: str, names: list[str], file: str) -> tuple[int | None, ...]:
    """Hints of the parameters that are left once those are gone whose values are compiled in.

    The suffix counts all of the kernel's parameters; ``cosmati-hints`` names those that have one.
    """
    line = re.search(r"^// cosmati-hints:(.*)$", text, re.MULTILINE)
    if line is None:
        raise LinkerError(f"{file}: no `// cosmati-hints:` line; compile the kernel again")
    known = dict(pair.split("=") for pair in line.group(1).split())
    if len(known) != len(re.findall(r"\d+[cd]", suffix)):
        raise LinkerError(f"{file}: the name's suffix {suffix!r} and the hints {known} differ")
    return tuple(int(known[name]) if name in known else None for name in names)


def link(headers: Sequence[Path], out: Path, prefix: str = "") -> list[Path]:
    """Writes ``out``.h and ``out``.c; gives both paths.

    Examples
    --------
    >>> link([Path("scale.80.h"), Path("scale.90.h")], Path("scale"))  # doctest: +SKIP
    [PosixPath('scale.h'), PosixPath('scale.c')]
    """
    if not headers:
        raise LinkerError("no headers were given")
    variants = [read_header(path.read_text(), str(path)) for path in headers]
    kernels = sorted({variant.kernel for variant in variants})
    if len(kernels) != 1:
        raise LinkerError(f"the headers are of several kernels: {', '.join(kernels)}")
    first = variants[0]
    for variant in variants:
        if variant.types != first.types:
            raise LinkerError(
                f"Mismatched signature for kernel {first.kernel}: {first.function} takes "
                f"({', '.join(first.types)}), {variant.function} takes ({', '.join(variant.types)})"
            )
    name = prefix + first.kernel
    groups: dict[str, list[Variant]] = {}
    for variant in variants:
        groups.setdefault(variant.algorithm, []).append(variant)
    header, source = out.with_suffix(".h"), out.with_suffix(".c")
    header.write_text(_header(name, first))
    source.write_text(_source(name, first, groups, header.name, [p.name for p in headers]))
    return [header, source]


def _header(name: str, first: Variant) -> str:
    return f"""#pragma once
{PRELUDE}
#ifdef __cplusplus
extern "C" {{
#endif
CUresult {name}_default(CUstream stream{first.parameters()});
CUresult {name}(CUstream stream{first.parameters()}, int algo_id);
int {name}_get_num_algos(void);
CUresult load_{name}(void);
CUresult unload_{name}(void);
#ifdef __cplusplus
}}
#endif
"""


def _source(name: str, first: Variant, groups: dict[str, list[Variant]], header: str,
            includes: list[str]) -> str:  # fmt: skip
    parts = [f'#include "{header}"', *(f'#include "{include}"' for include in includes), ""]
    for number, group in enumerate(groups.values()):
        parts.append(_dispatcher(f"algorithm_{number}", group))
    count = len(groups)
    table = ", ".join(f"algorithm_{number}" for number in range(count))
    parts.append(f"""typedef CUresult (*algorithm)(CUstream stream{first.parameters()});
static const algorithm algorithms[] = {{{table}}};

int {name}_get_num_algos(void) {{ return {count}; }}

CUresult {name}(CUstream stream{first.parameters()}, int algo_id) {{
  if (algo_id < 0 || algo_id >= {count})
    return CUDA_ERROR_INVALID_VALUE;
  return algorithms[algo_id](stream{first.arguments()});
}}

CUresult {name}_default(CUstream stream{first.parameters()}) {{
  return {name}(stream{first.arguments()}, 0);
}}
""")
    functions = [variant.function for group in groups.values() for variant in group]
    for what in ("load", "unload"):
        calls = "\n".join(
            f"  one = {what}_{function}();\n  result = result == CUDA_SUCCESS ? one : result;"
            for function in functions
        )
        parts.append(f"CUresult {what}_{name}(void) {{\n  CUresult one, result = CUDA_SUCCESS;\n"
                     f"{calls}\n  return result;\n}}\n")  # fmt: skip
    return "\n".join(parts)


def _dispatcher(name: str, group: list[Variant]) -> str:
    def count(variant: Variant) -> int:
        return sum(hint is not None for hint in variant.hints)

    lines = [f"static CUresult {name}(CUstream stream{group[0].parameters()}) {{"]
    for variant in sorted(group, key=count, reverse=True):
        lines.append(f"  if ({variant.condition()})")
        lines.append(f"    return {variant.function}(stream{variant.arguments(False)});")
    lines += ["  return CUDA_ERROR_INVALID_VALUE;", "}", ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m cosmati.tools.link", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("headers", nargs="+", type=Path, help="headers of tools.compile")
    parser.add_argument("--out", "-o", type=Path, required=True, help="path without ending")
    parser.add_argument("--prefix", default="", help="in front of the functions' names")
    options = parser.parse_args(arguments)
    try:
        link(options.headers, options.out, options.prefix)
    except (CosmatiError, OSError) as error:
        print(f"cosmati.tools.link: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
