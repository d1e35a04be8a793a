"""inline_asm_elementwise: packing, several results, tied registers, effects, errors."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.errors import CompilationError
from language_support import NUM_WARPS, bits_of, np_type, tl_type

SIZES = [1, 8, 512]


@cosmati.jit
def bytes_and_floats_kernel(A, B, C, D, N: tl.constexpr):
    i = tl.arange(0, N)
    a, b = tl.load(A + i), tl.load(B + i)
    c, d = tl.inline_asm_elementwise(
        asm="""
        {
            .reg .b8 tmp<4>;
            mov.b32 {tmp0, tmp1, tmp2, tmp3}, $8;
            cvt.u32.u8 $0, tmp0;
            cvt.u32.u8 $1, tmp1;
            cvt.u32.u8 $2, tmp2;
            cvt.u32.u8 $3, tmp3;
        }
        cvt.rn.f32.s32 $4, $0;
        cvt.rn.f32.s32 $5, $1;
        cvt.rn.f32.s32 $6, $2;
        cvt.rn.f32.s32 $7, $3;
        max.f32 $4, $4, $9;
        max.f32 $5, $5, $10;
        max.f32 $6, $6, $11;
        max.f32 $7, $7, $12;
        """,
        constraints=("=r,=r,=r,=r,=r,=r,=r,=r,r,r,r,r,r"),
        args=[a, b],
        dtype=(tl.int32, tl.float32),
        is_pure=True,
        pack=4,
    )
    tl.store(C + i, c)
    tl.store(D + i, d)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("size", SIZES)
def test_four_bytes_travel_in_one_register_beside_four_floats(size, num_warps):
    rng = np.random.default_rng(size)
    a = rng.integers(0, 256, size).astype(np.uint8)
    b = (rng.standard_normal(size) * 100).astype(np.float32)
    c, d = np.full(size, -1, np.int32), np.full(size, -1, np.float32)
    bytes_and_floats_kernel[(1,)](a, b, c, d, size, num_warps=num_warps)
    np.testing.assert_array_equal(c, a)
    np.testing.assert_array_equal(d, np.maximum(a, b))


@cosmati.jit
def xor_kernel(X, Y, Z, N: tl.constexpr, TEXT: tl.constexpr, RULES: tl.constexpr,
               PACK: tl.constexpr):  # fmt: skip
    i = tl.arange(0, N)
    x, y = tl.load(X + i), tl.load(Y + i)
    z = tl.inline_asm_elementwise(TEXT, RULES, [x, y], x.dtype, True, PACK)
    tl.static_assert(z.dtype == x.dtype)
    tl.store(Z + i, z)


@pytest.mark.parametrize("pack", [1, 2, 4, 8])
@pytest.mark.parametrize(
    "name", ["int8", "uint8", "int16", "float16", "bfloat16", "float8e5", "int32", "float32",
             "int64", "float64"],
)  # fmt: skip
def test_each_width_is_packed_by_the_rule(name, pack):
    bits = bits_of(name)
    each = min(pack, max(32 // bits, 1))
    count, width = pack // each, each * bits
    letter, suffix = {8: ("h", 16), 16: ("h", 16), 32: ("r", 32), 64: ("l", 64)}[width]
    lines = [f"xor.b{suffix} ${k}, ${count + k}, ${2 * count + k};" for k in range(count)]
    rules = ",".join([f"={letter}"] * count + [letter] * 2 * count)
    for size in (1, 256):
        rng = np.random.default_rng(size)
        x, y = (
            rng.integers(0, 1 << 64, size, np.uint64, endpoint=False)
            .astype(f"u{bits // 8}")
            .view(np_type(name))
            for _ in range(2)
        )
        z = np.zeros(size, np_type(name))
        xor_kernel[(1,)](x, y, z, size, "".join(lines), rules, pack, num_warps=2)
        raw = f"u{bits // 8}"
        np.testing.assert_array_equal(z.view(raw), x.view(raw) ^ y.view(raw))


@cosmati.jit
def scalar_kernel(out, a, b):
    total = tl.inline_asm_elementwise("add.s32 $0, $1, $2;", "=r,r,r", [a, b], tl.int32, True, 1)
    tl.static_assert(total.dtype == tl.int32)
    tl.store(out, total)
    tl.store(out + 1, tl.inline_asm_elementwise("mov.u32 $0, 7;", "=r", [], tl.int32, True, 1))


def test_scalars_and_no_arguments_give_scalars():
    out = np.zeros(2, np.int32)
    scalar_kernel[(1,)](out, 40, 3)
    assert out.tolist() == [43, 7]


@cosmati.jit
def broadcast_kernel(out, n, N: tl.constexpr):
    i = tl.arange(0, N)
    r = tl.inline_asm_elementwise(
        "mad.lo.s32 $0, $1, $2, $3;", "=r,r,r,r", [i[:, None], i[None, :], n], tl.int32, True, 1
    )
    tl.static_assert(r.shape[0] == N and r.shape[1] == N)
    tl.store(out + i[:, None] * N + i[None, :], r)


def test_arguments_are_broadcast():
    out = np.zeros((16, 16), np.int32)
    broadcast_kernel[(1,)](out, 5, 16)
    i = np.arange(16)
    np.testing.assert_array_equal(out, i[:, None] * i + 5)


@cosmati.jit
def tied_kernel(X, out, N: tl.constexpr):
    i = tl.arange(0, N)
    x = tl.load(X + i)
    # An early clobber: $0 is written before $2 is read; $1 starts as the value of its argument.
    a, b = tl.inline_asm_elementwise(
        "mov.b32 $0, 3; add.s32 $1, $1, $2; add.s32 $0, $0, $2;", "=&r,=&r,r,1", [x, x * 10],
        (tl.int32, tl.int32), True, 1,
    )  # fmt: skip
    tl.store(out + i, a)
    tl.store(out + N + i, b)


def test_tied_and_early_clobbered_registers():
    x, out = np.arange(64, dtype=np.int32), np.zeros((2, 64), np.int32)
    tied_kernel[(1,)](x, out, 64)
    np.testing.assert_array_equal(out, [x + 3, 11 * x])


@cosmati.jit
def classes_kernel(F, D, P, H, out, N: tl.constexpr):
    i = tl.arange(0, N)
    f, d, h = tl.load(F + i), tl.load(D + i), tl.load(H + i)
    p = tl.load(P + i) != 0
    total, flag = tl.inline_asm_elementwise(
        "{ .reg .f64 t; .reg .f32 u; .reg .pred q; cvt.f64.f32 t, $2; add.f64 $0, t, $3;"
        " cvt.f32.f16 u, $5; @$4 add.f64 $0, $0, 0d3FF0000000000000; setp.gt.f32 q, u, 0f00000000;"
        " selp.b32 $1, 1, 0, q; }",
        "=d,=r,f,d,b,h", [f, d, p, h], (tl.float64, tl.int1), True, 1,
    )  # fmt: skip
    tl.store(out + i, total)
    tl.store(out + N + i, flag.to(tl.float64))


def test_predicates_halves_floats_and_doubles_have_registers_of_their_class():
    rng = np.random.default_rng(3)
    n = 64
    f, d = rng.standard_normal(n).astype(np.float32), rng.standard_normal(n)
    p, h = rng.integers(0, 2, n).astype(np.int8), rng.standard_normal(n).astype(np.float16)
    out = np.zeros((2, n))
    classes_kernel[(1,)](f, d, p, h, out, n)
    np.testing.assert_array_equal(out, [f.astype(float) + d + p, h > 0])


@cosmati.jit
def pointer_kernel(X, out, N: tl.constexpr):
    i = tl.arange(0, N)
    x = tl.inline_asm_elementwise("ld.global.b32 $0, [$1];", "=r,l", [X + i], tl.int32, False, 1)
    tl.store(out + i, x)


def test_pointers_are_arguments():
    x, out = np.arange(128, dtype=np.int32), np.zeros(128, np.int32)
    pointer_kernel[(1,)](x, out, 128)
    np.testing.assert_array_equal(out, x)


@cosmati.jit
def effects_kernel(X, PURE: tl.constexpr):
    i = tl.arange(0, 32)
    for _ in range(3):
        tl.inline_asm_elementwise(
            "red.global.add.s32 [$1], 1; mov.b32 $0, 0;", "=r,l", [X + i], tl.int32, PURE, 1
        )


def test_text_with_side_effects_runs_each_time_though_its_result_is_unused():
    x = np.zeros(32, np.int32)
    effects_kernel[(1,)](x, False, num_warps=1)
    assert (x == 3).all()
    effects_kernel[(1,)](x, True, num_warps=1)
    assert (x == 3).all(), "what is pure and unused is removed"


@cosmati.jit
def faulty_kernel(X, TEXT: tl.constexpr, RULES: tl.constexpr, TYPE: tl.constexpr,
                  PACK: tl.constexpr):  # fmt: skip
    x = tl.load(X + tl.arange(0, 64))
    r = tl.inline_asm_elementwise(TEXT, RULES, [x], TYPE, True, PACK)
    tl.store(X + tl.arange(0, 64), r.to(tl.float32))


MOVE = "mov.b32 $0, $1;"


@pytest.mark.parametrize(
    ("text", "rules", "dtype", "pack", "message"),
    [
        (MOVE, "=r", tl.float32, 1, r"name 0 input registers, but 1 arguments with pack=1 take 1"),
        (MOVE, "=r,r,r", tl.float32, 1, r"name 2 input registers"),
        (MOVE, "=r,r", tl.float32, 2, r"name 1 output registers, but 1 results with pack=2 take 2"),
        (MOVE, "=r,r", tl.float64, 1, r"output register 0 has 32 bits, but holds 1 elements of 64"),
        (MOVE, "=r,h", tl.float32, 1, r"input register 0 has 16 bits, but holds 1 elements of 32"),
        (MOVE, "=r,z", tl.float32, 1, r"the constraint 'z' is not known"),
        (MOVE, "r,=r", tl.float32, 1, r"the constraint '=r' is an output after an input"),
        (MOVE, "=r,4", tl.float32, 1, r"the constraint '4' names an output that is not there"),
        (MOVE, "=r,r", tl.float32, 3, r"pack is 3; it must be a power of two from 1 to 32"),
        (MOVE, "=r,r", (), 1, r"dtype is empty"),
        (
            "mov.b32 $0, $2;",
            "=r,r",
            tl.float32,
            1,
            r"the operand \$2, but the .* have 2: \$0 to \$1",
        ),
        (7, "=r,r", tl.float32, 1, r"asm is 7, not a string"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_source_line(text, rules, dtype, pack, message):
    with pytest.raises(CompilationError, match=message) as caught:
        faulty_kernel[(1,)](np.zeros(64, np.float32), text, rules, dtype, pack)
    assert "r = tl.inline_asm_elementwise(TEXT, RULES, [x], TYPE, True, PACK)" in str(caught.value)


@pytest.mark.parametrize("assemble", [True, False])
def test_text_that_is_no_ptx_is_an_error_at_the_source_line(assemble):
    """Of the assembler, if there is one, else of the virtual machine."""
    x = np.zeros(64, np.float32)
    with pytest.raises((cosmati.CosmatiError, RuntimeError)) as caught:
        faulty_kernel[(1,)](x, "frobnicate.b32 $0, $1;", "=r,r", tl.float32, 1, assemble=assemble)
    assert "frobnicate" in str(caught.value)
    line = faulty_kernel.fn.__code__.co_firstlineno + 4
    assert f"test_language_inline_asm.py:{line}:" in str(caught.value)


@cosmati.jit
def machine_kernel(out):
    tl.extra.cuda.gdc_wait()
    tl.store(out, tl.extra.cuda.globaltimer())
    tl.store(out + 1, tl.extra.cuda.smid().to(tl.int64))
    tl.store(out + 2, tl.extra.cuda.num_warps() + 0)
    tl.store(out + 3, tl.extra.cuda.num_threads() + 0)
    tl.store(out + 4, tl.extra.cuda.globaltimer())
    tl.extra.cuda.gdc_launch_dependents()


def test_registers_and_instructions_of_the_machine():
    out = np.full(5, -1, np.int64)
    kernel = machine_kernel[(1,)](out, num_warps=2)
    assert out[2:4].tolist() == [2, 64] and out[1] >= 0 and out[4] >= out[0] >= 0
    for text in ("griddepcontrol.wait", "griddepcontrol.launch_dependents", "%smid"):
        assert text in kernel.asm["ptx"]
    with pytest.raises(CompilationError, match="griddepcontrol.wait needs a target of sm_90"):
        machine_kernel.warmup(tl.int64, target="sm_80")


def test_dtype_names_are_types():
    assert tl_type("float16") is tl.float16
