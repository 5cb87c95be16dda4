"""200 conversations at once, 2 000 turns over HTTP: no errors, order kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench.figures import Figure, median, percentile
from bench.load import PIN
from bench.settings import web_settings
from evals.chat import ask
from evals.serving import Served

CONVERSATIONS, TURNS_EACH = 200, 10


async def _conversation(session: ClientSession, url: str, number: int) -> tuple[int, bool, list[float]]:
    """Errors, whether the order was kept, and seconds of each turn."""
    token, conv, errors, seconds = "", "", 0, []
    for turn in range(TURNS_EACH):
        answer = await ask(
            session, url, f"Conversation {number}, question {turn}: how long can I return it?", token=token
        )
        token, conv = answer.token or token, answer.conv or conv
        errors += answer.status != 200 or "done" not in answer.events
        seconds.append(answer.total_s)
    async with session.get(f"{url}/conversations/{conv}", headers={"authorization": f"Bearer {token}"}) as response:
        messages = (await response.json())["messages"]
    asked = [m["text"] for m in messages if m["role"] == "contact"]
    wanted = [f"Conversation {number}, question {turn}: how long can I return it?" for turn in range(TURNS_EACH)]
    return errors, asked == wanted, seconds


async def _crowd(url: str) -> tuple[int, int, float, list[float]]:
    connector, limit = TCPConnector(limit=0), ClientTimeout(total=120)
    async with ClientSession(connector=connector, timeout=limit) as session:
        started = perf_counter()
        results = await asyncio.gather(*(_conversation(session, url, n) for n in range(CONVERSATIONS)))
        rate = CONVERSATIONS * TURNS_EACH / (perf_counter() - started)
    errors = sum(r[0] for r in results)
    disordered = sum(not r[1] for r in results)
    return errors, disordered, rate, [s for r in results for s in r[2]]


def run(rounds: int, _seconds: float, folder: Path) -> list[Figure]:
    """Each round on a fresh server with a small knowledge base."""
    help_folder = folder / "help"
    help_folder.mkdir()
    (help_folder / "returns.md").write_text("# Returns\n\nYou can return unused goods within 30 days of delivery.\n")
    outcomes = []
    for number in range(rounds):
        served = Served(folder / f"round-{number}", web_settings(sources=[help_folder]), prefix=PIN)
        served.command("sync")
        served.start()
        try:
            outcomes.append(asyncio.run(_crowd(served.url)))
        finally:
            served.kill()
    return [
        Figure(name="crowd: errors", value=sum(o[0] for o in outcomes), at_most=0, note="200 x 10 turns a round"),
        Figure(name="crowd: conversations out of order", value=sum(o[1] for o in outcomes), at_most=0),
        Figure(name="crowd: turns over HTTP", value=median(o[2] for o in outcomes), unit="/s"),
        Figure(name="crowd: p95 of a turn", value=median(percentile(o[3], 0.95) for o in outcomes) * 1e3, unit="ms"),
    ]
