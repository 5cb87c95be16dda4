"""What the bridge gives a desk, and the house around it, for tests of single desks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy

from core.domain import Attachment, Contact
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseDraft, EntryDraft
from handoff import DeskContext
from tests.channels.context import HeldFiles, HeldMemory, NoLive

WEBHOOK_URL = "https://desk.example/webhooks/desk/acme"
PNG = bytes.fromhex("89504e470d0a1a0a")


@dataclass
class MovedClock:
    """The real time, and what was skipped of it."""

    skipped: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.skipped

    def move(self, **by: float) -> None:
        self.skipped += timedelta(**by)


@dataclass
class House:
    """A tenant's files, memory and time; kept when a desk is made anew, as after a restart."""

    files: HeldFiles = field(default_factory=HeldFiles)
    memory: HeldMemory = field(default_factory=HeldMemory)
    clock: MovedClock = field(default_factory=MovedClock)
    webhook_url: str | None = WEBHOOK_URL

    def context(self) -> DeskContext:
        return DeskContext(
            tenant="acme",
            live=NoLive(),
            files=self.files,
            memory=self.memory,
            clock=self.clock,
            webhook_url=self.webhook_url,
        )

    def file(self, name: str, body: bytes = PNG, **facts: Any) -> Attachment:
        made = Attachment(
            **{"id": f"u_{name}", "name": name, "media_type": "image/png", "size_bytes": len(body), **facts}
        )
        self.files.bodies[made.id] = body
        return made

    def entry(
        self, text: str = "Where is it?", *, key: str = "c_1#2#0", by: By = By.CONTACT, **facts: Any
    ) -> EntryDraft:
        author = {By.CONTACT: "Ada", By.OURS: "Assistant"}.get(by, "Kim Console")
        known: dict[str, Any] = {"author": author, "is_public": True, "at": self.clock(), **facts}
        return EntryDraft(key=key, by=by, text=text, **known)

    def case(self, key: str = "fd:c_1:1", **facts: Any) -> CaseDraft:
        contact = Contact(id="web:ada", name="Ada", email="ada@mail.example", verified=True)
        known: dict[str, Any] = {
            "conv": key.split(":")[1],
            "subject": "Ada: where is my parcel?",
            "contact": contact,
            "channel": "whatsapp",
            "opening": self.entry("Where is my parcel?", key=f"{key}/opening"),
            **facts,
        }
        return CaseDraft(key=key, **known)


def request(body: bytes, headers: Mapping[str, str] | None = None, *, query: str = "") -> RawRequest:
    """A webhook call that arrives now."""
    return RawRequest(
        method="POST",
        path=f"/webhooks/desk/acme{query}",
        headers=CIMultiDictProxy(CIMultiDict(headers or {})),
        body=body,
        received_at=datetime.now(UTC),
    )
