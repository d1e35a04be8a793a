"""What cosmati.cuda_function refuses, and what it says then."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.device_functions.ptx import prepare
from cosmati.device_functions.signature import parse_signature, parse_type


@cosmati.jit
def call_kernel(x, FN: tl.constexpr):
    offs = tl.arange(0, 32)
    tl.store(x + offs, FN(tl.load(x + offs)))


@cosmati.jit
def float_to_int_kernel(x, FN: tl.constexpr):
    FN(1.5)


def _refused(function, x=None, kernel=call_kernel) -> str:
    with pytest.raises(cosmati.CompilationError) as caught:
        kernel[(1,)](np.zeros(32, np.float32) if x is None else x, FN=function)
    return str(caught.value)


def test_errors_of_nvrtc_name_the_line_in_the_python_file():
    wrong = cosmati.cuda_function(
        """
    float wrong(float x) {
      return x + missing;
    }
    """
    )
    text = _refused(wrong)
    line = next(
        number for number, content in enumerate(open(__file__), 1) if "x + missing" in content
    )
    assert f'test_cuda_function_errors.py({line}): error: identifier "missing" is undefined' in text
    assert "NVRTC refuses it for sm_90a" in text
    assert "FN(tl.load(x + offs))" in text  # and where the kernel calls it


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("float f(float x) { __shared__ float s[32]; s[threadIdx.x] = x; return s[0]; }",
         "has __shared__ memory"),
        ("float f(float x) { __syncthreads(); return x; }", "has a barrier"),
        ('extern "C" float g(float); float f(float x) { return g(x); }',
         "uses `g`, which its source declares and nobody defines"),
        ("#include <nowhere.h>\nfloat f(float x) { return x; }",
         "headers of your own need options"),
    ],
)  # fmt: skip
def test_what_can_not_be_applied_to_elements(source, text):
    assert text in _refused(cosmati.cuda_function(source, "f"))


def test_arguments_must_fit():
    integer = cosmati.cuda_function("int f(int x) { return x; }")
    assert "argument 1 of int f(int) is fp32, a float; cast it to int32" in _refused(integer)
    assert "is the float 1.5; give an integer" in _refused(integer, kernel=float_to_int_kernel)
    pointer = cosmati.cuda_function("float f(float *x) { return *x; }")
    assert "pointers are not converted" in _refused(pointer)
    two = cosmati.cuda_function("float f(float x, float y) { return x + y; }")
    assert "takes 2 arguments, 1 were given" in _refused(two)


def test_it_is_called_in_kernels_only():
    function = cosmati.cuda_function("float f(float x) { return x; }")
    with pytest.raises(RuntimeError, match=r"inside a @cosmati.jit function"):
        function(1.0)


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        ("float f(float x) { return x; }", "g", "defines no function `g`"),
        ("float f(float x) { return x; } float f(float x, int k) { return x; }", "f", "2 times"),
        ("struct S { int a; }; float f(S s) { return s.a; }", "f", "the type `S` is not known"),
        ("float f(float &x) { return x; }", "f", "can't be passed"),
        ("template <class T> T f(T x) { return x; }", "f", "is a template"),
        ("float f(float x) { return x; }\nfloat g(float x) { return x; }", None,
         "defines 2 functions (f, g); give name="),
        ("float f(float x) { return x; } /* h() { } */ float g(float x) { return x; }", None,
         "defines 2 functions (f, g); give name="),
        ("struct S { int a; };", None, "defines no function whose name can be read"),
    ],
)  # fmt: skip
def test_signatures_that_can_not_be_used(source, name, text):
    with pytest.raises((ValueError, TypeError)) as caught:
        cosmati.cuda_function(source, name)
    assert text in str(caught.value)


def test_a_result_alone_is_no_signature():
    with pytest.raises(ValueError, match="result=fp32 without args="):
        cosmati.cuda_function("float f(float x) { return x; }", result=tl.float32)


def test_a_missing_nvrtc_is_named_with_its_package(monkeypatch):
    from cosmati import _core
    from cosmati.runtime import session

    empty = _core.Toolchain(paths={}, site_packages=[], cuda_home="", path=[])
    if empty.version("libnvrtc"):
        pytest.skip("the system has an NVRTC of its own")
    monkeypatch.setattr(session, "toolchain", lambda: empty)
    function = cosmati.cuda_function("float f(float x) { return x - 17; }")
    with pytest.raises(ValueError, match="pip install nvidia-cuda-nvrtc"):
        function.ptx("sm_90a")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("const float *", "*fp32"), ("unsigned", "uint32"), ("long long int", "int64"),
        ("unsigned char", "uint8"), ("std::int16_t", "int16"), ("__half", "fp16"),
        ("unsigned long long", "uint64"), ("char", "int8"), ("signed char", "int8"),
        ("static __forceinline__ __device__ double", "fp64"), ("const void *", "*int8"),
    ],
)  # fmt: skip
def test_c_types_and_those_of_the_language(text, kind):
    language = parse_type(text).language
    assert language is not None
    name = str(language).replace("pointer<", "*").replace(">", "")
    assert name.replace("const ", "").replace("*const", "*") in (kind, kind + "[const]") or (
        kind.lstrip("*") in name
    )


def test_signatures_survive_comments_names_and_defaults():
    source = """
    #include <cstdint>
    /* float f(double) { */ // float f(int) {
    extern "C" __device__ __forceinline__ unsigned long long
    f(const float *__restrict__ table /* where */, unsigned int k = 3, bool flag = true) {
      return k;
    }
    float g(float x) { return f(nullptr, 1, x); }
    """
    assert parse_signature(source, "f").text() == (
        "unsigned long long f(const float *, unsigned int, bool)"
    )
    assert parse_signature("int f(void) { return 1; }", "f").text() == "int f()"


def test_names_of_the_function_get_a_prefix_and_lose_their_linkage():
    ptx = """
.version 8.3
.target sm_80
.address_size 64
.visible .const .align 4 .b8 table[8] = {0, 0, 128, 63, 0, 0, 0, 64};
.extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);
.visible .func (.param .b32 func_retval0) helper(.param .b32 helper_param_0)
{
  ld.const.f32 %f1, [table+4];
  ret;
}
.visible .func (.param .b32 func_retval0) f(.param .b32 f_param_0)
{
  call.uni (retval0), helper, (param0);
  ret;
}
.visible .func lost() { ret; }
"""
    text = prepare(ptx, "f", "p_")
    assert text.startswith(".version 8.3\n")
    assert ".const .align 4 .b8 p_table[8]" in text and "[p_table+4]" in text
    assert "(retval0), p_helper, (param0)" in text and "helper_param_0" in text
    assert ".visible" not in text and "lost" not in text and "vprintf" not in text
