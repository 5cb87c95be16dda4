"""A lively ledger: random operations of the port on several conversations of two tenants, and all that can be read back.

A script is made of data alone, so that two stores can be put through the same one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from core.domain import Attachment, Audience, DeliveryState, Destination, EventKind, Head, Message, Owner
from core.identity import LinkKind, LinkRecord
from core.ids import conversation_id, event_id
from core.inbound import Receipt
from core.ledger import Claimed, Commit, CommitDraft, OpenTurn
from core.ports.store import Feedback, Preview, Store, TenantStore
from core.settle import settle_dead
from core.staffing import OPEN
from tests.contracts.words import CHANNEL, DESK, NOTICES, START, Clock, act, at, commit_turn, control, message, replying
from tests.faults.world import CONTROLS

TENANTS = ("acme", "beta")
WORKERS = ("w1", "w2")
CONVS = tuple((tenant, conversation_id(tenant, "web", f"lively {n}")) for tenant in TENANTS for n in range(3))
RETENTION = timedelta(days=14)
ENDS = (DeliveryState.SENT, DeliveryState.SENT, DeliveryState.REJECTED, DeliveryState.PARKED, DeliveryState.PENDING)
REPORTS = (DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.READ, DeliveryState.READ, DeliveryState.REJECTED)


@dataclass(slots=True)
class Play:
    """One store and what its workers have in hand; the same keys are used in every play."""

    store: Store
    clock: Clock
    let_lease_pass: Callable[[], None] = field(default=lambda: None)
    turns: dict[str, OpenTurn] = field(default_factory=dict)
    claims: dict[tuple[str, Destination], Claimed] = field(default_factory=dict)
    refs: set[tuple[str, str]] = field(default_factory=set)
    events: set[tuple[str, str]] = field(default_factory=set)

    def of(self, conv: str) -> TenantStore:
        tenant = next(tenant for tenant, known in CONVS if known == conv)
        return self.store.for_tenant(tenant)

    def dies(self) -> None:
        """The process ends with all it has in hand."""
        self.turns.clear()
        self.claims.clear()


Operation = Callable[[Play], Awaitable[None]]


def operations(seed: int, count: int, *, name: str = "", workers: Sequence[str] = WORKERS) -> list[Operation]:
    """A script; ``name`` keeps the keys of two scripts apart."""
    random = Random(f"{seed}{name}")
    found: list[Operation] = []
    for number in range(count):
        _, conv = random.choice(CONVS)
        make = random.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))[0]
        found.append(make(random, conv, f"{name}{number}", random.choice(workers)))
    return found


def send(random: Random, conv: str, key: str, worker: str) -> Operation:
    second, burst = random.randrange(1000), random.randrange(1, 3)
    tenant = next(tenant for tenant, known in CONVS if known == conv)

    async def run(play: Play) -> None:
        events = [message(f"m{key}.{n}", second=second + n, conv=conv, tenant=tenant) for n in range(burst)]
        await play.of(conv).accept([*events, events[0]])
        play.events.update((conv, event.dedupe_key) for event in events)

    return run


def person(random: Random, conv: str, key: str, worker: str) -> Operation:
    kind, agent = random.choice(CONTROLS), random.choice(("Kim", "Lee"))
    tenant = next(tenant for tenant, known in CONVS if known == conv)

    async def run(play: Play) -> None:
        if await play.of(conv).head(conv) is None:
            return
        event = control(kind, f"c{key}", agent=agent, text=f"{kind} {key}", conv=conv, tenant=tenant)
        await act(play.of(conv), event)
        play.events.add((conv, event.dedupe_key))

    return run


def open_turn(random: Random, conv: str, key: str, worker: str) -> Operation:
    async def run(play: Play) -> None:
        for _ in range(2):
            turn = await play.of(conv).open_turn(conv, worker)
            if turn is not None:
                play.turns[conv] = turn
                return
            play.let_lease_pass()

    return run


def think(random: Random, conv: str, key: str, worker: str) -> Operation:
    shown = "An answer that is" + " long" * random.randrange(3) if random.random() < 0.5 else ""

    async def run(play: Play) -> None:
        if (turn := play.turns.get(conv)) is None:
            return
        await play.of(conv).record_step(turn.turn_id, f"model.{key}", key.encode())
        if shown:
            await play.of(conv).save_preview(Preview(turn_id=turn.turn_id, shown=shown, vendor_ref=f"preview-{key}"))

    return run


def end_turn(random: Random, conv: str, key: str, worker: str) -> Operation:
    hands_over, dies = random.random() < 0.3, random.random() < 0.2

    async def run(play: Play) -> None:
        if (turn := play.turns.pop(conv, None)) is None:
            return
        if not dies:
            await commit_turn(play.of(conv), turn, replying(f"answer {key}", handoff=hands_over))
            return

        def build(head: Head) -> CommitDraft | None:
            return settle_dead(head, turn, notices=NOTICES, now=START, staffing=OPEN, trace=b"{}")

        await play.of(conv).append(conv, nonce=turn.turn_id, build=build)

    return run


def stolen(random: Random, conv: str, key: str, worker: str) -> Operation:
    """A reply of which the contact has read a part when a person takes over, before it is delivered."""
    write, look = send(random, conv, key, worker), open_turn(random, conv, key, worker)
    tenant = next(tenant for tenant, known in CONVS if known == conv)
    claims = control(EventKind.AGENT_CLAIMED, f"c{key}", conv=conv, tenant=tenant)

    async def run(play: Play) -> None:
        await write(play)
        await look(play)
        if (turn := play.turns.pop(conv, None)) is None:
            return
        await play.of(conv).save_preview(Preview(turn_id=turn.turn_id, shown="An ans"))
        await commit_turn(play.of(conv), turn, replying("An answer."))
        await act(play.of(conv), claims)
        play.events.add((conv, claims.dedupe_key))
        for _ in range(2):
            if (claimed := await play.of(conv).next_delivery(conv, CHANNEL, worker)) is not None:
                await play.of(conv).settle(claimed, DeliveryState.SENT)
            play.let_lease_pass()

    return run


def claim_row(random: Random, conv: str, key: str, worker: str) -> Operation:
    to = random.choice((CHANNEL, CHANNEL, DESK))

    async def run(play: Play) -> None:
        for _ in range(2):
            claimed = await play.of(conv).next_delivery(conv, to, worker)
            if claimed is not None:
                play.claims[conv, to] = claimed
                return
            play.let_lease_pass()

    return run


def settle_row(random: Random, conv: str, key: str, worker: str) -> Operation:
    to, state, wait = random.choice((CHANNEL, CHANNEL, DESK)), random.choice(ENDS), random.randrange(120)
    refs = " ".join(f"r{key}.{n}" for n in range(random.randrange(3)))

    async def run(play: Play) -> None:
        if (claimed := play.claims.pop((conv, to), None)) is None:
            return
        retry_at = play.clock.now + timedelta(seconds=wait) if state is DeliveryState.PENDING else None
        error = None if state is DeliveryState.SENT else f"error_{key}"
        await play.of(conv).settle(claimed, state, vendor_ref=refs or None, error=error, retry_at=retry_at)
        if to is CHANNEL:
            play.refs.update((conv, ref) for ref in refs.split())

    return run


def report(random: Random, conv: str, key: str, worker: str) -> Operation:
    state, choice = random.choice(REPORTS), random.random()

    async def run(play: Play) -> None:
        known = sorted(ref for of, ref in play.refs if of == conv)
        ref = known[int(choice * len(known))] if known else f"unknown{key}"
        await play.of(conv).record_receipt(Receipt(conv=conv, vendor_ref=ref, state=state, error=f"said_{key}"))

    return run


def note(random: Random, conv: str, key: str, worker: str) -> Operation:
    """The small records, one of each."""
    number = random.randrange(4)

    async def run(play: Play) -> None:
        store = play.of(conv)
        await store.claim(f"toolrun|{number}", key)
        await store.claim(f"spend|acme|2026-03-0{number + 1}|{key}", key)
        await store.put_feedback(
            Feedback(id=f"f{number}", conv=conv, message_id=None, rating=3, text=key, given_at=play.clock.now)
        )
        upload = Attachment(id=f"u_{key}", name="a.png", media_type="image/png", size_bytes=7)
        await store.put_upload(upload, conv=conv, uploaded_at=play.clock.now)
        linked = LinkRecord(
            identity=f"web|{number}",
            n=number + 1,
            kind=LinkKind.LINKED,
            at=at(1),
            by="contact",
            person=f"p{number % 2}",
        )
        await store.put_link(linked)

    return run


def tell(random: Random, conv: str, key: str, worker: str) -> Operation:
    async def run(play: Play) -> None:
        for one in await play.store.system.dropped(limit=50):
            await play.of(one.conv).mark_told(one.conv, one.message_id)

    return run


def time_passes(random: Random, conv: str, key: str, worker: str) -> Operation:
    days = random.choice((0.01, 1, 5, 9))

    async def run(play: Play) -> None:
        play.clock.advance(days=days)
        await play.store.system.prune(before=play.clock.now - RETENTION)

    return run


WEIGHTS: dict[Callable[[Random, str, str, str], Operation], int] = {
    send: 6,
    person: 4,
    open_turn: 7,
    think: 3,
    end_turn: 5,
    stolen: 2,
    claim_row: 9,
    settle_row: 7,
    report: 6,
    note: 2,
    tell: 1,
    time_passes: 1,
}


async def perform(play: Play, script: Sequence[Operation]) -> None:
    for operation in script:
        await operation(play)


def _plain(found: Message | Commit | None) -> object:
    """Without the ids of turns: those that begin after a move are each store's own."""
    if isinstance(found, Message):
        return replace(found, turn_id=None)
    if found is None:
        return None
    messages = tuple(replace(m, turn_id=None) for m in found.messages)
    is_turn = found.turn_id is not None
    return replace(found, turn_id=None, nonce="turn" if is_turn else found.nonce, messages=messages)


