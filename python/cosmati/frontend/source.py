"""The source of a kernel function: read and parsed once, when first needed."""

from __future__ import annotations

import ast
import linecache
import opcode
import textwrap
import types
import weakref
from dataclasses import dataclass
from typing import Any

from cosmati.errors import CosmatiError, SourcePlace


@dataclass(frozen=True)
class FunctionSource:
    """A function's syntax tree and where it stands.

    ``node``'s line numbers count from the start of the snippet that was parsed; ``relative_line``
    turns them into lines from the ``def`` (which is line 1), the form that IR and images carry.
    """

    name: str
    file: str
    first_line: int  # absolute line of the `def`
    node: ast.FunctionDef
    lines: tuple[str, ...]  # of the function, from its `def` on

    def relative_line(self, node: ast.AST) -> int:
        return int(getattr(node, "lineno", self.node.lineno)) - self.node.lineno + 1

    def place(self, node: ast.AST) -> SourcePlace:
        """Where a node stands now, with its first line of text."""
        relative = self.relative_line(node)
        column = int(getattr(node, "col_offset", 0))
        end_column = int(getattr(node, "end_col_offset", column + 1))
        text = self.lines[relative - 1] if 1 <= relative <= len(self.lines) else ""
        raw = text.encode()  # columns of the tree count bytes of UTF-8
        if getattr(node, "end_lineno", None) != getattr(node, "lineno", None):
            end_column = len(raw.rstrip())
        start = len(raw[:column].decode(errors="replace"))
        end = len(raw[:end_column].decode(errors="replace"))
        line = self.first_line + relative - 1
        own = (relative, max(start - self._indent, 0))
        return SourcePlace(self.file, line, start + 1, end + 1, text, self.name, own)

    @property
    def _indent(self) -> int:
        """Columns in front of the ``def``."""
        return len(self.lines[0]) - len(self.lines[0].lstrip())

    def argument(self, name: str) -> ast.AST:
        """The syntax of a parameter."""
        arguments = self.node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg)
        return next((item for item in every if item is not None and item.arg == name), self.node)

    @property
    def text(self) -> str:
        """The function's own text without its place in the file: its lines, indented from 0."""
        indent = self._indent
        return "\n".join(
            line[indent:] if not line[:indent].strip() else line.lstrip() for line in self.lines
        )


def descendants(root: ast.AST) -> list[ast.AST]:
    """The tree's nodes but operators and contexts, in no particular order; made once per tree."""
    known = root.__dict__.get("_descendants")
    if known is not None:
        return known  # type: ignore[no-any-return]
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        found.append(node)
        for name in _children(type(node)):
            value = getattr(node, name, None)
            if type(value) is list:
                stack.extend([item for item in value if item.__class__.__module__ == "ast"])
            elif value is not None:
                stack.append(value)
    root.__dict__["_descendants"] = found
    return found


_NO_NODES = {"ctx", "op", "ops", "id", "attr", "arg", "name", "kind", "type_comment", "simple",
             "is_async", "conversion", "level", "module", "names", "asname"}  # fmt: skip


_child_fields: dict[Any, tuple[str, ...]] = {ast.Constant: ()}


def _children(kind: Any) -> tuple[str, ...]:
    """The fields of a kind of node in which nodes are."""
    known = _child_fields.get(kind)
    if known is None:
        known = tuple(name for name in kind._fields if name not in _NO_NODES)
        _child_fields[kind] = known
    return known


def qualified_name(fn: Any) -> str:
    """``module.function``, the name that locations carry."""
    return f"{fn.__module__}.{fn.__qualname__}"


_known: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()


def register(name: str, owner: Any) -> None:
    """Lets ``locate`` find the live function of that name; ``owner.source`` is its source."""
    _known[name] = owner


def locate(name: str) -> tuple[str, int] | None:
    """File and line of the ``def`` of a function named in an image; None if it isn't alive."""
    owner = _known.get(name)
    if owner is None:
        return None
    try:
        source = owner.source
    except CosmatiError:
        return None
    return source.file, source.first_line


class SourceError(CosmatiError, ValueError):
    """A jit function whose source can't be read, or is no longer what was imported."""


def source_from_text(fn: types.FunctionType, text: str) -> FunctionSource:
    """A source for ``fn`` that stands in no file: the text of one ``def``, decorators left out."""
    lines = textwrap.dedent(text).splitlines(keepends=True)
    node = _parse_snippet(lines)
    if node is None:
        raise SourceError(f"the new source of {fn.__qualname__} is no function definition")
    shown = tuple(line.rstrip("\n") for line in lines[node.lineno - 2 :])
    return FunctionSource(qualified_name(fn), f"<source of {fn.__qualname__}>", 1, node, shown)


