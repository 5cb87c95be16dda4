"""A Zammad desk before its stand-in on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestServer

from core.ports.channel import RawRequest
from core.ports.helpdesk import Heard
from gateway.lab.desks.zammad import ZammadLab
from gateway.lab.desks.zammad.state import Article, Ticket
from handoff.desks.zammad import plugin
from handoff.desks.zammad.helpdesk import ZammadHelpdesk
from handoff.desks.zammad.settings import ZammadSettings
from tests.handoff.desks.drafted import House, request


@dataclass
class Scene:
    """The desk, its stand-in, and what it was told by webhooks."""

    lab: ZammadLab
    settings: dict[str, Any]
    house: House = field(default_factory=House)
    desks: list[ZammadHelpdesk] = field(default_factory=list)
    requests: list[RawRequest] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def desk(self, **changes: Any) -> ZammadHelpdesk:
        """The desk of one more process."""
        model = ZammadSettings.model_validate({**self.settings, **changes})
        assert plugin.helpdesk is not None
        made = plugin.helpdesk(self.house.context(), model)
        assert isinstance(made, ZammadHelpdesk)
        self.desks.append(made)
        return made

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> None:
        """What arrives is proven and understood by the newest desk."""
        arrived = request(body, headers)
        self.requests.append(arrived)
        self.desks[-1].verify(arrived)
        self.heard += self.desks[-1].parse(arrived)

    async def told(self) -> list[Heard]:
        """What the webhook said since the last time."""
        await self.lab.told()
        heard, self.heard = self.heard, []
        return heard

    def ticket(self, ref: str = "1") -> Ticket:
        return self.lab.instance.tickets[int(ref)]

    def articles(self, ref: str = "1") -> list[Article]:
        return self.lab.instance.articles_of(int(ref))


@asynccontextmanager
async def zammad() -> AsyncIterator[Scene]:
    lab = ZammadLab()
    server = TestServer(lab.app())
    await server.start_server()
    scene = Scene(lab, lab.settings(str(server.make_url("/")).rstrip("/")))
    lab.deliver = scene.receive
    try:
        yield scene
    finally:
        await lab.close()
        for desk in scene.desks:
            await desk.close()
        await server.close()
