"""The desk's live stream: what changed, so that an open page reads it again.

Events carry no text, only which conversation changed: the page asks the API, which checks what the person may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from gateway.http.desk import BASE, reader
from gateway.http.door import is_still_in
from gateway.http.sse import KEEP_ALIVE, PING_FRAME, PING_KIND, EventStream, StreamClosed, open_stream
from gateway.live import DESK, LiveEvent, Subscription

MAX_STREAMS: Final = 1_000
"""Open pages of agents; the public listener has its own bound."""

DRAIN: Final = "drain"


def routes() -> list[web.RouteDef]:
    """The stream."""
    return [web.get(f"{BASE}/stream", stream)]


async def stream(request: web.Request) -> web.StreamResponse:
    """Tell a page what changed until it goes, logs out, or the server drains."""
    seat = reader(request)
    keep_alive = request.config_dict[KEEP_ALIVE]
    with (
        seat.services.hub.subscribe(seat.tenant.id, DESK) as news,
        keep_alive.watching(news, limit=MAX_STREAMS),
    ):
        out = await open_stream(request)
        try:
            await out.send("hello", {"tenant": seat.tenant.id})
            while await _tell(request, out, news):
                pass
        except StreamClosed:
            pass
    return out.response


async def _tell(request: web.Request, out: EventStream, news: Subscription) -> bool:
    """Write what waits; False when the stream ends."""
    events = await news.wait()
    if not await is_still_in(request):
        await out.send("login_needed", {})
        return False
    if any(event.kind == DRAIN for event in events):
        await out.send("bye", {})
        return False
    if news.is_lagging:
        news.is_lagging = False
        await out.send("reset", {})
    for name, data in told(events):
        await out.send(name, data)
    if any(event.kind == PING_KIND for event in events):
        await out.write(PING_FRAME)
    return True


def told(events: Iterable[LiveEvent]) -> list[tuple[str, dict[str, Any]]]:
    """Frames of a batch: one ``changed`` per conversation with its newest facts, ``news`` and ``typing`` as they come."""
    changed: dict[str, dict[str, Any]] = {}
    others: list[tuple[str, dict[str, Any]]] = []
    for event in events:
        match event.kind:
            case "commit":
                facts = {name: event.data.get(name) for name in ("seq", "owner", "status", "agent")}
                changed.setdefault(event.conv, {"conv": event.conv}).update(facts)
            case "settled":
                changed.setdefault(event.conv, {"conv": event.conv})
            case "desk":
                others.append(("news", {"conv": event.conv, "what": event.data.get("what")}))
            case "typing":
                facts = {name: event.data.get(name) for name in ("who", "active")}
                others.append(("typing", {"conv": event.conv, **facts}))
            case _:
                continue
    return [("changed", data) for data in changed.values()] + others
