"""Control flow, calls, the grid, assertions and printing, checked against the same Python."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import ALL_TYPES, NUM_WARPS, SIGNED, assert_same, np_type

# Loops. Every kernel is also run as Python, on integers.


@cosmati.jit
def range_kernel(out, start, stop, STEP: tl.constexpr):
    total, trips, last = 0, 0, -99
    for i in range(start, stop, STEP):
        total = total * 3 + i
        trips += 1
        last = i
    tl.store(out, total)
    tl.store(out + 1, trips)
    tl.store(out + 2, last)


BOUNDS = [(0, 0), (0, 1), (0, 7), (3, 3), (5, 2), (-4, 4), (2, -6), (1, 100), (-7, -20), (7, 8)]


@pytest.mark.parametrize("step", [1, 2, 3, 7, -1, -2, -5])
def test_range_with_runtime_bounds(step):
    for start, stop in BOUNDS:
        out = np.zeros(3, np.int32)
        range_kernel[(1,)](out, start, stop, STEP=step)
        total, trips, last = 0, 0, -99
        for i in range(start, stop, step):
            total, trips, last = (total * 3 + i + 2**31) % 2**32 - 2**31, trips + 1, i
        assert out.tolist() == [total, trips, last], (start, stop)


@cosmati.jit
def range_of_type(out, start, stop, T: tl.constexpr):
    count = tl.zeros((), tl.int32)
    first = tl.to_tensor(start).to(T)
    for i in tl.range(first, tl.to_tensor(stop).to(T)):
        tl.static_assert(i.dtype == (tl.int32 if T == tl.int16 else T))  # the step is an int32
        count += 1
    tl.store(out, count)


@pytest.mark.parametrize("type_", [tl.int32, tl.int64, tl.uint32, tl.int16], ids=str)
def test_range_of_every_integer_type(type_):
    for start, stop in [(0, 5), (4, 4), (2, 100)]:
        out = np.zeros(1, np.int32)
        range_of_type[(1,)](out, start, stop, T=type_)
        assert out[0] == max(stop - start, 0)


@cosmati.jit
def wide_range(out, start):
    total = tl.zeros((), tl.int64)
    for i in range(start, start + 3):
        total += i
    tl.store(out, total)


def test_range_beyond_32_bits():
    out = np.zeros(1, np.int64)
    wide_range[(1,)](out, 2**40)
    assert out[0] == 3 * 2**40 + 3


@cosmati.jit
def runtime_step(out, n, step):
    total = 0
    for i in range(0, n, step):
        total += i
    tl.store(out, total)


@pytest.mark.parametrize("step", [1, 2, 5, 64])
def test_a_positive_step_may_be_a_value(step):
    out = np.zeros(1, np.int32)
    runtime_step[(1,)](out, 50, step)
    assert out[0] == sum(range(0, 50, step))


@cosmati.jit
def nested_loops(out, n, m, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    acc = tl.zeros((BLOCK,), tl.int32)
    a, b = 0, 1
    for i in range(n):
        row = tl.zeros((BLOCK,), tl.int32)
        for j in range(i, m, 2):
            row += offs * j
            a, b = b, (a + b) % 1000
            for _ in tl.static_range(2):
                row -= 1
        if i % 2 == 0:
            acc += row
        else:
            acc -= row
    tl.store(out + offs, acc + a)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_nested_loops_carry_blocks_and_scalars(num_warps):
    for n, m in [(0, 5), (1, 0), (4, 9), (7, 3)]:
        out = np.zeros(64, np.int32)
        nested_loops[(1,)](out, n, m, BLOCK=64, num_warps=num_warps)
        offs, acc, a, b = np.arange(64), np.zeros(64, int), 0, 1
        for i in range(n):
            row = np.zeros(64, int)
            for j in range(i, m, 2):
                row += offs * j - 2
                a, b = b, (a + b) % 1000
            acc += row if i % 2 == 0 else -row
        np.testing.assert_array_equal(out, acc + a)


@cosmati.jit
def while_loops(x, out, limit, BLOCK: tl.constexpr):
    """Halves a block until its sum is small; counts the trips."""
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    trips = 0
    while (tl.sum(value) > limit) & (trips < 10):
        value = value // 2
        inner = 0
        while inner < trips:
            value += offs % 2
            inner += 2
        trips += 1
    tl.store(out + offs, value)
    tl.store(out + BLOCK, trips)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("limit", [10**6, 100, 0])
def test_while_on_a_reduction(limit, num_warps):
    x = np.random.default_rng(0).integers(0, 100, 128).astype(np.int32)
    out = np.zeros(129, np.int32)
    while_loops[(1,)](x, out, limit, BLOCK=128, num_warps=num_warps)
    value, trips = x.copy(), 0
    while value.sum() > limit and trips < 10:
        value //= 2
        value += len(range(0, trips, 2)) * (np.arange(128, dtype=np.int32) % 2)
        trips += 1
    np.testing.assert_array_equal(out, [*value, trips])


@cosmati.jit
def conditioned(out, n):
    i = 0
    while tl.condition(i * i < n, disable_licm=True):
        i += 1
    tl.store(out, i)


def test_while_with_a_condition_object():
    out = np.zeros(1, np.int32)
    conditioned[(1,)](out, 50)
    assert out[0] == 8


@cosmati.jit
def loop_hints(x, out, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    acc = tl.zeros((BLOCK,), tl.float32)
    for i in tl.range(0, n, num_stages=4, loop_unroll_factor=2, flatten=True, disable_licm=True):
        acc += tl.load(x + i * BLOCK + offs)
    tl.store(out + offs, acc)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_hints_of_range_change_no_value(n):
    x = np.arange(6 * 32, dtype=np.float32).reshape(6, 32)
    out = np.ones(32, np.float32)
    loop_hints[(1,)](x, out, n, BLOCK=32)
    assert_same(out, x[:n].sum(0, dtype=np.float32))


@cosmati.jit
def tuple_carried(out, n):
    state = (1, 2.5)
    for i in range(n):
        state = (state[0] * 2, state[1] + i)
    tl.store(out, state[0].to(tl.float32) + state[1])


def test_loops_carry_tuples():
    out = np.zeros(1, np.float32)
    tuple_carried[(1,)](out, 4)
    assert out[0] == 16 + 2.5 + 6


@cosmati.jit
def static_range_kernel(out, N: tl.constexpr):
    for i in tl.static_range(N):
        block = tl.arange(0, 2**i)
        tl.store(out + i, tl.sum(block))
    for i in tl.static_range(10, 4, -2):
        constant: tl.constexpr = i * i
        tl.store(out + i, constant)


def test_static_range_gives_constants():
    out = np.zeros(11, np.int32)
    static_range_kernel[(1,)](out, N=4)
    assert out.tolist() == [0, 1, 6, 28, 0, 0, 36, 0, 64, 0, 100]


# Branches.


@cosmati.jit
def branches(x, out, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    if n < 0:
        result = value * 2
        count = 1
    elif n == 0:
        result = value + 1
        count = 2
    elif n > 100:
        if n % 2 == 0:
            result = tl.flip(value)
        else:
            result = tl.cumsum(value, 0)
        count = 3
    else:
        result = value
        count = tl.sum(value)
    tl.store(out + offs, result)
    tl.store(out + BLOCK, count if n != 5 else -1)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_branches_assign_blocks(num_warps):
    x = np.random.default_rng(0).integers(0, 50, 64).astype(np.int32)
    for n, result, count in [(-1, x * 2, 1), (0, x + 1, 2), (102, x[::-1], 3),
                             (101, np.cumsum(x), 3), (7, x, x.sum()), (5, x, -1)]:  # fmt: skip
        out = np.zeros(65, np.int32)
        branches[(1,)](x, out, n, BLOCK=64, num_warps=num_warps)
        np.testing.assert_array_equal(out, [*result, count])


@cosmati.jit
def early_returns(x, out, n, BLOCK: tl.constexpr):
    pid = tl.program_id(0)
    offs = tl.arange(0, BLOCK)
    if pid == 1:
        return
    value = tl.load(x + offs)
    if pid == 2:
        tl.store(out + pid * BLOCK + offs, value)
        return
    for i in range(n):
        value += i
    if pid > 2:
        if tl.sum(value) % 2 == 0:
            tl.store(out + pid * BLOCK + offs, value * 10)
            return
        value = -value
    tl.store(out + pid * BLOCK + offs, value)


@pytest.mark.parametrize("num_warps", [1, 4])
@pytest.mark.parametrize("n", [0, 3])
def test_early_returns_under_runtime_conditions(n, num_warps):
    x = np.arange(32, dtype=np.int32)
    x[0] = n % 2
    out = np.full((4, 32), -5, np.int32)
    early_returns[(4,)](x, out, n, BLOCK=32, num_warps=num_warps)
    value = x + sum(range(n))
    last = value * 10 if value.sum() % 2 == 0 else -value
    np.testing.assert_array_equal(out, [value, np.full(32, -5), x, last])


@cosmati.jit
def ternaries(out, n, FLAG: tl.constexpr):
    a = 3 if n > 2 else 4
    b = (n if n < 10 else 10) if n > 0 else 0
    c = 1 if FLAG else 2
    tl.store(out, a)
    tl.store(out + 1, b)
    tl.store(out + 2, c)


@pytest.mark.parametrize("n", [-4, 1, 7, 12])
def test_ternaries(n):
    out = np.zeros(3, np.int32)
    ternaries[(1,)](out, n, FLAG=n > 0)
    assert out.tolist() == [3 if n > 2 else 4, min(max(n, 0), 10), 1 if n > 0 else 2]


# Calls.


@cosmati.jit
def divide(a, b=3, *, SCALE: tl.constexpr = 2):
    if SCALE == 0:
        return a, b
    return a // b, (a % b) * SCALE


@cosmati.jit
def outer(a, fn: tl.constexpr, SCALE: tl.constexpr):
    q, r = fn(a, SCALE=SCALE)
    s, t = fn(b=q, a=r + 1, SCALE=SCALE)
    return q + s, r + t


@cosmati.jit
def calls_kernel(out, n, SCALE: tl.constexpr):
    a, b = outer(n, divide, SCALE)
    pair = divide(n)
    tl.store(out, a)
    tl.store(out + 1, b)
    tl.store(out + 2, pair[0])
    tl.store(out + 3, pair[1])


@pytest.mark.parametrize("scale", [0, 1, 5])
def test_calls_with_defaults_keywords_and_functions(scale):
    def python(a, b=3, SCALE=2):  # noqa: N803
        return (a, b) if SCALE == 0 else (a // b, (a % b) * SCALE)

    out = np.zeros(4, np.int32)
    calls_kernel[(1,)](out, 100, SCALE=scale)
    q, r = python(100, SCALE=scale)
    s, t = python(r + 1, q, SCALE=scale)
    assert out.tolist() == [q + s, r + t, *python(100)]


@cosmati.constexpr_function
def triangle(n):
    return n * (n + 1) // 2


@cosmati.jit
def constexpr_functions(out, N: tl.constexpr):
    tl.store(
        out + tl.arange(0, triangle(N) + 2), tl.full((triangle(N) + 2,), triangle(N), tl.int32)
    )


def test_constexpr_functions_give_shapes():
    out = np.zeros(8, np.int32)
    constexpr_functions[(1,)](out, N=3)
    assert (out == 6).all()


@cosmati.jit
def endless(n):
    return endless(n - 1)


@cosmati.jit
def calls_endless(out):
    tl.store(out, endless(3))


@cosmati.jit
def loop_type_change(out, n):
    x = 1
    for _ in range(n):
        x = x * 1.5
    tl.store(out, x)


@cosmati.jit
def branch_type_change(out, n):
    if n > 0:
        x = tl.zeros((16,), tl.float32)
    else:
        x = tl.zeros((32,), tl.float32)
    tl.store(out + tl.arange(0, 16), x)


@cosmati.jit
def undefined_after_branch(out, n):
    if n > 0:
        x = 1
    tl.store(out, x)


@cosmati.jit
def with_break(out, n):
    for i in range(n):
        if i > 3:
            break
    tl.store(out, i)


@cosmati.jit
def return_in_loop(out, n):
    for i in range(n):
        if i > 3:
            return
    tl.store(out, 1)


@cosmati.jit
def block_condition(out, n):
    if tl.arange(0, 16) > n:
        tl.store(out, 1)


@cosmati.jit
def static_range_of_value(out, n):
    for i in tl.static_range(n):
        tl.store(out + i, i)


@pytest.mark.parametrize(
    "kernel, arguments, message",
    [
        (calls_endless, (), "recursion"),
        (loop_type_change, (5,), "Loop-carried variable x"),
        (branch_type_change, (5,), "x"),
        (undefined_after_branch, (5,), "x"),
        (with_break, (5,), "(?i)break"),
        (return_in_loop, (5,), "(?i)return"),
        (block_condition, (5,), "(?i)condition|boolean|scalar|ambiguous"),
        (static_range_of_value, (5,), "constexpr"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_refused(kernel, arguments, message):
    with pytest.raises(cosmati.CompilationError, match=message) as caught:
        kernel[(1,)](np.zeros(32, np.float32), *arguments)
    assert "test_language_control.py" in str(caught.value)


# The grid.


@cosmati.jit
def grid_kernel(out, AXES: tl.constexpr):
    x, y, z = tl.program_id(0), tl.program_id(1), tl.program_id(axis=2)
    nx, ny, nz = tl.num_programs(0), tl.num_programs(1), tl.num_programs(2)
    tl.static_assert(x.dtype == tl.int32)
    place = (z * ny + y) * nx + x
    tl.store(out + place * 6, x)
    tl.store(out + place * 6 + 1, y)
    tl.store(out + place * 6 + 2, z)
    tl.store(out + place * 6 + 3, nx)
    tl.store(out + place * 6 + 4, ny)
    tl.store(out + place * 6 + 5, nz)


@pytest.mark.parametrize("grid", [(1,), (7,), (3, 2), (1, 5), (2, 3, 4), (1, 1, 3)], ids=str)
def test_program_ids_cover_the_grid(grid):
    full = (*grid, 1, 1)[:3]
    out = np.zeros((full[2], full[1], full[0], 6), np.int32)
    grid_kernel[grid](out, AXES=len(grid))
    for z, y, x in np.ndindex(out.shape[:3]):
        assert out[z, y, x].tolist() == [x, y, z, *full]


def test_an_empty_grid_runs_nothing():
    out = np.zeros(6, np.int32)
    grid_kernel[(0,)](out, AXES=1)
    assert not out.any()


# Assertions and printing.


@cosmati.jit
def asserting(x, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs, mask=offs < n, other=-1)
    tl.device_assert(value >= 0, "negative value", mask=offs < n)
    assert n < 1000, "n is too large"


def test_device_assert_stops_debug_kernels_only():
    x = np.arange(64, dtype=np.int32)
    asserting[(1,)](x, 64, BLOCK=64, debug=True)
    asserting[(1,)](x, 3, BLOCK=64, debug=True)  # what is masked off is not checked
    x[10] = -4
    asserting[(1,)](x, 64, BLOCK=64)
    asserting[(1,)](x, 10, BLOCK=64, debug=True)
    with pytest.raises(Exception, match="negative value"):
        asserting[(1,)](x, 64, BLOCK=64, debug=True)
    with pytest.raises(Exception, match="n is too large"):
        asserting[(1,)](np.zeros(64, np.int32), 1000, BLOCK=64, debug=True)


@cosmati.jit
def printing(x, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.device_print("value ", tl.load(x + offs), n)
    print("again", n)
    tl.static_print("block", BLOCK)


def test_printing_shows_each_element(capfd):
    printing[(2,)](np.array([1.5, -2.0], np.float32), 42, BLOCK=2)
    text = capfd.readouterr().out
    assert text.count("value") >= 4 and "1.5" in text and "-2" in text and "42" in text
    assert "again" in text and "block 2" in text


@cosmati.jit
def print_kernel(x, HEX: tl.constexpr, N: tl.constexpr):
    tl.device_print("x", tl.load(x + tl.arange(0, N)), hex=HEX)


@pytest.mark.parametrize("name", ALL_TYPES)
def test_printing_every_type(name, capfd):
    values = [1, 0] if name == "bool" else [1, -5] if name in SIGNED else [1, 3]
    x = np.array(values, np_type(name))
    print_kernel[(1,)](x, HEX=False, N=2)
    lines = capfd.readouterr().out.splitlines()
    assert [float(line.split("x: ")[1]) for line in lines] == values
    print_kernel[(1,)](x, HEX=True, N=2)
    lines = capfd.readouterr().out.splitlines()
    codes = x.view(f"u{x.dtype.itemsize}").tolist()
    assert [int(line.split("x: ")[1], 16) for line in lines] == codes


@cosmati.jit
def count_steps(out, first: tl.constexpr, last: tl.constexpr, step: tl.constexpr):
    count = 0
    for _ in tl.range(first, last, step):
        count += 1
    tl.store(out, count)


@pytest.mark.parametrize(
    "bounds",
    [(2**31 - 8, 2**31 - 4, 4), (2**31 - 8, 2**31 - 1, 1), (-(2**31), -(2**31) + 8, 3),
     (-(2**31) + 8, -(2**31), -4), (2**40, 2**40 + 7, 2)],
)  # fmt: skip
def test_loops_at_the_ends_of_int32_end(bounds):
    out = np.zeros(1, np.int32)
    count_steps[(1,)](out, *bounds)
    assert out[0] == len(range(*bounds))


@pytest.mark.parametrize("bounds", [(2**31 - 8, 2**31 - 1, 4), (2**31 - 1, 2**31 - 18, -4)])
def test_loop_whose_counter_would_wrap_is_refused(bounds):
    with pytest.raises(cosmati.CompilationError, match="passes 2147483647, the largest int32"):
        count_steps.warmup("*i32", *bounds)
