"""Variants described as JSON: what compile hooks are told, and what ``kernel.preload`` takes."""

from __future__ import annotations

import importlib
import json
from typing import Any

from cosmati.frontend.values import is_jit_function
from cosmati.language.constexpr import unwrap
from cosmati.language.dtypes import dtype, parse_type

_DIVISIBLE = [["tt.divisibility", 16]]


def full_name(function: Any) -> str:
    return f"{function.fn.__module__}.{function.fn.__qualname__}"


def specialization_data(variant: Any) -> str:
    """A variant as JSON; see preload()."""
    from cosmati.runtime.target import target_of

    signature, constants, attributes = describe_paths(variant)
    target = target_of(variant.target)
    return json.dumps({
        "name": full_name(variant.function),
        "signature": signature,
        "constant_keys": [list(path) for path in constants],
        "constant_vals": [_encode(value) for value in constants.values()],
        "attrs_keys": [list(path) for path in attributes],
        "attrs_vals": list(attributes.values()),
        "options": {k: v for k, v in variant.options.items() if k != "target"},
        "key": variant.front_key,
        "arch": variant.target,
        "target": {"backend": target.backend, "arch": target.arch, "warp_size": 32},
    })  # fmt: skip


def describe_paths(variant: Any) -> tuple[dict[str, Any], dict[Any, Any], dict[Any, Any]]:
    """Signature by name; constants and attributes by path: (2,), or (2, 0) in a tuple."""
    signature: dict[str, Any] = {}
    constants: dict[tuple[int, ...], Any] = {}
    attributes: dict[tuple[int, ...], Any] = {}

    def visit(path: tuple[int, ...], value: Any, text: Any, bits: Any) -> Any:
        if isinstance(text, tuple):
            items = enumerate(zip(value, text, bits, strict=True))
            return tuple(visit((*path, i), *item) for i, item in items)
        if text is None:
            constants[path] = unwrap(value)
            return "constexpr"
        if bits & 1:
            attributes[path] = _DIVISIBLE
        return text

    for i, (name, value, text, bits) in enumerate(variant.arguments()):
        signature[name] = visit((i,), value, text, bits)
    return signature, constants, attributes


def _encode(value: Any) -> Any:
    value = unwrap(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dtype):
        return {"dtype": value.name}
    if isinstance(value, tuple):
        return {"constexpr": [_encode(item) for item in value]}
    if is_jit_function(value):
        return {"jit_function": f"{value.fn.__module__}:{value.fn.__qualname__}"}
    return {"unknown": repr(value)}


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "dtype" in value:
        return parse_type(value["dtype"])
    if "constexpr" in value:
        return tuple(_decode(item) for item in value["constexpr"])
    if "jit_function" in value:
        module, _, name = value["jit_function"].partition(":")
        try:
            found: Any = importlib.import_module(module)
            for part in name.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            raise RuntimeError(
                f"Unable to resolve JITFunction {value['jit_function']} for preload: {error}"
            ) from None
        return found
    raise RuntimeError(f"a constant can't be made again from its description: {value}")


def preload(function: Any, data: str) -> Any:
    """The CompiledKernel of a variant that specialization_data() describes.

    The first launch that needs the variant takes it as it is. RuntimeError for data of another
    function or target.
    """
    from cosmati.runtime.ast_source import ASTSource
    from cosmati.runtime.compile import compile_for
    from cosmati.runtime.device import get_device

    given = json.loads(data)
    if given["name"] != full_name(function):
        raise RuntimeError(
            f"Specialization data is for {given['name']} but trying to preload for "
            f"{full_name(function)}"
        )
    device = get_device()
    if given["arch"] != device.target and "target" not in given["options"]:
        raise RuntimeError(
            f"Specialization data is for {given['arch']} but trying to preload for {device.target}"
        )
    keys = [tuple(path) for path in given["constant_keys"]]
    constants = dict(zip(keys, map(_decode, given["constant_vals"]), strict=True))
    attrs = dict(zip(map(tuple, given["attrs_keys"]), given["attrs_vals"], strict=True))
    signature = {name: _tuples(text) for name, text in given["signature"].items()}
    source = ASTSource(function, signature, constants, attrs)
    variant = source.variant(given["options"], given["arch"])
    compiled = compile_for(variant, device, is_warmup=True)
    if compiled is not None:
        function.__dict__.setdefault("_ready", {})[variant.key] = compiled
    return compiled


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def hook_arguments(variant: Any, device: Any, is_warmup: bool) -> dict[str, Any]:
    """What ``jit_cache_hook`` and ``jit_post_compile_hook`` are called with, by name."""
    from cosmati.runtime.hooks import FunctionInfo

    function = variant.function
    signature, constants, attributes = describe_paths(variant)
    warps = int(variant.options.get("num_warps", 4))
    stages = int(variant.options.get("num_stages", 3))
    fusion = variant.options.get("contract", "true") == "true"
    types = ", ".join(f"{name}: {text}" for name, text in signature.items())
    text = (
        f"{function.fn.__qualname__}[num_warps={warps}, num_ctas=1, num_stages={stages}, "
        f"enable_fp_fusion={fusion}]({types})"
    )
    key = f"{variant.front_key}\n{sorted(variant.options.items())}"
    facts = {
        "key": key,
        "signature": signature,
        "device": 0 if device.on_host else device.ordinal,
        "constants": constants,
        "num_warps": warps,
        "num_ctas": 1,
        "num_stages": stages,
        "enable_fp_fusion": fusion,
        "launch_cooperative_grid": False,
        "extern_libs": (),
        "configs": [attributes],
        "specialization_data": specialization_data(variant),
        "is_warmup": is_warmup,
    }
    info = FunctionInfo(function.fn.__module__, function.fn.__qualname__, function)
    return {
        "key": key, "repr": text, "fn": info, "compile": facts, "is_manual_warmup": is_warmup,
        "already_compiled": False,
    }  # fmt: skip
