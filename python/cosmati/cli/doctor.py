"""``cosmati doctor``: what was found where, and the fix for what is missing."""

from __future__ import annotations

import argparse
import platform
from typing import Any

from cosmati import _core


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("doctor", help="show what was found, and how to get the rest")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    from cosmati import __version__
    from cosmati.runtime.session import cache_folder, toolchain

    print(f"cosmati {__version__}, Python {platform.python_version()}, {platform.machine()}")
    tools = toolchain()
    for line in _core.compiler_versions(tools).splitlines():
        print(f"  {line}")
    print("\nCUDA's pieces (the virtual machine needs none of them):")
    for row in tools.report():
        _print_piece(row)
    print("\nDevices:")
    _print_devices(tools)
    folder = cache_folder()
    print(f"\nKernel cache: {folder or 'off (COSMATI_CACHE_DIR is empty)'}")
    return 0


def _print_piece(row: dict[str, Any]) -> None:
    if row["path"]:
        version = f" {row['version']}" if row["version"] else ""
        print(f"  found    {row['name']}{version}: {row['path']} ({row['origin']})")
        return
    print(f"  missing  {row['name']}: needed for {row['purpose']}")
    print(f"           fix: {row['remedy']}")


def _print_devices(tools: Any) -> None:
    count = _core.cuda_device_count(tools)
    for ordinal in range(count):
        properties = _core.cuda_device(tools, ordinal).properties
        memory = properties["global_bytes"] / 2**30
        print(
            f"  cuda:{ordinal}   {properties['name']}, {properties['target']}, {memory:.0f} GiB, "
            f"{properties['multiprocessor_count']} multiprocessors"
        )
    if not count:
        print("  no GPU found: kernels run on the virtual machine")
    print("  vm       PTX virtual machine")