def read_source(fn: types.FunctionType) -> FunctionSource:
    """Reads and parses the source of ``fn``.

    Raises SourceError where there is none (a function made by ``exec``), or where the file no
    longer holds the function that was imported.
    """
    code = fn.__code__
    linecache.checkcache(code.co_filename)
    all_lines = linecache.getlines(code.co_filename, fn.__globals__)
    if not all_lines:
        raise SourceError(
            f"@jit functions should be defined in a Python file: the source of {fn.__qualname__} "
            f"is not readable from {code.co_filename}"
        )
    start = code.co_firstlineno - 1
    node, end = _parse(all_lines, start, _last_line(code))
    wanted = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    found = () if node is None else tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args,
                                                          *node.args.kwonlyargs))  # fmt: skip
    same = node is not None and node.name == fn.__name__ and found == wanted
    if node is None or not same or not _compiles_to(node, fn):
        raise SourceError(
            f"the source of {fn.__qualname__} changed on disk since it was imported: "
            f"{code.co_filename}:{code.co_firstlineno} no longer defines it. Restart the program"
        )
    def_offset = node.lineno - 1  # lines of the snippet before the `def`
    first = start + def_offset - 1  # the snippet has one line before the source's first
    lines = tuple(line.rstrip("\n") for line in all_lines[first : end + 1])
    return FunctionSource(qualified_name(fn), code.co_filename, first + 1, node, lines)


def _compiles_to(node: ast.FunctionDef, fn: types.FunctionType) -> bool:
    """Whether the source is that of the code which was imported.

    Functions whose bytecode depends on more than their own text are taken on trust: those in
    functions and classes, and those with an ``assert``, which pytest rewrites.
    """
    trusted = fn.__qualname__ != fn.__name__
    if trusted or any(isinstance(item, ast.Assert) for item in descendants(node)):
        return True
    bare = ast.FunctionDef(**{**dict(ast.iter_fields(node)), "decorator_list": []})
    module = ast.Module([ast.copy_location(bare, node)], [])
    compiled = compile(module, fn.__code__.co_filename, "exec", dont_inherit=True)
    codes = [item for item in compiled.co_consts if isinstance(item, types.CodeType)]
    ours = next((code for code in codes if code.co_name == fn.__name__), None)
    return ours is not None and _content(ours) == _content(fn.__code__)


_OPERATORS = frozenset(
    number
    for name, number in opcode.opmap.items()
    if name.startswith(("BINARY_", "COMPARE_", "UNARY_", "INPLACE_", "CONTAINS_", "IS_"))
)


def _content(code: types.CodeType) -> tuple[object, ...]:
    """What a function names, which constants it has and which operators it applies.

    The rest of the bytecode depends on the module, too: on what it imports, for one.
    """
    raw = code.co_code
    operators = [raw[at : at + 2] for at in range(0, len(raw), 2) if raw[at] in _OPERATORS]
    constants = [repr(item) for item in code.co_consts if not isinstance(item, types.CodeType)]
    return operators, sorted(code.co_names), code.co_varnames, constants


def _last_line(code: types.CodeType) -> int:
    """0-based index of the last line that compiled to something."""
    last = max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            last = max(last, _last_line(constant) + 1)
    return last - 1


def _parse(lines: list[str], start: int, last: int) -> tuple[ast.FunctionDef | None, int]:
    """The function that starts at line ``start`` and ends at ``last`` or later.

    The end is the last line before one that is indented less; where the snippet doesn't parse (a
    bracket or string that is still open), the next such line is tried.
    """
    indent = _indent(lines[start])
    end = last
    while True:
        while end + 1 < len(lines) and _continues(lines[end + 1], indent):
            end += 1
        stop = end
        while stop > last and not _is_code(lines[stop]):
            stop -= 1
        node = _parse_snippet(lines[start : stop + 1])
        if node is not None or end + 1 >= len(lines):
            return node, stop
        end += 1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_code(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith("#")


def _continues(line: str, indent: int) -> bool:
    return not _is_code(line) or _indent(line) > indent


def _parse_snippet(lines: list[str]) -> ast.FunctionDef | None:
    # A line in front, so that an indented function parses and columns stay what they are.
    header = "if 1:\n" if _indent(lines[0]) else "\n"
    try:
        module = ast.parse(header + "".join(lines))
    except SyntaxError:
        return None
    first: Any = module.body[0] if module.body else None
    if isinstance(first, ast.If):
        first = first.body[0]
    return first if isinstance(first, ast.FunctionDef) else None
