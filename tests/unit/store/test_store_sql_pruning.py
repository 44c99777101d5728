"""Retention in a database: what a folder would drop and keep, in batches, with any number of runners."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy
from store_records import answers
from store_records import event
from store_records import failure
from store_records import generated
from store_records import json_store
from store_records import result
from store_records import review
from store_records import run
from store_records import spooled_store
from store_records import sql_store
from store_records import write_session

from pytest_selfheal.errors import StoreError
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Trust
from pytest_selfheal.store.sql import pruning
from pytest_selfheal.store.sql import sql_store as sql_store_module
from pytest_selfheal.store.tail import DatabaseTail
from pytest_selfheal.store.tail import Tail
from pytest_selfheal.store.tail import follow

DATABASES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


def old_and_new():
    """Return records of every kind on both sides of the retention time, and failures that never count."""
    mass = [failure(f"m{n}", -200, run_id="mass", nodeid=f"test_{n}") for n in range(12)]
    records = [*mass, run("mass", -200, complete=True, failed=12), generated("sig-a", -200)]
    records += [failure("u", -200, trust=Trust.UNTRUSTED), failure("g", -200, is_regression=True)]
    records += [failure("kept", -91, run_id="long"), run("long", -89, complete=True)]
    records += [failure("a1", -200, run_id="twice"), failure("a2", -199, run_id="twice")]
    for number in range(30):
        days = -200.0 + number * 8
        records += [
            failure(f"f{number}", days, run_id=f"r{number}"),
            failure(f"h{number}", days, run_id=f"r{number}", outcome=Outcome.HEALED, signature="sig-b"),
            event(f"e{number}", days),
            result(f"p{number}", days, ok=number % 3 > 0),
            review(f"v{number}", days, status="open" if number == 0 else "rejected"),
            run(f"r{number}", days, complete=True, failed=1, passed=9),
        ]
    return [one for one in records if one.updated_at < "2026-09-21"]


@DATABASES
@pytest.mark.parametrize("rows", [3, 1000], ids=["small batches", "one batch"])
def test_a_database_keeps_what_a_folder_keeps(database, root, monkeypatch, kind, rows):
    """Raw records go; totals and posteriors stay; open reviews and generated tests are never dropped."""
    monkeypatch.setattr(pruning, "_RUNS", rows)
    monkeypatch.setattr(pruning, "_ROWS", rows)
    records = old_and_new()
    write_session(root, *records)
    folder = json_store(root)
    expected = folder.compact().dropped
    store = sql_store(database(kind))
    assert store.commit(records)
    assert store.prune() == expected == store.stats()["dropped"]
    assert answers(store) == answers(json_store(root))
    assert store.prune() == {}
    assert store.verify()["problems"] == []


@DATABASES
def test_any_number_of_runners_may_prune_at_once(database, kind, monkeypatch):
    """One of them does it, and nothing is counted twice."""
    monkeypatch.setattr(pruning, "_RUNS", 2)
    url = database(kind)
    assert sql_store(url).commit(old_and_new())
    before = {name: one.total for name, one in answers(sql_store(url))["history"].items()}
    runners = [threading.Thread(target=sql_store(url).prune) for _ in range(4)]
    for runner in runners:
        runner.start()
    writer = sql_store(url)
    assert all(writer.append(failure(f"new{n}", run_id="new", nodeid=f"t{n}", signature="sig-c")) for n in range(20))
    for runner in runners:
        runner.join()
    sql_store(url).prune()
    after = {name: one.total for name, one in answers(sql_store(url))["history"].items()}
    assert after == before
    assert len(sql_store(url).failures(run_id="new")) == 20


def test_a_batch_that_fails_leaves_everything_as_it_was(database, monkeypatch):
    """Deleting and counting are one transaction."""
    store = sql_store(database("sqlite"))
    assert store.commit(old_and_new())
    before = answers(store)

    def fails(*_):
        raise StoreError("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(pruning, "upsert", fails)
        with pytest.raises(StoreError, match="went away"):
            store.prune()
        store.maintain()
    assert store.warnings == ("the server went away",)
    assert answers(store) == before


def test_the_end_of_a_run_drops_a_part(database, root, monkeypatch):
    """No run waits long for what months have left; the next ones do the rest."""
    monkeypatch.setattr(sql_store_module, "_BATCHES_PER_RUN", 1)
    monkeypatch.setattr(pruning, "_RUNS", 4)
    url = database("sqlite")
    assert sql_store(url).commit(old_and_new())
    left = []
    for _ in range(40):
        store = spooled_store(root, url)
        store.commit([run("now")])
        store.maintain()
        left.append(sql_store(url).stats()["records"]["failure"])
        assert store.warnings == ()
    assert left[0] > left[1] > left[-1] == left[-2]


def test_nothing_old_costs_one_look(database, monkeypatch):
    """A database without old records is only asked whether there are any."""
    store = sql_store(database("sqlite"))
    store.commit([failure(), run()])
    monkeypatch.setattr(pruning, "prune_batch", None)
    store.maintain()
    assert store.warnings == ()


@DATABASES
@pytest.mark.parametrize("change", ["raw = 'junk'", "signature = 'sig-z'", "raw = replace(raw, 'sig-a', 'sig-z')"])
def test_verification_finds_rows_that_contradict_their_record(database, kind, change):
    """A row is a record and columns made from it; whichever was changed by hand, it shows."""
    url = database(kind)
    store = sql_store(url)
    store.commit([failure("a"), failure("b"), run()])
    assert store.verify()["bad_rows"] == {}
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"UPDATE generation_failures SET {change} WHERE id = 'a'"))
    engine.dispose()
    report = store.verify()
    assert report["bad_rows"] == {"failure": 1}
    assert report["records"]["failure"] == 2
    assert len(report["problems"]) == 1


@DATABASES
def test_a_follower_hears_of_every_runner_once(database, root, kind):
    """Records of other hosts as they arrive, with times before the last look, and those this host has yet to bring."""
    url = database(kind)
    other = sql_store(url)
    other.append(run("before", -0.01))
    tail = DatabaseTail(sql_store(url), Tail(root / "spool"))
    assert tail.new() == []
    position = tail.position()
    other.commit([failure("late", -0.02), event("e", -0.001), review("no news")])
    assert [record.id for record in tail.new()] == ["late", "e"]
    assert tail.position() != position
    here = spooled_store(root, url)
    here.append(run("mine", -0.01))
    assert [record.id for record in tail.new()] == ["mine"]
    here.commit([])
    assert tail.new() == []
    other.append(run("before", -0.0001, complete=True))
    assert [(record.id, record.complete) for record in tail.new()] == [("before", True)]


def test_a_follower_of_a_database_that_is_away_waits(tmp_path):
    """It says nothing, raises nothing, and its position stays."""
    tail = follow(tmp_path, url=f"sqlite:///{tmp_path / 'no' / 'such.db'}")
    assert tail.new() == []
    assert tail.position() == tail.position()
