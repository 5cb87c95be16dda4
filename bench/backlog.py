"""How fast events are acknowledged while thousands of conversations wait for their answers.

After an outage everything comes at once, and vendors give an acknowledgement few seconds (Slack: 3) before they send it again.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import load, paced
from bench.figures import Figure, median
from bench.settings import web_settings
from core import ids
from core.domain import Contact, EventKind, InboundEvent
from evals.serving import ROOT, Served
from evals.suite import read_questions
from gateway.store.embedded.sqlite import SqliteStore

WAITING: Final = 3_000
PER_SECOND: Final = 200
"""Of new events: a tenth of what the machine accepts."""
KNOWLEDGE: Final = ROOT / "config" / "examples" / "demo" / "kb"
BATCH: Final = 500


async def fill(database: Path, *, events: int, conversations: int, texts: Sequence[str]) -> None:
    """Accept events that nobody answers yet, with the texts in turn."""
    store = SqliteStore(database, clock=lambda: datetime.now(UTC))
    await store.start()
    tenant, at = store.for_tenant("bench"), datetime.now(UTC)
    for first in range(0, events, BATCH):
        numbers = range(first, min(first + BATCH, events))
        await tenant.accept([_event(number, conversations, at, texts[number % len(texts)]) for number in numbers])
    await store.stop()


def _event(number: int, conversations: int, at: datetime, text: str) -> InboundEvent:
    conv = ids.conversation_id("bench", "bench-web", f"thread:{number % conversations}")
    return InboundEvent(
        tenant="bench",
        account="bench-web",
        conv=conv,
        dedupe_key=f"m{number}",
        kind=EventKind.MESSAGE,
        contact=Contact(id=str(number % conversations)),
        provider_at=at,
        received_at=at,
        text=text,
    )


def run(rounds: int, seconds: float, folder: Path) -> list[Figure]:
    """Fresh servers, each with a backlog of its own."""
    key = secrets.token_bytes(32)
    settings = web_settings(
        webhook_secret="whsec_" + base64.b64encode(key).decode(), debounce_ms=10_000, sources=[KNOWLEDGE]
    )
    texts = [question.text for question in read_questions(ROOT / "evals" / "golden" / "demo.jsonl")]
    acks, rates, least = list[paced.Paced](), list[float](), WAITING
    for number in range(rounds):
        served = Served(folder / f"round-{number}", settings, prefix=load.PIN)
        served.command("sync")
        database = served.folder / "var" / "frontdesk.sqlite3"
        asyncio.run(fill(database, events=WAITING, conversations=WAITING, texts=texts))
        served.start()
        try:
            url, requests = f"{served.url}/webhooks/bench-web", folder / "events.http"
            count = int(PER_SECOND * 2 * seconds)
            _write(url, requests, key, count)
            before = _answered(database)
            acks.append(paced.paced(url, requests, count=count, per_second=PER_SECOND))
            answered = _answered(database)
            rates.append((answered - before) / (2 * seconds))
            least = min(least, WAITING - answered)
        finally:
            served.kill()
    return [
        Figure(
            name="acknowledged beside a backlog, p99",
            value=median(ack.p99_ms for ack in acks),
            unit="ms",
            at_most=250,
            note=f"median {median(ack.p50_ms for ack in acks):.3g} ms; {PER_SECOND}/s beside {WAITING} waiting turns",
        ),
        Figure(name="turns meanwhile", value=median(rates), unit="/s", note=f"{least} were left at the end"),
        Figure(name="refused meanwhile", value=sum(ack.refused for ack in acks), at_most=0),
    ]


def _write(url: str, file: Path, key: bytes, count: int) -> None:
    with file.open("wb") as opened:
        for number in range(count):
            body = load.event_body(number, count)
            name, stamp, signature = load.signed(number, key, body)
            headers = {
                "content-type": "application/json",
                "webhook-id": name,
                "webhook-timestamp": stamp,
                "webhook-signature": signature,
            }
            opened.write(load.framed(load.raw_request(url, headers, body)))


def _answered(database: Path) -> int:
    """Turns that are committed."""
    opened = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        count: int = opened.execute("select count(*) from commits").fetchone()[0]
        return count
    finally:
        opened.close()
