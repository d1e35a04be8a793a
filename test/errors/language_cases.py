"""Errors of the language: names, syntax, control flow, compile-time values."""

import cosmati
import cosmati.language as tl
from catalogue import case
from cosmati import CompilationError, CompileTimeAssertionFailure, UnsupportedLanguageConstruct

NUMBER = 5


def helper(x):
    return x


NAMES = "Names"


@case(NAMES, "A name that isn't defined", CompilationError, "`missing` is not defined")
def undefined_name():
    @cosmati.jit
    def kernel(out):
        tl.store(out, missing)  # noqa: F821

    kernel.warmup("*i32")


@case(NAMES, "A global variable", CompilationError, "Cannot access global variable `NUMBER`")
def plain_global():
    @cosmati.jit
    def kernel(out):
        tl.store(out, NUMBER)

    kernel.warmup("*i32")


@case(NAMES, "A Python function", CompilationError, "Cannot call the Python function `helper`")
def python_function():
    @cosmati.jit
    def kernel(out):
        tl.store(out, helper(3))

    kernel.warmup("*i32")


@case(NAMES, "An attribute that a module lacks", CompilationError, "has no attribute `arrange`")
def module_attribute():
    @cosmati.jit
    def kernel(out):
        tl.store(out + tl.arrange(0, 8), 1)

    kernel.warmup("*i32")


@case(
    NAMES, "An error in a called function", CompilationError, "called from",
    "The chain of calls follows: here the kernel passes a size that the function can't use.",
)  # fmt: skip
def inlined():
    @cosmati.jit
    def places(first, SIZE: tl.constexpr):
        return first + tl.arange(0, SIZE)

    @cosmati.jit
    def kernel(out):
        tl.store(out, tl.sum(places(1, 12)))

    kernel.warmup("*i32")


SYNTAX = "Syntax that kernels can't use"


@case(SYNTAX, "break", UnsupportedLanguageConstruct, "`break` is not supported")
def break_statement():
    @cosmati.jit
    def kernel(out, n):
        for i in range(n):
            if i > 3:
                break

    kernel.warmup("*i32", 7)


@case(SYNTAX, "continue", UnsupportedLanguageConstruct, "`continue` is not supported")
def continue_statement():
    @cosmati.jit
    def kernel(out, n):
        for i in range(n):
            if i > 3:
                continue
            tl.store(out, i)

    kernel.warmup("*i32", 7)


@case(SYNTAX, "try", UnsupportedLanguageConstruct, "`try` is not supported")
def try_statement():
    @cosmati.jit
    def kernel(out):
        try:
            tl.store(out, 1)
        except ValueError:
            pass

    kernel.warmup("*i32")


@case(SYNTAX, "lambda", UnsupportedLanguageConstruct, "`lambda` is not supported")
def lambda_expression():
    @cosmati.jit
    def kernel(out):
        f = lambda x: x + 1  # noqa: E731
        tl.store(out, f(1))

    kernel.warmup("*i32")


@case(SYNTAX, "A nested function", UnsupportedLanguageConstruct, "nested functions are not")
def nested_function():
    @cosmati.jit
    def kernel(out):
        def inner(x):
            return x

        tl.store(out, inner(1))

    kernel.warmup("*i32")


@case(SYNTAX, "A dictionary", UnsupportedLanguageConstruct, "dictionaries are not supported")
def dictionary():
    @cosmati.jit
    def kernel(out):
        table = {"a": 1}
        tl.store(out, table["a"])

    kernel.warmup("*i32")


@case(SYNTAX, "del", UnsupportedLanguageConstruct, "`del` is not supported")
def del_statement():
    @cosmati.jit
    def kernel(out):
        x = 1
        del x

    kernel.warmup("*i32")


@case(SYNTAX, "global", UnsupportedLanguageConstruct, "`global` is not supported")
def global_statement():
    @cosmati.jit
    def kernel(out):
        global NUMBER
        NUMBER = 3

    kernel.warmup("*i32")


@case(SYNTAX, "A chained comparison", UnsupportedLanguageConstruct, "chained comparisons")
def chained_comparison():
    @cosmati.jit
    def kernel(out, n):
        tl.store(out, 1, mask=0 < n < 8)

    kernel.warmup("*i32", 7)


@case(SYNTAX, "return in a loop", UnsupportedLanguageConstruct, "`return` inside of a loop")
def return_in_loop():
    @cosmati.jit
    def kernel(out, n):
        for i in range(n):
            if i == 3:
                return
            tl.store(out, i)

    kernel.warmup("*i32", 7)


@case(SYNTAX, "Assignment to an element", UnsupportedLanguageConstruct, "assignment to an")
def subscript_assignment():
    @cosmati.jit
    def kernel(out):
        x = tl.arange(0, 8)
        x[0] = 1

    kernel.warmup("*i32")


