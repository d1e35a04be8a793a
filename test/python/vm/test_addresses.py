"""Tables of addresses that kernels follow: cosmati.address_of on the virtual machine."""

from __future__ import annotations

import gc
import threading

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.vm import CheckError

READ = """
.version 8.0
.target sm_80
.address_size 64
.visible .entry read(.param .u64 table, .param .u64 out)
{
  .reg .b32 %r;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd0, [table];
  ld.param.u64 %rd1, [out];
  ld.global.u64 %rd0, [%rd0];
  ld.global.b32 %r, [%rd0];
  st.global.b32 [%rd1], %r;
  ret;
}
"""


@cosmati.jit
def grouped_gemm(table, sizes, count, programs, BLOCK: tl.constexpr):
    """C = A B for each group; the table holds its three addresses, sizes holds M, N, K."""
    tile = tl.program_id(0)
    begin = 0
    for group in range(count):
        M, N, K = (
            tl.load(sizes + 3 * group),
            tl.load(sizes + 3 * group + 1),
            tl.load(sizes + 3 * group + 2),
        )
        columns = tl.cdiv(N, BLOCK)
        tiles = tl.cdiv(M, BLOCK) * columns
        a = tl.load(table + 3 * group).to(tl.pointer_type(tl.float32))
        b = tl.load(table + 3 * group + 1).to(tl.pointer_type(tl.float32))
        c = tl.load(table + 3 * group + 2).to(tl.pointer_type(tl.float32))
        while (tile >= begin) & (tile < begin + tiles):
            m = (tile - begin) // columns * BLOCK + tl.arange(0, BLOCK)
            n = (tile - begin) % columns * BLOCK + tl.arange(0, BLOCK)
            total = tl.zeros((BLOCK, BLOCK), tl.float32)
            for start in range(0, K, BLOCK):
                k = start + tl.arange(0, BLOCK)
                left = tl.load(
                    a + m[:, None] * K + k[None, :],
                    mask=(m[:, None] < M) & (k[None, :] < K),
                    other=0.0,
                )
                right = tl.load(
                    b + k[:, None] * N + n[None, :],
                    mask=(k[:, None] < K) & (n[None, :] < N),
                    other=0.0,
                )
                total += tl.dot(left, right, input_precision="ieee")
            tl.store(
                c + m[:, None] * N + n[None, :], total, mask=(m[:, None] < M) & (n[None, :] < N)
            )
            tile += programs
        begin += tiles


@cosmati.jit
def gather_pages(pages, out, size, BLOCK: tl.constexpr):
    page = tl.program_id(0)
    source = tl.load(pages + page).to(tl.pointer_type(tl.float32))
    i = tl.arange(0, BLOCK)
    tl.store(out + page * size + i, tl.load(source + i, mask=i < size), mask=i < size)


@cosmati.jit
def add_through_table(table, x, n, BLOCK: tl.constexpr):
    """Reads an argument, and writes it through an address that a table holds."""
    i = tl.arange(0, BLOCK)
    there = tl.load(table).to(tl.pointer_type(tl.float32))
    value = tl.load(x + i, mask=i < n)
    tl.store(there + i, value + 1, mask=i < n)


@cosmati.jit
def race_through_table(table, x, out, BLOCK: tl.constexpr):
    """Program 0 writes the argument, program 1 reads it by the table."""
    i = tl.arange(0, BLOCK)
    if tl.program_id(0) == 0:
        tl.store(x + i, i.to(tl.float32))
    else:
        there = tl.load(table).to(tl.pointer_type(tl.float32))
        tl.store(out + i, tl.load(there + i))


@cosmati.jit
def read_at(address, out, offset):
    tl.store(out, tl.load(address.to(tl.pointer_type(tl.float32)) + offset))


@cosmati.jit
def read_declared(address: "*fp32", out):  # noqa: F722
    tl.store(out, tl.load(address))


def addresses(*arrays):
    return np.array([cosmati.address_of(array) for array in arrays], np.int64)


def refused(address, out, offset=0):
    with pytest.raises(CheckError) as caught:
        read_at[(1,)](address, out, offset)
    return caught.value.reports[0]


