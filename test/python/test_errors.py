"""What users see when a kernel is wrong: golden texts, with lines counted from the kernel."""

from __future__ import annotations

import inspect

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import CompilationError, CompileTimeAssertionFailure, UnsupportedLanguageConstruct

NOT_CONSTEXPR = 5
LIMIT = tl.constexpr(4)


def python_helper(x):
    return x


def compile_error(kernel, *args, **options):
    """The error of compiling a kernel, with its own file's name shortened."""
    with pytest.raises(CompilationError) as caught:
        kernel.warmup(*args, **options)
    return caught.value


def line_of(kernel, text):
    """Absolute line and 1-based column of a piece of the kernel's source."""
    lines, first = inspect.getsourcelines(kernel.fn)
    for index, line in reversed(list(enumerate(lines))):  # not the `def` with its name
        if text in line:
            return first + index, line.index(text) + 1
    raise AssertionError(f"{text!r} is not in the kernel")


def check(kernel, place, message, *args, kind=CompilationError, **options):
    error = compile_error(kernel, *args, **options)
    assert type(error) is kind
    assert message in error.message
    assert (error.chain[0].line, error.chain[0].column) == line_of(kernel, place)
    return error


@cosmati.jit
def undefined(out):
    tl.store(out, missing_name)  # noqa: F821


def test_undefined_name():
    check(undefined, "missing_name", "`missing_name` is not defined", "*i32")


@cosmati.jit
def plain_global(out):
    tl.store(out, NOT_CONSTEXPR)


def test_plain_global():
    message = "Cannot access global variable `NOT_CONSTEXPR` from within @jit'ed function"
    error = check(plain_global, "NOT_CONSTEXPR", message, "*i32")
    assert "`NOT_CONSTEXPR = tl.constexpr(...)`" in error.message


@cosmati.jit
def calls_python(out):
    tl.store(out, python_helper(3))


def test_python_function():
    check(calls_python, "python_helper", "decorate it with @cosmati.jit", "*i32")


@cosmati.jit
def bad_range(out, N: tl.constexpr):
    offs = tl.arange(0, N)
    tl.store(out + offs, offs)


def test_whole_text_has_file_line_source_and_carets():
    error = compile_error(bad_range, "*i32", N=100)
    line, column = line_of(bad_range, "tl.arange(0, N)")
    lines = str(error).splitlines()
    assert lines[0].startswith(f"{__file__}:{line}:{column}: arange's range must be a power of 2")
    assert lines[1:] == [
        "    offs = tl.arange(0, N)",
        "           ^^^^^^^^^^^^^^^",
        f"  in {__name__}.bad_range, at 2:11:",
    ]


@cosmati.jit
def runtime_range(out, n):
    size = n * 2
    tl.store(out + tl.arange(0, size), 0)


def test_range_of_a_runtime_value():
    message = "arange's arguments must be of type tl.constexpr"
    error = check(runtime_range, "tl.arange(0, size)", message, "*i32", 7)
    assert "is annotated: `N: tl.constexpr`" in error.message


@cosmati.jit
def innermost(x):
    return x + tl.arange(0, 3)


@cosmati.jit
def middle(x):
    y = x * 2
    return innermost(y)


@cosmati.jit
def outermost(out, n):
    tl.store(out, middle(n))


def test_chain_of_inlined_calls():
    error = compile_error(outermost, "*i32", 7)
    places = [(place.function.rpartition(".")[2], place.line) for place in error.chain]
    assert places == [
        ("innermost", line_of(innermost, "tl.arange")[0]),
        ("middle", line_of(middle, "innermost(y)")[0]),
        ("outermost", line_of(outermost, "middle(n)")[0]),
    ]
    text = str(error)
    assert text.count("called from") == 2
    assert "    return innermost(y)\n           ^^^^^^^^^^^^" in text


@cosmati.jit
def type_change(out, n):
    x = 0
    for _ in range(n):
        x = x + 1.5
    tl.store(out, x)


def test_loop_carried_type():
    message = (
        "Loop-carried variable x has initial type int32 but is re-assigned to fp32 in loop! "
        "Please make sure that the type stays consistent."
    )
    check(type_change, "for _ in", message, "*fp32", 7)


@cosmati.jit
def branch_types(out, n):
    if n > 3:
        x = 1
    else:
        x = 1.5
    tl.store(out, x)


def test_types_of_branches():
    message = "Mismatched type for x between then block (int32) and else block (fp32)"
    check(branch_types, "x)", message, "*fp32", 7)


@cosmati.jit
def one_branch(out, n):
    if n > 3:
        x = 1
    tl.store(out, x)


def test_variable_of_one_branch():
    line, _ = line_of(one_branch, "if n > 3")
    message = f"the `if` at line {line} assigns it only in its then block"
    check(one_branch, "x)", message, "*i32", 7)


@cosmati.jit
def after_loop(out, n):
    for i in range(n):
        last = i
    tl.store(out, last)


@cosmati.jit
def loop_variable(out, n):
    for i in range(n):  # noqa: B007
        pass
    tl.store(out, i)


