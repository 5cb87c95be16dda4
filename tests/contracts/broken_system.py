"""System scopes that break one promise each, for ``broken_store``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.domain import DeliveryState, Destination
from core.ports.store import Dropped, SystemScope, Work
from gateway.store.documents import Document
from gateway.store.ledger_io import shard
from gateway.store.ledger_lane import UNREAD
from gateway.store.ledger_system import System


class BrokenSystem:
    """A system scope to break."""

    def __init__(self, inner: SystemScope) -> None:
        self._inner = inner

    async def unread(self, *, after: Work | None, limit: int) -> tuple[Work, ...]:
        return await self._inner.unread(after=after, limit=limit)

    async def undelivered(self, *, after: Work | None, limit: int) -> tuple[tuple[Work, Destination, datetime], ...]:
        return await self._inner.undelivered(after=after, limit=limit)

    async def dropped(self, *, limit: int) -> tuple[Dropped, ...]:
        return await self._inner.dropped(limit=limit)

    async def waiting(self) -> int:
        return await self._inner.waiting()

    async def hold(self, duty: str, holder: str) -> bool:
        return await self._inner.hold(duty, holder)

    async def release(self, duty: str, holder: str) -> None:
        await self._inner.release(duty, holder)

    async def prune(self, *, before: datetime) -> int:
        return await self._inner.prune(before=before)


class SharesDuties(BrokenSystem):
    async def hold(self, duty: str, holder: str) -> bool:
        return await super().hold(f"{duty} of {holder}", holder)


class KeepsDuties(BrokenSystem):
    async def release(self, duty: str, holder: str) -> None:
        return None


class NeverHandsOverDuties(BrokenSystem):
    """Who had a duty first has it for ever."""

    async def hold(self, duty: str, holder: str) -> bool:
        assert isinstance(self._inner, System)
        place = shard("duties", duty)
        row: Document = {"_id": f"{place}#1", "conv": place, "n": 1, "holder": holder}
        await self._inner._documents.ensure("duties", (row,))
        stands = await self._inner._documents.get("duties", place, f"{place}#1")
        return stands is not None and stands["holder"] == holder


class ListsWhatOthersRun(BrokenSystem):
    async def unread(self, *, after: Work | None, limit: int) -> tuple[Work, ...]:
        assert isinstance(self._inner, System)
        found = await self._inner._shards("events", UNREAD, after, limit)
        return tuple(Work(*shard_key.split("!")) for shard_key in found)


class SkipsWork(BrokenSystem):
    async def unread(self, *, after: Work | None, limit: int) -> tuple[Work, ...]:
        return (await super().unread(after=after, limit=limit))[1:]


class CutsConversations(BrokenSystem):
    async def undelivered(self, *, after: Work | None, limit: int) -> tuple[tuple[Work, Destination, datetime], ...]:
        return (await super().undelivered(after=after, limit=limit))[:limit]


class SwallowsRejections(BrokenSystem):
    async def dropped(self, *, limit: int) -> tuple[Dropped, ...]:
        return tuple(d for d in await super().dropped(limit=limit) if d.state is not DeliveryState.REJECTED)


class PrunesTooMuch(BrokenSystem):
    async def prune(self, *, before: datetime) -> int:
        return await super().prune(before=datetime(9000, 1, 1, tzinfo=UTC))


class PrunesTwiceAsMuch(BrokenSystem):
    async def prune(self, *, before: datetime) -> int:
        return await super().prune(before=before + timedelta(days=14))


class PrunesNothing(BrokenSystem):
    async def prune(self, *, before: datetime) -> int:
        return 1
