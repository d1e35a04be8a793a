"""A kernel function with the types of its arguments, ready to be compiled."""

from __future__ import annotations

import hashlib
from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.dtypes import parse_type, signature_text
from cosmati.runtime.target import AttrsDescriptor, Language


class ASTSource:
    """A kernel function for arguments of certain types.

    Parameters
    ----------
    fn : JITFunction
    signature : dict
        Name of each parameter -> its type: ``"*fp32"``, ``"i32"``, ``"constexpr"``; a tuple of
        types for a tuple. Parameters that ``constexprs`` names may be left out.
    constexprs : dict, optional
        Values that are compiled in, by name, number or path: ``{"BLOCK": 64}``, ``{(2,): 64}``,
        ``{(1, 0): 64}`` for the first item of a tuple.
    attrs : dict, optional
        What is known of arguments, by path: ``{(0,): [["tt.divisibility", 16]]}``.

    Raises
    ------
    TypeError, ValueError
        Names that are no parameters, parameters without a type or value, types that are none.

    Examples
    --------
    >>> source = ASTSource(kernel, {"x": "*fp32", "n": "i32"}, {"BLOCK": 64},
    ...                    {(0,): [["tt.divisibility", 16]]})  # doctest: +SKIP
    >>> cosmati.compile(source, target=GPUTarget("cuda", 90, 32)).asm["ptx"]  # doctest: +SKIP
    """

    language = Language.TRITON
    ext = "ttir"

    def __init__(
        self,
        fn: Any,
        signature: dict[str, Any],
        constexprs: dict[Any, Any] | None = None,
        attrs: Any = None,
    ) -> None:
        if not getattr(fn, "__cosmati_jit__", False):
            raise TypeError(f"ASTSource takes a function decorated by cosmati.jit, not {fn!r}")
        self.fn = fn
        self.name: str = fn.__name__
        for key in signature:
            if not isinstance(key, str):
                raise TypeError(f"Signature keys must be string, and {key!r} is none")
            self._known(key, "the signature")
        self.signature = dict(signature)
        self.constants: dict[tuple[int, ...], Any] = {}
        for key, value in (constexprs or {}).items():
            self.constants[self._path(key)] = value
        if isinstance(attrs, AttrsDescriptor):
            for number in attrs.equal_to_1:
                self.constants.setdefault((number,), 1)
            attrs = attrs.to_attrs()
        self.attrs: dict[tuple[int, ...], Any] = {
            self._path(key): value for key, value in (attrs or {}).items()
        }

    def _known(self, name: str, what: str) -> None:
        if name not in self.fn.arg_names:
            raise ValueError(
                f"{what} names {name!r}, which is no parameter of {self.name}; it has "
                f"{', '.join(self.fn.arg_names)}"
            )

    def _path(self, key: Any) -> tuple[int, ...]:
        if isinstance(key, str):
            self._known(key, "constexprs")
            return (self.fn.arg_names.index(key),)
        path = (key,) if isinstance(key, int) else tuple(key)
        if not path or not 0 <= path[0] < len(self.fn.arg_names):
            raise ValueError(
                f"{key!r} is no parameter of {self.name}, which has {len(self.fn.arg_names)}"
            )
        return path

    def hash(self) -> str:
        """Equal for equal sources, in every process."""
        from cosmati.frontend.closure import stable_text

        constants = [f"{k}={stable_text(v)}" for k, v in sorted(self.constants.items())]
        text = f"{self.fn.cache_key}-{sorted(self.attrs.items())}-{self.signature}-{constants}"
        return hashlib.sha256(text.encode()).hexdigest()

    def parse_options(self) -> dict[str, Any]:
        return {}

    def variant(self, options: dict[str, Any], target: str) -> Any:
        """The same as a runtime.compile.Variant."""
        from cosmati.runtime.compile import Variant

        found = [
            self._argument((i,), name, self.signature.get(name, "constexpr"))
            for i, name in enumerate(self.fn.arg_names)
        ]
        values, texts, bits = zip(*found, strict=True) if found else ((), (), ())
        return Variant(self.fn, values, texts, bits, options, target)

    def _argument(self, path: tuple[int, ...], name: str, text: Any) -> tuple[Any, Any, Any]:
        """(value, type text, bits) of a parameter, or of an item of a tuple."""
        if isinstance(text, (tuple, list)):
            items = [self._argument((*path, i), f"{name}[{i}]", item)
                     for i, item in enumerate(text)]  # fmt: skip
            values, texts, bits = zip(*items, strict=True) if items else ((), (), ())
            return values, texts, bits
        if path in self.constants:
            value = unwrap(self.constants[path])
            return value, None, 4 if value is None else 0
        text = str(text)
        if text == "constexpr":
            declared = self.fn.params[path[0]]
            if len(path) == 1 and declared.has_default:
                return declared.default, None, 0
            raise ValueError(
                f"`{name}` of {self.name} is compiled in, but constexprs has no value for it"
            )
        try:
            if text.startswith("tensordesc"):
                from cosmati.tools.tensor_descriptor import described_argument

                return described_argument(text)
            text = signature_text(parse_type(text))
        except ValueError as error:
            raise ValueError(f"the type of `{name}` of {self.name}: {error}") from None
        known = dict(self.attrs.get(path, ()))
        return None, text, 1 if known.get("tt.divisibility", 1) % 16 == 0 else 0
