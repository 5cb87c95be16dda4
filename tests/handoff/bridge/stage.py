"""The bridge over the real ledger and a helpdesk on paper.  The process can die at any write to the bridge's memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from core import ids
from core.domain import (
    Attachment,
    Audience,
    Contact,
    DeliveryState,
    Destination,
    EventKind,
    HandoffReason,
    Head,
    InboundEvent,
    Message,
    MessageKind,
)
from core.errors import DeliveryError
from core.ledger import Claimed, CommitDraft
from core.notices import Notices
from core.ports.channel import Fetched, RawRequest
from core.ports.desk import DeskItem
from core.ports.engine import HandoffRequest, Reply, TurnResult
from core.ports.helpdesk import DeskFeatures, Heard
from core.ports.store import TenantStore
from core.settle import settle_turn
from core.staffing import OPEN
from gateway.store.embedded.sqlite import SqliteStore
from handoff.bridge.desk import BridgedDesk
from handoff.bridge.ports import Plain
from handoff.service import HandoffService
from tests.channels.context import HeldFiles, HeldMemory
from tests.handoff.bridge.paper import FEATURES, PaperCase, PaperHelpdesk

TENANT, ACCOUNT = "acme", "acme-chat"
NUMBERS = count(1)
LOOK_S = 0.02


class Died(BaseException):
    """The process is gone."""


class MortalMemory(HeldMemory):
    """Dies at a numbered write: before it, or right after it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.dies_before = 0
        self.dies_after = 0

    async def remember(self, key: str, value: str) -> str:
        self.writes += 1
        if self.writes == self.dies_before:
            raise Died
        stands = await super().remember(key, value)
        if self.writes == self.dies_after:
            raise Died
        return stands


@dataclass(slots=True)
class Clock:
    """The real time, and what was skipped of it."""

    skipped: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.skipped


