"""Makes a failing program smaller while it keeps failing in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from fuzzing.program import (
    Array,
    Call,
    EarlyReturn,
    For,
    If,
    Machine,
    Op,
    Pointer,
    Program,
    Reject,
    Return,
    Statement,
    Value,
    While,
    tl_name,
    uses_of,
    walk,
)
from fuzzing.runner import Mismatch, check


def kind_of(error: Mismatch) -> str:
    """What must stay the same: wrong results, or the class of the exception and its first words."""
    text = str(error)
    if "elements differ" in text:
        return "wrong result"
    return " ".join(word for word in text.split()[:8] if not any(c.isdigit() for c in word))


def failure(program: Program) -> str | None:
    try:
        check(program)
    except Mismatch as error:
        return kind_of(error)
    except (Reject, KeyError):
        return None
    return None


def reduce(program: Program, log: Callable[[str], None] = lambda text: None) -> Program:
    """The smallest program found that fails like this one."""
    wanted = failure(program)
    if wanted is None:
        return program
    changed = True
    while changed:
        changed = False
        for candidate in candidates(program):
            tidy(candidate)
            if candidate.text() == program.text():
                continue
            if failure(candidate) == wanted:
                log(f"{len(list(walk(candidate.body)))} statements")
                program, changed = candidate, True
                break
    return program


def tidy(program: Program) -> None:
    """Drops what nothing uses any more."""
    drop_unused(program.body, set())
    text = program.text()
    header = text.index("def kernel(")
    body = text[text.index("\n", header) :]
    for names in (program.arrays, program.scalars):
        for name in list(names):
            if not mentions(body, name):
                del names[name]  # type: ignore[attr-defined]


def mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def drop_unused(body: list[Statement], needed_after: set[str]) -> None:
    """Removes statements whose results nothing needs, from the end."""
    needed = set(needed_after)
    for i in range(len(body) - 1, -1, -1):
        statement = body[i]
        loops = isinstance(statement, (For, While))
        for inner in statement.bodies():
            if not isinstance(statement, Call):
                drop_unused(inner, needed | (uses_of(inner) if loops else set()))
        binds = bool(set(statement.results) & needed)
        if isinstance(statement, (Op, Call)) and statement.results and not binds:
            del body[i]
            continue
        if statement.bodies() and not isinstance(statement, Call) and not any(statement.bodies()):
            del body[i]
            continue
        needed = (needed - set(statement.results)) | statement.uses()


def candidates(program: Program) -> Iterator[Program]:
    """Simpler programs, the boldest first."""
    for warps in (1, 2, 4):
        if program.options["num_warps"] > warps:
            twin = program.clone()
            twin.options["num_warps"] = warps
            yield twin
    if program.programs > 1:
        twin = program.clone()
        twin.programs = 1
        yield twin
    for index in range(len(list(walk(program.body)))):
        yield from without(program, index)
    values = recorded(program)
    for index, statement in enumerate(program.body):
        if isinstance(statement, EarlyReturn) or not statement.results:
            continue
        if isinstance(statement, Op) and statement.text.startswith("tl.load(in"):
            continue
        if all(name in values for name in statement.results):
            yield with_inputs(program, index, values)


def bodies_of(program: Program) -> Iterator[list[Statement]]:
    def visit(body: list[Statement]) -> Iterator[list[Statement]]:
        yield body
        for statement in body:
            for inner in statement.bodies():
                yield from visit(inner)

    yield from visit(program.body)


def without(program: Program, index: int) -> Iterator[Program]:
    """Without the statement of that number; a block's content may stay."""
    counter = -1

    def locate(twin: Program) -> tuple[list[Statement], int]:
        nonlocal counter
        counter = -1
        for body in bodies_of(twin):
            for position in range(len(body)):
                counter += 1
                if counter == index:
                    return body, position
        raise IndexError(index)

    twin = program.clone()
    body, position = locate(twin)
    del body[position]
    yield twin
    twin = program.clone()
    body, position = locate(twin)
    statement = body[position]
    if isinstance(statement, If):
        for side in (statement.then, statement.otherwise):
            twin = program.clone()
            body, position = locate(twin)
            body[position : position + 1] = side
            yield twin
    if isinstance(statement, Call):
        twin = program.clone()
        body, position = locate(twin)
        copies = [
            _copy(p, a) for p, a in zip(statement.parameters, statement.arguments, strict=True)
        ]
        after = [_copy(r, n) for r, n in zip(statement.results, statement.returned, strict=True)]
        body[position : position + 1] = [*copies, *statement.body, *after]
        yield twin


def _copy(result: str, source: str) -> Op:
    return Op((result,), source, (source,), lambda m, x: x)


def recorded(program: Program) -> dict[str, Value]:
    """Values of the first program after its run, for names that are bound once."""
    memory = {name: array.data.copy() for name, array in program.arrays.items()}
    env = program.start(0)
    with np.errstate(all="ignore"):
        for statement in program.body:
            try:
                statement.run(env, Machine(memory, 0, program.programs))
            except (Return, Reject):
                break
    counts: dict[str, int] = {}
    for statement in walk(program.body):
        for name in statement.results:
            counts[name] = counts.get(name, 0) + 1
    return {name: value for name, value in env.items() if counts.get(name) == 1}


def with_inputs(program: Program, index: int, values: dict[str, Value]) -> Program:
    """The statement's results become arguments of the kernel."""
    twin = program.clone()
    loads: list[Statement] = []
    for name in program.body[index].results:
        value = values[name]
        if isinstance(value, Pointer):
            return twin
        data = np.ascontiguousarray(value).reshape(-1)
        array = f"in_{name}"
        twin.arrays[array] = Array(data.copy())
        shape, n = value.shape, data.size
        text = f"tl.load({array})"
        if shape:
            flat = f"tl.arange(0, {n})"
            text = f"tl.load({array} + " + (
                f"tl.reshape({flat}, {shape}))" if len(shape) > 1 else f"{flat})"
            )
        loads.append(Op((name,), text, (), lambda m, v=value: v))
    twin.body[index : index + 1] = loads
    return twin


def describe(program: Program) -> str:
    """The program with its arguments, to read and to run again."""
    arguments = [
        f"#   {name}: {array.data.size} x {tl_name(array.data.dtype)}, shifted by {array.shift}"
        for name, array in program.arrays.items()
    ]
    scalars = [f"#   {name} = {value}" for name, value in program.scalars.items()]
    notes = [f"# grid {program.programs}, options {program.options}", *arguments, *scalars]
    return "\n".join(notes) + "\n" + program.text()
