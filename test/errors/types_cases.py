"""Errors of types, shapes and arguments of the language's functions."""

import cosmati
import cosmati.language as tl
from catalogue import case
from cosmati import CompilationError

TYPES = "Types and shapes"


@case(TYPES, "Shapes of different rank", CompilationError, "Cannot broadcast, rank mismatch")
def rank_mismatch():
    @cosmati.jit
    def kernel(out):
        x = tl.broadcast_to(tl.zeros((4, 8), tl.float32), (4,))
        tl.store(out, tl.sum(x))

    kernel.warmup("*fp32")


@case(TYPES, "Shapes that don't broadcast", CompilationError, "incompatible")
def incompatible_shapes():
    @cosmati.jit
    def kernel(out):
        x = tl.arange(0, 8) + tl.arange(0, 16)
        tl.store(out, tl.sum(x))

    kernel.warmup("*i32")


@case(TYPES, "An index that blocks don't have", CompilationError, "unsupported tensor index")
def tensor_index():
    @cosmati.jit
    def kernel(out):
        x = tl.arange(0, 8)
        tl.store(out, x[3])

    kernel.warmup("*i32")


@case(TYPES, "A mathematical function of an integer", CompilationError, "Expected dtype")
def math_of_integer():
    @cosmati.jit
    def kernel(out):
        tl.store(out + tl.arange(0, 8), tl.exp(tl.arange(0, 8)))

    kernel.warmup("*fp32")


@case(TYPES, "Division of signed by unsigned integers", CompilationError, "signed")
def mixed_signs():
    @cosmati.jit
    def kernel(out):
        x = tl.arange(0, 8) // tl.full((8,), 3, tl.uint32)
        tl.store(out + tl.arange(0, 8), x)

    kernel.warmup("*i32")


@case(TYPES, "A number that doesn't fit its type", CompilationError, "is out of range for type")
def scalar_range():
    @cosmati.jit
    def kernel(out):
        x = tl.full((8,), 1, tl.int8) + 300
        tl.store(out + tl.arange(0, 8), x)

    kernel.warmup("*i8")


@case(TYPES, "A product of blocks that are too small", CompilationError,
      "Input shapes should have M >= 1, N >= 1 and K >= 16")  # fmt: skip
def dot_too_small():
    @cosmati.jit
    def kernel(out):
        x = tl.zeros((16, 8), tl.float16)
        y = tl.zeros((8, 16), tl.float16)
        tl.store(out, tl.sum(tl.dot(x, y)))

    kernel.warmup("*fp32")


@case(TYPES, "A product of different types", CompilationError, "Both operands must be same dtype")
def dot_types():
    @cosmati.jit
    def kernel(out):
        x = tl.zeros((16, 16), tl.float16)
        y = tl.zeros((16, 16), tl.bfloat16)
        tl.store(out, tl.sum(tl.dot(x, y)))

    kernel.warmup("*fp32")


MEMORY = "Memory"


@case(MEMORY, "`other` without a mask", CompilationError,
      "`other` cannot be provided without `mask`")  # fmt: skip
def other_without_mask():
    @cosmati.jit
    def kernel(x):
        tl.store(x, tl.load(x, other=0.0))

    kernel.warmup("*fp32")


@case(MEMORY, "A block as the mask of a scalar", CompilationError,
      "Mask argument cannot be block type if pointer argument is not a block")  # fmt: skip
def block_mask():
    @cosmati.jit
    def kernel(x):
        tl.store(x, tl.load(x, mask=tl.arange(0, 8) < 3))

    kernel.warmup("*fp32")


@case(MEMORY, "A store through a constant pointer", CompilationError,
      "Cannot store to a constant pointer")  # fmt: skip
def constant_pointer():
    @cosmati.jit
    def kernel(x: tl.const):
        tl.store(x, 1.0)

    kernel.warmup("*fp32")


@case(MEMORY, "A load from something that is no pointer", CompilationError, "Unsupported ptr type")
def load_integer():
    @cosmati.jit
    def kernel(x, n):
        tl.store(x, tl.load(n))

    kernel.warmup("*i32", 7)


@case(MEMORY, "A dimension that grids don't have", CompilationError,
      "program_id axis must be 0, 1, or 2")  # fmt: skip
def grid_axis():
    @cosmati.jit
    def kernel(x):
        tl.store(x, tl.program_id(3))

    kernel.warmup("*i32")


@case(MEMORY, "An unknown cache modifier", CompilationError, "cache modifier")
def cache_modifier():
    @cosmati.jit
    def kernel(x):
        tl.store(x, tl.load(x, cache_modifier=".xx"))

    kernel.warmup("*i32")


@case(MEMORY, "An unknown memory semantic", CompilationError, "Memory semantic")
def memory_semantic():
    @cosmati.jit
    def kernel(x):
        tl.atomic_add(x, 1, sem="strong")

    kernel.warmup("*i32")
