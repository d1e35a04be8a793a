"""A kernel of 300 lines and 40 parameters, for the time that the front end takes.

Eight tensors are normalised, updated and reduced alike: pointers with strides, masks, branches on
constants and on values, loops, reductions and calls, as in fused optimisers.
"""

import cosmati
import cosmati.language as tl


@cosmati.jit
def ema(old, new, beta):
    return old * beta + new * (1 - beta)


@cosmati.jit
def clipped(x, limit):
    return tl.minimum(tl.maximum(x, -limit), limit)


@cosmati.jit
def long_kernel(
    x0,
    m0,
    stride0,
    x1,
    m1,
    stride1,
    x2,
    m2,
    stride2,
    x3,
    m3,
    stride3,
    x4,
    m4,
    stride4,
    x5,
    m5,
    stride5,
    x6,
    m6,
    stride6,
    x7,
    m7,
    stride7,
    out,
    norms,
    rows,
    columns,
    lr,
    beta1,
    beta2,
    eps,
    limit,
    step,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    HAS_CLIP: tl.constexpr,
    HAS_DECAY: tl.constexpr,
    ITERATIONS: tl.constexpr,
    MODE: tl.constexpr,
):
    pid_m = tl.program_id(0)
    pid_n = tl.program_id(1)
    rows_of = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    cols_of = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    mask = (rows_of[:, None] < rows) & (cols_of[None, :] < columns)
    total = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    largest = tl.zeros((BLOCK_M,), dtype=tl.float32)
    # Tensor 0.
    at0 = rows_of[:, None] * stride0 + cols_of[None, :]
    value0 = tl.load(x0 + at0, mask=mask, other=0.0).to(tl.float32)
    moment0 = tl.load(m0 + at0, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value0 = clipped(value0, limit)
    mean0 = tl.sum(value0, axis=1) / columns
    centered0 = tl.where(mask, value0 - mean0[:, None], 0.0)
    variance0 = tl.sum(centered0 * centered0, axis=1) / columns
    scale0 = 1 / tl.sqrt(variance0 + eps)
    normal0 = centered0 * scale0[:, None]
    moment0 = ema(moment0, normal0, beta1)
    if step > 0:
        moment0 = moment0 * beta2
        bias0 = step * 0.5
    else:
        bias0 = 1.0
    for i in range(ITERATIONS):
        moment0 += normal0 * (i + 1)
        if HAS_DECAY and i > 2:
            moment0 = moment0 - lr * value0
    if MODE == "sum":
        total += moment0 * bias0
    else:
        total = tl.maximum(total, moment0)
    largest = tl.maximum(largest, tl.max(tl.abs(moment0), axis=1))
    spread0 = tl.sqrt(tl.sum(moment0 * moment0, axis=1) + eps)
    inverse0 = tl.where(spread0 > 1.0, 1.0 / spread0, 1.0)
    moment0 *= inverse0[:, None]
    largest = tl.where(spread0 > largest, spread0, largest)
    tl.store(m0 + at0, moment0, mask=mask)
    # Tensor 1.
    at1 = rows_of[:, None] * stride1 + cols_of[None, :]
    value1 = tl.load(x1 + at1, mask=mask, other=0.0).to(tl.float32)
    moment1 = tl.load(m1 + at1, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value1 = clipped(value1, limit)
    mean1 = tl.sum(value1, axis=1) / columns
    centered1 = tl.where(mask, value1 - mean1[:, None], 0.0)
    variance1 = tl.sum(centered1 * centered1, axis=1) / columns
    scale1 = 1 / tl.sqrt(variance1 + eps)
    normal1 = centered1 * scale1[:, None]
    moment1 = ema(moment1, normal1, beta1)
    if step > 1:
        moment1 = moment1 * beta2
        bias1 = step * 0.5
    else:
        bias1 = 1.0
    for i in range(ITERATIONS):
        moment1 += normal1 * (i + 1)
        if HAS_DECAY and i > 2:
            moment1 = moment1 - lr * value1
    if MODE == "sum":
        total += moment1 * bias1
    else:
        total = tl.maximum(total, moment1)
    largest = tl.maximum(largest, tl.max(tl.abs(moment1), axis=1))
    spread1 = tl.sqrt(tl.sum(moment1 * moment1, axis=1) + eps)
    inverse1 = tl.where(spread1 > 1.0, 1.0 / spread1, 1.0)
    moment1 *= inverse1[:, None]
    largest = tl.where(spread1 > largest, spread1, largest)
    tl.store(m1 + at1, moment1, mask=mask)
    # Tensor 2.
    at2 = rows_of[:, None] * stride2 + cols_of[None, :]
    value2 = tl.load(x2 + at2, mask=mask, other=0.0).to(tl.float32)
    moment2 = tl.load(m2 + at2, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value2 = clipped(value2, limit)
    mean2 = tl.sum(value2, axis=1) / columns
    centered2 = tl.where(mask, value2 - mean2[:, None], 0.0)
    variance2 = tl.sum(centered2 * centered2, axis=1) / columns
    scale2 = 1 / tl.sqrt(variance2 + eps)
    normal2 = centered2 * scale2[:, None]
    moment2 = ema(moment2, normal2, beta1)
    if step > 2:
        moment2 = moment2 * beta2
        bias2 = step * 0.5
    else:
        bias2 = 1.0
    for i in range(ITERATIONS):
        moment2 += normal2 * (i + 1)
        if HAS_DECAY and i > 2:
            moment2 = moment2 - lr * value2
    if MODE == "sum":
        total += moment2 * bias2
    else:
        total = tl.maximum(total, moment2)
    largest = tl.maximum(largest, tl.max(tl.abs(moment2), axis=1))
    spread2 = tl.sqrt(tl.sum(moment2 * moment2, axis=1) + eps)
    inverse2 = tl.where(spread2 > 1.0, 1.0 / spread2, 1.0)
    moment2 *= inverse2[:, None]
    largest = tl.where(spread2 > largest, spread2, largest)
    tl.store(m2 + at2, moment2, mask=mask)
    # Tensor 3.
    at3 = rows_of[:, None] * stride3 + cols_of[None, :]
    value3 = tl.load(x3 + at3, mask=mask, other=0.0).to(tl.float32)
    moment3 = tl.load(m3 + at3, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value3 = clipped(value3, limit)
    mean3 = tl.sum(value3, axis=1) / columns
    centered3 = tl.where(mask, value3 - mean3[:, None], 0.0)
    variance3 = tl.sum(centered3 * centered3, axis=1) / columns
    scale3 = 1 / tl.sqrt(variance3 + eps)
    normal3 = centered3 * scale3[:, None]
    moment3 = ema(moment3, normal3, beta1)
    if step > 3:
        moment3 = moment3 * beta2
        bias3 = step * 0.5
    else:
        bias3 = 1.0
    for i in range(ITERATIONS):
        moment3 += normal3 * (i + 1)
        if HAS_DECAY and i > 2:
            moment3 = moment3 - lr * value3
    if MODE == "sum":
        total += moment3 * bias3
    else:
        total = tl.maximum(total, moment3)
    largest = tl.maximum(largest, tl.max(tl.abs(moment3), axis=1))
    spread3 = tl.sqrt(tl.sum(moment3 * moment3, axis=1) + eps)
    inverse3 = tl.where(spread3 > 1.0, 1.0 / spread3, 1.0)
    moment3 *= inverse3[:, None]
    largest = tl.where(spread3 > largest, spread3, largest)
    tl.store(m3 + at3, moment3, mask=mask)
    # Tensor 4.
    at4 = rows_of[:, None] * stride4 + cols_of[None, :]
    value4 = tl.load(x4 + at4, mask=mask, other=0.0).to(tl.float32)
    moment4 = tl.load(m4 + at4, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value4 = clipped(value4, limit)
    mean4 = tl.sum(value4, axis=1) / columns
    centered4 = tl.where(mask, value4 - mean4[:, None], 0.0)
    variance4 = tl.sum(centered4 * centered4, axis=1) / columns
    scale4 = 1 / tl.sqrt(variance4 + eps)
    normal4 = centered4 * scale4[:, None]
    moment4 = ema(moment4, normal4, beta1)
    if step > 4:
        moment4 = moment4 * beta2
        bias4 = step * 0.5
    else:
        bias4 = 1.0
    for i in range(ITERATIONS):
        moment4 += normal4 * (i + 1)
        if HAS_DECAY and i > 2:
            moment4 = moment4 - lr * value4
    if MODE == "sum":
        total += moment4 * bias4
    else:
        total = tl.maximum(total, moment4)
    largest = tl.maximum(largest, tl.max(tl.abs(moment4), axis=1))
    spread4 = tl.sqrt(tl.sum(moment4 * moment4, axis=1) + eps)
    inverse4 = tl.where(spread4 > 1.0, 1.0 / spread4, 1.0)
    moment4 *= inverse4[:, None]
    largest = tl.where(spread4 > largest, spread4, largest)
    tl.store(m4 + at4, moment4, mask=mask)
    # Tensor 5.
    at5 = rows_of[:, None] * stride5 + cols_of[None, :]
    value5 = tl.load(x5 + at5, mask=mask, other=0.0).to(tl.float32)
    moment5 = tl.load(m5 + at5, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value5 = clipped(value5, limit)
    mean5 = tl.sum(value5, axis=1) / columns
    centered5 = tl.where(mask, value5 - mean5[:, None], 0.0)
    variance5 = tl.sum(centered5 * centered5, axis=1) / columns
    scale5 = 1 / tl.sqrt(variance5 + eps)
    normal5 = centered5 * scale5[:, None]
    moment5 = ema(moment5, normal5, beta1)
    if step > 5:
        moment5 = moment5 * beta2
        bias5 = step * 0.5
    else:
        bias5 = 1.0
    for i in range(ITERATIONS):
        moment5 += normal5 * (i + 1)
        if HAS_DECAY and i > 2:
            moment5 = moment5 - lr * value5
    if MODE == "sum":
        total += moment5 * bias5
    else:
        total = tl.maximum(total, moment5)
    largest = tl.maximum(largest, tl.max(tl.abs(moment5), axis=1))
    spread5 = tl.sqrt(tl.sum(moment5 * moment5, axis=1) + eps)
    inverse5 = tl.where(spread5 > 1.0, 1.0 / spread5, 1.0)
    moment5 *= inverse5[:, None]
    largest = tl.where(spread5 > largest, spread5, largest)
    tl.store(m5 + at5, moment5, mask=mask)
    # Tensor 6.
    at6 = rows_of[:, None] * stride6 + cols_of[None, :]
    value6 = tl.load(x6 + at6, mask=mask, other=0.0).to(tl.float32)
    moment6 = tl.load(m6 + at6, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value6 = clipped(value6, limit)
    mean6 = tl.sum(value6, axis=1) / columns
    centered6 = tl.where(mask, value6 - mean6[:, None], 0.0)
    variance6 = tl.sum(centered6 * centered6, axis=1) / columns
    scale6 = 1 / tl.sqrt(variance6 + eps)
    normal6 = centered6 * scale6[:, None]
    moment6 = ema(moment6, normal6, beta1)
    if step > 6:
        moment6 = moment6 * beta2
        bias6 = step * 0.5
    else:
        bias6 = 1.0
    for i in range(ITERATIONS):
        moment6 += normal6 * (i + 1)
        if HAS_DECAY and i > 2:
            moment6 = moment6 - lr * value6
    if MODE == "sum":
        total += moment6 * bias6
    else:
        total = tl.maximum(total, moment6)
    largest = tl.maximum(largest, tl.max(tl.abs(moment6), axis=1))
    spread6 = tl.sqrt(tl.sum(moment6 * moment6, axis=1) + eps)
    inverse6 = tl.where(spread6 > 1.0, 1.0 / spread6, 1.0)
    moment6 *= inverse6[:, None]
    largest = tl.where(spread6 > largest, spread6, largest)
    tl.store(m6 + at6, moment6, mask=mask)
    # Tensor 7.
    at7 = rows_of[:, None] * stride7 + cols_of[None, :]
    value7 = tl.load(x7 + at7, mask=mask, other=0.0).to(tl.float32)
    moment7 = tl.load(m7 + at7, mask=mask, other=0.0).to(tl.float32)
    if HAS_CLIP:
        value7 = clipped(value7, limit)
    mean7 = tl.sum(value7, axis=1) / columns
    centered7 = tl.where(mask, value7 - mean7[:, None], 0.0)
    variance7 = tl.sum(centered7 * centered7, axis=1) / columns
    scale7 = 1 / tl.sqrt(variance7 + eps)
    normal7 = centered7 * scale7[:, None]
    moment7 = ema(moment7, normal7, beta1)
    if step > 7:
        moment7 = moment7 * beta2
        bias7 = step * 0.5
    else:
        bias7 = 1.0
    for i in range(ITERATIONS):
        moment7 += normal7 * (i + 1)
        if HAS_DECAY and i > 2:
            moment7 = moment7 - lr * value7
    if MODE == "sum":
        total += moment7 * bias7
    else:
        total = tl.maximum(total, moment7)
    largest = tl.maximum(largest, tl.max(tl.abs(moment7), axis=1))
    spread7 = tl.sqrt(tl.sum(moment7 * moment7, axis=1) + eps)
    inverse7 = tl.where(spread7 > 1.0, 1.0 / spread7, 1.0)
    moment7 *= inverse7[:, None]
    largest = tl.where(spread7 > largest, spread7, largest)
    tl.store(m7 + at7, moment7, mask=mask)
    rate = lr / (1 - beta1)
    result = total * rate
    tl.store(out + rows_of[:, None] * columns + cols_of[None, :], result, mask=mask)
    tl.store(norms + rows_of, largest, mask=rows_of < rows)
