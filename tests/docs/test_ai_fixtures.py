"""The guide on AI-backed fixtures: its example is run as it stands there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

import pytest_selfheal

FILE = re.compile(r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ pytest (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def guide(pytestconfig):
    """The text of the guide."""
    return (pytestconfig.rootpath / "docs" / "ai-fixtures.md").read_text("utf-8")


def test_the_example_does_what_the_guide_shows(guide, tmp_path):
    """Its three files, and the output of its command, times aside."""
    assert find_spec("openai")
    for name, text in FILE.findall(guide):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    ((options, expected),) = CONSOLE.findall(guide)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    shown, printed = (re.sub(r"\d+\.\d+s", "N s", text).strip() for text in (expected, done.stdout))
    assert printed == shown, done.stdout


def test_every_name_the_guide_imports_exists(guide):
    """From the package itself, and loaded lazily."""
    names = re.search(r"^from pytest_selfheal import (.+, .+)$", guide, re.MULTILINE)[1].split(", ")
    assert set(names) <= set(pytest_selfheal.__all__)
    assert len(names) >= 6


@pytest.mark.parametrize("name", ["guard", "timeout_after", "retry_with_backoff", "split_on_timeout", "CircuitBreaker"])
def test_the_options_the_guide_names_exist(guide, name):
    """In the list of the parts."""
    written = re.search(rf"^- `{name}\(([^)]*)\)`", guide, re.MULTILINE)[1]
    given = {part.partition("=")[0].strip() for part in written.split(",")} - {"*", "name"}
    assert given <= set(inspect.signature(getattr(pytest_selfheal, name)).parameters)
