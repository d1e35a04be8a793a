"""From a call that no compiled variant fits to a compiled kernel."""

from __future__ import annotations

import functools
import logging
from typing import Any

from cosmati.errors import OutOfResources
from cosmati.frontend.closure import stable_text
from cosmati.frontend.values import is_jit_function
from cosmati.language.constexpr import unwrap
from cosmati.runtime.advice import shared_memory_advice
from cosmati.runtime.compiled import CompiledKernel
from cosmati.runtime.options import check_option, current_options, option_texts
from cosmati.runtime.parameters import (
    constants_in,
    kernel_parameter,
    passed_arguments,
    signature_text_of,
)
from cosmati.runtime.session import session

_log = logging.getLogger("cosmati.jit")

# Bits of a specialisation, as in runtime/Launch/Specialization.h.
DIVISIBLE_16, EQUALS_ONE, ABSENT = 1, 2, 4


def compile_call(
    function: Any,
    values: tuple[Any, ...],
    type_texts: tuple[str | None, ...],
    bits: tuple[int, ...],
    given: dict[str, Any],
    device: Any,
) -> CompiledKernel:
    """The variant of ``function`` for these arguments, from a cache or compiled.

    ``type_texts`` has the type of each parameter that is passed at launch, and None for those that
    are compiled in with their ``values``.
    """
    for name in given:
        check_option(name)
    chosen = {"target": device.target, **current_options(), **given}
    if function.debug is not None:
        chosen.setdefault("debug", function.debug)
    options = option_texts(chosen)
    names = function.arg_names
    _check_constants(function, values, type_texts)
    signature = [
        signature_text_of(*argument)
        for argument in zip(names, values, type_texts, bits, strict=True)
    ]
    for argument in zip(values, type_texts, strict=True):
        for value in constants_in(*argument):
            if is_jit_function(unwrap(value)):
                function._depends_on(unwrap(value))
    entry = function.entry_name(values, type_texts)
    front_key = "\n".join([function.closure.digest.hex(), entry, *signature])
    _log_reason(function, signature, options)

    def generate() -> Any:
        return _generate(function, values, type_texts, bits, options)

    try:
        outcome = session().get(front_key, options, generate)
    except OutOfResources as error:
        if error.name == "shared memory":
            error.advise = functools.partial(
                shared_memory_advice, names, values, options, error.limit,
                lambda other, chosen: session().shared_bytes(
                    _generate(function, other, type_texts, bits, chosen), chosen
                ),
            )  # fmt: skip
        raise

    def recompile() -> Any:
        return session().compile(generate(), {**options, "keep_stages": "true"})

    return CompiledKernel(function, outcome, options, recompile, given)


def _check_constants(
    function: Any, values: tuple[Any, ...], type_texts: tuple[str | None, ...]
) -> None:
    for name, value, text in zip(function.arg_names, values, type_texts, strict=True):
        for constant in constants_in(value, text):
            try:
                stable_text(constant)
            except TypeError as error:
                raise TypeError(f"argument `{name}` of {function.__name__}: {error}") from None


def _generate(
    function: Any,
    values: tuple[Any, ...],
    type_texts: tuple[str | None, ...],
    bits: tuple[int, ...],
    options: dict[str, str],
) -> Any:
    """Runs the front end; gives what the compiler takes: (module generator, parameters)."""
    from cosmati.frontend.module import ModuleGenerator

    parameters = []
    for argument in zip(function.arg_names, values, type_texts, bits, strict=True):
        parameters.append(kernel_parameter(*argument))
    warps, debug = int(options.get("num_warps", 4)), options.get("debug") == "true"
    absolute = options.get("lineinfo") == "absolute"
    generator = ModuleGenerator(options["target"], warps, debug, absolute)
    generator.kernel(function, parameters, function.entry_name(values, type_texts))
    passed = [
        leaf
        for argument in zip(function.arg_names, values, type_texts, strict=True)
        for leaf in passed_arguments(*argument)
    ]
    return generator.builder, passed


def _log_reason(function: Any, signature: list[str], options: dict[str, str]) -> None:
    """Says why a variant is needed: what differs from the variant that was made last."""
    last = function.__dict__.get("_last_variant")
    function.__dict__["_last_variant"] = (signature, options)
    if not _log.isEnabledFor(logging.INFO):
        return
    if last is None:
        _log.info("%s: first variant: %s", function.__name__, ", ".join(signature))
        return
    before, options_before = last
    changes = [f"{old} -> {new}" for old, new in zip(before, signature, strict=True) if old != new]
    changes += [
        f"{name}: {options_before.get(name)} -> {value}"
        for name, value in options.items()
        if options_before.get(name) != value
    ]
    _log.info("%s: new variant: %s", function.__name__, "; ".join(changes) or "globals changed")
