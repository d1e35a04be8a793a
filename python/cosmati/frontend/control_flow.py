"""``if``, ``for`` and ``while``, as structured operations that yield what they assign.

An early return becomes ``if (!c) { rest }``: the statements after an ``if`` move into the branches
that don't return.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from cosmati.errors import UnsupportedLanguageConstruct
from cosmati.frontend.assigned import always_returns, assigned_names, contains_return
from cosmati.frontend.expressions import Unassigned
from cosmati.frontend.statements import Return
from cosmati.frontend.values import Constant, describe, flatten, is_numeric_constant, rebuild
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.program import condition as loop_condition
from cosmati.language.program import range as loop_range
from cosmati.language.program import static_range
from cosmati.language.tensor import operand, tensor, to_tensor
from cosmati.language.tuples import Tuple

if TYPE_CHECKING:
    from cosmati.frontend.function import FunctionGenerator as Self
else:
    Self = Any


class ControlFlow:
    """Visitors of control flow; a part of FunctionGenerator."""

    node: ast.AST

    # Branches.

    def visit_if(self: Self, node: ast.If, rest: list[ast.stmt]) -> Return | None:
        """An ``if`` that is followed by ``rest`` in its block.

        A Return means that ``rest`` was taken care of, too.
        """
        previous, self.node = self.node, node
        test = self.visit(node.test)
        if not isinstance(test, tensor):
            flow = self._taken(node.body if unwrap(test) else node.orelse, rest)
            self.node = previous
            return flow
        self.node = node.test
        condition = self.condition(test)
        self.node = node
        returns = self._may_return([*node.body, *node.orelse])
        if returns and self.loop_depth:
            self.node = _first_return(node)
            raise UnsupportedLanguageConstruct(
                "`return` inside of a loop is not supported; set a variable and return after "
                "the loop"
            )
        self._make_runtime(assigned_names([node, *rest] if returns else [node]))
        self.locate(node)
        self.builder.begin_if(condition)
        before = dict(self.scope)
        outcomes = []
        for index, body in enumerate((node.body, node.orelse)):
            if index:
                self.builder.begin_else()
                self.scope = dict(before)
            statements = [*body, *rest] if returns and not always_returns(body) else body
            self.branch_depth += 1
            outcomes.append((self.block(statements), self.scope))
            self.branch_depth -= 1
        self.node = node
        self.locate(node)
        if returns:
            result = self._merge_returns(outcomes[0][0], outcomes[1][0])
        elif outcomes[0][0] is not None or outcomes[1][0] is not None:
            raise UnsupportedLanguageConstruct(
                "whether this `if` returns depends on a constexpr that is assigned inside of it; "
                "assign it before"
            )
        else:
            self._merge_scopes(node, outcomes[0][1], outcomes[1][1])
            result = None
        self.node = previous
        return result

    def _taken(self: Self, body: list[ast.stmt], rest: list[ast.stmt]) -> Return | None:
        """The side of an ``if`` that is known at compile time.

        Where it may return under a condition of the kernel, ``rest`` belongs to the branch that
        goes on.
        """
        if always_returns(body) or not self._may_return(body):
            return self.block(body)
        return self.block([*body, *rest]) or Return(constexpr(None))

    def _may_return(self: Self, statements: list[ast.stmt]) -> bool:
        """contains_return() that looks only at the taken side of branches known at compile time."""
        for statement in statements:
            if isinstance(statement, ast.If):
                known = self._static_test(statement.test)
                taken = (
                    [*statement.body, *statement.orelse]
                    if known is None
                    else (statement.body if known else statement.orelse)
                )
                if self._may_return(taken):
                    return True
            elif contains_return([statement]):
                return True
        return False

    def _static_test(self: Self, test: ast.expr) -> bool | None:
        """The truth of a condition made of constexprs in scope and operators, else None."""
        for node in ast.walk(test):
            if isinstance(node, (ast.Call, ast.NamedExpr, ast.Attribute, ast.Subscript)):
                return None
            if isinstance(node, ast.Name) and not isinstance(self.scope.get(node.id), constexpr):
                return None
        return bool(unwrap(self.visit(test)))

    def _make_runtime(self: Self, names: list[str]) -> None:
        """Names that a branch or loop may assign hold values of the kernel before it."""
        for name in names:
            value = self.scope.get(name)
            if value is not None and name not in self.declared:
                self.scope[name] = self.runtime(value)

    def _merge_returns(self: Self, first: Return | None, second: Return | None) -> Return:
        values = [constexpr(None) if flow is None else flow.value for flow in (first, second)]
        parts: tuple[list[Any], list[Any]] = ([], [])
        pattern = self._merge_returned(values[0], values[1], parts)
        names = ["the returned value"] * len(parts[0])
        return Return(rebuild(pattern, iter(self.builder.end_if(names, *parts))))

    def _merge_returned(
        self: Self, first: Any, second: Any, parts: tuple[list[Any], list[Any]]
    ) -> Any:
        """The pattern of two returned values. Equal constexprs stay; others become tensors."""
        if isinstance(first, Tuple) and isinstance(second, Tuple):
            if len(first) == len(second) and first.fields == second.fields:
                pairs = zip(first, second, strict=True)
                return (
                    "tuple",
                    first.fields,
                    tuple(self._merge_returned(*p, parts) for p in pairs),
                )
        known = isinstance(first, constexpr) and isinstance(second, constexpr)
        if known and Constant(first) == Constant(second):
            return Constant(first)
        patterns = []
        for value, own in zip((first, second), parts, strict=True):
            if is_numeric_constant(value):  # a constant of its branch: the builder takes numbers
                own.append(unwrap(value))
                patterns.append(to_tensor(value).handle.type)
            else:
                patterns.append(flatten(value, own))
        if patterns[0] != patterns[1]:
            types = [describe(self.runtime(value)) for value in (first, second)]
            raise TypeError(
                f"Return type mismatch: {types[0]} and {types[1]}. A function returns one type on "
                "every way; convert one of them"
            )
        return patterns[0]

    def _merge_scopes(
        self: Self, node: ast.If, then_scope: dict[str, Any], else_scope: dict[str, Any]
    ) -> None:
        """Closes both branches; names that differ between them become results."""
        merged: list[tuple[str, Any]] = []
        names: list[str] = []
        parts: tuple[list[Any], list[Any]] = ([], [])
        line = self.source.place(node).line
        after = dict(then_scope)
        for name in {**then_scope, **else_scope}:
            first, second = then_scope.get(name), else_scope.get(name)
            if first is second:
                continue
            if first is None or second is None:
                where = "else" if first is None else "then"
                after[name] = Unassigned(
                    f"is not defined here: the `if` at line {line} assigns it only in its {where} "
                    "block; assign it before the `if` as well"
                )
                continue
            if isinstance(first, Unassigned) or isinstance(second, Unassigned):
                after[name] = first if isinstance(first, Unassigned) else second
                continue
            own: tuple[list[Any], list[Any]] = ([], [])
            pattern = flatten(first, own[0])
            if pattern != flatten(second, own[1]):
                after[name] = Unassigned(
                    f"has no value here: Mismatched type for {name} between then block "
                    f"({describe(first)}) and else block ({describe(second)}) of the `if` at line "
                    f"{line}"
                )
                continue
            merged.append((name, pattern))
            names.extend([name] * len(own[0]))
            parts[0].extend(own[0])
            parts[1].extend(own[1])
        results = iter(self.builder.end_if(names, parts[0], parts[1]))
        for name, pattern in merged:
            after[name] = rebuild(pattern, results)
        self.scope = after

    # Loops.

    def visit_For(self: Self, node: ast.For) -> None:
        if node.orelse:
            raise UnsupportedLanguageConstruct(
                "`else` of a loop is not supported; put its statements behind the loop"
            )
        if not isinstance(node.target, ast.Name):
            raise UnsupportedLanguageConstruct("a loop has one variable: `for i in tl.range(n)`")
        iterator = self.visit(node.iter)
        if isinstance(iterator, static_range):
            self._unroll(node, node.target.id, iterator)
        elif isinstance(iterator, loop_range):
            self._loop(node, node.target.id, iterator)
        else:
            self.node = node.iter
            raise UnsupportedLanguageConstruct(
                "Only `range`, `tl.range` and `tl.static_range` iterators are currently "
                f"supported, not {describe(iterator)}"
            )

    def _unroll(self: Self, node: ast.For, name: str, iterator: static_range) -> None:
        for value in range(iterator.start, iterator.end, iterator.step):
            self.scope[name] = constexpr(value)
            self.block(node.body)

    def unrolled(self: Self, node: ast.For) -> list[ast.stmt] | None:
        """The iterations of a static loop one after the other; None for a loop of another kind.

        That is how a ``return`` in the body leaves what follows it, later iterations included.
        """
        if not isinstance(node.iter, ast.Call) or not isinstance(node.target, ast.Name):
            return None
        previous, self.node = self.node, node
        is_static = unwrap(self.visit(node.iter.func)) is static_range
        iterator = self.visit(node.iter) if is_static else None
        self.node = previous
        if not isinstance(iterator, static_range):
            return None
        statements: list[ast.stmt] = []
        for value in range(iterator.start, iterator.end, iterator.step):
            statements += [SetConstant(node, node.target.id, value), *node.body]
        return statements

    def visit_SetConstant(self: Self, node: SetConstant) -> None:
        self.scope[node.name] = constexpr(node.value)

    def _loop(self: Self, node: ast.For, name: str, iterator: loop_range) -> None:
        bounds = [iterator.start, iterator.end, iterator.step]
        for bound in bounds:
            if not isinstance(unwrap(bound), (tensor, int)):
                raise TypeError(f"the bounds of a loop are integers, but one is {describe(bound)}")
        carried = self._enter_loop(assigned_names([node]))
        self.locate(node)
        index, values = self.builder.begin_for(
            *(operand(bound) for bound in bounds), carried.inits(), **iterator.options()
        )
        saved = dict(self.scope)
        carried.bind(self.scope, values)
        self.scope[name] = tensor(index)
        self.loop_depth += 1
        self.block(node.body)
        self.loop_depth -= 1
        self.locate(node)
        self._leave_loop(node, saved, carried, self.builder.end_for)
        self.scope[name] = Unassigned(
            f"is the variable of the loop at line {self.source.place(node).line} and has no value "
            "after it; assign it to another variable inside of the loop"
        )

    def visit_While(self: Self, node: ast.While) -> None:
        if node.orelse:
            raise UnsupportedLanguageConstruct(
                "`else` of a loop is not supported; put its statements behind the loop"
            )
        names = assigned_names([*node.body, node.test])
        assigns = bool(assigned_names([node.test]))
        if (
            assigns
        ):  # `while (x := ...) > 0`: the test becomes a variable, set here and after the body
            self._make_runtime(names)
            names.append(_TEST)
            self.scope[_TEST] = self._test(node)
        carried = self._enter_loop(names)
        self.locate(node)
        saved = dict(self.scope)
        carried.bind(self.scope, self.builder.begin_while(carried.inits()))
        handle = self.scope[_TEST].handle if assigns else self._test(node).handle
        self.scope = dict(saved)
        carried.bind(self.scope, self.builder.while_condition(handle))
        self.loop_depth += 1
        self.block(node.body)
        self.loop_depth -= 1
        if assigns:
            self.scope[_TEST] = self._test(node)
        self.locate(node)
        self._leave_loop(node, saved, carried, self.builder.end_while)

    def _test(self: Self, node: ast.While) -> tensor:
        """The condition of a loop, as an int1 scalar."""
        test = self.visit(node.test)
        if isinstance(test, loop_condition):
            test = test.condition
        value = to_tensor(test)
        previous, self.node = self.node, node.test
        self.condition(value)
        self.node = previous
        return value if value.dtype.is_int1() and not value.type.is_block() else _truth(value)

    def _enter_loop(self: Self, names: list[str]) -> Carried:
        known = [name for name in names if not isinstance(self.scope.get(name), Unassigned)]
        known = [name for name in known if name in self.scope]
        self._make_runtime(known)
        return Carried(known, self.scope)

    def _leave_loop(
        self: Self, node: ast.stmt, saved: dict[str, Any], carried: Carried, end: Any
    ) -> None:
        """Yields the carried names, and restores the scope around the loop."""
        line = self.source.place(node).line
        yields = carried.yields(self.scope)
        after = dict(saved)
        for name in self.scope:
            if name not in after:
                after[name] = Unassigned(
                    f"is not defined here: it is assigned only inside of the loop at line {line}; "
                    "assign it before the loop as well"
                )
        carried.bind(after, end(yields))
        self.scope = after


_TEST = "<test of the loop>"  # no name of Python


def _truth(value: tensor) -> tensor:
    scalar = value.item() if value.type.is_block() else value
    return scalar != 0


class SetConstant(ast.Pass):
    """A statement that gives the variable of an unrolled loop its value."""

    def __init__(self, loop: ast.For, name: str, value: int) -> None:
        super().__init__()
        ast.copy_location(self, loop)
        self.name = name
        self.value = value


class Carried:
    """The variables that a loop hands from one iteration to the next."""

    def __init__(self, names: list[str], scope: dict[str, Any]) -> None:
        self.names = names
        self.initial = {name: scope[name] for name in names}
        self.parts: dict[str, list[Any]] = {}
        self.patterns: dict[str, Any] = {}
        for name in names:
            self.parts[name] = []
            self.patterns[name] = flatten(scope[name], self.parts[name])

    def inits(self) -> list[tuple[str, Any]]:
        return [(name, part) for name in self.names for part in self.parts[name]]

    def bind(self, scope: dict[str, Any], values: list[Any]) -> None:
        """Gives the names their values in a region of the loop, or after it."""
        remaining = iter(values)
        for name in self.names:
            if self.parts[name]:
                scope[name] = rebuild(self.patterns[name], remaining)

    def yields(self, scope: dict[str, Any]) -> list[Any]:
        """The names' values at the end of the body; TypeError where a type changed."""
        yielded: list[Any] = []
        for name in self.names:
            value = scope[name]
            parts: list[Any] = []
            if isinstance(value, Unassigned):
                raise NameError(f"`{name}` {value.reason}")
            if flatten(value, parts) != self.patterns[name]:
                raise TypeError(
                    f"Loop-carried variable {name} has initial type "
                    f"{describe(self.initial[name])} but is re-assigned to {describe(value)} in "
                    "loop! Please make sure that the type stays consistent."
                )
            yielded.extend(parts)
        return yielded


def _first_return(node: ast.AST) -> ast.AST:
    return next(item for item in ast.walk(node) if isinstance(item, ast.Return))
