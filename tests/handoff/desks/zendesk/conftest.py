"""A Zendesk account over a real socket, and the desk connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from core.domain import Attachment, Contact
from core.ports.helpdesk import By, CaseDraft, EntryDraft
from gateway.lab.desks.zendesk import ZendeskLab
from gateway.lab.desks.zendesk.state import Ticket
from handoff import DeskContext
from handoff.desks.zendesk.helpdesk import Zendesk
from handoff.desks.zendesk.settings import ZendeskSettings
from tests.channels.context import HeldFiles, HeldMemory, NoLive

WEBHOOK_URL = "https://frontdesk.example/webhooks/desk/acme"


@dataclass
class Clock:
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Account:
    """The stand-in, the desk, and shorthand for both."""

    lab: ZendeskLab
    url: str
    clock: Clock
    files: HeldFiles = field(default_factory=HeldFiles)
    made: list[Zendesk] = field(default_factory=list)

    def settings(self, **more: Any) -> dict[str, Any]:
        return {
            "subdomain": "acme",
            "client_id": self.lab.client_id,
            "client_secret": self.lab.client_secret,
            "signing_secrets": [self.lab.poster.secret],
            "api_url": self.url,
            **more,
        }

    def connect(self, **more: Any) -> Zendesk:
        """Another worker of the same tenant."""
        context = DeskContext(
            tenant="acme",
            live=NoLive(),
            files=self.files,
            memory=HeldMemory(),
            clock=self.clock,
            webhook_url=WEBHOOK_URL,
        )
        chosen = {name: value for name, value in self.settings(**more).items() if value is not None}
        desk = Zendesk(context, ZendeskSettings.model_validate(chosen))
        self.made.append(desk)
        return desk

    @property
    def ticket(self) -> Ticket:
        """The newest ticket."""
        return list(self.lab.books.tickets.values())[-1]

    def entry(self, text: str = "Where is my order?", *, key: str = "c_1#1#0", **facts: Any) -> EntryDraft:
        given = {"by": By.CONTACT, "author": "Ann Lee", "is_public": True, "at": self.clock(), **facts}
        return EntryDraft(key=key, text=text, **given)

    def case(self, key: str = "fd:c_1:1", **facts: Any) -> CaseDraft:
        given = {
            "subject": "Where is my order?",
            "contact": Contact(id="ann", name="Ann Lee"),
            "channel": "whatsapp",
            "opening": self.entry(key=f"{key}#0"),
            **facts,
        }
        return CaseDraft(key=key, conv="c_1", **given)

    def file(self, name: str, body: bytes) -> Attachment:
        made = Attachment(id=f"a_{name}", name=name, media_type="image/png", size_bytes=len(body))
        self.files.bodies[made.id] = body
        return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def account(clock: Clock) -> AsyncIterator[Account]:
    lab = ZendeskLab(clock=clock)
    server = TestServer(lab.app())
    await server.start_server()
    held = Account(lab=lab, url=str(server.make_url("")).rstrip("/"), clock=clock)
    yield held
    for desk in held.made:
        await desk.close()
    await lab.close()
    await server.close()


@pytest.fixture
def desk(account: Account) -> Zendesk:
    return account.connect()
