"""The storm breaker: one state for all processes that share its log."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule

from pytest_selfheal.plugin.run_folder import SharedLog
from pytest_selfheal.plugin.run_folder import WaitingFile
from pytest_selfheal.recover import MemoryLog
from pytest_selfheal.recover import Storm
from pytest_selfheal.recover.storm import FAILED
from pytest_selfheal.recover.storm import RECOVERED

KEY = "o1:a"


def storm(log=None, who="one"):
    return Storm(3, 60.0, log or MemoryLog(), who)


def fail(one, times, now=0.0):
    for _ in range(times):
        one.note(FAILED, KEY, now)


def test_it_opens_at_the_limit_and_one_probe_decides_after_the_pause():
    """Closed, open, half-open with one probe; a probe that fails closes the door again."""
    one = storm()
    fail(one, 2)
    assert one.lets_through(KEY, 1.0)
    fail(one, 1, 10.0)
    assert not one.lets_through(KEY, 69.0)
    assert one.lets_through(KEY, 70.0)
    assert not one.lets_through(KEY, 71.0)
    one.note(FAILED, KEY, 72.0)
    assert not one.lets_through(KEY, 131.0)
    assert one.lets_through(KEY, 132.0)
    one.note(RECOVERED, KEY, 133.0)
    assert one.lets_through(KEY, 133.0)
    assert one.lets_through(KEY, 133.0)


def test_a_recovery_ends_the_count():
    """Failures must follow each other to count."""
    one = storm()
    fail(one, 2)
    one.note(RECOVERED, KEY, 0.0)
    fail(one, 2)
    assert one.lets_through(KEY, 1.0)


def test_a_probe_that_never_ends_is_replaced():
    """Its process may have died."""
    one = storm()
    fail(one, 3)
    assert one.lets_through(KEY, 60.0)
    assert not one.lets_through(KEY, 119.0)
    assert one.lets_through(KEY, 120.0)


def test_processes_that_share_a_file_share_the_state(tmp_path):
    """Failures of two workers add up, and only one of them probes."""
    one, two = storm(SharedLog(tmp_path), "one"), storm(SharedLog(tmp_path), "two")
    fail(one, 2)
    fail(two, 1)
    assert not one.lets_through(KEY, 1.0)
    assert [one.lets_through(KEY, 60.0), two.lets_through(KEY, 60.0)] == [True, False]
    two.note(RECOVERED, KEY, 61.0)
    assert one.lets_through(KEY, 61.0)


def test_a_torn_or_foreign_line_is_passed_over(tmp_path):
    """A worker may be killed while it writes."""
    one = storm(SharedLog(tmp_path))
    fail(one, 3)
    with (tmp_path / "storm.log").open("ab") as file:
        file.write(b'{"not": "ours"}\n["failed", "o1:a"')
    assert not one.lets_through(KEY, 1.0)


class Workers(RuleBasedStateMachine):
    """Three processes with one log: whatever happens, at most one probe of an outage is under way."""

    def __init__(self):
        super().__init__()
        self.events = []
        self.workers = [Storm(2, 60.0, _Reader(self.events), f"w{number}") for number in range(3)]
        self.now = 0.0
        self.probing = []

    @rule(worker=st.integers(0, 2))
    def ask(self, worker):
        before_open = self.workers[worker].is_open(KEY, self.now)
        half_open = bool(self.workers[worker]._outages.get(KEY) and self.workers[worker]._outages[KEY].open_until)
        if self.workers[worker].lets_through(KEY, self.now):
            assert not before_open
            if half_open:
                self.probing.append(self.now)

    @rule(worker=st.integers(0, 2), recovered=st.booleans())
    def end(self, worker, recovered):
        self.workers[worker].note(RECOVERED if recovered else FAILED, KEY, self.now)
        self.probing.clear()

    @rule(seconds=st.floats(0.0, 100.0))
    def wait(self, seconds):
        self.now += seconds
        self.probing = [since for since in self.probing if self.now < since + 60.0]

    @invariant()
    def at_most_one_probe(self):
        assert len(self.probing) <= 1

    @invariant()
    def all_agree(self):
        assert len({worker.is_open(KEY, self.now) for worker in self.workers}) == 1


class _Reader:
    def __init__(self, events):
        self._events = events
        self._read = 0

    def append(self, event):
        self._events.append(event)

    def unread(self):
        new, self._read = self._events[self._read :], len(self._events)
        return new


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_what_still_waits_is_left_over_and_what_was_told_is_not(tmp_path):
    """The controller reports what a dead worker had not come to, and nothing twice."""
    file = WaitingFile(tmp_path, "gw0")
    file.hold("a", [{"n": 1}])
    file.hold("b", [{"n": 2}])
    file.hold("a", [{"n": 3}])
    file.settle("b")
    with (tmp_path / "waiting-gw0.jsonl").open("ab") as torn:
        torn.write(b'{"nodeid": "c", "rep')
    assert list(WaitingFile(tmp_path, "gw0").left_over()) == [("a", [{"n": 3}])]
    assert list(WaitingFile(tmp_path, "gw1").left_over()) == []
