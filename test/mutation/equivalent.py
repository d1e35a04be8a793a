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
        "k = tl.load(k_ptrs, mask=mask_k, other=0.0)",
    ): (
        "The barrier between the first loop and the second one's first copies, which go to the "
        "same bytes. Every thread has waited for its own copies, and copies to the same places in "
        "both loops; the last reads of keys and values lie before the barriers of the softmax."
    ),
    (
        "attention_kernel",
        "delete bar.sync",
        "tl.store(o_ptr + rows[:, None] * stride_on + dims[None, :] * stride_od, o, mask=mask_o)",
    ): (
        "The barrier between the second loop's copies and the result on its way to coalesced "
        "stores. That loop runs once at most (the first one does all whole blocks), so that copies "
        "beyond its end, which may still be under way in other threads, go to the slots from 1 on; "
        "the result's buffer lies within slot 0."
    ),
}
