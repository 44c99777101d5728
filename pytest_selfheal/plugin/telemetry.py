"""Sends a run to OpenTelemetry when the settings ask for it; imported only then.

The providers are those the project has set up, as OpenTelemetry wants it. Where there are none, the exporter for its
own protocol takes address, headers and limits from the environment (`OTEL_EXPORTER_OTLP_ENDPOINT` and so on).

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal import __version__
from pytest_selfheal.report.telemetry import count
from pytest_selfheal.report.telemetry import trace
from pytest_selfheal.resilience.limits import timeout_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.model import RunSummary
    from pytest_selfheal.plugin.controller import Controller

_NAME = "pytest_selfheal"
_LIMIT_S = 10.0
_EXPORT_S = 2


def send(controller: Controller, run: RunRecord, summary: RunSummary | None) -> str:
    """Send one run, within a few seconds; return why that could not be done, empty when it was.

    Args:
        controller: the run with its failures and what was done about them.
        run: its final record.
        summary: what its end did; None when nothing had failed.
    """
    try:
        with timeout_after(_LIMIT_S, name="sending telemetry"), _providers() as (tracers, meters):
            failures = [record for _observation, record in controller.pairs]
            trace(tracers.get_tracer(_NAME, __version__), run, failures, controller.events)
            asked = summary.asked if summary is not None else None
            count(meters.get_meter(_NAME, __version__), run, failures, controller.events, asked)
    except ImportError:
        return "no telemetry was sent: pip install 'pytest-selfheal[otel]'"
    except Exception as error:  # noqa: BLE001 - telemetry must never change a run
        return f"no telemetry was sent: {type(error).__name__}: {error}"
    return ""


@contextmanager
def _providers() -> Iterator[tuple[Any, Any]]:
    """Yield what spans and metrics go to; what was made here is flushed and closed."""
    from opentelemetry import metrics
    from opentelemetry import trace as traces
    from opentelemetry.sdk import metrics as metrics_sdk
    from opentelemetry.sdk import trace as traces_sdk

    made: list[Any] = []
    tracers, meters = traces.get_tracer_provider(), metrics.get_meter_provider()
    if not isinstance(tracers, traces_sdk.TracerProvider) and not isinstance(meters, metrics_sdk.MeterProvider):
        made = [_tracers(), _meters()]
        tracers, meters = made
    try:
        yield tracers, meters
    finally:
        for provider in made:
            provider.shutdown()


def _tracers() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_S)))
    return provider


def _meters() -> Any:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    reader = PeriodicExportingMetricReader(OTLPMetricExporter(timeout=_EXPORT_S))
    return MeterProvider([reader], shutdown_on_exit=False)