def test_variables_of_a_loop():
    check(after_loop, "last)", "assigned only inside of the loop", "*i32", 7)
    check(loop_variable, "i)", "is the variable of the loop", "*i32", 7)


@cosmati.jit
def return_mismatch_callee(n):
    if n > 3:
        return 1
    return 1.5


@cosmati.jit
def return_mismatch(out, n):
    tl.store(out, return_mismatch_callee(n))


def test_return_types():
    error = compile_error(return_mismatch, "*fp32", 7)
    assert "Return type mismatch: int32 and fp32" in error.message


@cosmati.jit
def with_break(out, n):
    for _ in range(n):
        break


@cosmati.jit
def with_continue(out, n):
    for _ in range(n):
        continue


@cosmati.jit
def with_lambda(out, n):
    f = lambda x: x  # noqa: E731
    tl.store(out, f(n))


@cosmati.jit
def with_try(out, n):
    try:
        tl.store(out, n)
    finally:
        pass


@cosmati.jit
def with_dict(out, n):
    table = {1: n}
    tl.store(out, table)


@cosmati.jit
def with_chain(out, n):
    if 0 < n < 5:
        tl.store(out, n)


@cosmati.jit
def with_nested(out, n):
    def helper(x):
        return x

    tl.store(out, helper(n))


@cosmati.jit
def with_loop_return(out, n):
    for i in range(n):
        if i > 3:
            return
        tl.store(out, i)


@cosmati.jit
def with_subscript(out, n):
    x = tl.arange(0, 16)
    x[3] = n


@cosmati.jit
def with_list_loop(out, n):
    for i in (1, 2):
        tl.store(out, i)