@case(SYNTAX, "Assignment to an attribute", UnsupportedLanguageConstruct, "assignment to an")
def attribute_assignment():
    @cosmati.jit
    def kernel(out):
        x = tl.arange(0, 8)
        x.name = 1

    kernel.warmup("*i32")


@case(SYNTAX, "else of a loop", UnsupportedLanguageConstruct, "`else`")
def for_else():
    @cosmati.jit
    def kernel(out, n):
        for i in range(n):
            tl.store(out, i)
        else:
            tl.store(out, 0)

    kernel.warmup("*i32", 7)


@case(SYNTAX, "The operator @", CompilationError, "tl.dot")
def matmul_operator():
    @cosmati.jit
    def kernel(out):
        x = tl.zeros((16, 16), tl.float32)
        x = x @ x

    kernel.warmup("*fp32")


@case(SYNTAX, "The operator ** on a block", CompilationError, "pow")
def power_operator():
    @cosmati.jit
    def kernel(out):
        x = tl.arange(0, 8) ** 2
        tl.store(out + tl.arange(0, 8), x)

    kernel.warmup("*i32")


@case(SYNTAX, "Recursion", CompilationError, "recursion")
def recursion():
    @cosmati.jit
    def kernel(out):
        kernel(out)

    kernel.warmup("*i32")


FLOW = "Control flow"


@case(FLOW, "A loop that changes a variable's type", CompilationError,
      "Loop-carried variable x has initial type")  # fmt: skip
def loop_carried():
    @cosmati.jit
    def kernel(out, n):
        x = 0
        for i in range(n):
            x = x + 1.5 * i
        tl.store(out, x)

    kernel.warmup("*fp32", 7)


@case(FLOW, "Branches that disagree on a type", CompilationError, "Mismatched type for x between")
def mismatched_branches():
    @cosmati.jit
    def kernel(out, n):
        if n > 3:
            x = 1
        else:
            x = tl.zeros((8,), tl.float32)
        tl.store(out, x)

    kernel.warmup("*i32", 7)


@case(FLOW, "Returns that disagree on a type", CompilationError, "Return type mismatch")
def mismatched_returns():
    @cosmati.jit
    def choose(n):
        if n > 3:
            return 1
        return tl.zeros((8,), tl.float32)

    @cosmati.jit
    def kernel(out, n):
        tl.store(out, choose(n))

    kernel.warmup("*i32", 7)


@case(FLOW, "A variable that only one branch assigns", CompilationError, "`x` ")
def one_branch():
    @cosmati.jit
    def kernel(out, n):
        if n > 3:
            x = 1
        tl.store(out, x)

    kernel.warmup("*i32", 7)


@case(FLOW, "A block as a condition", CompilationError, "`if` and `while` take scalars")
def block_condition():
    @cosmati.jit
    def kernel(out):
        x = tl.arange(0, 8)
        if x > 3:
            tl.store(out, 1)

    kernel.warmup("*i32")


CONSTANTS = "Compile-time values"


@case(CONSTANTS, "static_assert", CompileTimeAssertionFailure, "static assertion failed")
def failed_static_assert():
    @cosmati.jit
    def kernel(out, SIZE: tl.constexpr):
        tl.static_assert(SIZE % 64 == 0, "SIZE is a multiple of 64")

    kernel.warmup("*i32", SIZE=96)


@case(CONSTANTS, "A bound of arange that is known only at run time", CompilationError,
      "arange's arguments must be of type tl.constexpr")  # fmt: skip
def arange_runtime():
    @cosmati.jit
    def kernel(out, n):
        tl.store(out + tl.arange(0, n), 1)

    kernel.warmup("*i32", 7)


@case(CONSTANTS, "A range of arange that is no power of two", CompilationError,
      "arange's range must be a power of 2")  # fmt: skip
def arange_power():
    @cosmati.jit
    def kernel(out):
        tl.store(out + tl.arange(0, 12), 1)

    kernel.warmup("*i32")


@case(CONSTANTS, "A shape that is no power of two", CompilationError,
      "Shape element 1 must be a power of 2")  # fmt: skip
def shape_power():
    @cosmati.jit
    def kernel(out):
        x = tl.zeros((4, 12), tl.float32)
        tl.store(out, tl.sum(x))

    kernel.warmup("*fp32")


@case(CONSTANTS, "A block with too many elements", CompilationError,
      "exceeds triton maximum tensor numel")  # fmt: skip
def block_too_large():
    @cosmati.jit
    def kernel(out):
        x = tl.zeros((2048, 1024), tl.float32)
        tl.store(out, tl.sum(x))

    kernel.warmup("*fp32")


@case(CONSTANTS, "A result that nobody uses", CompilationError, "is not being used")
def unused_result():
    @cosmati.jit
    def kernel(out, n):
        block = tl.make_block_ptr(out, (n,), (1,), (0,), (8,), (0,))
        tl.advance(block, (8,))

    kernel.warmup("*fp32", 7)
