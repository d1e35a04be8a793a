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
        names.update(dict.fromkeys(_assigned(statement)))
    return list(names)


def _assigned(node: ast.AST) -> tuple[str, ...]:
    """Names that one node assigns; remembered in the tree, which is walked again and again."""
    known = node.__dict__.get("_assigned")
    if known is None:
        known = tuple(_find_assigned(node))
        node.__dict__["_assigned"] = known
    return known


def _find_assigned(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store) else []
    if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.Constant)):
        return []
    if isinstance(node, ast.For):
        own = {item.id for item in ast.walk(node.target) if isinstance(item, ast.Name)}
        return [name for name in assigned_names(node.body) if name not in own]
    names: list[str] = []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.expr_context, ast.operator)):
            names.extend(_assigned(child))
    return names


def contains_return(statements: Iterable[ast.AST]) -> bool:
    """Whether a return statement stands somewhere inside."""
    return any(_returns(statement) for statement in statements)


def _returns(node: ast.AST) -> bool:
    """contains_return() of one statement; remembered in the tree."""
    known = node.__dict__.get("_returns")
    if known is None:
        inner = (getattr(node, name, ()) for name in ("body", "orelse", "finalbody", "handlers"))
        is_function = isinstance(node, (ast.FunctionDef, ast.expr))
        known = isinstance(node, ast.Return) or (
            not is_function and any(contains_return(statements) for statements in inner)
        )
        node.__dict__["_returns"] = known
    return bool(known)


def always_returns(statements: list[ast.stmt]) -> bool:
    """Whether every way through the statements ends in a return, as far as syntax tells."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.Return):
        return True
    return isinstance(last, ast.If) and always_returns(last.body) and always_returns(last.orelse)
