"""Compiling is a function: of the source and the options, not of threads, processes or memory."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sample_kernels import SAMPLES

HERE = Path(__file__).resolve().parent


def fresh_image(name: str, folder: Path, **options: object) -> bytes:
    """Compiled anew: options that dump go past all caches."""
    compiled = SAMPLES[name](dump_ir=str(folder), assemble=False, **options)
    assert compiled.origin == "compiled"
    return compiled.image.serialize()


def test_compiling_twice_gives_the_same_image(tmp_path: Path) -> None:
    for name in SAMPLES:
        images = {fresh_image(name, tmp_path / str(i)) for i in range(2)}
        assert len(images) == 1, name


def test_threads_that_compile_at_once_get_the_same_images(tmp_path: Path) -> None:
    names = list(SAMPLES)
    alone = {name: fresh_image(name, tmp_path / "alone") for name in names}
    threads, problems = 4, []
    start = threading.Barrier(threads)

    def work(number: int) -> None:
        try:
            start.wait(60)
            # Each begins elsewhere: the same kernel and different ones are under way together.
            for name in names[number:] + names[:number]:
                if fresh_image(name, tmp_path / f"thread{number}") != alone[name]:
                    problems.append(f"thread {number}: {name} differs")
        except Exception as error:
            problems.append(f"thread {number}: {error!r}")

    running = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert problems == []


DIGESTS = """
import hashlib, json, sys
from sample_kernels import SAMPLES

result = {}
for name, make in SAMPLES.items():
    for target in ("sm_80", "sm_90a"):
        compiled = make(target=target, assemble=False)
        assert compiled.origin == "compiled", compiled.origin
        for kind, data in (("ptx", compiled.image.ptx.encode()),
                           ("image", compiled.image.serialize())):
            result[f"{name} {target} {kind}"] = hashlib.sha256(data).hexdigest()
print(json.dumps(result))
"""


def digests(folder: Path, hash_seed: str) -> dict[str, str]:
    environment = {
        **os.environ, "COSMATI_CACHE_DIR": str(folder), "PYTHONHASHSEED": hash_seed,
        "COSMATI_DEVICE": "vm", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS], capture_output=True, text=True, env=environment,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_processes_make_the_same_bytes(tmp_path: Path) -> None:
    first = digests(tmp_path / "a", "1")
    second = digests(tmp_path / "b", "2")
    assert len(first) == 4 * len(SAMPLES)
    assert first == second


def test_the_assembler_gets_and_gives_the_same_bytes(tmp_path: Path) -> None:
    cubins = set()
    for i in range(2):
        compiled = SAMPLES["vector add"](dump_ir=str(tmp_path / str(i)), target="sm_80")
        if not compiled.image.cubin:
            pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
        cubins.add(hashlib.sha256(compiled.image.cubin).hexdigest())
    assert len(cubins) == 1
