"""``CompiledKernel.metadata``: what is known of a compiled kernel, as a named tuple."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from cosmati.runtime.target import TRITON_VERSION, target_of

# Under these names Triton's metadata has options, too.
_TRITONS = {"enable_fp_fusion": "contract", "default_dot_input_precision": "dot_precision"}


def _value(text: str, default: str) -> Any:
    """An option's value from its text, by the type of its default."""
    if default in ("true", "false"):
        return text == "true" or text == "1"
    try:
        int(default)
        return int(text)
    except ValueError:
        return text


def metadata_of(compiled: Any) -> Any:
    """The named tuple ``KernelMetadata``, fields sorted by name."""
    from cosmati.runtime.options import known_options

    options = {
        name: _value(compiled._options.get(name, default), default)
        for name, (default, _) in known_options().items()
    }
    image = compiled.image
    facts = {
        **options,
        **{theirs: options[ours] for theirs, ours in _TRITONS.items()},
        "name": compiled.name,
        "hash": compiled.hash,
        "target": target_of(image.target),
        "arch": image.target,
        "shared": image.shared_bytes,
        "num_warps": image.num_warps,
        "num_ctas": image.num_ctas,
        "num_stages": image.num_stages,
        "maxnreg": options["maxnreg"] or None,
        "warp_size": 32,
        "backend_name": "cuda",
        "launch_cooperative_grid": False,
        # No kernel needs any of these: scratch lies in shared memory and registers.
        "tmem_size": 0,
        "global_scratch_size": 0,
        "global_scratch_align": 1,
        "profile_scratch_size": 0,
        "profile_scratch_align": 1,
        "tensordesc_meta": [],
        "triton_version": TRITON_VERSION,
    }
    names = sorted(facts)
    return namedtuple("KernelMetadata", names)(**facts)  # noqa: PYI024
