"""Records through OpenTelemetry, to Application Insights. Imported only where telemetry is switched on."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.metrics import Counter, Histogram, Meter, MeterProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TracerProvider,
)

from shared.errors import GraphError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from shared.telemetry.signals import Attributes

SCOPE = "universal-print-functions"
METRIC_SECONDS = 60


class OpenTelemetryRecorder:
    """A recorder over providers of OpenTelemetry."""

    def __init__(self, traces: TracerProvider, metrics: MeterProvider) -> None:
        self._tracer: Tracer = traces.get_tracer(SCOPE)
        self._meter: Meter = metrics.get_meter(SCOPE)
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    @contextmanager
    def span(
        self, name: str, parent: str | None, links: Sequence[str], attributes: Attributes, *, fallback: str | None
    ) -> Iterator[None]:
        """See Recorder. A request to Graph that failed shows the id that Microsoft's support asks for."""
        is_within = trace.get_current_span().get_span_context().is_valid
        below = parent or (None if is_within else fallback)
        context = trace.set_span_in_context(NonRecordingSpan(_context(below))) if below else None
        kind = SpanKind.CLIENT if parent is None else SpanKind.CONSUMER
        linked = [Link(_context(link)) for link in links]
        with self._tracer.start_as_current_span(
            name, context, kind, dict(attributes), linked, record_exception=False, set_status_on_exception=False
        ) as current:
            try:
                yield
            except BaseException as error:
                current.set_attribute("error.type", type(error).__name__)
                if isinstance(error, GraphError):
                    current.set_attribute("http.response.status_code", error.status)
                    current.set_attribute("graph.error.code", error.code)
                    current.set_attribute("graph.request_id", error.request_id or "")
                current.set_status(Status(StatusCode.ERROR))
                raise

    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """See Recorder."""
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = self._meter.create_counter(name)
        counter.add(amount, dict(attributes))

    def measure(self, name: str, value: float, unit: str, attributes: Attributes) -> None:
        """See Recorder."""
        histogram = self._histograms.get(name)
        if histogram is None:
            histogram = self._histograms[name] = self._meter.create_histogram(name, unit)
        histogram.record(value, dict(attributes))


def _context(traceparent: str) -> SpanContext:
    # Always sampled: whoever measures what telemetry costs has the switch, and half a trace helps nobody.
    _, trace_id, span_id, _ = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def application_insights(connection_string: str, authentication: str | None) -> OpenTelemetryRecorder:
    """A recorder that sends to Application Insights.

    `authentication` is APPLICATIONINSIGHTS_AUTHENTICATION_STRING: the identity that may publish, where keys are off.
    """
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter
    from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    options: Mapping[str, Any] = {"connection_string": connection_string, "credential": _credential(authentication)}
    resource = Resource.create({"service.name": SCOPE})
    traces = SdkTracerProvider(resource=resource)
    # Named, because ours is not the global one, where the exporter would look for it and complain at each export.
    exporter = AzureMonitorTraceExporter(**options, tracer_provider=traces)
    traces.add_span_processor(BatchSpanProcessor(exporter))
    reader = PeriodicExportingMetricReader(
        AzureMonitorMetricExporter(**options), export_interval_millis=METRIC_SECONDS * 1000
    )
    metrics = SdkMeterProvider([reader], resource=resource)
    atexit.register(traces.shutdown)
    atexit.register(metrics.shutdown)
    return OpenTelemetryRecorder(traces, metrics)


def _credential(authentication: str | None) -> TokenCredential | None:
    parts = dict(part.partition("=")[::2] for part in (authentication or "").split(";"))
    if parts.get("Authorization", "").upper() != "AAD":
        return None
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=parts.get("ClientId"))
