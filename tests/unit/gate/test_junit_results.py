"""Results of any runner, from JUnit files."""

from __future__ import annotations

import pytest

from pytest_selfheal.junit import node_id
from pytest_selfheal.junit import read_results
from pytest_selfheal.model import Category
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase

FILES = {"tests/test_a.py", "tests/deep/test_b.py"}


def _suite(*cases, attributes="", properties=""):
    return (
        f"<testsuites><testsuite name='s' {attributes}>{properties}{''.join(cases)}</testsuite></testsuites>".encode()
    )


def _case(body="", name="test_one", classname="tests.test_a", **more):
    extra = "".join(f" {key}='{value}'" for key, value in more.items())
    return f"<testcase classname='{classname}' name='{name}'{extra}>{body}</testcase>"


def _read(*contents):
    return read_results([(f"{n}.xml", content) for n, content in enumerate(contents)], FILES.__contains__, {})


def test_every_outcome_is_counted_once():
    """Passed, failed, error, skipped, expected failure, healed; a healed test has passed too."""
    results = _read(
        _suite(
            _case(name="a"),
            _case("<failure message='x'/>", name="b"),
            _case("<error message='x'/>", name="c"),
            _case("<skipped type='pytest.skip'/>", name="d"),
            _case("<skipped type='pytest.xfail'/>", name="e"),
            _case("<flakyFailure type='OSError' message='x'/>", name="f"),
            _case("<rerunFailure/><failure message='x'/>", name="g"),
        )
    )
    run = results.run
    assert (run.passed, run.failed, run.errors, run.skipped, run.xfailed, run.healed) == (2, 2, 1, 1, 1, 1)
    assert [record.outcome for record in results.failures].count(Outcome.HEALED) == 1
    assert results.problems == ()


@pytest.mark.parametrize(
    ("body", "error", "phase"),
    [
        ("<failure type='builtins.KeyError' message='x'/>", "builtins.KeyError", Phase.CALL),
        ("<failure message='assert 1 == 2'/>", "AssertionError", Phase.CALL),
        ("<failure message='ZeroDivisionError: division by zero'/>", "ZeroDivisionError", Phase.CALL),
        ("<failure message='shop.errors.NoStock: none'/>", "shop.errors.NoStock", Phase.CALL),
        ("<failure message='Failed: DID NOT RAISE'/>", "Failed", Phase.CALL),
        ("<failure message='expected: 3'/>", "", Phase.CALL),
        ("<failure message='hello'>E   ValueError: x\nmore</failure>", "ValueError", Phase.CALL),
        ("<error message='failed on setup with &quot;OSError: no&quot;'/>", "OSError", Phase.SETUP),
        ("<error message='failed on teardown with &quot;OSError: no&quot;'/>", "OSError", Phase.TEARDOWN),
        ("<failure/>", "", Phase.CALL),
    ],
)
def test_the_class_of_an_error_is_found_where_runners_put_it(body, error, phase):
    """A type, the beginning of the message, pytest's own words, or the traceback; else it is unknown."""
    (record,) = _read(_suite(_case(body))).failures
    assert (record.error_type, record.phase) == (error, phase)


def test_a_module_that_could_not_be_collected_has_no_class():
    """pytest leaves `classname` empty; the error stands in the traceback."""
    text = "<error message='collection failure'>E   ModuleNotFoundError: No module named 'x'</error>"
    (record,) = _read(_suite(_case(text, name="tests.test_a", classname=""))).failures
    assert (record.nodeid, record.phase, record.error_type) == ("tests/test_a.py", Phase.COLLECT, "ModuleNotFoundError")


@pytest.mark.parametrize(
    ("classname", "name", "file", "expected"),
    [
        ("tests.test_a", "test_x[1.5]", "", "tests/test_a.py::test_x[1.5]"),
        ("tests.test_a.TestA.TestB", "test_x", "", "tests/test_a.py::TestA::TestB::test_x"),
        ("tests.deep.test_b", "test_x", "", "tests/deep/test_b.py::test_x"),
        ("other.place", "test_x", "", "other.place.test_x"),
        ("other", "test_x", "tests/test_a.py", "tests/test_a.py::test_x"),
        ("", "tests.test_a", "", "tests/test_a.py"),
    ],
)
def test_the_file_of_a_test_is_found_by_its_dotted_name(classname, name, file, expected):
    """So that the command to reproduce it works; else the dotted name stays."""
    assert node_id(classname, name, file, FILES.__contains__) == expected