class Near(Plain):
    """Neighbours that remember what they were asked."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.tags: list[tuple[str, ...]] = []
        self.translation: str | None = None

    async def suggestion(self, head: Head, drafts: tuple[Message, ...]) -> str | None:
        return await super().suggestion(head, drafts) if drafts else self.translation

    async def answered(self, head: Head, reply: Message) -> None:
        self.answers.append(reply.text)

    async def tagged(self, head: Head, tags: Sequence[str]) -> None:
        self.tags.append(tuple(tags))


@dataclass(kw_only=True)
class Stage:
    """One contact's conversation, and the desk behind it."""

    store: TenantStore
    helpdesk: PaperHelpdesk
    clock: Clock = field(default_factory=Clock)
    memory: MortalMemory = field(default_factory=MortalMemory)
    files: HeldFiles = field(default_factory=HeldFiles)
    near: Near = field(default_factory=Near)
    ignored: list[str] = field(default_factory=list)
    number: int = field(default_factory=lambda: next(NUMBERS))
    restarts: int = 0
    bridge: BridgedDesk = field(init=False)
    handoff: HandoffService = field(init=False)
    keys: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.handoff = HandoffService(self.store, notices=Notices(), hours=None, clock=self.clock)
        self.start()

    def start(self) -> None:
        """A process begins, with nothing kept but the ledger and the memory."""
        self.bridge = BridgedDesk(
            self.helpdesk,
            store=self.store,
            handoff=self.handoff,
            memory=self.memory,
            files=self.files,
            keep_file=self._keep,
            channel_kind=lambda account: "whatsapp",
            clock=self.clock,
            routes=self.near,
            briefs=self.near,
            assists=self.near,
            on_ignored=self.ignored.append,
        )

    async def restart(self) -> None:
        self.restarts += 1
        await self.bridge.close()
        self.start()

    async def _keep(self, conv: str, key: str, file: Fetched) -> Attachment:
        kept = Attachment(
            id="u_" + ids.digest(conv, key),
            name=file.name or "file",
            media_type=file.media_type,
            size_bytes=len(file.body),
        )
        self.files.bodies[kept.id] = file.body
        return kept

    @property
    def conv(self) -> str:
        return ids.conversation_id(TENANT, ACCOUNT, f"thread-{self.number}")

    def event(self, text: str, **facts: Any) -> InboundEvent:
        now = self.clock()
        known: dict[str, Any] = {
            "tenant": TENANT, "account": ACCOUNT, "conv": self.conv, "dedupe_key": f"m{next(self.keys)}",
            "kind": EventKind.MESSAGE, "contact": Contact(id=f"v{self.number}", name="Maria"), "provider_at": now,
            "received_at": now, "text": text,
        }  # fmt: skip
        return InboundEvent(**{**known, **facts})

    async def writes(
        self,
        text: str,
        *,
        answer: str | None = None,
        hands_over: bool = False,
        files: tuple[Attachment, ...] = (),
    ) -> None:
        """The contact writes and a turn ends; nothing is delivered yet."""
        await self.store.accept([self.event(text, attachments=files)])
        turn = await self.store.open_turn(self.conv, "w1")
        assert turn is not None
        wish = HandoffRequest(reason=HandoffReason.ASKED, detail="They asked.") if hands_over else None
        result = TurnResult(
            reply=None if answer is None else Reply(text=answer),
            handoff=wish,
            is_resolved_step=True,
            language="en",
            sentiment=None,
            trace=b"{}",
        )

        def build(head: Head) -> CommitDraft | None:
            return settle_turn(head, turn, result, notices=Notices(), now=self.clock(), staffing=OPEN)

        await self.store.append(self.conv, nonce=turn.turn_id, build=build)

    async def asks(self, text: str = "A person, please") -> PaperCase:
        """The contact asks for a person and the case is there."""
        await self.writes(text, hands_over=True)
        await self.deliver()
        return self.case

    async def rows(self) -> list[Claimed]:
        """Rows for the desk that wait, the oldest claimed; empty when there is none."""
        claimed = await self.store.next_delivery(self.conv, Destination.DESK, "w1")
        return [] if claimed is None else [claimed]

    async def deliver(self, *, attempts: int = 60) -> list[str]:
        """Bring what waits to the desk, until nothing does; the codes of failed attempts."""
        codes: list[str] = []
        attempt = 0
        while rows := await self.rows():
            attempt += 1
            assert attempt <= attempts, codes
            codes += await self._attempt(rows[0])
        return codes

    async def _attempt(self, row: Claimed) -> list[str]:
        item = DeskItem(
            id=row.id,
            head=row.head,
            message=row.message,
            signal=row.signal,
            reconcile=row.unsettled or row.attempt > 1,
        )
        try:
            sent = await self.bridge.send(item)
        except DeliveryError as error:
            state = DeliveryState.PENDING if error.retryable or not error.is_certain else DeliveryState.REJECTED
            self.clock.skipped += timedelta(seconds=error.retry_after_s or 0)
            await self.store.settle(row, state, error=error.code, retry_at=datetime.now(UTC))
            return [error.code]
        except Died:
            await self.restart()
            return ["died"]
        await self.store.settle(row, DeliveryState.SENT, vendor_ref=sent.vendor_ref)
        return []

    async def tells(self, ref: str) -> None:
        """The desk calls; a call that a dying process took comes again, a call it answered does not."""
        await self.hears(ref.encode())

    async def hears(self, body: bytes = b"", *heard: Heard) -> None:
        request = RawRequest(method="POST", path="/", headers={}, body=body, received_at=self.clock())
        while True:
            self.helpdesk.heard = list(heard)
            try:
                await self.bridge.receive(request)
            except Died:
                await self.restart()
            else:
                return

    async def until(self, wanted: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what the bridge does by itself; looked at anew whenever it calls the desk, and now and then."""
        async with asyncio.timeout(20):
            while not await wanted():
                self.helpdesk.called.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.helpdesk.called.wait(), LOOK_S)

    async def until_called(self, call: str) -> None:
        """Wait until this is the bridge's newest call."""

        async def called() -> bool:
            return self.helpdesk.calls[-1] == call

        await self.until(called)

    @property
    def case(self) -> PaperCase:
        """The only case there is."""
        (case,) = self.helpdesk.cases.values()
        return case

    async def head(self) -> Head:
        head = await self.store.head(self.conv)
        assert head is not None
        return head

    async def log(self) -> list[Message]:
        return list(await self.store.transcript(self.conv, audience=Audience.DESK))

    async def answers(self) -> list[str]:
        """What agents said to the contact."""
        to_contact = await self.store.transcript(self.conv, audience=Audience.DESK)
        return [m.text for m in to_contact if m.role == "agent" and m.kind is MessageKind.TEXT]

    async def notes(self) -> list[str]:
        return [message.text for message in await self.log() if message.kind is MessageKind.NOTE]

    def file(self, name: str, body: bytes, **facts: Any) -> Attachment:
        known = {
            "id": "u_" + ids.digest(self.conv, name),
            "name": name,
            "media_type": "image/png",
            "size_bytes": len(body),
        }
        made = Attachment(**{**known, **facts})
        self.files.bodies[made.id] = body
        return made


@asynccontextmanager
async def ledger(folder: Path) -> AsyncIterator[TenantStore]:
    """A tenant's ledger on disk, at the real time."""
    store = SqliteStore(folder / "ledger.sqlite3", clock=lambda: datetime.now(UTC))
    await store.start()
    try:
        yield store.for_tenant(TENANT)
    finally:
        await store.stop()


def stage_on(store: TenantStore, features: DeskFeatures = FEATURES) -> Stage:
    """A conversation of its own."""
    return Stage(store=store, helpdesk=PaperHelpdesk(features))
