"""Expressions."""

from __future__ import annotations

import ast
import difflib
import enum
import operator
import types
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from cosmati.errors import UnsupportedLanguageConstruct
from cosmati.frontend.closure import stored_names
from cosmati.frontend.values import (
    describe,
    flatten,
    is_callable_in_kernels,
    is_jit_function,
    is_numeric_constant,
    rebuild,
    wrap,
)
from cosmati.language.aggregates import Aggregate
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.dtypes import dtype
from cosmati.language.program import static_range
from cosmati.language.tensor import BoundMember, tensor, to_tensor
from cosmati.language.tuples import Tuple

if TYPE_CHECKING:
    from cosmati.frontend.function import FunctionGenerator as Self
else:
    Self = Any

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Pow: operator.pow, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.MatMult: operator.matmul,
}  # fmt: skip
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip

_UNARY: dict[type, tuple[str, Callable[[Any], Any]]] = {
    ast.USub: ("neg", operator.neg), ast.UAdd: ("pos", operator.pos),
    ast.Invert: ("invert", operator.invert),
}  # fmt: skip
_METHODS: dict[type, str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift",
    ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor", ast.MatMult: "matmul",
}  # fmt: skip

# Syntax that kernels can't use, with the way around it.
_REMEDIES: dict[str, str] = {
    "Break": "`break` is not supported; put the condition into a `while` loop",
    "Continue": "`continue` is not supported; put the rest of the body under an `if`",
    "Try": "`try` is not supported; a kernel raises no exceptions",
    "Raise": "`raise` is not supported; use tl.static_assert or tl.device_assert",
    "Lambda": "`lambda` is not supported; define a @cosmati.jit function at module level",
    "FunctionDef": "nested functions are not supported; define it at module level with "
    "@cosmati.jit",
    "AsyncFunctionDef": "`async` is not supported in kernels",
    "ClassDef": "classes can't be defined in kernels",
    "Dict": "dictionaries are not supported; use a tuple",
    "Set": "sets are not supported; use a tuple",
    "DictComp": "comprehensions other than a list over a tuple are not supported",
    "SetComp": "comprehensions other than a list over a tuple are not supported",
    "GeneratorExp": "generators are not supported; use a list over a tuple",
    "Yield": "`yield` is not supported in kernels",
    "YieldFrom": "`yield` is not supported in kernels",
    "Await": "`await` is not supported in kernels",
    "Delete": "`del` is not supported; a variable's life ends by itself",
    "Global": "`global` is not supported; kernels can't assign to module variables",
    "Nonlocal": "`nonlocal` is not supported; return the value instead",
    "Import": "`import` is not supported in kernels; import at module level",
    "ImportFrom": "`import` is not supported in kernels; import at module level",
    "Match": "`match` is not supported; use `if` and `elif`",
    "Starred": "`*` is supported only in calls",
}


def _is_same(left: Any, right: Any) -> bool:
    """Identity; types and numbers of equal type and value are one object."""
    if isinstance(left, (dtype, bool, int, float, str)):
        return type(left) is type(right) and bool(left == right)
    return left is right


def _is_value_class(kind: type) -> bool:
    """Named tuples and enumerations, whose members are constants."""
    return hasattr(kind, "_fields") or issubclass(kind, enum.Enum)


def similar(name: str, known: Iterable[str]) -> str:
    """The end of a message: the known name that was meant, if one is close; else empty."""
    public = [item for item in known if not item.startswith("_")]
    found = difflib.get_close_matches(name, public, n=1, cutoff=0.75)
    return f"; did you mean `{found[0]}`?" if found else ""


