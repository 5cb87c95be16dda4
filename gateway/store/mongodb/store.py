"""The document ledger together with its database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.store.ledger import DocumentStore
from gateway.store.ledger_io import surely
from gateway.store.mongodb.documents import MongoDocuments
from gateway.store.moving.move import check_whole


class MongoStore(DocumentStore):
    """core.ports.store.Store on MongoDB: the database is brought up to date before the ledger starts on it."""

    def __init__(self, documents: MongoDocuments, *, clock: Callable[[], datetime]) -> None:
        super().__init__(documents, clock=clock)
        self._database = documents

    async def start(self) -> None:
        """See the port; a start that fails leaves no connection behind.

        It asks a little first: what follows may take minutes, and would wait as long for a server that is not there.
        """
        try:
            await check_whole(self.documents)
            await surely(self._database.start)
            await super().start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """See the port."""
        await super().stop()
        await self._database.stop()
