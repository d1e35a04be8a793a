"""Results of tuning runs on disk: one JSON file for each kernel, key and device.

    FOLDER/<64 hex digits>.json    {"checksum": ..., "content": {...}}, mode 0600
    FOLDER/<64 hex digits>.lock    exists while a process tunes that key
    FOLDER/tmp-<host>-<pid>-<n>    a file that is being written

A file appears by one rename, so a reader sees a whole one or none; the checksum covers the digest
and the content. What can't be read, is damaged or belongs to someone else is a miss with a warning.
Without a usable folder every read is a miss and every write does nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import stat
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORMAT = 1
_MOST_FILES = 8192  # a file is about 2 KiB; the oldest leave first
_LOCK_SECONDS = 120.0
_numbers = itertools.count()


def digest_of(parts: list[str]) -> str:
    """Name of the file for a key's parts."""
    hasher = hashlib.blake2b(digest_size=32)
    for part in parts:
        data = part.encode()
        hasher.update(f"{len(data)}:".encode() + data)
    return hasher.hexdigest()


def _checksum(digest: str, content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(f"{FORMAT}:{digest}:{text}".encode(), digest_size=16).hexdigest()


def _warn(path: Path, problem: str) -> None:
    warnings.warn(f"the tuning result {path} is not used: {problem}", RuntimeWarning, stacklevel=4)


class ResultStore:
    """The files in one folder; see the module."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def path(self, digest: str) -> Path:
        return self.folder / f"{digest}.json"

    def read(self, digest: str) -> dict[str, Any] | None:
        """The content of a file; None if there is none that can be used."""
        path = self.path(digest)
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            _warn(path, f"it can't be opened ({error.strerror})")
            return None
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
                _warn(path, "it is no regular file of this user")
                return None
            try:
                text = file.read()
            except OSError as error:
                _warn(path, f"it can't be read ({error.strerror})")
                return None
        try:
            whole = json.loads(text)
            content = whole["content"]
            if whole["checksum"] != _checksum(digest, content) or not isinstance(content, dict):
                raise ValueError("its checksum doesn't match")
            return content
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            _warn(path, f"it is damaged ({error})")
            return None

    def write(self, digest: str, content: dict[str, Any]) -> bool:
        """True when the file is there afterwards."""
        name = f"tmp-{platform.node()}-{os.getpid()}-{next(_numbers)}"
        temporary = self.folder / name
        whole = {"checksum": _checksum(digest, content), "content": content}
        try:
            self._make_folder()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(whole, file, indent=1)
                os.replace(temporary, self.path(digest))
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            self._bound()
        except OSError:
            return False
        return True

    def _make_folder(self) -> None:
        """The user's own, as is the folder of the kernels that it lies in."""
        if not self.folder.is_dir():
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)

    def _bound(self) -> None:
        """Removes the oldest results beyond the bound, and temporaries that writers left."""
        now = time.time()
        files = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                modified = entry.stat(follow_symlinks=False).st_mtime
                if entry.name.startswith("tmp-") and now - modified > 3600:
                    Path(entry.path).unlink(missing_ok=True)
                elif entry.name.endswith(".json"):
                    files.append((modified, entry.path))
        for _, path in sorted(files)[: max(len(files) - _MOST_FILES, 0)]:
            Path(path).unlink(missing_ok=True)

    @contextmanager
    def lock(self, digest: str, seconds: float = _LOCK_SECONDS) -> Iterator[bool]:
        """Waits for the sole right to tune a key; gives whether it was got.

        Not got after ``seconds``, or where the folder can't hold a lock: then both tune, and
        nothing but time is lost. The right ends with the process that holds it.
        """
        descriptor = self._lock(self.folder / f"{digest}.lock", seconds)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                # Removed while it is held: who waits for it sees that its file is gone.
                (self.folder / f"{digest}.lock").unlink(missing_ok=True)
                os.close(descriptor)

    def _lock(self, path: Path, seconds: float) -> int | None:
        try:
            import fcntl
        except ImportError:
            return None
        end = time.monotonic() + seconds
        while True:
            try:
                self._make_folder()
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                return None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                    return descriptor
                os.close(descriptor)
                continue
            except BlockingIOError:
                os.close(descriptor)
            except FileNotFoundError:
                os.close(descriptor)
                continue
            except OSError:
                os.close(descriptor)
                return None
            except BaseException:
                os.close(descriptor)
                raise
            if time.monotonic() > end:
                return None
            time.sleep(0.02)


def result_store() -> ResultStore | None:
    """The store beside the kernels of the disk cache; None where that is off."""
    from cosmati.runtime.session import cache_folder

    folder = cache_folder()
    return ResultStore(Path(folder) / "tuning") if folder else None
