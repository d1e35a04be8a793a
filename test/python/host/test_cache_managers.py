"""Caches that programs bring: CacheManager and its kin."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cosmati
import numpy as np
import pytest
from cosmati import knobs
from cosmati.runtime.cache import (
    CacheManager,
    FileCacheManager,
    RemoteCacheBackend,
    RemoteCacheManager,
    get_cache_manager,
)

calls: list[tuple[str, ...]] = []


class Counting(FileCacheManager):
    """A subclass as libraries write them."""

    def get_group(self, filename):
        calls.append(("get_group", filename))
        return super().get_group(filename)

    def put(self, data, filename, binary=True):
        calls.append(("put", filename))
        return super().put(data, filename, binary=binary)


class Shelf(RemoteCacheBackend):
    """A store that all keys of the process share."""

    files: dict[tuple[str, str], bytes] = {}  # noqa: RUF012

    def get(self, filenames):
        return {n: self.files[self.key, n] for n in filenames if (self.key, n) in self.files}

    def put(self, filename, data):
        self.files[self.key, filename] = data


class WithFoldersOfItsOwn(FileCacheManager):
    """As a library has it that works around a race: it writes below ``cache_dir`` by itself."""

    def put(self, data, filename, binary=True):
        assert self.cache_dir and self.lock_path
        folder = Path(self.cache_dir) / "tmp.own"
        folder.mkdir(parents=True, exist_ok=True)
        content = data if isinstance(data, bytes) else str(data).encode()
        (folder / filename).write_bytes(content)
        os.replace(folder / filename, self._make_path(filename))
        folder.rmdir()
        return self._make_path(filename)


def launch(kernel, x):
    out = np.zeros_like(x)
    made = kernel[(2,)](x, out, 200, 2.0)
    np.testing.assert_array_equal(out, 2 * x)
    return made


def test_a_named_class_is_given_what_is_compiled_and_asked_for_it(kernel, x, tmp_path):
    calls.clear()
    knobs.cache.manager_class = Counting
    made = launch(kernel, x)
    assert made.origin == "compiled" and calls[0] == ("get_group", "scale.json")
    stored = {name for what, name in calls if what == "put"}
    assert {"scale.image", "scale.ptx", "scale.json", "__grp__scale.json"} <= stored
    calls.clear()
    kernel.clear()
    again = launch(kernel, x)
    assert again.origin == "disk" and again.hash == made.hash
    assert calls == [("get_group", "scale.json")]
    assert again.metadata_group["scale.json"].startswith(str(tmp_path / "cache"))


def test_subclasses_may_write_by_themselves(kernel, x):
    knobs.cache.manager_class = WithFoldersOfItsOwn
    launch(kernel, x)
    kernel.clear()
    assert launch(kernel, x).origin == "disk"


def test_a_variable_names_the_class(kernel, x, monkeypatch, tmp_path):
    (tmp_path / "my_cache.py").write_text(
        "from cosmati.runtime.cache import FileCacheManager\n"
        "class Mine(FileCacheManager): used = []\n"
        "class Other: pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COSMATI_CACHE_MANAGER", "my_cache:Mine")
    assert knobs.cache.manager_class.__name__ == "Mine"
    launch(kernel, x)
    kernel.clear()
    assert launch(kernel, x).origin == "disk"
    monkeypatch.setenv("COSMATI_CACHE_MANAGER", "my_cache:Other")
    with pytest.raises(ValueError, match="no subclass of CacheManager"):
        _ = knobs.cache.manager_class


def test_an_image_that_is_not_the_one_that_was_stored_is_a_miss(kernel, x):
    knobs.cache.manager_class = FileCacheManager
    made = launch(kernel, x)
    assert made.origin == "compiled"
    (image,) = Path(knobs.cache.dir).rglob("scale.image")
    data = bytearray(image.read_bytes())
    data[len(data) // 2] ^= 1
    image.write_bytes(data)
    kernel.clear()
    with pytest.warns(RuntimeWarning, match="FileCacheManager for scale is not usable"):
        assert launch(kernel, x).origin == "compiled"
    kernel.clear()
    assert launch(kernel, x).origin == "disk"


def test_binaries_alone_are_stored_on_demand(kernel, x):
    calls.clear()
    knobs.cache.manager_class = Counting
    knobs.compilation.store_binary_only = True
    launch(kernel, x)
    assert ("put", "scale.ptx") not in calls and ("put", "scale.image") in calls


def test_a_remote_backend_serves_other_machines(kernel, x, tmp_path):
    Shelf.files.clear()
    knobs.cache.manager_class = RemoteCacheManager
    with pytest.raises(cosmati.CosmatiError, match="needs a backend"):
        launch(kernel, x)
    knobs.cache.remote_manager_class = Shelf
    assert launch(kernel, x).origin == "compiled"
    kernel.clear()
    knobs.cache.dir = str(tmp_path / "another machine")
    assert launch(kernel, x).origin == "disk"


def test_file_managers_keep_files_and_groups(tmp_path):
    manager = get_cache_manager("00ff")
    assert isinstance(manager, FileCacheManager) and isinstance(manager, CacheManager)
    assert Path(manager.cache_dir).name == "AD7Q"
    assert manager.get_file("a") is None and manager.get_group("a.json") is None
    path = manager.put("text", "a.json", binary=False)
    assert Path(path).read_text() == "text" and manager.get_file("a.json") == path
    manager.put_group("a.json", {"a.json": path})
    assert manager.get_group("a.json") == {"a.json": path}
    Path(path).unlink()
    assert manager.get_group("a.json") is None
    (Path(manager.cache_dir) / "__grp__a.json").write_text("{")
    assert manager.get_group("a.json") is None
    assert json.dumps(sorted(p.name for p in Path(manager.cache_dir).iterdir())) == (
        '["__grp__a.json"]'
    )
    knobs.cache.dir = ""
    with pytest.raises(cosmati.CosmatiError, match="needs a folder, but the cache is off"):
        get_cache_manager("00ff")


def test_redis_says_what_it_needs():
    from cosmati.runtime.cache import RedisRemoteCacheBackend

    try:
        import redis  # noqa: F401
    except ImportError:
        with pytest.raises(cosmati.CosmatiError, match="pip install redis"):
            RedisRemoteCacheBackend("key")
