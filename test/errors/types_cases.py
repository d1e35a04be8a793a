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


@case(TYPES, "A reshape to another number of elements", CompilationError, "reshape")
def reshape_numel():
    @cosmati.jit
    def kernel(out):
        tl.store(out, tl.sum(tl.reshape(tl.arange(0, 16), (4, 8))))

    kernel.warmup("*i32")


@case(TYPES, "An axis that a block lacks", CompilationError, "must be < inputs rank")
def invalid_axis():
    @cosmati.jit
    def kernel(out):
        tl.store(out, tl.sum(tl.arange(0, 16), axis=1))

    kernel.warmup("*i32")


@case(TYPES, "An integer block full of what is no integer", CompilationError,
      "is out of range for type")  # fmt: skip
def full_of_nan():
    @cosmati.jit
    def kernel(out):
        tl.store(out + tl.arange(0, 16), tl.full((16,), float("nan"), tl.int8))

    kernel.warmup("*i8")


@case(TYPES, "An unsigned block and a negative number", CompilationError,
      "between an unsigned tensor and a negative scalar")  # fmt: skip
def negative_number():
    @cosmati.jit
    def kernel(out):
        tl.store(out + tl.arange(0, 16), tl.full((16,), 3, tl.uint32) + (-1))

    kernel.warmup("*u32")


@case(TYPES, "A product that is added to another shape", CompilationError,
      "acc of dot must have the result's type")  # fmt: skip
def dot_accumulator():
    @cosmati.jit
    def kernel(out):
        x = tl.zeros((16, 16), tl.float16)
        tl.store(out, tl.sum(tl.dot(x, x, acc=tl.zeros((16, 8), tl.float32))))

    kernel.warmup("*fp32")


@case(TYPES, "An unknown precision of a product", CompilationError,
      "input_precision must be one of")  # fmt: skip
def dot_precision():
    @cosmati.jit
    def kernel(out):
        x = tl.zeros((16, 16), tl.float32)
        tl.store(out, tl.sum(tl.dot(x, x, input_precision="fast")))

    kernel.warmup("*fp32")


@case(TYPES, "Bits of another width", CompilationError, "Cannot bitcast data-type of size")
def bitcast_width():
    @cosmati.jit
    def kernel(out):
        tl.store(out + tl.arange(0, 16), tl.arange(0, 16).to(tl.float16, bitcast=True))

    kernel.warmup("*fp16")


MEMORY = "Memory"


@case(MEMORY, "An atomic operation on a type that has none", CompilationError,
      "does not support")  # fmt: skip
def atomic_type():
    @cosmati.jit
    def kernel(x):
        tl.atomic_add(x, 1)

    kernel.warmup("*i8")


@case(MEMORY, "A mask beside a block pointer", CompilationError, "boundary_check")
def masked_block_pointer():
    @cosmati.jit
    def kernel(x, n):
        at = tl.make_block_ptr(x, (n,), (1,), (0,), (16,), (0,))
        tl.store(at, 1.0, mask=tl.arange(0, 16) < n)

    kernel.warmup("*fp32", 7)


@case(MEMORY, "A descriptor of rows that are not aligned", CompilationError,
      "must be a multiple of 16 bytes")  # fmt: skip
def descriptor_stride():
    @cosmati.jit
    def kernel(x):
        rows = tl.make_tensor_descriptor(x, [4, 4], [3, 1], [4, 4])
        tl.store(x, tl.sum(rows.load([0, 0])))

    kernel.warmup("*fp32")


@case(MEMORY, "Inline PTX that names a register it has not", CompilationError,
      "inline_asm_elementwise: the text names the operand")  # fmt: skip
def assembly_operand():
    @cosmati.jit
    def kernel(out):
        at = tl.arange(0, 16)
        x = tl.inline_asm_elementwise("mov.b32 $0, $2;", "=r,r", [at], tl.int32, True, 1)
        tl.store(out + at, x)

    kernel.warmup("*i32")


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
