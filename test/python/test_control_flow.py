"""Control flow and calls in kernels: what is computed, checked on the virtual machine."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest

SCALE = tl.constexpr(3)
OFFSET: tl.constexpr = 10


def run(kernel, *args, size=1, dtype=np.int32, grid=(1,), **options):
    out = np.zeros(size, dtype)
    kernel[grid](out, *args, **options)
    return out.tolist() if size > 1 else out[0].item()


@cosmati.jit
def early_return(out, n):
    tl.store(out, 1)
    if n > 5:
        return
    tl.store(out, 2)


def test_early_return_skips_the_rest():
    assert run(early_return, 6) == 1
    assert run(early_return, 5) == 2


@cosmati.jit
def two_returns(out, n):
    if n < 0:
        tl.store(out, -1)
        return
    if n == 0:
        tl.store(out, 0)
    else:
        if n > 100:
            tl.store(out, 100)
            return
        tl.store(out, n)
    tl.store(out + 1, 7)


@pytest.mark.parametrize("n, expected", [(-3, [-1, 0]), (0, [0, 7]), (5, [5, 7]), (200, [100, 0])])
def test_returns_in_nested_branches(n, expected):
    assert run(two_returns, n, size=2) == expected


@cosmati.jit
def sign(x):
    if x > 0:
        return 1
    elif x < 0:
        return -1
    return 0


@cosmati.jit
def use_sign(out, n):
    tl.store(out, sign(n))


@pytest.mark.parametrize("n", [-4, 0, 4])
def test_functions_return_from_branches(n):
    assert run(use_sign, n) == np.sign(n)


@cosmati.jit
def collatz(out, n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    tl.store(out, steps)


def test_while_with_a_branch_inside():
    assert run(collatz, 27) == 111
    assert run(collatz, 1) == 0


@cosmati.jit
def loop_sum(out, start, stop, STEP: tl.constexpr):
    total = 0
    for i in range(start, stop, STEP):
        total += i
    tl.store(out, total)


@pytest.mark.parametrize(
    "start, stop, step", [(0, 10, 1), (0, 10, 3), (5, 5, 1), (10, 0, -1), (10, 0, -3), (3, 10, -1)]
)
def test_range_as_in_python(start, stop, step):
    assert run(loop_sum, start, stop, STEP=step) == sum(range(start, stop, step))


@cosmati.jit
def nested_loops(out, n):
    a = 0
    b = 1
    for i in range(n):
        for j in tl.range(i, n, num_stages=2):
            a += i * j
        b += a
    tl.store(out, a)
    tl.store(out + 1, b)


def test_nested_loops_carry_their_variables():
    a, b = 0, 1
    for i in range(6):
        for j in range(i, 6):
            a += i * j
        b += a
    assert run(nested_loops, 6, size=2) == [a, b]


@cosmati.jit
def swapped(out, n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    tl.store(out, a)


def test_loop_carried_variables_are_swapped_at_once():
    assert run(swapped, 10) == 55


@cosmati.jit
def unrolled(out, N: tl.constexpr):
    total = 0
    for i in tl.static_range(N):
        width: tl.constexpr = 2 << i
        total += tl.sum(tl.arange(0, width))
    tl.store(out, total)


def test_static_range_unrolls_with_constants():
    assert run(unrolled, N=4) == sum(sum(range(2 << i)) for i in range(4))


@cosmati.jit
def static_choice(out, FLAG: tl.constexpr, MODE: tl.constexpr, OPTIONAL):
    if FLAG and MODE == "wide":
        tl.store(out, 1)
    elif not FLAG:
        tl.store(out, 2)
    else:
        tl.store(out, 3)
    if OPTIONAL is not None:
        tl.store(out, tl.load(OPTIONAL))


def test_branches_on_constants_are_taken_while_compiling():
    assert run(static_choice, True, "wide", None) == 1
    assert run(static_choice, False, "wide", None) == 2
    assert run(static_choice, True, "x", None) == 3
    assert run(static_choice, True, "x", np.array([9], np.int32)) == 9


@cosmati.jit
def logic(out, a, b):
    tl.store(out, (a > 0 and b > 0).to(tl.int32))
    tl.store(out + 1, (a > 0 or b > 0).to(tl.int32))
    tl.store(out + 2, (not a > 0).to(tl.int32))


@pytest.mark.parametrize("a", [-1, 2])
@pytest.mark.parametrize("b", [-1, 2])
def test_and_or_not(a, b):
    assert run(logic, a, b, size=3) == [int(a > 0 and b > 0), int(a > 0 or b > 0), int(not a > 0)]


@cosmati.jit
def ternary(out, n, FLAG: tl.constexpr):
    x = n + 1 if n > 3 else n - 1
    y = 5 if FLAG else 6
    tl.store(out, x * 10 + y)


def test_ternary():
    assert run(ternary, 4, FLAG=True) == 55
    assert run(ternary, 3, FLAG=False) == 26


@cosmati.jit
def pair(x, y=2, SCALE_BY: tl.constexpr = 10):
    return x * SCALE_BY, y


@cosmati.jit
def calls(out, n):
    a, b = pair(n)
    c, d = pair(n, y=3, SCALE_BY=100)
    both = pair(n, n)
    tl.store(out, a + b + c + d + both[0] - both[1])


def test_calls_with_defaults_keywords_and_tuples():
    assert run(calls, 5) == (50 + 2) + (500 + 3) + (50 - 5)


@cosmati.jit
def globals_used(out):
    tl.store(out, SCALE * 2 + OFFSET)


def test_constexpr_globals():
    assert run(globals_used) == 16


@cosmati.jit
def twice(x):
    return x * 2


@cosmati.jit
def thrice(x):
    return x * 3


@cosmati.jit
def higher_order(out, n, FN: tl.constexpr):
    tl.store(out, FN(n))


def test_functions_as_constexpr_arguments():
    assert run(higher_order, 5, FN=twice) == 10
    assert run(higher_order, 5, FN=thrice) == 15


@cosmati.constexpr_function
def padded_size(n):
    return cosmati.next_power_of_2(n) * 2


@cosmati.jit
def host_function(out, N: tl.constexpr):
    SIZE: tl.constexpr = padded_size(N)
    tl.store(out, tl.sum(tl.arange(0, SIZE)) + cosmati.cdiv(N, 4) + tl.cdiv(N, 3))


def test_constexpr_functions_run_while_compiling():
    assert run(host_function, N=5) == sum(range(16)) + 2 + 2


@cosmati.jit
def python_builtins(out, a, b):
    c = min(a, b, 7) + max(a, b)
    tl.store(out, c + len((1, 2, 3)) + int(2.7) + min(4, 9))


def test_python_builtins():
    assert run(python_builtins, 3, 12) == 3 + 12 + 3 + 2 + 4


@cosmati.jit
def list_comprehension(out, N: tl.constexpr):
    values = [x * 2 for x in (1, 2, 3)]
    total = 0
    for i in tl.static_range(3):
        total += values[i]
    tl.store(out, total)


def test_list_comprehension_over_a_tuple():
    assert run(list_comprehension, N=3) == 12


@cosmati.jit
def walrus(out, n):
    if (m := n * 2) > 10:
        tl.store(out, m)
    else:
        tl.store(out, -m)


def test_walrus():
    assert run(walrus, 6) == 12
    assert run(walrus, 5) == -10


@cosmati.jit
def branch_values(out, n):
    x = 0
    y = 1.5
    if n > 2:
        x = n * 2
        y = y * 2
    else:
        z = n
        x = z
    tl.store(out, x + y.to(tl.int32))


def test_variables_assigned_in_branches():
    assert run(branch_values, 3) == 9
    assert run(branch_values, 1) == 2


@cosmati.jit
def negative_remainder(out, n, N: tl.constexpr):
    tl.store(out, n // 2)
    tl.store(out + 1, n % 4)
    tl.store(out + 2, N // 2)
    tl.store(out + 3, N % 4)


def test_values_truncate_where_constants_floor():
    assert run(negative_remainder, -7, N=-7, size=4) == [-3, -3, -4, 1]


@cosmati.jit
def programs(out):
    i = tl.program_id(0) + tl.num_programs(0) * (
        tl.program_id(1) + tl.num_programs(1) * tl.program_id(2)
    )
    tl.store(out + i, i)


def test_three_axes_of_the_grid():
    assert run(programs, size=24, grid=(2, 3, 4)) == list(range(24))


@cosmati.jit
def random_words(out, seed, N: tl.constexpr):
    offs = tl.arange(0, N)
    tl.store(out + offs, tl.randint(seed, offs))


def _philox(seed, counter):
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    c = [counter, 0, 0, 0]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (p1 >> 32) ^ c[1] ^ k0,
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c[3] ^ k1,
            p0 & 0xFFFFFFFF,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c[0]


def test_philox_gives_the_published_numbers():
    got = run(random_words, 12345, size=64, dtype=np.uint32, N=64)
    assert got == [_philox(12345, i) for i in range(64)]


@cosmati.jit
def uniform(out, seed, N: tl.constexpr):
    offs = tl.arange(0, N)
    tl.store(out + offs, tl.rand(seed, offs))
    tl.store(out + N + offs, tl.randn(seed, offs))


def test_rand_and_randn_have_their_moments():
    values = np.array(run(uniform, 7, size=2048, dtype=np.float32, N=1024))
    flat, normal = values[:1024], values[1024:]
    assert flat.min() >= 0 and flat.max() < 1 and abs(flat.mean() - 0.5) < 0.05
    assert abs(normal.mean()) < 0.15 and abs(normal.std() - 1) < 0.1


@cosmati.jit
def return_inside_of_a_constexpr_branch(out, n, FLAG: tl.constexpr):
    i = tl.program_id(0)
    if FLAG:
        first = i == 0
        if i >= n:
            return
        last = i == n - 1
    else:
        first = i == 0
        last = i == n
    if first:
        tl.store(out + i, 2.0)
        return
    tl.store(out + i, 3.0)
    if FLAG:
        if last:
            tl.store(out + i, 9.0)


@pytest.mark.parametrize("flag, expected", [(True, [2, 3, 9, 0]), (False, [2, 3, 3, 3])])
def test_what_follows_a_constexpr_branch_with_a_conditional_return_is_kept(flag, expected):
    out = np.zeros(4, np.float32)
    return_inside_of_a_constexpr_branch[(4,)](out, 3, FLAG=flag)
    np.testing.assert_array_equal(out, expected)


@cosmati.jit
def deep_branches(out, n):
    x = 0
    if n > 0:
        if n > 1:
            if n > 2:
                if n > 3:
                    if n > 4:
                        if n > 5:
                            if n > 6:
                                if n > 7:
                                    if n > 8:
                                        if n > 9:
                                            if n > 10:
                                                if n > 11:
                                                    if n > 12:
                                                        if n > 13:
                                                            if n > 14:
                                                                x = n
    tl.store(out, x)


def test_the_work_of_compiling_nested_branches_is_not_exponential():
    assert run(deep_branches, 20) == 20
    assert run(deep_branches, 14) == 0
    times = deep_branches.warmup("*i32", 20).times
    assert times["tilegpu"] < 2000  # milliseconds; 3 visits a level would be 20 s
