"""How we talk to the database: what an address may choose, and what it may not.

It may not choose what keeps messages safe (``SAFE``); ``SureDocuments`` settles lost answers with its own stamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from warnings import catch_warnings, simplefilter

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandListener

from core.errors import ConfigError
from gateway.store.mongodb.documents import MongoDocuments
from gateway.store.mongodb.safety import SAFE

CONNECTIONS: Final = 50
REACH_S: Final = 2.0
"""For finding a server, waiting for a connection, and making one, each: a webhook's sender comes again after its 503."""

ANSWER_S: Final = 5.0
"""For the answer to one call: longer than a majority write takes on disks that are busy."""


def mongo_documents(
    address: str, *, answer_s: float = ANSWER_S, listeners: Sequence[CommandListener] = ()
) -> MongoDocuments:
    """The database an address names, not yet asked anything; ``ConfigError`` when the address is none.

    The address may choose the size of the pool, TLS, compression and how to authenticate, but nothing of ``SAFE``.
    ``answer_s`` bounds each call's answer; ``listeners`` hear every command.
    """
    ours: dict[str, Any] = {"maxPoolSize": CONNECTIONS, "appName": "frontdesk", "heartbeatFrequencyMS": 2_000}
    reach_ms = int(REACH_S * 1_000)
    deadlines: dict[str, Any] = {
        "serverSelectionTimeoutMS": reach_ms,
        "connectTimeoutMS": reach_ms,
        "waitQueueTimeoutMS": reach_ms,
        "socketTimeoutMS": int(answer_s * 1_000),
    }
    try:
        chosen = {name.lower() for name in parse_qs(urlsplit(address).query)}
        # The driver warns of an option it cannot use and goes on without it, be it the one for TLS.
        with catch_warnings():
            simplefilter("error", UserWarning)
            client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
                address,
                event_listeners=list(listeners),
                **{name: value for name, value in ours.items() if name.lower() not in chosen},
                **deadlines,
                **SAFE,
            )
        return MongoDocuments(client, client.get_default_database().name)
    except (PyMongoError, ValueError, TypeError, UserWarning) as error:
        # Their words may hold parts of the address, and that a password.
        reason = f"{type(error).__name__}: look at its user, its database and its options"
        raise ConfigError(f"`store` is no MongoDB address that can be used ({reason}).") from None
