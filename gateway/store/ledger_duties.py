"""Duties of the document ledger: what exactly one replica does at a time, such as asking a vendor for new messages.

A duty is a row of numbered documents ``duty#n``; the newest one names who has it.  It is taken over from a holder that is gone
by inserting the next number, which one of several succeeds in.
"""

from __future__ import annotations

from typing import Final

from gateway.store.documents import Document, Where
from gateway.store.ledger_io import SureDocuments, number, shard, word
from gateway.store.ledger_leases import Leases

DUTIES: Final = "duties"
NOBODY: Final = ""


class Duties:
    """Takes and keeps duties."""

    def __init__(self, documents: SureDocuments, leases: Leases) -> None:
        self._documents = documents
        self._leases = leases

    async def hold(self, duty: str, holder: str) -> bool:
        """Whether the duty is the holder's now; it takes a duty that nobody has, or whose holder is gone.

        What stands is read again after the insert.  Older numbers are removed by whoever took the duty, so an insert of a
        replica that slept since it read may succeed on a number that was used before; the newest number decides for it too.
        A replica that loses its duty while it is stalled learns of it when it asks next, and may do one step more until then.
        """
        await self._leases.join(holder)
        if not self._leases.is_own(holder):
            return False
        newest = await self._newest(duty)
        if newest is None or await self._is_free(newest, holder):
            n = 1 if newest is None else number(newest, "n") + 1
            await self._documents.insert_one(DUTIES, _document(duty, n, holder))
            newest = await self._newest(duty)
            if newest is not None and word(newest, "holder") == holder:
                await self._forget(newest)
        return newest is not None and word(newest, "holder") == holder

    async def release(self, duty: str, holder: str) -> None:
        """Let somebody else have the duty now; nothing when it is not the holder's."""
        newest = await self._newest(duty)
        if newest is not None and word(newest, "holder") == holder:
            await self._documents.insert_one(DUTIES, _document(duty, number(newest, "n") + 1, NOBODY))

    async def _is_free(self, newest: Document, holder: str) -> bool:
        other = word(newest, "holder")
        return other == NOBODY or (other != holder and await self._leases.is_gone(other))

    async def _newest(self, duty: str) -> Document | None:
        found = await self._documents.find(DUTIES, shard(DUTIES, duty), sort=(("n", -1),), limit=1)
        return found[0] if found else None

    async def _forget(self, newest: Document) -> None:
        older: Where = (("n", "lt", newest["n"]),)
        for document in await self._documents.find(DUTIES, word(newest, "conv"), where=older):
            await self._documents.delete(DUTIES, document)


def _document(duty: str, n: int, holder: str) -> Document:
    place = shard(DUTIES, duty)
    return {"_id": f"{place}#{n}", "conv": place, "duty": duty, "n": n, "holder": holder}
