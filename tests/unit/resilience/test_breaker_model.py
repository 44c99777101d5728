"""The breaker against a model that says in a few lines what it should do."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule

from pytest_selfheal import CircuitBreaker
from pytest_selfheal import CircuitOpenError

OUTCOMES = {"good": None, "bad": ConnectionError("down"), "bug": AssertionError("x"), "stop": KeyboardInterrupt()}


def _down():
    raise ConnectionError("down")


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin and end in any order while time passes; the model keeps what must be true."""

    def __init__(self):
        super().__init__()
        self.now = 50_000.0
        self.breakers = self.make()
        self.failures = 0
        self.opened_at = None
        self.running = []  # (passage, is it a probe)

    def make(self):
        """One breaker, in one process."""
        return [CircuitBreaker("model", threshold=3, reset_s=10, clock=lambda: self.now)]

    @property
    def probing(self):
        return any(probe for _, probe in self.running)

    @rule(seconds=st.sampled_from([0.5, 3, 9.5, 10, 31]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(which=st.integers(0, 1))
    def begin(self, which):
        passage = self.breakers[which % len(self.breakers)].passage()
        due = self.opened_at is not None and self.now - self.opened_at >= 10
        if self.opened_at is None or (due and not self.probing):
            passage.__enter__()
            self.running.append((passage, self.opened_at is not None))
        else:
            with pytest.raises(CircuitOpenError):
                passage.__enter__()

    @precondition(lambda self: self.running)
    @rule(data=st.data(), outcome=st.sampled_from(sorted(OUTCOMES)))
    def end(self, data, outcome):
        passage, probe = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        error = OUTCOMES[outcome]
        passage.__exit__(type(error) if error else None, error, None)
        if outcome == "good" and (self.opened_at is None or probe):
            self.failures, self.opened_at = 0, None
        if outcome == "bad" and (self.opened_at is None or probe):
            self.failures += 1
            self.opened_at = self.now if self.failures >= 3 or self.opened_at is not None else None

    @rule(times=st.integers(1, 4))
    def calls_fail(self, times):
        """Whole calls, so that it opens often enough."""
        for _ in range(times):
            due = self.opened_at is not None and self.now - self.opened_at >= 10 and not self.probing
            expected = ConnectionError if self.opened_at is None or due else CircuitOpenError
            with pytest.raises(expected):
                self.breakers[-1].call(_down)
            if expected is ConnectionError:
                self.failures += 1
                self.opened_at = self.now if self.failures >= 3 or due else None

    @precondition(lambda self: self.opened_at is not None)
    @rule()
    def reset(self):
        self.breakers[0].reset()
        self.failures, self.opened_at = 0, None

    @invariant()
    def agrees(self):
        for breaker in self.breakers:
            assert breaker.failures == self.failures
            due = self.opened_at is not None and self.now - self.opened_at >= 10
            assert breaker.state == ("closed" if self.opened_at is None else "half-open" if due else "open")
        assert sum(probe for _, probe in self.running) <= 1

    def teardown(self):
        for passage, _ in self.running:
            passage.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)


class SharedBreakerMachine(BreakerMachine):
    """The same with two breakers that meet in a folder, as those of two processes do."""

    def make(self):
        self.folder = tempfile.TemporaryDirectory()
        return [
            CircuitBreaker("model", threshold=3, reset_s=10, clock=lambda: self.now, folder=self.folder.name)
            for _ in range(2)
        ]

    def teardown(self):
        super().teardown()
        self.folder.cleanup()


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestSharedBreaker = SharedBreakerMachine.TestCase
TestSharedBreaker.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
