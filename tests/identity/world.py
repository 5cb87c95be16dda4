"""Several chats of one company over a real store: contacts who write, links that are made, messages that do not arrive."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from core import ids
from core.domain import (
    Audience,
    Contact,
    DeliveryState,
    Destination,
    EventKind,
    Head,
    InboundEvent,
    Message,
    Visibility,
)
from core.errors import DeliveryError, StoreUnavailable
from core.identity import identity_of
from core.inbound import Parsed
from core.ledger import Claimed
from core.notices import Notices
from core.ownership import decide
from core.ports.channel import Capabilities, Outbound, RawRequest, Sent
from core.ports.store import Store, TenantStore
from gateway.identity import Identity
from gateway.ladder import Ladder
from gateway.store.embedded.sqlite import SqliteStore
from tests.contracts.words import Clock, Numbers, commit_turn, open_turn, replying

TENANT = "acme"
SECRET = b"a secret of the process, for tests"


class Chat:
    """A channel that delivers to a list; ``failures`` are raised first.  A thread with ``room`` is not private."""

    def __init__(self, kind: str, account: str, *, tenant: str = TENANT, window_s: int | None = None) -> None:
        self.kind, self.account, self.tenant = kind, account, tenant
        self.capabilities = Capabilities(
            max_text=4000,
            max_choices=3,
            max_attachments=1,
            debounce_ms=0,
            streams=False,
            groups=True,
            reply_window_s=window_s,
        )
        self.failures: list[DeliveryError] = []
        self.sent: list[Outbound] = []

    def verify(self, request: RawRequest) -> None:
        """Nothing comes in this way."""

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        return ()

    async def send(self, outbound: Outbound) -> Sent:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(outbound)
        return Sent(f"{self.account}-{len(self.sent)}")

    def is_private(self, thread: Mapping[str, Any]) -> bool:
        return "room" not in thread

    def link_to(self, token: str) -> str | None:
        return f"https://{self.kind}.example/open?start={token}"


class Crashed(Exception):
    """The process died here."""


class FragileTenant:
    """A tenant's store that dies before or after its next write but ``left``."""

    def __init__(self, inner: TenantStore, fragile: FragileStore) -> None:
        self._inner = inner
        self._fragile = fragile

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return self._fragile.guarded(method) if name in WRITES else method


WRITES = frozenset({"accept", "append", "claim", "put_link", "mark_told", "settle", "record_receipt"})


class FragileStore:
    """A store that dies at one of its writes; ``after``: the write is done, but nobody learns it."""

    def __init__(self, inner: Store, *, dies_at: int, after: bool) -> None:
        self._inner = inner
        self._left = dies_at
        self._after = after
        self.has_died = False

    def for_tenant(self, tenant: str) -> Any:
        return FragileTenant(self._inner.for_tenant(tenant), self)

    @property
    def system(self) -> Any:
        return self._inner.system

    def guarded(self, method: Any) -> Any:
        async def call(*args: Any, **options: Any) -> Any:
            self._left -= 1
            if self.has_died:
                raise StoreUnavailable("dead")
            if self._left == 0:
                self.has_died = True
                if self._after:
                    await method(*args, **options)
                raise StoreUnavailable("dead")
            return await method(*args, **options)

        return call


