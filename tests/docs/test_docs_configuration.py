"""docs/configuration.md and config.py say the same."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from pytest_selfheal.config import _ALLOWED
from pytest_selfheal.config import Policy
from pytest_selfheal.config import read_policy
from pytest_selfheal.model.value import Value

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = {
    key: (default, unit, meaning)
    for key, default, unit, meaning in re.findall(
        r"^\| `([^`]+)` \| `([^`]+)` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE
    )
}


def settings(value, prefix=""):
    """Return every setting by its dotted key, with its default."""
    found = {}
    for item in fields(value):
        default = getattr(value, item.name)
        if isinstance(default, Value):
            found.update(settings(default, f"{prefix}{item.name}."))
        else:
            found[prefix + item.name] = default
    return found


def test_every_key_is_documented_and_no_other():
    """The page lists exactly the keys that exist, in the same order."""
    assert list(ROWS) == list(settings(Policy()))


@pytest.mark.parametrize(("key", "default"), settings(Policy()).items())
def test_the_documented_default_is_the_real_one(key, default):
    """The default in the table is the value in the code."""
    documented = json.loads(ROWS[key][0])
    assert documented == (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize("key", sorted(_ALLOWED))
def test_every_allowed_word_is_documented(key):
    """A key that takes one of a few words names them all."""
    row = ROWS.get(key) or ROWS[f"gate.{key}"]
    assert set(re.findall(r"`(\w+)`", row[1])) == set(_ALLOWED[key])


@pytest.mark.parametrize("key", [key for key in settings(Policy()) if key.endswith("_s") or ".avg_duration_s." in key])
def test_durations_are_given_in_seconds(key):
    """A key ending in _s has seconds as its unit."""
    assert ROWS[key][1] == "seconds"


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_the_examples_are_accepted(tmp_path, block):
    """Every TOML example of the page is a valid configuration."""
    (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
    assert isinstance(read_policy(tmp_path / "pyproject.toml", {}), Policy)


def test_the_example_changes_the_policy(tmp_path):
    """The first example sets what it says."""
    block = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
    (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
    policy = read_policy(tmp_path / "pyproject.toml", {})
    assert (policy.mode, policy.edit_roots, policy.gate.failure_rate.critical) == ("suggest", ("src",), 0.40)
