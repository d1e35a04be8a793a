"""Cache managers: where compiled kernels go when a program brings a cache of its own.

Without one, kernels lie in the disk cache: one checksummed file each. A class that
``cosmati.knobs.cache.manager_class`` (COSMATI_CACHE_MANAGER=module:Class) names takes its
place: for each variant an object of it is made with the variant's key, and is asked for, or given,
the group of files ``NAME.json``, which holds

- ``NAME.image``: the kernel as a whole, what is loaded again;
- ``NAME.ptx``, ``NAME.cubin``: for other readers, unless ``compilation.store_binary_only``;
- ``NAME.json``: the metadata, with a hash of the image. An image with another hash is a miss.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
import warnings
from abc import ABC, abstractmethod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cosmati import knobs, settings
from cosmati.errors import CosmatiError


class CacheManager(ABC):
    """Files of one key. ``dump`` and ``override`` choose other places than the cache's own."""

    def __init__(self, key: str, override: bool = False, dump: bool = False) -> None:
        self.key = key

    @abstractmethod
    def get_file(self, filename: str) -> str | None:
        """Path of a file; None if there is none."""

    @abstractmethod
    def put(self, data: Any, filename: str, binary: bool = True) -> str:
        """Keeps bytes or a text; gives the path."""

    @abstractmethod
    def get_group(self, filename: str) -> dict[str, str] | None:
        """Name -> path of the files of a group; None unless all are there."""

    @abstractmethod
    def put_group(self, filename: str, group: dict[str, str]) -> str:
        """Keeps a group, whose files were put before."""


