"""Paged caches of keys and values: writing tokens, copying pages, gathering, and their layout."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides


@triton.jit
def reshape_and_cache_kernel(
    key_ptr, value_ptr, key_cache_ptr, value_cache_ptr, slots_ptr, k_scale_ptr, v_scale_ptr,
    key_stride: tl.int64, value_stride: tl.int64, block_stride: tl.int64, page_stride: tl.int64,
    n: tl.constexpr, BLOCK_SIZE: tl.constexpr, FP8: tl.constexpr, TILE: tl.constexpr,
):  # fmt: skip
    """Token i goes to slot slots[i]; a negative slot is padding."""
    token = tl.program_id(axis=0)
    slot = tl.load(slots_ptr + token).to(tl.int64)
    if slot < 0:
        return
    tile = tl.program_id(axis=1) * TILE + tl.arange(0, TILE)
    block = slot // BLOCK_SIZE
    offset = slot % BLOCK_SIZE
    at = block * block_stride + offset * page_stride + tile
    key = tl.load(key_ptr + token * key_stride + tile, mask=tile < n)
    value = tl.load(value_ptr + token * value_stride + tile, mask=tile < n)
    if FP8:
        key = (key.to(tl.float32) / tl.load(k_scale_ptr)).to(key_cache_ptr.dtype.element_ty)
        value = (value.to(tl.float32) / tl.load(v_scale_ptr)).to(value_cache_ptr.dtype.element_ty)
    tl.store(key_cache_ptr + at, key, mask=tile < n)
    tl.store(value_cache_ptr + at, value, mask=tile < n)


@triton.jit
def copy_blocks_kernel(cache_ptr, mapping_ptr, numel, BLOCK: tl.constexpr):
    """Page mapping[i, 0] is copied over page mapping[i, 1]."""
    pair = tl.program_id(0)
    source = tl.load(mapping_ptr + 2 * pair).to(tl.int64)
    target = tl.load(mapping_ptr + 2 * pair + 1).to(tl.int64)
    start = 0
    while start < numel:
        at = start + tl.arange(0, BLOCK)
        data = tl.load(cache_ptr + source * numel + at, mask=at < numel, cache_modifier=".cg")
        tl.store(cache_ptr + target * numel + at, data, mask=at < numel, cache_modifier=".cs")
        start += BLOCK


@triton.jit
def gather_cache_kernel(
    cache_ptr, out_ptr, tables_ptr, cu_ptr, scale, table_stride, page_stride,
    PAGE: tl.constexpr, WIDTH: tl.constexpr, OUT_DTYPE: tl.constexpr,
):  # fmt: skip
    """Pages of sequence program_id(1) into rows cu[i] to cu[i + 1], converted and scaled."""
    page = tl.program_id(0)
    sequence = tl.program_id(1)
    begin = tl.load(cu_ptr + sequence)
    length = tl.load(cu_ptr + sequence + 1) - begin
    if page * PAGE < length:
        physical = tl.load(tables_ptr + sequence * table_stride + page)
        source = tl.make_block_ptr(
            cache_ptr + physical.to(tl.int64) * page_stride, shape=(PAGE, WIDTH),
            strides=(WIDTH, 1), offsets=(0, 0), block_shape=(PAGE, WIDTH), order=(1, 0),
        )  # fmt: skip
        rows = page * PAGE + tl.arange(0, PAGE)
        data = (tl.load(source).to(tl.float32) * scale).to(OUT_DTYPE)
        at = (begin + rows)[:, None] * WIDTH + tl.arange(0, WIDTH)[None, :]
        tl.store(out_ptr + at, data, mask=(rows < length)[:, None])


@triton.jit
def slot_mapping_kernel(
    cu_ptr, positions_ptr, tables_ptr, table_stride, slots_ptr, n_tokens, max_tokens,
    BLOCK_SIZE: tl.constexpr, PAD_ID: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Slots of all tokens of a sequence; the last program fills the padding."""
    sequence = tl.program_id(0)
    if sequence == tl.num_programs(0) - 1:
        for i in range(n_tokens, max_tokens, BLOCK):
            at = i + tl.arange(0, BLOCK)
            tl.store(slots_ptr + at, PAD_ID, mask=at < max_tokens)
        return
    begin = tl.load(cu_ptr + sequence)
    end = tl.load(cu_ptr + sequence + 1)
    for i in range(begin, end, BLOCK):
        at = i + tl.arange(0, BLOCK)
        position = tl.load(positions_ptr + at, mask=at < end, other=0)
        page = tl.load(tables_ptr + sequence * table_stride + position // BLOCK_SIZE)
        slot = page.to(tl.int64) * BLOCK_SIZE + position % BLOCK_SIZE
        tl.store(slots_ptr + at, slot, mask=at < end)


def reshape_and_cache(key, value, key_cache, value_cache, slots, scales=(None, None)):
    """key, value [tokens, H, D] into caches [pages, slot, H, D]."""
    n = key.shape[1] * key.shape[2]
    grid = lambda meta: (len(slots), triton.cdiv(n, meta["TILE"]))  # noqa: E731
    reshape_and_cache_kernel[grid](
        key, value, key_cache, value_cache, slots, *scales, strides(key)[0], strides(value)[0],
        *strides(key_cache)[:2], n=n, BLOCK_SIZE=key_cache.shape[1], FP8=scales[0] is not None,
        TILE=32, num_warps=1,
    )  # fmt: skip


def copy_blocks(cache, mapping):
    copy_blocks_kernel[(len(mapping),)](cache, mapping, cache[0].size, BLOCK=64)


def gather_cache(cache, tables, cu, scale, dtype, triton_dtype):
    page, width = cache.shape[1:]
    out = np.empty((int(cu[-1]), width), dtype)
    gather_cache_kernel[(tables.shape[1], len(cu) - 1)](
        cache, out, tables, cu, scale, strides(tables)[0], strides(cache)[0],
        PAGE=page, WIDTH=width, OUT_DTYPE=triton_dtype,
    )  # fmt: skip
    return out


def slot_mapping(cu, positions, tables, page, max_tokens):
    slots = np.empty(max_tokens, np.int64)
    slot_mapping_kernel[(len(cu),)](
        cu, positions, tables, strides(tables)[0], slots, int(cu[-1]), max_tokens,
        BLOCK_SIZE=page, PAD_ID=-1, BLOCK=8, num_warps=1,
    )  # fmt: skip
    return slots