@dataclass(kw_only=True)
class Town:
    """Everything of one process that links and ladders need."""

    store: Store
    clock: Clock
    channels: dict[str, Chat]
    parked: set[str] = field(default_factory=set)
    queues: bool = True
    numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def identity(self) -> Identity:
        return self.identity_on(self.store)

    def identity_on(self, store: Store) -> Identity:
        """The links over another view of the store."""
        return Identity(store, channels=lambda: self.channels, secret=SECRET, clock=self.clock)

    @property
    def ladder(self) -> Ladder:
        return self.ladder_on(self.store)

    def ladder_on(self, store: Store) -> Ladder:
        """The ladder over another view of the store."""
        return Ladder(
            store,
            self.identity_on(store),
            channels=lambda: self.channels,
            is_parked=lambda account: account in self.parked,
            notices=lambda _: Notices(),
            clock=self.clock,
            queues=lambda _: self.queues,
        )

    def of(self, account: str) -> TenantStore:
        """The store of an account's tenant."""
        return self.store.for_tenant(self.channels[account].tenant)

    def conv(self, account: str, contact: str) -> str:
        return ids.conversation_id(self.channels[account].tenant, account, contact)

    def event(self, account: str, contact: str, text: str, **fields: Any) -> InboundEvent:
        """The next thing that somebody writes."""
        at = self.clock.advance(seconds=1)
        known: dict[str, Any] = {
            "tenant": self.channels[account].tenant, "account": account, "conv": self.conv(account, contact),
            "dedupe_key": f"k{next(self.numbers)}", "kind": EventKind.MESSAGE, "contact": Contact(id=contact),
            "provider_at": at, "received_at": at, "text": text, "thread": {"chat": contact},
        }  # fmt: skip
        return InboundEvent(**{**known, **fields})

    async def arrives(self, event: InboundEvent, *, identity: Identity | None = None) -> bool:
        """What the door does with a message; whether it waits for a turn."""
        if not await (identity or self.identity).heard(self.channels[event.account], event):
            return False
        await self.of(event.account).accept([event])
        return True

    async def says(self, account: str, contact: str, text: str, **fields: Any) -> bool:
        """Somebody writes."""
        return await self.arrives(self.event(account, contact, text, **fields))

    async def answers(self, account: str, contact: str, text: str = "the answer") -> Message:
        """The bot answers what was said."""
        turn = await open_turn(self.of(account), conv=self.conv(account, contact))
        commit = (await commit_turn(self.of(account), turn, replying(text))).commit
        assert commit is not None
        return commit.messages[-1]

    async def replies(self, account: str, contact: str, text: str, agent: str = "Sam") -> Message:
        """An agent answers."""
        event = self.event(account, contact, text, kind=EventKind.AGENT_REPLIED, agent=agent)
        appended = await self.of(account).append(
            event.conv, nonce=event.id, event=event, build=lambda head: decide(head, event, notices=Notices())
        )
        assert appended.commit is not None
        return appended.commit.messages[-1]

    async def deliver(self, account: str, contact: str, *, error: str | None = None) -> list[Claimed]:
        """Deliver all that waits for a contact; with ``error`` the rows end rejected."""
        done, store = [], self.of(account)
        while (
            claimed := await store.next_delivery(self.conv(account, contact), Destination.CHANNEL, "w1")
        ) is not None:
            state = DeliveryState.SENT if error is None else DeliveryState.REJECTED
            ref = f"ref-{claimed.id}" if error is None else None
            await store.settle(claimed, state, vendor_ref=ref, error=error)
            done.append(claimed)
        return done

    async def head(self, account: str, contact: str) -> Head:
        head = await self.of(account).head(self.conv(account, contact))
        assert head is not None
        return head

    async def log(self, account: str, contact: str) -> tuple[Message, ...]:
        return await self.of(account).transcript(self.conv(account, contact), audience=Audience.DESK)

    async def heard_by(self, account: str, contact: str) -> list[str]:
        """What was said to a contact, delivered or not."""
        log = await self.log(account, contact)
        return [m.text for m in log if m.visibility is Visibility.CONTACT and m.role != "contact"]

    async def notes(self, account: str, contact: str) -> list[str]:
        """What agents alone read."""
        return [m.text for m in await self.log(account, contact) if m.visibility is Visibility.INTERNAL]

    async def code_shown(self, account: str, contact: str) -> str:
        """The code in the newest words to a contact."""
        found = re.search(r"\*\*(\d{3}) (\d{3})\*\*", (await self.heard_by(account, contact))[-1])
        assert found is not None
        return "".join(found.groups())

    async def minted(self, account: str = "shop-web", contact: str = "v_ada") -> str:
        identity = identity_of(account, Contact(id=contact))
        tenant = self.channels[account].tenant
        return (await self.identity.mint(tenant, identity=identity, conv=self.conv(account, contact))).token

    async def link(self, account: str = "shop-tel", contact: str = "telegram:1", *, visitor: str = "v_ada") -> None:
        """A visitor of the shop's page connects a chat of theirs."""
        token = await self.minted(contact=visitor)
        assert not await self.says(account, contact, token)
        assert not await self.says("shop-web", visitor, await self.code_shown(account, contact))

    async def partners(self, account: str, contact: str, tenant: str = TENANT) -> list[str]:
        """Who else is the same contact."""
        together = await self.identity.together(tenant, identity_of(account, Contact(id=contact)))
        return [member.identity for member in together.others]


def chats() -> dict[str, Chat]:
    """The accounts of two companies."""
    made = (
        Chat("web", "shop-web"),
        Chat("telegram", "shop-tel"),
        Chat("whatsapp", "shop-wa", window_s=86_400),
        Chat("whatsapp", "shop-wa2", window_s=86_400),
        Chat("slack", "shop-slack"),
        Chat("telegram", "rival-tel", tenant="rival"),
    )
    return {chat.account: chat for chat in made}


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """A town on SQLite."""
    clock = Clock()
    store = SqliteStore(folder / "ledger.sqlite3", clock=clock, new_id=Numbers())
    await store.start()
    try:
        yield Town(store=store, clock=clock, channels=chats())
    finally:
        await store.stop()


def hours(number: float) -> timedelta:
    return timedelta(hours=number)
