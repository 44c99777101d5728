"""Retries: whatever failed is set up again, whatever was healthy stays, and one test has one outcome."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

FLAKY = '''
import os, pathlib
import pytest
SEEN = pathlib.Path(__file__).parent / "seen"
def once(name, error=ConnectionResetError):
    """Raise the first time this name is seen."""
    SEEN.mkdir(exist_ok=True)
    mark = SEEN / name
    if not mark.exists():
        mark.touch()
        raise error(104, "Connection reset by peer") if error is ConnectionResetError else error("planted")
def log(word):
    with open(SEEN.parent / "log.txt", "a") as out:
        out.write(word + "\\n")
'''

TORTURE = '''
import unittest
import pytest
from flaky_parts import once, log

@pytest.fixture(scope="session")
def healthy_session():
    log("session+"); yield; log("session-")

@pytest.fixture(scope="module")
def healthy_module(healthy_session):
    log("module+"); yield; log("module-")

@pytest.fixture(scope="module")
def failing_module():
    once("failing_module"); log("failing_module+"); yield; log("failing_module-")

@pytest.fixture(scope="session")
def failing_session():
    once("failing_session"); log("failing_session+"); yield

@pytest.fixture
def failing_function():
    once("failing_function"); yield

@pytest.fixture
def cleaned(request):
    request.addfinalizer(lambda: log("half-done finalizer"))
    once("cleaned")

def test_call(healthy_module):
    once("call")

def test_function_fixture(healthy_module, failing_function):
    pass

def test_module_fixture(healthy_module, failing_module):
    pass

def test_module_fixture_again(failing_module):
    pass

def test_session_fixture(failing_session):
    pass

def test_dynamic_fixture(request):
    request.getfixturevalue("failing_dynamic")

@pytest.fixture
def failing_dynamic():
    once("dynamic")

def test_half_done_fixture(cleaned):
    pass

@pytest.mark.parametrize("value", ["a b", "c::d", "e[f]", "\\u00e9"])
def test_odd_ids(value):
    once("odd" + str(ord(value[0])))

def test_tmp_path(tmp_path):
    once("tmp_path")
    assert not list(tmp_path.iterdir())

def test_output(capsys):
    print("said")
    once("output")
    assert capsys.readouterr().out == "said\\n"

def test_environment(monkeypatch):
    import os
    assert "PLANTED" not in os.environ
    monkeypatch.setenv("PLANTED", "1")
    once("environment")

class TestClass:
    def test_fresh_instance(self):
        assert not hasattr(self, "mark")
        self.mark = 1
        once("instance")

class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        log("setUpClass")
    def setUp(self):
        once("unittest_setup")
    def test_unittest(self):
        once("unittest")

def doctest_me():
    """
    >>> from flaky_parts import once
    >>> once("doctest")
    """
'''


@pytest.fixture
def torture(pytester):
    """A folder of tests that each fail once, in every place a test can fail."""
    pytester.makepyfile(flaky_parts=FLAKY, test_torture=TORTURE)
    return pytester


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_everything_that_fails_once_is_healed_and_reported_as_healed(torture, run, failures, extra):
    """Every kind of fixture, class, unittest and doctest; the exit status is that of a passing run."""
    done = run("--selfheal", "--doctest-modules", "test_torture.py", *extra)
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout.splitlines()[-1]
    healed = {record.nodeid for record in failures()}
    assert len(healed) >= 15
    assert {record.outcome.value for record in failures()} == {"healed"}
    assert f"{len(healed)} healed" in done.stdout.splitlines()[-1]


def test_healthy_wider_fixtures_run_once_and_failed_ones_are_set_up_again(torture, run):
    """The log shows each healthy scope once, the finalizer of a half-built fixture, and setUpClass once."""
    run("--selfheal", "test_torture.py", "-p", "no:doctest")
    words = (torture.path / "log.txt").read_text().split("\n")
    assert words.count("session+") == words.count("session-") == 1
    assert words.count("module+") == words.count("module-") == 1
    assert words.count("failing_module+") == words.count("failing_module-") == 1
    assert words.count("failing_session+") == 1
    assert words.count("half-done finalizer") == 2
    assert words.count("setUpClass") == 1


def test_junit_has_one_case_per_test_and_says_that_it_was_healed(torture, run):
    """A superseded attempt logs nothing of its own."""
    run("--selfheal", "test_torture.py", "-p", "no:doctest", "--junitxml=out.xml")
    suite = next(iter(ET.parse(torture.path / "out.xml").getroot().iter("testsuite")))
    cases = list(suite.iter("testcase"))
    assert int(suite.get("tests")) == len(cases) == len({case.get("name") for case in cases})
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    values = [node.get("value") for node in suite.iter("property") if node.get("name") == "selfheal"]
    assert values
    assert set(values) <= {"healed after 2 attempts", "healed after 3 attempts"}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("assert 1 == 2", "failed"),
        ("raise ValueError('connection reset by peer')", "failed"),
        ("pytest.fail('503 Service Unavailable')", "failed"),
        ("pytest.skip('later')", "skipped"),
        ("pytest.xfail('known')", "xfailed"),
        ("raise SystemExit(1)", "failed"),
    ],
)
def test_what_is_not_transient_runs_once(pytester, run, body, outcome):
    """Assertions, values, skips and expected failures are never tried again."""
    pytester.makepyfile(
        f"""
        import pathlib, pytest
        def test_it():
            path = pathlib.Path(__file__).with_name("count")
            path.write_text(path.read_text() + "x" if path.exists() else "x")
            {body}
        """
    )
    done = run("--selfheal")
    assert f"1 {outcome}" in done.stdout.splitlines()[-1]
    assert (pytester.path / "count").read_text() == "x"


def test_a_test_that_keeps_failing_fails_after_three_attempts_with_its_history(pytester, run, failures):
    """Attempts are counted with the first; the last failure is the one reported."""
    pytester.makepyfile(
        """
        import itertools
        count = itertools.count(1)
        def test_it():
            raise ConnectionResetError(f"attempt {next(count)}")
        """
    )
    done = run("--selfheal")
    assert done.returncode == 1
    assert "1 failed" in done.stdout.splitlines()[-1]
    (record,) = failures()
    assert (record.attempt, len(record.attempts)) == (3, 2)
    assert record.error_message == "attempt 3"
    assert [attempt.error_message for attempt in record.attempts] == ["attempt 1", "attempt 2"]


def test_fail_then_skip_is_not_a_pass(pytester, run):
    """A retry that skips reports the first failure."""
    pytester.makepyfile(
        """
        import itertools, pytest
        count = itertools.count(1)
        def test_it():
            if next(count) == 1:
                raise ConnectionResetError("the first time")
            pytest.skip("no service")
        """
    )
    done = run("--selfheal")
    assert done.returncode == 1
    assert "the first time" in done.stdout


def test_a_teardown_failure_is_reported_and_not_retried(pytester, run, failures):
    """Running the test again could hide what it leaks."""
    pytester.makepyfile(
        """
        import pytest
        @pytest.fixture
        def leaky():
            yield
            raise ConnectionResetError("at the end")
        def test_it(leaky):
            pass
        """
    )
    done = run("--selfheal")
    assert "1 passed, 1 error" in done.stdout.splitlines()[-1]
    assert [(record.phase.value, record.attempt) for record in failures()] == [("teardown", 1)]


def test_fail_on_healed_turns_a_healed_run_red(torture, run):
    """Strict suites may refuse luck."""
    done = run("--selfheal", "test_torture.py::test_call", env={"SELFHEAL_FAIL_ON_HEALED": "1"})
    assert done.returncode == 1
    assert "1 healed" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(("mark", "healed"), [("pytest.mark.no_selfheal", False), ("pytest.mark.other", True)])
def test_the_marker_opts_out(pytester, run, mark, healed):
    """no_selfheal is recorded but never retried."""
    pytester.makeini("[pytest]\nmarkers =\n    other: x\n")
    pytester.makepyfile(flaky_parts=FLAKY)
    pytester.makepyfile(
        test_marked=f"import pytest\nfrom flaky_parts import once\n@{mark}\ndef test_it():\n    once('marked')\n"
    )
    assert (run("--selfheal", "--strict-markers").returncode == 0) is healed


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_stopping_early_counts_outcomes_not_attempts(torture, run, option):
    """A healed test is no failure for -x."""
    done = run("--selfheal", "test_torture.py", "-p", "no:doctest", option)
    assert done.returncode == 0, done.stdout


def test_record_mode_never_retries(torture, run, failures):
    """Observing changes nothing."""
    done = run("--selfheal=record", "test_torture.py::test_call")
    assert done.returncode == 1
    assert [record.outcome.value for record in failures()] == ["failed"]


def test_ctrl_c_while_waiting_reports_the_failure(pytester, run):
    """The failure seen so far does not vanish."""
    pytester.makepyfile(
        """
        import os, signal, threading
        # Jobs in the background of a shell are started with it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        def test_it():
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            raise ConnectionResetError("lost?")
        """
    )
    done = run(
        "--selfheal", env={"SELFHEAL_RETRY_BASE_S": "30", "SELFHEAL_RETRY_JITTER": "0", "SELFHEAL_RETRY_CAP_S": "9"}
    )
    assert done.returncode == 2
    assert "ConnectionResetError: lost?" in done.stdout
    assert "1 failed" in done.stdout.splitlines()[-1]
