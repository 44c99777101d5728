"""One test across its tries.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    import pytest

    from pytest_selfheal.model import Attempt
    from pytest_selfheal.plugin.observer import Observed
    from pytest_selfheal.plugin.private_pytest import Phase
    from pytest_selfheal.plugin.private_pytest import Snapshot
    from pytest_selfheal.recover import Wish


class Trial:
    """What happened to one failing test so far, and what is to happen next.

    Attributes:
        item: the test.
        snapshot: what the item looked like before its first try.
        phase: call and report of the phase that decided the last try.
        failing: the report of the last try that failed.
        held: the reports of the sub-tests of that try.
        observed: what that failure was found to be; of a test of which only sub-tests failed, the first of those.
        subtests: observations of the sub-tests that failed in the last try.
        attempts: the superseded tries.
        setup_logged: whether a passing set-up has been reported for this test.
        torn_down: the teardown of a superseded try when it was not clean; the test cannot be run again then.
        healed: whether the last try passed.
        delay_s: how long it was to wait for its next try when that was decided, seconds.
        due: when the next try may start, seconds of the waiting queue's clock.
        alone: whether the next try is to be made in a fresh process.
        on_file: whether its failure was left for the case that this worker dies.
        reason: why there is no further try, for people.
    """

    __slots__ = (
        "alone",
        "attempts",
        "delay_s",
        "due",
        "failing",
        "healed",
        "held",
        "item",
        "observed",
        "on_file",
        "phase",
        "reason",
        "setup_logged",
        "snapshot",
        "subtests",
        "torn_down",
        "wish",
    )

    def __init__(self, item: pytest.Item, snapshot: Snapshot, phase: Phase) -> None:
        self.item = item
        self.snapshot = snapshot
        self.phase = phase
        self.failing: pytest.TestReport | None = None
        self.held: list[Any] = []
        self.observed: Observed | None = None
        self.subtests: list[Observed] = []
        self.attempts: list[Attempt] = []
        self.setup_logged = False
        self.torn_down: Phase | None = None
        self.healed = False
        self.delay_s = 0.0
        self.due = 0.0
        self.alone = False
        self.on_file = False
        self.reason = ""
        self.wish: Wish | None = None

    @property
    def outage_key(self) -> str:
        """The outage that the last failure belongs to."""
        return self.observed.diagnosis.outage_key if self.observed is not None else ""

    def module(self) -> Any:
        """Return the node whose fixtures a run of this test shares with its neighbours."""
        return module_of(self.item)


def module_of(item: pytest.Item | Any) -> Any:
    """Return the module an item belongs to, or its parent for items of other kinds."""
    import pytest

    return item.getparent(pytest.Module) or item.parent
