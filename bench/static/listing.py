"""Instructions and loops of a listing: PTX, or machine code as nvdisasm prints it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Instruction:
    """One instruction: its first line (from 1), opcode without guard, and the whole text."""

    line: int
    opcode: str
    text: str


@dataclass
class Listing:
    """Instructions in order; ``labels`` and ``jumps`` hold positions among them."""

    instructions: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    jumps: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Loop:
    """The instructions from a label to the branch that goes back to it."""

    body: tuple[Instruction, ...]
    first: int
    last: int

    @property
    def lines(self) -> set[int]:
        return {one.line for one in self.body}


_LABEL = re.compile(r"^\s*([$%.A-Za-z_][\w$.]*)\s*:\s*")
_GUARD = re.compile(r"^@!?%?\w+\s+")


def read_ptx(text: str) -> Listing:
    """The instructions of a module with one kernel. Statements may span lines or share one."""
    found = Listing()
    statement, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        rest = line.partition("//")[0]
        if not statement:
            label = _LABEL.match(rest)
            if label and "::" not in rest[: label.end() + 1]:
                found.labels[label[1]] = len(found.instructions)
                rest = rest[label.end() :]
            if rest.lstrip().startswith((".loc", ".file", ".section", ".version", ".target")):
                continue
        while ";" in rest:
            part, _, rest = rest.partition(";")
            _add_ptx(found, (statement + " " + part).lstrip(" \t{}"), start or number)
            statement, start = "", 0
        if rest.strip(" \t{}()") or (statement and rest.strip()):
            statement, start = f"{statement} {rest.strip()}", start or number
            if statement.lstrip().startswith(".") and "(" not in statement:
                if not statement.lstrip().startswith((".reg", ".shared", ".local", ".pragma")):
                    statement, start = "", 0
    return found


def _add_ptx(found: Listing, text: str, line: int) -> None:
    bare = _GUARD.sub("", text.strip())
    words = bare.split(None, 1)
    # What precedes the first instruction of a body is its signature.
    if not words or not re.match(r"^[a-z][a-z0-9_]*(\.|$)", words[0]):
        return
    if words[0].split(".")[0] == "bra":
        found.jumps.append((len(found.instructions), words[1].strip()))
    found.instructions.append(Instruction(line, words[0], text.strip()))


_SASS = re.compile(r"^\s*/\*[0-9a-f]{4,}\*/\s+(.*?)\s*;")
_SASS_LABEL = re.compile(r"^(\.L_[\w.]+):")
_SASS_TARGET = re.compile(r"`\((\.L_[\w.]+)\)")


def read_sass(text: str) -> Listing:
    """The instructions of a cubin with one kernel."""
    found = Listing()
    for number, line in enumerate(text.splitlines(), 1):
        label = _SASS_LABEL.match(line)
        if label:
            found.labels[label[1]] = len(found.instructions)
            continue
        match = _SASS.match(line)
        if not match:
            continue
        bare = re.sub(r"^@!?U?P\w+\s+", "", match[1])
        opcode = bare.split(None, 1)[0]
        target = _SASS_TARGET.search(bare)
        if opcode.startswith("BRA") and target:
            found.jumps.append((len(found.instructions), target[1]))
        found.instructions.append(Instruction(number, opcode, match[1]))
    return found


def loops(listing: Listing) -> list[Loop]:
    """Every loop, by its backward branch."""
    found = []
    for at, target in listing.jumps:
        start = listing.labels.get(target)
        if start is not None and start <= at:
            found.append(Loop(tuple(listing.instructions[start : at + 1]), start, at))
    return found


def innermost(listing: Listing, has: Callable[[Instruction], bool]) -> list[Loop]:
    """Loops that have such an instruction, and no smaller loop within them that has one."""
    able = [loop for loop in loops(listing) if any(has(one) for one in loop.body)]
    return [
        loop
        for loop in able
        if not any(
            other is not loop and loop.first <= other.first and other.last <= loop.last
            for other in able
            if (other.first, other.last) != (loop.first, loop.last)
        )
    ]


def main_loop(found: Sequence[Loop], is_product: Callable[[Instruction], bool]) -> Loop | None:
    """Of some loops the one with the most products and the least of everything else: the others
    are its tail, or have masks that it does without.
    """

    def rank(loop: Loop) -> tuple[int, int]:
        return -sum(map(is_product, loop.body)), len(loop.body)

    return min(found, key=rank, default=None)


_INTEGER = r"\.(s|u|b)(8|16|32|64)\b"
# In order; the first that matches an instruction's opcode is its class.
PTX_CLASSES: Sequence[tuple[str, str]] = (
    ("mma.sync", r"^mma\."),
    ("wgmma", r"^wgmma\.mma_async"),
    ("ldmatrix", r"^ldmatrix"),
    ("stmatrix", r"^stmatrix"),
    ("cp.async", r"^cp\.async\.c[ag]\."),
    ("commit/wait", r"^cp\.async\.(commit|wait)"),
    ("ld.shared", r"^ld(\.volatile)?\.shared"),
    ("st.shared", r"^st(\.volatile)?\.shared"),
    ("local", r"^(ld|st)\.local"),
    ("ld.global", r"^ld\.(global|nc|volatile\.global)|^ld\.global"),
    ("st.global", r"^(st\.global|red\.|atom\.)"),
    ("bar", r"^bar(rier)?\."),
    ("shfl", r"^shfl"),
    ("fma", r"^fma\.\w+\.(ftz\.)?f(32|64)|^fma\.(rn|rz)\.f32"),
    ("special", r"^(ex2|lg2|rcp|rsqrt|sqrt|sin|cos|tanh|div\.(full|approx|rn)\.)"),
    ("prmt", r"^prmt"),
    ("cvt", r"^cvt"),
    ("mov", r"^(mov|cvta)"),
    ("branch", r"^(bra|ret|call)"),
    ("int mul", rf"^(mul|mad|div|rem)\S*{_INTEGER}"),
    ("int add", rf"^(add|sub)\S*{_INTEGER}"),
    ("predicate", rf"^(setp|selp|slct|set)\S*{_INTEGER}|^\w+\.pred\b"),
    ("int logic", rf"^(sh[lr]|and|or|xor|not|bf[ei]|lop3|shf|min|max|neg|abs|bfind)\S*{_INTEGER}"),
    ("float", r"\.(bf16|f16|f32|f64)"),
)

SASS_CLASSES: Sequence[tuple[str, str]] = (
    ("MMA", r"^(HMMA|IMMA|QMMA|BMMA|DMMA|HGMMA|IGMMA|QGMMA)"),
    ("LDSM", r"^LDSM"),
    ("LDGSTS", r"^LDGSTS"),
    ("LDS", r"^LDS"),
    ("STS", r"^(STS|STSM)"),
    ("LDG", r"^LDG\b"),
    ("STG", r"^(STG|RED|ATOM)"),
    ("local", r"^(LDL|STL)"),
    ("BAR/DEPBAR", r"^(BAR|LDGDEPBAR|DEPBAR|WARPSYNC)"),
    ("SHFL", r"^SHFL"),
    ("IMAD.MOV", r"^(IMAD\.MOV|MOV|UMOV|CS2R)"),
    ("IADD/IMAD/LEA", r"^(U?IADD|U?IMAD|U?LEA|VIADD|UIADD3|IABS|IMNMX|VIMNMX)"),
    ("LOP/SHF", r"^(U?LOP|U?SHF|U?SHL|U?SHR|SGXT|BMSK)"),
    ("PRMT", r"^U?PRMT"),
    ("SETP/SEL", r"^(U?ISETP|U?SEL|PLOP3|UPLOP3|FSETP|FSEL|P2R|R2P)"),
    ("convert", r"^(F2F|F2I|I2F|I2I|F2FP|I2FP|HADD2\.F32|FRND)"),
    ("MUFU", r"^MUFU"),
    ("FFMA", r"^FFMA"),
    ("float", r"^(FADD|FMUL|FMNMX|HFMA2|HADD2|HMUL2|HMNMX2|FCHK|DADD|DMUL|DFMA)"),
    ("branch", r"^(BRA|EXIT|BSSY|BSYNC|NOP|CALL|RET)"),
)


def mix(body: Sequence[Instruction], classes: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Instructions by class, "all" of them, and "other" where none fits; zeros are left out."""
    counts: Counter[str] = Counter(all=len(body))
    for one in body:
        counts[class_of(one, classes)] += 1
    return {name: counts[name] for name in ("all", *(name for name, _ in classes), "other")
            if counts[name]}  # fmt: skip


def class_of(one: Instruction, classes: Sequence[tuple[str, str]]) -> str:
    """The instruction's class."""
    for name, pattern in classes:
        if re.search(pattern, one.opcode):
            return name
    return "other"
