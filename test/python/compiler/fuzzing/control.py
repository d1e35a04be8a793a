"""Loops, branches and calls, and the whole program."""

from __future__ import annotations

import random

import numpy as np

from fuzzing import memory as mem
from fuzzing import numerics as num
from fuzzing import operations as ops
from fuzzing import windows as win
from fuzzing.generator import Generator, Maker, option_choices
from fuzzing.program import (
    Call,
    EarlyReturn,
    Env,
    For,
    If,
    Machine,
    Op,
    Pointer,
    Program,
    Statement,
    While,
    type_of,
)

PURE: list[tuple[float, Maker]] = [
    (6, ops.binary), (3, ops.compare), (1, ops.logic), (2, ops.unary), (1, ops.divide),
    (2, ops.where), (4, ops.cast), (2, ops.small), (1, ops.bitcast), (1, ops.constant),
    (3, ops.expand), (2, ops.broadcast), (3, ops.transpose), (3, ops.reshape), (2, ops.join),
    (2, ops.split), (0.4, ops.reorder), (0.3, ops.count), (4, ops.reduce), (1, ops.reduce_pair),
    (3, ops.scan),
    (1, ops.scan_pair), (4, ops.dot),
]  # fmt: skip
SIMPLE: list[tuple[float, Maker]] = [
    *PURE,
    (6, mem.load), (2, mem.gather), (1, mem.load_scalar), (1, ops.program_id_value),
    (1, mem.store), (0.5, mem.store_scalar), (1.5, mem.through_memory), (1, mem.atomic),
    (1, mem.atomic_with_result), (1, mem.make_pointer), (1, mem.advance_pointer),
    (2, mem.load_pointer), (1, win.block_pointer), (1, win.descriptor), (1, win.store_window),
]  # fmt: skip


def carried(g: Generator, inner: Generator, outer: Env) -> list[Statement]:
    """Statements that give names of the outside new values of the same type."""
    updates: list[Statement] = []
    names = [name for name in outer if name.startswith(("v", "p")) and name != "pid"]
    g.rng.shuffle(names)
    for name in names[: g.rng.choice([1, 1, 2, 3])]:
        updates.append(update_of(g, inner, name))
    return updates


def update_of(g: Generator, inner: Generator, name: str) -> Statement:
    value = inner.env[name]
    if isinstance(value, Pointer):
        step = g.rng.choice([0, 1, 4])

        def advance(machine: Machine, pointer: Pointer) -> Pointer:
            return Pointer(pointer.array, pointer.offsets + step, pointer.dtype)

        return Op((name,), f"{name} + {step}", (name,), advance)
    others = inner.names(lambda v: type_of(v) == type_of(value) and v is not value)
    others = [other for other in others if other.startswith("v")]
    if not others or g.chance(0.2):
        if not (num.is_int(value.dtype) or num.is_float(value.dtype)):
            return Op((name,), name, (name,), lambda m, x: x)
        return Op((name,), f"{name} + 1", (name,), lambda m, x: (x + 1).astype(x.dtype))
    other = others[-1] if g.chance(0.5) else g.rng.choice(others)
    if g.chance(0.4) or not num.is_int(value.dtype):
        return Op((name,), other, (other,), lambda m, x: x)
    return Op((name,), f"{name} + {other}", (name, other), lambda m, x, y: (x + y).astype(x.dtype))


def scalar_bound(g: Generator, limit: int) -> tuple[str, str] | None:
    """A scalar of the program in 0..limit: (text to define it, its name)."""
    source = g.pick(lambda v: v.ndim == 0 and v.dtype.name == "int32")
    if source is None:
        return None
    return f"{source} & {limit}", source


def loop(g: Generator) -> Statement | None:
    if g.depth >= 2:
        return None
    start, step = g.rng.choice([(0, 1), (0, 1), (0, 2), (1, 3), (3, 1), (5, -2)])
    trips = g.rng.choice([0, 1, 2, 3, 4])
    stop = start + trips * step
    header, bounds = f"range({start}, {stop}, {step})", (start, stop, step)
    kind = g.rng.random()
    if kind < 0.35 and step > 0:
        bound = scalar_bound(g, 3)
        if bound is not None:
            name, limit = g.fresh("n"), bound[1]
            g.add(Op((name,), bound[0], (limit,), lambda m, x: x & np.int32(3)))
            header, bounds = f"range({start}, {name}, {step})", (start, name, step)  # type: ignore[assignment]
    elif kind < 0.5 and not g.pure:
        header = f"range({g.number(start)}, {g.number(stop)}, {step})"
    elif kind < 0.65:
        header = f"tl.static_range({start}, {stop}, {step})"
    index = g.fresh("i")
    unrolled = "static" in header
    inner = g.nested(g.env if unrolled else {**g.env, index: np.asarray(start, np.int32)})
    outer = dict(g.env)
    inner.fill(MAKERS if g.depth == 0 and not g.pure else body_makers(inner), g.rng.randint(1, 6))
    for update in carried(g, inner, outer):
        inner.add(update)
    if inner.rng.random() < 0.3 and not unrolled:
        use_index(inner, index)
    return For(index, header, bounds, inner.body)


