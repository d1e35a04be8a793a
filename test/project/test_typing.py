"""What editors and type checkers see of the package: every name, with types that kernels pass."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import cosmati.language as tl
import pytest
from type_checker import run_mypy

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = """
from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati.language.extra import libdevice

SCALE: tl.constexpr = tl.constexpr(2)


@cosmati.jit
def helper(x: tl.tensor, factor: tl.constexpr) -> tl.tensor:
    return x * factor + SCALE


@cosmati.jit
def add(x_ptr: tl.tensor, y_ptr: tl.tensor, out: tl.tensor, n: int, BLOCK: tl.constexpr) -> None:
    offs = tl.program_id(axis=0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    x = tl.load(x_ptr + offs, mask=mask, other=0.0)
    y = tl.load(y_ptr + offs, mask=mask)
    for i in tl.range(0, n, num_stages=2):
        x = x + i
    for j in range(4):
        y += j
    for k in tl.static_range(2):
        y = y - k
    z = tl.where(x > y, tl.exp(x), libdevice.pow(x, y))
    w: tl.tensor = helper(z, BLOCK).to(tl.float32)
    best, where = tl.max(w, axis=0, return_indices=True)
    total = w.sum(axis=0, dtype=tl.float32) + best + where
    a, b, c, d = tl.rand4x(7, offs)
    tl.store(out + offs, (w + total).exp() + a * b * c * d, mask=mask)
    tl.static_assert(BLOCK >= 16, "a block has 16 elements")
    tl.atomic_add(out, tl.max(w), sem="relaxed")


@cosmati.autotune(
    configs=[cosmati.Config({"BLOCK": 128}, num_warps=4), cosmati.Config({"BLOCK": 256})],
    key=["n"],
)
@cosmati.heuristics({"EVEN": lambda args: args["n"] % args["BLOCK"] == 0})
@cosmati.jit(do_not_specialize=["n"])
def product(
    a_ptr: tl.tensor,
    n: tl.int64,  # type: ignore[valid-type]
    mask: tl.tensor | None,
    BLOCK: tl.constexpr,
    EVEN: tl.constexpr,
) -> None:
    a = tl.zeros((BLOCK, BLOCK), dtype=tl.float16)
    acc = tl.dot(a, tl.trans(a), out_dtype=tl.float32)
    if EVEN:
        acc += tl.sum(acc, axis=1)[:, None]
    desc = tl.make_tensor_descriptor(a_ptr, [n, n], [n, 1], [BLOCK, BLOCK])
    desc.store([0, 0], acc.to(tl.float16))
    window = tl.make_block_ptr(a_ptr, (n, n), (n, 1), (0, 0), (BLOCK, BLOCK), (1, 0))
    window = tl.advance(window, (0, BLOCK))
    tl.store(window, tl.load(window, boundary_check=(0, 1)))


@cosmati.aggregate
class Pair:
    low: tl.tensor
    high: tl.tensor

    @cosmati.jit
    def width(self) -> tl.tensor:
        return self.high - self.low


def launch(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    out = np.empty_like(x)
    add[(cosmati.cdiv(x.size, 128),)](x, x, out, x.size, BLOCK=128, num_warps=4)
    compiled = add.warmup(x, x, out, x.size, BLOCK=128, grid=(1,))
    print(compiled.asm["ptx"], compiled.metadata.num_warps)
    product[lambda meta: (cosmati.cdiv(x.size, meta["BLOCK"]),)](out, x.size, None)
    with cosmati.options(approx_division=False):
        add[(1, 1, 1)](x, x, out, 1, 128)
    print(product.best_config)
    return out
"""


def _every_name() -> str:
    """A module that names all that the reference describes."""
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    from language_reference import PAGES, public_names

    lines = ["from __future__ import annotations"]
    for page, _, module, prefixes in PAGES:
        for name, _ in public_names(importlib.import_module(module), prefixes):
            lines.append(f"from {module} import {name} as {page}_{name}")
    members = [name for name in vars(tl.tensor) if not name.startswith("_")]
    lines += ["def f(x: language_tensor) -> None:", *(f"    x.{name}" for name in members)]
    return "\n".join(lines) + "\n"


def test_a_strict_checker_accepts_kernels_and_knows_every_name(tmp_path: Path) -> None:
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    pytest.importorskip("sphinx")  # lists the names
    (tmp_path / "user_sample.py").write_text(SAMPLE)
    (tmp_path / "user_names.py").write_text(_every_name())
    lines = run_mypy(
        tmp_path, "--strict", "--follow-imports=silent", "user_sample.py", "user_names.py"
    )
    assert [line for line in lines if line.startswith("user_")] == []


def test_stub_files_are_those_of_today() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "stubs.py"), "--check"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
