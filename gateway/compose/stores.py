"""Where conversations are kept: embedded in ``data_dir``, or in the MongoDB that the YAML names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import config
from config.addresses import address_of
from core.ports.store import Store
from gateway.compose.channels import now
from gateway.store.embedded.sqlite import SqliteStore


def ledger(settings: config.Settings, *, lock: bool) -> Store:
    """The store of conversations, not yet started; ``lock`` keeps a second serve off an embedded one."""
    address = address_of(settings.store)
    if address is not None:
        from gateway.store.mongodb import MongoStore, mongo_documents  # noqa: PLC0415  the driver is loaded where it is used

        return MongoStore(mongo_documents(address), clock=now)
    return SqliteStore(settings.data_dir / "frontdesk.sqlite3", clock=now, lock=lock)


@asynccontextmanager
async def open_store(settings: config.Settings) -> AsyncIterator[Store]:
    """The store for a command beside a running serve: short transactions, no lock."""
    store = ledger(settings, lock=False)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()
