"""The knowledge store in MongoDB, beyond what every store promises: lost cursors and answers, and servers that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import AutoReconnect
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from core.errors import ConfigError, StoreError, StoreUnavailable
from gateway.store.mongodb.blocking import Row, connected, insert_first, insert_missing, upsert
from gateway.store.mongodb.knowledge import FETCHED, MongoKnowledgeStore
from tests.contracts.knowledge_words import AT, HOUR, document, generation


class Commands(CommandListener):
    """Remembers the names of commands and the cursors that were opened."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.cursors: list[int] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name == "find":
            self.cursors.append(event.reply["cursor"]["id"])

    def failed(self, event: CommandFailedEvent) -> None:
        pass


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def watched(mongodb: str, commands: Commands) -> Iterator[Database[Row]]:
    with MongoClient[Row](mongodb, event_listeners=[commands]) as client:
        database = client.get_default_database()
        MongoKnowledgeStore(database).start()
        yield database


def test_a_listing_whose_cursor_the_server_dropped_goes_on(watched: Database[Row], commands: Commands) -> None:
    store, names = MongoKnowledgeStore(watched), [f"n{number:04}" for number in range(2 * FETCHED + 10)]
    store.apply("acme", "help", put=[document(name) for name in names], remove=[])
    commands.cursors.clear()
    listing, listed = store.documents("acme"), []
    for each in listing:
        listed.append(each.external_id)
        if len(listed) in (5, FETCHED + 5):
            watched.command("killCursors", "kb_documents", cursors=[commands.cursors[-1]])
    assert listed == names and len(commands.cursors) == 3


def test_calls_do_not_grow_with_the_documents(watched: Database[Row], commands: Commands) -> None:
    store = MongoKnowledgeStore(watched)
    commands.names.clear()
    made = [document(f"n{number}") for number in range(100)]
    store.apply("acme", "help", put=made, remove=[], versions={each.external_id: "1" for each in made})
    assert commands.names == ["delete", "insert", "delete", "insert"]
    commands.names.clear()
    store.live("acme")
    store.entries("acme", "help")
    list(store.documents_named("acme", "help", [each.external_id for each in made]))
    assert commands.names == ["find", "find", "find"]


def test_a_due_run_whose_claim_was_lost_is_claimed_at_the_next_moment(watched: Database[Row]) -> None:
    store = MongoKnowledgeStore(watched)
    assert store.claim_run("acme", "help", AT, by="one")
    for hours in range(1, 30):
        assert store.claim_run("acme", "help", AT + hours * HOUR, by="one")
    assert not store.claim_run("acme", "help", AT, by="two"), "its row is long removed, a later one stands"
    assert watched["kb_claims"].count_documents({}) <= 21


class Losing:
    """A collection whose answer to the first insert is lost: it was done, or it was not."""

    def __init__(self, rows: Any, *, is_done: bool) -> None:
        self._rows, self._is_done, self.lost = rows, is_done, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def insert_one(self, row: Row) -> None:
        if self._is_done:
            self._rows.insert_one(row)
        self.lost += 1
        raise AutoReconnect("the answer is lost")


def test_an_insert_whose_answer_was_lost_is_known_again(database: Database[Row]) -> None:
    rows = database["things"]
    assert insert_first(cast(Any, Losing(rows, is_done=True)), {"_id": "a", "tenant": "acme", "nonce": "1"})
    assert not insert_first(rows, {"_id": "a", "tenant": "acme", "nonce": "2"})
    with pytest.raises(AutoReconnect):
        insert_first(cast(Any, Losing(rows, is_done=False)), {"_id": "b", "tenant": "acme", "nonce": "1"})
    assert rows.count_documents({}) == 1


def test_many_writes_at_once(database: Database[Row]) -> None:
    rows, many = database["things"], [{"_id": f"acme|{number}", "tenant": "acme", "n": 1} for number in range(150)]
    assert insert_missing(rows, many[:50]) == [] and insert_missing(rows, many[:60]) == many[:50]
    upsert(rows, [{**row, "n": 2} for row in many])
    assert rows.count_documents({"n": 2}) == 150 and rows.count_documents({}) == 150


def test_a_release_without_a_record_is_not_live(database: Database[Row]) -> None:
    store = MongoKnowledgeStore(database)
    store.new_generation(generation("g1"))
    store.set_live("acme", "g1", documents=1, chunks=1, at=AT)
    store.forget_generation("acme", "g1")
    assert store.live("acme") is None and store.generations("acme") == ()
    with pytest.raises(StoreError, match="not recorded"):
        store.set_live("acme", "g1", documents=1, chunks=1, at=AT)


def test_what_a_newer_program_wrote_is_refused(database: Database[Row]) -> None:
    store = MongoKnowledgeStore(database)
    store.start()
    database["kb_schema"].update_one({"_id": "knowledge"}, {"$set": {"version": 99}})
    with pytest.raises(StoreError, match="version 99"):
        store.start()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    database = connected("mongodb://ann:geheim@127.0.0.1:1/frontdesk?serverSelectionTimeoutMS=50")
    store = MongoKnowledgeStore(database)
    with pytest.raises(StoreUnavailable) as refused:
        store.live("acme")
    store.close()
    assert "geheim" not in repr(refused.value) and "MongoDB cannot be reached" in refused.value.safe_message


@pytest.mark.parametrize(
    "address", ["mongodb://ann:geheim@/x", "mongodb://ann:gehe@im@host/x", "mongodb://h/x?w=a&tls=z"]
)
def test_an_address_that_is_none_is_told_without_its_password(address: str) -> None:
    with pytest.raises(ConfigError) as refused:
        connected(address)
    assert "gehe" not in repr(refused.value) and refused.value.__cause__ is None
