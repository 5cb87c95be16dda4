"""Reads conversations through the public port of both stores and compares, value by value, what each says.

What people and stages could read is compared: the head, the log as the desk and as the contact sees it, which messages are
unread and in which order, how each event ended, journals and batches of turns, feedback.  Attempts have no reading method: they
are counted, and a row's state and due time stand in the lists of work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.domain import Audience, Message
from core.ports.store import Store, SystemScope, TenantStore, Work

PAGE: Final = 500
MOST_DROPPED: Final = 10_000
GAUGES: Final = ("owner.bot", "owner.queue", "owner.human", "owner.none", "unread", "pending", "parked")
"""Not ``dead_letters``: the embedded store counts those for ever, the document ledger as long as it keeps their events."""

WAITING: Final = (
    "select tenant, conv from (select distinct tenant, conv from events where done is null"
    " union select distinct tenant, conv from outbox where state = 'pending'"
    " union select distinct tenant, conv from turns where done = 0)"
)
ALL: Final = "select tenant, conv from heads union select tenant, conv from events where done is null"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that the two stores say differently; ``place`` is a conversation, a tenant, or "" for the whole."""

    place: str
    what: str


def sample(db: sqlite3.Connection, bound: int | None) -> Iterator[Work]:
    """Conversations to compare: all, or up to ``bound``: half of them with work that waits, the others spread evenly."""
    if bound is None:
        yield from (Work(*row) for row in db.execute(ALL))
        return
    waiting = [Work(*row) for row in db.execute(f"{WAITING} limit ?", (bound // 2 + bound % 2,))]
    yield from waiting
    known, left = frozenset(waiting), bound - len(waiting)
    total: int = db.execute("select count(*) from heads").fetchone()[0]
    step = max(1, -(-total // left)) if left > 0 else total + 1
    for number, row in enumerate(db.execute("select tenant, conv from heads order by conv, tenant")):
        if number % step == 0 and Work(*row) not in known:
            yield Work(*row)


async def compare(
    source: Store, target: Store, conversations: Iterable[Work], *, compared: Callable[[], None] = lambda: None
) -> AsyncIterator[Mismatch]:
    """Differences between conversations, as they are found; ``compared`` is called after each."""
    for work in conversations:
        one, other = source.for_tenant(work.tenant), target.for_tenant(work.tenant)
        for what, read in CONVERSATION.items():
            if await read(one, work.conv) != await read(other, work.conv):
                yield Mismatch(f"{work.tenant}/{work.conv}", what)
        async for what in _differing_logs(one, other, work.conv):
            yield Mismatch(f"{work.tenant}/{work.conv}", what)
        compared()


async def compare_work(source: Store, target: Store, tenants: Sequence[str]) -> AsyncIterator[Mismatch]:
    """Differences between the lists of what waits, and between the gauges."""
    for tenant in tenants:
        one, other = await source.for_tenant(tenant).counts(), await target.for_tenant(tenant).counts()
        for gauge in GAUGES:
            if one[gauge] != other[gauge]:
                yield Mismatch(tenant, f"{gauge}: {one[gauge]} and {other[gauge]}")
    for what, listed in WORK.items():
        if await listed(source.system) != await listed(target.system):
            yield Mismatch("", what)


async def _head(store: TenantStore, conv: str) -> object:
    return await store.head(conv)


async def _unread(store: TenantStore, conv: str) -> object:
    return await store.unread(conv)


async def _feedback(store: TenantStore, conv: str) -> object:
    return await store.feedback(conv)


CONVERSATION: Final[Mapping[str, Callable[[TenantStore, str], Awaitable[object]]]] = {
    "head": _head,
    "unread": _unread,
    "feedback": _feedback,
}


async def _differing_logs(one: TenantStore, other: TenantStore, conv: str) -> AsyncIterator[str]:
    for audience in Audience:
        async for messages, theirs in _pages(one, other, conv, audience):
            if messages != theirs:
                yield f"transcript for the {audience.value}"
                break
            if audience is Audience.DESK and (what := await _differing_turns(one, other, messages)):
                yield what
                break


async def _pages(
    one: TenantStore, other: TenantStore, conv: str, audience: Audience
) -> AsyncIterator[tuple[tuple[Message, ...], tuple[Message, ...]]]:
    """The same pages of both logs, until one of them ends."""
    after = (0, -1)
    while True:
        messages = await one.transcript(conv, audience=audience, after=after, limit=PAGE)
        yield messages, await other.transcript(conv, audience=audience, after=after, limit=PAGE)
        if len(messages) < PAGE:
            return
        after = messages[-1].position


async def _differing_turns(one: TenantStore, other: TenantStore, messages: Sequence[Message]) -> str | None:
    """What is told differently of the turns and events that some messages come from."""
    for turn_id in dict.fromkeys(m.turn_id for m in messages if m.turn_id is not None):
        if await one.steps(turn_id) != await other.steps(turn_id):
            return f"journal of turn {turn_id}"
        if await one.turn_events(turn_id) != await other.turn_events(turn_id):
            return f"batch of turn {turn_id}"
        if await one.preview(turn_id) != await other.preview(turn_id):
            return f"preview of turn {turn_id}"
    for event_id in dict.fromkeys(m.event_id for m in messages if m.event_id is not None):
        if await _outcome(one, event_id) != await _outcome(other, event_id):
            return f"outcome of event {event_id}"
    return None


async def _outcome(store: TenantStore, event_id: str) -> object:
    try:
        return await store.outcome(event_id)
    except KeyError:
        return "forgotten"


async def _unread_work(system: SystemScope) -> object:
    found: list[Work] = []
    while page := await system.unread(after=found[-1] if found else None, limit=PAGE):
        found += page
    return found


async def _undelivered_work(system: SystemScope) -> object:
    found = {}
    after: Work | None = None
    while page := await system.undelivered(after=after, limit=PAGE):
        after = page[-1][0]
        found.update({(work, to): due for work, to, due in page})
    return found


async def _dropped_work(system: SystemScope) -> object:
    """All of them, in any order; of very many only that there are."""
    found = await system.dropped(limit=MOST_DROPPED)
    return frozenset(found) if len(found) < MOST_DROPPED else len(found)


WORK: Final[Mapping[str, Callable[[SystemScope], Awaitable[object]]]] = {
    "conversations with unread messages": _unread_work,
    "lines with pending deliveries": _undelivered_work,
    "messages that nobody got": _dropped_work,
}
