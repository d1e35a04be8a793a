"""Kernels that several tests of the host API launch."""

from __future__ import annotations

import cosmati
import cosmati.language as tl


@cosmati.jit
def scale(x, out, n, factor, BLOCK: tl.constexpr = 128):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    tl.store(out + offs, tl.load(x + offs, mask=mask) * factor, mask=mask)
