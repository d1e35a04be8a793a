"""Errors of decorators and launches."""

import cosmati
import cosmati.language as tl
import numpy as np
from catalogue import case
from cosmati import CompilationError, OutOfResources
from cosmati.frontend.source import SourceError
from cosmati.tools.tensor_descriptor import TensorDescriptor

DEFINITION = "Definition"


@case(DEFINITION, "A compile-time parameter that must not be specialised", CompilationError,
      "marked as constexpr and listed in do_not_specialize")  # fmt: skip
def constexpr_not_specialized():
    @cosmati.jit(do_not_specialize=["SIZE"])
    def kernel(out, SIZE: tl.constexpr):
        tl.store(out, SIZE)

    kernel.warmup("*i32", 1)


@case(DEFINITION, "A function that is not in a file", SourceError,
      "@jit functions should be defined in a Python file")  # fmt: skip
def without_file():
    names = {"cosmati": cosmati, "tl": tl}
    exec("@cosmati.jit\ndef kernel(out):\n    tl.store(out, 1)", names)
    names["kernel"].warmup("*i32")


@case(DEFINITION, "A jit function that is called like a Python function", RuntimeError,
      "outside of the scope of a kernel")  # fmt: skip
def called_from_host():
    @cosmati.jit
    def kernel(out):
        tl.store(out, 1)

    kernel(np.zeros(1, np.int32))


@case(DEFINITION, "A language function outside of a kernel", RuntimeError,
      "inside a @cosmati.jit function")  # fmt: skip
def language_outside():
    tl.arange(0, 8)


LAUNCH = "Launches"


@cosmati.jit
def add_one(x, n, SIZE: tl.constexpr):
    offsets = tl.arange(0, SIZE)
    tl.store(x + offsets, tl.load(x + offsets, mask=offsets < n) + 1, mask=offsets < n)


@case(LAUNCH, "A missing argument", TypeError, "missing",
      "`add_one` here and below has the parameters `x`, `n` and `SIZE: tl.constexpr`.")  # fmt: skip
def missing_argument():
    add_one[(1,)](np.zeros(8, np.float32), SIZE=8)


@case(LAUNCH, "Too many arguments", TypeError, "takes")
def extra_argument():
    add_one[(1,)](np.zeros(8, np.float32), 8, 8, 8)


@case(LAUNCH, "An option that nobody knows", KeyError,
      "was specified but unrecognised")  # fmt: skip
def unknown_option():
    add_one[(1,)](np.zeros(8, np.float32), 8, SIZE=8, num_wraps=4)


@case(LAUNCH, "An argument that kernels can't take", TypeError,
      "failed to specialize argument of type: object")  # fmt: skip
def unknown_argument():
    add_one[(1,)](object(), 8, SIZE=8)


@case(LAUNCH, "A number beyond 64 bits", OverflowError, "64")
def number_too_large():
    add_one[(1,)](np.zeros(8, np.float32), 2**64, SIZE=8)


@case(LAUNCH, "A compile-time argument without a stable text", TypeError, "can't be a constexpr")
def unstable_constexpr():
    add_one[(1,)](np.zeros(8, np.float32), 8, SIZE=object())


@case(LAUNCH, "A negative grid", cosmati.DeviceError, "grid")
def bad_grid():
    add_one[(-1,)](np.zeros(8, np.float32), 8, SIZE=8)


@case(LAUNCH, "A type in a signature that is none", TypeError,
      "failed to specialize argument of type")  # fmt: skip
def unknown_type():
    add_one.warmup("*fp31", 8, SIZE=8)


@case(LAUNCH, "A grid that is too large", cosmati.DeviceError, "65535")
def large_grid():
    add_one[(1, 70000)](np.zeros(8, np.float32), 8, SIZE=8)


@case(LAUNCH, "A descriptor of memory that is not aligned", ValueError, "16-byte aligned")
def unaligned_descriptor():
    x = np.zeros((64, 65), np.float32)
    TensorDescriptor(x, (64, 65), (65, 1), (16, 16))


@case(LAUNCH, "A configuration that sets what the kernel lacks", KeyError,
      "was specified but unrecognised")  # fmt: skip
def unknown_parameter():
    tuned = cosmati.autotune([cosmati.Config({"SIZES": 8})], key=[])(add_one)
    tuned[(1,)](np.zeros(8, np.float32), 8)


@case(LAUNCH, "A number of warps that is no power of two", ValueError, "num_warps")
def bad_warps():
    add_one[(1,)](np.zeros(8, np.float32), 8, SIZE=8, num_warps=3)


@case(LAUNCH, "More shared memory than the target has", OutOfResources, "shared memory",
      "`required`, `limit` and `name` are attributes, as in Triton. The advice is found by trying "
      "what would fit, when it is first read.")  # fmt: skip
def too_much_shared():
    @cosmati.jit
    def multiply(x, y, out, SIZE: tl.constexpr):
        rows, columns = tl.arange(0, SIZE)[:, None], tl.arange(0, SIZE)[None, :]
        places = rows * SIZE + columns
        total = tl.zeros((SIZE, SIZE), tl.float32)
        for i in tl.range(8):
            total = tl.dot(tl.load(x + places + i * SIZE), tl.load(y + places + i * SIZE), total)
        tl.store(out + places, total)

    multiply.warmup("*fp16", "*fp16", "*fp32", SIZE=128, num_warps=8, num_stages=5)


@case(LAUNCH, "A configuration and a call that name the same parameter", ValueError,
      "Conflicting meta-parameters")  # fmt: skip
def conflicting_parameters():
    @cosmati.autotune([cosmati.Config({"SIZE": 8})], key=["n"])
    @cosmati.jit
    def kernel(x, n, SIZE: tl.constexpr):
        tl.store(x + tl.arange(0, SIZE), n)

    kernel[(1,)](np.zeros(8, np.float32), 8, SIZE=8)


@case(LAUNCH, "No configuration that works", cosmati.AutotunerError, "SIZE")
def no_configuration():
    @cosmati.autotune([cosmati.Config({"SIZE": 6}), cosmati.Config({"SIZE": 12})], key=["n"])
    @cosmati.jit
    def kernel(x, n, SIZE: tl.constexpr):
        tl.store(x + tl.arange(0, SIZE), n)

    kernel[(1,)](np.zeros(8, np.float32), 8)
