"""The pinned re-run repeats the way of its run, tells what is gone, and leaves nothing running."""

from __future__ import annotations

import unittest
from pathlib import Path

import pytest

from pytest_selfheal.regress import replaying
from pytest_selfheal.regress import require
from pytest_selfheal.regress.replaying import Way
from pytest_selfheal.regress.replaying import portable
from pytest_selfheal.regress.replaying import run_pinned

CONFTEST = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--stage", default="none")

@pytest.fixture
def stage(request):
    return request.config.getoption("--stage")
"""


@pytest.fixture
def staged(pytester):
    """A test that needs a custom option and an ini file of another name."""
    pytester.makeconftest(CONFTEST)
    (pytester.path / "other.ini").write_text("[pytest]\nmarkers = odd\naddopts = --strict-markers\n")
    pytester.makepyfile(test_it="import pytest\n@pytest.mark.odd\ndef test_it(stage):\n    assert stage == 'blue'\n")
    return pytester


def test_the_options_of_its_run_are_repeated(staged):
    """With them it passes after the fix; without them it would be red for ever."""
    data = {"options": ["-c{root}/other.ini", "--stage", "blue"], "directory": "."}
    config = staged.parseconfig()
    run_pinned("test_it.py::test_it", Way.of(data, config))
    with pytest.raises(AssertionError, match=r"fails again|cannot be run"):
        run_pinned("test_it.py::test_it", Way(staged.path, staged.path))


def test_without_recorded_options_those_of_the_present_run_count(staged):
    """They were left out because they held a secret or a path of one machine."""
    config = staged.parseconfig("-c", "other.ini", "--stage=blue")
    run_pinned("test_it.py::test_it", Way.of({}, config))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("-c/work/app/x.ini", "--stage=a"), ("-c{root}/x.ini", "--stage=a")),
        (("-c/etc/x.ini",), None),
        (("--token=[redacted]",), None),
    ],
    ids=["inside", "outside", "secret"],
)
def test_options_are_written_only_when_they_mean_the_same_elsewhere(options, expected):
    """The project's path is left open; other absolute paths and secrets keep all options out of the file."""
    told = [word.replace("[redacted]", "s3cr3t") for word in options]
    assert portable(told, Path("/work/app"), options) == expected


@pytest.mark.parametrize("change", ["renamed", "deleted"])
def test_a_test_that_is_gone_is_skipped_with_advice(pytester, change):
    """Gone is neither passed nor a bug that is back."""
    path = pytester.makepyfile(test_it="def test_old(): pass\n")
    if change == "renamed":
        path.write_text("def test_new(): pass\n")
    else:
        path.unlink()
    with pytest.raises(unittest.SkipTest, match="is gone: delete this file"):
        run_pinned("test_it.py::test_old", Way(pytester.path, pytester.path))


def test_a_file_that_cannot_be_collected_is_not_gone(pytester):
    """A broken import hides the test; that must stay red."""
    pytester.makepyfile(test_it="import not_there_at_all\ndef test_old(): pass\n")
    with pytest.raises(AssertionError):
        run_pinned("test_it.py::test_old", Way(pytester.path, pytester.path))


@pytest.mark.parametrize(("target", "gone"), [("os:path.join", False), ("os:nothing", True), ("no_such_mod:f", True)])
def test_a_function_that_is_gone_is_skipped(pytester, target, gone):
    """A function that does not exist any more has no bug."""
    if gone:
        with pytest.raises(unittest.SkipTest, match="is gone"):
            require({"target": target, "file": "gone.py"}, pytester.parseconfig())
    else:
        require({"target": target, "file": "gone.py"}, pytester.parseconfig())


def test_a_module_that_only_cannot_be_imported_is_not_gone(pytester):
    """Its file is there: a run that was started in another way must not skip the guard."""
    pytester.mkdir("inner").joinpath("hidden_module.py").write_text("def f(): pass\n")
    with pytest.raises(ModuleNotFoundError):
        require({"target": "hidden_module:f", "file": "inner/hidden_module.py"}, pytester.parseconfig())


def test_what_a_hanging_test_started_is_killed_with_it(pytester, monkeypatch):
    """A process of the pinned test's own does not outlive the limit."""
    monkeypatch.setattr(replaying, "TIMEOUT_S", 4.0)
    mark = pytester.path / "alive"
    child = f"import time, pathlib; time.sleep(7); pathlib.Path({str(mark)!r}).touch()"
    pytester.makepyfile(
        test_it=f"import subprocess, sys\ndef test_it():\n    subprocess.run([sys.executable, '-c', {child!r}])\n"
    )
    with pytest.raises(AssertionError, match="did not end within 4 s"):
        run_pinned("test_it.py::test_it", Way(pytester.path, pytester.path))
    import time

    time.sleep(5)
    assert not mark.exists()
