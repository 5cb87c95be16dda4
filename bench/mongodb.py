"""Accepting a signed event with the store on MongoDB against the embedded one, in turns on the same machine.

The server is that of the tests: ``FRONTDESK_TEST_MONGODB``, else the one ``make services`` built, whose name the note gives.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymongo

from bench import accept, load
from bench.figures import Figure, median
from bench.settings import web_settings
from evals.serving import Served
from tests.services import servers
from tests.services.server import forget

EVENTS_PER_ROUND = 40_000
PATH = "/webhooks/bench-web"


@contextmanager
def _server() -> Iterator[tuple[str, str]]:
    """A server's address and what to call it."""
    if (given := servers.given("mongodb")) is not None:
        yield given, "the server of FRONTDESK_TEST_MONGODB"
        return
    server = servers.mongodb()
    try:
        server.start()
        yield servers.mongodb_address(server), f"{servers.MONGODB}, FerretDB on SQLite"
    finally:
        forget(server)


def run(rounds: int, seconds: float, folder: Path) -> list[Figure]:
    """Interleaved rounds of the accept path on SQLite and on MongoDB."""
    key = secrets.token_bytes(32)
    settings = web_settings(webhook_secret="whsec_" + base64.b64encode(key).decode(), debounce_ms=10_000)
    settings["server"]["session_secret"] = secrets.token_urlsafe(32)
    events = folder / "events.txt"
    embedded: list[load.Load] = []
    mongodb: list[load.Load] = []
    lost = 0
    with _server() as (server, called):
        base, _, query = server.partition("?")
        for number in range(rounds):
            load.write_events(events, first=0, count=EVENTS_PER_ROUND, key=key, conversations=accept.CONVERSATIONS)
            embedded.append(_accepts(folder / f"embedded-{number}", settings, events, seconds))
            address = f"{base.rstrip('/')}/bench{secrets.token_hex(6)}" + (f"?{query}" if query else "")
            mongodb.append(_accepts(folder / f"mongodb-{number}", {**settings, "store": address}, events, seconds))
            lost += max(0, min(mongodb[-1].requests, EVENTS_PER_ROUND) - _stored_and_dropped(address))
    return _figures(embedded, mongodb, lost, called)


def _accepts(folder: Path, settings: dict[str, Any], events: Path, seconds: float) -> load.Load:
    served = Served(folder, settings, prefix=load.PIN)
    served.start()
    try:
        return load.wrk(served.url + PATH, load.REPLAY % (events, PATH), seconds=seconds)
    finally:
        served.kill()


def _stored_and_dropped(address: str) -> int:
    """How many events the server holds after the process was killed; the database goes."""
    with pymongo.MongoClient[dict[str, Any]](address) as client:
        database = client.get_default_database()
        count = database["events"].count_documents({})
        client.drop_database(database)
        return count


def _figures(embedded: list[load.Load], mongodb: list[load.Load], lost: int, called: str) -> list[Figure]:
    ratio = median(m.per_second / e.per_second for m, e in zip(mongodb, embedded, strict=True))
    errors = sum(m.errors for m in mongodb)
    return [
        Figure(name="accept on SQLite", value=median(e.per_second for e in embedded), unit="/s"),
        Figure(name="accept on MongoDB", value=median(m.per_second for m in mongodb), unit="/s", note=called),
        Figure(name="accept on MongoDB / on SQLite", value=ratio, unit="x", at_least=0.25),
        Figure(name="accept on MongoDB, p99", value=median(m.p99_ms for m in mongodb), unit="ms"),
        Figure(name="accept on MongoDB, errors", value=errors, at_most=0),
        Figure(
            name="acknowledged but not in MongoDB", value=lost, at_most=0, note="the process was killed, then counted"
        ),
    ]
