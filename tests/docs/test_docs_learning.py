"""The worked example of docs/learning.md, lived: its files are written, its commands run, its output comes out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from pytest_selfheal.learn.notation import lesson_of
from pytest_selfheal.model import LearnedPattern

BLOCK = re.compile(r"^```(python|console|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"pytest": ["pytest"], "selfheal": ["pytest_selfheal.cli"]}


def _masked(line):
    """Take out what differs from run to run: ids, the folder."""
    line = re.sub(r"\bp_[0-9a-f]{10}\b", "ID", line)
    line = re.sub(r"\((/[^)]*|[A-Za-z]:[^)]*)\)", "(PATH)", line)
    return re.sub(r"\s+", " ", line).strip()


@pytest.fixture
def page(pytestconfig):
    """The text of the page."""
    return (pytestconfig.rootpath / "docs" / "learning.md").read_text("utf-8")


def test_the_worked_example_comes_out_as_printed(page, tmp_path):
    """Red, repaired at one place by hand, learned, healed at the two others, green."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\n")
    env = {**os.environ, "COLUMNS": "80", "SELFHEAL_TRUST": "local", "PYTHONDONTWRITEBYTECODE": "1"}
    commands = 0
    for kind, text in BLOCK.findall(page[: page.index("## What is learned")]):
        first, _, rest = text.partition("\n")
        if kind == "python":
            path = tmp_path / first.removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rest, "utf-8")
            continue
        program, *arguments = first.removeprefix("$ ").split()
        command = [sys.executable, "-m", *PROGRAMS[program], *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
        printed = {_masked(line) for line in done.stdout.splitlines()}
        assert [line for line in rest.splitlines() if _masked(line) not in printed] == [], done.stdout
        commands += 1

    assert commands == 4


def test_the_pattern_written_by_hand_can_be_read(page):
    """The example is a pattern that the plugin takes, with an edit that is a template."""
    (text,) = (text for kind, text in BLOCK.findall(page) if kind == "json")
    pattern = LearnedPattern.from_dict(json.loads(text))

    assert lesson_of(pattern).ladders
