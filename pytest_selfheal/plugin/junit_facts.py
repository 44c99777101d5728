"""What pytest's own JUnit file is told besides outcomes: earlier tries, signatures, and facts of the run.

`selfheal gate --junit` reads it back, so that shards of a run need nothing but their JUnit files.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import private_pytest

if TYPE_CHECKING:
    from pytest_selfheal.model import Attempt
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.plugin.controller import Controller


class RunFacts:
    """Writes facts of the run into the JUnit file before pytest closes it; registered when there is one."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Add them."""
        controller = self._controller
        controller.stopped = str(session.shouldfail or session.shouldstop or "")[:200]
        try:
            private_pytest.tell_junit_about_the_run(controller.config, _facts(controller, int(exitstatus)))
        except Exception as error:  # noqa: BLE001 - the file is pytest's; it is written in any case
            controller.degrade(error)


def _facts(controller: Controller, exitstatus: int) -> dict[str, str]:
    run = controller.ended_run(exitstatus)
    facts = {
        "run": run.id,
        "commit": run.commit,
        "group": run.group,
        "shard": run.shard,
        "selection": "\n".join(run.selection),
        "stopped": run.stopped,
        "deselected": str(run.deselected),
        "lost_workers": str(run.lost_workers),
    }
    told = {f"selfheal.{name}": value for name, value in facts.items() if value not in {"", "0"}}
    return {**told, "selfheal.exit_status": str(exitstatus)}


def tell_junit(config: pytest.Config, report: Any, record: FailureRecord) -> None:
    """Add a test's earlier tries and what the failure was found to be."""
    if record.attempts:
        name = "flakyFailure" if record.outcome.value == "healed" else "rerunFailure"
        private_pytest.tell_junit(config, report, name, [_try(attempt) for attempt in record.attempts])
    took = record.duration_s + sum(attempt.duration_s + attempt.waited_s for attempt in record.attempts)
    facts = {
        "selfheal.outcome": record.outcome.value,
        "selfheal.attempts": str(record.attempt),
        "selfheal.category": record.failure_category.value,
        "selfheal.signature": record.signature,
        "selfheal.recovery_s": f"{took:.3f}",
    }
    if record.is_regression:
        facts["selfheal.regression"] = "true"
    private_pytest.tell_junit_about(config, report, facts)


def _try(attempt: Attempt) -> tuple[str, str, str]:
    took = f"{attempt.duration_s:.3f} s, then {attempt.waited_s:.3f} s until the next"
    details = f"attempt {attempt.number}: {attempt.category.value}, {took}\n{attempt.error_message}"
    return attempt.error_type, attempt.error_message.partition("\n")[0], details