@pytest.mark.parametrize(
    "kernel, place, message",
    [
        (with_break, "break", "put the condition into a `while` loop"),
        (with_continue, "continue", "put the rest of the body under an `if`"),
        (with_lambda, "lambda", "define a @cosmati.jit function at module level"),
        (with_try, "try", "a kernel raises no exceptions"),
        (with_dict, "{1: n}", "use a tuple"),
        (with_chain, "0 < n < 5", "write `(a < b) & (b < c)`"),
        (with_nested, "def helper", "define it at module level"),
        (with_loop_return, "return", "`return` inside of a loop is not supported"),
        (with_subscript, "x[3] = n", "use tl.where(index == i, value, x)"),
        (with_list_loop, "(1, 2)", "Only `range`, `tl.range` and `tl.static_range` iterators"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_unsupported_syntax_is_named_with_a_remedy(kernel, place, message):
    check(kernel, place, message, "*i32", 7, kind=UnsupportedLanguageConstruct)


@cosmati.jit
def failing_assert(out, N: tl.constexpr):
    tl.static_assert(N % LIMIT == 0, f"N={N} is no multiple of {LIMIT}")


def test_static_assert():
    message = "static assertion failed: N=6 is no multiple of 4"
    check(
        failing_assert, "tl.static_assert", message, "*i32", N=6, kind=CompileTimeAssertionFailure
    )
    failing_assert.warmup("*i32", N=8)


@cosmati.jit
def exp_of_half(x):
    tl.store(x, tl.exp(tl.load(x)))


@cosmati.jit
def bad_mask(x, n):
    tl.store(x, tl.load(x, other=0))


@cosmati.jit
def block_mask(x, n):
    tl.store(x, n, mask=tl.arange(0, 8) < n)


@cosmati.jit
def bad_broadcast(x):
    a = tl.zeros((16,), tl.float32)
    b = tl.zeros((32,), tl.float32)
    tl.store(x + tl.arange(0, 16), a + b)


@cosmati.jit
def bad_index(x):
    tl.store(x, tl.arange(0, 16)[3])


@cosmati.jit
def bad_axis(x):
    tl.store(x, tl.program_id(3))


@cosmati.jit
def bad_dot(x):
    a = tl.zeros((16, 16), tl.float16)
    b = tl.zeros((16, 16), tl.float32)
    tl.store(x, tl.sum(tl.dot(a, b)))


@cosmati.jit
def bad_shape(x):
    tl.store(x, tl.sum(tl.zeros((12,), tl.float32)))


@cosmati.jit
def huge(x):
    tl.store(x, tl.sum(tl.zeros((2048, 1024), tl.float32)))


@cosmati.jit
def block_condition(x):
    if tl.arange(0, 16) > 3:
        tl.store(x, 1.0)


@cosmati.jit
def bad_scalar(x):
    tl.store(x, tl.sum(tl.full((16,), 1, tl.int8) + 1000))


@cosmati.jit
def unused_advance(x):
    p = tl.make_block_ptr(x, (16,), (1,), (0,), (16,), (0,))
    tl.advance(p, (4,))


@cosmati.jit
def recursive(x):
    recursive(x)


@cosmati.jit
def tensor_power(x):
    tl.store(x, tl.load(x) ** 2)


@pytest.mark.parametrize(
    "kernel, place, message, types",
    [
        (exp_of_half, "tl.exp", "Expected dtype ['fp32', 'fp64'] but got fp16", ["*fp16"]),
        (bad_mask, "tl.load", "`other` cannot be provided without `mask`", ["*i32", 7]),
        (block_mask, "tl.store", "Mask argument cannot be block type", ["*i32", 7]),
        (bad_broadcast, "a + b", "Cannot make_shape_compatible", ["*fp32"]),
        (bad_index, "tl.arange(0, 16)[3]", "unsupported tensor index", ["*i32"]),
        (bad_axis, "tl.program_id(3)", "program_id axis must be 0, 1, or 2 but got 3", ["*i32"]),
        (bad_dot, "tl.dot(a, b)", "Both operands must be same dtype", ["*fp32"]),
        (bad_shape, "core.full", "Shape element 0 must be a power of 2", ["*fp32"]),
        (huge, "core.full", "exceeds", ["*fp32"]),
        (block_condition, "tl.arange(0, 16) > 3", "Use tl.where", ["*fp32"]),
        (bad_scalar, "tl.full", "Scalar 1000 is out of range for type int8", ["*i32"]),
        (unused_advance, "tl.advance", "The result of tl.advance is not being used", ["*fp32"]),
        (recursive, "recursive(x)", "kernels can't use recursion", ["*fp32"]),
        (tensor_power, "tl.load(x) ** 2", "`**` works on constexpr only", ["*fp32"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_language_errors_stand_at_the_users_line(kernel, place, message, types):
    error = compile_error(kernel, *types)
    assert message in error.message
    if not place.startswith("core."):
        assert (error.chain[0].line, error.chain[0].column) == line_of(kernel, place)
    assert error.chain[-1].file == __file__


def test_store_to_a_constant_pointer():
    with pytest.raises(CompilationError, match="Cannot store to a constant pointer"):
        exp_of_const.warmup("*fp32")


@cosmati.jit
def exp_of_const(x: tl.const):
    tl.store(x, 1.0)


def test_calling_a_kernel_from_python():
    with pytest.raises(RuntimeError, match="Cannot call @cosmati.jit'd outside of the scope"):
        outermost(1, 2)
    with pytest.raises(RuntimeError, match="only be called inside a @cosmati.jit function"):
        tl.arange(0, 8)


def test_function_without_source():
    namespace: dict = {"tl": tl}
    exec("def f(x):\n    tl.store(x, 1.0)\n", namespace)
    kernel = cosmati.jit(namespace["f"])
    with pytest.raises(cosmati.CosmatiError, match="should be defined in a Python file"):
        kernel.warmup("*fp32")


@cosmati.jit
def out_of_bounds(x, out, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(out + offs, tl.load(x + offs))


def test_out_of_bounds_access_names_kernel_line_and_buffer():
    x, out = np.zeros(100, np.float32), np.zeros(128, np.float32)
    with pytest.raises(cosmati.KernelFault) as caught:
        out_of_bounds[(1,)](x, out, 100, BLOCK=128)
    text = str(caught.value)
    line, _ = line_of(out_of_bounds, "tl.load")
    assert "out_of_bounds" in text and f"{__file__}:{line}:" in text
    assert "'x'" in text and "400 bytes" in text


@cosmati.jit
def too_large(a, b, c, N: tl.constexpr):
    i = tl.arange(0, N)
    offs = i[:, None] * N + i[None, :]
    tl.store(c + offs, tl.dot(tl.load(a + offs), tl.load(b + offs), input_precision="ieee"))


def test_too_much_shared_memory_names_the_buffers_and_the_kernel():
    with pytest.raises(cosmati.OutOfResources) as caught:
        too_large.warmup("*fp32", "*fp32", "*fp32", N=256)
    lines = str(caught.value).splitlines()
    line, _ = line_of(too_large, "def too_large")
    assert lines[0].startswith(f"{__file__}:{line}:")
    assert "out of resources: kernel 'too_large' needs" in lines[0]
    assert any("dot operand a" in text for text in lines)
    assert not any("tilegpu." in text for text in lines), "the compiler's IR is no help to users"


@cosmati.jit
def asserting(x, n):
    tl.device_assert(n > 3, "n is too small")
    tl.store(x, n)


def test_device_assert_is_checked_in_debug_kernels():
    x = np.zeros(1, np.int32)
    asserting[(1,)](x, 2)
    assert x[0] == 2
    with pytest.raises(cosmati.KernelFault, match="n is too small"):
        asserting[(1,)](x, 2, debug=True)


@cosmati.jit
def printing(x):
    tl.device_print("value", tl.load(x))


def test_device_print_goes_to_pythons_stdout(capsys):
    printing[(1,)](np.array([42], np.int32))
    assert "42" in capsys.readouterr().out


@cosmati.jit
def static_printing(x, N: tl.constexpr):
    tl.static_print("N is", N)
    tl.store(x, N)


def test_static_print(capsys):
    static_printing.warmup("*i32", N=77)
    assert "N is 77" in capsys.readouterr().out
