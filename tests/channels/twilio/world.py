"""A channel beside Twilio's stand-in on a real socket, and an ear that listens where webhooks go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters import AnyChannelPlugin
from adapters.twilio import sms_plugin, whatsapp_plugin
from adapters.twilio.channel import TwilioChannel
from core.domain import Head, InboundEvent
from core.errors import InboundRejected
from core.inbound import Parsed, Receipt, Respond
from core.ports.channel import Outbound, RawRequest
from gateway.lab.twilio import TwilioLab
from tests.channels.context import HeldFiles, HeldMemory, channel_context
from tests.channels.twilio.wire import ACCOUNT_SID, CONTACT, NUMBER, TOKENS
from tests.contracts.channel_world import message

PUBLIC = "https://bot.example.com/support/webhooks/shop"
"""What Twilio believes to call; a proxy takes ``/support`` away."""


class MovingClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(kw_only=True)
class World:
    channel: TwilioChannel
    lab: TwilioLab
    clock: MovingClock
    memory: HeldMemory
    files: HeldFiles
    address: str
    rebuild: Callable[..., TwilioChannel]
    heard: list[Parsed] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Statuses to answer coming webhooks with, instead of taking them."""
    rows: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        if self.answers:
            return web.Response(status=self.answers.pop(0))
        raw = RawRequest(
            method=request.method,
            path=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            received_at=self.clock(),
        )
        try:
            self.channel.verify(raw)
            parsed = self.channel.parse(raw)
        except InboundRejected as error:
            self.refusals.append(getattr(error, "cause", error.code))
            return web.Response(status=error.status)
        self.heard += parsed
        (answer,) = [item for item in parsed if isinstance(item, Respond)]
        return web.Response(body=answer.body, content_type=answer.media_type)

    @property
    def events(self) -> list[InboundEvent]:
        return [item for item in self.heard if isinstance(item, InboundEvent)]

    @property
    def receipts(self) -> list[Receipt]:
        return [item for item in self.heard if isinstance(item, Receipt)]

    async def head(self, text: str = "Hello") -> Head:
        """The conversation, as the contact's newest message leaves it."""
        await self.lab.say(text)
        return Head.first(self.events[-1])

    def row(self, head: Head, text: str, **more: Any) -> Outbound:
        self.rows += 1
        said = replace(message(text, **more), created_at=self.clock())
        return Outbound(id=f"{head.conv}#{self.rows}#0", head=head, message=said, reconcile=False)

    def arrived(self) -> list[str]:
        return [shown.text for shown in self.lab.messages() if shown.author == "bot"]


@asynccontextmanager
async def world_of(kind: str, **settings: Any) -> AsyncIterator[World]:
    clock, memory, files = MovingClock(), HeldMemory(), HeldFiles(base=None)
    lab = TwilioLab(
        kind,
        account_sid=ACCOUNT_SID,
        auth_token=TOKENS[0],
        number=NUMBER,
        contact=CONTACT,
        clock=clock,
        logins={"SK1": "key-secret"},
        signs_as=PUBLIC,
    )
    vendor = TestServer(lab.app())
    await vendor.start_server()
    address = str(vendor.make_url("/")).rstrip("/")

    built: list[TwilioChannel] = []

    def build(**changes: Any) -> TwilioChannel:
        plugin: AnyChannelPlugin = sms_plugin if kind == "sms" else whatsapp_plugin
        own = {"part_gap_s": 0} if kind == "sms" else {}
        plain = {"account_sid": ACCOUNT_SID, "auth_token": TOKENS[0], "from_number": NUMBER, "api_url": address}
        model = plugin.settings.model_validate({**plain, **own, **settings, **changes})
        context = channel_context(
            account="shop", tenant="acme", clock=clock, memory=memory, files=files, webhook_url=PUBLIC
        )
        channel = plugin.build(context, model)
        assert isinstance(channel, TwilioChannel)
        built.append(channel)
        return channel

    world = World(channel=build(), lab=lab, clock=clock, memory=memory, files=files, address=address, rebuild=build)
    app = web.Application()
    app.router.add_post("/webhooks/shop", world.receive)
    app.router.add_get("/files/{name}", _file(files))
    ours = TestServer(app)
    await ours.start_server()
    lab.hook.url = str(ours.make_url("/webhooks/shop"))
    files.base = str(ours.make_url("/files"))
    try:
        yield world
    finally:
        for channel in built:
            await channel.close()
        await lab.close()
        await ours.close()
        await vendor.close()


def _file(files: HeldFiles) -> Callable[[web.Request], Any]:
    async def serve(request: web.Request) -> web.Response:
        body = files.bodies.get(request.match_info["name"])
        return web.Response(status=404) if body is None else web.Response(body=body)

    return serve
