"""Statements other than control flow."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosmati.errors import UnsupportedLanguageConstruct
from cosmati.frontend.assigned import contains_return
from cosmati.frontend.values import describe, wrap
from cosmati.language.base import base_value
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

    node: ast.AST

    def block(self: Self, statements: list[ast.stmt]) -> Return | None:
        """Emits statements up to one that always returns."""
        for index, statement in enumerate(statements):
            if isinstance(statement, ast.If):
                flow = self.visit_if(statement, statements[index + 1 :])
                if flow is not None:
                    return flow
                continue
            if isinstance(statement, ast.For) and contains_return(statement.body):
                iterations = self.unrolled(statement)
                if iterations is not None:
                    return self.block([*iterations, *statements[index + 1 :]])
            flow = self.visit(statement)
            if isinstance(flow, Return):
                return flow
        return None

    def visit_Expr(self: Self, node: ast.Expr) -> None:
        node.value.__dict__["_is_unused"] = True  # see must_use_result
        self.visit(node.value)

    def visit_With(self: Self, node: ast.With) -> None:
        """Runs ``__enter__`` and ``__exit__`` while the kernel is compiled, around the body."""
        managers = []
        for item in node.items:
            manager = unwrap(self.visit(item.context_expr))
            kind = type(manager)
            if isinstance(manager, tensor) or not (
                hasattr(kind, "__enter__") and hasattr(kind, "__exit__")
            ):
                self.node = item.context_expr
                raise UnsupportedLanguageConstruct(
                    f"`with` takes a context manager, but {describe(manager)} has no __enter__ and "
                    "__exit__"
                )
            managers.append(manager)
        if contains_return(node.body):
            self.node = next(item for item in ast.walk(node) if isinstance(item, ast.Return))
            raise UnsupportedLanguageConstruct(
                "Cannot have `return` statements inside `with` statements; set a variable and "
                "return after the block"
            )
        for manager, item in zip(managers, node.items, strict=True):
            entered = wrap(manager.__enter__())
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered)
        self.block(node.body)
        for manager in reversed(managers):
            manager.__exit__(None, None, None)

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
        return Return(value)

    def visit_Assert(self: Self, node: ast.Assert) -> None:
        condition = self.visit(node.test)
        message = constexpr("") if node.msg is None else self.visit(node.msg)
        self.locate(node)
        # What is false at compile time stops the compilation where the assertion is certainly
        # reached, and the launch where that depends on runtime values.
        if isinstance(condition, tensor) or self.loop_depth or self.branch_depth:
            device_assert(condition, message)
        else:
            static_assert(condition, message)

    # Assignment.

    def visit_Assign(self: Self, node: ast.Assign) -> None:
        value = self.visit(node.value)
        self.locate(node)
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in self.declared:
                self.assign(target, self._constant(value))
            else:
                self.assign(target, self.runtime(value))

    def visit_AugAssign(self: Self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            self.assign(node.target, None)
        load = ast.Name(node.target.id, ast.Load())  # type: ignore[union-attr]
        left = self.visit(ast.copy_location(load, node.target))
        right = self.visit(node.value)
        self.locate(node)
        result = self.binary(node.op, left, right)
        is_declared = node.target.id in self.declared  # type: ignore[union-attr]
        self.assign(node.target, self._constant(result) if is_declared else self.runtime(result))

    def visit_AnnAssign(self: Self, node: ast.AnnAssign) -> None:
        is_constant = self._is_constexpr(node.annotation)
        if node.value is None:  # what is assigned later is meant
            if is_constant and isinstance(node.target, ast.Name):
                self.declared.add(node.target.id)
            return
        value = self.visit(node.value)
        self.locate(node)
        self.assign(node.target, self._constant(value) if is_constant else self.runtime(value))

    def _is_constexpr(self: Self, annotation: ast.expr) -> bool:
        """Whether an annotation is tl.constexpr; others change nothing, and need not be defined."""
        if isinstance(annotation, ast.Constant):
            return isinstance(annotation.value, str) and annotation.value.endswith("constexpr")
        if isinstance(annotation, ast.Attribute):
            return annotation.attr == "constexpr"
        if isinstance(annotation, ast.Name):
            return (
                annotation.id == "constexpr" or self.function.lookup(annotation.id)[1] is constexpr
            )
        return False

    def _constant(self: Self, value: Any) -> Any:
        """A value for a variable that is declared as constexpr."""
        if isinstance(value, tensor):
            raise TypeError(
                "a local variable annotated as constexpr needs a value known at compile time, "
                f"but this is {describe(value)}"
            )
        return value if isinstance(value, base_value) else constexpr(value)

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
            raise UnsupportedLanguageConstruct(
                "assignment to an attribute is not supported; use aggregate_replace(x, field=y) "
                "for a changed copy of an aggregate"
            )
        else:
            raise self.unsupported(target)

    def _unpack(self: Self, target: ast.Tuple | ast.List, value: Any) -> None:
        plain = unwrap(value)
        if not isinstance(plain, (Tuple, tuple, list)):
            raise TypeError(f"cannot unpack {describe(value)}; it is not a tuple")
        items = [wrap(item) for item in plain]
        names = target.elts
        star = next((k for k, name in enumerate(names) if isinstance(name, ast.Starred)), None)
        if star is not None and len(items) >= len(names) - 1:
            end = star + len(items) - len(names) + 1
            starred: Any = names[star]
            names = [*names[:star], starred.value, *names[star + 1 :]]
            items = [*items[:star], Tuple(items[star:end]), *items[end:]]
        if len(items) != len(names):
            raise ValueError(f"{len(items)} values for {len(names)} names")
        for name, item in zip(names, items, strict=True):
            self.assign(name, item if isinstance(plain, Tuple) else self.runtime(item))
