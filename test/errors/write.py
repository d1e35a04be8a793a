"""Writes docs/errors.md: ``PYTHONPATH=build/python python test/errors/write.py``."""

import os

os.environ.setdefault("COSMATI_CACHE_DIR", "")
os.environ.setdefault("COSMATI_DEVICE", "vm")

import all_cases  # noqa: E402, F401
import catalogue  # noqa: E402

if __name__ == "__main__":
    catalogue.PAGE.write_text(catalogue.page())
