"""A helpdesk beside serve, over real sockets: from a handoff to its case, from an agent's reply to the customer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from bench.figures import Figure, median, percentile
from bench.settings import web_settings
from evals.chat import ask
from evals.serving import Served
from gateway.lab.desks.zendesk import ZendeskLab

HANDOFFS = 40
AT_ONCE = 4
LIMIT_S = 30.0
LOOK_S = 0.01
SECRET = "bench-signing-secret-of-no-worth"


def _settings(api_url: str) -> dict[str, Any]:
    settings = web_settings()
    (tenant,) = settings["tenants"]
    tenant["desk"] = {
        "kind": "zendesk",
        "subdomain": "bench",
        "client_id": "frontdesk_lab",
        "client_secret": "lab-client-secret",
        "signing_secrets": [SECRET],
        "api_url": api_url,
    }
    return settings


async def _until(found: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await found():  # noqa: ASYNC110  another process says when
            await asyncio.sleep(LOOK_S)


async def _one(session: ClientSession, url: str, lab: ZendeskLab, number: int) -> tuple[float, float]:
    """Seconds from the handoff's answer to its ticket with brief, and from an agent's reply to the customer's log."""
    asked = await ask(session, url, f"Customer {number}: where is my parcel?")
    headers = {"authorization": f"Bearer {asked.token}"}
    body = {"conv_id": asked.conv, "reason": "asked"}
    async with session.post(f"{url}/escalate", json=body, headers=headers) as response:
        response.raise_for_status()
    begun = perf_counter()

    def ticket() -> Any:
        mine = (each for each in lab.books.tickets.values() if f":{asked.conv}:" in (each.external_id or ""))
        return next(mine, None)

    async def is_there() -> bool:
        found = ticket()
        return found is not None and any(not comment.public for comment in found.comments)

    await _until(is_there)
    to_case_s = perf_counter() - begun
    begun = perf_counter()
    saying = asyncio.create_task(lab.say(str(ticket().id), f"Answer {number}", is_public=True))

    async def is_told() -> bool:
        async with session.get(f"{url}/conversations/{asked.conv}", headers=headers) as response:
            return any(m["text"] == f"Answer {number}" for m in (await response.json())["messages"])

    await _until(is_told)
    to_customer_s = perf_counter() - begun
    await saying
    return to_case_s, to_customer_s


async def _round(folder: Path) -> list[tuple[float, float]]:
    lab = ZendeskLab(signing_secret=SECRET)
    runner = web.AppRunner(lab.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    lab.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    served = Served(folder, _settings(lab.address))
    await asyncio.to_thread(served.start)
    lab.hook.url = f"{served.url}/webhooks/desk/bench"
    gate = asyncio.Semaphore(AT_ONCE)
    try:
        async with ClientSession(timeout=ClientTimeout(total=60)) as session:

            async def one(number: int) -> tuple[float, float]:
                async with gate:
                    return await _one(session, served.url, lab, number)

            return list(await asyncio.gather(*(one(number) for number in range(HANDOFFS))))
    finally:
        await asyncio.to_thread(served.kill)
        await lab.close()
        await runner.cleanup()


def run(rounds: int, _seconds: float, folder: Path) -> list[Figure]:
    """Each round on a fresh server and a fresh helpdesk, a few handoffs at a time."""
    outcomes = [asyncio.run(_round(folder / f"round-{number}")) for number in range(rounds)]
    to_case = [percentile([case for case, _ in each], 0.95) for each in outcomes]
    to_customer = [percentile([reply for _, reply in each], 0.95) for each in outcomes]
    note = f"{HANDOFFS} handoffs a round, {AT_ONCE} at a time"
    return [
        Figure(name="desk: handoff to case with brief, p95", value=median(to_case), unit="s", at_most=2, note=note),
        Figure(name="desk: agent's reply to customer, p95", value=median(to_customer), unit="s", at_most=1, note=note),
    ]
