"""A stand-in of an OpenTelemetry collector: takes OTLP over HTTP on loopback, well, badly or not at all."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

PATH = "/v1/traces"
KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A span as it came over the wire; ids are hexadecimal, times nanoseconds, ``links`` (trace, span)."""

    trace: str
    id: str
    parent: str
    name: str
    kind: str
    began_ns: int
    ended_ns: int
    is_error: bool
    attributes: Mapping[str, Any]
    links: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Collector:
    """``status`` is what it answers; ``is_deaf``: it takes the request and says nothing."""

    url: str = ""
    status: int = 200
    is_deaf: bool = False
    requests: int = 0
    raw: bytes = b""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    spans: list[Received] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """One batch."""
        self.requests += 1
        self.moved.set()
        body = await request.read()
        if self.is_deaf:
            await asyncio.Event().wait()
        if self.status != 200:
            return web.Response(status=self.status)
        if request.headers.get("content-encoding") == "gzip" and body.startswith(b"\x1f\x8b"):
            body = gzip.decompress(body)
        self.raw += body
        self.headers.append(request.headers)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {item.key: _value(item.value) for item in resource.resource.attributes}
            self.services.add(str(named["service.name"]))
            for scope in resource.scope_spans:
                self.spans += [_received(span) for span in scope.spans]
        self.moved.set()
        return web.Response(content_type="application/x-protobuf")

    async def until(self, is_so: Callable[[], bool], *, limit_s: float = 20) -> None:
        """Wait for batches until something holds."""
        async with asyncio.timeout(limit_s):
            while not is_so():
                self.moved.clear()
                await self.moved.wait()

    def named(self, name: str, trace: str = "") -> list[Received]:
        """All spans of a name, of one trace or of any."""
        return [span for span in self.spans if span.name == name and trace in ("", span.trace)]


def _received(span: Any) -> Received:
    return Received(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind=KINDS[span.kind],
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        is_error=span.status.code == 2,
        attributes={item.key: _value(item.value) for item in span.attributes},
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
    )


def _value(value: AnyValue) -> Any:
    return getattr(value, str(value.WhichOneof("value")))


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a free port."""
    collector = Collector()
    app = web.Application()
    app.router.add_post(PATH, collector.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()