def test_identical_files_count_once_and_the_worst_of_two_outcomes_stays():
    """A shard that was uploaded twice is one shard."""
    good, bad = _suite(_case()), _suite(_case("<failure message='assert 0'/>"), _case(name="b"))
    results = _read(good, bad, good, bad)
    assert (results.files, results.run.passed, results.run.failed) == (2, 1, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_suite(_case(), _case(name="b"))[:-30], "cut off"),
        (b"", "cut off"),
        (b"{}", "cut off"),
        (b"<html/>", "not a JUnit file"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>", "DOCTYPE"),
        (b"<testsuite>" + b"<testsuite>" * 99 + b"</testsuite>" * 100, "too deeply"),
        (_suite(_case(), attributes="tests='3'"), "declares 3 tests and holds 1"),
    ],
    ids=["cut", "empty", "json", "html", "doctype", "deep", "fewer"],
)
def test_what_cannot_be_read_to_its_end_is_a_problem(content, words):
    """A half-written file proves nothing, and entities are never expanded."""
    (problem,) = _read(content).problems
    assert words in problem


def test_what_was_read_before_the_end_is_kept():
    """Failures that a killed runner did write are still told."""
    cut = _suite(_case("<failure message='assert 0'/>"), _case(name="b"))[:-40]
    assert len(_read(cut).failures) == 1


def test_timeouts_are_recognised():
    """pytest-timeout's words, or our own property."""
    own = "<properties><property name='selfheal.category' value='timeout'/></properties><failure message='x'/>"
    results = _read(
        _suite(_case("<failure message='Failed: Timeout (&gt;1.0s) from pytest-timeout.'/>"), _case(own, name="b"))
    )
    assert results.run.timeouts == 2
    assert {record.failure_category for record in results.failures} == {Category.TIMEOUT}


def test_our_own_properties_are_read():
    """Signature, outcome, regression and duration of a test; commit and selection of the run."""
    case = "".join(
        f"<property name='selfheal.{name}' value='{value}'/>"
        for name, value in {
            "signature": "v1:ab",
            "regression": "true",
            "recovery_s": "2.5",
            "outcome": "healed",
        }.items()
    )
    run = "<property name='selfheal.commit' value='abc'/><property name='selfheal.selection' value='-k a'/>"
    suite = f"<properties>{run}</properties>"
    results = _read(_suite(_case(f"<properties>{case}</properties>"), properties=suite))
    (record,) = results.failures
    assert (record.signature, record.is_regression, record.duration_s) == ("v1:ab", True, 2.5)
    assert (results.run.commit, results.run.selection) == ("abc", ("-k a",))


def _of_run(**facts):
    told = "".join(f"<property name='selfheal.{name}' value='{value}'/>" for name, value in facts.items())
    return f"<properties>{told}</properties>"


@pytest.mark.parametrize(
    ("statuses", "expected"), [((), -1), ((0,), 0), ((0, 1), 1), ((1, 0), 1), ((2, 1), 2), ((1, 5), 5)]
)
def test_the_worst_exit_status_of_the_shards_counts(statuses, expected):
    """Where our plugin wrote it; other runners do not tell."""
    files = [_suite(_case(name=f"t{n}"), properties=_of_run(exit_status=n)) for n in statuses]
    assert _read(*files, _suite(_case(name="other"))).run.exit_status == expected


def test_shards_of_different_commits_are_no_run():
    """One of them ran something else."""
    files = [_suite(_case(name=commit), properties=_of_run(commit=commit * 40)) for commit in "ab"]
    (problem,) = _read(*files).problems
    assert "is of commit bbbbbbbbbb, another file of aaaaaaaaaa" in problem


def test_secrets_are_taken_out_of_messages():
    """What a runner printed may hold some."""
    body = "<failure message='KeyError: ghp_0123456789abcdefghijABCDEFGHIJ456789'/>"
    (record,) = _read(_suite(_case(body))).failures
    assert "ghp_" not in record.error_message
