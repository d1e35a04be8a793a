"""Every name of Triton's contract is there, or is listed as missing with the reason."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from cosmati.compat import names

NAMES = json.loads((Path(__file__).parent / "triton_names.json").read_text())
CLASSES = {"triton.language.tensor", "triton.language.dtype"}


def owner(module):
    if module in CLASSES:
        parent, _, name = module.rpartition(".")
        return getattr(importlib.import_module(parent), name)
    return importlib.import_module(module)


@pytest.mark.parametrize("module", NAMES)
def test_a_name_is_there_or_its_absence_has_a_reason(triton, module):
    absent = names.ABSENT_NAMES.get(module, {})
    there = owner(module)
    missing = {name for name in NAMES[module] if not hasattr(there, name)}
    assert missing == set(absent) & set(NAMES[module])
    for name in missing:
        with pytest.raises(AttributeError, match="docs/compat.md"):
            getattr(there, name)


@pytest.mark.parametrize("module", names.MODULES)
def test_every_listed_module_is_imported(triton, module):
    assert importlib.import_module(module).__name__ == module


@pytest.mark.parametrize("module", names.ABSENT)
def test_an_absent_module_says_why(triton, module):
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module(module)
    assert names.ABSENT[module] in str(caught.value)
    assert "docs/compat.md" in str(caught.value)
