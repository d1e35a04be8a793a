"""SageAttention 1: attention on int8 queries and keys, against torch in float32.

Lengths are multiples of 128: its kernels count masked keys of a last block, and read scales behind
the last one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import Cases, compare
from sageattention import sageattn, sageattn_varlen

CASES = Cases()
DEVICE = "cuda"
BOUND = 3e-2  # of int8 scores


def qkv(*shape, kv_heads=None):
    q, k, v = (torch.randn(*shape, device=DEVICE, dtype=torch.float16) for _ in range(3))
    return (q, k, v) if kv_heads is None else (q, k[:, :kv_heads], v[:, :kv_heads])


def reference(q, k, v, causal):
    groups = q.shape[1] // k.shape[1]
    k, v = (x.float().repeat_interleave(groups, 1) for x in (k, v))
    return F.scaled_dot_product_attention(q.float(), k, v, is_causal=causal)


def _attention(dim, causal):
    q, k, v = qkv(1, 2, 256, dim)
    want = reference(q, k, v, causal)
    yield compare("HND", sageattn(q, k.clone(), v, is_causal=causal), want, BOUND)
    swapped = [x.transpose(1, 2).contiguous() for x in (q, k, v)]
    got = sageattn(*swapped, tensor_layout="NHD", is_causal=causal).transpose(1, 2)
    yield compare("NHD", got, want, BOUND)


for _dim in (64, 96, 128):
    for _causal in (False, True):
        CASES[f"attention_{_dim}{'_causal' if _causal else ''}"] = lambda d=_dim, c=_causal: (
            _attention(d, c)
        )


@CASES.add()
def attention_with_shared_heads():
    q, k, v = qkv(1, 4, 256, 64, kv_heads=2)
    k, v = k.contiguous(), v.contiguous()
    want = reference(q, k, v, True)
    yield compare("out", sageattn(q, k.clone(), v, is_causal=True), want, BOUND)


@CASES.add()
def attention_of_packed_sequences():
    bounds = torch.tensor([0, 128, 384], device=DEVICE, dtype=torch.int32)
    q, k, v = (torch.randn(384, 2, 64, device=DEVICE, dtype=torch.float16) for _ in range(3))
    for causal in (False, True):
        got = sageattn_varlen(q, k.clone(), v, bounds, bounds, 256, 256, is_causal=causal)
        for a, b in ((0, 128), (128, 384)):
            parts = [x[None, a:b].transpose(1, 2) for x in (q, k, v)]
            want = reference(*parts, causal).transpose(1, 2)[0]
            yield compare(f"{a}:{b}", got[a:b], want, BOUND)
