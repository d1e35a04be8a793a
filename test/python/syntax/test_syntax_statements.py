"""Statements of kernels, one form each: assignments, branches, loops, returns, with, assert."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


def run(kernel, *args, size=8, dtype=np.int32, **meta):
    """What the kernel stores to its first argument."""
    out = np.zeros(size, dtype)
    kernel[(1,)](out, *args, **meta)
    return out.tolist()


@cosmati.jit
def assignments(out, n):
    a = b = n + 1
    c, d = a, b * 2
    (e, [f, g]) = (1, [c, d])
    h: tl.int32 = a
    i: tl.constexpr = 4
    j: undefined_name = 5  # noqa: F821 (annotations other than constexpr are not looked up)
    k: tl.constexpr
    k = i + 1
    k += 1
    x = y = tl.arange(0, k + 2)
    x += 1
    tl.store(out, a + b + c + d + e)
    tl.store(out + 1, f + g + h + j)
    tl.store(out + 2, tl.sum(x - y))
    tl.store(out + 3, (m := n * 2) + m)


def test_assignments():
    n = 3
    assert run(assignments, n)[:4] == [4 + 4 + 4 + 8 + 1, 4 + 8 + 4 + 5, 8, 12]


@cosmati.jit
def branches(out, n, MODE: tl.constexpr, FLAG: tl.constexpr):
    if MODE == "double":
        value = n * 2
    elif MODE is None:
        value = n * 0
    elif MODE.startswith("tri"):
        value = n * 3
    else:
        value = tl.zeros((4,), tl.float32)  # another type: never generated
        tl.static_assert(False)
    if n > 4:
        value += 100
        extra = 1
    elif n > 2:
        extra = 2
    else:
        extra = 3
    if FLAG and n > 0:
        extra += 10
    if not FLAG or n < 0:
        extra += 20
    tl.store(out, value)
    tl.store(out + 1, extra)
    tl.store(out + 2, n if n > 3 else -n)
    tl.store(out + 3, 1 if FLAG else 2)


@pytest.mark.parametrize("n", [5, 3, 2])
@pytest.mark.parametrize("mode", ["double", None, "triple"])
@pytest.mark.parametrize("flag", [True, False])
def test_branches(n, mode, flag):
    value = {"double": 2 * n, None: 0, "triple": 3 * n}[mode] + (100 if n > 4 else 0)
    extra = (1 if n > 4 else 2 if n > 2 else 3) + (10 if flag else 20)
    got = run(branches, n, MODE=mode, FLAG=flag)
    assert got[:4] == [value, extra, n if n > 3 else -n, 1 if flag else 2]


@cosmati.jit
def loops(out, n, N: tl.constexpr):
    a = 0
    for i in range(n):
        a += i
    for i in tl.range(0, n, 2, num_stages=2):
        a += 10 * i
    for i in range(N - 1, -1, -1):
        a = a * 2 + i
    for i in tl.static_range(N):
        tl.static_assert(i < N)
        k: tl.constexpr = i * 2
        a += k
    for i in tl.static_range(N, 0, -2):
        a += i
    while a > 100:
        a -= 90
    while tl.condition(a > 50, disable_licm=True):
        a -= 7
    while (n := n - 1) > 0:
        a += 1
    tl.store(out, a)


def test_loops():
    def reference(n, N):
        a = sum(range(n)) + 10 * sum(range(0, n, 2))
        for i in range(N - 1, -1, -1):
            a = a * 2 + i
        a += sum(i * 2 for i in range(N)) + sum(range(N, 0, -2))
        while a > 100:
            a -= 90
        while a > 50:
            a -= 7
        return a + max(n - 1, 0)

    for n in (0, 3, 6):
        assert run(loops, n, N=4)[0] == reference(n, 4)


@cosmati.jit
def early(x, n):
    if n == 0:
        return -1
    if n < 3:
        if n == 1:
            return x
        x += 5
    else:
        return x * 2
    return x + n


@cosmati.jit
def nothing(out, n):
    if n > 3:
        return
    tl.store(out, n)


@cosmati.jit
def constant(n: tl.constexpr):
    if n > 2:
        return 8
    else:
        return 4


@cosmati.jit
def same_constant(n):
    if n > 2:
        return tl.float16, 8
    else:
        return tl.float16, 8


@cosmati.jit
def from_unrolled(n, N: tl.constexpr):
    for i in tl.static_range(N):
        if n == i:
            return i * 10
        n -= 1
        if i == N - 2:
            return n
    return -7


@cosmati.jit
def returns(out, n):
    tl.store(out, early(n * 10, n))
    nothing(out + 1, n)
    block = tl.arange(0, constant(3))  # what a function returns stays a constexpr
    zeros = tl.zeros((same_constant(n)[1],), same_constant(n)[0])
    tl.store(out + 2, tl.sum(zeros.to(tl.int32) + 1))
    tl.store(out + 3, from_unrolled(n, 4))
    tl.static_assert(block.shape[0] == 8)
    if n == 2:
        return
    tl.store(out + 4, 1)


def test_returns():
    def unrolled(n, N):
        for i in range(N):
            if n == i:
                return i * 10
            n -= 1
            if i == N - 2:
                return n
        return -7

    for n in (0, 1, 2, 3, 9):
        value = {0: -1, 1: 10, 2: 27}.get(n, 20 * n)
        expected = [value, n if n <= 3 else 0, 8, unrolled(n, 4), int(n != 2)]
        assert run(returns, n)[:5] == expected, n


class Recorder:
    """A context manager that runs while the kernel is compiled."""

    __cosmati_builtin__ = True
    events: list[str] = []

    def __init__(self, name, _semantic=None):
        self.name = str(name)

    def __enter__(self):
        self.events.append(f"enter {self.name}")
        return tl.constexpr(len(self.name))

    def __exit__(self, *_):
        self.events.append(f"exit {self.name}")


@cosmati.jit
def with_statement(out, n):
    with Recorder("outer") as size, Recorder("in"):
        tl.store(out, n + size)
        n += 1
    tl.store(out + 1, n)


def test_with_runs_context_managers_at_compile_time():
    Recorder.events.clear()
    assert run(with_statement, 3)[:2] == [8, 4]
    assert Recorder.events == ["enter outer", "enter in", "exit in", "exit outer"]


@cosmati.jit
def assertions(out, n, N: tl.constexpr):
    """A docstring."""
    assert N % 2 == 0, f"N = {N} is odd"
    assert n >= 0, "n is negative"
    if n > 100:
        assert False, "reached"  # noqa: B011 (a runtime branch: only checked when reached)
    tl.store(out, n)


def test_assertions():
    assert run(assertions, 3, N=4)[0] == 3
    with pytest.raises(cosmati.CompileTimeAssertionFailure, match="N = 5 is odd"):
        run(assertions, 3, N=5)
    assert run(assertions, 3, N=4, debug=True)[0] == 3
    with pytest.raises(cosmati.KernelFault, match="reached"):
        run(assertions, 101, N=4, debug=True)


@cosmati.jit
def return_that_is_never_reached(out, n, FLAG: tl.constexpr):
    for i in range(tl.atomic_add(out + 1, 5) + n):
        if FLAG:
            return
        tl.store(out, i)


def test_a_return_that_constants_rule_out():
    assert run(return_that_is_never_reached, 3, FLAG=False)[:2] == [2, 5]


@cosmati.jit
def break_loop(out):
    for _ in range(4):
        break


@cosmati.jit
def continue_loop(out):
    for i in range(4):
        if i == 2:
            continue


@cosmati.jit
def return_in_loop(out, n):
    for i in range(4):
        if n == i:
            return
    tl.store(out, 1)


@cosmati.jit
def return_in_while(out, n):
    while n > 0:
        return


@cosmati.jit
def return_in_with(out, n):
    with Recorder("x"):
        return


@cosmati.jit
def with_number(out, n):
    with n:
        pass


@cosmati.jit
def try_statement(out):
    try:
        pass
    finally:
        pass


@cosmati.jit
def lambda_expression(out):
    f = lambda x: x  # noqa: E731
    tl.store(out, f(1))


@cosmati.jit
def nested_function(out):
    def inner():
        return 1

    tl.store(out, inner())


@cosmati.jit
def dictionary(out):
    d = {"a": 1}
    tl.store(out, d["a"])


@cosmati.jit
def delete(out):
    x = 1
    del x


@cosmati.jit
def global_statement(out):
    global BLOCK
    BLOCK = 1


@cosmati.jit
def chained(out, n):
    tl.store(out, 0 < n < 4)


@cosmati.jit
def element(out, n):
    x = tl.arange(0, 4)
    x[0] = n


@cosmati.jit
def attribute(out, n):
    x = tl.arange(0, 4)
    x.y = n


@cosmati.jit
def for_else(out, n):
    for _ in range(n):
        pass
    else:
        tl.store(out, 1)


@cosmati.jit
def over_tuple(out, n):
    for i in (1, 2):
        tl.store(out + i, n)


@cosmati.jit
def matmul(out, n):
    tl.store(out, n @ n)


@cosmati.jit
def power(out, n):
    tl.store(out, n**2)


@cosmati.jit
def nested_comprehension(out):
    tl.store(out, len([i for i in (1, 2) for _ in (1, 2)]))


@cosmati.jit
def double_star(out, n):
    early(**n)


@cosmati.jit
def fstring(out, n):
    tl.device_print(f"n = {n}")


@cosmati.jit
def loop_type(out, n):
    x = 0
    for _ in range(n):
        x = 1.5
    tl.store(out, x)


@cosmati.jit
def branch_type(out, n):
    if n > 0:
        x = 1
    else:
        x = 1.5
    tl.store(out, x)


@cosmati.jit
def only_in_then(out, n):
    if n > 0:
        x = 1
    tl.store(out, x)


@cosmati.jit
def returned_type(n):
    if n > 0:
        return 1
    else:
        return 1.5


@cosmati.jit
def return_types(out, n):
    tl.store(out, returned_type(n))


@cosmati.jit
def block_condition(out, n):
    if tl.arange(0, 4) > n:
        tl.store(out, 1)


@cosmati.jit
def constexpr_of_runtime(out, n):
    x: tl.constexpr = n
    tl.store(out, x)


@cosmati.jit
def float_bound(out, n):
    for _ in range(n * 1.5):
        tl.store(out, 1)


@cosmati.jit
def static_range_of_runtime(out, n):
    for _ in tl.static_range(n):
        tl.store(out, 1)


@cosmati.jit
def loop_variable_after(out, n):
    for i in range(n):
        tl.store(out, i)
    tl.store(out, i)


UNSUPPORTED = cosmati.UnsupportedLanguageConstruct


@pytest.mark.parametrize(
    "kernel, kind, message",
    [
        (break_loop, UNSUPPORTED, "AST node type: Break: .*put the condition into a `while`"),
        (continue_loop, UNSUPPORTED, "unsupported AST node type: Continue: .*under an `if`"),
        (return_in_loop, UNSUPPORTED, "`return` inside of a loop .*return after the loop"),
        (return_in_while, UNSUPPORTED, "`return` inside of a loop .*return after the loop"),
        (return_in_with, UNSUPPORTED, "Cannot have `return` statements inside `with`"),
        (with_number, UNSUPPORTED, "`with` takes a context manager, but int32 has no __enter__"),
        (try_statement, UNSUPPORTED, "unsupported AST node type: Try"),
        (lambda_expression, UNSUPPORTED, "unsupported AST node type: Lambda: .*@cosmati.jit"),
        (nested_function, UNSUPPORTED, "AST node type: FunctionDef: .*define it at module level"),
        (dictionary, UNSUPPORTED, "unsupported AST node type: Dict: .*use a tuple"),
        (delete, UNSUPPORTED, "unsupported AST node type: Delete"),
        (global_statement, UNSUPPORTED, "unsupported AST node type: Global"),
        (chained, UNSUPPORTED, r"write `\(a < b\) & \(b < c\)`"),
        (element, UNSUPPORTED, "assignment to an element .*tl.where"),
        (attribute, UNSUPPORTED, "assignment to an attribute .*aggregate_replace"),
        (for_else, UNSUPPORTED, "`else` of a loop"),
        (over_tuple, UNSUPPORTED, "Only `range`, `tl.range` and `tl.static_range` iterators"),
        (matmul, cosmati.CompilationError, "`@` is not supported; use tl.dot"),
        (power, cosmati.CompilationError, "`\\*\\*` works on constexpr only"),
        (nested_comprehension, UNSUPPORTED, "only one `for`"),
        (double_star, UNSUPPORTED, "`\\*\\*` in calls is not supported"),
        (fstring, cosmati.CompilationError, "f-strings take constexpr values only"),
        (
            loop_type,
            cosmati.CompilationError,
            "Loop-carried variable x has initial type int32 but is re-assigned to fp32",
        ),
        (
            branch_type,
            cosmati.CompilationError,
            r"Mismatched type for x between then block \(int32\) and else block \(fp32\)",
        ),
        (only_in_then, cosmati.CompilationError, "`x` is not defined.*only in its then block"),
        (return_types, cosmati.CompilationError, "Return type mismatch: int32 and fp32"),
        (block_condition, cosmati.CompilationError, "`if` and `while` take scalars"),
        (constexpr_of_runtime, cosmati.CompilationError, "needs a value known at compile time"),
        (float_bound, cosmati.CompilationError, "For loop bounds and step must all be ints"),
        (static_range_of_runtime, cosmati.CompilationError, "takes constexpr integers"),
        (loop_variable_after, cosmati.CompilationError, "`i` is the variable of the loop at line"),
    ],
    ids=lambda value: (
        getattr(value, "__name__", "") if isinstance(value, cosmati.JITFunction) else ""
    ),
)
def test_what_kernels_refuse_names_the_way_around(kernel, kind, message):
    types = [tl.int32, 7][: len(kernel.arg_names)]
    with pytest.raises(kind, match=message) as caught:
        kernel.warmup(*types)
    assert "^" in str(caught.value) and kernel.__name__ in caught.value.chain[-1].function
