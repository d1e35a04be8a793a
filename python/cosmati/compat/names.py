"""Where Triton's modules lie in Cosmati, and which have no counterpart, with the reason.

Data alone: the finder in cosmati.compat.finder and the tables of docs/coming-from-triton.md are
made from it.
"""

from __future__ import annotations

from cosmati.runtime.target import TRITON_VERSION as TRITON_VERSION

DOCS = "docs/compat.md"

# Modules whose names a Triton module offers, in the order in which they are asked. Names after the
# first module are for what lies elsewhere in Cosmati.
MODULES: dict[str, tuple[str, ...]] = {
    "triton": ("cosmati",),
    "triton.errors": ("cosmati.errors",),
    "triton.knobs": ("cosmati.knobs",),
    "triton.testing": ("cosmati.testing",),
    "triton.language": ("cosmati.language",),
    "triton.language.core": ("cosmati.language.core", "cosmati.language.tensor"),
    "triton.language.math": ("cosmati.language.math",),
    "triton.language.standard": ("cosmati.language.standard",),
    "triton.language.random": ("cosmati.language.random",),
    "triton.language.target_info": ("cosmati.language.target_info",),
    "triton.language.extra": ("cosmati.language.extra",),
    "triton.language.extra.libdevice": ("cosmati.language.extra.libdevice",),
    "triton.language.extra.cuda": ("cosmati.language.extra.cuda",),
    "triton.language.extra.cuda.libdevice": ("cosmati.language.extra.libdevice",),
    "triton.language.extra.cuda.utils": ("cosmati.language.extra.cuda",),
    "triton.language.extra.cuda.gdc": ("cosmati.language.extra.cuda",),
    "triton.runtime": (
        "cosmati.runtime",
        "cosmati.tuning",
        "cosmati.errors",
        "cosmati.runtime.jit",
        "cosmati.runtime.arrays",
    ),
    "triton.runtime.jit": (
        "cosmati.runtime.jit",
        "cosmati.runtime.arrays",
        "cosmati.language.constexpr",
        "cosmati.language.core",
    ),
    "triton.runtime.autotuner": (
        "cosmati.tuning",
        "cosmati.errors",
        "cosmati.runtime.jit",
        "cosmati.runtime.cache",
    ),
    "triton.runtime.cache": ("cosmati.runtime.cache",),
    "triton.runtime.driver": ("cosmati.runtime.driver", "cosmati.backends.driver"),
    "triton.runtime.errors": ("cosmati.runtime.errors",),
    "triton.runtime.interpreter": ("cosmati.runtime.errors",),
    "triton.runtime._allocation": ("cosmati.runtime.allocator",),
    "triton.runtime._async_compile": ("cosmati.runtime.async_compile",),
    "triton.compiler": ("cosmati.compiler",),
    "triton.compiler.compiler": (
        "cosmati.compiler.compiler",
        "cosmati.compiler",
        "cosmati.backends.compiler",
        "cosmati.runtime.cache",
        "cosmati.errors",
    ),
    "triton.compiler.errors": ("cosmati.compiler.errors", "cosmati.errors"),
    "triton.compiler.code_generator": ("cosmati.compiler.errors",),
    "triton.backends": ("cosmati.backends", "cosmati.backends.compiler"),
    "triton.backends.compiler": ("cosmati.backends.compiler",),
    "triton.backends.driver": ("cosmati.backends.driver",),
    "triton.tools": ("cosmati.tools",),
    "triton.tools.tensor_descriptor": ("cosmati.tools.tensor_descriptor",),
    "triton.tools.compile": ("cosmati.tools.compile",),
    "triton.tools.link": ("cosmati.tools.link",),
    "triton.tools.disasm": ("cosmati.tools.disasm",),
}

# Names that Triton's modules have because they import them, and libraries take from there.
_DRIVER = "cosmati.runtime.driver:driver"
ALIASES: dict[str, dict[str, str]] = {
    "triton.language.core": {"knobs": "triton.knobs"},
    "triton.runtime.autotuner": {"knobs": "triton.knobs", "driver": _DRIVER},
    "triton.runtime.cache": {"knobs": "triton.knobs"},
    "triton.runtime.jit": {"knobs": "triton.knobs", "driver": _DRIVER},
    "triton.compiler.compiler": {"knobs": "triton.knobs", "driver": _DRIVER},
    "triton.testing": {"runtime": "triton.runtime"},
}

