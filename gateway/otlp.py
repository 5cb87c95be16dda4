"""Our spans as OpenTelemetry's, and its exporter.  Loaded by the thread of gateway/span_export.py only, never at the start."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from gateway.tracing import Span

log = structlog.get_logger(__name__)

SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class Otlp:
    """One connection to a collector; ``answer_s`` bounds a batch, the exporter's own further tries included."""

    def __init__(self, url: str, *, headers: Mapping[str, str], resource: Mapping[str, str], answer_s: float) -> None:
        # Its own lines would be one for each try; gateway/span_export.py says what there is to know.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._resource = Resource(dict(resource))
        self._scope = InstrumentationScope("frontdesk", resource.get("service.version"))
        self._exporter = OTLPSpanExporter(
            endpoint=url, headers=dict(headers), timeout=answer_s, compression=Compression.Gzip
        )

    def send(self, spans: Sequence[Span]) -> bool:
        """Whether the collector took them; it blocks, and never raises."""
        try:
            return self._exporter.export([self._made(span) for span in spans]) is SpanExportResult.SUCCESS
        except Exception:
            log.exception("span_export_failed")
            return False

    def close(self) -> None:
        """End what is under way; safe twice and from another thread."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library leaves it out

    def _made(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_context(span.trace, span.id),
            parent=_context(span.trace, span.parent) if span.parent is not None else None,
            resource=self._resource,
            attributes=span.attributes,
            links=[Link(_context(trace, id)) for trace, id in span.links],
            kind=SpanKind[span.kind.upper()],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
            start_time=span.began_ns,
            end_time=span.ended_ns,
            instrumentation_scope=self._scope,
        )


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=SAMPLED)
