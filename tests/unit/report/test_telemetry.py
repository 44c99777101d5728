"""A run as spans and metrics, read back from the SDK's exporters in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from pytest_selfheal.model import Category
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Usage
from pytest_selfheal.report.telemetry import MOST_SPANS
from pytest_selfheal.report.telemetry import count
from pytest_selfheal.report.telemetry import trace

NOW = "2026-11-25T10:00:02.000Z"


@pytest.fixture
def event():
    """Build something that was done; keywords replace single fields."""

    def build(**changes):
        fields = {"id": "e1", "updated_at": NOW, "run_id": "run-1", "action": "fix", "result": "ok"}
        return HealingEvent(
            **{**fields, "signature": "v1:1", "nodeids": ("t::a",), "duration_s": 1.5, "created_at": NOW, **changes}
        )

    return build


@pytest.fixture
def spans(run_record):
    """Trace a run and return its spans by name."""

    def build(failures, events):
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace(provider.get_tracer("test"), run_record(), failures, events)
        return {span.name: span for span in exporter.get_finished_spans()}, exporter

    return build


def _metrics(*arguments):
    reader = InMemoryMetricReader()
    count(MeterProvider([reader]).get_meter("test"), *arguments)
    (resource,) = reader.get_metrics_data().resource_metrics
    return {
        (metric.name, *sorted(point.attributes.values(), key=str)): point.value
        if hasattr(point, "value")
        else point.sum
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }


def test_failures_and_deeds_hang_below_the_run(spans, failure_record, event):
    """With the times they took, in one trace."""
    record = failure_record(duration_s=0.5, created_at=NOW)
    found, _exporter = spans([record], [event(), event(id="e2", action="analyse", result="failed")])
    root = found["selfheal run"]
    assert set(found) == {"selfheal run", "selfheal failure", "selfheal fix", "selfheal analyse"}
    below = [span for name, span in found.items() if name != "selfheal run"]
    assert {span.parent.span_id for span in below} == {root.context.span_id}
    assert found["selfheal fix"].end_time - found["selfheal fix"].start_time == 1_500_000_000
    assert found["selfheal failure"].end_time - found["selfheal failure"].start_time == 500_000_000
    assert found["selfheal analyse"].status.status_code is StatusCode.ERROR
    assert found["selfheal fix"].status.status_code is StatusCode.UNSET


def test_no_message_and_no_traceback_is_sent(spans, failure_record, event):
    """Names, types and categories only."""
    record = failure_record(error_message="the words", stack_trace="the trace", user_request="the wish")
    found, _exporter = spans([record], [event(detail="the detail")])
    told = str([dict(span.attributes) for span in found.values()])
    assert "tests/test_a.py::test_one" in told
    assert not any(words in told for words in ("the words", "the trace", "the wish", "the detail"))


def test_a_run_that_broke_altogether_has_a_bounded_number_of_spans(spans, failure_record):
    """The metrics count all of it."""
    _found, exporter = spans([failure_record()] * (MOST_SPANS + 50), [])
    assert len(exporter.get_finished_spans()) == MOST_SPANS + 1


def test_metrics_count_tests_failures_deeds_and_what_a_model_was_asked(run_record, failure_record, event):
    """By outcome, category, result and direction."""
    healed = failure_record(outcome=Outcome.HEALED, failure_category=Category.TRANSIENT)
    run = replace(run_record(), failed=1, healed=1)
    found = _metrics(run, [failure_record(), healed], [event()], Usage("openai m", 2, 300, 40))
    assert found["selfheal.tests", "passed"] == 100
    assert found["selfheal.failures", "failed", "unknown"] == 1
    assert found["selfheal.failures", "healed", "transient"] == 1
    assert found["selfheal.actions", "fix", "ok"] == 1
    assert found["selfheal.action.duration", "fix", "ok"] == 1.5
    assert found["selfheal.model.calls", "openai m"] == 2
    assert found["selfheal.model.tokens", "openai m", "sent"] == 300
