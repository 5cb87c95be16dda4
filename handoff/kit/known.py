"""Who is who: the helpdesk's contact behind a conversation, remembered before a case is opened, and the agent who wrote last.

A case is looked up in the list of its contact's cases, which helpdesks read from their database; a search index would lag.
The contact made for a conversation is kept by insert-once facts: one that was deleted at the helpdesk has a next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.ports.channel import Memory
from core.ports.helpdesk import By, DeskAgent, Entry

MOST: Final = 20


def conv_of(key: str) -> str:
    """The conversation in a case's key "fd:conv:episode"."""
    return key.split(":")[1]


def last_agent(entries: Sequence[Entry]) -> DeskAgent | None:
    """Who of the desk's people wrote last, publicly or not."""
    return next((entry.agent for entry in reversed(entries) if entry.by is By.AGENT and entry.agent is not None), None)


class KnownContacts:
    """The contacts of one helpdesk by conversation; ``kind`` keeps desks apart when a tenant changes its desk."""

    def __init__(self, memory: Memory, kind: str) -> None:
        self._memory = memory
        self._kind = kind

    async def newest(self, conv: str) -> str | None:
        """The contact's id at the helpdesk; None: there was never one, so there is no case either."""
        known = await self._all(conv)
        return known[-1] if known else None

    async def learn(self, conv: str, id_: str) -> str:
        """This is the contact from now on; returns who it is, which another worker may have decided first."""
        known = await self._all(conv)
        if known and known[-1] == id_:
            return id_
        return await self._memory.remember(self._key(conv, len(known) + 1), id_)

    async def _all(self, conv: str) -> list[str]:
        known: list[str] = []
        while len(known) < MOST and (id_ := await self._memory.recall(self._key(conv, len(known) + 1))) is not None:
            known.append(id_)
        return known

    def _key(self, conv: str, number: int) -> str:
        return f"{self._kind}:contact:{conv}:{number}"
