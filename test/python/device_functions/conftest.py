"""Device functions need NVRTC; without it these tests are skipped."""

from __future__ import annotations

import pytest
from cosmati.runtime.session import toolchain


@pytest.fixture(autouse=True)
def nvrtc() -> None:
    if not toolchain().version("libnvrtc"):
        pytest.skip("libnvrtc is not installed (pip install nvidia-cuda-nvrtc)")
