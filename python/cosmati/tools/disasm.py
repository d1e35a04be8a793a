"""Disassembling cubins, at Triton's place."""

from cosmati.runtime.disasm import sass_of as get_sass

sass_of = get_sass
