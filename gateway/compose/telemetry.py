"""Traces as the YAML wants them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import config
from core import ids
from gateway.span_export import Collector, SpanExport
from gateway.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What makes spans, and what takes them away, unless there is nothing to take."""

    tracing: Tracing
    export: SpanExport | None = None

    def start(self) -> None:
        """Begin to send."""
        if self.export is not None:
            self.export.start()

    def stop(self) -> None:
        """Send what is left, within seconds; safe twice and before start."""
        if self.export is not None:
            self.export.stop()


def telemetry_of(settings: config.Settings) -> Telemetry:
    """Of the whole process; it takes a restart to change."""
    block = settings.telemetry
    if block is None or not block.sample:
        return Telemetry(Tracing())
    export = SpanExport(
        Collector(
            url=block.url,
            headers={name: value.get_secret_value() for name, value in block.headers.items()},
            service=block.service_name,
            version=version("frontdesk"),
            instance=ids.new_id("i"),
        )
    )
    return Telemetry(Tracing(export.put, sample=block.sample), export)
