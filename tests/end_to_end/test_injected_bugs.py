"""A bug put into a package that nobody here wrote becomes a regression test that its published source passes.

The source distribution comes from the package index through pip. Without a connection the test is skipped, except in
CI, where being skipped would prove nothing.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
PACKAGE = {"iniconfig==2.3.1": "src/iniconfig"}
RIGHT = 'raise ParseError(path, lineno, "no section header defined")'
WRONG = 'raise RuntimeError("no section header defined")'


@pytest.fixture
def bench(monkeypatch):
    """The measurement's own functions: what it counts is what is tested."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return runpy.run_path(str(BENCHMARKS / "injected_bugs.py"))


def test_the_wrong_exception_in_a_real_package_is_reproduced_with_the_one_its_test_expects(
    bench, tmp_path, monkeypatch
):
    """One self-contained file: it fails on the bug, is expected to with our option, and passes as published."""
    for name, value in bench["surroundings"](tmp_path).items():
        monkeypatch.setenv(name, value)
    found = next(bench["fetched"](PACKAGE, tmp_path), None)
    if found is None:
        message = "the source distribution cannot be had, or its tests fail here"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    package = found[1]
    package.import_from += f"{os.pathsep}{tmp_path}"
    path = package.folder / "src" / "iniconfig" / "_parse.py"
    original = path.read_text()
    path.write_text(original.replace(RIGHT, WRONG))
    result = bench["three_days"](package, path, original, "-k", "section")
    assert (dict(result.kinds), result.wrong, result.refused) == ({"contained": 1}, [], [])
    (text,) = result.texts.values()
    assert "with pytest.raises(iniconfig.exceptions.ParseError):" in text
