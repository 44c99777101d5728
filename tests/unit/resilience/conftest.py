"""A world for the toolkit in which time passes only when somebody waits."""

from __future__ import annotations

import pytest

from pytest_selfheal import Effects


class World:
    """A clock that `sleep` moves; `waits` lists the waits, in seconds."""

    def __init__(self):
        self.now = 1000.0
        self.waits = []
        self.effects = Effects(clock=self.clock, sleep=self.sleep, async_sleep=self.async_sleep, draw=lambda: 0.5)

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    async def async_sleep(self, seconds):
        self.sleep(seconds)


@pytest.fixture
def world():
    """Return a fresh world."""
    return World()


@pytest.fixture
def failing():
    """Build a function that raises the given exceptions one after the other, then returns `answer`; counts calls."""

    def build(*errors, answer="answer"):
        waiting = list(errors)

        def call():
            call.calls += 1
            if waiting:
                raise waiting.pop(0)
            return answer

        call.calls = 0
        return call

    return build
