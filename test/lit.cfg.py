"""lit set-up. From the build: ``lit build/test``; a part: ``lit test/Dialect/Tile`` (build folder:
``build``, or ``--param build=FOLDER``). Features: ``ptxas`` (an assembler was found)."""

import os
import shutil
import sys

import lit.formats

here = os.path.dirname(os.path.abspath(__file__))

if not getattr(config, "cosmati_build_root", None):
    # Started on the source tree: the build's site configuration knows the paths, and loads this
    # file again.
    build = lit_config.params.get("build", os.path.join(os.path.dirname(here), "build"))
    site = os.path.join(build, "test", "lit.site.cfg.py")
    if not os.path.exists(site):
        lit_config.fatal(f"{site} does not exist: configure the build, or say --param build=FOLDER")
    lit_config.load_config(config, site)
    raise SystemExit  # lit takes this as the end of the file

config.name = "cosmati"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["unit", "conformance", "python", "kernels", "Inputs"]
config.test_source_root = here
config.test_exec_root = os.path.join(config.cosmati_build_root, "test")


def find_ptxas():
    """The assembler that CMake found, else one on the PATH, else that of an nvidia-* package."""
    if config.ptxas and os.access(config.ptxas, os.X_OK):
        return config.ptxas
    found = shutil.which("ptxas")
    if found:
        return found
    for folder in sys.path:
        for package in ("cu13", "cuda_nvcc"):
            candidate = os.path.join(folder, "nvidia", package, "bin", "ptxas")
            if os.path.exists(candidate):
                return candidate
    return None


for tool in (
    "cosmati-opt",
    "cosmati-compile",
    "ptxvm-run",
    "cosmati-ptx-tblgen",
    "cosmati-mma-tblgen",
):
    path = os.path.join(config.cosmati_tools, tool)
    if os.path.exists(path):
        config.available_features.add(tool)
    # A missing tool fails the tests that need it, with the shell's message naming it.
    config.substitutions.append((rf"(?<![\w./-]){tool}(?![\w./-])", path))
for tool in ("FileCheck", "not", "count", "split-file"):
    config.substitutions.append(
        (rf"(?<![\w./-]){tool}(?![\w./-])", os.path.join(config.llvm_tools, tool))
    )

ptxas = find_ptxas()
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append((r"%ptxas", ptxas))
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --dump-input-filter=error"
