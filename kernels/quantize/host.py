"""Host functions of quantization."""

from __future__ import annotations

from typing import Any

import cosmati
from cosmati.kernels.common.arrays import (
    as_rows,
    empty,
    next_power_of_2,
    require,
    require_dtype,
    result,
    shape_of,
    strides_of,
)
from cosmati.kernels.quantize.kernels import (
    dequantize_kernel,
    quantize_kernel,
    range_kernel,
    scale_kernel,
)
from cosmati.kernels.quantize.spec import FP8_MAX, QTensor, QuantSpec

DTYPES = ("float32", "float16", "bfloat16")
_ELEMENTS = 4096  # of a program at a time
_PARTIALS = 256  # programs that look for the range of a whole array


def quantize(
    x: Any,
    spec: QuantSpec | None = None,
    *,
    scales: Any = None,
    zero_points: Any = None,
    num_warps: int = 4,
) -> QTensor:
    """``x`` as 8-bit codes with scales.

    Parameters
    ----------
    x : array [..., n] of float32, float16 or bfloat16
    spec : QuantSpec
        int8, symmetric, one scale for the whole array by default.
    scales : float32 array of shape ``spec.scale_shape(x.shape)``, optional
        Scales chosen before (all above 0), for static quantization.
    zero_points : int8 array like ``scales``
        Goes with given scales of an asymmetric spec.
    """
    spec = spec or QuantSpec()
    require_dtype(x, DTYPES, "x")
    shape = shape_of(x)
    require(len(shape) >= 1, "x is a scalar; quantize an array of one or more dimensions")
    given = scales is not None
    _check_given(spec, shape, scales, zero_points)
    data = empty(x, shape, "int8" if spec.format == "int8" else "uint8")
    if not given:
        scales = empty(x, spec.scale_shape(shape), "float32")
        zero_points = None if spec.symmetric else empty(x, spec.scale_shape(shape), "int8")
    quantized = QTensor(data, scales, zero_points, spec)
    rows = as_rows(x)
    if strides_of(rows)[1] != 1:
        rows = rows.contiguous() if hasattr(rows, "contiguous") else rows.copy()
    shared = spec.granularity == "tensor"
    if shared and not given:
        launch_range(rows, quantized, num_warps)
    if all(shape) or (spec.granularity == "row" and not given and all(shape[:-1])):
        launch(rows, quantized, given or shared, num_warps)
    return quantized


def dequantize(
    quantized: QTensor, dtype: str = "float32", out: Any = None, *, num_warps: int = 4
) -> Any:
    """The numbers that the codes stand for, as float32, float16 or bfloat16.

    ``out``: a contiguous array of the shape of the data, whose type then counts.
    """
    require(dtype in DTYPES, f"dtype is {dtype}; use one of {', '.join(DTYPES)}")
    shape = shape_of(quantized.data)
    out = result(out, quantized.data, shape, dtype)
    require_dtype(out, DTYPES, "out")
    if all(shape):
        launch_back(quantized, out, num_warps)
    return out


def _check_given(spec: QuantSpec, shape: tuple[int, ...], scales: Any, zeros: Any) -> None:
    wanted = spec.scale_shape(shape)
    require(
        (zeros is not None) == (scales is not None and not spec.symmetric),
        "zero_points go with scales of an asymmetric spec, and only with them",
    )
    for array, dtype, what in ((scales, "float32", "scales"), (zeros, "int8", "zero_points")):
        if array is not None:
            require_dtype(array, (dtype,), what)
            require(
                shape_of(array) == wanted,
                f"{what} has the shape {shape_of(array)}; this spec needs {wanted}",
            )


def launch(rows: Any, q: QTensor, given: bool, num_warps: int) -> Any:
    """Launches the quantization of contiguous rows; gives the compiled kernel."""
    n_rows, n_cols = shape_of(rows)
    spec = q.spec
    shared = spec.granularity == "tensor"
    # With one scale for all, groups are only pieces of work.
    group_size = max(min(_ELEMENTS, n_cols) if shared else spec.group_length(n_cols), 1)
    groups_per_row = max(cosmati.cdiv(n_cols, group_size), 1)
    block = min(max(next_power_of_2(group_size), 16), _ELEMENTS)
    n_groups = n_rows * groups_per_row
    groups = max(min(_ELEMENTS // 2 // block, next_power_of_2(n_groups)), 1)
    return quantize_kernel[(cosmati.cdiv(n_groups, groups),)](
        rows, q.data, q.scales, q.zero_points, n_groups, groups_per_row, group_size, n_cols,
        strides_of(rows)[0], FORMAT=spec.format, LARGEST=FP8_MAX.get(spec.format, 127.0),
        SYMMETRIC=spec.symmetric, SATURATE=spec.overflow == "saturate", GIVEN=given, SHARED=shared,
        ONE_BLOCK=group_size <= block, GROUPS=groups, BLOCK=block, num_warps=num_warps,
    )  # fmt: skip


def launch_range(rows: Any, q: QTensor, num_warps: int) -> Any:
    """Launches the choice of one scale for all rows; gives the second compiled kernel."""
    n_rows, n_cols = shape_of(rows)
    programs = max(min(_PARTIALS, n_rows), 1)
    lo, hi = (empty(rows, (programs,), "float32") for _ in range(2))
    block = min(max(next_power_of_2(n_cols), 16), _ELEMENTS)
    range_kernel[(programs,)](
        rows, lo, hi, n_rows, n_cols, strides_of(rows)[0], BLOCK=block, num_warps=num_warps
    )
    return scale_kernel[(1,)](
        lo, hi, q.scales, q.zero_points, programs,
        LARGEST=FP8_MAX.get(q.spec.format, 127.0), SYMMETRIC=q.spec.symmetric,
        BLOCK=max(next_power_of_2(programs), 16), num_warps=1,
    )  # fmt: skip


def launch_back(q: QTensor, out: Any, num_warps: int) -> Any:
    """Launches the dequantization; gives the compiled kernel."""
    shape = shape_of(q.data)
    n = 1
    for extent in shape:
        n *= extent
    group_size = q.spec.group_length(shape[-1])
    block = 1024
    return dequantize_kernel[(cosmati.cdiv(n, block),)](
        q.data, q.scales, q.zero_points, out, n, shape[-1],
        cosmati.cdiv(shape[-1], group_size), group_size,
        FORMAT=q.spec.format, SHARED=q.spec.granularity == "tensor", BLOCK=block,
        num_warps=num_warps,
    )  # fmt: skip
