"""What a run makes of a failure: rules of the project, the hook, severity in context, and the explanation."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

BANK = """
class Closed(Exception): pass
def test_closed(): raise Closed("maintenance window")
def test_check(): assert 1 == 2
"""


@pytest.mark.parametrize("extra", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_rule_of_the_project_decides(pytester, run, failures, extra):
    """A rule of the settings makes the run retry what it calls transient."""
    pytester.makepyfile(test_bank=BANK)
    pytester.makepyprojecttoml('[tool.selfheal.rules.bank]\ncategory = "transient"\ntypes = ["*.Closed"]\n')
    run("--selfheal", *extra)
    kept = {record.nodeid.rpartition("::")[2]: record for record in failures()}
    assert (kept["test_closed"].rule, kept["test_closed"].attempt) == ("own.bank", 3)
    assert (kept["test_check"].rule, kept["test_check"].attempt) == ("assertion", 1)


@pytest.mark.parametrize("extra", [(), ("-n2",)], ids=["plain", "xdist"])
def test_the_hook_decides_before_all_rules(pytester, run, failures, extra):
    """A conftest sees the exception itself and may give severity, confidence and a reason."""
    pytester.makepyfile(test_bank=BANK)
    pytester.makeconftest(
        "from pytest_selfheal.model import Category, Ruling, Severity\n"
        "def pytest_selfheal_classify(failure, error):\n"
        "    if type(error).__name__ == 'Closed' and failure.phase == 'call':\n"
        "        return Ruling(Category.ENVIRONMENT, Severity.CRITICAL, 0.7, 'the bank is closed')\n"
    )
    run("--selfheal=record", *extra)
    kept = {record.nodeid.rpartition("::")[2]: record for record in failures()}
    closed = kept["test_closed"]
    assert (closed.failure_category, closed.severity, closed.confidence) == ("environment", "critical", 0.7)
    assert (closed.rule, closed.evidence) == ("hook", ("the bank is closed",))
    assert kept["test_check"].rule == "assertion"


@pytest.mark.parametrize("answer", ["'no such word'", "1/0", "object()"])
def test_a_hook_that_fails_or_answers_nonsense_is_one_warning(pytester, run, failures, answer):
    """The built-in rules decide then, and the outcome of the run is that of pytest."""
    pytester.makepyfile(test_bank=BANK)
    pytester.makeconftest(f"def pytest_selfheal_classify(failure, error):\n    return {answer}\n")
    result = run("--selfheal=record")
    assert result.returncode == 1
    assert "2 failed" in result.stdout
    assert result.stdout.count("selfheal degraded") == 1
    assert {record.rule for record in failures()} == {"domain", "assertion"}


def test_a_hook_decides_about_collection_too(pytester, run, failures):
    """What keeps a module from being collected is asked in the same way."""
    pytester.makepyfile(test_broken="raise RuntimeError('no licence server')")
    pytester.makeconftest("def pytest_selfheal_classify(failure, error):\n    return 'environment'\n")
    run("--selfheal=record")
    (record,) = failures()
    assert (record.failure_category, record.rule, record.phase) == ("environment", "hook", "collect")


@pytest.mark.parametrize(("tests", "severity"), [(4, "medium"), (5, "high")])
def test_five_tests_with_one_signature_are_one_step_more_severe(pytester, run, failures, tests, severity):
    """A mass failure is told by all of its failures, also by those before the fifth."""
    pytester.makepyfile(
        "import pytest\ndef work(): return {}['a']\n"
        f"@pytest.mark.parametrize('n', range({tests}))\ndef test_many(n): work()\n"
    )
    run("--selfheal=record")
    assert [record.severity.value for record in failures()] == [severity] * tests


def test_a_test_nobody_knew_that_fails_every_time_is_one_step_more_severe(pytester, run, failures):
    """Pytest's cache remembers which tests there were."""
    pytester.makepyfile("def test_old(): pass\n")
    run("-p", "cacheprovider")
    pytester.makepyfile("def test_old(): raise ConnectionResetError\ndef test_new(): raise ConnectionResetError\n")
    run("-p", "cacheprovider", "--selfheal")
    kept = {record.nodeid.rpartition("::")[2]: record.severity.value for record in failures()}
    assert kept == {"test_old": "low", "test_new": "medium"}


def test_the_first_failure_with_a_signature_keeps_its_exceptions(pytester, run, failures):
    """A thousand failures of one outage do not store a thousand tracebacks as values."""
    pytester.makepyfile(
        "import pytest\ndef work(): raise ConnectionResetError(104, 'reset')\n"
        "@pytest.mark.parametrize('n', range(3))\ndef test_many(n): work()\n"
    )
    run("--selfheal=record")
    first, *others = failures()
    assert first.chain[0].facts["errno_name"] == "ECONNRESET"
    assert first.signature_parts[0] == "type=builtins.ConnectionResetError"
    assert [(record.chain, record.signature_parts) for record in others] == [((), ())] * 2


def explain(pytester, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest_selfheal.cli", "explain", *arguments],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_explain_tells_the_way_to_the_answer(pytester, run, failures):
    """By test, by part of its name, by id, by signature: the same account, and the same answer as recorded."""
    pytester.makepyfile(
        test_pay="class PaymentFailed(Exception): pass\n"
        "def test_refund():\n    try:\n        raise ConnectionResetError(104, 'reset')\n"
        "    except OSError as error:\n        raise PaymentFailed('cannot charge') from error\n"
    )
    run("--selfheal=record")
    (record,) = failures()
    told = {explain(pytester, word).stdout for word in (record.nodeid, "refund", record.id, record.id[:8])}
    assert len(told) == 1
    text = told.pop()
    assert "decided by  errno.network" in text
    assert "cause of test_pay.PaymentFailed" in text
    assert "-> protocol facts         errno.network" in text
    assert all(part in text for part in record.signature_parts)
    document = json.loads(explain(pytester, record.signature, "--json").stdout)
    assert document["schema"] == "selfheal-explanation/1"
    assert document["diagnosis"]["category"] == record.failure_category.value == "transient"
    assert document["seen"]["failures"] == 1


def test_explain_says_what_it_cannot_find(pytester, run):
    """An unknown name and an ambiguous one are usage errors that say what to do."""
    pytester.makepyfile("def test_one(): assert 0\ndef test_other(): assert 0\n")
    run("--selfheal=record")
    assert (explain(pytester, "nothing").returncode, explain(pytester, "test_o").returncode) == (2, 2)
    assert "is part of 2 tests" in explain(pytester, "test_o").stderr