def use_index(g: Generator, index: str) -> None:
    name = g.pick(lambda v: v.dtype.name == "int32" and v.ndim > 0)
    if name is not None and name.startswith("v"):
        g.add(Op((name,), f"{name} * {index}", (name, index), lambda m, x, i: x * i))


def while_loop(g: Generator) -> Statement | None:
    if g.depth >= 2 or g.pure:
        return None
    bound = scalar_bound(g, 3)
    if bound is None:
        return None
    name = g.fresh("n")
    g.add(Op((name,), bound[0], (bound[1],), lambda m, x: x & np.int32(3)))
    counter = g.fresh("w")
    outer = dict(g.env)
    inner = g.nested({**g.env, counter: np.asarray(0, np.int32)})
    inner.fill(body_makers(inner), g.rng.randint(1, 4))
    for update in carried(g, inner, outer):
        inner.add(update)
    return While(counter, name, inner.body)


def condition(g: Generator) -> str | None:
    """A scalar bool."""
    source = g.pick(lambda v: v.ndim == 0 and num.is_int(v.dtype))
    if source is None:
        return None
    name, bit = g.fresh("c"), g.rng.choice([1, 2, 4])
    g.add(
        Op(
            (name,),
            f"({source} & {bit}) != 0",
            (source,),
            lambda m, x: (x & x.dtype.type(bit)) != 0,
        )
    )
    return name


def branch(g: Generator) -> Statement | None:
    if g.depth >= 2:
        return None
    test = condition(g)
    if test is None:
        return None
    outer = dict(g.env)
    sides: list[list[Statement]] = []
    for _ in range(2):
        inner = g.nested(dict(g.env))
        inner.fill(body_makers(inner), g.rng.randint(0, 4))
        for update in carried(g, inner, outer):
            inner.add(update)
        sides.append(inner.body)
    return If(test, sides[0], sides[1] if g.chance(0.6) else [])


def call(g: Generator) -> Statement | None:
    """A function of one to three values, with a body of its own."""
    if g.depth >= 2:
        return None
    names = [n for n in g.names(lambda v: v.ndim > 0) if n.startswith("v")]
    if not names:
        return None
    arguments = tuple(g.rng.choice(names) for _ in range(g.rng.randint(1, 3)))
    parameters = tuple(g.fresh("v") for _ in arguments)
    env: Env = {p: g.env[a] for p, a in zip(parameters, arguments, strict=True)}
    inner = g.nested(env, pure=True)
    inner.fill([*PURE, (1, branch), (1, loop)], g.rng.randint(1, 5))
    local = [n for n in inner.env if n.startswith("v")]
    returned = tuple(dict.fromkeys(g.rng.choice(local) for _ in range(g.rng.choice([1, 1, 2]))))
    results = tuple(g.fresh() for _ in returned)
    return Call(results, g.fresh("helper"), arguments, parameters, inner.body, returned)


def body_makers(g: Generator) -> list[tuple[float, Maker]]:
    return PURE if g.pure else SIMPLE


MAKERS: list[tuple[float, Maker]] = [
    *SIMPLE, (4, loop), (1, while_loop), (3, branch), (2, call),
]  # fmt: skip


def generate(seed: int, size: int = 14) -> Program:
    """The program of a seed. Its meaning is exact, or there is none: then Reject."""
    rng = random.Random(seed)
    program = Program(programs=rng.choice([1, 1, 2, 3]))
    machines = [Machine({}, pid, program.programs) for pid in range(program.programs)]
    envs: list[Env] = [program.start(pid) for pid in range(program.programs)]
    g = Generator(rng, program, envs, machines)
    for _ in range(rng.randint(1, 3)):
        g.add(mem.load(g))
    g.fill(MAKERS, rng.randint(3, size))
    if rng.random() < 0.08:
        test = condition(g)
        if test is not None:
            g.body.append(EarlyReturn(test))
    visible = [n for n in g.names(lambda v: v.ndim > 0) if n.startswith("v")]
    rng.shuffle(visible)
    for name in visible[:6]:
        g.body.append(mem.store_of(g, name))
    for name in [n for n in g.names(lambda v: v.ndim == 0) if n.startswith("v")][:2]:
        store_one(g, name)
    program.body = g.body
    program.options.pop("_names", None)
    program.options = option_choices(rng)
    program.expected()
    return program


def store_one(g: Generator, name: str) -> None:
    array = g.array(np.zeros(g.program.programs, g.value(name).dtype))

    def meaning(machine: Machine, value: np.ndarray) -> None:
        machine.memory[array][machine.pid] = value

    g.body.append(Op((), f"tl.store({array} + pid, {name})", (name,), meaning))
