"""Clusters, tensor maps and interrupts through the Python interface."""

from __future__ import annotations

import _thread
import threading

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import vm
from cosmati.errors import CosmatiError

HEADER = ".version 8.3\n.target sm_90a\n.address_size 64\n"

RANKS = (
    HEADER
    + """
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<3>;
  .reg .b64 %rd;
  ld.param.u64 %rd, [out];
  mov.u32 %r0, %ctaid.x;
  mad.wide.u32 %rd, %r0, 8, %rd;
  mov.u32 %r1, %cluster_ctarank;
  mov.u32 %r2, %cluster_nctarank;
  st.global.v2.b32 [%rd], {%r1, %r2};
  ret;
}
"""
)

# Copies the box at (row, column) of a tensor of 32-bit words to `out`.
BOX = (
    HEADER
    + """
.visible .entry k(.param .align 64 .b8 map[128], .param .u64 out, .param .u32 row,
                  .param .u32 column)
{
  .reg .pred %p;
  .reg .b32 %r<8>;
  .reg .b64 %rd<3>;
  .shared .align 128 .b8 box[256];
  .shared .align 8 .b64 bar;
  mov.b64 %rd0, map;
  cvta.param.u64 %rd0, %rd0;
  ld.param.u64 %rd1, [out];
  ld.param.u32 %r0, [row];
  ld.param.u32 %r1, [column];
  mov.u32 %r2, box;
  mov.u32 %r3, bar;
  mov.u32 %r4, %tid.x;
  setp.ne.u32 %p, %r4, 0;
  @%p bra WAIT;
  mbarrier.init.shared.b64 [%r3], 1;
  fence.proxy.async.shared::cta;
  mbarrier.arrive.expect_tx.shared.b64 _, [%r3], 256;
  cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
    [%r2], [%rd0, {%r1, %r0}], [%r3];
WAIT:
  bar.sync 0;
TRY:
  mbarrier.try_wait.parity.shared.b64 %p, [%r3], 0;
  @!%p bra TRY;
  mad.lo.u32 %r5, %r4, 4, %r2;
  ld.shared.u32 %r6, [%r5];
  mad.wide.u32 %rd2, %r4, 4, %rd1;
  st.global.u32 [%rd2], %r6;
  ret;
}
"""
)


def test_clusters():
    out = np.zeros((8, 2), np.int32)
    vm.Module(RANKS).launch("k", grid=8, block=1, args=(out,), cluster=(4, 1, 1))
    np.testing.assert_array_equal(out, [[k % 4, 4] for k in range(8)])
    with pytest.raises(ValueError, match="is no multiple of cluster"):
        vm.Module(RANKS).launch("k", grid=6, block=1, args=(out,), cluster=4)


def test_tensor_maps_describe_arrays_and_boxes():
    array = np.arange(20 * 32, dtype=np.int32).reshape(20, 32)
    out = np.zeros((8, 8), np.int32)
    box = vm.TensorMap(array, box=(8, 8))
    module = vm.Module(BOX)
    module.launch("k", grid=1, block=64, args=(box, out, 3, 16), check="all")
    np.testing.assert_array_equal(out, array[3:11, 16:24])
    module.launch("k", grid=1, block=64, args=(box, out, 16, 28))  # beyond the edges: zero
    np.testing.assert_array_equal(out[:4, :4], array[16:, 28:])
    assert not out[4:].any()
    assert not out[:, 4:].any()


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"box": (8,)}, ValueError, "box has 1 extents, but the array 2"),
        ({"box": (8, 8), "swizzle": 16}, ValueError, "swizzle=16: use one of None, 32, 64, 128"),
        ({"box": (8, 8), "dtype": "int4"}, ValueError, "dtype='int4': use one of uint8"),
        ({"box": (8, 8), "fill": "one"}, ValueError, "fill='one': use one of zero, nan"),
    ],
)
def test_wrong_tensor_maps_are_refused(options, error, text):
    with pytest.raises(error) as caught:
        vm.TensorMap(np.zeros((8, 16), np.float32), **options)
    assert text in str(caught.value)


def test_tensor_maps_need_contiguous_rows_and_their_parameter():
    with pytest.raises(ValueError, match="innermost stride is 8 bytes; it must be one element"):
        vm.TensorMap(np.zeros((8, 16), np.float32)[:, ::2], box=(8, 8))
    with pytest.raises(TypeError, match="a tensor map has 128 bytes, but the parameter has 8"):
        vm.Module(RANKS).launch(
            "k", grid=1, block=1, args=(vm.TensorMap(np.zeros((8, 16)), box=(8, 8)),)
        )
    with pytest.raises(ValueError, match="tensor map: "):  # the driver's rules
        vm.Module(BOX).launch(
            "k", grid=1, block=64,
            args=(vm.TensorMap(np.zeros((8, 3), np.int32), box=(8, 8)), np.zeros(64), 0, 0),
        )  # fmt: skip


@cosmati.jit
def waits(flag):
    value = tl.atomic_add(flag, 0)
    tries = 0  # without them its state would come back, which is a deadlock
    while value == 0:
        value = tl.atomic_add(flag, 0)
        tries += 1
    tl.store(flag, tries + 1)


@pytest.mark.usefixtures("interruptible")
def test_keyboard_interrupt_stops_a_kernel_of_the_language():
    cosmati.set_device("vm")
    flag = np.ones(1, np.int32)
    waits[(1,)](flag)
    flag[0] = 0
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        waits[(1,)](flag)


def test_checks_need_the_virtual_machine(monkeypatch):
    class Gpu:
        kind = "cuda"

        def __repr__(self):
            return "<Device cuda:0 sm_90a>"

    monkeypatch.setattr("cosmati.runtime.device.get_device", Gpu)
    with pytest.raises(CosmatiError, match="need the virtual machine, but kernels run on <Device"):
        waits.check()[(1,)](np.ones(1, np.int32))