class FileCacheManager(CacheManager):
    """A folder for each key, below ``cache.dir``, ``cache.dump_dir`` or ``cache.override_dir``."""

    def __init__(self, key: str, override: bool = False, dump: bool = False) -> None:
        super().__init__(key, override, dump)
        self.lock_path: str | None = None
        root = (
            knobs.cache.dump_dir if dump
            else knobs.cache.override_dir if override
            # A program that brings its own files means its own folder.
            else knobs.cache.dir or settings.triton_variable("TRITON_CACHE_DIR")
        )  # fmt: skip
        if not root:
            raise CosmatiError(
                "a file cache manager needs a folder, but the cache is off: set cosmati.knobs."
                "cache.dir or COSMATI_CACHE_DIR"
            )
        self.cache_dir = os.path.join(os.path.expanduser(root), key)
        if not override:
            os.makedirs(self.cache_dir, mode=0o700, exist_ok=True)
            self.lock_path = os.path.join(self.cache_dir, "lock")

    def _make_path(self, filename: str) -> str:
        return os.path.join(self.cache_dir, filename)

    def has_file(self, filename: str) -> bool:
        return os.path.exists(self._make_path(filename))

    def get_file(self, filename: str) -> str | None:
        return self._make_path(filename) if self.has_file(filename) else None

    def put(self, data: Any, filename: str, binary: bool = True) -> str:
        content = data if isinstance(data, (bytes, bytearray)) else str(data).encode()
        path = self._make_path(filename)
        # Readers see the old file or the new one, never a part.
        handle, temporary = tempfile.mkstemp(dir=self.cache_dir, prefix=".put-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        return path

    def get_group(self, filename: str) -> dict[str, str] | None:
        path = self.get_file(f"__grp__{filename}")
        if path is None:
            return None
        try:
            names = json.loads(Path(path).read_text())["files"]
            found = {str(name): self.get_file(str(name)) for name in names}
        except (OSError, ValueError, KeyError, TypeError):
            return None
        present = {name: path for name, path in found.items() if path is not None}
        return present if len(present) == len(found) else None

    def put_group(self, filename: str, group: dict[str, str]) -> str:
        # Names alone: the folder may be moved.
        return self.put(json.dumps({"files": sorted(group)}), f"__grp__{filename}", binary=False)


class RemoteCacheBackend(ABC):
    """A store of bytes that machines share: ``get`` and ``put`` by file name, for one key."""

    def __init__(self, key: str) -> None:
        self.key = key

    @abstractmethod
    def get(self, filenames: list[str]) -> dict[str, bytes]:
        """What of these there is."""

    @abstractmethod
    def put(self, filename: str, data: bytes) -> Any:
        """Keeps a file."""


class RedisRemoteCacheBackend(RemoteCacheBackend):
    """Keeps files in a Redis server: ``knobs.redis``. Needs the package redis."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        try:
            import redis  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise CosmatiError(
                "RedisRemoteCacheBackend needs the package redis: pip install redis"
            ) from None
        self._redis = redis.Redis(host=knobs.redis.host, port=knobs.redis.port)

    def _name(self, filename: str) -> str:
        return str(knobs.redis.key_format).format(key=self.key, filename=filename)

    def get(self, filenames: list[str]) -> dict[str, bytes]:
        values = self._redis.mget([self._name(name) for name in filenames])
        found = zip(filenames, values, strict=True)
        return {name: value for name, value in found if value is not None}

    def put(self, filename: str, data: bytes) -> Any:
        return self._redis.set(self._name(filename), data)


class RemoteCacheManager(CacheManager):
    """Files of a RemoteCacheBackend (``cache.remote_manager_class``), copied to a folder here."""

    def __init__(self, key: str, override: bool = False, dump: bool = False) -> None:
        super().__init__(key, override, dump)
        self._files = FileCacheManager(key, override, dump)
        backend = knobs.cache.remote_manager_class
        if backend is None and not (override or dump):
            raise CosmatiError(
                "RemoteCacheManager needs a backend: set cosmati.knobs.cache.remote_manager_class "
                "or COSMATI_REMOTE_CACHE_BACKEND=module:Class"
            )
        self._backend = None if override or dump else backend(key)

    def get_file(self, filename: str) -> str | None:
        if self._backend is None:
            return self._files.get_file(filename)
        found = self._backend.get([filename])
        return self._files.put(found[filename], filename) if filename in found else None

    def put(self, data: Any, filename: str, binary: bool = True) -> str:
        content = data if isinstance(data, (bytes, bytearray)) else str(data).encode()
        if self._backend is not None:
            self._backend.put(filename, bytes(content))
        return self._files.put(content, filename)

    def get_group(self, filename: str) -> dict[str, str] | None:
        if self._backend is None:
            return self._files.get_group(filename)
        if self.get_file(f"__grp__{filename}") is None:
            return None
        names = json.loads(Path(self._files._make_path(f"__grp__{filename}")).read_text())["files"]
        found = self._backend.get(names)
        if len(found) != len(names):
            return None
        return {name: self._files.put(data, name) for name, data in found.items()}

    def put_group(self, filename: str, group: dict[str, str]) -> str:
        return self.put(json.dumps({"files": sorted(group)}), f"__grp__{filename}", binary=False)


def _base32(key: str) -> str:
    """A hash in hexadecimal digits as a name for a folder."""
    return base64.b32encode(bytes.fromhex(key)).decode().rstrip("=")


def _manager_class() -> type[CacheManager]:
    return knobs.cache.manager_class or FileCacheManager


def get_cache_manager(key: str) -> CacheManager:
    """The manager for a hash in hexadecimal digits: ``cache.manager_class``, else files.

    Examples
    --------
    >>> get_cache_manager("a1b2").put(b"...", "kernel.ptx")  # doctest: +SKIP
    '/home/me/.cosmati/cache/UGZA/kernel.ptx'
    """
    return _manager_class()(_base32(key))


def get_dump_manager(key: str) -> CacheManager:
    """The manager of the folder that ``compilation.dump_ir`` writes for a source's hash.

    Examples
    --------
    >>> get_dump_manager("a1b2").put(b"...", "kernel.ptx")  # doctest: +SKIP
    '/home/me/.cosmati/dump/UGZA/kernel.ptx'
    """
    return _manager_class()(_base32(key), dump=True)


def get_override_manager(key: str) -> CacheManager:
    """The manager of the folder that ``compilation.override`` reads for a source's hash.

    Examples
    --------
    >>> get_override_manager("a1b2").get_file("kernel.ptx") is None
    True
    """
    return _manager_class()(_base32(key), override=True)


def get_cache_key(src: Any, backend: Any, backend_options: Any, env_vars: Any = None) -> str:
    """A text that differs where source, options or versions do.

    Examples
    --------
    >>> source = cosmati.compiler.IRSource("kernel.ptx")  # doctest: +SKIP
    >>> get_cache_key(source, make_backend(target), {})  # doctest: +SKIP
    '...'
    """
    return f"{src.hash()}-{backend.hash()}-{backend_options}"


def triton_key() -> str:
    """What compiled code depends on beside its source; torch asks for it under this name.

    Examples
    --------
    >>> triton_key().splitlines()[0] == f"cosmati {cosmati.__version__}"
    True
    """
    from cosmati.runtime.session import session

    return str(session().versions)


class ManagedEntry:
    """One variant in a program's own cache."""

    def __init__(self, front_key: str, options: dict[str, str], name: str) -> None:
        from cosmati.runtime.session import session

        text = json.dumps([front_key, sorted(options.items()), session().versions])
        self.hash = hashlib.sha256(text.encode()).hexdigest()
        self.name = name[:150]
        self.manager = get_cache_manager(self.hash)
        self.group: dict[str, str] = {}

    def get(self) -> Any:
        """The kernel, in the form of a compilation's outcome; None for a miss."""
        from cosmati import _core

        group = self.manager.get_group(f"{self.name}.json")
        if not group or f"{self.name}.image" not in group or f"{self.name}.json" not in group:
            return None
        try:
            data = Path(group[f"{self.name}.image"]).read_bytes()
            facts = json.loads(Path(group[f"{self.name}.json"]).read_text())
            if facts["image_sha256"] != hashlib.sha256(data).hexdigest():
                raise ValueError("the image is not the one that was stored")
            image = _core.KernelImage.deserialize(data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            warnings.warn(
                f"an entry of {type(self.manager).__name__} for {self.name} is not usable: "
                f"{error}; the kernel is compiled again",
                RuntimeWarning,
                stacklevel=2,
            )
            return None
        self.group = group
        return SimpleNamespace(image=image, key=facts["hash"], origin="disk", times={}, remarks=[])

    def put(self, outcome: Any) -> None:
        """Hands a compiled kernel over."""
        image = outcome.image
        data = image.serialize()
        files: dict[str, Any] = {"image": data}
        if not knobs.compilation.store_binary_only:
            files["ptx"] = image.ptx
        if image.cubin:
            files["cubin"] = image.cubin
        facts = {
            "name": image.entry, "hash": outcome.key, "target": image.target,
            "num_warps": image.num_warps, "num_stages": image.num_stages,
            "shared": image.shared_bytes, "image_sha256": hashlib.sha256(data).hexdigest(),
        }  # fmt: skip
        files["json"] = json.dumps(facts)
        for ending, content in files.items():
            name = f"{self.name}.{ending}"
            self.group[name] = self.manager.put(content, name, binary=isinstance(content, bytes))
        self.manager.put_group(f"{self.name}.json", self.group)
