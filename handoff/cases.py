"""Reading cases for a desk: the lists an agent works from, and one conversation with all that an agent must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain import Audience, Head, InboundEvent, Message, Owner
from core.ports.store import Feedback, TenantStore
from handoff import brief
from handoff.assist import Suggestion, suggestions
from handoff.brief import Brief, Priority

PAGE_SIZE = 100
MINE_PAGES = 5
TRANSCRIPT = 300
"""Messages of one read; older ones are paged in."""

RECENT = 30
TRACED_TURNS = 5
ORDER: Mapping[Priority, int] = {Priority.URGENT: 0, Priority.HIGH: 1, Priority.NORMAL: 2}


class Filter(StrEnum):
    """Which conversations to list; ``open`` are all that people own or wait for."""

    QUEUE = "queue"
    MINE = "mine"
    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


OWNERS: Mapping[Filter, tuple[Owner, ...]] = {
    Filter.QUEUE: (Owner.QUEUE,),
    Filter.MINE: (Owner.HUMAN,),
    Filter.OPEN: (Owner.QUEUE, Owner.HUMAN),
    Filter.RESOLVED: (Owner.NONE,),
    Filter.ALL: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of a list."""

    head: Head
    priority: Priority
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of a list; ``before`` asks for the next page, None when there is none."""

    items: tuple[Listed, ...]
    before: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One conversation for an agent; ``unread`` was said but not yet worked into the transcript."""

    head: Head
    brief: Brief
    messages: tuple[Message, ...]
    has_earlier: bool
    unread: tuple[InboundEvent, ...]
    suggestions: tuple[Suggestion, ...]
    feedback: tuple[Feedback, ...]


async def listing(store: TenantStore, which: Filter, *, agent: str, before: datetime | None = None) -> Listing:
    """A page of conversations: the queue by urgency and waiting time, every other list by latest change."""
    heads, further = await _heads(store, which, agent=agent, before=before)
    items = [await listed(store, head) for head in heads]
    if which is Filter.QUEUE:
        items.sort(key=lambda item: (ORDER[item.priority], item.waiting_since or item.head.updated_at))
    return Listing(items=tuple(items), before=further)


async def _heads(
    store: TenantStore, which: Filter, *, agent: str, before: datetime | None
) -> tuple[Sequence[Head], datetime | None]:
    """One page; ``mine`` looks through several, since the store does not know whose a conversation is."""
    found: list[Head] = []
    for _ in range(MINE_PAGES if which is Filter.MINE else 1):
        page = await store.conversations(owners=OWNERS[which], limit=PAGE_SIZE, before=before)
        found += [h for h in page if which is not Filter.MINE or h.agent == agent]
        before = page[-1].updated_at if len(page) == PAGE_SIZE else None
        if before is None:
            break
    return found, before


async def listed(store: TenantStore, head: Head) -> Listed:
    """A conversation as a line; where a person owns it, the last messages tell whether the contact waits."""
    recent: tuple[Message, ...] = ()
    if head.owner is Owner.HUMAN:
        recent = await store.tail(head.conv, audience=Audience.DESK, limit=RECENT)
    return Listed(head=head, priority=brief.priority(head), waiting_since=brief.waiting_since(head, recent))


async def read(store: TenantStore, conv: str) -> Case | None:
    """Everything about a conversation; None when the tenant does not have it."""
    head = await store.head(conv)
    if head is None:
        return None
    messages, has_earlier = await earlier(store, conv, before=None)
    return Case(
        head=head,
        brief=brief.compose(head, messages, await traces(store, head, messages)),
        messages=messages,
        has_earlier=has_earlier,
        unread=await store.unread(conv),
        suggestions=suggestions(messages),
        feedback=await store.feedback(conv),
    )


async def earlier(store: TenantStore, conv: str, *, before: tuple[int, int] | None) -> tuple[tuple[Message, ...], bool]:
    """The last messages before a position, internal ones included, and whether there are more before them."""
    found = await store.tail(conv, audience=Audience.DESK, limit=TRANSCRIPT + 1, before=before)
    return found[-TRANSCRIPT:], len(found) > TRANSCRIPT


async def traces(store: TenantStore, head: Head, messages: Sequence[Message]) -> list[bytes]:
    """The records of the episode's last turns, oldest first."""
    turns = dict.fromkeys(m.turn_id for m in messages if m.turn_id and m.episode == head.episode)
    found: list[bytes] = []
    for turn_id in list(turns)[-TRACED_TURNS:]:
        found += [step.body for step in await store.steps(turn_id) if step.name == "trace"][-1:]
    return found
