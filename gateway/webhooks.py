"""``POST /webhooks/{account}``: verify the raw bytes, parse, store durably, then acknowledge.  Never runs a turn."""

from __future__ import annotations

from aiohttp import web

from core.domain import Ignored, InboundEvent, Respond
from core.errors import AccountUnknown, InboundRejected
from core.ports.channel import Channel, RawRequest
from gateway import metrics
from gateway.services import Services, services_of


async def receive(request: web.Request) -> web.Response:
    """One webhook call of a vendor or of a company's own back end."""
    services = services_of(request)
    channel = services.channels.get(request.match_info["account"])
    if channel is None:
        raise AccountUnknown("No such account.")
    raw = RawRequest(
        method=request.method,
        path=request.raw_path,
        headers=request.headers,
        body=await request.read(),
        received_at=services.clock(),
    )
    try:
        channel.verify(raw)
        parsed = channel.parse(raw)
    except InboundRejected as error:
        metrics.events_of(channel.kind, error.code).inc()
        raise
    return await _accept(services, channel, parsed)


async def _accept(
    services: Services, channel: Channel, parsed: tuple[InboundEvent | Ignored | Respond, ...]
) -> web.Response:
    events = [item for item in parsed if isinstance(item, InboundEvent)]
    fresh = await services.inbox.accept(channel.tenant, events) if events else ()
    for is_new in fresh:
        metrics.events_of(channel.kind, "accepted" if is_new else "duplicate").inc()
    for item in parsed:
        if isinstance(item, Ignored):
            metrics.events_of(channel.kind, "ignored").inc()
        elif isinstance(item, Respond):
            return web.Response(body=item.body, content_type=item.media_type)
    return web.Response(body=b'{"accepted": %d}' % sum(fresh), content_type="application/json")


def routes() -> list[web.RouteDef]:
    """The routes of this stage."""
    return [web.post("/webhooks/{account}", receive)]
