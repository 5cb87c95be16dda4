"""How long a start takes: empty, and with a backlog of 100 000 unread events."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from bench.backlog import fill
from bench.figures import Figure, median
from bench.settings import web_settings
from evals.serving import Served

BACKLOG, CONVERSATIONS = 100_000, 20_000


def _start_seconds(served: Served) -> float:
    started = time.perf_counter()
    served.start()
    return time.perf_counter() - started


def run(rounds: int, _seconds: float, folder: Path) -> list[Figure]:
    """Fresh processes; the backlog is made once and drains while the rounds go on."""
    empty = Served(folder / "empty", web_settings())
    full = Served(folder / "full", web_settings())
    database = full.folder / "var" / "frontdesk.sqlite3"
    asyncio.run(fill(database, events=BACKLOG, conversations=CONVERSATIONS, texts=["Where is my order?"]))
    plain: list[float] = []
    backlog: list[float] = []
    for _ in range(rounds):
        for served, seconds in ((empty, plain), (full, backlog)):
            seconds.append(_start_seconds(served))
            served.kill()
    return [
        Figure(name="import + start", value=median(plain), unit="s", at_most=1.5),
        Figure(name="start with 100 000 unread events", value=max(backlog), unit="s", at_most=3, note="slowest round"),
    ]
