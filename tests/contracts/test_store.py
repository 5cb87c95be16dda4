"""The StoreContract on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from gateway.store.embedded.sqlite import SqliteStore
from gateway.store.ledger import DocumentStore
from tests.contracts.broken_store import BREAKAGES, Breakage
from tests.contracts.fake_documents import FakeDocuments, Fate, Server
from tests.contracts.store_contract import StoreContract, scenarios
from tests.contracts.words import Clock, Numbers, Rig

LEASE_S = 15.0


class Monotonic:
    """A monotonic clock that stands until told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def let_lease_pass(self) -> None:
        self.now += LEASE_S


def document_rig(*, seed: int | None = None) -> Rig:
    """Two processes on one fake database; with a seed their answers get lost and doubled."""
    server, clock, monotonic, new_id = Server(), Clock(), Monotonic(), Numbers()
    random = None if seed is None else Random(seed)

    def fate() -> Fate:
        if random is None or random.random() > 0.1:
            return Fate.APPLY
        return random.choice((Fate.LOSE_BEFORE, Fate.LOSE_AFTER, Fate.TWICE))

    stores = [
        DocumentStore(
            FakeDocuments(server, fates=fate, random=random),
            clock=clock,
            monotonic=monotonic,
            new_id=new_id,
            lease_s=LEASE_S,
        )
        for _ in range(2)
    ]
    return Rig(store=stores[0], rival=stores[1], clock=clock, let_lease_pass=monotonic.let_lease_pass)


class TestSqliteStore(StoreContract):
    """The embedded store."""

    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[Rig]:
        clock = Clock()
        store = SqliteStore(tmp_path / "ledger.sqlite3", clock=clock, new_id=Numbers())
        await store.start()
        yield Rig(store=store, rival=store, clock=clock)
        await store.stop()


class TestDocumentStore(StoreContract):
    """The document ledger on a database that behaves."""

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        yield document_rig()


class TestDocumentStoreWithLostAnswers(StoreContract):
    """The document ledger on a database one write in ten of which is lost, unanswered or doubled."""

    @pytest.fixture(params=[1, 2, 3])
    def rig(self, request: pytest.FixtureRequest) -> Rig:
        return document_rig(seed=request.param)


@asynccontextmanager
async def _limited() -> AsyncIterator[None]:
    async with asyncio.timeout(5):
        yield


async def _failures(breakage: Breakage) -> set[str]:
    failed = set()
    for name, scenario in scenarios().items():
        rig = breakage.build(document_rig())
        try:
            async with _limited():
                await scenario(rig)
        except Exception:  # a broken store may fail in any way
            failed.add(name)
    return failed


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
async def test_the_contract_finds_a_broken_store(breakage: Breakage) -> None:
    assert breakage.found_by in await _failures(breakage)


async def test_the_contract_is_passed_by_the_store_the_breakages_break() -> None:
    whole = Breakage(name="none", found_by="", build=lambda rig: rig)
    assert await _failures(whole) == set()


def test_the_contract_is_large_enough() -> None:
    assert len(scenarios()) >= 60
