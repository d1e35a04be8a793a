"""Mutants that nothing can catch because they compute the same, with the proof.

Keys: kernel, what was done to the instruction, the kernel's line.
"""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("scale_kernel", "unmask st.global.b32", "tl.store(scale_ptr, scale)"): (
        "The mask lets one thread of the program store a scalar. Without it all threads store it: "
        "the same value, since the reduction behind it gave every thread the same, to one place."
    ),
    (
        "quantize_kernel",
        "unmask ld.global.b32",
        "scale = tl.load(scale_ptr + index, mask=valid, other=1.0)",
    ): (
        "Only the text with SHARED: index is 0 for all lanes, so the load reads the one scale "
        "there is, which exists; lanes outside of `valid` store nothing."
    ),
    (
        "dequantize_kernel",
        "unmask ld.global.b32",
        "scale = tl.load(scale_ptr + group, mask=mask, other=1.0)",
    ): (
        "Only the text with one scale for all: group is 0 for all lanes, so the load reads the one "
        "scale there is, which exists; lanes outside of `mask` store nothing."
    ),
    (
        "attention_kernel",
        "delete bar.sync",
        "scores = tl.dot(q, k, input_precision=PRECISION)",
    ): (
        "Only the barrier in front of the second loop's copy of the queries into shared memory. If "
        "the first loop ran, two barriers stand between its last read of that buffer and the copy. "
        "If it did not, the buffer holds the first loop's copy: the same bytes, stored by the same "
        "threads to the same places. Every read of the buffer comes behind another barrier."
    ),
}
