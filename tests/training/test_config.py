"""Configurations: every shipped one parses, every mistake is named with its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mere.errors import ConfigError
from mere.training.config import load_config, shipped


@pytest.mark.parametrize("name", shipped())
def test_shipped_configurations_parse(name: str) -> None:
    assert load_config(name).stages


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sed = 3", "unknown field `sed`"),
        ("[model]\nhiden = 3", "unknown field `hiden` - at `$.model`"),
        ("[model]\nhidden = 'wide'", "Expected `int`, got `str` - at `$.model.hidden`"),
        ("[[stages]]\nepochs = 0", "'epochs' must be above 0"),
        ("[[stages]]\ntrain = ['nose']", "stages[0].train[0]"),
        ("stages = []", "'stages' must hold at least one stage"),
        ("seed = ", "not valid TOML"),
        ("model = 3", "Expected `object`, got `int` - at `$.model`"),
        ("stages = [1]", "at `$.stages[0]`"),
        ("extends = 'mere'\nstages = [1]", "at `$.stages[2]`"),
        ("extends = 'mere'\nmodel = 1", "at `$.model`"),
        ("extends = 3", "Expected `str`, got `int` - at `$.extends`"),
        ("[model]\nmax_tokens = 0", "at `$.model.max_tokens`"),
        ("[model]\nhidden = 8.0", "at `$.model.hidden`"),
        ("[[stages]]\nname = '../elsewhere'", "'name' must do for a folder"),
        ("[[stages]]\nname = 'model'", "'name' must do for a folder"),
        ("[[stages]]\n[[stages]]", "'stages' must have different names"),
    ],
)
def test_mistakes_are_named(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(str(path))
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_name_that_is_none_lists_those_that_are() -> None:
    with pytest.raises(ConfigError, match="multilingual"):
        load_config("multilinguall")


def test_files_that_are_no_configuration_are_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match=r"config.toml: not UTF-8"):
        load_config(str(path))
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(str(tmp_path))
    with pytest.raises(ConfigError, match="no such configuration"):
        load_config("a\0b")
