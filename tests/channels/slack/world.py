"""A Slack account beside its stand-in, on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from adapters.slack import plugin
from adapters.slack.channel import SlackChannel
from adapters.slack.settings import SlackSettings
from core.domain import Head, InboundEvent, Message
from core.errors import InboundRejected
from core.inbound import Parsed, Respond
from core.ports.channel import Outbound, RawRequest, Sent, Shown
from gateway.lab.slack import SlackLab
from gateway.lab.vendor import LabMessage
from tests.channels.context import HeldFiles, HeldMemory, channel_context
from tests.channels.slack import payloads as wire
from tests.contracts.channel_world import message

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "lab-signing-secret"


def channel(
    *,
    memory: HeldMemory | None = None,
    webhook_url: str | None = None,
    tenant: str = "acme",
    account: str = "acme-main",
    **settings: Any,
) -> SlackChannel:
    """A channel that talks to nobody, or to the ``api_url`` among its settings."""
    plain = {"bot_token": "xoxb-lab-token", "signing_secrets": [SECRET]}
    values = {key: value for key, value in {**plain, **settings}.items() if value is not ...}
    context = channel_context(
        tenant=tenant,
        account=account,
        memory=memory,
        webhook_url=webhook_url,
        files=HeldFiles({"u_1": b"png", "u_2": b"pdf"}),
        clock=lambda: NOW,
    )
    made = plugin.build(context, SlackSettings.model_validate(values))
    assert isinstance(made, SlackChannel)
    return made


def raw(body: bytes, *, content_type: str = "application/json") -> RawRequest:
    headers = CIMultiDict({"Content-Type": content_type})
    return RawRequest(method="POST", path="/webhooks/acme-main", headers=headers, body=body, received_at=NOW)


def parsed(event: dict[str, Any], *, by: SlackChannel | None = None, **envelope: Any) -> Parsed:
    """The one thing that an event means."""
    (item,) = (by or channel()).parse(raw(wire.body(event, **envelope)))
    return item


def heard(event: dict[str, Any], *, by: SlackChannel | None = None, **envelope: Any) -> InboundEvent:
    item = parsed(event, by=by, **envelope)
    assert isinstance(item, InboundEvent), item
    return item


def form(body: bytes, *, by: SlackChannel | None = None) -> tuple[Parsed, ...]:
    return (by or channel()).parse(raw(body, content_type="application/x-www-form-urlencoded"))


@dataclass
class World:
    """The channel and its vendor; ``heard`` is what the stand-in's webhooks meant."""

    channel: SlackChannel
    lab: SlackLab
    memory: HeldMemory
    address: str
    heard: list[Parsed] = field(default_factory=list)
    rows: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        raw = RawRequest(
            method="POST",
            path=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            received_at=datetime.now(UTC),
        )
        try:
            self.channel.verify(raw)
            items = self.channel.parse(raw)
        except InboundRejected as error:
            return web.Response(status=error.status)
        self.heard += items
        answer = next((item for item in items if isinstance(item, Respond)), None)
        return web.Response(body=answer.body, content_type=answer.media_type) if answer else web.Response()

    @property
    def events(self) -> list[InboundEvent]:
        return [item for item in self.heard if isinstance(item, InboundEvent)]

    def head(self) -> Head:
        """The conversation of the newest event."""
        return Head.first(self.events[-1])

    async def opened(self, text: str = "Where is my order?") -> Head:
        """The contact wrote."""
        await self.lab.say(text)
        return self.head()

    def outbound(self, said: Message, head: Head | None = None, **more: Any) -> Outbound:
        self.rows += 1
        head = head or self.head()
        said = replace(said, created_at=datetime.now(UTC))
        return Outbound(id=f"{head.conv}#{self.rows}#0", head=head, message=said, **{"reconcile": False, **more})

    async def send(self, text: str, *, preview: Shown | None = None, head: Head | None = None, **more: Any) -> Sent:
        return await self.channel.send(self.outbound(message(text, **more), head, preview=preview))

    @property
    def ours(self) -> list[LabMessage]:
        return [shown for shown in self.lab.messages() if shown.author == "bot" and not shown.is_deleted]


@asynccontextmanager
async def world(
    make_lab: Callable[[], SlackLab] = SlackLab, *, tenant: str = "acme", **settings: Any
) -> AsyncIterator[World]:
    """The two of them."""
    lab, memory = make_lab(), HeldMemory()
    vendor, hooks = TestServer(lab.app()), web.Application()
    ear = TestServer(hooks)
    await vendor.start_server()
    address = str(vendor.make_url("/")).rstrip("/")
    values = {**lab.settings(address), **settings}
    made = World(channel(memory=memory, tenant=tenant, **values), lab, memory, address)
    hooks.router.add_post("/webhooks/acme-main", made.receive)
    await ear.start_server()
    lab.hook.url = str(ear.make_url("/webhooks/acme-main"))
    try:
        yield made
    finally:
        await made.channel.close()
        await lab.close()
        await ear.close()
        await vendor.close()
