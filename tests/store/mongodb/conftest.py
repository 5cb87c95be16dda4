"""What the tests of the knowledge on MongoDB share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pymongo.database import Database

from gateway.store.mongodb.blocking import Row, connected
from gateway.store.mongodb.knowledge import MongoKnowledgeStore


@pytest.fixture
def database(mongodb: str) -> Iterator[Database[Row]]:
    """An empty database with the knowledge's collections."""
    made = connected(mongodb)
    MongoKnowledgeStore(made).start()
    yield made
    made.client.close()
