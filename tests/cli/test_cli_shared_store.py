"""The shared store as a user meets it: from the environment, through pytest and the command."""

from __future__ import annotations

import json

import pytest

SECRET = "hunter2"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'shared.db'}"


def test_runs_share_a_database_and_the_command_reads_it(heal, selfheal, url, project):
    """init, two runs, and the failures of both."""
    assert "tables made" in selfheal("store", "init", SELFHEAL_STORE_URL=url).stdout
    for _ in range(2):
        assert "degraded" not in heal("--selfheal=record", SELFHEAL_STORE_URL=url).stdout
    found = json.loads(selfheal("failures", "--json", SELFHEAL_STORE_URL=url).stdout)["failures"]
    assert [one["occurrence_count"] for one in found] == [2, 2, 2, 2]
    assert not any((project / ".selfheal" / "log").glob("*"))
    assert "version 1" in selfheal("store", "upgrade", SELFHEAL_STORE_URL=url).stdout
    assert json.loads(selfheal("store", "stats", "--json", SELFHEAL_STORE_URL=url).stdout)["records"]["failure"] == 4


def test_a_server_that_is_away_changes_no_outcome_and_its_url_is_never_shown(heal, selfheal, url):
    """One warning, the same exit status; the next run delivers."""
    away = f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/db"
    done = heal("--selfheal=record", "-v", SELFHEAL_STORE_URL=away)
    assert done.returncode == heal("--selfheal=off").returncode == 1
    assert done.stdout.count("delivered by the next run") == 1
    assert SECRET not in done.stdout + done.stderr
    asked = selfheal("store", "init", SELFHEAL_STORE_URL=away)
    assert (asked.returncode, SECRET in asked.stderr + asked.stdout) == (3, False)
    selfheal("store", "init", SELFHEAL_STORE_URL=url)
    assert len(json.loads(selfheal("failures", "--json", SELFHEAL_STORE_URL=url).stdout)["failures"]) == 2


def test_a_connection_string_may_stand_in_the_settings(heal, selfheal, project, url):
    """`store` takes it as well; nothing of it becomes a folder."""
    (project / "pyproject.toml").write_text(f"[tool.selfheal]\nstore = '{url}'\n")
    selfheal("store", "init")
    heal("--selfheal=record")
    assert json.loads(selfheal("store", "stats", "--json").stdout)["records"]["run"] == 1
    assert not [path for path in project.iterdir() if "sqlite" in path.name]


@pytest.mark.parametrize("store", ["../..", "../other", "/", "a/../../b", ""])
def test_a_store_outside_the_project_is_refused(selfheal, project, store):
    """Exit status 2, and nothing is made there."""
    (project / "pyproject.toml").write_text(f"[tool.selfheal]\nstore = '{store}'\n")
    done = selfheal("store", "stats")
    assert done.returncode == 2
    assert "must be a folder inside the project" in done.stderr


def test_an_unknown_kind_of_database_is_refused_without_showing_it(selfheal):
    """The scheme may be wrong; the rest is still a secret."""
    done = selfheal("failures", SELFHEAL_STORE_URL=f"oracle://me:{SECRET}@host/db")
    assert (done.returncode, SECRET in done.stderr) == (2, False)


def test_stats_of_no_store_say_that_there_is_none(selfheal, project):
    """Instead of zeros that look like a store."""
    done = selfheal("store", "stats")
    assert done.returncode == 0
    assert f"no store in {project / '.selfheal'}" in done.stderr


def test_records_go_out_of_a_database_and_into_others(heal, selfheal, url, project, tmp_path):
    """export, merge into a folder, import into a second database: the same counts everywhere."""
    selfheal("store", "init", SELFHEAL_STORE_URL=url)
    heal("--selfheal=record", SELFHEAL_STORE_URL=url)
    assert "records written" in selfheal("store", "export", "all.jsonl", SELFHEAL_STORE_URL=url).stdout
    assert selfheal("merge", "all.jsonl", "--into", ".selfheal").returncode == 0
    assert " 0 written" in selfheal("merge", "all.jsonl", "--into", ".selfheal").stdout
    second = f"sqlite:///{tmp_path / 'second.db'}"
    selfheal("store", "init", SELFHEAL_STORE_URL=second)
    assert selfheal("store", "import", ".selfheal", SELFHEAL_STORE_URL=second).returncode == 0
    counts = [
        json.loads(selfheal("store", "stats", "--json", **env).stdout)["records"]
        for env in ({}, {"SELFHEAL_STORE_URL": url}, {"SELFHEAL_STORE_URL": second})
    ]
    assert counts[0] == counts[1] == counts[2]


def test_merging_what_does_not_exist_is_told(selfheal):
    """The path is named."""
    done = selfheal("merge", "nowhere", "--into", ".selfheal")
    assert (done.returncode, "nowhere" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("command", "status", "expected"),
    [
        ("store stats", 0, "failure"),
        ("store verify", 0, "bad rows"),
        ("store compact", 0, "nothing is too old"),
        ("failures", 0, "test_total"),
        ("explain test_total", 0, "NameError"),
        ("review list --all", 0, "test_count"),
        ("patterns", 0, ""),
        ("health --hours 1", 0, "failure rate"),
        ("gate", 1, "verdict: blocked"),
        ("regressions list", 0, ""),
        ("report --html page.html", 0, "written"),
    ],
)
def test_every_command_reads_the_database(command, status, expected, recorded):
    """What it shows is what the runners brought there; the folder holds no record."""
    done = recorded(*command.split())
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stdout + done.stderr
    assert expected in done.stdout
    assert "warning" not in done.stderr
