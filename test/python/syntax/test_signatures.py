"""Names and signatures of the language: what existing kernels call must be there, as they call it."""
# ruff: noqa: E501 (signatures, one to a line)

from __future__ import annotations

import inspect

import cosmati
import cosmati.language as tl
import pytest

SIGNATURES = """
program_id(axis)
num_programs(axis)
arange(start, end)
full(shape, value, dtype)
zeros(shape, dtype)
zeros_like(input)
cat(input, other, can_reorder=False, dim=0)
to_tensor(x)
cast(input, dtype, fp_downcast_rounding=None, bitcast=False)
broadcast(input, other)
broadcast_to(input, *shape)
trans(input, *dims)
permute(input, *dims)
reshape(input, *shape, can_reorder=False)
view(input, *shape)
expand_dims(input, axis)
ravel(x, can_reorder=False)
join(a, b)
split(a)
interleave(a, b)
squeeze(x, dim)
unsqueeze(x, dim)
flip(x, dim=None)
dot(input, other, acc=None, input_precision=None, allow_tf32=None, max_num_imprecise_acc=None, out_dtype=None)
dot_scaled(lhs, lhs_scale, lhs_format, rhs, rhs_scale, rhs_format, acc=None, fast_math=False, lhs_k_pack=True, rhs_k_pack=True, out_dtype=float32)
load(pointer, mask=None, other=None, boundary_check=(), padding_option='', cache_modifier='', eviction_policy='', volatile=False)
store(pointer, value, mask=None, boundary_check=(), cache_modifier='', eviction_policy='')
make_block_ptr(base, shape, strides, offsets, block_shape, order)
advance(base, offsets)
make_tensor_descriptor(base, shape, strides, block_shape, padding_option='zero')
load_tensor_descriptor(desc, offsets)
store_tensor_descriptor(desc, offsets, value)
where(condition, x, y)
gather(src, index, axis)
swizzle2d(i, j, size_i, size_j, size_g)
exp(x)
exp2(x)
log(x)
log2(x)
cos(x)
sin(x)
sqrt(x)
sqrt_rn(x)
rsqrt(x)
erf(x)
floor(x)
ceil(x)
abs(x)
umulhi(x, y)
fdiv(x, y, ieee_rounding=False)
div_rn(x, y)
fma(x, y, z)
add(x, y, sanitize_overflow=True)
sub(x, y, sanitize_overflow=True)
mul(x, y, sanitize_overflow=True)
minimum(x, y, propagate_nan=NONE)
maximum(x, y, propagate_nan=NONE)
clamp(x, min, max, propagate_nan=NONE)
cdiv(x, div)
sigmoid(x)
softmax(x, dim=None, keep_dims=False, ieee_rounding=False)
reduce(input, axis, combine_fn, keep_dims=False)
max(input, axis=None, return_indices=False, return_indices_tie_break_left=True, keep_dims=False)
min(input, axis=None, return_indices=False, return_indices_tie_break_left=True, keep_dims=False)
argmax(input, axis, tie_break_left=True, keep_dims=False)
argmin(input, axis, tie_break_left=True, keep_dims=False)
sum(input, axis=None, keep_dims=False, dtype=None)
xor_sum(input, axis=None, keep_dims=False)
reduce_or(input, axis, keep_dims=False)
associative_scan(input, axis, combine_fn, reverse=False)
cumsum(input, axis=0, reverse=False, dtype=None)
cumprod(input, axis=0, reverse=False)
sort(x, dim=None, descending=0)
topk(x, k, dim=None, descending=True)
bitonic_merge(x, dim=None, descending=0)
histogram(input, num_bins, mask=None)
atomic_cas(pointer, cmp, val, sem=None, scope=None)
atomic_xchg(pointer, val, mask=None, sem=None, scope=None)
atomic_add(pointer, val, mask=None, sem=None, scope=None)
atomic_max(pointer, val, mask=None, sem=None, scope=None)
atomic_min(pointer, val, mask=None, sem=None, scope=None)
atomic_and(pointer, val, mask=None, sem=None, scope=None)
atomic_or(pointer, val, mask=None, sem=None, scope=None)
atomic_xor(pointer, val, mask=None, sem=None, scope=None)
philox(seed, c0, c1, c2, c3, n_rounds=10)
philox_impl(c0, c1, c2, c3, k0, k1, n_rounds=10)
randint(seed, offset, n_rounds=10)
randint4x(seed, offset, n_rounds=10)
rand(seed, offset, n_rounds=10)
rand4x(seed, offsets, n_rounds=10)
randn(seed, offset, n_rounds=10)
randn4x(seed, offset, n_rounds=10)
uint_to_uniform_float(x)
pair_uniform_to_normal(u1, u2)
range(arg1, arg2=None, step=None, num_stages=None, loop_unroll_factor=None, disallow_acc_multi_buffer=False, flatten=False, warp_specialize=False, disable_licm=False)
static_range(arg1, arg2=None, step=None)
condition(arg1, disable_licm=False)
multiple_of(input, values)
max_contiguous(input, values)
max_constancy(input, values)
assume(cond)
debug_barrier()
expect_zero(x, mask)
static_print(*values, sep=' ', end='\\n', file=None, flush=False)
static_assert(cond, msg='')
device_print(prefix, *args, hex=False)
device_assert(cond, msg='', mask=None)
aggregate_replace(instance, **changes)
pointer_type(element_ty, address_space=1, const=False)
block_type(element_ty, shape)
""".strip()

