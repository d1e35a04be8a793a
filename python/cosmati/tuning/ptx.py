"""The instructions of a kernel's PTX, in basic blocks: what estimates read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LABEL = re.compile(r"^\s*([$%\w]+):(?!:)\s*")
_STATEMENT = re.compile(r"^(?:@(!?)(%[\w$]+)\s+)?([a-z][\w.:]*)\s*(.*)$", re.DOTALL)
_FUNCTION = re.compile(r"\.func\s+(?:\([^)]*\)\s*)?([$\w]+)")
_NO_INSTRUCTION = (".loc", ".file", ".section", ".version", ".target", ".address_size", ".pragma")


@dataclass(frozen=True)
class Instruction:
    """One instruction. ``guard``: register of its predicate, or ""; ``negated``: of @!%p."""

    opcode: str
    operands: tuple[str, ...]
    guard: str = ""
    negated: bool = False

    @property
    def parts(self) -> list[str]:
        return self.opcode.split(".")


@dataclass
class Block:
    """Instructions that run one after the other; only the last may branch."""

    body: list[Instruction] = field(default_factory=list)


@dataclass
class Listing:
    """A function's blocks in order, and the block that each label stands before.

    ``functions``: those that the kernel may call, by name.
    """

    blocks: list[Block]
    labels: dict[str, int]
    functions: dict[str, Listing] = field(default_factory=dict)


def split_operands(text: str) -> tuple[str, ...]:
    """Operands of an instruction: commas in braces and brackets don't part them."""
    operands, depth, start = [], 0, 0
    for position, char in enumerate(text):
        if char in "{[(":
            depth += 1
        elif char in "}])":
            depth -= 1
        elif char == "," and depth == 0:
            operands.append(text[start:position].strip())
            start = position + 1
    last = text[start:].strip()
    return (*operands, last) if last else tuple(operands)


def _bodies(text: str) -> list[tuple[str, list[str]]]:
    """(name, lines) of each function; the entry's name is ""."""
    found: list[tuple[str, list[str]]] = []
    header, depth = "", 0
    for line in text.splitlines():
        rest = line.partition("//")[0].strip()
        if depth == 0 and rest != "{":
            header = f"{header} {rest}" if rest else header
            if ";" in rest:  # a declaration
                header = ""
            continue
        if depth == 0:
            name = _FUNCTION.search(header)
            found.append(("" if ".entry" in header or name is None else name[1], []))
            header = ""
        depth += rest.count("{") - rest.count("}")
        found[-1][1].append(rest)
    return found


def _statements(lines: list[str]) -> list[str]:
    """Statements and labels ("name:") of a body, in order."""
    found: list[str] = []
    pending = ""
    for rest in lines:
        if not rest or rest.startswith(_NO_INSTRUCTION):
            continue
        if not pending:
            label = _LABEL.match(rest)
            if label:
                found.append(label[1] + ":")
                rest = rest[label.end() :]
        while ";" in rest:
            part, _, rest = rest.partition(";")
            found.append(f"{pending} {part}".lstrip(" \t{}").strip())
            pending = ""
        # A brace by itself is a scope; one within a statement is a vector of registers.
        if rest.strip(" \t{}") or (pending and rest.strip()):
            pending = f"{pending} {rest.strip()}".strip()
    return found


def read_ptx(text: str) -> Listing:
    """The blocks of a module with one kernel, as this compiler writes it."""
    bodies = {name: _read_body(lines) for name, lines in _bodies(text)}
    entry = bodies.pop("", Listing([Block()], {}))
    entry.functions = bodies
    return entry


def _read_body(lines: list[str]) -> Listing:
    blocks = [Block()]
    labels: dict[str, int] = {}
    for statement in _statements(lines):
        if statement.endswith(":"):
            if blocks[-1].body:
                blocks.append(Block())
            labels[statement[:-1]] = len(blocks) - 1
            continue
        match = _STATEMENT.match(statement)
        if match is None:  # a declaration
            continue
        one = Instruction(match[3], split_operands(match[4]), match[2] or "", bool(match[1]))
        blocks[-1].body.append(one)
        if one.parts[0] in ("bra", "ret", "exit", "brx", "trap"):
            blocks.append(Block())
    return Listing(blocks, labels)
