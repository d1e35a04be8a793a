"""cosmati.compile, its sources, and compiled kernels that are launched by themselves."""

from __future__ import annotations

import pickle

import cosmati
import numpy as np
import pytest
from cosmati import knobs
from cosmati.backends.compiler import AttrsDescriptor, GPUTarget
from cosmati.compiler import ASTSource, CompiledKernel, IRSource

SIGNATURE = {"x": "*fp32", "out": "*fp32", "n": "i32", "factor": "fp32", "BLOCK": "constexpr"}
ALIGNED = {(i,): [["tt.divisibility", 16]] for i in range(3)}


def compiled(kernel, attrs=None, **options):
    source = ASTSource(kernel, SIGNATURE, {"BLOCK": 64}, attrs)
    return cosmati.compile(source, target=GPUTarget("cuda", 90, 32), options=options)


def test_a_compiled_source_can_be_launched(kernel, x):
    made = compiled(kernel, num_warps=2)
    assert isinstance(made, CompiledKernel) and made.metadata.num_warps == 2
    for arguments, named in (
        ((x, None, 200, 3.0, 64), {}),
        ((x, None, 200, 3.0), {}),
        ((x, None, 200), {"factor": 3.0}),
    ):
        out = np.zeros_like(x)
        arguments = (arguments[0], out, *arguments[2:])
        assert made[(4,)](*arguments, stream=0, **named) is made
        np.testing.assert_array_equal(out, 3 * x)


