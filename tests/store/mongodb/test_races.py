"""What holds when sixteen clients race on one document of a real server, and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pymongo
import pytest

from core.domain import Head
from core.ledger import CommitDraft
from gateway.store.ledger import DocumentStore
from gateway.store.mongodb import MongoDocuments, mongo_documents
from tests.contracts.documents_contract import C, row
from tests.contracts.words import CONV, TENANT, Clock, Numbers, message, note_draft

RACERS = 16


@pytest.fixture
async def racers(mongodb: str) -> AsyncIterator[list[MongoDocuments]]:
    """Each with connections of its own."""
    found = [mongo_documents(mongodb) for _ in range(RACERS)]
    yield found
    for documents in found:
        await documents.stop()


async def test_one_of_sixteen_inserts_of_an_id_wins(racers: list[MongoDocuments]) -> None:
    for n in range(8):
        existed = await asyncio.gather(
            *(racer.insert_many("commits", [row(f"{n}", by=by)]) for by, racer in enumerate(racers))
        )
        winners = [by for by, ids in enumerate(existed) if not ids]
        assert len(winners) == 1
        stands = await racers[0].get("commits", C, f"{C}#{n}")
        assert stands is not None
        assert stands["by"] == winners[0]


async def test_one_of_sixteen_writers_of_a_seq_commits(racers: list[MongoDocuments]) -> None:
    """Each of its own process; who comes second sees the first one's head and declines."""

    def build(head: Head) -> CommitDraft | None:
        return note_draft(head) if head.seq == 0 else None

    stores = [DocumentStore(racer, clock=Clock(), new_id=Numbers(1_000 * n)) for n, racer in enumerate(racers)]
    await stores[0].for_tenant(TENANT).accept([message("a")])
    done = await asyncio.gather(
        *(store.for_tenant(TENANT).append(CONV, nonce=f"n{n}", build=build) for n, store in enumerate(stores))
    )
    assert len([one for one in done if one.commit is not None]) == 1
    head = await stores[-1].for_tenant(TENANT).head(CONV)
    assert head is not None
    assert head.seq == 1


async def test_of_conditional_updates_any_number_may_believe_it_won(mongodb: str) -> None:
    """Why nothing rests on them: some servers read, filter and write without a second look, so more than one is told
    that it changed the document.  That the walk has none is in test_walk; here only that no document is torn by them."""

    async def take(client: pymongo.AsyncMongoClient[dict[str, object]], by: int) -> bool:
        free = {"_id": "lock", "state": "free"}
        changes = {"$set": {"state": "taken", "by": by, "again": by}}
        return (await client.get_default_database()["things"].update_one(free, changes)).modified_count == 1

    clients = [pymongo.AsyncMongoClient[dict[str, object]](mongodb, retryWrites=False) for _ in range(RACERS)]
    try:
        await clients[0].get_default_database()["things"].insert_one({"_id": "lock", "state": "free"})
        won = await asyncio.gather(*(take(client, by) for by, client in enumerate(clients)))
        stands = await clients[0].get_default_database()["things"].find_one({"_id": "lock"})
    finally:
        for client in clients:
            await client.close()
    assert any(won)
    assert stands is not None
    assert stands["by"] == stands["again"]
    assert won[int(str(stands["by"]))]
