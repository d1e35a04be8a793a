"""Programs as data: each statement has its text in the kernel language and its meaning in NumPy.

A value is a NumPy array (shape ``()`` for a scalar) or a ``Pointer``. Everything that is computed
is exact (integers wrap, floats are rounded once per operation), so results compare bit for bit.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np


class Reject(Exception):
    """This statement has no exact meaning for these values: choose another one."""


class Return(Exception):
    """The program returns early."""


@dataclass(frozen=True, eq=False)
class Pointer:
    """A block of addresses: an argument and an offset in elements for each."""

    array: str
    offsets: np.ndarray
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.offsets.shape


Value: TypeAlias = "np.ndarray | Pointer"
Env: TypeAlias = "dict[str, Value]"

TL_NAMES = {
    np.dtype(bool): "tl.int1",
    np.dtype(ml_dtypes.bfloat16): "tl.bfloat16",
    np.dtype(ml_dtypes.float8_e4m3fn): "tl.float8e4nv",
    np.dtype(ml_dtypes.float8_e5m2): "tl.float8e5",
}


def tl_name(dtype: np.dtype) -> str:
    return TL_NAMES.get(dtype, f"tl.{dtype.name}")


def type_of(value: Value) -> tuple[str, tuple[int, ...], np.dtype]:
    """What two values share if one may take the other's place in a loop."""
    if isinstance(value, Pointer):
        return (value.array, value.shape, value.dtype)
    return ("", value.shape, value.dtype)


@dataclass
class Machine:
    """The memory that a program sees and what it is told about itself."""

    memory: dict[str, np.ndarray]
    pid: int
    programs: int


class Statement:
    """One statement; ``results`` are the names that it binds."""

    results: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        raise NotImplementedError

    def run(self, env: Env, machine: Machine) -> None:
        raise NotImplementedError

    def uses(self) -> set[str]:
        raise NotImplementedError

    def bodies(self) -> list[list[Statement]]:
        return []


Meaning: TypeAlias = "Callable[..., Any]"


@dataclass
class Op(Statement):
    """``results = text``; ``meaning(machine, *values of inputs)`` gives the value(s)."""

    results: tuple[str, ...]
    text: str
    inputs: tuple[str, ...]
    meaning: Meaning

    def lines(self) -> Iterator[str]:
        yield f"{', '.join(self.results)} = {self.text}" if self.results else self.text

    def run(self, env: Env, machine: Machine) -> None:
        values = self.meaning(machine, *[env[name] for name in self.inputs])
        if not self.results:
            return
        many = values if isinstance(values, tuple) else (values,)
        for name, value in zip(self.results, many, strict=True):
            env[name] = value if isinstance(value, Pointer) else checked(np.asarray(value))

    def uses(self) -> set[str]:
        return set(self.inputs)


def checked(value: np.ndarray) -> np.ndarray:
    if value.dtype.kind in "fV" and np.isnan(value.astype(np.float64)).any():
        raise Reject("NaN")
    return value


def run_block(body: Sequence[Statement], env: Env, machine: Machine) -> None:
    for statement in body:
        statement.run(env, machine)


def indented(body: Sequence[Statement]) -> Iterator[str]:
    if not body:
        yield "    pass"
    for statement in body:
        for line in statement.lines():
            yield "    " + line


def uses_of(body: Sequence[Statement]) -> set[str]:
    """Names that a block needs from outside."""
    needed: set[str] = set()
    known: set[str] = set()
    for statement in body:
        needed |= statement.uses() - known
        known |= set(statement.results)
    return needed


def leave(inner: Env, outer: Env) -> None:
    """What a block did to the names that were there before it."""
    for name in outer:
        if type_of(inner[name]) != type_of(outer[name]):
            raise Reject("a carried value changed its type")
        outer[name] = inner[name]


@dataclass
class For(Statement):
    """``for index in range(start, stop, step)``; bounds are texts with their values' names."""

    results = ()  # type: ignore[assignment]
    index: str
    header: str
    bounds: tuple[str | int, str | int, int]
    body: list[Statement]

    def lines(self) -> Iterator[str]:
        yield f"for {self.index} in {self.header}:"
        yield from indented(self.body)

    def run(self, env: Env, machine: Machine) -> None:
        start, stop, step = (
            int(env[bound]) if isinstance(bound, str) else bound for bound in self.bounds
        )
        trips = range(start, stop, step)
        if len(trips) > 12:
            raise Reject("too many iterations")
        for i in trips:
            inner = dict(env)
            inner[self.index] = np.asarray(i, np.int32)
            run_block(self.body, inner, machine)
            leave(inner, env)

    def uses(self) -> set[str]:
        names = {bound for bound in self.bounds if isinstance(bound, str)}
        return names | (uses_of(self.body) - {self.index})

    def bodies(self) -> list[list[Statement]]:
        return [self.body]


@dataclass
class While(Statement):
    """``while counter < bound``; the body counts."""

    results = ()  # type: ignore[assignment]
    counter: str
    bound: str
    body: list[Statement]

    def lines(self) -> Iterator[str]:
        yield f"{self.counter} = pid * 0"
        yield f"while {self.counter} < {self.bound}:"
        yield from indented(self.body)
        yield f"    {self.counter} += 1"

    def run(self, env: Env, machine: Machine) -> None:
        for i in range(int(env[self.bound])):
            if i > 8:
                raise Reject("too many iterations")
            inner = dict(env)
            inner[self.counter] = np.asarray(i, np.int32)
            run_block(self.body, inner, machine)
            leave(inner, env)

    def uses(self) -> set[str]:
        return {self.bound} | (uses_of(self.body) - {self.counter})

    def bodies(self) -> list[list[Statement]]:
        return [self.body]