# Methods of tensors and the function of the language whose first parameter they are.
METHODS = """
broadcast_to trans permute split view reshape expand_dims cast store advance atomic_cas atomic_xchg
atomic_add atomic_max atomic_min atomic_and atomic_or atomic_xor exp exp2 log log2 cos sin sqrt
sqrt_rn rsqrt abs erf floor ceil reduce associative_scan gather histogram cdiv sigmoid softmax ravel
max argmax min argmin sum xor_sum reduce_or cumsum cumprod sort flip
""".split()

NAMES = """
void int1 int8 int16 int32 int64 uint8 uint16 uint32 uint64 float8e5 float8e5b16 float8e4nv float8e4b8
float8e4b15 float16 bfloat16 float32 float64 pi32_t dtype pointer_type block_type tuple_type const
constexpr tensor tuple tensor_descriptor PropagateNan TRITON_MAX_TENSOR_NUMEL str_to_ty
math.exp2 math.abs math.fma core.get_int_dtype core.CONSTEXPR_0 core.base_value core.base_type
core.builtin core.extern core.is_builtin core.must_use_result core.constexpr_type core._aggregate
core._unwrap_if_constexpr core.validate_block_shape core.extern_elementwise core.range core.dtype
slice core._promote_bfloat16_to_float32 core._reduce_with_indices
core.tensor core.constexpr core.static_assert core.reduce core.to_tensor
standard._log2 standard._argmax_combine standard._argmin_combine standard._elementwise_max
standard._elementwise_min standard._sum_combine standard._prod_combine standard._xor_combine
standard._or_combine standard._argmax_combine_tie_break_left
standard._argmax_combine_tie_break_fast standard.sum standard.cdiv random.rand random.philox
target_info.current_target target_info.is_cuda target_info.is_hip target_info.cuda_capability_geq
extra.libdevice extra.cuda.libdevice extra.cuda.globaltimer extra.cuda.smid extra.cuda.num_warps
""".split()


def text_of(function) -> str:
    parts = []
    for item in inspect.signature(function).parameters.values():
        star = {item.VAR_POSITIONAL: "*", item.VAR_KEYWORD: "**"}.get(item.kind, "")
        default = item.default
        if isinstance(default, tl.constexpr):
            default = default.value
        if isinstance(default, tl.dtype):
            default = repr(default).rpartition(".")[2]
        elif isinstance(default, tl.PropagateNan):
            default = default.name
        else:
            default = repr(default)
        parts.append(f"{star}{item.name}" + ("" if item.default is item.empty else f"={default}"))
    return ", ".join(parts)


@pytest.mark.parametrize("line", SIGNATURES.splitlines(), ids=lambda line: line.partition("(")[0])
def test_signature(line):
    name, _, parameters = line.partition("(")
    function = getattr(tl, name)
    function = getattr(function, "fn", function)
    assert text_of(function) == parameters.removesuffix(")")


def test_names_stand_at_their_places():
    for name in NAMES:
        place = tl
        for part in name.split("."):
            place = getattr(place, part)


def test_methods_of_tensors():
    for name in METHODS:
        assert name in vars(tl.tensor), name
    for name in ("to", "item", "logical_and", "logical_or", "dtype", "type", "shape", "numel", "T"):
        assert name in vars(tl.tensor), name


