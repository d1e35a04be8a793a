"""Launching a compiled kernel by itself, with exactly the parameters that its image declares."""

from __future__ import annotations

import inspect
from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.runtime.parameters import DIVISIBLE_16


def launch(compiled: Any, grid: Any, args: tuple[Any, ...], kwargs: dict[str, Any],
           stream: int | None) -> None:  # fmt: skip
    """``compiled[grid](*args, stream=stream, **kwargs)``, with the hooks of launches."""
    from cosmati.runtime.hooks import observed

    names = _names(compiled)
    arguments = {**dict(zip(names, args, strict=False)), **kwargs}
    extents = _extents(grid, arguments)
    observed(
        compiled, extents, stream or 0, arguments,
        lambda: launch_unobserved(compiled, extents, args, kwargs, stream),
    )  # fmt: skip


def launch_unobserved(compiled: Any, grid: tuple[int, int, int], args: tuple[Any, ...],
                      kwargs: dict[str, Any], stream: int | None) -> None:  # fmt: skip
    passed = _passed(compiled, args, kwargs)
    device = _device_of(passed)
    if stream is None:
        from cosmati.runtime.driver import driver

        stream = driver.default.get_current_stream(device.ordinal) if not device.on_host else 0
    compiled._load(device).launch(grid, tuple(passed), stream)


def _names(compiled: Any) -> list[str]:
    if compiled._variant is not None:
        return list(compiled.fn.arg_names)
    return [name for name, _ in compiled.image.params]


def _extents(grid: Any, arguments: dict[str, Any]) -> tuple[int, int, int]:
    if callable(grid):
        grid = grid(arguments)
    sizes = [grid] if isinstance(grid, int) else list(grid)
    if not 1 <= len(sizes) <= 3:
        raise ValueError(f"the grid has {len(sizes)} dimensions; it must have 1, 2 or 3")
    return tuple(int(size) for size in (*sizes, 1, 1)[:3])  # type: ignore[return-value]


def _device_of(values: list[Any]) -> Any:
    """The GPU that an argument is on, else the device that launches use."""
    from cosmati.runtime.device import cuda_device, get_device

    for value in values:
        if hasattr(value, "data_ptr") and getattr(value, "is_cuda", False):
            ordinal = int(value.get_device())
            current = get_device()
            return current if current.kind != "cuda" or current.ordinal == ordinal else (
                cuda_device(ordinal)
            )  # fmt: skip
    return get_device()


def _passed(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The values of the image's parameters, in order."""
    variant = compiled._variant
    if variant is None:
        names = _names(compiled)
        bound = inspect.Signature(
            [inspect.Parameter(_identifier(n), inspect.Parameter.POSITIONAL_OR_KEYWORD)
             for n in names]
        ).bind(*args, **kwargs)  # fmt: skip
        return list(bound.arguments.values())
    parameters = variant.arguments()
    runtime = [item for item in parameters if item[2] is not None]
    if not kwargs and len(args) == len(runtime) < len(parameters):
        values = iter(args)
        given = {name: next(values) for name, _, _, _ in runtime}
    else:
        given = _bind(compiled, args, kwargs)
    result: list[Any] = []
    for name, value, text, bits in parameters:
        if name not in given:
            if text is not None:
                raise TypeError(f"{compiled.name}() missing a required argument: {name!r}")
            continue
        _collect(compiled, name, given[name], value, text, bits, result)
    return result


def _identifier(name: str) -> str:
    return name if name.isidentifier() else "_" + "".join(c if c.isalnum() else "_" for c in name)


def _bind(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    try:
        bound = compiled.fn.signature.bind_partial(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{compiled.name}(): {error}") from None
    given = dict(bound.arguments)
    for parameter in compiled.fn.params:
        # What is compiled in is what it was compiled with, whatever the default.
        text = compiled._variant.type_texts[parameter.index]
        if text is not None and parameter.has_default:
            given.setdefault(parameter.name, parameter.default)
    return given


def _collect(compiled: Any, name: str, given: Any, value: Any, text: Any, bits: Any,
             result: list[Any]) -> None:  # fmt: skip
    given = unwrap(given)
    if isinstance(text, tuple):
        if not isinstance(given, tuple) or len(given) != len(text):
            raise TypeError(f"argument `{name}` of {compiled.name} is a tuple of {len(text)}")
        for i, item in enumerate(zip(given, value, text, bits, strict=True)):
            _collect(compiled, f"{name}.{i}", *item, result)
    elif text is None:
        value = unwrap(value)
        same = given is value or (type(given) is type(value) and bool(given == value))
        if not same:
            raise ValueError(
                f"argument `{name}`: these arguments need another variant of {compiled.name}: it "
                f"was compiled for {value!r}, not {given!r}"
            )
    else:
        if bits & DIVISIBLE_16:
            _check_divisible(compiled, name, given)
        result.append(given)


def _check_divisible(compiled: Any, name: str, given: Any) -> None:
    number = given
    if not isinstance(given, int):
        from cosmati.runtime.arrays import describe

        try:
            number = describe(given)[0]
        except (TypeError, ValueError):  # the launch itself says what is wrong
            return
    if number % 16:
        shown = given if isinstance(given, int) else f"at address {number:#x}"
        raise ValueError(
            f"argument `{name}`: these arguments need another variant of {compiled.name}: it was "
            f"compiled for a multiple of 16, and this is {shown}"
        )