class Unassigned:
    """Marks a name that has no value here; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Expressions:
    """Visitors of expressions; a part of FunctionGenerator."""

    def unsupported(self: Self, node: ast.AST) -> UnsupportedLanguageConstruct:
        kind = type(node).__name__
        remedy = _REMEDIES.get(kind, "kernels can't use this syntax")
        return UnsupportedLanguageConstruct(f"unsupported AST node type: {kind}: {remedy}")

    # Names.

    def visit_Name(self: Self, node: ast.Name) -> Any:
        try:
            value = self.scope[node.id]
        except KeyError:
            return self.global_value(node.id)
        if isinstance(value, Unassigned):
            raise NameError(f"`{node.id}` {value.reason}")
        return value

    def global_value(self: Self, name: str) -> Any:
        """A name that the function takes from its module or from an enclosing function."""
        replaced = self.python_builtin(name)
        found, value = self.function.lookup(name)
        if not found:
            if replaced is not None:
                return replaced
            known = [*self.scope, *self.function.fn.__globals__]
            raise NameError(f"`{name}` is not defined{similar(name, known)}")
        allowed = (
            isinstance(value, (constexpr, types.ModuleType, dtype, Tuple))
            or is_callable_in_kernels(value)
            or any(value is item for item in (constexpr, tensor, Tuple))
            or getattr(value, "__module__", "").startswith("cosmati.language")
            or (isinstance(value, type) and _is_value_class(value))
        )
        if allowed:
            return value
        if self.function.is_constexpr_global(name):
            return wrap(value)
        if self.module.plain_globals and not callable(value):
            if name in stored_names(self.function.source.node):  # see closure: not in the key
                raise NameError(f"`{name}` is read before it is assigned")
            return wrap(value)
        if callable(value):
            raise NameError(
                f"Cannot call the Python function `{name}` in a kernel; decorate it with "
                "@cosmati.jit (code of the kernel) or @cosmati.constexpr_function (runs while "
                "the kernel is compiled)"
            )
        raise NameError(
            f"Cannot access global variable `{name}` from within @jit'ed function. Kernels can "
            "only access global variables that are instantiated as constexpr: write "
            f"`{name} = tl.constexpr(...)`, or pass it as an argument"
        )

    # Constants and sequences.

    def visit_Constant(self: Self, node: ast.Constant) -> Any:
        return constexpr(node.value)

    def visit_Tuple(self: Self, node: ast.Tuple) -> Any:
        return Tuple(self.items(node.elts))

    def visit_List(self: Self, node: ast.List) -> Any:
        return Tuple(self.items(node.elts))

    def items(self: Self, nodes: list[ast.expr]) -> list[Any]:
        """Values of the items of a tuple or a call; ``*t`` stands for those of the tuple t."""
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                starred = self.visit(node.value)
                plain = unwrap(starred)
                if not isinstance(plain, (Tuple, tuple, list)):
                    raise TypeError(f"`*` takes a tuple, not {describe(starred)}")
                values.extend(wrap(item) for item in plain)
            else:
                values.append(self.visit(node))
        return values

    def visit_ListComp(self: Self, node: ast.ListComp) -> Any:
        if len(node.generators) != 1 or node.generators[0].ifs:
            raise UnsupportedLanguageConstruct(
                "only one `for`, without `if`, is supported in a list comprehension"
            )
        generator = node.generators[0]
        items = unwrap(self.visit(generator.iter))
        if isinstance(items, static_range):
            items = [constexpr(i) for i in range(items.start, items.end, items.step)]
        if not isinstance(items, (Tuple, tuple, list)):
            raise TypeError(
                "only tuple comprehensions are supported: a list comprehension runs over a tuple "
                f"or tl.static_range, not over {describe(items)}"
            )
        saved = dict(self.scope)
        results = []
        for item in items:
            self.assign(generator.target, wrap(item))
            results.append(self.visit(node.elt))
        self.scope = saved
        return Tuple(results)

    def visit_JoinedStr(self: Self, node: ast.JoinedStr) -> Any:
        return constexpr("".join(str(unwrap(self.visit(part))) for part in node.values))

    def visit_FormattedValue(self: Self, node: ast.FormattedValue) -> Any:
        value = self.visit(node.value)
        if isinstance(value, tensor):
            raise TypeError(
                "f-strings take constexpr values only; print runtime values with tl.device_print"
            )
        plain = unwrap(value)
        conversions: dict[int, Callable[[Any], str]] = {97: ascii, 114: repr, 115: str}
        if node.conversion in conversions:
            plain = conversions[node.conversion](plain)
        spec = "" if node.format_spec is None else unwrap(self.visit(node.format_spec))
        return constexpr(format(plain, spec))

    def visit_NamedExpr(self: Self, node: ast.NamedExpr) -> Any:
        self.assign(node.target, self.runtime(self.visit(node.value)))
        return self.scope[node.target.id]

    # Operators.

    def visit_BinOp(self: Self, node: ast.BinOp) -> Any:
        left, right = self.visit(node.left), self.visit(node.right)
        self.locate(node)
        return self.binary(node.op, left, right)

    def binary(self: Self, op: ast.operator, left: Any, right: Any) -> Any:
        own = self._operator_method(_METHODS[type(op)], left, right)
        if own is not None:
            return own
        return wrap(_BINARY[type(op)](left, right))

    def _operator_method(self: Self, name: str, left: Any, right: Any) -> Any:
        """What an aggregate's own operator gives; None where neither side has one."""
        if isinstance(left, Aggregate) and hasattr(left, f"__{name}__"):
            return self.call(self._method(left, f"__{name}__"), [right], {})
        if isinstance(right, Aggregate) and hasattr(right, f"__r{name}__"):
            return self.call(self._method(right, f"__r{name}__"), [left], {})
        return None

    def visit_UnaryOp(self: Self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        self.locate(node)
        if isinstance(node.op, ast.Not):
            if isinstance(value, tensor):
                return value.__not__()
            return constexpr(not unwrap(value))
        if isinstance(value, Aggregate):
            return self.call(self._method(value, f"__{_UNARY[type(node.op)][0]}__"), [], {})
        return wrap(_UNARY[type(node.op)][1](value))

    def visit_Compare(self: Self, node: ast.Compare) -> Any:
        if len(node.ops) != 1:
            raise UnsupportedLanguageConstruct(
                "chained comparisons are not supported; write `(a < b) & (b < c)`"
            )
        left, right = self.visit(node.left), self.visit(node.comparators[0])
        op = type(node.ops[0])
        if op in (ast.Is, ast.IsNot):
            return constexpr(_is_same(unwrap(left), unwrap(right)) == (op is ast.Is))
        if op in (ast.In, ast.NotIn):
            return self._membership(left, right, op is ast.NotIn)
        self.locate(node)
        if isinstance(left, Aggregate):
            own = getattr(type(left), f"__{_COMPARE[op].__name__}__")
            if is_jit_function(own):
                return self.call(BoundMember(own, left), [right], {})
        return wrap(_COMPARE[op](left, right))

    def _membership(self: Self, item: Any, container: Any, negate: bool) -> constexpr:
        if isinstance(unwrap(container), str):
            return constexpr((unwrap(item) in unwrap(container)) != negate)
        values = [unwrap(value) for value in container] if container is not None else []
        if isinstance(item, tensor) or any(isinstance(value, tensor) for value in values):
            raise TypeError("`in` compares compile-time values only; use == and tl.where")
        return constexpr((unwrap(item) in values) != negate)

    def visit_BoolOp(self: Self, node: ast.BoolOp) -> Any:
        """``and`` and ``or``: constants decide at once; values of the kernel are all computed."""
        is_and = isinstance(node.op, ast.And)
        result: Any = None
        for item in node.values:
            value = self.visit(item)
            if not isinstance(value, tensor):
                if bool(unwrap(value)) != is_and:
                    return value  # decides, whatever the others are
                continue
            if result is None:
                result = value
                continue
            self.locate(node)
            result = result.logical_and(value) if is_and else result.logical_or(value)
        return value if result is None else result

    def visit_IfExp(self: Self, node: ast.IfExp) -> Any:
        condition = self.visit(node.test)
        if not isinstance(condition, tensor):
            return self.visit(node.body if unwrap(condition) else node.orelse)
        self.locate(node)
        self.builder.begin_if(self.condition(condition))
        values = []
        for index, branch in enumerate((node.body, node.orelse)):
            if index:
                self.builder.begin_else()
            saved = dict(self.scope)
            values.append(self.runtime(self.visit(branch)))
            self.scope = saved
        parts: list[list[Any]] = [[], []]
        patterns = [flatten(value, parts[i]) for i, value in enumerate(values)]
        if patterns[0] != patterns[1]:
            raise TypeError(
                "Ternary expression with dynamic condition has inconsistent types "
                f"{describe(values[0])} and {describe(values[1])}"
            )
        names = ["the result of `if ... else ...`"] * len(parts[0])
        return rebuild(patterns[0], iter(self.builder.end_if(names, parts[0], parts[1])))

    def runtime(self: Self, value: Any) -> Any:
        """Compile-time numbers as values of the kernel, as an assignment makes them."""
        if isinstance(value, Tuple):
            return Tuple([self.runtime(item) for item in value.values], value.fields)
        return to_tensor(value) if is_numeric_constant(value) else value

    def condition(self: Self, value: Any) -> Any:
        """A scalar truth value for ``if`` and ``while``."""
        if not isinstance(value, tensor):
            raise TypeError(f"the condition is {describe(value)}, not a scalar of the kernel")
        if value.type.is_block() and int(value.numel) != 1:
            raise ValueError(
                f"the condition is a block of type {value.type}; `if` and `while` take scalars. "
                "Use tl.where, or reduce the block first"
            )
        return value.handle

    # Attributes and subscripts.

    def visit_Attribute(self: Self, node: ast.Attribute) -> Any:
        owner = self.visit(node.value)
        self.locate(node)
        if isinstance(owner, constexpr) and node.attr in ("value", "type"):
            return owner if node.attr == "value" else owner.type
        owner = unwrap(owner)
        try:
            value = getattr(owner, node.attr)
        except AttributeError:
            kind = (
                f"module {owner.__name__}"
                if isinstance(owner, types.ModuleType)
                else (describe(owner))
            )
            hint = ""
            if isinstance(owner, int | float) and hasattr(tensor, node.attr):
                hint = (
                    ". Numbers known while compiling have no methods; integer arguments of 1 are "
                    "such, unless do_not_specialize lists them: tl.cast(x, dtype) takes both"
                )
            hint = hint or similar(node.attr, dir(owner))
            raise NameError(f"{kind} has no attribute `{node.attr}`{hint}") from None
        if isinstance(owner, Aggregate) and is_jit_function(value):
            return BoundMember(value, owner)
        return wrap(value)

    def visit_Subscript(self: Self, node: ast.Subscript) -> Any:
        owner = self.visit(node.value)
        index = self.visit(node.slice)
        self.locate(node)
        if isinstance(owner, tensor) or (
            isinstance(owner, Aggregate) and "__getitem__" in dir(owner)
        ):
            return self.call(self._method(owner, "__getitem__"), [index], {})
        if isinstance(owner, (Tuple, constexpr)):
            if isinstance(index, tensor):
                raise TypeError("a tuple is indexed by compile-time integers")
            return wrap(owner[index])
        raise TypeError(f"{describe(owner)} can't be indexed")

    def _method(self: Self, owner: Any, name: str) -> Any:
        function = getattr(owner, name)
        return BoundMember(function, owner) if is_jit_function(function) else function

    def visit_Slice(self: Self, node: ast.Slice) -> Any:
        bounds = (node.lower, node.upper, node.step)
        return slice(*(None if bound is None else self.visit(bound) for bound in bounds))
