"""Work that one replica does at a time: who does it, and how it changes hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from core.errors import CredentialsInvalid, ProviderUnavailable
from gateway.duties import Duties
from gateway.runners import Run, Runners
from gateway.store.documents import AnswerLost
from gateway.store.ledger import DocumentStore
from tests.contracts.fake_documents import FakeDocuments
from tests.contracts.rigs import Pair

LOOK_S = 0.002


class Town:
    """Replicas on one store, each with the same duty; ``at_work`` are those that do it now."""

    def __init__(self) -> None:
        self.pair = Pair()
        self.at_work: list[str] = []
        self.began: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.changed = asyncio.Event()

    def work(self, name: str) -> Callable[[], asyncio.Future[None]]:
        return lambda: asyncio.ensure_future(self._work(name))

    async def _work(self, name: str) -> None:
        self.began.append(name)
        for failure in self.failures.pop(name, []):
            raise failure
        self.at_work.append(name)
        self.changed.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work.remove(name)
            self.changed.set()

    @asynccontextmanager
    async def replica(self, store: DocumentStore, name: str) -> AsyncIterator[asyncio.Task[None]]:
        duties = Duties(store, name, look_s=LOOK_S)
        task = asyncio.ensure_future(duties.keep("poll", self.work(name)))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()


async def test_one_replica_works_and_another_goes_on_when_it_is_told_to_end() -> None:
    town = Town()
    async with town.replica(town.pair.second, "w2") as second, town.replica(town.pair.first, "w1") as first:
        await town.until(lambda: len(town.at_work) == 1)
        for_now = town.at_work[0]
        ending = {"w1": first, "w2": second}[for_now]
        ending.cancel()
        await town.until(lambda: bool(town.at_work) and town.at_work != [for_now])
        assert len(town.at_work) == 1
    assert town.at_work == []
    assert len(town.began) == 2


async def test_a_replica_that_lost_its_duty_stops_and_waits_for_it() -> None:
    town = Town()
    async with town.replica(town.pair.first, "w1"):
        await town.until(lambda: town.at_work == ["w1"])
        assert not await town.pair.second.system.hold("poll", "w2")
        town.pair.monotonic.let_lease_pass()
        assert await town.pair.second.system.hold("poll", "w2")
        await town.until(lambda: town.at_work == [])
        await town.pair.second.system.release("poll", "w2")
        await town.until(lambda: town.at_work == ["w1"])


class Cut(FakeDocuments):
    """A database that can be cut off."""

    is_cut = False

    async def _pause(self) -> None:
        await super()._pause()
        if self.is_cut:
            raise AnswerLost("cut")


async def test_a_replica_that_cannot_reach_the_store_stops() -> None:
    town = Town()
    documents = Cut(town.pair.server)
    store = DocumentStore(documents, clock=town.pair.clock, monotonic=town.pair.monotonic)
    async with town.replica(store, "w1"):
        await town.until(lambda: town.at_work == ["w1"])
        documents.is_cut = True
        await town.until(lambda: town.at_work == [])
        documents.is_cut = False
        await town.until(lambda: town.at_work == ["w1"])


@pytest.mark.parametrize("failure", [ProviderUnavailable("down"), CredentialsInvalid("revoked")])
async def test_a_run_that_breaks_is_started_again_where_it_was(failure: Exception) -> None:
    town, refused = Town(), list[str]()
    town.failures["w1"] = [failure]
    runners = Runners(
        "receive",
        lambda: {"shop": Run("owner", town.work("w1"))},
        refused=lambda name, error: refused.append(name),
        first_pause_s=LOOK_S,
        duties=Duties(town.pair.first, "w1", look_s=LOOK_S),
    )
    await runners.start()
    await town.until(lambda: town.at_work == ["w1"])
    assert not await town.pair.second.system.hold("receive:shop", "w2")
    await runners.stop()
    assert town.at_work == []
    assert await town.pair.second.system.hold("receive:shop", "w2")
    assert refused == (["shop"] if isinstance(failure, CredentialsInvalid) else [])
