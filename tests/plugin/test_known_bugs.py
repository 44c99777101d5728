"""The life of a regression test in real runs: expected to fail while its bug stands, hard from its first pass on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from pytest_selfheal.cli import main
from pytest_selfheal.model import GeneratedTest
from pytest_selfheal.regress.source import short_id
from pytest_selfheal.store import open_store

NOW = "2026-01-25T10:00:00.000Z"
LATER = "2026-01-26T10:00:00.000Z"
BROKEN = "def test_bug():\n    assert [1][1]\n"
FIXED = "def test_bug():\n    assert [1][0]\n"


@pytest.fixture
def project(pytester, failure_record):
    """A project whose bug has a regression test, one that calls the code itself: quicker than running pytest."""
    pytester.makepyfile(test_bug=BROKEN)
    failure = failure_record(nodeid="test_bug.py::test_bug")
    name = short_id(failure.signature)
    body = (
        f"import pytest\nimport test_bug\n\n\n@pytest.mark.selfheal_regression(id={name!r})\n"
        f"def test_regression_{name}():\n    test_bug.test_bug()\n"
    )
    digest = hashlib.sha256(body.encode()).hexdigest()
    path = f"tests/regressions/test_regression_{name}.py"
    (pytester.path / path).parent.mkdir(parents=True)
    (pytester.path / path).write_text(f"# selfheal: format=1 signature={name} content-sha256={digest}\n{body}")
    test = GeneratedTest(
        failure.signature, NOW, f"test_regression_{name}", "regression", "", {}, failure.id, 0.75, path,
        failure.nodeid, digest, NOW, run_id="20260125T100000Z-0a1b2c3d",
    )  # fmt: skip
    kept = open_store(pytester.path / ".selfheal")
    kept.commit([test])
    kept.close()
    return pytester


@pytest.fixture
def record(store):
    """Read the one record of a generated test."""

    def read():
        (test,) = store().generated_tests()
        return test

    return read


def _file(project):
    (path,) = (project.path / "tests" / "regressions").glob("test_*.py")
    return path


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_a_known_bug_is_no_second_red(project, run, record, extra):
    """The bug's own test fails; the regression test is an expected failure that names its id."""
    done = run("--selfheal", "-ra", *extra)
    assert "1 failed, 1 xfailed" in done.stdout
    assert f"known bug {_file(project).stem[-12:]}: test_bug.py::test_bug" in done.stdout
    assert (record().state, record().run_count, record().fail_count) == ("open", 1, 1)
    assert len(record().run_id) > 8


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_its_first_pass_makes_it_a_guard_and_is_told(project, run, record, failures, extra):
    """From then on a failure is an ordinary one: red, not retried, not repaired, and the gate blocks."""
    project.makepyfile(test_bug=FIXED)
    done = run("--selfheal", *extra)
    assert done.returncode == 0
    assert f"selfheal: guarding: tests/regressions/{_file(project).name} passes: the bug is gone" in done.stdout
    assert (record().state, record().pass_count, record().is_active) == ("guarding", 1, True)
    project.makepyfile(test_bug=BROKEN)
    done = run("--selfheal", "tests/regressions", *extra)
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert "xfailed" not in done.stdout
    broken = [failure for failure in failures() if failure.is_regression]
    assert [failure.attempts for failure in broken] == [()]
    assert (record().state, record().fail_count) == ("guarding", 1)
    assert main(["--root", str(project.path), "gate"]) == 1


def test_xfail_strict_of_the_project_does_not_punish_a_fix(project, run):
    """The pass of an open regression test is good news whatever the project says of other expected failures."""
    (project.path / "pytest.ini").write_text("[pytest]\nxfail_strict = true\n")
    project.makepyfile(test_bug=FIXED)
    assert run("--selfheal").returncode == 0


def test_without_the_plugin_it_is_an_ordinary_test(project, run, record):
    """A plain run knows no states: red while the bug stands, green afterwards, and nothing is counted."""
    assert "2 failed" in run().stdout
    project.makepyfile(test_bug=FIXED)
    assert "2 passed" in run("--selfheal=off").stdout
    assert (record().state, record().run_count) == ("open", 0)


@pytest.mark.parametrize("change", ["edited", "moved", "claimed", "no record"])
def test_nothing_but_the_generated_file_can_be_expected_to_fail(project, run, record, change):
    """What a test says of itself is not believed: an edited or copied file, or a marker alone, is a red test."""
    path = _file(project)
    text = path.read_text()
    path.unlink()
    if change == "edited":
        path.write_text(text + "# mine\n")
    elif change == "moved":
        (project.path / "tests" / path.name).write_text(text)
    elif change == "claimed":
        name = path.stem[-12:]
        path.write_text(
            f"import pytest\n@pytest.mark.selfheal_regression(id='{name}')\n"
            f"def test_regression_{name}():\n    assert 0\n"
        )
    else:
        path.write_text(text)
        for log in (project.path / ".selfheal" / "log").rglob("*.jsonl"):
            log.unlink()
        (project.path / ".selfheal" / "snapshot.json").unlink(missing_ok=True)
    done = run("--selfheal")
    assert "2 failed" in done.stdout
    assert "xfailed" not in done.stdout
    if change != "no record":
        assert record().run_count == 0


