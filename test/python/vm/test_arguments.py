"""Arguments of cosmati.vm: what is accepted, how it is packed, and what refusals say."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from cosmati import vm
from vm_programs import SAXPY, store


def packed(param: str, size: int, value) -> bytes:
    """The bytes that a kernel sees of a value."""
    out = np.zeros(size, np.uint8)
    vm.Module(store(param, size)).launch("k", grid=1, block=1, args=(out, value))
    return out.tobytes()


def saxpy(*args, **options):
    return vm.Module(SAXPY, "saxpy.ptx").launch("saxpy", grid=4, block=32, args=args, **options)


def test_arrays_are_used_in_place():
    x, y, out = (
        np.arange(100, dtype=np.float32),
        np.ones(100, np.float32),
        np.zeros(100, np.float32),
    )
    report = saxpy(x, y, out, 2, 100)
    np.testing.assert_array_equal(out, 2 * x + 1)
    assert report.ctas == 4
    assert report.classes["global-load"] == 2 * 4
    assert report.profile is None


def test_read_only_arrays_cannot_be_written():
    x, out = np.ones(100, np.float32), np.zeros(100, np.float32)
    out.setflags(write=False)
    with pytest.raises(vm.CheckError) as caught:
        saxpy(x, x, out, 1.0, 100)
    assert caught.value.reports[0].kind == "read-only"
    out.setflags(write=True)
    with pytest.raises(vm.CheckError):
        saxpy(x, x, vm.Buffer(out, writable=False), 1.0, 100)


def test_strided_arrays_have_no_access_between_their_elements():
    base = np.zeros((10, 64), np.float32)
    x = base[:, :32]
    y = np.zeros(320, np.float32)
    saxpy(x, y, y, 1.0, 32)
    with pytest.raises(vm.CheckError) as caught:
        saxpy(x, y, y, 1.0, 33)
    assert caught.value.reports[0].kind == "out-of-bounds"
    assert "'x'" in str(caught.value)


class OnlyInterface:
    def __init__(self, array):
        self.__array_interface__ = array.__array_interface__
        self.array = array


class OnlyDlpack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__()


@pytest.mark.parametrize("wrap", [OnlyInterface, OnlyDlpack])
def test_arrays_of_any_library_are_known_by_their_protocols(wrap):
    x, out = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    saxpy(wrap(x), wrap(x), wrap(out), 1.0, 64)
    np.testing.assert_array_equal(out, 2 * x)


def test_torch_tensors_on_the_cpu():
    torch = pytest.importorskip("torch")
    x, out = torch.arange(64, dtype=torch.float32), torch.zeros(64)
    saxpy(x, x, out, 1.0, 64)
    assert torch.equal(out, 2 * x)


@pytest.mark.parametrize(
    ("param", "value", "expected"),
    [
        (".u32 v", 7, struct.pack("<I", 7)),
        (".u32 v", -1, b"\xff" * 4),
        (".s32 v", -5, struct.pack("<i", -5)),
        (".u64 v", None, bytes(8)),
        (".u8 v", True, b"\x01"),
        (".f32 v", 1, struct.pack("<f", 1.0)),
        (".f64 v", np.float32(0.5), struct.pack("<d", 0.5)),
        (".f16 v", 1.5, struct.pack("<e", 1.5)),
        (".b16 v", np.float16(1.5), struct.pack("<e", 1.5)),
        (".u16 v", np.int64(65535), b"\xff\xff"),
        (".align 8 .b8 v[12]", b"hello, world", b"hello, world"),
        (".align 4 .b8 v[8]", np.array([1, 2], np.int32).tobytes(), struct.pack("<ii", 1, 2)),
    ],
)
def test_scalars_are_converted_to_the_declared_type(param, value, expected):
    assert packed(param, len(expected), value) == expected


@pytest.mark.parametrize(
    ("param", "value", "error", "text"),
    [
        (".u32 v", 2**32, ValueError, ".u32 holds -2147483648 to 4294967295"),
        (".s8 v", 128, ValueError, "128 is out of range; .s8 holds -128 to 127"),
        (".u32 v", 1.5, TypeError, "a float (1.5) for an integer; convert it with int()"),
        (".f32 v", 1e39, ValueError, "1e+39 is beyond f32, which ends at 3.4028235e38"),
        (".f32 v", "x", TypeError, "a str is no number"),
        (".u32 v", np.zeros(3), TypeError, "an array is passed as a 64-bit pointer"),
        (".u32 v", None, TypeError, "None is a null pointer, which needs a 64-bit parameter"),
        (".align 4 .b8 v[8]", b"1234567", ValueError, "7 bytes, but the parameter has 8"),
        (".align 4 .b8 v[8]", 3, TypeError, "its 8 bytes are given as bytes"),
        (".u64 v", np.array([object()]), TypeError, "Python objects"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(param, value, error, text):
    size = 8
    with pytest.raises(error) as caught:
        packed(param, size, value)
    assert "argument 1 ('v', ." in str(caught.value)
    assert "of kernel 'k'" in str(caught.value)
    assert text in str(caught.value)


def test_the_number_of_arguments_must_fit():
    with pytest.raises(
        TypeError, match=r"takes 5 arguments, but 1 were given; its parameters: x \(u64\)"
    ):
        saxpy(1)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"grid": 0}, ValueError, "grid: 0 is out of range; 1 to"),
        ({"grid": (1, 2, 3, 4)}, ValueError, "grid=(1, 2, 3, 4) has 4 dimensions"),
        ({"block": 2.0}, TypeError, "block: 2.0 is a float, not an integer"),
        ({"block": 2048}, ValueError, "block (2048,1,1) has 2048 threads; 1 to 1024 are possible"),
        ({"shared": -1}, ValueError, "shared: -1 is out of range"),
        ({"check": "racy"}, ValueError, "there is no check 'racy'; use uninitialized, race"),
        ({"check": [3]}, TypeError, "check: 3 is no name"),
        ({"schedule": "fair"}, ValueError, "schedule='fair': use one of in-order, round-robin"),
        ({"async_copies": "soon"}, ValueError, "async_copies='soon': use one of late, early"),
        ({"seed": -1}, ValueError, "seed=-1: a seed is an integer from 0"),
        ({"seed": "x"}, TypeError, "seed='x'"),
    ],
)
def test_wrong_options_are_refused_by_name(options, error, text):
    module = vm.Module(store(".u32 v", 4))
    values = {"grid": 1, "block": 1, "args": (np.zeros(4, np.uint8), 1), **options}
    with pytest.raises(error) as caught:
        module.launch("k", **values)
    assert text in str(caught.value)


def test_unknown_kernels_and_bad_ptx_are_refused():
    module = vm.Module(SAXPY, "saxpy.ptx")
    with pytest.raises(ValueError, match="saxpy.ptx has no kernel 'k'; it has saxpy"):
        module.launch("k", grid=1, block=1)
    with pytest.raises(ValueError, match=r"bad\.ptx:1: "):
        vm.Module("nonsense", "bad.ptx")
    with pytest.raises(TypeError, match="ptx_text is a bytes"):
        vm.Module(b"")


def test_entries_say_what_they_take():
    entry = vm.Module(SAXPY).entries["saxpy"]
    assert [(p.name, p.type, p.offset, p.size, p.pointer) for p in entry.params] == [
        ("x", "u64", 0, 8, True),
        ("y", "u64", 8, 8, False),
        ("out", "u64", 16, 8, False),
        ("a", "f32", 24, 4, False),
        ("n", "u32", 28, 4, False),
    ]
    assert (entry.param_bytes, entry.shared_bytes, entry.required_block) == (32, 0, None)


def test_uninitialized_marks_are_checked():
    x, out = np.zeros(64, np.float32), np.zeros(64, np.float32)
    saxpy(x, x, vm.uninitialized(out), 1.0, 64, check="uninitialized")
    with pytest.raises(vm.CheckError) as caught:
        saxpy(vm.uninitialized(x), out, out, 1.0, 64, check="uninitialized")
    assert caught.value.reports[0].kind == "uninitialized"
    assert caught.value.reports[0].buffer == "x"


def test_printed_text_goes_where_it_is_wanted(capsys):
    ptx = """.version 8.0
.target sm_80
.address_size 64
.extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);
.global .align 1 .b8 text[4] = {104, 105, 10, 0};
.visible .entry k()
{
  .reg .b64 %rd<2>;
  .reg .b32 %r;
  mov.u64 %rd0, text;
  cvta.global.u64 %rd0, %rd0;
  mov.u64 %rd1, 0;
  {
  .param .b64 a;
  .param .b64 b;
  .param .b32 r;
  st.param.b64 [a], %rd0;
  st.param.b64 [b], %rd1;
  call.uni (r), vprintf, (a, b);
  ld.param.b32 %r, [r];
  }
  ret;
}
"""
    pieces = []
    vm.Module(ptx).launch("k", grid=1, block=2, print=pieces.append)
    assert "".join(pieces) == "hi\nhi\n"
    vm.Module(ptx).launch("k", grid=1, block=1)
    assert capsys.readouterr().out == "hi\n"
