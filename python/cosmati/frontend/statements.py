"""Statements other than control flow."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosmati.errors import UnsupportedLanguageConstruct
from cosmati.frontend.values import describe
from cosmati.language.block_pointer import block_pointer
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.program import device_assert, static_assert
from cosmati.language.tensor import tensor
from cosmati.language.tuples import Tuple

if TYPE_CHECKING:
    from cosmati.frontend.function import FunctionGenerator as Self
else:
    Self = Any


@dataclass
class Return:
    """The flow of statements that always return."""

    value: Any


class Statements:
    """Visitors of statements; a part of FunctionGenerator.

    A statement's flow is None when what follows runs next, or a Return.
    """

    def block(self: Self, statements: list[ast.stmt]) -> Return | None:
        """Emits statements up to one that always returns."""
        for index, statement in enumerate(statements):
            if isinstance(statement, ast.If):
                flow = self.visit_if(statement, statements[index + 1 :])
                if flow is not None:
                    return flow
                continue
            flow = self.visit(statement)
            if isinstance(flow, Return):
                return flow
        return None

    def visit_Expr(self: Self, node: ast.Expr) -> None:
        value = self.visit(node.value)
        if isinstance(value, block_pointer):
            raise ValueError(
                "The result of advance is not being used. It does not change its argument: write "
                "`ptr = tl.advance(ptr, ...)`"
            )

    def visit_Pass(self: Self, node: ast.Pass) -> None:
        return

    def visit_Return(self: Self, node: ast.Return) -> Return:
        if self.loop_depth:
            raise UnsupportedLanguageConstruct(
                "`return` inside of a loop is not supported; set a variable and return after "
                "the loop"
            )
        if node.value is None:
            return Return(constexpr(None))
        value = self.visit(node.value)
        self.locate(node)
        if self.is_kernel and not (isinstance(value, constexpr) and value.value is None):
            raise TypeError(f"a kernel returns nothing, but this returns {describe(value)}")
        return Return(self.runtime(value))

    def visit_Assert(self: Self, node: ast.Assert) -> None:
        condition = self.visit(node.test)
        message = constexpr("") if node.msg is None else self.visit(node.msg)
        self.locate(node)
        if isinstance(condition, tensor):
            device_assert(condition, message)
        else:
            static_assert(condition, message)

    # Assignment.

    def visit_Assign(self: Self, node: ast.Assign) -> None:
        value = self.visit(node.value)
        self.locate(node)
        value = self.runtime(value)
        for target in node.targets:
            self.assign(target, value)

    def visit_AugAssign(self: Self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            self.assign(node.target, None)
        load = ast.Name(node.target.id, ast.Load())  # type: ignore[union-attr]
        left = self.visit(ast.copy_location(load, node.target))
        right = self.visit(node.value)
        self.locate(node)
        self.assign(node.target, self.runtime(self.binary(node.op, left, right)))

    def visit_AnnAssign(self: Self, node: ast.AnnAssign) -> None:
        if node.value is None:
            return
        annotation = self.visit(node.annotation)
        value = self.visit(node.value)
        self.locate(node)
        is_constant = annotation is constexpr or (
            isinstance(unwrap(annotation), str) and unwrap(annotation).endswith("constexpr")
        )
        if not is_constant:
            self.assign(node.target, self.runtime(value))
            return
        if isinstance(value, tensor):
            raise TypeError(
                "a local variable annotated as constexpr needs a value known at compile time, "
                f"but this is {describe(value)}"
            )
        self.assign(node.target, value if isinstance(value, Tuple) else constexpr(value))

    def assign(self: Self, target: ast.expr, value: Any) -> None:
        """Binds a target of an assignment."""
        if isinstance(target, ast.Name):
            self.scope[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value)
        elif isinstance(target, ast.Subscript):
            raise UnsupportedLanguageConstruct(
                "assignment to an element is not supported; use tl.where(index == i, value, x), "
                "or tl.store for memory"
            )
        elif isinstance(target, ast.Attribute):
            raise UnsupportedLanguageConstruct("assignment to an attribute is not supported")
        else:
            raise self.unsupported(target)

    def _unpack(self: Self, target: ast.Tuple | ast.List, value: Any) -> None:
        plain = unwrap(value)
        if not isinstance(plain, (Tuple, tuple, list)):
            raise TypeError(f"cannot unpack {describe(value)}; it is not a tuple")
        items = list(plain)
        if len(items) != len(target.elts):
            raise ValueError(f"{len(items)} values for {len(target.elts)} names")
        for name, item in zip(target.elts, items, strict=True):
            self.assign(name, item if isinstance(plain, Tuple) else self.runtime(constexpr(item)))
