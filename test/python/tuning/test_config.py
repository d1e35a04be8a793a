"""``cosmati.Config``: what it holds, how it compares and prints."""

from __future__ import annotations

import pickle

import pytest
from cosmati import Config


def hook(arguments):
    pass


def test_defaults_are_tritons():
    config = Config({"BLOCK": 64})
    assert (config.num_warps, config.num_stages, config.num_ctas) == (4, 3, 1)
    assert config.maxnreg is None and config.pre_hook is None and config.ir_override is None


def test_all_kwargs_leaves_out_what_is_not_set():
    assert Config({"BLOCK": 64}, num_warps=8).all_kwargs() == {
        "BLOCK": 64, "num_warps": 8, "num_ctas": 1, "num_stages": 3,
    }  # fmt: skip
    given = Config({}, maxnreg=128, ir_override="k.ptx").all_kwargs()
    assert given["maxnreg"] == 128 and given["ir_override"] == "k.ptx"


def test_equal_configurations_are_one_key_of_a_dict():
    assert Config({"A": 1}) == Config({"A": 1})
    assert len({Config({"A": 1}): 0, Config({"A": 1}): 1}) == 1
    for other in (Config({"A": 2}), Config({"A": 1}, num_warps=8), Config({"A": 1}, pre_hook=hook)):
        assert Config({"A": 1}) != other
    assert Config({}) != "num_warps: 4"


def test_text_names_every_choice():
    text = str(Config({"A": 1}, num_warps=2, maxnreg=64))
    assert text == "A: 1, num_warps: 2, num_ctas: 1, num_stages: 3, maxnreg: 64"


def test_pickles_and_reads_states_with_fewer_fields():
    assert pickle.loads(pickle.dumps(Config({"A": 1}, num_warps=2))) == Config(
        {"A": 1}, num_warps=2
    )
    old = Config.__new__(Config)
    old.__setstate__({"kwargs": {"A": 1}, "num_warps": 8})
    assert old == Config({"A": 1}, num_warps=8)


@pytest.mark.parametrize("position", range(7))
def test_parameters_may_be_given_by_position(position):
    names = ("kwargs", "num_warps", "num_stages", "num_ctas", "maxnreg", "pre_hook", "ir_override")
    values = ({"A": 1}, 8, 2, 1, 32, hook, "k.ptx")
    assert getattr(Config(*values), names[position]) == values[position]
