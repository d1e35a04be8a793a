"""Builds a random program statement by statement, keeping those that have an exact meaning."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from fuzzing import numerics as num
from fuzzing.program import Array, Env, Machine, Pointer, Program, Reject, Return, Statement

MAX_ELEMENTS = 4096
Maker: TypeAlias = "Callable[[Generator], Statement | None]"


class Generator:
    """One block of statements under construction, with the values that its names have now.

    ``pure`` blocks (bodies of called functions) see their parameters only.
    """

    def __init__(
        self,
        rng: random.Random,
        program: Program,
        envs: list[Env],
        machines: list[Machine],
        *,
        depth: int = 0,
        pure: bool = False,
    ) -> None:
        self.rng, self.program, self.envs, self.machines = rng, program, envs, machines
        self.depth, self.pure = depth, pure
        self.body: list[Statement] = []

    @property
    def env(self) -> Env:
        return self.envs[0]

    def nested(self, env: Env, *, pure: bool = False) -> Generator:
        """A block inside this one; what it stores while it is tried out is forgotten."""
        machine = copy.deepcopy(self.machines[0])
        pure = pure or self.pure
        return Generator(
            self.rng, self.program, [dict(env)], [machine], depth=self.depth + 1, pure=pure
        )

    def fresh(self, prefix: str = "v") -> str:
        count = self.program.options.setdefault("_names", 0)
        self.program.options["_names"] = count + 1
        return f"{prefix}{count}"

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def add(self, statement: Statement | None) -> bool:
        """Appends the statement if it has an exact meaning for every program of the grid."""
        if statement is None:
            return False
        tried = [dict(env) for env in self.envs]
        # Statements with bodies or effects may fail half-way: they run on a copy of the memory.
        machines = copy.deepcopy(self.machines)
        for machine in machines:
            self.complete(machine)
        try:
            with np.errstate(all="ignore"):
                for env, machine in zip(tried, machines, strict=True):
                    statement.run(env, machine)
        except (Reject, Return, ValueError):  # ValueError: shapes that don't broadcast
            return False
        for name in statement.results:
            if any(env[name].shape != tried[0][name].shape for env in tried):
                return False
            if np.prod(tried[0][name].shape, dtype=int) > MAX_ELEMENTS:
                return False
        self.envs, self.machines = tried, machines
        self.body.append(statement)
        return True

    def complete(self, machine: Machine) -> None:
        """Arguments that inner blocks added."""
        for name, array in self.program.arrays.items():
            if name not in machine.memory:
                machine.memory[name] = array.data.copy()

    # Choosing names by the types of their values.

    def names(self, fits: Callable[[np.ndarray], bool]) -> list[str]:
        return [
            name
            for name, value in self.env.items()
            if isinstance(value, np.ndarray) and fits(value)
        ]

    def pick(self, fits: Callable[[np.ndarray], bool]) -> str | None:
        """A name whose value fits; young ones are likelier."""
        found = self.names(fits)
        if not found:
            return None
        if self.chance(0.5):
            found = found[-4:]
        return self.rng.choice(found)

    def block(self, fits: Callable[[np.ndarray], bool] = lambda value: True) -> str | None:
        return self.pick(lambda value: value.ndim > 0 and fits(value))

    def value(self, name: str) -> np.ndarray:
        value = self.env[name]
        assert isinstance(value, np.ndarray)
        return value

    def pointers(self) -> list[str]:
        return [name for name, value in self.env.items() if isinstance(value, Pointer)]

    # Arguments.

    def array(self, data: np.ndarray, aligned: bool = False) -> str:
        """A new argument with this content; returns its name. ``aligned``: at 256 bytes."""
        name = self.fresh("a")
        shift = 0 if aligned else self.rng.choice([0, 0, 0, 1, 3, 8])
        self.program.arrays[name] = Array(data, shift)
        for machine in self.machines:
            machine.memory[name] = data.copy()
        return name

    def number(self, value: int) -> str:
        """A number as it may stand in an address: a literal, or an argument of that value."""
        if self.pure or self.chance(0.6):
            return str(value)
        for name, known in self.program.scalars.items():
            if known == value:
                return name
        name = self.fresh("s")
        self.program.scalars[name] = value
        return name

    def samples(self, dtype: np.dtype, shape: Sequence[int]) -> np.ndarray:
        """Random content: small numbers that stay exact, or all bits."""
        source = np.random.default_rng(self.rng.getrandbits(32))
        if dtype == num.BOOL:
            return source.integers(0, 2, shape).astype(bool)
        if num.is_int(dtype):
            info = np.iinfo(dtype)
            if self.chance(0.5):
                return source.integers(max(info.min, -9), 10, shape).astype(dtype)
            return source.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
        if dtype in num.FP8 or self.chance(0.7):
            return (source.integers(-8, 9, shape) * 0.25).astype(dtype)
        return (source.standard_normal(shape) * 4).astype(dtype)

    def shape(self, limit: int = 1024) -> tuple[int, ...]:
        rank = self.rng.choice([1, 1, 2, 2, 2, 2, 3, 3, 4])
        extents: list[int] = []
        for _ in range(rank):
            room = limit // int(np.prod(extents, dtype=int))
            sizes = [n for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) if n <= room]
            extents.append(self.rng.choice(sizes if rank == 1 else sizes[:7]))
        self.rng.shuffle(extents)
        return tuple(extents)

    def dtype(self) -> np.dtype:
        kinds = [*num.INTEGERS, *num.FLOATS, np.dtype("int32"), np.dtype("float32")]
        return self.rng.choice([*kinds, num.BOOL, *num.FP8])

    def fill(self, makers: Sequence[tuple[float, Maker]], count: int) -> None:
        """Adds up to ``count`` random statements."""
        weights = [weight for weight, _ in makers]
        for _ in range(count):
            for _attempt in range(6):
                _, make = self.rng.choices(makers, weights)[0]
                if self.add(make(self)):
                    break


def option_choices(rng: random.Random) -> dict[str, Any]:
    return {
        "num_warps": rng.choice([1, 1, 2, 4, 4, 8, 16, 32]),
        "target": rng.choice(["sm_80", "sm_80", "sm_89", "sm_90a"]),
        "contract": False,
        "opt_level": rng.choice([3, 3, 3, 3, 0, 1]),
    }
