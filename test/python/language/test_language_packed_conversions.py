"""Conversions that work on several registers of a thread at once: every code of the small types.

A thread holds 1 to 16 registers of a block; pairs and words may come from neighbours in memory or,
after a transposition, from elsewhere.
"""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import FP8, assert_same, cast, np_type

ARCHITECTURES = ["sm_80", "sm_89", "sm_90a"]
WIDE = ["float16", "bfloat16", "float32"]
BLOCKS = [(32, 1), (64, 1), (128, 1), (256, 1), (512, 1), (1024, 4)]  # elements, warps


@cosmati.jit
def cast_kernel(x, out, MASKED: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    if MASKED:
        value = tl.load(x + offs, mask=offs >= 0)
        tl.store(out + offs, value.to(out.dtype.element_ty), mask=offs >= 0)
    else:
        tl.store(out + offs, tl.load(x + offs).to(out.dtype.element_ty))


@cosmati.jit
def cast_transposed_kernel(x, out, BLOCK: tl.constexpr):
    rows = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)[:, None]
    columns = tl.arange(0, 16)[None, :]
    value = tl.load(x + rows * 16 + columns).to(out.dtype.element_ty)
    tl.store(out + columns * (BLOCK * tl.num_programs(0)) + rows, value)


def all_codes(name: str) -> np.ndarray:
    dtype = np_type(name)
    codes = np.arange(2 ** (8 * min(dtype.itemsize, 2)))
    if dtype.itemsize == 4:  # the float32 whose upper half is the code, and one a bit above
        upper = codes.astype(np.uint32) << 16
        return np.stack([upper, upper + 0x8001], -1).reshape(-1).view(np.float32)
    repeats = max(1, 1024 // codes.size)
    return np.tile(codes.astype(f"u{dtype.itemsize}"), repeats).view(dtype)


def shuffled(x: np.ndarray) -> np.ndarray:
    """So that the elements of one word are unrelated."""
    return x[np.random.default_rng(3).permutation(x.size)]


SMALL = ["int8", "uint8", *FP8]
PAIRS = [(a, b) for a in SMALL for b in WIDE]
PAIRS += [(a, b) for a in WIDE for b in ["float16", "bfloat16", *FP8] if a != b]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("source, target", PAIRS)
def test_every_code_in_every_number_of_registers(source, target, architecture):
    x = shuffled(all_codes(source))
    expected = cast(x, target)
    blocks = BLOCKS if x.size <= 1024 else [(128, 4), (1024, 4)]
    for block, warps in blocks:
        for masked in [False, True]:
            got = np.zeros(x.size, np_type(target))
            cast_kernel[(x.size // block,)](
                x, got, MASKED=masked, BLOCK=block, num_warps=warps, target=architecture
            )
            assert_same(got, expected, f"{source} to {target}, {block} elements of {warps} warps")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("source, target", [(a, b) for a, b in PAIRS if a in SMALL])
def test_every_code_when_stored_transposed(source, target, architecture):
    x = shuffled(all_codes(source))
    for block in [4, 16, 64]:
        got = np.zeros((16, x.size // 16), np_type(target))
        cast_transposed_kernel[(x.size // 16 // block,)](
            x, got, BLOCK=block, num_warps=1, target=architecture
        )
        assert_same(got.T.reshape(-1), cast(x, target), f"{source} to {target}, {block} rows")


@pytest.mark.parametrize("source", SMALL)
@pytest.mark.parametrize("target", WIDE)
def test_subnormals_survive_flushing(source, target):
    x = shuffled(all_codes(source))
    got = np.zeros(x.size, np_type(target))
    cast_kernel[(x.size // 128,)](
        x, got, MASKED=False, BLOCK=128, num_warps=1, target="sm_80", ftz=True
    )
    assert_same(got, cast(x, target))


@cosmati.jit
def field_kernel(x, out, HOW: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    if HOW == "low":
        value = value & 0xF
    elif HOW == "high":
        value = (value >> 4) & 0xF
    elif HOW == "top":
        value = value >> (WIDTH - 4)
    elif HOW == "signed low":
        value = (value << (WIDTH - 4)) >> (WIDTH - 4)
    elif HOW == "signed second":
        value = (value << (WIDTH - 8)) >> (WIDTH - 4)
    elif HOW == "zero point":
        value = (value & 0xF) - 8
    elif HOW == "odd zero point":
        value = ((value >> 3) & 0x1F) + (-11)
    elif HOW == "masked sign":
        value = (value >> 3) & 0x7D
    elif HOW == "seven bits":
        value = value & 0x7F
    elif HOW == "widened":
        value = (value & 0x7F).to(tl.int32) - 100
    elif HOW == "wraps":
        value = value - 8
    elif HOW == "lookup":
        value = (value >> ((offs % 2) * 4).to(x.dtype.element_ty)) & 0xF
    tl.store(out + offs, value.to(out.dtype.element_ty))


def field_of(x: np.ndarray, how: str) -> np.ndarray:
    width = 8 * x.dtype.itemsize
    with np.errstate(all="ignore"):
        n = x.dtype.type
        return {
            "low": lambda: x & n(15),
            "high": lambda: (x >> n(4)) & n(15),
            "top": lambda: x >> n(width - 4),
            "signed low": lambda: (x << n(width - 4)) >> n(width - 4),
            "signed second": lambda: (x << n(width - 8)) >> n(width - 4),
            "zero point": lambda: (x & n(15)) - n(8),
            "odd zero point": lambda: (x >> n(3) & n(31)).astype(np.int64) - 11,
            "masked sign": lambda: (x >> n(3)) & n(0x7D),
            "seven bits": lambda: x & n(0x7F),
            "widened": lambda: (x & n(0x7F)).astype(np.int32) - 100,
            "wraps": lambda: x - n(8),
            "lookup": lambda: (x >> (np.arange(x.size) % 2 * 4).astype(x.dtype)) & n(15),
        }[how]()


FIELDS = [
    "low", "high", "top", "signed low", "signed second", "zero point", "odd zero point",
    "masked sign", "seven bits", "widened", "wraps", "lookup",
]  # fmt: skip


def words(name: str) -> np.ndarray:
    dtype = np_type(name)
    if dtype.itemsize == 1:
        return all_codes(name)
    bits = np.random.default_rng(8).integers(0, 2**64, 1024, np.uint64)
    return bits.astype(f"u{dtype.itemsize}").view(dtype)


@pytest.mark.parametrize("how", FIELDS)
@pytest.mark.parametrize("source", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"])
def test_fields_of_words(source, how):
    if source.startswith("u") and how in ("odd zero point", "zero point", "widened"):
        pytest.skip("a difference of unsigned numbers wraps; covered by the signed ones")
    x = words(source)
    expected = field_of(x, how)
    for target in WIDE:
        for block, warps in [(32, 1), (64, 1), (512, 1)]:
            got = np.zeros(x.size, np_type(target))
            field_kernel[(x.size // block,)](
                x, got, HOW=how, WIDTH=8 * x.dtype.itemsize, BLOCK=block, num_warps=warps,
                target="sm_80",
            )  # fmt: skip
            assert_same(got, cast(expected, target), f"{source} to {target}, {how}, {block}")


@cosmati.jit
def difference_kernel(x, y, out, CODES: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    left, right = tl.load(x + offs), tl.load(y + offs)
    if CODES:
        left = (left >> 4) & 0xF
    tl.store(out + offs, (left - right).to(out.dtype.element_ty))


@pytest.mark.parametrize("codes", [False, True])
@pytest.mark.parametrize("target", WIDE)
def test_every_difference_of_two_bytes(target, codes):
    x, y = np.meshgrid(all_codes("int8")[:256], all_codes("int8")[:256])
    x, y = shuffled(x.reshape(-1)), shuffled(y.reshape(-1))
    left = (x >> 4) & np.int8(15) if codes else x
    got = np.zeros(x.size, np_type(target))
    for block, warps in [(64, 1), (1024, 2)]:
        difference_kernel[(x.size // block,)](
            x, y, got, CODES=codes, BLOCK=block, num_warps=warps, target="sm_80"
        )
        assert_same(got, cast(left - y, target), f"{block} elements")


def instructions(kernel: Any) -> list[str]:
    lines = [line.strip() for line in kernel.asm["ptx"].splitlines()]
    return [line.split()[0] for line in lines if line and line[0] not in "./{}$)"]


def converted(source: str, target: str, architecture: str, how: str = "") -> list[str]:
    """The instructions of 16 elements per thread, without addresses and memory accesses."""
    x, got = np.zeros(512, np_type(source)), np.zeros(512, np_type(target))
    options: dict[str, Any] = {"BLOCK": 512, "num_warps": 1, "target": architecture}
    if how:
        kernel = field_kernel[(1,)](x, got, HOW=how, WIDTH=8 * x.itemsize, **options)
    else:
        kernel = cast_kernel[(1,)](x, got, MASKED=False, **options)
    wanted = ("cvt.rn", "cvt.f", "prmt", "add.f", "add.rn", "fma", "mul.f", "xor", "shr", "and.b16",
              "mul.rn", "bfe", "selp", "setp", "cvt.u")  # fmt: skip
    return [name for name in instructions(kernel) if name.startswith(wanted)]


@pytest.mark.parametrize("source, target, architecture, expected", [
    ("float32", "float16", "sm_80", {"cvt.rn.f16x2.f32": 8}),
    ("float32", "bfloat16", "sm_80", {"cvt.rn.bf16x2.f32": 8}),
    ("float8e4nv", "float16", "sm_89", {"cvt.rn.f16x2.e4m3x2": 8}),
    ("float8e5", "float16", "sm_90a", {"cvt.rn.f16x2.e5m2x2": 8}),
    ("float8e5", "float16", "sm_80", {"prmt.b32": 8}),
    ("float8e4nv", "float16", "sm_80", {"prmt.b32": 8, "shr.u32": 8, "mul.f16x2": 8}),
    ("uint8", "float16", "sm_80", {"prmt.b32": 8, "add.f16x2": 8}),
    ("int8", "float16", "sm_80", {"prmt.b32": 8, "add.f16x2": 8, "xor.b32": 4}),
    ("int8", "bfloat16", "sm_80", {"prmt.b32": 8, "fma.rn.bf16x2": 16, "xor.b32": 4}),
    ("int8", "float32", "sm_80", {"prmt.b32": 16, "add.f32": 16, "xor.b32": 4}),
])  # fmt: skip
def test_sixteen_elements_take_these_instructions(source, target, architecture, expected):
    names = [name.replace(".rn.f16x2", ".f16x2") if name.startswith(("add", "mul")) else name
             for name in converted(source, target, architecture)]  # fmt: skip
    assert {name: names.count(name) for name in names} == expected


@pytest.mark.parametrize("how, shifts", [("low", 0), ("high", 4), ("zero point", 0)])
def test_nibbles_of_bytes_are_taken_four_at_a_time(how, shifts):
    names = converted("int8", "float16", "sm_80", how)
    names = [name.replace(".rn", "") for name in names]
    assert {name: names.count(name) for name in names} == {
        "prmt.b32": 8, "add.f16x2": 8, **({"shr.u32": shifts} if shifts else {})
    }  # fmt: skip


@cosmati.jit
def loop_kernel(x, out, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    total = tl.zeros((BLOCK,), tl.float32)
    for i in range(n):
        total += tl.load(x + i * BLOCK + offs)
    tl.store(out + offs, total.to(out.dtype.element_ty))


@pytest.mark.parametrize("target", ["float16", "bfloat16"])
def test_results_of_a_loop_are_narrowed_in_pairs_behind_it(target):
    x = np.ones((3, 512), np.float32)
    out = np.zeros(512, np_type(target))
    kernel = loop_kernel[(1,)](x, out, 3, BLOCK=512, num_warps=1, target="sm_80")
    assert (out.astype(np.float32) == 3).all()
    short = {"float16": "f16", "bfloat16": "bf16"}[target]
    names = [name for name in instructions(kernel) if name.startswith("cvt.rn")]
    assert names == [f"cvt.rn.{short}x2.f32"] * 8
