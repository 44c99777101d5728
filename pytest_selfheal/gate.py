"""The pull-request verdict: rules over one run, each with its value, threshold, sample and what to do next.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.model import Outcome
from pytest_selfheal.model import RuleResult
from pytest_selfheal.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import Metric
    from pytest_selfheal.model import RunRecord

MAX_TESTS_SHOWN = 10
_FINISHED = (0, 1)
"""pytest's exit statuses of a run that executed its tests (passed, some failed)."""


@dataclass(frozen=True)
class Evidence:
    """What the gate looks at: one run with its failures, events and health.

    Attributes:
        run: the run to judge; None when there is none.
        failures: its failures.
        events: its healing events.
        health: metrics of this run alone.
        degraded: why the store cannot be trusted; empty when it can.
    """

    run: RunRecord | None
    failures: Sequence[FailureRecord]
    events: Sequence[HealingEvent]
    health: Health | None
    degraded: tuple[str, ...] = ()


def judge_run(evidence: Evidence) -> Verdict:
    """Return the verdict: any `block` blocks, else any `warn` warns; without a run the gate cannot tell.

    A rule that lacks data is `neutral`: it neither passes nor blocks.
    """
    run = evidence.run
    if run is None or evidence.health is None:
        reason = RuleResult(
            "G0",
            "a run to judge",
            "block",
            "none recorded",
            advice="run `pytest --selfheal` first, in the same checkout and with the same store",
        )
        return Verdict("unknown", "", (reason,))
    rules = (
        _complete(run, evidence.degraded),
        _regressions(evidence.failures),
        _new_failures(run, evidence.failures),
        _fixed_by_edit(evidence.events),
        *(_rate(metric) for metric in evidence.health.metrics if metric.warning is not None),
    )
    verdicts = {rule.verdict for rule in rules}
    status = "block" if "block" in verdicts else "warn" if "warn" in verdicts else "pass"
    return Verdict(status, run.id, rules)


def _complete(run: RunRecord, degraded: tuple[str, ...]) -> RuleResult:
    executed = run.passed + run.failed + run.errors
    problems: list[str] = []
    if not run.complete:
        problems.append("the run never ended")
    elif run.exit_status not in _FINISHED:
        problems.append(f"pytest ended with exit status {run.exit_status}")
    if run.complete and not executed:
        problems.append("no test was executed")
    if run.lost_workers:
        problems.append(f"{run.lost_workers} worker(s) lost")
    if run.lost_records:
        problems.append(f"{run.lost_records} record(s) could not be stored")
    problems.extend(degraded)
    return RuleResult(
        "G0",
        "complete run",
        "block" if problems else "ok",
        "; ".join(problems) or f"{executed} tests executed",
        n=executed,
        advice="repair the run itself before its tests are judged" if problems else "",
    )


def _regressions(failures: Sequence[FailureRecord]) -> RuleResult:
    broken = _nodeids(record for record in failures if record.is_regression and record.outcome is not Outcome.HEALED)
    return RuleResult(
        "G1",
        "regression tests",
        "block" if broken else "ok",
        str(len(broken)),
        "0",
        len(broken),
        broken[:MAX_TESTS_SHOWN],
        "a bug that was known before is back; fix the code, not the test" if broken else "",
    )


def _new_failures(run: RunRecord, failures: Sequence[FailureRecord]) -> RuleResult:
    standing = _nodeids(
        record for record in failures if not record.is_regression and record.outcome is not Outcome.HEALED
    )
    counted = max(len(standing), run.failed + run.errors - len(_nodeids(r for r in failures if r.is_regression)))
    blocked = counted > 0
    return RuleResult(
        "G2",
        "failures after healing",
        "block" if blocked else "ok",
        str(counted),
        "0",
        run.passed + run.failed + run.errors,
        standing[:MAX_TESTS_SHOWN],
        f"reproduce with: pytest {_quoted(standing[0])}" if standing else "see the run's own output" if blocked else "",
    )


def _fixed_by_edit(events: Sequence[HealingEvent]) -> RuleResult:
    fixed = [event for event in events if event.action == "fix" and event.result == "ok"]
    tests = tuple(dict.fromkeys(nodeid for event in fixed for nodeid in event.nodeids))
    return RuleResult(
        "G6",
        "healed by an edit",
        "block" if fixed else "ok",
        str(len(fixed)),
        "0",
        len(fixed),
        tests[:MAX_TESTS_SHOWN],
        "commit the applied fix (or `selfheal undo` it) and run the tests again" if fixed else "",
    )


def _rate(metric: Metric) -> RuleResult:
    title = metric.name
    threshold = f"warn {_number(metric.warning, metric.unit)}, critical {_number(metric.critical, metric.unit)}"
    if metric.value is None:
        return RuleResult(
            "G7", title, "neutral", f"insufficient data (n={metric.n} < {metric.minimum})", threshold, metric.n
        )
    verdict = {"critical": "block", "warning": "warn"}.get(metric.status, "ok")
    value = _number(metric.value, metric.unit)
    if metric.unit == "share":
        value += f" ({metric.numerator:g}/{metric.n})"
    advice = "look for one common cause: `selfheal failures` groups them by signature" if verdict != "ok" else ""
    return RuleResult("G7", title, verdict, value, threshold, metric.n, advice=advice)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if unit == "share" else f"{value:.1f} s"


def _nodeids(records: Iterable[FailureRecord]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(record.nodeid for record in records))


def _quoted(nodeid: str) -> str:
    return f'"{nodeid}"'
