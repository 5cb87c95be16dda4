"""A customer of the contract: what they write becomes events and turns of the ledger, what reaches them is kept in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from core import ids
from core.domain import (
    Attachment,
    Audience,
    Contact,
    EventKind,
    HandoffReason,
    Head,
    InboundEvent,
    Message,
    MessageKind,
    Owner,
    Role,
)
from core.errors import DeliveryError
from core.inbound import Parsed
from core.ledger import CommitDraft, OpenTurn
from core.notices import Notices
from core.ownership import decide
from core.ports.channel import Capabilities, Outbound, RawRequest, Sent
from core.ports.engine import HandoffRequest, Reply, TurnResult
from core.settle import settle_turn
from core.staffing import OPEN
from tests.contracts.desks.backstage import SeenCase

if TYPE_CHECKING:
    from tests.contracts.desks.world import DeskWorld

ACCOUNT = "acme-chat"
MAX_TEXT = 4_000


class Chat:
    """The customers' channel: what it delivered, by conversation; ``failures`` are raised first."""

    kind = "whatsapp"
    account = ACCOUNT
    tenant = ""
    capabilities = Capabilities(
        max_text=MAX_TEXT, max_choices=3, max_attachments=10, debounce_ms=0, streams=False, files_out=True
    )

    def __init__(self) -> None:
        self.sent: list[Outbound] = []
        self.failures: list[DeliveryError] = []

    def verify(self, request: RawRequest) -> None:
        """Nothing comes in this way."""

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        return ()

    async def send(self, outbound: Outbound) -> Sent:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(outbound)
        return Sent(f"sent-{len(self.sent)}")

    def is_private(self, thread: Any) -> bool:
        return True

    def link_to(self, token: str) -> str | None:
        return None


def answering(text: str | None, *, hands_over: str | None = None) -> TurnResult:
    """What an engine made of the customer's words."""
    wish = None if hands_over is None else HandoffRequest(reason=HandoffReason.ASKED, detail=hands_over)
    return TurnResult(
        reply=None if text is None else Reply(text=text),
        handoff=wish,
        is_resolved_step=True,
        language="en",
        sentiment=None,
        trace=b"{}",
    )


@dataclass(eq=False)
class Customer:
    """One contact and their conversation."""

    world: DeskWorld
    name: str
    number: int
    email: str | None = None
    keys: count[int] = field(default_factory=lambda: count(1))

    @property
    def contact(self) -> Contact:
        email = self.email or f"customer-{self.number}@{self.world.tenant}.example"
        return Contact(id=f"customer-{self.number}", name=self.name, email=email, verified=True, locale="en")

    @property
    def conv(self) -> str:
        return ids.conversation_id(self.world.tenant, ACCOUNT, f"thread-{self.number}")

    def event(self, text: str = "", **facts: Any) -> InboundEvent:
        """The next thing they do."""
        now = self.world.clock()
        known: dict[str, Any] = {
            "tenant": self.world.tenant, "account": ACCOUNT, "conv": self.conv, "dedupe_key": f"m{next(self.keys)}",
            "kind": EventKind.MESSAGE, "contact": self.contact, "provider_at": now, "received_at": now, "text": text,
        }  # fmt: skip
        return InboundEvent(**{**known, **facts})

    async def writes(
        self,
        text: str,
        *,
        answer: str | None = "The assistant's answer.",
        hands_over: str | None = None,
        files: tuple[Attachment, ...] = (),
        delivers: bool = True,
    ) -> None:
        """They write, and a turn answers; while people own the conversation its answer becomes a draft."""
        await self.world.acme.accept([self.event(text, attachments=files)])
        turn = await self.opens_turn()
        if turn.head.owner in (Owner.QUEUE, Owner.HUMAN):
            answer = None
        await self.ends_turn(turn, answering(answer, hands_over=hands_over))
        if delivers:
            await self.world.settle()

    async def opens_turn(self) -> OpenTurn:
        """A turn begins over what they wrote."""
        turn = await self.world.acme.open_turn(self.conv, "w1")
        assert turn is not None
        return turn

    async def ends_turn(self, turn: OpenTurn, result: TurnResult) -> None:
        """And is committed, as a lane does."""
        world = self.world

        def build(head: Head) -> CommitDraft | None:
            return settle_turn(head, turn, result, notices=Notices(), now=world.clock(), staffing=OPEN)

        await world.acme.append(self.conv, nonce=turn.turn_id, build=build)

    async def asks_for_person(self, text: str = "I want to talk to a person", *, delivers: bool = True) -> None:
        """They write so, and the bot hands over."""
        await self.writes(text, answer=None, hands_over="The customer asked for a person.", delivers=delivers)

    async def does(self, kind: EventKind, text: str = "", **facts: Any) -> None:
        """A control of theirs."""
        event = self.event(text, kind=kind, **facts)
        await self.world.acme.append(
            self.conv,
            nonce=event.id,
            event=event,
            build=lambda head: decide(head, event, notices=Notices()),
        )
        await self.world.settle()

    def file(self, name: str, body: bytes, *, size_bytes: int | None = None) -> Attachment:
        """A file they send; ``size_bytes`` when the vendor tells another size."""
        made = Attachment(
            id="u_" + ids.digest(self.conv, name),
            name=name,
            media_type="image/png",
            size_bytes=len(body) if size_bytes is None else size_bytes,
        )
        self.world.files.bodies[made.id] = body
        return made

    async def head(self) -> Head:
        head = await self.world.acme.head(self.conv)
        assert head is not None
        return head

    @property
    def got(self) -> list[Message]:
        """What reached them, in order."""
        return [outbound.message for outbound in self.world.chat.sent if outbound.message.conv == self.conv]

    @property
    def answers(self) -> list[str]:
        """What agents said to them, in order."""
        return [message.text for message in self.got if message.role is Role.AGENT]

    def got_of(self, kind: MessageKind) -> list[str]:
        return [message.text for message in self.got if message.kind is kind]

    async def log(self) -> list[Message]:
        """Everything of the conversation, notes too."""
        return list(await self.world.acme.transcript(self.conv, audience=Audience.DESK))

    async def notes(self) -> list[str]:
        return [message.text for message in await self.log() if message.kind is MessageKind.NOTE]

    async def cases(self) -> tuple[SeenCase, ...]:
        """Their cases, in the order they were made."""
        return tuple(case for case in await self.world.cases() if case.key.startswith(f"fd:{self.conv}:"))

    async def case(self) -> SeenCase:
        """Their only case."""
        (case,) = await self.cases()
        return case

    async def hears(self, *texts: str) -> None:
        """Wait until agents said exactly this to them."""

        async def said() -> bool:
            return self.answers == list(texts)

        await self.world.until(said, what=f"the customer hears {texts}, but heard {self.answers}")

    async def is_owned_by(self, owner: Owner) -> None:
        """Wait until this is who speaks to them."""

        async def owned() -> bool:
            return (await self.head()).owner is owner

        await self.world.until(owned, what=f"{owner} owns the conversation")
