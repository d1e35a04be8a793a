"""The generator of one function: frame, scope, places and errors."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from cosmati.errors import CompilationError, CosmatiError
from cosmati.frontend.calls import Calls
from cosmati.frontend.control_flow import ControlFlow
from cosmati.frontend.expressions import Expressions
from cosmati.frontend.statements import Statements
from cosmati.language.constexpr import constexpr

if TYPE_CHECKING:
    from cosmati.frontend.module import ModuleGenerator


class FunctionGenerator(Statements, ControlFlow, Calls, Expressions):
    """Walks one function's syntax tree and emits its operations.

    ``scope`` maps local names to values. ``node`` is the syntax being worked on: when something
    raises, it is the place of the error.
    """

    node: ast.AST

    def __init__(self, module: ModuleGenerator, function: Any, is_kernel: bool = False) -> None:
        self.module = module
        self.builder = module.builder
        self.function = function
        self.source = function.source
        self.is_kernel = is_kernel
        self.scope: dict[str, Any] = {}
        self.declared: set[str] = set()  # names with a bare annotation `x: tl.constexpr`
        self.loop_depth = 0  # loops that run when the kernel runs, around the current statement
        self.branch_depth = 0  # branches on runtime values around it
        self.node = self.source.node
        # Lines count from the `def`, so that moving a kernel changes nothing, unless asked for.
        self._first_line = self.source.node.lineno - 1
        self._name = self.source.name
        if module.absolute_lines:
            self._first_line = self.source.node.lineno - self.source.first_line
            self._name = self.source.file
        self._set_location = module.builder.set_location

    def generate(self, scope: dict[str, Any]) -> Any:
        """Emits the body; gives the returned value (constexpr(None) if there is none)."""
        self.scope = scope
        self.module.active.append(self)
        try:
            flow = self.block(self.source.node.body)
            return constexpr(None) if flow is None else flow.value
        except CompilationError as error:
            chain = (*error.chain, self.source.place(self.node))
            raise type(error)(error.message, chain) from error.__cause__
        except Exception as error:
            raise self._compilation_error(error) from error
        finally:
            self.module.active.pop()

    def _compilation_error(self, error: Exception) -> CompilationError:
        text = str(error)
        expected = (ValueError, TypeError, NameError, IndexError, RecursionError, CosmatiError)
        if not isinstance(error, expected) or not text:
            text = f"{type(error).__name__}: {text}"
        return CompilationError(text, (self.source.place(self.node),))

    def locate(self, node: Any) -> None:
        """Operations that follow come from ``node``."""
        self._set_location(self._name, node.lineno - self._first_line, node.col_offset + 1)

    def relocate(self) -> None:
        """locate() for the current node, after another function was generated."""
        node: Any = self.node
        if hasattr(node, "lineno"):
            self.locate(node)

    def visit(self, node: ast.AST) -> Any:
        """The value of an expression, or the flow of a statement."""
        previous, self.node = self.node, node
        visitor = getattr(self, "visit_" + type(node).__name__, None)
        if visitor is None:
            raise self.unsupported(node)
        result = visitor(node)
        self.node = previous
        return result
