"""Socket Mode: the same events over a socket that we open, for machines without a public address.

An envelope is acknowledged only once what it means is durable; what is not acknowledged, Slack sends again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from adapters.slack.api import SlackApi, quiet_logger, text_of
from adapters.slack.events import EventReader
from adapters.slack.interactions import InteractionReader
from core.errors import InboundRejected, ProviderUnavailable
from core.inbound import Ignored, Parsed, Respond
from core.ports.channel import Accept

if TYPE_CHECKING:
    from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

CONNECT_LIMIT_S: Final = 20.0
LOOK_EVERY_S: Final = 10.0
MAX_MISSES: Final = 3
"""The SDK reconnects by itself; when it does not manage to, we say so and begin anew with a fresh address."""


async def receive(
    api: SlackApi,
    app_token: str,
    accept: Accept,
    *,
    events: EventReader,
    interactions: InteractionReader,
    clock: Callable[[], datetime],
) -> None:
    """Receive until cancelled; raises ``DeliveryError`` when the socket cannot be opened or is lost."""
    from slack_sdk.socket_mode.aiohttp import SocketModeClient  # noqa: PLC0415
    from slack_sdk.socket_mode.response import SocketModeResponse  # noqa: PLC0415

    async def take(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        parsed = understood(request.type, request.payload, events, interactions, clock())
        await accept(parsed)
        answer = next((item for item in parsed if isinstance(item, Respond)), None)
        payload = json.loads(answer.body) if answer is not None and request.accepts_response_payload else None
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    opened = await api.call("apps.connections.open", token=app_token, json={})
    client = SocketModeClient(app_token=app_token, web_client=api.client(), logger=quiet_logger())
    client.wss_uri = text_of(opened, "url")
    client.socket_mode_request_listeners.append(take)
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            await client.connect()  # type: ignore[no-untyped-call]  # the SDK's own gap
        await _watch(client)
    except TimeoutError as error:
        raise ProviderUnavailable("The socket to Slack cannot be opened.") from error
    finally:
        await client.close()  # type: ignore[no-untyped-call]  # the SDK's own gap


async def _watch(client: AsyncBaseSocketModeClient) -> None:
    misses = 0
    while misses < MAX_MISSES:
        await asyncio.sleep(LOOK_EVERY_S)
        misses = 0 if await client.is_connected() else misses + 1
    raise ProviderUnavailable("The socket to Slack is lost.")


def understood(
    kind: str, payload: object, events: EventReader, interactions: InteractionReader, now: datetime
) -> tuple[Parsed, ...]:
    """What an envelope means; one that cannot be read is counted, since Slack would only send it again."""
    body = msgspec.json.encode(payload)
    try:
        match kind:
            case "events_api":
                return events.read(body, now)
            case "interactive":
                return interactions.read_interaction(body, now, body)
            case "slash_commands" if isinstance(payload, dict):
                return interactions.read_command(payload, now, body)
            case _:
                return (Ignored("unknown_envelope"),)
    except InboundRejected as error:
        return (Ignored(error.code),)