def test_a_grouped_gemm_over_a_table_of_pointers():
    rng = np.random.default_rng(0)
    shapes = [(40, 17, 33), (16, 64, 5), (1, 9, 48)]
    groups = [
        (
            rng.standard_normal((m, k), np.float32),
            rng.standard_normal((k, n), np.float32),
            np.full((m, n), np.nan, np.float32),
        )
        for m, n, k in shapes
    ]
    table = addresses(*(array for group in groups for array in group))
    grouped_gemm.check("all")[(5,)](table, np.array(shapes, np.int32), len(shapes), 5, 16)
    for a, b, c in groups:
        np.testing.assert_allclose(c, a @ b, rtol=1e-5, atol=1e-5)


def test_a_paged_copy_and_views_of_one_array():
    cache = np.arange(6 * 20, dtype=np.float32).reshape(6, 20)
    order = [4, 0, 5, 4]
    pages = addresses(*(cache[k] for k in order))
    out = np.zeros((4, 20), np.float32)
    gather_pages[(4,)](pages, out, 20, 32)
    np.testing.assert_array_equal(out, cache[order])
    # The base is mapped once: views lie in it where they lie in the host's memory.
    assert pages[0] - pages[1] == 4 * 80
    assert cosmati.address_of(cache) == pages[1]
    backwards = cosmati.address_of(cache[:, ::-1])
    assert backwards - pages[1] == 19 * 4


def test_addresses_are_aligned_as_the_host_s_and_are_not_the_host_s():
    x = np.zeros(300, np.float32)
    for view in (x, x[1:], x[65:]):
        address = cosmati.address_of(view)
        assert address != view.ctypes.data and 0 < address < 2**63
        assert address % 256 == view.ctypes.data % 256
    assert cosmati.address_of(cosmati.view(x, tl.int32)) == cosmati.address_of(x)


def test_an_address_is_an_argument_too():
    x = np.array([3.0, 4.0], np.float32)
    out = np.zeros(1, np.float32)
    read_declared[(1,)](cosmati.address_of(x[1:]), out)
    assert out[0] == 4


def test_reads_beyond_the_array_are_out_of_bounds():
    x, out = np.zeros(4, np.float32), np.zeros(1, np.float32)
    found = refused(cosmati.address_of(x, name="weights"), out, 4)
    assert found.kind == "out-of-bounds"
    assert "nearest buffer: 'weights', 16 bytes" in found.message
    assert "the access is 0 bytes past its end" in found.message


def test_a_read_only_array_is_not_written():
    x = np.zeros(8, np.float32)
    x.flags.writeable = False
    with pytest.raises(CheckError, match="read-only"):
        add_through_table[(1,)](addresses(x), np.zeros(8, np.float32), 8, 8)


def test_a_deleted_array_is_used_after_free():
    x, out = np.zeros(4, np.float32), np.zeros(1, np.float32)
    address = cosmati.address_of(x[1:], name="cache")
    read_at[(1,)](address, out, 0)  # the view is gone, the array is not
    del x
    gc.collect()
    found = refused(address, out)
    assert found.kind == "use-after-free" and found.buffer == "cache"
    assert "'cache' (16 bytes at" in found.message
    assert "released when its array was deleted" in found.message


def test_arrays_without_a_name_are_told_apart_by_shape():
    x, out = np.zeros((2, 3), np.float32), np.zeros(1, np.float32)
    found = refused(cosmati.address_of(x), out, 6)
    assert "address_of number " in found.message and "float32[2, 3]" in found.message


def test_an_argument_and_a_table_s_entry_are_one_buffer():
    x = np.arange(32, dtype=np.float32)
    add_through_table.check("all")[(1,)](addresses(x), x, 32, 32)
    np.testing.assert_array_equal(x, np.arange(32) + 1)
    add_through_table.check("all")[(1,)](addresses(x[16:]), x[16:], 16, 16)
    np.testing.assert_array_equal(x[16:], np.arange(16, 32) + 2)