# Modules that Triton has and Cosmati does not, and why. A name stands for what is below it, too.
ABSENT: dict[str, str] = {
    "triton.experimental": (
        "Gluon, the layout-level language, is not kept: layouts are the compiler's to choose"
    ),
    "triton._C": "it is Triton's own compiled module; Cosmati's compiler lies in cosmati._core",
    "triton.language.semantic": (
        "typing rules live in C++ (compiler/Builder), not in a Python class to be subclassed"
    ),
    "triton.language.extra.hip": "there is no AMD back end",
    "triton.language.extra.xpu": "there is no Intel back end",
    "triton.language.extra.cann": "there is no Ascend back end",
    "triton.language.extra.tlx": "it is an extension that Triton 3.7.1 does not have",
    "triton.backends.amd": "there is no AMD back end",
    "triton.profiler": "Proton is a package of its own; `cosmati profile` counts and times kernels",
    "triton.ops": "Triton removed it in 3.0",
    "triton.interpreter": "Triton removed it; kernels without a GPU run on the virtual machine",
    "triton.tools.experimental_descriptor": (
        "Triton removed it in 3.4; use triton.tools.tensor_descriptor"
    ),
    "triton.tools.mxfp": "it holds torch code of Triton's own tests",
    "triton.tools.ragged_tma": "descriptors of ragged arrays are not there yet",
    "triton.backends.nvidia": "Triton's plug-in for NVIDIA; Cosmati has its back end built in",
    "triton.tools.gsan": "`COSMATI_CHECK=race` finds races on the virtual machine instead",
    "triton.tools.build_extern": "it generated Triton's own sources",
    "triton.fb": "it is part of a private build of Triton",
    "triton._internal_testing": "it serves Triton's own tests",
    "triton._filecheck": "it serves Triton's own tests",
    "triton._utils": "it is private to Triton",
    "triton.compiler.make_launcher": "launches go through C++; no launcher is generated",
    "triton.runtime.build": "nothing is compiled with a C compiler at run time",
}

# Names of Triton's modules that Cosmati lacks, and why: the text of the error.
_GENERATOR = "kernels become IR in C++ (compiler/Builder); there is no generator to derive from"
_INTERPRETER = "kernels without a GPU run on the virtual machine: the very PTX, not an interpreter"
_LAUNCHER = "arguments are specialised in C++, without Python objects to look at"
_PATTERN = "it serves Triton's reading of its own IR files"
ABSENT_NAMES: dict[str, dict[str, str]] = {
    "triton.compiler.code_generator": {"CodeGenerator": _GENERATOR, "ast_to_ttir": _GENERATOR},
    "triton.compiler.compiler": {
        "parse": _PATTERN,
        "prototype_pattern": _PATTERN,
        "ptx_prototype_pattern": _PATTERN,
        "CompileTimer": "knobs.compilation.listener is given the times of each stage",
    },
    "triton.runtime": {"build": "nothing is compiled with a C compiler at run time"},
    "triton.runtime.interpreter": {
        "InterpretedFunction": _INTERPRETER,
        "GridExecutor": _INTERPRETER,
        "interpreter_builder": _INTERPRETER,
    },
    "triton.runtime.jit": {
        "JITCallable": "JITFunction is a class of its own, without Triton's bases",
        "KernelParam": _LAUNCHER,
        "mangle_type": _LAUNCHER,
        "native_specialize_impl": _LAUNCHER,
        "create_function_from_signature": _LAUNCHER,
    },
}

ALL: tuple[str, ...] = (
    "AsyncCompileMode", "aggregate", "autotune", "cdiv", "CompilationError", "compile", "Config",
    "constexpr_function", "FutureKernel", "heuristics", "InterpreterError", "jit", "JITFunction",
    "KernelInterface", "language", "MockTensor", "must_use_result", "next_power_of_2",
    "OutOfResources", "reinterpret", "runtime", "set_allocator", "TensorWrapper", "TritonError",
    "testing", "tools",
)  # fmt: skip
"""``from triton import *``."""


def reason_absent(module: str) -> str | None:
    """Why there is no such module; None if nothing is known of it."""
    parts = module.split(".")
    for count in range(len(parts), 1, -1):
        reason = ABSENT.get(".".join(parts[:count]))
        if reason is not None:
            return reason
    return None
