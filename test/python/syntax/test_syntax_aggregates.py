"""Aggregates: fields, methods, constructors, inheritance, and their way through a kernel."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


@cosmati.aggregate
class Span:
    start: tl.tensor
    size: tl.constexpr
    step: tl.constexpr = 1

    @cosmati.jit
    def offsets(self):
        return self.start + tl.arange(0, self.size) * self.step

    @cosmati.jit
    def moved(self, by):
        return cosmati.language.aggregate_replace(self, start=self.start + by)

    @cosmati.constexpr_function
    def last(self):
        return (self.size - 1) * self.step

    def doubled(self):  # plain Python, run while the kernel is compiled
        return tl.constexpr(2 * self.size.value)

    @property
    def half(self):
        return tl.constexpr(self.size.value // 2)


@cosmati.jit
def methods_kernel(x, out, start, N: tl.constexpr):
    span = Span(tl.to_tensor(start), N)
    tl.store(out + tl.arange(0, N), tl.load(x + span.offsets()))
    tl.store(out + N, span.last())
    tl.store(out + N + 1, span.doubled())
    tl.store(out + N + 2, span.half)
    tl.store(out + N + 3, tl.load(x + span.moved(2).start))


def test_methods_are_jit_functions_constexpr_functions_and_python():
    x = np.arange(64, dtype=np.int32)
    out = np.zeros(20, np.int32)
    methods_kernel[(1,)](x, out, 5, N=16)
    assert out.tolist() == [*range(5, 21), 15, 32, 8, 7]


@cosmati.jit
def step(state, i):
    return cosmati.language.core.aggregate_replace(state, start=state.start + i)


@cosmati.jit
def choose(flag, a, b):
    if flag:
        return a
    else:
        return b


@cosmati.jit
def control_flow_kernel(out, n):
    state = Span(start=tl.to_tensor(0), size=4)
    for i in range(n):
        state = step(state, i)
        if i % 2 == 0:
            state = state.moved(100)
    k = n
    while k > 0:
        state = state.moved(1000)
        k -= 1
    state = choose(n > 3, state, state.moved(7))
    tl.store(out + tl.arange(0, 4), state.offsets())


@pytest.mark.parametrize("n", [0, 1, 5])
def test_aggregates_pass_loops_branches_calls_and_returns(n):
    out = np.zeros(4, np.int32)
    control_flow_kernel[(1,)](out, n)
    start = sum(range(n)) + 100 * ((n + 1) // 2) + 1000 * n + (0 if n > 3 else 7)
    assert out.tolist() == [start, start + 1, start + 2, start + 3]


@cosmati.aggregate
class Base:
    a: tl.tensor
    scale: tl.constexpr = 3

    @cosmati.jit
    def value(self):
        return self.a * self.scale

    @cosmati.jit
    def both(self):
        return self.value() + 1


@cosmati.aggregate
class Derived(Base):
    b: tl.tensor = None  # no default of its kind: a call must give one

    @cosmati.jit
    def value(self):
        return self.a * self.scale + self.b


@cosmati.aggregate
class Pair:
    left: Base
    right: Derived
    items: tl.tuple

    @cosmati.jit
    def total(self):
        return self.left.both() + self.right.both() + self.items[0]


@cosmati.jit
def nested_kernel(out, x, n):
    pair = Pair(Base(tl.to_tensor(x)), Derived(tl.to_tensor(x), 5, tl.to_tensor(1)), (x, 2))
    for _ in range(n):
        pair = cosmati.language.aggregate_replace(pair, left=Base(pair.left.a + 1))
    tl.store(out, pair.total())


def test_inheritance_and_aggregates_in_aggregates():
    out = np.zeros(1, np.int32)
    nested_kernel[(1,)](out, 10, 4)
    assert out[0] == (14 * 3 + 1) + (10 * 5 + 1 + 1) + 10
    assert Derived.__aggregate_fields__ == ("a", "scale", "b")
    assert issubclass(Derived, Base)


@cosmati.aggregate
class Made:
    x: tl.tensor
    n: tl.constexpr

    @cosmati.constexpr_function
    def __init__(self, x, n):
        self.x = x
        self.n = tl.constexpr(n * 2)


@cosmati.aggregate
class Wider(Made):
    y: tl.tensor

    def __init__(self, x, y):
        self.x = x
        self.n = tl.constexpr(8)
        self.y = y

    @cosmati.jit
    def create(x):
        return Wider(x, x + 1)

    @cosmati.jit
    def __add__(self, other):
        return Wider(self.x + other.x, self.y + other.y)

    @cosmati.jit
    def __lt__(self, other):
        return self.x < other.x

    @cosmati.jit
    def __neg__(self):
        return Wider(-self.x, -self.y)

    @cosmati.jit
    def __getitem__(self, i):
        return self.x * i


@cosmati.jit
def constructors_kernel(out, x):
    made = Made(tl.to_tensor(x), 3)
    wide = Wider.create(tl.to_tensor(x))
    both = -(wide + wide)
    tl.static_assert(made.n == 6)
    tl.static_assert(wide.n.value == 8)
    tl.static_assert(isinstance(wide, Made))
    tl.store(out, made.x)
    tl.store(out + 1, both.x)
    tl.store(out + 2, both.y)
    tl.store(out + 3, (both < wide).to(tl.int32))
    tl.store(out + 4, wide[3])


def test_constructors_of_ones_own_and_operators():
    out = np.zeros(5, np.int32)
    constructors_kernel[(1,)](out, 4)
    assert out.tolist() == [4, -8, -10, 1, 12]


@cosmati.aggregate
class Texts:
    x: tl.tensor
    n: tl.constexpr


@cosmati.jit
def texts_kernel(out, x):
    t = Texts(tl.to_tensor(x), n=tl.float32)
    tl.store(out, t.x.to(t.n))


def test_annotations_that_are_texts():
    out = np.zeros(1, np.float32)
    texts_kernel[(1,)](out, 9)
    assert out[0] == 9.0


@cosmati.jit
def wrong_field(x):
    Span(3, 4)


@cosmati.jit
def assigned(x):
    s = Span(tl.load(x), 4)
    s.start = tl.load(x)


@cosmati.jit
def missing(x):
    Span(tl.load(x))


@cosmati.jit
def unknown(x):
    Span(tl.load(x), 4, width=3)


@cosmati.jit
def too_many(x):
    Span(tl.load(x), 4, 1, 7)


@cosmati.jit
def replaced_unknown(x):
    cosmati.language.aggregate_replace(Span(tl.load(x), 4), width=3)


@cosmati.jit
def changed_type(x, n):
    s = Span(tl.load(x), 4)
    for _ in range(n):
        s = Span(tl.load(x), 8)  # noqa: F841


@pytest.mark.parametrize(
    "kernel, message",
    [
        (wrong_field, "Expected tensor for attribute 'start' of Span, got constexpr"),
        (assigned, "use aggregate_replace"),
        (missing, r"Span.__init__\(\) missing required argument: 'size'"),
        (unknown, "got an unexpected keyword argument 'width'"),
        (too_many, "takes 4 positional arguments but 5 were given"),
        (replaced_unknown, "Span has no field 'width'"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_errors_of_aggregates(kernel, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        kernel.warmup(tl.int32)


def test_a_field_that_changes_its_type_in_a_loop():
    with pytest.raises(cosmati.CompilationError, match="Loop-carried variable s has initial type"):
        changed_type.warmup(tl.int32, 7)


def test_instances_are_immutable_and_complete():
    with pytest.raises(TypeError, match="can only inherit from other aggregates"):

        class Plain:
            pass

        @cosmati.aggregate
        class Wrong(Plain):
            x: tl.tensor

    @cosmati.aggregate
    class Incomplete:
        x: tl.constexpr

        def __init__(self):
            pass

    with pytest.raises(AttributeError, match="did not initialize attribute 'x'"):
        Incomplete()
    point = Texts.__new__(Texts)
    with pytest.raises(AttributeError, match="has no attribute 'z'"):
        point.z = 1

    @cosmati.aggregate
    class Held:
        x: tl.constexpr

    held = Held(3)
    with pytest.raises(AttributeError, match="immutable aggregate Held; use aggregate_replace"):
        held.x = tl.constexpr(4)
    assert tl.aggregate_replace(held, x=5).x == 5 and held.x == 3


def test_a_changed_method_compiles_again():
    def make(factor):
        @cosmati.aggregate
        class Scaled:
            x: tl.tensor

            @cosmati.jit
            def value(self):
                return self.x * factor

        @cosmati.jit
        def kernel(out, x):
            tl.store(out, Scaled(tl.to_tensor(x)).value())

        return kernel

    out = np.zeros(1, np.int32)
    for factor in (tl.constexpr(2), tl.constexpr(3)):
        make(factor)[(1,)](out, 7)
        assert out[0] == 7 * factor.value
