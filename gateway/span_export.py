"""Takes spans to the collector: OTLP over HTTP, in a thread of its own, so that nothing on the walk ever waits for it.

What the collector does not take is dropped and counted (``frontdesk_spans_total``): a full queue, a refusal, no answer within
seconds.  OpenTelemetry's libraries are loaded in that thread, and only when telemetry is configured.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from gateway.metrics import SPANS
from gateway.tracing import Span

if TYPE_CHECKING:
    from gateway.otlp import Otlp

log = structlog.get_logger(__name__)

MOST: Final = 20_000
"""Spans that may wait: about a thousand messages; some 15 MB."""

BATCH: Final = 512
EVERY_S: Final = 1.0
ANSWER_S: Final = 5.0
"""As long as a collector may take for a batch, repeated tries of its own included."""

LAST_S: Final = 2.0
"""As long as the end of the process waits for what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Where spans go and in whose name."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    service: str = "frontdesk"
    version: str = ""
    instance: str = ""


class SpanExport:
    """The queue and its thread; ``put`` may be called before ``start``, and after ``stop`` it drops."""

    def __init__(self, collector: Collector, *, most: int = MOST, answer_s: float = ANSWER_S) -> None:
        self._collector = collector
        self._most = most
        self._answer_s = answer_s
        self._queue: deque[Span] = deque()
        self._due = threading.Event()
        self._is_ending = False
        self._is_well = True
        self._otlp: Otlp | None = None
        self._thread: threading.Thread | None = None
        self._sent, self._dropped = SPANS.labels(outcome="sent"), SPANS.labels(outcome="dropped")

    def put(self, span: Span) -> None:
        """Take a span, or drop it when too many wait; returns at once."""
        if len(self._queue) >= self._most or self._is_ending:
            self._dropped.inc()
            return
        self._queue.append(span)
        if len(self._queue) == BATCH:
            self._due.set()

    def start(self) -> None:
        """Begin to send; safe twice."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
            self._thread.start()

    def stop(self, *, limit_s: float = LAST_S) -> None:
        """Send what waits, at most for ``limit_s``, and drop the rest; safe twice and before start."""
        self._is_ending = True
        self._due.set()
        if self._thread is not None:
            self._thread.join(limit_s)
            if self._thread.is_alive() and self._otlp is not None:
                self._otlp.close()
                self._thread.join(limit_s)
            self._thread = None
        self._dropped.inc(len(self._queue))
        self._queue.clear()

    def _run(self) -> None:
        from gateway.otlp import Otlp  # noqa: PLC0415  a quarter of a second of imports that the start need not wait for

        collector = self._collector
        otlp = self._otlp = Otlp(
            collector.url,
            headers=collector.headers,
            resource={
                "service.name": collector.service,
                "service.version": collector.version,
                "service.instance.id": collector.instance,
            },
            answer_s=self._answer_s,
        )
        try:
            is_last = False
            while not is_last:
                self._due.wait(EVERY_S)
                self._due.clear()
                is_last = self._is_ending
                self._send(otlp)
        finally:
            otlp.close()

    def _send(self, otlp: Otlp) -> None:
        """All that waits, batch by batch; at the end of the process a collector that fails is not asked again."""
        while self._queue and (self._is_well or not self._is_ending):
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            is_sent = otlp.send(batch)
            (self._sent if is_sent else self._dropped).inc(len(batch))
            if is_sent is not self._is_well:
                self._is_well = is_sent
                self._tell()

    def _tell(self) -> None:
        """One line when it fails, one when it works again: whoever looks for the rest finds it in the metric."""
        if self._is_well:
            log.info("spans_sent_again")
        else:
            log.warning("spans_dropped", mend="look at telemetry.endpoint and telemetry.headers, and at the collector")