def test_attributes_of_dtypes():
    assert tl.float16.fp_mantissa_width == 10 and tl.float16.exponent_bias == 15
    assert tl.int32.int_bitwidth == 32 and tl.uint8.itemsize == 1
    assert tl.int8.kind() == tl.dtype.KIND.INTEGRAL and tl.int1.kind() == tl.dtype.KIND.BOOLEAN
    assert tl.bfloat16.kind() == tl.dtype.KIND.FLOATING
    assert tl.uint8.int_signedness == tl.dtype.SIGNEDNESS.UNSIGNED
    assert tl.int16.get_int_max_value() == 2**15 - 1 and tl.int16.get_int_min_value() == -(2**15)
    assert tl.float32.scalar is tl.float32 and tl.dtype.is_dtype("fp16")
    assert tl.pi32_t.is_ptr() and tl.pi32_t.element_ty == tl.int32
    block = tl.block_type(tl.float16, [4, 8])
    assert (block.numel, block.nbytes, block.get_block_shapes()) == (32, 64, (4, 8))
    assert block.with_element_ty(tl.int8) == tl.block_type(tl.int8, [4, 8])
    assert tl.core.get_int_dtype(16, False) is tl.uint16
    assert isinstance(tl.float32, tl.core.base_type)
    assert tl.core.validate_block_shape((4, tl.constexpr(8))) == 32
    with pytest.raises(ValueError, match="Shape element 1 must be a power of 2, not 3"):
        tl.core.validate_block_shape((4, 3))
    with pytest.raises(ValueError, match=r"numel \(2097152\) exceeds triton maximum tensor numel"):
        tl.core.validate_block_shape((1 << 21,))


# Libraries hand `_semantic` and `_generator` through to functions of the language.


@tl.core.extern
def plus_one(x, _semantic=None):
    return tl.add(x, tl.full(x.shape, 1, x.dtype, _semantic=_semantic), _semantic=_semantic)


@tl.core.builtin
def summed(x, axis=None, _semantic=None, _generator=None):
    assert _semantic is not None and _generator is not None
    both = _generator.call_JitFunction(tl.standard.sum, (x,), {"axis": axis})
    return both.__add__(1, _semantic=_semantic).to(tl.int32, _semantic=_semantic)


@tl.core.must_use_result
@tl.core.builtin
def pure(x, _semantic=None):
    return x


@cosmati.jit
def hidden_keywords(out, N: tl.constexpr):
    x = plus_one(tl.arange(0, N))
    x = tl.where(x > 2, x, x, _semantic=None)
    x = tl.zeros_like(x, _semantic=None) + pure(x)
    tl.store(out, summed(x))
    tl.store(out + 1, tl.load(out, _semantic=None))


def test_every_function_takes_the_hidden_keywords():
    import numpy as np

    out = np.zeros(2, np.int32)
    hidden_keywords[(1,)](out, N=8)
    assert out.tolist() == [37, 37]
    for line in SIGNATURES.splitlines():
        name = line.partition("(")[0]
        function = getattr(tl, name)
        if inspect.isfunction(function) and name not in ("aggregate_replace",):
            assert "_semantic" in inspect.signature(function, follow_wrapped=False).parameters


@cosmati.jit
def reduced_with_indices(x, out, M: tl.constexpr, N: tl.constexpr):
    offs = tl.arange(0, M)[:, None] * N + tl.arange(0, N)[None, :]
    block = tl.core._promote_bfloat16_to_float32(tl.load(x + offs))
    combine: tl.constexpr = tl.standard._argmax_combine_tie_break_left
    _, index = tl.core._reduce_with_indices(block, 1, combine)
    tl.store(out + tl.arange(0, M), index)


def test_what_reductions_of_libraries_are_made_of():
    import ml_dtypes
    import numpy as np

    x = np.random.default_rng(0).integers(0, 9, (4, 8)).astype(ml_dtypes.bfloat16)
    out = np.zeros(4, np.int32)
    reduced_with_indices[(1,)](x, out, M=4, N=8)
    assert out.tolist() == x.astype(np.float32).argmax(1).tolist()


@cosmati.jit
def unused(x):
    pure(tl.load(x))


def test_results_that_must_be_used():
    with pytest.raises(cosmati.CompilationError, match="The result of pure is not being used."):
        unused.warmup(tl.int32)


@cosmati.jit
def zero_kernel(x, out, N: tl.constexpr):
    offs = tl.arange(0, N)
    tl.store(out + offs, tl.expect_zero(tl.load(x + offs), offs >= 2))


def test_expect_zero():
    import numpy as np

    for x in (np.array([3, 4, 0, 0], np.float32), np.array([3, 4, 5, 0], np.float32)):
        out = np.zeros(4, np.float32)
        zero_kernel[(1,)](x, out, N=4)
        assert (out == x).all()
    zero_kernel[(1,)](np.array([3, 4, 0, 0], np.float32), out, N=4, debug=True)
    with pytest.raises(cosmati.KernelFault, match="expect_zero expected x == 0"):
        zero_kernel[(1,)](x, out, N=4, debug=True)


def test_a_lambda_is_no_kernel():
    with pytest.raises(TypeError, match="defined by `def`, not a lambda"):
        cosmati.jit(lambda x: x)
