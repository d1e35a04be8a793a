"""What a kernel needs more of than its target has is named: how much, for what, and what fits."""

from __future__ import annotations

import inspect
import pickle

import cosmati
import cosmati.language as tl
import pytest
from cosmati import OutOfResources
from cosmati.runtime.advice import block_parameters, shared_memory_advice

BIG = 64 * 1024


@cosmati.jit
def product(a, b, c, K, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr):
    m = tl.arange(0, BLOCK_M)[:, None]
    n = tl.arange(0, BLOCK_N)[None, :]
    k = tl.arange(0, BLOCK_K)
    x = tl.load(a + m * K + k[None, :])
    y = tl.load(b + k[:, None] * BLOCK_N + n)
    z = tl.dot(x, y, input_precision="ieee")  # both operands stay in shared memory
    tl.store(c + m * BLOCK_N + n, z)


def refused(kernel, *args, **options) -> OutOfResources:
    with pytest.raises(OutOfResources) as caught:
        kernel.warmup(*args, **options)
    return caught.value


def place(kernel, text: str) -> str:
    lines, first = inspect.getsourcelines(kernel.fn)
    (index,) = [i for i, line in enumerate(lines) if text in line and "def " not in line]
    return f"{__file__}:{first + index}: {lines[index].strip()}"


def test_too_much_shared_memory_names_buffers_lines_bytes_and_what_fits() -> None:
    error = refused(
        product, "*fp32", "*fp32", "*fp32", 256, BLOCK_M=64, BLOCK_N=64, BLOCK_K=256,
        target="sm_89",
    )  # fmt: skip
    _, first = inspect.getsourcelines(product.fn)
    assert str(error).splitlines() == [
        f"{__file__}:{first + 1}:1: out of resources: kernel 'product' needs 131072 bytes of "
        "shared memory; sm_89 has 101376 for one CTA",
        "    def product(a, b, c, K, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, "
        "BLOCK_K: tl.constexpr):",
        "    ^",
        "  65536 bytes: dot operand a, 64x256xf32",
        "    " + place(product, "tl.dot"),
        "  65536 bytes: dot operand b, 256x64xf32",
        "    " + place(product, "tl.dot"),
        "  131072 bytes are in use at one time; use smaller blocks, fewer stages or a "
        "narrower type",
        "  what fits, by trying:",
        "    BLOCK_M=32 instead of 64: 98304 bytes",
        "    BLOCK_N=32 instead of 64: 98304 bytes",
        "    BLOCK_K=128 instead of 256: 65536 bytes",
    ]
    assert (error.required, error.limit, error.name) == (131072, 101376, "shared memory")


def test_what_is_said_to_fit_does_fit() -> None:
    error = refused(
        product, "*fp32", "*fp32", "*fp32", 256, BLOCK_M=64, BLOCK_N=64, BLOCK_K=256,
        target="sm_89",
    )  # fmt: skip
    for line in error.advice.splitlines()[1:]:
        change, _, needed = line.partition(":")
        name, extent = change.split(" instead of ")[0].strip().split("=")
        blocks = {"BLOCK_M": 64, "BLOCK_N": 64, "BLOCK_K": 256, name: int(extent)}
        compiled = product.warmup(
            "*fp32", "*fp32", "*fp32", 256, **blocks, target="sm_89", assemble=False
        )
        assert compiled.shared == int(needed.split()[0]) <= error.limit


def test_the_same_kernel_fits_where_there_is_more() -> None:
    compiled = product.warmup(
        "*fp32", "*fp32", "*fp32", 256, BLOCK_M=64, BLOCK_N=64, BLOCK_K=256,
        target="sm_90a", assemble=False,
    )  # fmt: skip
    assert compiled.shared == 131072


def test_advice_is_made_when_it_is_read_and_survives_pickling() -> None:
    error = refused(
        product, "*fp32", "*fp32", "*fp32", 256, BLOCK_M=128, BLOCK_N=128, BLOCK_K=256,
        target="sm_80",
    )  # fmt: skip
    assert "advice" not in vars(error)
    text = str(error)
    assert "what fits" in text and "advice" in vars(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.required, copy.limit, copy.name) == (error.required, error.limit, error.name)
    assert str(copy) == text


def test_blocks_shrink_together_where_one_alone_is_not_enough() -> None:
    def measure(values, options):
        return values[0] * values[1]

    text = shared_memory_advice(["BLOCK_A", "BLOCK_B"], (512, 512), {}, 100, measure)
    assert "no smaller" in text
    text = shared_memory_advice(["BLOCK_A", "BLOCK_B"], (512, 512), {}, 1024, measure)
    assert text.splitlines()[1:] == ["    BLOCK_A=32, BLOCK_B=32: 1024 bytes"]


def test_options_are_tried_first_and_nothing_else_is_claimed() -> None:
    def stages(values, options):
        return 1000 * int(options.get("num_stages", 3))

    text = shared_memory_advice([], (), {"num_stages": "4"}, 2500, stages)
    assert text.splitlines()[1:] == ["    num_stages=2 instead of 4: 2000 bytes"]

    def warps(values, options):
        return 100 * int(options.get("num_warps", 4))

    text = shared_memory_advice([], (), {"num_warps": "8"}, 500, warps)
    assert text.splitlines()[1:] == ["    num_warps=4 instead of 8: 400 bytes"]


def test_extents_of_blocks_are_told_from_other_constants() -> None:
    assert block_parameters(["HEAD_DIM", "BLOCK_M", "flag"], (128, 64, True)) == [1]
    assert block_parameters(["N", "rows", "odd"], (128, 64, 100)) == [0, 1]


@cosmati.jit
def many_registers(x, y, N: tl.constexpr):
    i = tl.arange(0, N)
    a = tl.load(x + i)
    tl.store(y + i, a * tl.cumsum(a, 0) + tl.sort(a))


def assembled(**options):
    compiled = many_registers.warmup("*fp32", "*fp32", **options)
    if "assembler" not in compiled.image.metadata:
        pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
    return compiled


def test_few_registers_spill_and_the_metadata_say_so() -> None:
    free = assembled(N=1024, target="sm_80")
    assert free.n_spills == 0
    tight = assembled(N=1024, target="sm_80", maxnreg=24)
    assert tight.n_regs <= 24 < free.n_regs
    assert tight.n_spills > 0
    assert ".maxnreg 24" in tight.asm["ptx"]


def test_more_registers_than_a_cta_has_are_refused_with_what_fits() -> None:
    assembled(N=512, target="sm_80")
    with pytest.raises(OutOfResources) as caught:
        assembled(N=16384, num_warps=32, maxnreg=128, target="sm_80")
    error = caught.value
    assert (error.required, error.limit, error.name) == (128 * 1024, 65536, "registers")
    _, first = inspect.getsourcelines(many_registers.fn)
    assert str(error).splitlines()[0] == (
        f"{__file__}:{first + 1}:1: out of resources: kernel 'many_registers' needs 128 registers "
        "in each of 1024 threads, 131072 together; sm_80 has 65536 for one CTA. At 128 registers "
        "num_warps=16 fits; with num_warps=32 maxnreg=64 does (the rest is spilled to memory)"
    )
    fits = assembled(N=16384, num_warps=32, maxnreg=64, target="sm_80")
    assert fits.n_regs <= 64
