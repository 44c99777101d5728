"""Processes killed at random moments, and many at once: acknowledged records are never lost, nothing counts twice.

`SELFHEAL_TEST_KILLS` sets the number of kills; 30 by default.
"""

from __future__ import annotations

import os

import pytest
from store_records import at
from store_records import json_store
from store_records import run_program
from store_records import segments

KILLS = int(os.environ.get("SELFHEAL_TEST_KILLS", "30"))

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks children and kills them with SIGKILL")

COMMON = """if True:
    import os, pathlib, random, signal, sys, time
    from store_records import failure, json_store, run
    root, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(count)

    def spawn(job, *arguments):
        pid = os.fork()
        if not pid:
            job(*arguments)
            os._exit(0)
        return pid

    def stop(pid, after):
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def write(name, limit=10**9, size=300, days=-1.0):
        # Acknowledged means: told to somebody else before the kill.
        told = os.open(root.parent / "acknowledged", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        store = json_store(root)
        for number in range(limit):
            if store.append(failure(f"{name}-{number}", days, stack_trace="x" * size)):
                os.write(told, f"{name}-{number}\\n".encode())
        store.commit([run(f"end-{name}", days, complete=True)])
        store.maintain()
"""

KILLED_WRITERS = """
    for number in range(count):
        size = 200_000 if number % 5 == 0 else 300
        stop(spawn(write, f"w{number}", 10**9, size), chance.uniform(0.0, 0.02))
"""

KILLED_COMPACTOR = """
    from store_records import write_session

    def compact():
        while True:
            json_store(root).compact()

    for number in range(count):
        for part in "ab":
            name = f"w{number}{part}"
            os.waitpid(spawn(write, name, 3, 300, -200.0 if part == "a" else -1.0), 0)
        stop(spawn(compact), chance.uniform(0.0, 0.03))
"""

TOGETHER = """
    def compact(until):
        while time.monotonic() < until:
            json_store(root).compact()

    def read(until):
        most = 0
        store = json_store(root)
        while time.monotonic() < until:
            found = len(store.failures())
            assert found >= most, (found, most)
            assert store.history(["sig-a"], since="2000")["sig-a"].total >= found
            most = found
        assert not store.warnings, store.warnings

    def work(number):
        for part in range(count):
            write(f"w{number}.{part}", 20)

    until = time.monotonic() + 1.5
    children = [spawn(work, number) for number in range(4)]
    children += [spawn(compact, until), spawn(compact, until), spawn(read, until)]
    statuses = [os.waitpid(pid, 0)[1] for pid in children]
    print(*statuses)
"""


def acknowledged(root):
    """Return the ids that a writer said are kept."""
    text = (root.parent / "acknowledged").read_text()
    return set(text.split("\n")[:-1])


def counted(root):
    """Return the ids of all failures and what the history counts."""
    store = json_store(root)
    total = store.history(["sig-a"], since=at(-400))["sig-a"].total
    return {one.id for one in store.failures()}, total, store


def test_a_killed_writer_loses_nothing_it_acknowledged(root):
    """Whenever it dies: every acknowledged record is read, at most one more per kill, and nothing is damaged."""
    run_program(COMMON + KILLED_WRITERS, root, KILLS)
    known = acknowledged(root)
    found, total, store = counted(root)
    assert known
    assert known <= found
    assert len(found - known) <= KILLS
    assert total == len(found)
    report = store.verify()
    assert (report.bad_lines, report.problems) == (0, ())
    assert store.compact().done
    assert counted(root)[:2] == (found, total)


def test_a_killed_compactor_changes_no_count(root):
    """Whenever it dies: raw records inside the retention are all there, dropped ones are counted exactly once."""
    run_program(COMMON + KILLED_COMPACTOR, root, KILLS)
    known = acknowledged(root)
    assert len(known) == 6 * KILLS
    recent = {name for name in known if name.partition("-")[0].endswith("b")}
    for _ in range(2):
        found, total, store = counted(root)
        assert recent <= found <= known
        assert total == len(known)
        assert store.verify().bad_lines == 0
        (root / "snapshot.json").unlink(missing_ok=True)
    store.compact()
    found, total, store = counted(root)
    assert (found, total) == (recent, len(known))
    assert len(segments(root)) <= 2


def test_writers_readers_and_compactors_at_once_lose_nothing(root):
    """Four writers, two compactors and a reader share one folder: counts only grow and end exact."""
    statuses = run_program(COMMON + TOGETHER, root, 5)
    assert set(statuses.split()) == {"0"}
    known = acknowledged(root)
    found, total, store = counted(root)
    assert len(known) == 4 * 5 * 20
    assert found == known
    assert total == len(known)
    assert store.warnings == ()
