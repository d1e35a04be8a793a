"""How much work the front end does: each statement once, each source once."""

from __future__ import annotations

import ast
from collections import Counter

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati.frontend import source
from cosmati.frontend.function import FunctionGenerator
from cosmati.frontend.module import KernelParameter, ModuleGenerator


@cosmati.jit
def helper(x, i):
    return x + i * 2


@cosmati.jit
def nested(out, n):
    total = 0
    for a in range(n):
        total += a
        for b in range(n):
            total = helper(total, b)
            for c in range(n):
                k = c
                while k > 0:
                    if total > 5:
                        total -= 1
                    else:
                        total += 3
                    k -= 1
                total += 1
    tl.store(out, total)


def test_each_statement_is_visited_once_at_any_depth(monkeypatch):
    visits: Counter[tuple[str, int]] = Counter()
    original = FunctionGenerator.visit

    def counting(self, node):
        if isinstance(node, (ast.stmt, ast.Call, ast.Compare)):
            visits[(self.source.name.rpartition(".")[2], node.lineno, type(node).__name__)] += 1
        return original(self, node)

    monkeypatch.setattr(FunctionGenerator, "visit", counting)
    pointer, integer = tl.pointer_type(tl.int32), tl.int32
    parameters = [KernelParameter("out", pointer), KernelParameter("n", integer)]
    ModuleGenerator("sm_90a").kernel(nested, parameters)
    assert len(visits) > 12
    repeated = {place: count for place, count in visits.items() if count != 1}
    # helper's one call is generated once, too: later calls of the same types reuse it.
    assert not repeated


def test_sources_are_parsed_once_in_a_process(monkeypatch):
    parsed: Counter[str] = Counter()
    original = source._parse_snippet

    def counting(lines):
        parsed[next(line for line in lines if "def " in line).strip()] += 1
        return original(lines)

    @cosmati.jit
    def callee(x):
        return tl.sum(x) + tl.max(x)

    @cosmati.jit
    def first(out, N: tl.constexpr):
        tl.store(out, callee(tl.arange(0, N)))

    @cosmati.jit
    def second(out, N: tl.constexpr):
        tl.store(out, callee(tl.arange(0, N)) + tl.sum(tl.arange(0, N)))

    monkeypatch.setattr(source, "_parse_snippet", counting)
    out = np.zeros(1, np.int32)
    for n in (8, 16, 32):
        first.warmup(out, N=n)
        second.warmup(out, N=n)
    assert parsed["def callee(x):"] == parsed["def first(out, N: tl.constexpr):"] == 1
    assert max(parsed.values()) == 1
