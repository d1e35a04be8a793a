"""Blocks of the kernels that bench.gpu compares; Triton gets the same. Needs no torch."""

from __future__ import annotations

# Operands of 8 bits have twice the K in the same bytes; those of 32 bits half.
_LARGE = {
    "float16": (128, 256, 64, 8, 3), "bfloat16": (128, 256, 64, 8, 3), "tf32": (128, 128, 32, 8, 3),
    "int8": (128, 128, 64, 8, 4), "float8_e4m3fn": (128, 128, 64, 8, 4),
    "weights": (128, 128, 64, 8, 3),
}  # fmt: skip
_SMALL = {
    "float16": (128, 128, 32, 4, 4), "bfloat16": (128, 128, 32, 4, 4), "tf32": (64, 64, 32, 4, 3),
    "int8": (64, 64, 64, 4, 4), "float8_e4m3fn": (64, 64, 64, 4, 4), "weights": (64, 64, 64, 4, 4),
}  # fmt: skip
_NAMES = ("block_m", "block_n", "block_k", "num_warps", "num_stages")
_FEWEST_BLOCKS = 96  # of large ones, below which more and smaller ones fill a GPU better


def gemm_blocks(kind: str, m: int, n: int) -> dict[str, int]:
    """Options of GemmConfig for an M x N result of operands of a kind."""
    block_m, block_n = _LARGE[kind][:2]
    is_large = -(-m // block_m) * -(-n // block_n) >= _FEWEST_BLOCKS
    return dict(zip(_NAMES, (_LARGE if is_large else _SMALL)[kind], strict=True))


def attention_blocks(head_dim: int) -> dict[str, int]:
    """Options of AttentionConfig."""
    return {"block_m": 128, "block_n": 64, "num_warps": 4 if head_dim <= 64 else 8,
            "num_stages": 3 if head_dim <= 64 else 2}  # fmt: skip