@dataclass
class If(Statement):
    results = ()  # type: ignore[assignment]
    condition: str
    then: list[Statement]
    otherwise: list[Statement]

    def lines(self) -> Iterator[str]:
        yield f"if {self.condition}:"
        yield from indented(self.then)
        if self.otherwise:
            yield "else:"
            yield from indented(self.otherwise)

    def run(self, env: Env, machine: Machine) -> None:
        inner = dict(env)
        run_block(self.then if bool(env[self.condition]) else self.otherwise, inner, machine)
        leave(inner, env)

    def uses(self) -> set[str]:
        return {self.condition} | uses_of(self.then) | uses_of(self.otherwise)

    def bodies(self) -> list[list[Statement]]:
        return [self.then, self.otherwise]


@dataclass
class EarlyReturn(Statement):
    results = ()  # type: ignore[assignment]
    condition: str

    def lines(self) -> Iterator[str]:
        yield f"if {self.condition}:"
        yield "    return"

    def run(self, env: Env, machine: Machine) -> None:
        if bool(env[self.condition]):
            raise Return

    def uses(self) -> set[str]:
        return {self.condition}


@dataclass
class Call(Statement):
    """A call of a jit function that was generated with the program."""

    results: tuple[str, ...]
    name: str
    arguments: tuple[str, ...]
    parameters: tuple[str, ...]
    body: list[Statement]
    returned: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        yield f"{', '.join(self.results)} = {self.name}({', '.join(self.arguments)})"

    def definition(self) -> Iterator[str]:
        yield "@cosmati.jit"
        yield f"def {self.name}({', '.join(self.parameters)}):"
        yield from indented(self.body)
        yield f"    return {', '.join(self.returned)}"

    def run(self, env: Env, machine: Machine) -> None:
        inner: Env = {
            parameter: env[argument]
            for parameter, argument in zip(self.parameters, self.arguments, strict=True)
        }
        run_block(self.body, inner, machine)
        for result, name in zip(self.results, self.returned, strict=True):
            env[result] = inner[name]

    def uses(self) -> set[str]:
        return set(self.arguments)

    def bodies(self) -> list[list[Statement]]:
        return [self.body]


@dataclass
class Array:
    """An argument in memory: its elements, and how far from a 256-byte boundary it begins."""

    data: np.ndarray
    shift: int = 0

    def buffer(self) -> np.ndarray:
        """A copy at the wanted alignment."""
        size = self.data.dtype.itemsize
        raw = np.zeros(self.data.nbytes + 512 + self.shift * size, np.uint8)
        start = (-raw.ctypes.data) % 256 + self.shift * size
        view = raw[start : start + self.data.nbytes].view(self.data.dtype)
        view[...] = self.data
        return view


@dataclass
class Program:
    """A kernel with its arguments; ``run`` gives the memory that it should leave."""

    arrays: dict[str, Array] = field(default_factory=dict)
    scalars: dict[str, int] = field(default_factory=dict)
    body: list[Statement] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    programs: int = 1

    def expected(self) -> dict[str, np.ndarray]:
        memory = {name: array.data.copy() for name, array in self.arrays.items()}
        with np.errstate(all="ignore"):
            for pid in range(self.programs):
                machine = Machine(memory, pid, self.programs)
                try:
                    run_block(self.body, self.start(pid), machine)
                except Return:
                    pass
        return memory

    def start(self, pid: int) -> Env:
        env: Env = {"pid": np.asarray(pid, np.int32)}
        for name, value in self.scalars.items():
            env[name] = np.asarray(value, np.int32)
        return env

    def text(self) -> str:
        """The program as a Python module with a kernel named `kernel`."""
        lines = ["import cosmati", "import cosmati.language as tl", "", COMBINES]
        for call in reversed([s for s in walk(self.body) if isinstance(s, Call)]):
            lines += ["", *call.definition()]
        parameters = ", ".join([*self.arrays, *self.scalars])
        lines += ["", "@cosmati.jit", f"def kernel({parameters}):"]
        lines += ["    pid = tl.program_id(0)", *indented(self.body)]
        return "\n".join(lines) + "\n"

    def clone(self) -> Program:
        """A copy whose blocks of statements can be changed."""
        return Program(
            dict(self.arrays), dict(self.scalars), clone_body(self.body), dict(self.options),
            self.programs,
        )  # fmt: skip


def clone_body(body: Sequence[Statement]) -> list[Statement]:
    copies = []
    for statement in body:
        twin = copy.copy(statement)
        for name in ("body", "then", "otherwise"):
            if hasattr(twin, name):
                setattr(twin, name, clone_body(getattr(twin, name)))
        copies.append(twin)
    return copies


def walk(body: Sequence[Statement]) -> Iterator[Statement]:
    for statement in body:
        yield statement
        yield from itertools.chain.from_iterable(walk(inner) for inner in statement.bodies())


# Functions that reductions and scans combine with.
COMBINES = """
@cosmati.jit
def combine_mul(a, b):
    return a * b


@cosmati.jit
def combine_and(a, b):
    return a & b


@cosmati.jit
def combine_max(a, b):
    return tl.maximum(a, b)


@cosmati.jit
def combine_affine(m, a, n, b):
    return m * n, a * n + b


@cosmati.jit
def combine_larger(a, i, b, j):
    take = (a > b) | ((a == b) & (i < j))
    return tl.where(take, a, b), tl.where(take, i, j)
"""
