"""A store on a temporary file with a clock that the test moves, and the events and commits the tests write into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.domain import Contact, Destination, EventKind, Head, InboundEvent, Role, Voice
from core.ledger import CommitDraft, CommitKind, MessageDraft, OutboxDraft
from gateway.store.embedded.sqlite import SqliteStore

T0 = datetime(2026, 1, 1, tzinfo=UTC)
TENANT, CONV = "acme", "c_1"


def store_at(folder: Path, *, lock: bool = True) -> SqliteStore:
    return SqliteStore(folder / "f.sqlite3", clock=lambda: T0, lock=lock)


def event(number: int, *, conv: str = CONV, payload: bytes = b"") -> InboundEvent:
    at = T0 + timedelta(seconds=number)
    return InboundEvent(
        tenant=TENANT,
        account="web",
        conv=conv,
        dedupe_key=f"m{number}",
        kind=EventKind.MESSAGE,
        contact=Contact(id="k"),
        provider_at=at,
        received_at=at,
        text="Where is my order?",
        payload=payload,
    )


def says(head: Head) -> CommitDraft:
    return CommitDraft(
        kind=CommitKind.TURN,
        head=head,
        messages=(MessageDraft(role=Role.BOT, text="Here."),),
        outbox=(OutboxDraft(to=Destination.CHANNEL, voice=Voice.BOT, message=0),),
    )
