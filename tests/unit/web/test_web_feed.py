"""What the feed says, and to whom."""

from __future__ import annotations

import asyncio
import json

import pytest

from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.web.feed import Feed
from pytest_selfheal.web.feed import item_of

NOW = "2026-11-25T10:00:00.000Z"


def _event(action, result="ok", **changes):
    fields = {"detail": "import json", "nodeids": ("tests/test_a.py::test_one",), "created_at": NOW, **changes}
    return HealingEvent("e1", NOW, "run-1", action, result, "v1:a", **fields)


@pytest.mark.parametrize(
    ("action", "result", "title"),
    [
        ("fix", "ok", "fixed"),
        ("fix", "failed", "a fix was taken back"),
        ("escalate", "ok", "escalated"),
        ("accept", "refused", "rejected"),
        ("something", "new", "something new"),
    ],
)
def test_an_event_says_what_was_done(action, result, title):
    """Also one that this version does not know."""
    item = item_of(_event(action, result))
    assert (item["title"], item["time"]) == (title, NOW)
    assert item["text"] == "tests/test_a.py::test_one: import json"


def test_a_failure_says_how_it_ended(failure_record):
    """Failed, or healed and on which try; an escalated one is told by its event."""
    assert item_of(failure_record())["title"] == "failed"
    assert item_of(failure_record(outcome=Outcome.HEALED))["title"] == "healed on try 1"
    assert item_of(failure_record(outcome=Outcome.ESCALATED)) is None
    assert item_of(_event("retry")) is None


def test_a_run_says_what_came_of_it(run_record):
    """Counts that are zero are left out."""
    assert item_of(run_record(complete=False))["title"] == "a run started"
    assert item_of(run_record(failed=2))["text"] == "100 passed, 2 failed"
    assert item_of(run_record(passed=0))["text"] == "nothing was executed"


async def _streamed(feed, last_seen, count):
    stream = feed.stream(last_seen)
    chunks = [await stream.__anext__() for _ in range(count)]
    await stream.aclose()
    return [chunk.decode() for chunk in chunks]


def test_a_listener_hears_what_is_new_and_goes_on_where_it_was():
    """The event id brings back what was missed; one of another process brings nothing old."""
    batches = [[_event("fix", detail="one\n\nevent: forged"), _event("fix", detail="two")]]

    async def live():
        feed = Feed(lambda: batches.pop() if batches else [], lambda: False)
        watching = asyncio.create_task(feed.watch())
        hello, first, second = await _streamed(feed, "", 3)
        again = await _streamed(feed, first.partition("\n")[0].removeprefix("id: "), 2)
        watching.cancel()
        return hello, first, second, again, feed.listeners

    hello, first, second, again, listeners = asyncio.run(live())
    assert hello.startswith("event: hello\ndata: ")
    assert json.loads(first.split("data: ")[1])["text"].endswith("one\n\nevent: forged")
    assert first.count("\nevent: ") == 1
    assert again[1] == second
    assert listeners == 0


def test_a_stream_ends_when_the_server_stops():
    """An open page must not hold it up."""

    async def live():
        feed = Feed(list, lambda: True)
        return [chunk async for chunk in feed.stream("other.5")]

    assert len(asyncio.run(live())) == 1
