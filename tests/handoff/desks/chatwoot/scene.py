"""A Chatwoot desk before its stand-in on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestServer

from core.ports.channel import RawRequest
from core.ports.helpdesk import Heard
from gateway.lab.desks.chatwoot import ChatwootLab
from gateway.lab.desks.chatwoot.state import Conversation, Message
from handoff.desks.chatwoot import plugin
from handoff.desks.chatwoot.helpdesk import ChatwootHelpdesk
from handoff.desks.chatwoot.settings import ChatwootSettings
from tests.handoff.desks.drafted import House, request


@dataclass
class Scene:
    """The desk, its stand-in, and what it was told by webhooks."""

    lab: ChatwootLab
    settings: dict[str, Any]
    house: House = field(default_factory=House)
    desks: list[ChatwootHelpdesk] = field(default_factory=list)
    requests: list[RawRequest] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def desk(self, **changes: Any) -> ChatwootHelpdesk:
        """The desk of one more process."""
        model = ChatwootSettings.model_validate({**self.settings, **changes})
        assert plugin.helpdesk is not None
        made = plugin.helpdesk(self.house.context(), model)
        assert isinstance(made, ChatwootHelpdesk)
        self.desks.append(made)
        return made

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> None:
        """What arrives is proven and understood by the newest desk."""
        arrived = request(body, headers)
        self.requests.append(arrived)
        self.desks[-1].verify(arrived)
        self.heard += self.desks[-1].parse(arrived)

    async def told(self) -> list[Heard]:
        """What was heard since the last time."""
        await self.lab.told()
        heard, self.heard = self.heard, []
        return heard

    def conversation(self, ref: str = "1") -> Conversation:
        return self.lab.account.conversations[int(ref)]

    def messages(self, ref: str = "1") -> list[Message]:
        return [message for message in self.conversation(ref).messages if message.kind != 2]


@asynccontextmanager
async def chatwoot() -> AsyncIterator[Scene]:
    lab = ChatwootLab()
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
