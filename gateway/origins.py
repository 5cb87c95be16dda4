"""Which inbound event a delivery answers, so that it lands in the same trace.

Nothing is stored for it: the process that committed remembers, any other one finds the event by the turn or the message.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final, NamedTuple

from core import ids
from core.domain import Role
from core.errors import StoreUnavailable
from core.ledger import Claimed, Commit
from core.ports.store import TenantStore

MOST: Final = 10_000
"""Commits that are remembered; rows are mostly delivered within a second of theirs."""


class Origin(NamedTuple):
    """``source`` is the event's id, else the commit's; ``turn`` the turn that answered it ("": a control did).

    ``at`` is when the row was committed, where that is known; ``parent`` the span it hangs on.
    """

    source: str
    turn: str = ""
    at: datetime | None = None
    parent: str | None = None


class Origins:
    """The memory of one process."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Origin] = OrderedDict()

    def committed(self, tenant: str, commit: Commit) -> None:
        """A commit is durable: its rows are on their way."""
        if not commit.has_outbox:
            return
        source, turn = source_of(commit), commit.turn_id or ""
        parent = ids.span_id("turn", turn) if turn else ids.span_id("control", source)
        self._known[tenant, f"{commit.conv}#{commit.seq}"] = Origin(source, turn, commit.committed_at, parent)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    async def of(self, claimed: Claimed, store: TenantStore) -> Origin:
        """Where a row comes from; never raises for a store that is out of reach, the trace is then the commit's own."""
        commit = claimed.id.rpartition("#")[0]
        known = self._known.get((claimed.tenant, commit))
        if known is not None:
            return known
        message = claimed.message
        if message is None:
            return Origin(commit)
        at = None if message.role is Role.CONTACT else message.created_at
        if message.turn_id is not None:
            source = await _first(store, message.turn_id) or commit
            return Origin(source, message.turn_id, at, ids.span_id("turn", message.turn_id))
        if message.event_id is not None:
            return Origin(message.event_id, "", at, ids.span_id("control", message.event_id))
        return Origin(commit, "", at)


def source_of(commit: Commit) -> str:
    """The first event that a commit consumed, else its own id."""
    return commit.consumed[0] if commit.consumed else f"{commit.conv}#{commit.seq}"


async def _first(store: TenantStore, turn_id: str) -> str | None:
    try:
        events = await store.turn_events(turn_id)
    except StoreUnavailable:
        return None
    return events[0].id if events else None
