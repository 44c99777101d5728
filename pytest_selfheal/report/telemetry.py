"""A run as spans and metrics of OpenTelemetry: what failed, what was done about it, how long it took.

Messages and tracebacks are not part of it; names of tests, types of errors, categories and signatures are.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.model import Usage

MOST_SPANS = 1000
"""Failures, and events, beyond so many are counted but get no span: a run that broken needs no thousand details."""

_NANO = 1_000_000_000


def trace(tracer: Any, run: RunRecord, failures: Sequence[FailureRecord], events: Sequence[HealingEvent]) -> None:
    """Write one span for the run, and below it one for each failure and each thing done.

    Args:
        tracer: of OpenTelemetry.
        run: the run that ended.
        failures: its failures.
        events: what was done about them.
    """
    from opentelemetry.trace import set_span_in_context

    root = tracer.start_span("selfheal run", start_time=_nanoseconds(run.started_at), attributes=_of_run(run))
    below = set_span_in_context(root)
    for record in failures[:MOST_SPANS]:
        _span(tracer, below, "selfheal failure", record.created_at, record.duration_s, _of_failure(record))
    for event in events[:MOST_SPANS]:
        span = f"selfheal {event.action}"
        failed = event.result == "failed"
        _span(tracer, below, span, event.created_at, event.duration_s, _of_event(event), failed=failed)
    root.end(end_time=_nanoseconds(run.updated_at))


def count(
    meter: Any, run: RunRecord, failures: Sequence[FailureRecord], events: Sequence[HealingEvent], asked: Usage | None
) -> None:
    """Add a run to the metrics.

    Args:
        meter: of OpenTelemetry.
        run: the run that ended.
        failures: its failures.
        events: what was done about them.
        asked: what a model was asked.
    """
    meter.create_counter("selfheal.runs", unit="{run}", description="Runs that ended").add(
        1, {"selfheal.exit_status": run.exit_status, "selfheal.mode": run.mode}
    )
    tests = meter.create_counter("selfheal.tests", unit="{test}", description="Tests by their final outcome")
    for outcome in ("passed", "failed", "errors", "healed"):
        tests.add(getattr(run, outcome), {"selfheal.outcome": outcome})
    failed = meter.create_counter("selfheal.failures", unit="{failure}", description="Tests that failed at least once")
    for record in failures:
        failed.add(1, {"selfheal.category": record.failure_category.value, "selfheal.outcome": record.outcome.value})
    done = meter.create_counter("selfheal.actions", unit="{action}", description="What was done about failures")
    took = meter.create_histogram("selfheal.action.duration", unit="s", description="How long it took")
    for event in events:
        words = {"selfheal.action": event.action, "selfheal.result": event.result}
        done.add(1, words)
        if event.duration_s:
            took.record(event.duration_s, words)
    if asked is not None:
        words = {"selfheal.service": asked.service}
        meter.create_counter("selfheal.model.calls", unit="{call}").add(asked.calls, words)
        tokens = meter.create_counter("selfheal.model.tokens", unit="{token}")
        tokens.add(asked.input_tokens, {**words, "selfheal.direction": "sent"})
        tokens.add(asked.output_tokens, {**words, "selfheal.direction": "received"})


def _span(
    tracer: Any,
    context: Any,
    name: str,
    ended: str,
    lasted_s: float,
    attributes: dict[str, Any],
    *,
    failed: bool = False,
) -> None:
    from opentelemetry.trace import Status
    from opentelemetry.trace import StatusCode

    end = _nanoseconds(ended)
    span = tracer.start_span(name, context, start_time=end - int(lasted_s * _NANO), attributes=attributes)
    if failed:
        span.set_status(Status(StatusCode.ERROR))
    span.end(end_time=end)


def _of_run(run: RunRecord) -> dict[str, Any]:
    return {
        "selfheal.run_id": run.id,
        "selfheal.mode": run.mode,
        "selfheal.trust": run.trust.value,
        "selfheal.exit_status": run.exit_status,
        "selfheal.passed": run.passed,
        "selfheal.failed": run.failed,
        "selfheal.errors": run.errors,
        "selfheal.healed": run.healed,
    }


def _of_failure(record: FailureRecord) -> dict[str, Any]:
    return {
        "test.case.name": record.nodeid,
        "test.case.result.status": "pass" if record.outcome.value == "healed" else "fail",
        "error.type": record.error_type,
        "selfheal.phase": record.phase.value,
        "selfheal.category": record.failure_category.value,
        "selfheal.severity": record.severity.value,
        "selfheal.signature": record.signature,
        "selfheal.outcome": record.outcome.value,
        "selfheal.attempts": record.attempt,
    }


def _of_event(event: HealingEvent) -> dict[str, Any]:
    return {
        "selfheal.action": event.action,
        "selfheal.result": event.result,
        "selfheal.signature": event.signature,
        "selfheal.tests": list(event.nodeids[:20]),
    }


def _nanoseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() * _NANO)
