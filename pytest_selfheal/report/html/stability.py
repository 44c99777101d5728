"""Which tests cannot make up their mind.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RunRecord

_FULL_SHARE = 0.5
_RETURNS = 2


@dataclass(frozen=True)
class Unstable:
    """A test that passed and failed without a reason we know.

    Attributes:
        nodeid: the test.
        healed: runs in which it failed and passed on a retry.
        failed: runs in which it stayed failed.
        returns: times it went from failing to not failing between two full runs.
        states: for each run, oldest first: `h` healed, `f` failed, `.` neither.
        last: its newest failure.
    """

    nodeid: str
    healed: int
    failed: int
    returns: int
    states: str
    last: FailureRecord

    @property
    def score(self) -> int:
        """How often it contradicted itself."""
        return self.healed + self.returns


def unstable_tests(runs: Sequence[RunRecord], failures: Sequence[FailureRecord]) -> list[Unstable]:
    """Return the tests that a retry healed, or that came back by themselves twice or more, the worst first.

    The store keeps no record of a passing test, so "not failing" is all that is known of the other runs; runs that
    executed less than half of what the largest one did are left out of the count of returns.

    Args:
        runs: complete ones, oldest first.
        failures: theirs, newest first.
    """
    states: dict[str, dict[str, str]] = {}
    newest: dict[str, FailureRecord] = {}
    for record in failures:
        state = "h" if record.outcome is Outcome.HEALED else "f"
        of_test = states.setdefault(record.nodeid, {})
        of_test[record.run_id] = "f" if "f" in (state, of_test.get(record.run_id)) else state
        newest.setdefault(record.nodeid, record)
    full = _full_runs(runs)
    found = [_unstable(nodeid, by_run, runs, full, newest[nodeid]) for nodeid, by_run in states.items()]
    flaky = [test for test in found if test.healed or test.returns >= _RETURNS]
    return sorted(flaky, key=lambda test: (-test.score, -test.failed, test.nodeid))


def _full_runs(runs: Sequence[RunRecord]) -> frozenset[str]:
    executed = {run.id: run.passed + run.failed + run.errors for run in runs}
    least = _FULL_SHARE * max(executed.values(), default=0)
    return frozenset(run_id for run_id, count in executed.items() if count >= least)


def _unstable(
    nodeid: str, by_run: Mapping[str, str], runs: Sequence[RunRecord], full: frozenset[str], last: FailureRecord
) -> Unstable:
    states = "".join(by_run.get(run.id, ".") for run in runs)
    compared = "".join(by_run.get(run.id, ".") for run in runs if run.id in full)
    return Unstable(
        nodeid,
        healed=states.count("h"),
        failed=states.count("f"),
        returns=compared.count("f.") + compared.count("fh"),
        states=states,
        last=last,
    )
