"""A Freshdesk desk before its stand-in on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestServer

from core.ports.channel import RawRequest
from core.ports.helpdesk import Heard
from gateway.lab.desks.freshdesk import FreshdeskLab
from gateway.lab.desks.freshdesk.state import Conversation, Ticket
from handoff.desks.freshdesk import plugin
from handoff.desks.freshdesk.helpdesk import FreshdeskHelpdesk
from handoff.desks.freshdesk.settings import FreshdeskSettings
from tests.handoff.desks.drafted import House, request


@dataclass
class Scene:
    """The desk, its stand-in, and what it was told by webhooks."""

    lab: FreshdeskLab
    settings: dict[str, Any]
    house: House = field(default_factory=House)
    desks: list[FreshdeskHelpdesk] = field(default_factory=list)
    requests: list[RawRequest] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def desk(self, **changes: Any) -> FreshdeskHelpdesk:
        """The desk of one more process."""
        model = FreshdeskSettings.model_validate({**self.settings, **changes})
        assert plugin.helpdesk is not None
        made = plugin.helpdesk(self.house.context(), model)
        assert isinstance(made, FreshdeskHelpdesk)
        self.desks.append(made)
        return made

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> None:
        """What arrives is proven and understood by the newest desk."""
        arrived = request(body, headers)
        self.requests.append(arrived)
        self.desks[-1].verify(arrived)
        self.heard += self.desks[-1].parse(arrived)

    def ticket(self, ref: str = "1") -> Ticket:
        return self.lab.account.tickets[int(ref)]

    def entries(self, ref: str = "1") -> list[Conversation]:
        return self.ticket(ref).conversations


@asynccontextmanager
async def freshdesk() -> AsyncIterator[Scene]:
    lab = FreshdeskLab()
    server = TestServer(lab.app())
    await server.start_server()
    scene = Scene(lab, lab.settings(str(server.make_url("/")).rstrip("/")))
    lab.deliver = scene.receive
    try:
        yield scene
    finally:
        for desk in scene.desks:
            await desk.close()
        await lab.close()
        await server.close()
