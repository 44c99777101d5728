"""What becomes of a regression test in a run: expected to fail while its bug stands, hard afterwards.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Trust
from pytest_selfheal.model import stable_id
from pytest_selfheal.plugin.regressions import OUTPUT
from pytest_selfheal.regress import lifecycle
from pytest_selfheal.regress.replaying import GONE
from pytest_selfheal.regress.source import short_id
from pytest_selfheal.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import Record
    from pytest_selfheal.plugin.controller import Controller


class KnownBugs:
    """The regression tests of this process.

    What a test claims of itself is not believed: its state stands in the store, and only the very file that was
    generated, where it was generated, can be expected to fail.
    """

    def __init__(self, config: pytest.Config, policy: Policy) -> None:
        self._config = config
        store = open_store(
            config.rootpath / policy.store,
            url=policy.store_url,
            retention_days=policy.retention_days,
            read_only=True,
        )
        self._known = lifecycle.by_place(store.generated_tests())
        store.close()
        self._followed: dict[str, str] = {}
        self.outcomes: dict[str, str] = {}
        """What each came to, by the id of its record: `passed` or `failed`."""

    def mark(self, found: Iterable[tuple[pytest.Item, pytest.Mark]]) -> None:
        """Give each test the mark its state asks for, and remember which ones to follow."""
        for item, mark in found:
            test = self._record_of(item, mark)
            if test is None:
                continue
            name = short_id(test.id)
            if test.state == lifecycle.RETIRED:
                item.add_marker(pytest.mark.skip(reason=f"regression test {name} is retired"))
                continue
            self._followed[item.nodeid] = test.id
            if test.state == lifecycle.OPEN:
                reason = f"known bug {name}: {test.nodeid}"
                item.add_marker(pytest.mark.xfail(reason=ascii(reason)[1:-1], strict=False))
            elif self._config.getoption("reruns", None):  # of pytest-rerunfailures; a mark of its own goes first
                item.add_marker(pytest.mark.flaky(reruns=0), append=False)

    def _record_of(self, item: pytest.Item, mark: pytest.Mark) -> GeneratedTest | None:
        root = self._config.rootpath
        try:
            path = item.path.relative_to(root).as_posix()
        except ValueError:
            return None
        test = self._known.get((path, str(mark.kwargs.get("id", ""))))
        if test is None or item.nodeid != f"{path}::{test.test_name}" or not lifecycle.is_generated(test, root):
            return None
        return test

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what a regression test came to."""
        test_id = self._followed.get(report.nodeid)
        if test_id is None:
            return
        expected = hasattr(report, "wasxfail")
        if report.failed or (expected and report.skipped):
            self.outcomes[test_id] = lifecycle.FAILED
        elif report.skipped and GONE in str(report.longrepr):
            self.outcomes[test_id] = lifecycle.MISSING
        elif report.when == "call" and report.passed:
            self.outcomes.setdefault(test_id, lifecycle.PASSED)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave the outcomes with the controller when this is an xdist worker."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[OUTPUT] = dict(self.outcomes)


def keep(controller: Controller, outcomes: Mapping[str, str]) -> None:
    """Write what the regression tests of a run came to; say which bugs are gone. Runs without trust do not count."""
    if controller.trust is Trust.UNTRUSTED:
        return
    now = controller.now()
    root = controller.config.rootpath
    records: list[Record] = []
    for test in controller.store.generated_tests():
        outcome = outcomes.get(test.id)
        if outcome is None or test.state == lifecycle.RETIRED:
            continue
        is_gone = outcome == lifecycle.MISSING or (outcome == lifecycle.FAILED and not lifecycle.has_target(test, root))
        after = test if outcome == lifecycle.MISSING else lifecycle.after_run(test, outcome, now)
        after = lifecycle.after_missing(after, now, is_gone=is_gone)
        records.append(after)
        if outcome == lifecycle.MISSING:
            controller.screen.tell(
                "notice", f"{test.path}: {test.nodeid} is gone; delete the file, or restore the test"
            )
        if after.state != test.state:
            records.append(_event(controller, after, now))
            controller.screen.tell(after.state, _sentence(after))
    controller.store.commit(records)


def _sentence(test: GeneratedTest) -> str:
    if test.state == lifecycle.GUARDING:
        return f"{test.path} passes: the bug is gone; from now on it fails when the bug comes back ({test.nodeid})"
    return f"{test.path} is skipped from now on: {test.nodeid} has been gone for {lifecycle.GONE_DAYS} days"


def _event(controller: Controller, test: GeneratedTest, now: str) -> HealingEvent:
    return HealingEvent(
        id=stable_id(controller.run_id, test.state, test.id),
        updated_at=now,
        run_id=controller.run_id,
        action="regression",
        result="ok",
        signature=test.id,
        nodeids=(test.nodeid,),
        detail=test.state,
        ref=test.path,
        created_at=now,
    )
