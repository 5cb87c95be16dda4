"""The DocumentsContract on the fake database, whose promises the ledger's tests rely on, and on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.errors import ConfigError, StoreError, StoreUnavailable
from gateway.store.documents import Documents
from gateway.store.mongodb import MongoDocuments, mongo_documents
from tests.contracts.documents_contract import C, DocumentsContract, row
from tests.contracts.fake_documents import FakeDocuments, Server


class TestFakeDocuments(DocumentsContract):
    """The fake."""

    @pytest.fixture
    def documents(self) -> Documents:
        return FakeDocuments(Server())


@pytest.fixture
async def mongo(mongodb: str) -> AsyncIterator[MongoDocuments]:
    found = mongo_documents(mongodb)
    yield found
    await found.stop()


class TestMongoDocuments(DocumentsContract):
    """A MongoDB-compatible server."""

    @pytest.fixture
    def documents(self, mongo: MongoDocuments) -> Documents:
        return mongo


async def test_what_is_no_bson_is_refused_before_it_is_sent(mongo: MongoDocuments) -> None:
    for value in ("\ud800", 2**64, b"x" * (16 * 1024 * 1024)):
        with pytest.raises(StoreError, match=r"BSON|too large") as refused:
            await mongo.insert_many("things", [row("a"), row("b", value=value)])
        assert not isinstance(refused.value, StoreUnavailable)
    assert await mongo.find("things", C) == ()


async def test_a_stopped_one_is_unavailable(mongodb: str) -> None:
    documents = mongo_documents(mongodb)
    await documents.stop()
    await documents.stop()
    with pytest.raises(StoreUnavailable):
        await documents.get("things", C, "a")
    with pytest.raises(StoreUnavailable):
        await documents.insert_many("things", [row("a")])


@pytest.mark.parametrize(
    "address",
    [
        "mongodb://user:s3cret@host:port/db",
        "mongodb://us:er:s3cret@host/db",
        "mongodb://user:s3cret@host",
        "mongodb://user:s3cret@host/db?tls=s3cret",
        "http://user:s3cret@host/db",
    ],
)
def test_an_address_that_is_none_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(ConfigError, match="store") as refused:
        mongo_documents(address)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__suppress_context__
