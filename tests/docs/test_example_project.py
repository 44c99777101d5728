"""example_project has exactly the troubles that its README describes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_selfheal.config import read_policy

PROJECT = Path(__file__).resolve().parents[2] / "example_project"


@pytest.fixture
def project(tmp_path):
    """Return a copy of the example project; it is never run in place."""
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".selfheal")
    return Path(shutil.copytree(PROJECT, tmp_path / "parceldesk", ignore=ignored))


def run_pytest(folder, *arguments):
    """Run pytest in a folder without the plugin and return its summary lines."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SELFHEAL_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:selfheal", "-q", "-rfE", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False).stdout


def test_a_plain_run_is_red_as_the_readme_says(project):
    """Without the plugin every planted trouble shows, and nothing else fails."""
    output = run_pytest(project)
    assert sorted(re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)) == [
        "tests/test_labels.py::test_a_parcel_can_be_labelled_before_it_is_weighed",
        "tests/test_quotes.py::test_a_light_parcel_costs_the_lowest_price",
        "tests/test_quotes.py::test_sending_abroad_costs_more",
        "tests/test_summaries.py::test_a_delay_notice_names_the_parcel_and_the_place",
        "tests/test_tracking.py::test_a_parcel_on_its_way_is_in_transit",
    ]
    assert "9 passed, 4 failed and 1 error" in (project / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert "4 failed, 9 passed, 1 error" in output


@pytest.mark.parametrize(
    ("test", "error"),
    [
        ("test_tracking.py", "ConnectionResetError"),
        ("test_summaries.py", "HTTP Error 503"),
        ("test_quotes.py", "NameError: name 'Decimal' is not defined"),
        ("test_labels.py", "TypeError: unsupported operand"),
    ],
)
def test_each_trouble_shows_alone(project, test, error):
    """A test file that runs alone has the same trouble: nothing depends on the order of tests."""
    assert error in run_pytest(project, f"tests/{test}")


def test_its_settings_are_valid():
    """The [tool.selfheal] table of the example is accepted."""
    assert read_policy(PROJECT / "pyproject.toml", {}).edit_roots == ("src",)
