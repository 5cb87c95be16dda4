"""A Teams channel beside the stand-in, on one clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.teams.channel import TeamsChannel
from adapters.teams.settings import TeamsSettings
from core.domain import Head, InboundEvent
from core.errors import KeysStale
from core.inbound import Parsed, Respond
from core.ports.channel import Outbound, RawRequest, Shown
from gateway.lab.teams import TeamsLab
from gateway.lab.vendor import LabMessage
from tests.channels.context import HeldFiles, channel_context
from tests.channels.teams import wire
from tests.contracts.channel_descriptor import NOW
from tests.contracts.channel_world import message


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(slots=True)
class World:
    lab: TeamsLab
    channel: TeamsChannel
    clock: Clock
    heard: list[Parsed] = field(default_factory=list)

    @property
    def events(self) -> list[InboundEvent]:
        return [item for item in self.heard if isinstance(item, InboundEvent)]

    async def head(self) -> Head:
        """The private conversation, once the contact wrote in it."""
        await self.lab.say("Hello")
        return Head.first(self.events[-1])

    async def receive(self, request: web.Request) -> web.Response:
        raw = RawRequest(
            method="POST",
            path=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            received_at=self.clock(),
        )
        try:
            self.channel.verify(raw)
        except KeysStale:
            await self.channel.refresh_keys()
            self.channel.verify(raw)
        parsed = self.channel.parse(raw)
        self.heard += parsed
        answers = [item for item in parsed if isinstance(item, Respond)]
        return web.Response(body=answers[0].body if answers else b"{}", content_type="application/json")

    def shown(self, room: str | None = None) -> list[LabMessage]:
        """What the bot said there."""
        return [item for item in self.lab.messages(room) if item.author == "bot" and not item.is_deleted]

    def calls(self, method: str = "POST") -> list[dict[str, Any]]:
        """The bodies the connector got."""
        return [dict(body) for verb, _, body in self.lab.connector.calls if verb == method]


def row(head: Head, text: str, *, preview: Shown | None = None, **fields: Any) -> Outbound:
    """An outbox row."""
    reconcile, refs = fields.pop("reconcile", False), fields.pop("sent_refs", ())
    said = message(text, **fields)
    return Outbound(
        id=f"{head.conv}#2#0", head=head, message=said, reconcile=reconcile, sent_refs=refs, preview=preview
    )


@asynccontextmanager
async def world(*, keeps_pace: bool = False, files: HeldFiles | None = None, **settings: Any) -> AsyncIterator[World]:
    """Both, on real sockets."""
    clock = Clock()
    lab = TeamsLab(keys=[wire.key("key-1")], clock=clock, keeps_pace=keeps_pace)
    server = TestServer(lab.app())
    await server.start_server()
    lab.url = str(server.make_url("/")).rstrip("/")
    model = TeamsSettings.model_validate({**lab.settings, **settings})
    made = World(lab, TeamsChannel(channel_context(clock=clock, files=files), model), clock)
    app = web.Application()
    app.router.add_post("/teams", made.receive)
    ear = TestServer(app)
    await ear.start_server()
    lab.hook.url = str(ear.make_url("/teams"))
    try:
        yield made
    finally:
        await made.channel.close()
        await lab.close()
        await ear.close()
        await server.close()
