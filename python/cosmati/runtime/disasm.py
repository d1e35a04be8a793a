"""What a cubin's instructions are, by nvdisasm."""

from __future__ import annotations

import os
import subprocess
import tempfile

from cosmati import knobs
from cosmati.errors import CosmatiError


def sass_of(cubin: bytes) -> str:
    """The instructions of a cubin as text. CosmatiError where nvdisasm is not found, or fails."""
    try:
        tool = knobs.nvidia.nvdisasm
    except RuntimeError as error:
        raise CosmatiError(f"asm['sass']: {error}") from None
    handle, path = tempfile.mkstemp(suffix=".cubin")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(cubin)
        done = subprocess.run([tool.path, "-c", path], capture_output=True, text=True)
    finally:
        os.unlink(path)
    if done.returncode != 0:
        raise CosmatiError(f"{tool.path} failed: {done.stderr.strip()}")
    return done.stdout