async def facts(play: Play) -> dict[str, Any]:
    """All that can be read of a play's store, but for the journals of turns."""
    found: dict[str, Any] = {}
    for tenant, conv in CONVS:
        store = play.of(conv)
        found[f"{conv} head"] = await store.head(conv)
        found[f"{conv} unread"] = await store.unread(conv)
        for audience in Audience:
            log = await store.transcript(conv, audience=audience)
            found[f"{conv} log {audience}"] = [_plain(m) for m in log]
            assert await store.tail(conv, audience=audience, limit=500) == log
        for m in await store.transcript(conv, audience=Audience.DESK):
            assert await store.message(m.id) == m
        found[f"{conv} feedback"] = await store.feedback(conv)
        assert tenant == store.tenant
    for conv, key in sorted(play.events):
        try:
            found[f"outcome {conv} {key}"] = _plain(await play.of(conv).outcome(event_id(conv, key)))
        except KeyError:
            found[f"outcome {conv} {key}"] = "forgotten"
    for conv, ref in sorted(play.refs):
        found[f"ref {conv} {ref}"] = await play.of(conv).sent_message(conv, ref)
    for tenant in TENANTS:
        store = play.store.for_tenant(tenant)
        found[f"{tenant} heads"] = await store.conversations()
        for owner in Owner:
            found[f"{tenant} {owner}"] = await store.conversations(owners=(owner,))
        found[f"{tenant} claims"] = [await store.claimed(f"toolrun|{n}") for n in range(4)]
        found[f"{tenant} links"] = [await store.links(f"web|{n}") for n in range(4)]
        found[f"{tenant} linked"] = [await store.linked(f"p{n}") for n in range(2)]
        counts = dict(await store.counts())
        del counts["dead_letters"]
        found[f"{tenant} counts"] = counts
    system = play.store.system
    found["unread"] = await system.unread(after=None, limit=100)
    due = await system.undelivered(after=None, limit=100)
    found["undelivered"] = {(work, to): max(at, play.clock.now) for work, to, at in due}
    found["dropped"] = frozenset(await system.dropped(limit=100))
    return found


async def journals(play: Play) -> dict[str, Any]:
    """Journals, batches and previews of the turns that the log names."""
    found: dict[str, Any] = {}
    for _, conv in CONVS:
        store = play.of(conv)
        for m in await store.transcript(conv, audience=Audience.DESK):
            if m.turn_id is not None:
                found[m.turn_id] = (
                    await store.steps(m.turn_id),
                    await store.turn_events(m.turn_id),
                    await store.preview(m.turn_id),
                )
    return found
