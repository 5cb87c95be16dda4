"""The StoreContract on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.store.embedded.sqlite import SqliteStore
from tests.contracts.broken_store import BREAKAGES, Breakage
from tests.contracts.rigs import document_rig, mongo_rig
from tests.contracts.store_contract import StoreContract, scenarios
from tests.contracts.words import Clock, Numbers, Rig


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
    def rig(self) -> Rig:
        return document_rig()


class TestDocumentStoreWithLostAnswers(StoreContract):
    """The document ledger on a database one write in ten of which is lost, unanswered or doubled."""

    @pytest.fixture(params=[1, 2, 3])
    def rig(self, request: pytest.FixtureRequest) -> Rig:
        return document_rig(seed=request.param)


class TestMongoStore(StoreContract):
    """The document ledger on a MongoDB-compatible server."""

    @pytest.fixture
    async def rig(self, mongodb: str) -> AsyncIterator[Rig]:
        async for rig in mongo_rig(mongodb):
            yield rig


async def _failures(build: Callable[[], Rig]) -> dict[str, BaseException]:
    """The scenarios that fail; a broken store may fail in any way, also by never ending."""
    failed: dict[str, BaseException] = {}
    for name, scenario in scenarios().items():
        try:
            async with asyncio.timeout(5):
                await scenario(build())
        except (Exception, pytest.fail.Exception) as error:
            failed[name] = error
    return failed


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
async def test_the_contract_finds_a_broken_store(breakage: Breakage) -> None:
    failed = await _failures(breakage.build)
    assert breakage.found_by in failed
    assert not isinstance(failed[breakage.found_by], TimeoutError)


async def test_the_store_that_the_breakages_break_is_whole() -> None:
    assert await _failures(document_rig) == {}


def test_the_contract_is_not_shrinking() -> None:
    assert len(scenarios()) >= 60
