"""Commands that look: documents with a versioned schema, tables for people, exit statuses for CI."""

from __future__ import annotations

import json

import pytest

from pytest_selfheal.cli.parser import build_parser


def test_without_a_run_there_is_nothing_and_the_gate_cannot_tell(selfheal, project):
    """A project that never ran is no error for lists, and 3 for the gate; looking creates nothing."""
    assert json.loads(selfheal("failures", "--json").stdout) == {"schema": "selfheal-failures/1", "failures": []}
    assert selfheal("patterns").returncode == 0
    assert selfheal("health").returncode == 0
    assert selfheal("gate").returncode == 3
    assert not (project / ".selfheal").exists()


def test_failures_are_listed_with_the_documented_fields(heal, selfheal):
    """Newest first, all of them, with the field names of the schema."""
    heal("--selfheal=record")
    document = json.loads(selfheal("failures", "--json").stdout)
    assert document["schema"] == "selfheal-failures/1"
    assert {failure["nodeid"] for failure in document["failures"]} == {
        "tests/test_cart.py::test_total",
        "tests/test_stock.py::test_count",
    }
    for failure in document["failures"]:
        assert failure["outcome"] == "failed"
        assert failure["phase"] == "call"
        assert failure["created_at"].endswith("Z")
        assert 0 <= failure["confidence"] <= 1
        assert failure["error_type"] in {"NameError", "TypeError"}
        assert {"severity", "signature", "failure_category", "error_message", "run_id"} <= set(failure)


def test_limit_and_run_id_narrow_the_list(heal, selfheal):
    """The newest N, or those of one run."""
    heal("--selfheal=record")
    heal("--selfheal=record")
    everything = json.loads(selfheal("failures", "--json").stdout)["failures"]
    assert len(everything) == 4
    assert json.loads(selfheal("failures", "--json", "--limit", "1").stdout)["failures"] == everything[:1]
    one_run = json.loads(selfheal("failures", "--json", "--run-id", everything[0]["run_id"]).stdout)["failures"]
    assert len(one_run) == 2


def test_tables_show_tests_and_errors(heal, selfheal):
    """The human form names test, category and message."""
    heal("--selfheal=record")
    shown = selfheal("failures").stdout
    assert "missing_import" in shown
    assert "NameError: name 'Decimal' is not defined" in shown


def test_health_document_has_metrics_with_their_evidence(heal, selfheal):
    """Every metric carries n and its minimum sample."""
    heal("--selfheal=record")
    document = json.loads(selfheal("health", "--json").stdout)
    assert document["schema"] == "selfheal-health/1"
    assert document["status"] == "insufficient data"
    rate = next(metric for metric in document["metrics"] if metric["name"] == "failure rate")
    assert (rate["value"], rate["n"], rate["numerator"], rate["minimum"]) == (None, 3, 2, 20)


def test_health_is_of_the_last_hour_here_and_of_the_newest_run_in_ci(heal, selfheal):
    """Other jobs of the same hour say nothing about this one."""
    heal("--selfheal=record")
    heal("--selfheal=record")
    assert json.loads(selfheal("health", "--json").stdout)["runs"] == 2
    assert json.loads(selfheal("health", "--json", CI="true").stdout)["runs"] == 1
    assert json.loads(selfheal("health", "--json", "--hours", "1", CI="true").stdout)["runs"] == 2


@pytest.mark.parametrize(
    ("options", "status"), [((), 1), (("--dry-run",), 0), (("--format", "json"), 1), (("--strict",), 1)]
)
def test_the_gate_blocks_a_red_run(heal, selfheal, options, status):
    """1 blocks; a dry run tells the same and passes."""
    heal("--selfheal=record")
    done = selfheal("gate", *options)
    assert done.returncode == status
    if "json" in options:
        assert json.loads(done.stdout)["status"] == "block"
    else:
        assert "verdict: blocked" in done.stdout
        assert 'reproduce with: pytest "tests/' in done.stdout


def test_the_gate_passes_a_green_run(heal, selfheal):
    """0, with the rates shown as lacking data rather than as fine; one file of the suite is not the suite."""
    heal("--selfheal", "tests/test_fine.py")
    part = selfheal("gate")
    assert part.returncode == 1
    assert "only a part of the tests was asked for (1 collected: tests/test_fine.py)" in part.stdout
    heal("--selfheal", "-o", "testpaths=tests/test_fine.py")
    done = selfheal("gate")
    assert done.returncode == 0
    assert "insufficient data (n=1 < 20)" in done.stdout
    assert "verdict: passed" in done.stdout


@pytest.mark.parametrize("answer", ["stats", "verify", "compact"])
def test_store_commands_answer_in_both_forms(heal, selfheal, answer):
    """A table, or a document whose schema names the command."""
    heal("--selfheal=record")
    assert selfheal("store", answer).returncode == 0
    assert json.loads(selfheal("store", answer, "--json").stdout)["schema"] == f"selfheal-store-{answer}/1"


def test_a_damaged_store_is_told_and_read_as_far_as_possible(heal, selfheal, project):
    """verify exits with 1 and says what is wrong; the other records are still listed."""
    heal("--selfheal=record")
    segment = next((project / ".selfheal" / "log").rglob("*.jsonl"))
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([lines[0], b"{ not json }\n", *lines[1:]]))
    done = selfheal("store", "verify")
    assert done.returncode == 1
    assert "1 " in done.stdout
    assert len(json.loads(selfheal("failures", "--json").stdout)["failures"]) == 2


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("failures", "--limit", "0"), ("gate", "--format", "xml"), ("store",), ()]
)
def test_wrong_usage_is_exit_status_2(selfheal, arguments):
    """argparse explains; nothing is done."""
    assert selfheal(*arguments).returncode == 2


def test_broken_settings_are_exit_status_2_with_every_problem(selfheal, project):
    """The same text pytest shows."""
    (project / "pyproject.toml").write_text("[tool.selfheal]\nmoed = 1\nattempts = 0\n")
    done = selfheal("health")
    assert done.returncode == 2
    assert "did you mean 'mode'?" in done.stderr
    assert "attempts = 0 must be at least 1" in done.stderr


def test_a_root_that_does_not_exist_is_named(selfheal):
    """--root with a wrong folder."""
    done = selfheal("--root", "nowhere", "failures")
    assert done.returncode == 2
    assert "nowhere: no such folder" in done.stderr


def test_the_command_works_from_a_folder_below(heal, selfheal, project):
    """The store is found upwards."""
    heal("--selfheal=record")
    assert "NameError" in selfheal("--root", str(project), "failures").stdout


def _commands(parser, path=()):
    for action in parser._actions:
        for name, child in getattr(action, "choices", None).items() if hasattr(action.choices, "items") else ():
            yield (*path, name), child
            yield from _commands(child, (*path, name))


@pytest.mark.parametrize("path", [path for path, _parser in _commands(build_parser())], ids=" ".join)
def test_every_command_has_help_and_stands_in_the_documentation(path, pytestconfig):
    """What can be typed is explained in --help and in docs/commands.md, with each of its options."""
    parser = dict(_commands(build_parser()))[path]
    text = (pytestconfig.rootpath / "docs" / "commands.md").read_text("utf-8")
    assert parser.format_help()
    assert f"`selfheal {' '.join(path)}" in text
    for action in parser._actions:
        assert action.help
        assert all(f"`{option}" in text for option in action.option_strings if option.startswith("--"))
