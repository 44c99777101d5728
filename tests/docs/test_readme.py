"""The README's story, lived: its commands are run on a copy of the example, its output is what really comes out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"pytest": ["pytest"], "selfheal": ["pytest_selfheal.cli"]}


def _masked(line):
    """Take out what differs from run to run: times, waits, hashes, widths."""
    line = re.sub(r"\d+\.\d+ ?s\b", "N s", line)
    line = re.sub(r"\b\d{8}T\d{6}Z-[0-9a-f]{8}\b", "RUN", line)
    line = re.sub(r"\b[0-9a-f]{10,12}\b", "HASH", line)
    return re.sub(r"\s+", " ", line.replace("=", "")).strip()


@pytest.fixture
def parcels(tmp_path, pytestconfig):
    """A copy of the example project, committed."""
    target = tmp_path / "parceldesk"
    shutil.copytree(pytestconfig.rootpath / "example_project", target, ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=target, check=True)
    return target


def test_the_console_blocks_show_what_really_happens(parcels, pytestconfig):
    """Each line printed in the README is printed by its command; the third run is the one that writes the test."""
    blocks = CONSOLE.findall((pytestconfig.rootpath / "README.md").read_text("utf-8"))
    assert len(blocks) == 3
    env = {**os.environ, "COLUMNS": "80", "SELFHEAL_TRUST": "local", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(line):
        program, *arguments = line.removeprefix("$ ").split()
        command = [sys.executable, "-m", *PROGRAMS[program], *arguments]
        done = subprocess.run(command, cwd=parcels, env=env, capture_output=True, text=True, timeout=120, check=False)
        return {_masked(text) for text in done.stdout.splitlines()}

    for number, block in enumerate(blocks):
        command, *expected = block.splitlines()
        if number == 1:
            run(command)  # the second run, of which the README only says that it takes place
        printed = run(command)
        missing = [line for line in expected if _masked(line) not in printed]
        assert missing == [], sorted(printed)


def test_the_quick_start_commands_exist(pytestconfig):
    """Every `selfheal` command the README names is one that the parser knows."""
    text = (pytestconfig.rootpath / "README.md").read_text("utf-8")
    named = set(re.findall(r"\bselfheal (review \w+|store \w+|undo|gate|failures|patterns|health)", text))
    assert len(named) >= 6
    for words in named:
        command = [sys.executable, "-m", "pytest_selfheal.cli", *words.split(), "--help"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
