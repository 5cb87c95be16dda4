"""The same operations in any order, one after the other, on SQLite and on the document ledger: what people see is the same.

The interleavings of single writes are the document ledger's own (test_interleavings.py); SQLite has none, since every operation
is one transaction.  Here both engines play the same permutation and must agree word for word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from core.domain import (
    Audience,
    DeliveryState,
    EventKind,
    Head,
    InboundEvent,
    Message,
    Owner,
    Role,
    Voice,
)
from core.ids import conversation_id
from core.ledger import OpenTurn
from core.ports.store import Store, TenantStore
from gateway.store.embedded.sqlite import SqliteStore
from tests.contracts.rigs import Pair
from tests.contracts.words import CHANNEL, DESK, TENANT, Clock, Numbers, act, commit_turn, control, message, replying
from tests.faults.world import CONTROLS

SCHEDULES = 150


@dataclass(slots=True)
class Play:
    """One permutation on one store; two workers, whose turns may be overtaken between opening and commit."""

    stores: dict[str, Store]
    conv: str
    let_lease_pass: Callable[[], None] = field(default=lambda: None)
    turns: dict[str, OpenTurn] = field(default_factory=dict)
    heads: list[Head] = field(default_factory=list)
    seen: list[tuple[Message, ...]] = field(default_factory=list)

    def tenant(self, worker: str = "w1") -> TenantStore:
        return self.stores[worker].for_tenant(TENANT)

    async def send(self, event: InboundEvent) -> None:
        await self.tenant().accept([event])

    async def control(self, event: InboundEvent) -> None:
        if await self.tenant().head(self.conv) is not None:
            await act(self.tenant("w2"), event)

    async def open(self, worker: str) -> None:
        for _ in range(2):
            turn = await self.tenant(worker).open_turn(self.conv, worker)
            if turn is not None:
                self.turns[worker] = turn
                return
            self.let_lease_pass()

    async def commit(self, worker: str, *, hands_over: bool) -> None:
        turn = self.turns.pop(worker, None)
        if turn is not None:
            await commit_turn(self.tenant(worker), turn, replying("an answer", handoff=hands_over))

    async def deliver(self) -> None:
        for to in (CHANNEL, DESK):
            claimed = await self.tenant().next_delivery(self.conv, to, "w1")
            if claimed is not None:
                assert claimed.voice is not Voice.BOT or claimed.head.owner in (Owner.BOT, Owner.QUEUE)
                await self.tenant().settle(claimed, DeliveryState.SENT)

    async def look(self) -> None:
        """After every operation: nothing may have gone back."""
        head = await self.tenant().head(self.conv)
        log = await self.tenant().transcript(self.conv, audience=Audience.CONTACT)
        if head is not None:
            self.heads.append(head)
        self.seen.append(log)

    async def finish(self) -> None:
        """Answer and deliver what is left."""
        self.turns.clear()
        while await self.tenant().unread(self.conv):
            await self.open("w1")
            await self.commit("w1", hands_over=False)
        while (await self.tenant().counts())["pending"]:
            await self.deliver()
        await self.look()


Operation = Callable[[Play], Awaitable[None]]


def script(seed: int) -> tuple[str, list[InboundEvent], list[Operation]]:
    """The operations of one seed, shuffled; the same for every store."""
    random = Random(seed)
    conv = conversation_id(TENANT, "web", f"permutation {seed}")
    messages = [message(f"m{n}", second=random.randrange(9), conv=conv) for n in range(3)]
    controls = [
        control(kind, f"c{n}", agent=random.choice(("Kim", "Lee")), text=f"{kind} {n}", conv=conv)
        for n, kind in enumerate(random.choices(CONTROLS, k=6))
    ]
    operations: list[Operation] = [lambda play, e=event: play.send(e) for event in (*messages, messages[0])]  # type: ignore[misc]
    operations += [lambda play, e=event: play.control(e) for event in (*controls, controls[0])]  # type: ignore[misc]
    for worker in ("w1", "w2", "w1") if seed % 2 else ("w1", "w1"):
        hands_over = random.random() < 0.3
        operations.append(lambda play, w=worker: play.open(w))  # type: ignore[misc]
        operations.append(lambda play, w=worker, h=hands_over: play.commit(w, hands_over=h))  # type: ignore[misc]
    operations += [lambda play: play.deliver()] * 4
    random.shuffle(operations)
    if seed % 2:
        first = message("first", second=-1, conv=conv)
        messages.append(first)
        operations = [*opening(first), *operations]
    return conv, [*messages, *controls], operations


def opening(first: InboundEvent) -> list[Operation]:
    """An answered message, so that there is a head and a log before the disorder begins."""
    return [
        lambda play: play.send(first),
        lambda play: play.open("w1"),
        lambda play: play.commit("w1", hands_over=False),
    ]


async def perform(play: Play, operations: list[Operation]) -> None:
    for operation in operations:
        await operation(play)
        await play.look()
    await play.finish()


def check(play: Play, events: list[InboundEvent]) -> None:
    """What must hold after every operation."""
    for earlier, later in zip(play.heads, play.heads[1:], strict=False):
        assert later.seq >= earlier.seq
        assert later.term >= earlier.term
        assert later.owner_epoch >= earlier.owner_epoch
        assert later.owner is earlier.owner or later.owner_epoch > earlier.owner_epoch
    for before, after in zip(play.seen, play.seen[1:], strict=False):
        assert after[: len(before)] == before
    own = Counter(m.event_id for m in play.seen[-1] if m.role is Role.CONTACT)
    assert own == Counter(event.id for event in events if event.kind is EventKind.MESSAGE)


async def facts(play: Play, events: list[InboundEvent]) -> list[object]:
    """All that people could compare between the two stores; turn ids are each store's own."""
    tenant, found = play.tenant(), list[object]()
    for audience in Audience:
        for m in await tenant.transcript(play.conv, audience=audience):
            found.append((audience, m.id, m.position, m.episode, m.role, m.kind, m.visibility, m.text, m.delivery))
    for event in events:
        try:
            commit = await tenant.outcome(event.id)
        except KeyError:
            commit = None
        found.append((event.id, commit and (commit.seq, commit.kind, set(commit.consumed), commit.head.owner)))
    found.append(await tenant.head(play.conv))
    return found


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "ledger.sqlite3", clock=Clock(), new_id=Numbers())
    await store.start()
    yield store
    await store.stop()


async def test_any_order_of_operations_is_told_alike_by_both_stores(sqlite: SqliteStore) -> None:
    takeovers = 0
    for seed in range(SCHEDULES):
        conv, events, operations = script(seed)
        pair = Pair()
        plays = (
            Play(stores={"w1": sqlite, "w2": sqlite}, conv=conv),
            Play(
                stores={"w1": pair.first, "w2": pair.second},
                conv=conv,
                let_lease_pass=pair.monotonic.let_lease_pass,
            ),
        )
        told = []
        for play in plays:
            await perform(play, operations)
            check(play, events)
            told.append(await facts(play, events))
        takeovers += any(head.holder for head in plays[0].heads)
        assert told[0] == told[1], f"seed {seed}"
    assert takeovers > SCHEDULES / 8
