"""What a start finds, makes and refuses: indexes and the version of what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from core.errors import StoreError, StoreUnavailable
from gateway.store.mongodb import MongoStore, mongo_documents
from gateway.store.mongodb.indexes import INDEXES, ensure
from gateway.store.mongodb.schema import Step, migrate, version
from tests.contracts.words import TENANT, Clock, message
from tests.store.mongodb.commands import listened
from tests.store.mongodb.test_walk import life

Database = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def database(mongodb: str) -> AsyncIterator[Database]:
    async with AsyncMongoClient[dict[str, Any]](mongodb) as client:
        yield client.get_default_database()


async def keys(database: Database, collection: str) -> list[tuple[tuple[str, int], ...]]:
    found = await (await database[collection].list_indexes()).to_list()
    return [tuple(index["key"].items()) for index in found if index["name"] != "_id_"]


async def test_a_start_makes_the_indexes_and_a_second_one_leaves_them(mongodb: str, database: Database) -> None:
    async with listened(mongodb) as on:
        await on.documents.start()
        assert {one.collection for one in on.heard.said if one.name == "createIndexes"} == set(INDEXES)
        made = len(on.heard.said)
        await on.documents.start()
        assert set(on.heard.since(made)) == {"find", "listIndexes"}
    for collection, wanted in INDEXES.items():
        assert sorted(await keys(database, collection)) == sorted(wanted)


async def test_an_index_that_went_missing_is_made_again_and_a_foreign_one_stays(database: Database) -> None:
    await ensure(database)
    await database["events"].drop_index("received_at_1")
    await database["events"].create_index([("mine", 1)])
    await ensure(database)
    assert {(("received_at", 1),), (("mine", 1),)} <= set(await keys(database, "events"))


async def test_an_index_that_would_lose_messages_is_refused(database: Database) -> None:
    await database["events"].create_index([("key", 1)], unique=True, name="surprise")
    with pytest.raises(StoreError, match="surprise of events is unique"):
        await ensure(database)


async def test_an_index_with_our_name_and_other_fields_is_refused(database: Database) -> None:
    await database["claims"].create_index([("other", 1)], name="day_1")
    with pytest.raises(StoreError, match="claims has other fields"):
        await ensure(database)


async def test_every_question_of_the_ledger_has_an_index_that_leads_with_it(mongodb: str) -> None:
    """Questions by id need none; others begin with the first field of an index, finds with ``conv``."""
    async with listened(mongodb) as on:
        await life(on)
        walked = len(on.heard.said)
        await on.store.for_tenant("acme").conversations_of(["web|visitor"])
        await on.store.for_tenant("acme").message("m_none")
        await on.store.sweeps.sweep()
        await on.store.system.unread(after=None, limit=9)
        await on.store.system.undelivered(after=None, limit=9)
        await on.store.system.dropped(limit=9)
        await on.store.for_tenant("acme").counts()
        await on.store.system.prune(before=on.clock.now)
        for n, one in enumerate(on.heard.said):
            for asked in one.filters():
                led = {fields[0][0] for fields in INDEXES.get(one.collection, ())}
                assert "_id" in asked or led & asked.keys(), one
                assert n >= walked or "_id" in asked or "conv" in led, one


async def test_a_new_database_is_at_this_version_and_a_newer_one_is_refused(mongodb: str, database: Database) -> None:
    documents = mongo_documents(mongodb)
    await documents.start()
    assert await version(database) == 1
    await migrate(database, [Step("events", _nothing)])
    assert await version(database) == 2
    with pytest.raises(StoreError, match="newer Frontdesk: its schema is version 2, this one knows 1"):
        await documents.start()
    await documents.stop()


async def _nothing(collection: AsyncCollection[dict[str, Any]]) -> None:
    """A step with nothing to change."""


async def test_a_step_that_broke_off_is_taken_again_and_one_that_was_taken_is_not(database: Database) -> None:
    taken: list[str] = []
    fails = [True]

    async def easy(collection: AsyncCollection[dict[str, Any]]) -> None:
        taken.append(collection.name)

    async def breaking(collection: AsyncCollection[dict[str, Any]]) -> None:
        taken.append(collection.name)
        await collection.insert_one({"_id": len(taken), "conv": "c"})
        if fails.pop():
            raise ConnectionError

    steps = [Step("events", easy), Step("turns", breaking), Step("steps", easy)]
    await migrate(database, [])
    with pytest.raises(ConnectionError):
        await migrate(database, steps)
    assert await version(database) == 2
    fails.append(False)
    await migrate(database, steps)
    await migrate(database, steps)
    assert taken == ["events", "turns", "turns", "steps"]
    assert await version(database) == 4


async def test_two_replicas_may_start_at_once(database: Database) -> None:
    await migrate(database, [])

    async def rival(collection: AsyncCollection[dict[str, Any]]) -> None:
        if await version(database) == 1:
            await migrate(database, [Step("events", _nothing)])

    await migrate(database, [Step("events", rival)])
    assert await version(database) == 2


async def test_the_store_starts_and_stops_with_its_database(mongodb: str, database: Database) -> None:
    for expected in ((True,), (False,)):
        store = MongoStore(mongo_documents(mongodb), clock=Clock())
        await store.start()
        await store.check()
        assert await store.for_tenant(TENANT).accept([message("a")]) == expected
        await store.stop()
        await store.stop()
    await migrate(database, [Step("events", _nothing)])
    late = MongoStore(mongo_documents(mongodb), clock=Clock())
    with pytest.raises(StoreError, match="newer"):
        await late.start()
    with pytest.raises(StoreUnavailable):
        await late.check()
