"""A run's records when the database is away, when the run is killed, and afterwards."""

from __future__ import annotations

import sys

import pytest
import sqlalchemy
from store_records import at
from store_records import failure
from store_records import run
from store_records import run_program
from store_records import segments
from store_records import spooled_store
from store_records import sql_store

NOWHERE = "postgresql+psycopg://u:hunter2@127.0.0.1:1/db"


def test_records_reach_the_database_at_commit_and_leave_the_spool(root, database):
    """Appended ones as well."""
    url = database("sqlite")
    store = spooled_store(root, url)
    store.append(failure("a"))
    assert sql_store(url).failures() == []
    store.commit([failure("b")])
    assert {one.id for one in sql_store(url).failures()} == {"a", "b"}
    assert segments(root / "spool") == []


def test_a_question_sees_what_the_run_has_just_written(root, database):
    """The repetition rule must count the present run."""
    url = database("sqlite")
    sql_store(url).commit([failure("old")])
    store = spooled_store(root, url)
    store.append(failure("new"))
    assert store.history(["sig-a"], since=at(-7))["sig-a"].total == 2


def test_with_the_server_away_everything_waits_and_one_warning_says_so(root):
    """Answers come from the spool; no password is told."""
    store = spooled_store(root, NOWHERE)
    assert store.append(failure("a"))
    assert store.commit([run("run-a")])
    assert [one.id for one in store.failures()] == ["a"]
    assert (len(store.warnings), store.lost) == (1, 0)
    assert "delivered by the next run" in store.warnings[0]
    assert "hunter2" not in store.warnings[0]


def test_the_next_run_delivers_what_waits(root, database):
    """Once, and only once."""
    away = spooled_store(root, NOWHERE)
    away.commit([failure("a"), failure("b")])
    away.close()
    url = database("sqlite")
    for name in ("c", "d"):
        store = spooled_store(root, url)
        store.commit([failure(name)])
        store.close()
    assert {one.id for one in sql_store(url).failures()} == {"a", "b", "c", "d"}
    assert segments(root / "spool") == []


def test_a_killed_run_s_records_are_delivered_by_the_next(root, database):
    """What was appended is in the spool, whatever happened to its writer."""
    url = database("sqlite")
    run_program(
        "import os, sys; from pathlib import Path; from store_records import failure, spooled_store\n"
        "store = spooled_store(Path(sys.argv[1]), sys.argv[2]); store.append(failure('killed'))\n"
        "if os.fork() == 0:\n    os.kill(os.getpid(), 9)\nos.wait()",
        root,
        url,
    )
    spooled_store(root, url).commit([failure("next")])
    assert {one.id for one in sql_store(url).failures()} == {"killed", "next"}


def test_the_segment_of_a_living_run_is_left_to_it(root, database):
    """Two runs at once in one folder."""
    url = database("sqlite")
    living, other = spooled_store(root, url), spooled_store(root, url)
    living.append(failure("living"))
    other.commit([failure("other")])
    assert {one.id for one in sql_store(url).failures()} == {"other"}
    living.commit([])
    assert {one.id for one in sql_store(url).failures()} == {"living", "other"}


def test_records_dated_in_the_future_stay_in_the_spool(root, database):
    """Their writer's clock was wrong, or this one is; they are not dropped."""
    url = database("sqlite")
    ahead = spooled_store(root, NOWHERE)
    ahead._spool._clock._now = lambda: 1_790_000_000.0 + 5 * 86_400
    ahead.commit([failure("ahead", days=5), failure("now")])
    ahead.close()
    spooled_store(root, url).commit([])
    assert {one.id for one in sql_store(url).failures()} == {"now"}
    assert len(segments(root / "spool")) == 1


def test_a_database_without_tables_is_as_good_as_away(root, tmp_path):
    """The warning names the command, and nothing is lost."""
    store = spooled_store(root, f"sqlite:///{tmp_path / 'empty.db'}")
    assert store.commit([failure("a")])
    assert "selfheal store init" in store.warnings[0]


def test_a_server_that_dies_between_two_questions_does_no_harm(root, database):
    """From then on the spool answers."""
    url = database("sqlite")
    store = spooled_store(root, url)
    store.commit([failure("a")])
    with sqlalchemy.create_engine(url).begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE generation_failures"))
    store.append(failure("b"))
    assert [one.id for one in store.failures()] == ["b"]
    assert len(store.warnings) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean little there")
def test_folders_are_their_owner_s(root):
    """Other users of the machine cannot read what was recorded."""
    spooled_store(root, NOWHERE).commit([failure("a")])
    folders = [path for path in (root / "spool").rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in [root / "spool", *folders]} == {0o700}
