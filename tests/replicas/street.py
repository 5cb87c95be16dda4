"""Several replicas of one company on shared engines, and visitors who write to whichever answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import aiohttp

from evals.serving import Served, get_status
from gateway.cli.chat_client import read_events
from tests.flows.company import company

LIMIT: Final = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=30)
PAUSE_S: Final = 0.1
"""How long a sender waits before it tries again, as vendors do."""

AGAIN: Final = frozenset((502, 503, 504))


@dataclass(slots=True)
class Street:
    """The replicas; those in ``down`` are not asked."""

    replicas: Sequence[Served]
    down: set[int] = field(default_factory=set)

    def one(self, rng: Random) -> str:
        """The address of any that is up."""
        return rng.choice([each.url for n, each in enumerate(self.replicas) if n not in self.down])

    async def ready(self, n: int) -> bool:
        """Whether a replica says that it takes work."""
        return await asyncio.to_thread(get_status, self.replicas[n].internal_url + "/readyz") == 200

    async def until_ready(self, n: int, limit_s: float = 60.0) -> None:
        """Wait until it does."""
        async with asyncio.timeout(limit_s):
            while not await self.ready(n):  # noqa: ASYNC110  asked over HTTP
                await asyncio.sleep(PAUSE_S)


@contextmanager
def street(folder: Path, engines: dict[str, str], *, replicas: int = 2, **server: Any) -> Iterator[Street]:
    """Replicas that serve, each in a folder of its own; knowledge that they share is synced once."""
    is_shared = "knowledge" in engines
    made = [
        company(folder / f"replica-{n}", engines=engines, is_synced=n == 0 or not is_shared, **server)
        for n in range(replicas)
    ]
    try:
        for each in made:
            each.start(wait=False)
        for each in made:
            each.wait_ready()
        yield Street(made)
    finally:
        for each in made:
            each.kill()


@dataclass(kw_only=True)
class Visitor:
    """One contact of the street: says things until somebody acknowledges them, whoever that is."""

    street: Street
    http: aiohttp.ClientSession
    rng: Random
    token: str = ""
    conv: str = ""
    acknowledged: list[str] = field(default_factory=list)
    refused: int = 0
    """Answers that were neither 2xx nor "come again"."""
    came_again: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """Who is speaking."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask one replica after another, with the same words, until one says yes."""
        while True:
            try:
                async with self.http.request(
                    method, self.street.one(self.rng) + path, json=body, headers=self.headers
                ) as response:
                    if response.status < 300:
                        said: dict[str, Any] = await response.json()
                        return said
                    if response.status not in AGAIN:
                        self.refused += 1
                        raise AssertionError(await response.text())
                    assert "Retry-After" in response.headers
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.came_again += 1
            await asyncio.sleep(PAUSE_S)

    async def arrive(self) -> None:
        """Start a session."""
        started = await self.call("POST", "/v1/web/sessions", {})
        self.token, self.conv = started["session_token"], started["conv_id"]

    async def say(self, text: str) -> str:
        """Say something; returns its id once it is acknowledged."""
        key = self.rng.randbytes(16).hex()
        said = await self.call("POST", "/v1/web/messages", {"client_msg_id": key, "text": text})
        self.acknowledged.append(said["message_id"])
        return str(said["message_id"])

    async def log(self) -> list[dict[str, Any]]:
        """All that was shown so far, as somebody reads it who scrolls to its beginning."""
        messages: list[dict[str, Any]] = []
        while True:
            before = f"?before={messages[0]['position']}" if messages else ""
            page = (await self.call("GET", f"/conversations/{self.conv}{before}"))["messages"]
            if not page:
                return messages
            messages = [*page, *messages]

    async def until_answered(self, limit_s: float = 90.0) -> list[dict[str, Any]]:
        """Wait until all that was acknowledged stands in the log and is answered, or it was said that a person will."""
        async with asyncio.timeout(limit_s):
            while not self._is_answered(log := await self.log()):  # noqa: ASYNC110  asked over HTTP
                await asyncio.sleep(PAUSE_S)
        return log

    def _is_answered(self, log: list[dict[str, Any]]) -> bool:
        if not set(self.acknowledged) <= {view["id"] for view in log}:
            return False
        return log[-1]["role"] != "contact" or any(view["role"] == "system" for view in log)

    async def hears(self, url: str, name: str, *, role: str, limit_s: float = 30.0) -> dict[str, Any]:
        """The next message event of this name and role on the stream of one replica."""
        async with (
            asyncio.timeout(limit_s),
            self.http.get(url + "/v1/web/stream", headers=self.headers) as response,
        ):
            async for event in read_events(response.content):
                if event.name == name and event.data.get("role") == role:
                    return event.data
        raise AssertionError(f"the stream ended before {name}")


@asynccontextmanager
async def visitors(street: Street, count: int, *, seed: int) -> AsyncIterator[list[Visitor]]:
    """Visitors, each with a session; connections are never reused."""
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=LIMIT) as http:
        made = [Visitor(street=street, http=http, rng=Random(f"{seed}:{n}")) for n in range(count)]
        for each in made:
            await each.arrive()
        yield made
