"""``cosmati cache``: looks after the kernels on disk."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cosmati import _core


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("cache", help="look after the kernels on disk")
    actions = parser.add_subparsers(dest="action", required=True)
    stat = actions.add_parser("stat", help="how much is in it")
    stat.set_defaults(execute=_stat)
    verify = actions.add_parser("verify", help="check every entry's checksum")
    verify.add_argument("--remove", action="store_true", help="remove bad entries")
    verify.set_defaults(execute=_verify)
    gc = actions.add_parser("gc", help="remove least recently used entries")
    gc.add_argument("--max-bytes", type=int, help="bound to shrink to (default: the cache's own)")
    gc.add_argument("--all", action="store_true", help="remove everything")
    gc.set_defaults(execute=_gc)


def _open() -> Any:
    from cosmati.errors import CosmatiError
    from cosmati.runtime.session import cache_folder, cache_limit

    folder = cache_folder()
    if not folder:
        raise CosmatiError("the disk cache is off: COSMATI_CACHE_DIR is empty")
    return _core.DiskCache(folder, cache_limit())


def _results() -> list[Path]:
    """The files of results of tuning."""
    from cosmati.tuning.store import result_store

    store = result_store()
    return sorted(store.folder.glob("*.json")) if store is not None else []


def _stat(options: argparse.Namespace) -> int:
    cache = _open()
    stats = cache.stats()
    print(f"{cache.root}: {stats['entries']} kernels, {stats['aliases']} keys, "
          f"{stats['bytes'] / 2**20:.1f} MiB")  # fmt: skip
    results = _results()
    if results:
        print(f"{len(results)} results of tuning")
    if not stats["writable"]:
        print("the folder is not writable: new kernels are not kept")
    if stats["temporaries"] or stats["locks"]:
        print(f"{stats['temporaries']} files being written, {stats['locks']} kernels compiled")
    return 0


def _verify(options: argparse.Namespace) -> int:
    report = _open().verify(remove_bad=options.remove)
    for line in report["bad"]:
        print(f"bad: {line}{' (removed)' if options.remove else ''}")
    for line in report["dangling"]:
        print(f"key without its kernel: {line}")
    print(f"{report['good']} good, {len(report['bad'])} bad")
    return 1 if report["bad"] and not options.remove else 0


def _gc(options: argparse.Namespace) -> int:
    cache = _open()
    freed = cache.clear() if options.all else cache.gc(options.max_bytes)
    for path in _results() if options.all else []:
        freed += path.stat().st_size
        path.unlink()
    print(f"freed {freed / 2**20:.1f} MiB")
    return 0
