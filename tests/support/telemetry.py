"""What the code recorded of itself, through OpenTelemetry to memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry import signals
from shared.telemetry.open_telemetry import OpenTelemetryRecorder


class Telemetry:
    """What was recorded."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self._spans))
        self.recorder = OpenTelemetryRecorder(traces, MeterProvider([self._reader]))

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    def of_trace(self, trace_id: str) -> list[str]:
        return [span.name for span in self.spans if f"{span.context.trace_id:032x}" == trace_id]

    def metrics(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        data = self._reader.get_metrics_data()
        found: dict[str, list[tuple[dict[str, Any], float]]] = {}
        for resource in data.resource_metrics if data else []:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        value = point.value if hasattr(point, "value") else point.sum
                        found.setdefault(metric.name, []).append((dict(point.attributes or {}), value))
        return found


@contextmanager
def recording() -> Iterator[Telemetry]:
    """Telemetry is on, into what this gives."""
    recorded = Telemetry()
    signals.use(recorded.recorder)
    yield recorded
    signals.use(None)