def test_a_grid_may_be_a_number_or_a_function_of_the_arguments(kernel, x):
    made = compiled(kernel)
    for grid in (4, [4], lambda meta: (meta["n"] + 63) // 64):
        out = np.zeros_like(x)
        made[grid](x, out, 200, 3.0)
        np.testing.assert_array_equal(out, 3 * x)


def test_run_takes_tritons_internal_arguments(kernel, x):
    made = compiled(kernel)
    out, seen = np.zeros_like(x), []
    made._init_handles()
    made.run(4, 1, 1, None, made.function, made.packed_metadata, "meta", seen.append, None,
             x, out, 200, 3.0, 64)  # fmt: skip
    np.testing.assert_array_equal(out, 3 * x)
    assert seen == ["meta"]


def test_metadata_names_what_libraries_read(kernel):
    made = compiled(kernel, num_warps=2, num_stages=2)
    meta = made.metadata
    assert meta.target == GPUTarget("cuda", 90, 32) and meta.arch == "sm_90a"
    assert (meta.name, meta.num_warps, meta.num_stages, meta.num_ctas) == ("scale", 2, 2, 1)
    assert meta.shared == made.shared == 0 and meta.hash == made.hash
    assert (meta.tmem_size, meta.global_scratch_size, meta.profile_scratch_size) == (0, 0, 0)
    assert meta.enable_fp_fusion is True and meta.triton_version == "3.7.1"
    assert meta._asdict()["tensordesc_meta"] == []
    assert made.packed_metadata == (2, 1, 0)
    assert "def scale" in made.asm["source"]
    assert made.asm["ttir"] == made.asm["tile"] and made.asm["llir"] == made.asm["llvm"]
    assert made.kernel in (made.asm["ptx"], made.asm.get("cubin"))
    assert made.src.fn is kernel


def test_a_kernel_is_loaded_at_its_first_launch(kernel, x):
    made = compiled(kernel)
    assert made.module is None and made.function is None and made.n_max_threads == 0
    made[(4,)](x, np.zeros_like(x), 200, 3.0)
    assert made.module is not None and made.function is not None


def test_attributes_are_assumed_and_checked(kernel):
    made = compiled(kernel, ALIGNED, num_warps=1)
    assert ".v2.b32" in made.asm["ptx"] or ".v4.b32" in made.asm["ptx"]
    whole = np.zeros(201, np.float32)
    with pytest.raises(ValueError, match="argument `x`.*multiple of 16"):
        made[(4,)](whole[1:], np.zeros(200, np.float32), 200, 3.0)


def test_launches_must_fit_what_was_compiled(kernel, x):
    made, out = compiled(kernel), np.zeros(200, np.float32)
    with pytest.raises(ValueError, match="argument `BLOCK`.*compiled for 64, not 128"):
        made[(4,)](x, out, 200, 3.0, 128)
    with pytest.raises(TypeError, match=r"`x` of scale is \*fp64.*compiled for \*fp32"):
        made[(4,)](x.astype(np.float64), out, 200, 3.0)
    with pytest.raises(TypeError, match="missing a required argument: 'factor'"):
        made[(4,)](x, out, 200)
    with pytest.raises(TypeError, match="too many positional arguments"):
        made[(4,)](x, out, 200, 3.0, 64, 1)
    with pytest.raises(OverflowError, match="argument `n`"):
        made[(4,)](x, out, 2**40, 3.0)
    with pytest.raises(ValueError, match="4 dimensions"):
        made[(1, 1, 1, 1)](x, out, 200, 3.0)


def test_constants_are_given_by_name_number_or_path(kernel):
    for key in ("BLOCK", 4, (4,)):
        source = ASTSource(kernel, {k: v for k, v in SIGNATURE.items() if k != "BLOCK"}, {key: 64})
        assert source.constants == {(4,): 64}
    hints = AttrsDescriptor(divisible_by_16=(0, 1), equal_to_1=(2,))
    made = cosmati.compile(ASTSource(kernel, SIGNATURE, {"BLOCK": 64}, hints), "sm_90a")
    assert [name for name, _ in made.image.params] == ["x", "out", "factor"]


@pytest.mark.parametrize(
    "signature, constants, error, text",
    [
        ({1: "*fp32"}, {}, TypeError, "Signature keys must be string"),
        ({"y": "*fp32"}, {}, ValueError, "names 'y', which is no parameter of scale; it has x"),
        (SIGNATURE, {"Z": 1}, ValueError, "names 'Z', which is no parameter"),
        (SIGNATURE, {(9,): 1}, ValueError, "no parameter of scale, which has 5"),
        ({**SIGNATURE, "n": "i33"}, {}, ValueError, "type of `n` of scale"),
        ({**SIGNATURE, "n": "constexpr"}, {}, ValueError, "constexprs has no value for it"),
    ],
)
def test_what_is_wrong_with_a_source(kernel, signature, constants, error, text):
    with pytest.raises(error, match=text):
        cosmati.compile(ASTSource(kernel, signature, constants), "sm_90a")


def test_what_is_wrong_with_a_compilation(kernel, tmp_path):
    with pytest.raises(KeyError, match="Keyword argument num_wraps was specified but unrecognised"):
        compiled(kernel, num_wraps=4)
    with pytest.raises(ValueError, match="backend 'hip'.*NVIDIA"):
        cosmati.compile(ASTSource(kernel, SIGNATURE), target=GPUTarget("hip", "gfx942", 64))
    with pytest.raises(ValueError, match="target 'sm_13' is not known"):
        cosmati.compile(ASTSource(kernel, SIGNATURE), target=GPUTarget("cuda", 13, 32))
    with pytest.raises(TypeError, match="must be an ASTSource or the path"):
        cosmati.compile(kernel)
    (tmp_path / "kernel.llir").write_text("")
    with pytest.raises(ValueError, match="'llir' has no way into the compiler"):
        cosmati.compile(str(tmp_path / "kernel.llir"))


@pytest.mark.parametrize(
    "name, stage", [("k.ptx", "ptx"), ("k.tilegpu.mlir", "ttgir"), ("k.mlir", "ttir")]
)
def test_files_of_later_stages_are_compiled_from_there(kernel, x, tmp_path, name, stage):
    path = tmp_path / name
    path.write_text(compiled(kernel, num_warps=2).asm[stage])
    made = cosmati.compile(str(path), target="sm_90a", options={"num_warps": 2})
    out = np.zeros_like(x)
    made[(4,)](x, out, 200, 3.0)
    np.testing.assert_array_equal(out, 3 * x)
    assert made.metadata.name == "scale" and made.metadata.num_warps == 2


def test_ptx_says_its_own_number_of_warps_and_its_faults(kernel, tmp_path):
    path = tmp_path / "k.ptx"
    path.write_text(compiled(kernel, num_warps=8).asm["ptx"])
    assert IRSource(path).parse_options() == {"num_warps": 8}
    assert cosmati.compile(path, "sm_90a").metadata.num_warps == 8
    path.write_text(".version 8.0\n.target sm_90a\n.address_size 64\n")
    with pytest.raises(cosmati.CosmatiError, match="holds one kernel; this one has: none"):
        cosmati.compile(path, "sm_90a")


def test_tritons_options_have_their_meaning_or_say_that_they_have_none(kernel, x):
    out = np.zeros_like(x)
    made = kernel[(2,)](x, out, 200, 2.0, enable_fp_fusion=False, maxnreg=None)
    assert made.metadata.contract is False
    with pytest.warns(RuntimeWarning, match="ptx_version=82 changes nothing"):
        kernel[(2,)](x, out, 200, 2.0, ptx_version=82)
    with pytest.raises(ValueError, match="cooperative launches are not supported"):
        kernel[(2,)](x, out, 200, 2.0, launch_cooperative_grid=True)
    with pytest.raises(ValueError, match="warps have 32 threads"):
        kernel[(2,)](x, out, 200, 2.0, warp_size=64)


def test_listeners_hear_of_compilations_and_hits(kernel):
    heard = []
    knobs.compilation.listener = lambda **facts: heard.append(facts)
    compiled(kernel)
    compiled(kernel)
    assert [facts["cache_hit"] for facts in heard] == [False, True]
    times = heard[0]["times"]
    assert times.ir_initialization > 0 and times.total >= times.total_lowering > 0
    assert heard[0]["metadata"]["name"] == "scale" and heard[0]["src"].fn is kernel


def test_sass_says_how_to_get_it(kernel):
    made = compiled(kernel)
    if "cubin" not in made.asm:
        pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
    knobs.nvidia.nvdisasm = "/nowhere/nvdisasm"
    with pytest.raises((cosmati.CosmatiError, RuntimeError), match="nvdisasm"):
        made.asm["sass"]


def test_errors_have_tritons_names_and_arguments():
    from cosmati.compiler import errors as compiler_errors
    from cosmati.runtime import errors as runtime_errors

    assert cosmati.TritonError is cosmati.CosmatiError
    for name in ("OutOfResources", "PTXASError", "InterpreterError", "AutotunerError"):
        assert issubclass(getattr(runtime_errors, name), cosmati.TritonError)
    for name in ("UnsupportedLanguageConstruct", "CompileTimeAssertionFailure"):
        assert issubclass(getattr(compiler_errors, name), compiler_errors.CompilationError)
    error = runtime_errors.OutOfResources(300000, 232448, "shared memory")
    assert (error.required, error.limit, error.name) == (300000, 232448, "shared memory")
    assert "Required: 300000" in str(pickle.loads(pickle.dumps(error)))
