"""Compiling ahead of time: tools.compile writes C, tools.link joins it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cosmati.tools import compile as aot
from cosmati.tools import link

KERNEL = """
import cosmati, cosmati.language as tl

@cosmati.jit
def add(x, out, n, stride, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + offs * stride, tl.load(x + offs, mask=offs < n) + 1, mask=offs < n)
"""

# The driver's functions, which only tell what they are asked for; loading fails once.
DRIVER = """
#include "add.h"
#include <stdio.h>
static int loads;
CUresult cuCtxGetDevice(CUdevice *device) { *device = 0; return 0; }
CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  *module = (CUmodule)image;
  return loads++ == 0 ? CUDA_ERROR_NO_BINARY_FOR_GPU : 0;
}
CUresult cuModuleUnload(CUmodule module) { printf("unload %d\\n", module != 0); return 0; }
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  printf("function %s\\n", name);
  *function = (CUfunction)module;
  return 0;
}
CUresult cuFuncSetAttribute(CUfunction f, int a, int v) { (void)f; return a + v; }
CUresult cuLaunchKernel(CUfunction f, unsigned x, unsigned y, unsigned z, unsigned bx, unsigned by,
                        unsigned bz, unsigned shared, CUstream stream, void **p, void **extra) {
  (void)f, (void)stream, (void)extra, (void)by, (void)bz;
  printf("grid %u %u %u block %u shared %u n %d\\n", x, y, z, bx, shared, *(int32_t *)p[2]);
  return 0;
}
int main(void) {
  CUresult a = add(0, 4096, 8192, 100, 1, 0), b = add(0, 4100, 8192, 7, 3, 0);
  printf("%d %d\\n", a, b);
  CUresult zero = add_default(0, 4096, 8192, 0, 1);
  printf("%d %d %d\\n", zero, add(0, 1, 2, 3, 4, 7), add_get_num_algos());
  return unload_add();
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "aot_kernels.py").write_text(KERNEL)
    return tmp_path


def compile_add(folder: Path, signature: str, *more: str) -> int:
    words = [str(folder / "aot_kernels.py"), "-n", "add", "-s", signature]
    words += ["-g", "(n + 63) / 64, 1, 1", "-t", "cuda:90:32", "-w", "2", "-o", str(folder / "add")]
    return aot.main([*words, *more])


def test_variants_are_compiled_joined_and_launched_by_c(folder):
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compile_add(folder, "*fp32:16, *fp32:16, i32, i32:1, 64") == 0
    assert compile_add(folder, "*fp32, *fp32, i32, i32, 64") == 0
    headers = sorted(folder.glob("add.*.h"))
    assert len(headers) == 2
    assert link.main([*map(str, headers), "-o", str(folder / "add")]) == 0
    if compiler is None:
        pytest.skip("there is no C compiler")
    (folder / "main.c").write_text(DRIVER)
    program = folder / "program"
    words = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", str(program)]
    done = subprocess.run([*words, *map(str, folder.glob("*.c"))], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([str(program)], capture_output=True, text=True)
    assert ran.returncode == 0
    assert ran.stdout.splitlines() == [
        "function add", "grid 2 1 1 block 64 shared 0 n 100", "function add",
        "grid 1 1 1 block 64 shared 0 n 7", "0 0", "0 1 1", "unload 1", "unload 1",
    ]  # fmt: skip


def test_sources_name_what_was_compiled(folder):
    assert compile_add(folder, "*fp32, *fp32, i32, i32:1, 64") == 0
    (header,) = folder.glob("add.*.h")
    text = header.read_text()
    assert "BLOCK=64, num_warps=2, num_stages=3" in text
    assert "CUstream stream, CUdeviceptr x, CUdeviceptr out, int32_t n);" in text
    assert ".visible .entry add" in _ptx(header.with_suffix(".c").read_text())


def _ptx(source: str) -> str:
    numbers = source.partition("ptx[] = {")[2].partition("}")[0]
    return bytes(int(number) for number in numbers.split(",")).decode()


@pytest.mark.parametrize(
    "signature, more, text",
    [
        ("*fp32, i32", (), "the signature has 2 entries, but add has 5 parameters: x, out, n"),
        ("*fp33, *fp32, i32, i32, 64", (), "the type of `x`: there is no type named 'fp33'"),
        ("tensordesc<fp32[8,8]>, *fp32, i32, i32, 64", (), "call tl.make_tensor_descriptor in the"),
        ("*fp32:8, *fp32, i32, i32, 64", (), "`x`: the hint '8' is none; only 16 and 1 are"),
        ("*fp32, *fp32, i32, i32, 64", ("-g", "1"), "grid '1': it has three extents"),
        ("*fp32, *fp32, i32, i32, 64", ("-t", "cuda"), "use BACKEND:ARCH:WARP_SIZE"),
        ("*fp32, *fp32, i32, i32, 64", ("-t", "hip:gfx942:64"), "NVIDIA GPUs alone"),
        ("*fp32, *fp32, i32, i32, 64", ("-n", "sub"), "has no kernel 'sub'; it has add"),
    ],
)
def test_errors_of_the_command_line(folder, capsys, signature, more, text):
    assert compile_add(folder, signature, *more) == 1
    assert text in capsys.readouterr().err


def test_a_variant_of_an_autotuned_kernel_is_asked_for_by_its_values(folder):
    tuned = "@cosmati.autotune([cosmati.Config({'BLOCK': 32})], key=['n'])\n@cosmati.jit"
    (folder / "aot_kernels.py").write_text(KERNEL.replace("@cosmati.jit", tuned))
    assert compile_add(folder, "*fp32, *fp32, i32, i32, 64") == 0
    assert len(list(folder.glob("add.*.c"))) == 1


def test_headers_that_do_not_belong_together_are_refused(folder, capsys):
    compile_add(folder, "*fp32, *fp32, i32, i32, 64")
    compile_add(folder, "*fp32, *fp32, i64, i32, 64")
    headers = [str(path) for path in folder.glob("add.*.h")]
    assert link.main([*headers, "-o", str(folder / "add")]) == 1
    assert "Mismatched signature for kernel add" in capsys.readouterr().err
    (folder / "other.h").write_text("int x;\n")
    assert link.main([str(folder / "other.h"), "-o", str(folder / "add")]) == 1
    assert "no `// tt-linker:` line" in capsys.readouterr().err
