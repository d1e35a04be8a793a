"""Writes the stub files of modules whose functions type checkers and editors can't see.

Functions of the language that are written in the language are objects with a ``__call__``; those
of libdevice are made from a table, and the methods of ``tl.tensor`` are attached by their modules.

    python tools/stubs.py             # writes the files
    python tools/stubs.py --check     # fails where one is not what it would write
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cosmati
import cosmati.language as tl

LANGUAGE = Path(__file__).resolve().parents[1] / "python" / "cosmati" / "language"
_HEAD = '"""Made by tools/stubs.py; do not edit."""\n\nfrom typing import Any\n\n'
_RESULTS = {
    "cdiv": "Any",
    "max": "Any",  # a tuple with return_indices
    "min": "Any",
    "swizzle2d": "tuple[tensor, tensor]",
    "pair_uniform_to_normal": "tuple[tensor, tensor]",
    "split": "tuple[tensor, tensor]",
    **dict.fromkeys(
        ("philox", "philox_impl", "randint4x", "rand4x", "randn4x"),
        "tuple[tensor, tensor, tensor, tensor]",
    ),
}
_PAIRS = {"sincos", "fast_sincosf", "sincospi", "modf", "frexp", "remquo"}


def _parameter(parameter: inspect.Parameter) -> str:
    star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    default = "" if parameter.default is parameter.empty else " = ..."
    return f"{star}{parameter.name}: Any{default}"


def _parameters(function: Any, skip: int = 0) -> list[str]:
    signature = inspect.signature(getattr(function, "fn", function))
    found = list(signature.parameters.values())[skip:]
    texts = []
    for index, parameter in enumerate(found):
        before = found[index - 1].kind if index else None
        if parameter.kind is parameter.KEYWORD_ONLY and before not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            texts.append("*")
        texts.append(_parameter(parameter))
    return texts


def _define(name: str, parameters: list[str], result: str, indent: str = "") -> str:
    line = f"{indent}def {name}({', '.join(parameters)}) -> {result}: ..."
    if len(line) <= 100:
        return line
    inner = f"{indent}    {', '.join(parameters)}"
    if len(inner) > 100:
        inner = "\n".join(f"{indent}    {parameter}," for parameter in parameters)
    return f"{indent}def {name}(\n{inner}\n{indent}) -> {result}: ..."


def language_stub(module_name: str) -> str:
    """Of a module whose functions are written in the language."""
    module = importlib.import_module(f"cosmati.language.{module_name}")
    imports, constants, functions = {"cosmati.language.tensor": ["tensor"]}, [], []
    for name, value in vars(module).items():
        home = getattr(value, "__module__", "") or ""
        if isinstance(value, tl.constexpr):
            constants.append(f"{name}: constexpr")
            imports.setdefault("cosmati.language.constexpr", ["constexpr"])
        elif inspect.ismodule(value) or not callable(value) or not home.startswith("cosmati."):
            continue
        elif home == module.__name__:
            result = "Any" if name.startswith("_") else _RESULTS.get(name, "tensor")
            functions.append(_define(name, _parameters(value), result))
        elif name in module.__all__ or name.startswith("_"):
            imports.setdefault(home, []).append(f"{name} as {name}")
    lines = [
        f"from {home} import {item}" for home in sorted(imports) for item in sorted(imports[home])
    ]
    exported = _exports(module.__all__)
    constants += [""] if constants else []
    return _HEAD + "\n".join([*lines, "", *constants, *functions, "", exported]) + "\n"


def _exports(names: list[str]) -> str:
    return "\n".join(["__all__ = [", *(f'    "{name}",' for name in sorted(names)), "]"])


def libdevice_stub() -> str:
    """Of CUDA's device functions: their number of arguments, which are positional."""
    from cosmati.language.extra import libdevice

    lines = []
    for name in libdevice.__all__:
        if name in libdevice._TABLES:
            count = len(next(iter(libdevice._TABLES[name])))
            parameters = [*(f"arg{i}: Any" for i in range(count)), "/"]
        else:
            parameters = _parameters(getattr(libdevice, name))
        result = "tuple[tensor, tensor]" if name in _PAIRS else "tensor"
        lines.append(_define(name, parameters, result))
    head = _HEAD + "from cosmati.language.tensor import tensor\n\n"
    return head + "\n".join([*lines, "", _exports(libdevice.__all__)]) + "\n"


def members_stub() -> str:
    """Of the base class that ``tensor`` has for type checkers: the methods attached to it."""
    tree = ast.parse((LANGUAGE / "tensor.py").read_text(encoding="utf-8"))
    (body,) = (n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "tensor")
    own = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    lines = []
    for name in sorted(set(vars(tl.tensor)) - own):
        value = vars(tl.tensor)[name]
        attached = isinstance(value, property) or inspect.isfunction(value)
        if name.startswith("_") or not attached:
            continue
        function = getattr(tl, name) if isinstance(value, property) else value
        result = inspect.signature(getattr(function, "fn", function)).return_annotation
        result = result if result in ("None", "Any") else _RESULTS.get(name, "tensor")
        lines.append(_define(name, ["self", *_parameters(function, skip=1)], result, "    "))
    head = _HEAD + (
        "from cosmati.language.base import base_value\nfrom cosmati.language.tensor import tensor\n"
    )
    return head + "\nclass Members(base_value):\n" + "\n".join(lines) + "\n"


def stubs() -> Iterator[tuple[Path, Callable[[], str]]]:
    for name in ("standard", "sorting", "random"):
        yield LANGUAGE / f"{name}.pyi", lambda name=name: language_stub(name)  # type: ignore[misc]
    yield LANGUAGE / "extra" / "libdevice.pyi", libdevice_stub
    yield LANGUAGE / "_members.pyi", members_stub


def outdated() -> list[str]:
    """The files that are not what this program writes."""
    return [
        path.name
        for path, make in stubs()
        if not path.exists() or path.read_text(encoding="utf-8") != make()
    ]


def main() -> int:
    assert cosmati.language is tl
    if "--check" in sys.argv[1:]:
        print("\n".join(outdated()))
        return bool(outdated())
    for path, make in stubs():
        path.write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
