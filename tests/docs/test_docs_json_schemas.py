"""docs/json-schemas.md and the records say the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import Health
from pytest_selfheal.model import Metric
from pytest_selfheal.model import Pattern
from pytest_selfheal.model import RuleResult
from pytest_selfheal.model import Verdict
from pytest_selfheal.model.observing import Attempt

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "json-schemas.md").read_text(encoding="utf-8")


def documented(heading):
    """Return the fields in the table that follows a heading or line."""
    table = re.search(r"^\| field .*?(?:\n\n|\Z)", PAGE[PAGE.index(heading) :], re.DOTALL | re.MULTILINE)
    return re.findall(r"^\| `(\w+)` \|", table.group(), re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("## `selfheal-failures/1`", FailureRecord),
        ("## `selfheal-patterns/1`", Pattern),
        ("## `selfheal-health/1`", Health),
        ("Each metric:", Metric),
        ("Each rule:", RuleResult),
    ],
    ids=["failures", "patterns", "health", "metric", "rule"],
)
def test_the_documented_fields_are_the_fields_of_the_record(heading, record):
    """The table of a schema lists exactly the fields of what is printed."""
    assert sorted(documented(heading)) == sorted(item.name for item in fields(record))


def test_the_fields_of_an_attempt_are_documented():
    """The row of `attempts` names the fields of each entry."""
    row = re.search(r"^\| `attempts` .*$", PAGE, re.MULTILINE).group()
    assert re.findall(r"`(\w+)`", row)[1:] == [item.name for item in fields(Attempt)]


def test_the_fields_of_a_verdict_are_documented():
    """With the exit status, which is the command's."""
    assert sorted(documented("## `selfheal-gate/1`")) == sorted(["exit_status", *(f.name for f in fields(Verdict))])
