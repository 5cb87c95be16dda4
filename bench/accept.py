"""Accepting a signed event: verify, dedupe, durable commit, 200; against a bare JSON echo on the same core."""

from __future__ import annotations

import base64
import secrets
import sqlite3
from pathlib import Path

from bench import load
from bench.figures import Figure, median
from bench.settings import web_settings
from evals.serving import Served

EVENTS_PER_ROUND = 60_000
WARMING = 20_000
"""Events of a second before the measured load: what messages need beyond the start is loaded beside the first of them."""

CONVERSATIONS = 2_000


def run(rounds: int, seconds: float, folder: Path) -> list[Figure]:
    """Interleaved rounds of echo, echo with uvloop, and the accept path."""
    key = secrets.token_bytes(32)
    settings = web_settings(webhook_secret="whsec_" + base64.b64encode(key).decode(), debounce_ms=10_000)
    path, warming, events = "/webhooks/bench-web", folder / "warming.txt", folder / "events.txt"
    echoes: list[load.Load] = []
    fast_echoes: list[load.Load] = []
    accepts: list[load.Load] = []
    lost = 0
    body = load.event_body(0, CONVERSATIONS).decode()
    for number in range(rounds):
        load.write_events(warming, first=0, count=WARMING, key=key, conversations=CONVERSATIONS)
        load.write_events(events, first=WARMING, count=EVENTS_PER_ROUND, key=key, conversations=CONVERSATIONS)
        with load.echo_server(uvloop=False) as url:
            echoes.append(load.wrk(url, load.ECHO % body, seconds=seconds))
        with load.echo_server(uvloop=True) as url:
            fast_echoes.append(load.wrk(url, load.ECHO % body, seconds=seconds))
        served = Served(folder / f"round-{number}", settings, prefix=load.PIN)
        served.start()
        try:
            first = load.wrk(served.url + path, load.REPLAY % (warming, path), seconds=1)
            accepts.append(load.wrk(served.url + path, load.REPLAY % (events, path), seconds=seconds))
        finally:
            served.kill()
        acknowledged = min(first.requests, WARMING) + min(accepts[-1].requests, EVENTS_PER_ROUND)
        lost += max(0, acknowledged - _stored(served.folder))
    return _figures(echoes, fast_echoes, accepts, lost)


def _stored(folder: Path) -> int:
    """Events that stand in the store after the process was killed."""
    database = sqlite3.connect(folder / "var" / "frontdesk.sqlite3")
    try:
        count: int = database.execute("select count(*) from events").fetchone()[0]
        return count
    finally:
        database.close()


def _figures(
    echoes: list[load.Load], fast_echoes: list[load.Load], accepts: list[load.Load], lost: int
) -> list[Figure]:
    ratio = median(a.per_second / e.per_second for a, e in zip(accepts, echoes, strict=True))
    fast_ratio = median(a.per_second / e.per_second for a, e in zip(accepts, fast_echoes, strict=True))
    errors = sum(a.errors for a in accepts)
    return [
        Figure(name="bare aiohttp echo", value=median(e.per_second for e in echoes), unit="/s"),
        Figure(name="accept a signed event", value=median(a.per_second for a in accepts), unit="/s"),
        Figure(name="accept / echo", value=ratio, unit="x", at_least=0.75),
        Figure(name="accept / echo on uvloop", value=fast_ratio, unit="x", note="for information"),
        Figure(name="accept p99 at 64 connections", value=median(a.p99_ms for a in accepts), unit="ms", at_most=20),
        Figure(name="accept errors", value=errors, at_most=0),
        Figure(name="acknowledged but not stored", value=lost, at_most=0, note="the process was killed, then counted"),
    ]