def test_an_untrusted_run_does_not_count(project, run, record):
    """It knows the bug, but changes nothing of what is known."""
    assert "1 xfailed" in run("--selfheal", env={"SELFHEAL_TRUST": "untrusted"}).stdout
    project.makepyfile(test_bug=FIXED)
    run("--selfheal", env={"SELFHEAL_TRUST": "untrusted"})
    assert (record().state, record().run_count) == ("open", 0)


def test_a_retired_test_is_skipped_and_its_file_stays(project, run, record, capsys):
    """By hand; retiring twice is safe, and the same error gets no second file."""
    name = _file(project).stem[-12:]
    for _ in range(2):
        assert main(["--root", str(project.path), "regressions", "retire", name]) == 0
    done = run("--selfheal", "-ra")
    assert f"regression test {name} is retired" in done.stdout
    assert (record().state, record().is_active, record().run_count) == ("retired", False, 0)
    assert _file(project).exists()
    capsys.readouterr()
    assert main(["--root", str(project.path), "regressions", "list"]) == 0
    assert "no regression tests" in capsys.readouterr().out
    assert main(["--root", str(project.path), "regressions", "list", "--all"]) == 0
    assert name in capsys.readouterr().out


def test_a_guard_whose_target_is_gone_is_red_until_it_is_retired(project, run, record):
    """The day it was first missed is kept; the failure says what to do."""
    project.makepyfile(test_bug=FIXED)
    run("--selfheal")
    project.makepyfile(test_bug="def test_bug_was_here():\n    pass\n")
    done = run("--selfheal")
    assert "1 failed" in done.stdout
    assert record().gone_since.endswith("Z")
    assert record().state == "guarding"


def test_a_target_gone_for_ninety_days_retires_its_test_in_the_run_that_sees_it(project, run, record):
    """Told once, recorded, and skipped by the next run."""
    kept = open_store(project.path / ".selfheal")
    kept.commit([replace(record(), state="guarding", gone_since="2026-01-25T10:00:00.000Z", updated_at=LATER)])
    kept.close()
    project.makepyfile(test_bug="def test_bug_was_here():\n    pass\n")
    assert "is skipped from now on: test_bug.py::test_bug has been gone for 90 days" in run("--selfheal").stdout
    assert (record().state, record().is_active) == ("retired", False)
    assert "1 passed, 1 skipped" in run("--selfheal").stdout


def test_rerunfailures_does_not_run_a_guard_again(project, run):
    """Nothing may retry a guard, not even a plugin that retries everything."""
    project.makepyfile(test_bug=FIXED)
    run("--selfheal")
    project.makepyfile(test_bug=BROKEN)
    done = run("--selfheal", "tests/regressions", "--reruns", "2")
    assert "1 failed" in done.stdout
    assert "rerun" not in done.stdout.splitlines()[-1]


def test_a_run_that_cannot_read_the_store_runs_ordinary_tests(project, run):
    """A store of a newer version: one warning, and the regression test is what its file says."""
    (project.path / ".selfheal" / "store.json").write_text('{"format": "pytest-selfheal", "version": 99}')
    done = run("--selfheal")
    assert done.returncode == 1
    assert "2 failed" in done.stdout


def test_suites_without_regression_tests_load_nothing_for_them(pytester, run):
    """No module for states and no store are loaded while tests run."""
    pytester.makepyfile(
        test_it="import sys\ndef test_it():\n"
        "    assert not {'pytest_selfheal.plugin.known_bugs', 'pytest_selfheal.regress'} & set(sys.modules)\n"
    )
    assert run("--selfheal").returncode == 0


def test_show_tells_everything_and_json_has_the_record(project, capsys):
    """By the beginning of the id; an unknown one is a usage error."""
    name = _file(project).stem[-12:]
    assert main(["--root", str(project.path), "regressions", "show", name[:5]]) == 0
    shown = capsys.readouterr().out
    assert f"regression test {name}: open" in shown
    assert "as generated" in shown
    assert main(["--root", str(project.path), "regressions", "show", name, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "selfheal-regressions/1"
    assert document["regressions"][0]["nodeid"] == "test_bug.py::test_bug"
    assert main(["--root", str(project.path), "regressions", "show", "zzz"]) == 2


def test_a_run_that_fails_as_a_whole_teaches_nothing(pytester, run):
    """Ten tests with one error, and next to nothing else, are an outage of the run."""
    pytester.makepyfile(
        app="def settings():\n    raise KeyError('settings')\n",
        test_all="".join(f"import app\ndef test_{n}():\n    app.settings()\n" for n in range(10)),
    )
    for _ in range(3):
        run("--selfheal")
    kept = open_store(pytester.path / ".selfheal")
    assert len(kept.failures()) == 30
    assert kept.generated_tests() == []
