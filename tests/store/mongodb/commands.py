"""What is said to the server, as the driver tells it; and a conversation that says all there is to say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from gateway.store.ledger import DocumentStore
from gateway.store.mongodb import MongoDocuments, mongo_documents
from tests.contracts.words import Clock, Numbers

DRIVERS_OWN = frozenset({"endSessions", "hello", "ismaster"})


@dataclass(frozen=True, slots=True)
class Said:
    """One command and its body."""

    name: str
    command: Mapping[str, Any]

    @property
    def collection(self) -> str:
        """Which one it is about."""
        return str(self.command[self.name])

    def filters(self) -> Iterator[Mapping[str, Any]]:
        """What its documents have to meet."""
        match self.name:
            case "find":
                yield self.command["filter"]
            case "update":
                yield from (one["q"] for one in self.command["updates"])
            case "delete":
                yield from (one["q"] for one in self.command["deletes"])
            case "aggregate":
                yield from (stage["$match"] for stage in self.command["pipeline"] if "$match" in stage)


@dataclass(slots=True)
class Heard(CommandListener):
    """Every command but the driver's own, and how many documents came back."""

    said: list[Said] = field(default_factory=list)
    documents_read: int = 0

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in DRIVERS_OWN:
            self.said.append(Said(event.command_name, dict(event.command)))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        cursor = event.reply.get("cursor", {})
        self.documents_read += len(cursor.get("firstBatch", ())) + len(cursor.get("nextBatch", ()))

    def failed(self, event: CommandFailedEvent) -> None:
        return

    def since(self, count: int) -> list[str]:
        """The names of what was said after the first ``count``."""
        return [one.name for one in self.said[count:]]


@dataclass(frozen=True, slots=True)
class Listened:
    """A store on a real database, and all that it says to it."""

    store: DocumentStore
    documents: MongoDocuments
    heard: Heard
    clock: Clock


@asynccontextmanager
async def listened(address: str) -> AsyncIterator[Listened]:
    """The store; nothing is started."""
    heard, clock = Heard(), Clock()
    documents = mongo_documents(address, listeners=(heard,))
    try:
        yield Listened(DocumentStore(documents, clock=clock, new_id=Numbers()), documents, heard, clock)
    finally:
        await documents.stop()
