"""A webhook desk before its stand-in, and drafts to bring there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp.test_utils import TestServer

from core.domain import Attachment, Contact
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseDraft, EntryDraft, Heard
from gateway.lab.desks.webhook import WebhookDeskLab
from handoff import DeskContext
from handoff.desks.webhook.desk import WebhookHelpdesk
from handoff.desks.webhook.settings import WebhookDeskSettings
from tests.channels.context import HeldFiles, HeldMemory, NoLive

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Scene:
    """The helpdesk, its stand-in, and what it heard."""

    def __init__(self, lab: WebhookDeskLab, settings: Mapping[str, Any]) -> None:
        self.lab = lab
        self.settings = WebhookDeskSettings.model_validate(dict(settings))
        self.memory = HeldMemory()
        self.files = HeldFiles()
        self.desks: list[WebhookHelpdesk] = []
        self.desk = self.another()
        self.heard: list[Heard] = []
        lab.outlet.post = self._receive

    def another(self) -> WebhookHelpdesk:
        """The desk of another process."""
        context = DeskContext(
            tenant="acme",
            live=NoLive(),
            files=self.files,
            memory=self.memory,
            clock=lambda: datetime.now(UTC),
            webhook_url="https://desk.example/webhooks/desk/acme",
        )
        self.desks.append(WebhookHelpdesk(context, self.settings))
        return self.desks[-1]

    async def _receive(self, body: bytes, headers: Mapping[str, str]) -> int:
        request = RawRequest(method="POST", path="/", headers=headers, body=body, received_at=datetime.now(UTC))
        self.desk.verify(request)
        self.heard += self.desk.parse(request)
        return 200

    def file(self, name: str, body: bytes) -> Attachment:
        """A customer's file."""
        made = Attachment(id=f"u_{name}", name=name, media_type="image/png", size_bytes=len(body))
        self.files.bodies[made.id] = body
        return made


@asynccontextmanager
async def webhook_scene(lab: WebhookDeskLab | None = None, **changes: Any) -> AsyncIterator[Scene]:
    """A scene that is served."""
    lab = lab or WebhookDeskLab()
    server = TestServer(lab.app())
    await server.start_server()
    scene = Scene(lab, {**lab.settings(str(server.make_url("")).rstrip("/")), **changes})
    try:
        yield scene
    finally:
        for desk in scene.desks:
            await desk.close()
        await server.close()


def entry(text: str = "Where is my parcel?", **changes: Any) -> EntryDraft:
    facts: dict[str, Any] = {"key": "c_1#3#0", "by": By.CONTACT, "author": "Ada", "is_public": True, "at": AT}
    return EntryDraft(text=text, **{**facts, **changes})


def case(**changes: Any) -> CaseDraft:
    facts: dict[str, Any] = {
        "key": "fd:c_1:1",
        "conv": "c_1",
        "subject": "Where is my parcel?",
        "contact": Contact(id="ada", name="Ada", email="ada@x.example", verified=True),
        "channel": "whatsapp",
        "opening": entry(),
        "tags": ("vip",),
        "fields": {"order": "17"},
    }
    return CaseDraft(**{**facts, **changes})