def test_a_race_between_an_argument_and_a_table_s_entry_is_found():
    x, out = np.zeros(32, np.float32), np.zeros(32, np.float32)
    with pytest.raises(CheckError) as caught:
        race_through_table.check("race", seed=1)[(2,)](addresses(x), x, out, 32)
    found = caught.value.reports[0]
    assert found.kind == "race" and found.buffer == "x" and len(found.accesses) == 2


def test_the_argument_s_account_of_what_is_written_holds_for_the_table():
    module = cosmati.vm.Module(READ, name="read.ptx")
    x, out = np.zeros(1, np.float32), np.zeros(1, np.float32)
    table = addresses(x)
    module.launch("read", grid=1, block=1, args=(table, out), check="all")
    wide = cosmati.vm.Module(READ.replace("out)", "out, .param .u64 x)"))
    with pytest.raises(CheckError) as caught:
        args = (table, out, cosmati.vm.uninitialized(x))
        wide.launch("read", grid=1, block=1, args=args, check="all")
    assert caught.value.reports[0].kind == "uninitialized"
    assert caught.value.reports[0].buffer == "x"


def test_host_addresses_are_named_with_their_remedy():
    x = np.zeros(1 << 18, np.float32)
    other, out = np.zeros(1 << 18, np.float32), np.zeros(1, np.float32)
    cosmati.address_of(x, name="x")
    text = refused(x.ctypes.data + 8, out).message
    assert "it is the host's address of byte 8 of 'x'" in text
    assert "cosmati.address_of(array)" in text
    text = refused(out.ctypes.data, out).message
    assert "it is the host's address of byte 0 of 'out'" in text
    text = refused(other.ctypes.data, out).message
    assert "it looks like an address of the host" in text and "cosmati.address_of" in text


def test_threads_map_and_launch_at_once():
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(8):
            cache = rng.standard_normal((4, 32), np.float32)
            out = np.zeros((3, 32), np.float32)
            gather_pages[(3,)](addresses(cache[3], cache[1], cache[2]), out, 32, 32)
            if not np.array_equal(out, cache[[3, 1, 2]]):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_numbers_are_no_arrays():
    with pytest.raises(TypeError, match="a int is no array"):
        cosmati.address_of(3)


def test_host_memory_is_no_place_for_a_gpu(monkeypatch):
    class Gpu:
        kind = "cuda"

    monkeypatch.setattr("cosmati.runtime.device.get_device", Gpu)
    with pytest.raises(ValueError, match="in host memory, and kernels run on"):
        cosmati.address_of(np.zeros(3))


def test_tensors_live_as_long_as_their_storage():
    torch = pytest.importorskip("torch")
    x = torch.arange(8.0)
    out = np.zeros(1, np.float32)
    address = cosmati.address_of(x[2:], name="storage")
    assert address == cosmati.address_of(x) + 8 == cosmati.address_of(x.numpy()) + 8
    assert address % 256 == x[2:].data_ptr() % 256
    view = x[1:]
    del x
    read_at[(1,)](address, out, 0)
    assert out[0] == 2
    del view
    assert refused(address, np.zeros(1, np.float32)).kind == "use-after-free"


@cosmati.jit
def copy_bytes(x, out, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + i, tl.load(x + i))


@pytest.mark.parametrize("kind", [np.int8, np.float64])
def test_a_view_of_another_element_type_reaches_all_of_its_base(kind):
    x = np.arange(16, dtype=np.complex64)
    view = x.view(kind)
    out = np.zeros_like(view)
    copy_bytes.check("all")[(1,)](view, out, view.size)
    np.testing.assert_array_equal(out, view)
    assert cosmati.address_of(view[1:]) == cosmati.address_of(view) + view.itemsize


def test_sectors_are_counted_where_a_table_leads():
    x = np.zeros(64, np.float32)
    module = cosmati.vm.Module(READ, name="read.ptx")
    out = np.zeros(1, np.float32)
    for array, sectors in ((x, 3), (out, 2)):
        args = (addresses(array), out)
        report = module.launch("read", grid=1, block=1, args=args, profile=True)
        assert report.profile is not None
        assert report.profile.footprint_bytes == 32 * sectors
