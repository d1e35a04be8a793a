"""Which names a piece of syntax assigns, and whether it returns: answered without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable


def assigned_names(statements: Iterable[ast.AST]) -> list[str]:
    """Names that the statements may assign, in order of appearance.

    Loop variables are not among them: they have no value after their loop.
    """
    names: dict[str, None] = {}
    for statement in statements:
        _collect(statement, names)
    return list(names)


def _collect(node: ast.AST, names: dict[str, None]) -> None:
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Store):
            names[node.id] = None
        return
    if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ListComp)):
        return
    if isinstance(node, ast.For):
        inner: dict[str, None] = {}
        for statement in node.body:
            _collect(statement, inner)
        loop_names = {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        names.update((name, None) for name in inner if name not in loop_names)
        return
    for child in ast.iter_child_nodes(node):
        _collect(child, names)


def contains_return(statements: Iterable[ast.AST]) -> bool:
    """Whether a return statement stands somewhere inside."""
    return any(
        isinstance(node, ast.Return) for statement in statements for node in ast.walk(statement)
    )


def always_returns(statements: list[ast.stmt]) -> bool:
    """Whether every way through the statements ends in a return, as far as syntax tells."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.Return):
        return True
    return isinstance(last, ast.If) and always_returns(last.body) and always_returns(last.orelse)
