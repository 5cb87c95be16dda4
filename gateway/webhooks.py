"""``POST /webhooks/{account}``: verify the raw bytes, parse, store durably, then acknowledge.  Never runs a turn."""

from __future__ import annotations

from aiohttp import web

from core.errors import (
    AccountUnknown,
    DeliveryError,
    InboundRejected,
    KeysStale,
    Overloaded,
    SignatureInvalid,
)
from core.inbound import Elsewhere, Parsed, Respond
from core.ports.channel import Channel, RawRequest, RefreshesKeys
from gateway import metrics, tracing
from gateway.intake import elsewhere
from gateway.services import Services, raw_request, services_of

KEYS_RETRY_S = 30
ACCEPTED = Respond(b'{"accepted": 1}')


async def receive(request: web.Request) -> web.Response:
    """One webhook call of a vendor or of a company's own back end."""
    services = services_of(request)
    channel = services.channels.get(request.match_info["account"])
    if channel is None:
        raise AccountUnknown("No such account.")
    said = await answer(services, channel, await raw_request(request))
    return web.Response(body=said.body, content_type=said.media_type)


async def answer(services: Services, channel: Channel, raw: RawRequest) -> Respond:
    """Verify, parse, make durable, and what to say then."""
    channel, parsed = await _understood(services, channel, raw)
    tracing.called_with(raw.headers)
    fresh = await services.intake.take(channel, parsed)
    for item in parsed:
        if isinstance(item, Respond):
            return item
    return ACCEPTED if fresh == 1 else Respond(b'{"accepted": %d}' % fresh)


async def _understood(services: Services, channel: Channel, raw: RawRequest) -> tuple[Channel, tuple[Parsed, ...]]:
    """What the request means, and for which account: one app's address may serve several installations."""
    parsed = await _proven(channel, raw)
    for item in parsed:
        if isinstance(item, Elsewhere):
            other = elsewhere(services.channels, channel, item)
            if other is None or other is channel:
                metrics.ignored_of(channel.kind, "unknown_installation").inc()
                return channel, tuple(rest for rest in parsed if rest is not item)
            return other, await _proven(other, raw)
    return channel, parsed


async def _proven(channel: Channel, raw: RawRequest) -> tuple[Parsed, ...]:
    try:
        try:
            channel.verify(raw)
        except KeysStale:
            await _refresh(channel)
            channel.verify(raw)
        return channel.parse(raw)
    except InboundRejected as error:
        metrics.events_of(channel.kind, error.code).inc()
        if isinstance(error, SignatureInvalid):
            metrics.SIGNATURES_REFUSED.labels(channel=channel.kind, cause=error.cause).inc()
        raise


async def _refresh(channel: Channel) -> None:
    """Newer keys, once; when they cannot be had nothing is proven, and the vendor may come again."""
    if not isinstance(channel, RefreshesKeys):
        return
    try:
        await channel.refresh_keys()
    except DeliveryError as error:
        raise Overloaded(
            "The keys that prove this request cannot be fetched now.", retry_after_s=KEYS_RETRY_S
        ) from error


def routes() -> list[web.RouteDef]:
    """The routes of this stage."""
    return [web.post("/webhooks/{account}", receive)]
