"""What the author of a test asks for, and asking to be run later."""

from __future__ import annotations

import pytest

HEADER = """
import pytest
from pytest_selfheal import selfheal_retry_at
tries = {}
def fail(name, times, error=None):
    tries[name] = tries.get(name, 0) + 1
    if tries[name] <= times: raise error or ConnectionResetError(104, "reset")
"""


@pytest.mark.parametrize(
    ("mark", "times", "error", "word"),
    [
        ("retries=4, delay=0", 4, "None", "1 healed"),
        ("retries=3, delay=0", 4, "None", "1 failed"),
        ("retries=0", 1, "None", "1 failed"),
        ("retries=3, delay=0", 1, "AssertionError('x')", "1 failed"),
        ("only=AssertionError, delay=0", 1, "AssertionError('x')", "1 healed"),
        ("only=['KeyError', 'builtins.ValueError'], delay=0", 1, "ValueError('x')", "1 healed"),
        ("only='timeout'", 1, "None", "1 failed"),
        ("never=['transient']", 1, "None", "1 failed"),
        ("never=OSError", 1, "None", "1 failed"),
        ("defer=False", 1, "None", "1 healed"),
    ],
)
def test_the_marker_steers_the_tries(pytester, run, mark, times, error, word):
    """Number, delay, which failures, and whether others go first."""
    pytester.makepyfile(f"{HEADER}\n@pytest.mark.selfheal({mark})\ndef test_it(): fail('it', {times}, {error})\n")
    assert word in run("--selfheal").stdout.splitlines()[-1]


def test_the_markers_time_limit_holds_for_this_test(pytester, run):
    """It goes before the limit of the run."""
    pytester.makepyfile(f"{HEADER}\nimport time\n@pytest.mark.selfheal(timeout=0.5)\ndef test_it(): time.sleep(30)\n")
    done = run("--selfheal", "--timeout=20", env={"SELFHEAL_ATTEMPTS": "1"}, timeout=60)
    assert "Timeout (>0.5s)" in done.stdout


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("retry=3", "unknown argument 'retry'; did you mean 'retries'?"),
        ("3", "takes named arguments only"),
        ("retries='3'", "retries = '3' cannot be used"),
        ("delay=-1", "delay = -1 cannot be used"),
        ("only=[3]", "only = [3] cannot be used"),
    ],
)
def test_a_wrong_marker_is_told_and_changes_nothing(pytester, run, mark, words):
    """The test is treated as one without it."""
    pytester.makepyfile(f"{HEADER}\n@pytest.mark.selfheal({mark})\ndef test_it(): fail('it', 1)\n")
    done = run("--selfheal")
    assert "1 healed" in done.stdout.splitlines()[-1]
    assert words.partition(";")[0] in done.stdout


@pytest.mark.parametrize("options", [(), ("-n2",), ("-x",)], ids=["plain", "xdist", "blocking"])
def test_a_test_or_fixture_asks_to_be_run_later(pytester, run, failures, options):
    """By the fixture, by the function, or by an attribute of any exception; each waits what it asked for."""
    pytester.makepyfile(
        HEADER
        + """
class Busy(Exception): selfheal_retry_at = 0.05
@pytest.fixture
def service(selfheal_retry_at):
    tries["service"] = tries.get("service", 0) + 1
    if tries["service"] == 1: selfheal_retry_at(0.05, "starting")
def test_fixture(service): pass
def test_function():
    tries["function"] = tries.get("function", 0) + 1
    if tries["function"] == 1: selfheal_retry_at(0.05)
def test_attribute(): fail("attribute", 1, Busy())
"""
    )
    assert "3 healed" in run("--selfheal", *options).stdout.splitlines()[-1]
    assert {(record.rule, record.attempts[0].waited_s) for record in failures()} == {("asked.retry_at", 0.05)}


def test_without_the_flag_the_test_fails_and_says_why(pytester, run):
    """Nothing is retried that nobody switched on."""
    pytester.makepyfile(HEADER + "\ndef test_it(): selfheal_retry_at(3, 'quota')\n")
    done = run()
    assert "asked to be run again in 3 s: quota" in done.stdout
    assert done.returncode == 1


def test_too_long_a_wait_is_refused_with_the_reason(pytester, run):
    """A service that wants an hour is not waited for."""
    pytester.makepyfile(HEADER + "\ndef test_it(): selfheal_retry_at(3600)\n")
    assert "it asks to wait 3600 s, more than retry_after_cap_s" in run("--selfheal").stdout


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_storm_ends_the_retries_of_an_outage(pytester, run, failures, options):
    """After five retries that failed in a row no test of the outage is tried again, also in the other worker."""
    pytester.makepyfile(
        HEADER + "\n@pytest.mark.parametrize('number', range(30))\ndef test_it(number): fail(number, 99)\n"
    )
    done = run("--selfheal", *options, env={"SELFHEAL_RETRY_BASE_S": "0.2"})
    retried = sum(len(record.attempts) for record in failures())
    assert "30 failed" in done.stdout.splitlines()[-1]
    assert 5 <= retried <= 7
    assert "the same outage has not recovered for other tests" in done.stdout


@pytest.mark.parametrize("mark", ["dependency", "order", "incremental"])
def test_a_test_that_others_build_on_is_tried_again_at_once(pytester, run, mark):
    """Nothing of the file runs between its tries, so what depends on it is not skipped in vain."""
    pytester.makepyfile(
        f"{HEADER}\ndone = []\n"
        f"@pytest.mark.{mark}\ndef test_login():\n    fail('it', 1)\n    done.append('login')\n"
        "def test_use():\n    assert done == ['login']\n"
    )
    pytester.makeini("[pytest]\nmarkers =\n  dependency\n  order\n  incremental\n")
    assert "1 passed, 1 healed" in run("--selfheal").stdout.splitlines()[-1]
