"""A conversation on a real store that people own, for tests of what stands at the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from core import ids
from core.domain import (
    Audience,
    Citation,
    Contact,
    EventKind,
    Handoff,
    HandoffReason,
    Head,
    InboundEvent,
    Message,
    MessageKind,
    Owner,
    Role,
    Status,
    Visibility,
)
from core.ledger import CommitDraft, CommitKind, MessageDraft
from core.notices import Notices
from core.ports.store import TenantStore
from gateway.store.embedded.sqlite import SqliteStore
from handoff.service import HandoffService

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CONV = ids.conversation_id("demo", "demo-web", "visitor:1")
MARIA = Contact(id="v1", name="Maria López", email="maria@example.com")


@dataclass
class DeskCase:
    """One conversation; ``says`` and ``drafts`` commit as a lane would, time moves a minute with each."""

    whole: SqliteStore
    store: TenantStore
    service: HandoffService
    numbers: count[int] = field(default_factory=lambda: count(1))

    async def head(self) -> Head:
        found = await self.store.head(CONV)
        assert found is not None
        return found

    async def messages(self) -> tuple[Message, ...]:
        return await self.store.transcript(CONV, audience=Audience.DESK)

    async def to_contact(self) -> list[str]:
        """Everything that would ever go out to the contact."""
        return [m.text for m in await self.messages() if m.visibility is Visibility.CONTACT]

    async def says(
        self,
        text: str,
        *,
        reply: str | None = None,
        citations: tuple[Citation, ...] = (),
        trace: dict[str, Any] | None = None,
        hands_over: bool = False,
        **changes: Any,
    ) -> tuple[Message, ...]:
        """A turn: the contact's words and the bot's, spoken while it owns and a draft otherwise."""
        number = next(self.numbers)
        event = _event(text, number)
        await self.store.accept([event])
        turn = await self.store.open_turn(CONV, "w1")
        assert turn is not None

        def build(head: Head) -> CommitDraft:
            is_people = head.owner in (Owner.QUEUE, Owner.HUMAN)
            said = [MessageDraft(role=Role.CONTACT, text=text, turn_id=turn.turn_id, event_id=event.id)]
            if reply is not None:
                kind = MessageKind.DRAFT if is_people else MessageKind.TEXT
                seen = Visibility.INTERNAL if is_people else Visibility.CONTACT
                said.append(
                    MessageDraft(
                        role=Role.BOT, kind=kind, visibility=seen, text=reply, citations=citations, turn_id=turn.turn_id
                    )
                )
            after: dict[str, Any] = {"holder": turn.head.holder, "term": turn.head.term, **changes}
            if hands_over:
                handoff = Handoff(id="h_1", reason=HandoffReason.NO_ANSWER, detail="", requested_at=START)
                said.append(MessageDraft(role=Role.SYSTEM, kind=MessageKind.NOTICE, text="A person!", handoff_id="h_1"))
                after |= {"handoff": handoff, "owner": Owner.QUEUE, "owner_epoch": head.owner_epoch + 1}
                after |= {"status": Status.ESCALATED}
            return CommitDraft(
                kind=CommitKind.TURN,
                head=replace(head, **after),
                consumed=(event.id,),
                messages=tuple(said),
                turn_id=turn.turn_id,
                trace=msgspec.json.encode({"turn_id": turn.turn_id, **(trace or {})}),
            )

        appended = await self.store.append(CONV, nonce=turn.turn_id, build=build)
        assert appended.commit is not None
        return appended.commit.messages


def _event(text: str, number: int) -> InboundEvent:
    at = START + timedelta(minutes=number)
    return InboundEvent(
        tenant="demo",
        account="demo-web",
        conv=CONV,
        dedupe_key=f"m{number}",
        kind=EventKind.MESSAGE,
        contact=MARIA,
        provider_at=at,
        received_at=at,
        text=text,
    )


@asynccontextmanager
async def desk_case(folder: Path) -> AsyncIterator[DeskCase]:
    """A store with nothing said yet."""
    ticks = count(1)

    def clock() -> datetime:
        return START + timedelta(seconds=next(ticks))

    whole = SqliteStore(folder / "ledger.sqlite3", clock=clock)
    await whole.start()
    store = whole.for_tenant("demo")
    try:
        yield DeskCase(
            whole=whole, store=store, service=HandoffService(store, notices=Notices(), hours=None, clock=clock)
        )
    finally:
        await whole.stop()
