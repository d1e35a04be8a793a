"""Errors of compilation, at Triton's place."""

from cosmati.errors import CompilationError as CompilationError
from cosmati.errors import CompileTimeAssertionFailure as CompileTimeAssertionFailure
from cosmati.errors import UnsupportedLanguageConstruct as UnsupportedLanguageConstruct
