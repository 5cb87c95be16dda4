"""Visitors of a served company that keeps dying: they resend until acknowledged, and remember all they were shown."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from evals.serving import get_status
from gateway.cli.chat_client import Event, read_events
from tests.flows.company import QUESTIONS
from tests.nursery import Born, QuickServed

LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)

WAIT_S = 180
"""Not how long an answer takes, but fifty lives on a slow machine, in none of which anything may come to its end."""

Kill = Callable[[Born], Awaitable[None]]
"""Decides when a life ends; returns once it did something about it."""


class Town:
    """One data directory and its lives; everybody may wait for the next one."""

    def __init__(self, served: QuickServed) -> None:
        self.served = served
        self.life = 0
        self.codes: list[int] = []
        self._changed = asyncio.Condition()

    async def born(self, *, after: int) -> None:
        """Return once there was a life after number ``after``."""
        async with self._changed, asyncio.timeout(60):
            await self._changed.wait_for(lambda: self.life > after)

    async def begin(self, crash: str = "") -> Born:
        """Start a life; returns when it is ready, or has ended before it was."""
        self.served.start(wait=False, FRONTDESK_CRASH_AT=crash)
        child: Any = self.served.process
        await asyncio.to_thread(self._ready_or_dead, child)
        assert child.poll() in (None, -signal.SIGKILL), self.served.log_text()[-2000:]
        async with self._changed:
            self.life += 1
            self._changed.notify_all()
        return child  # type: ignore[no-any-return]  # Served knows it as a Popen

    def _ready_or_dead(self, child: Born) -> None:
        while child.poll() is None and get_status(self.served.internal_url + "/readyz") != 200:
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.02)

    async def live_through(self, crashes: Iterable[str], *, kill: Kill | None = None) -> None:
        """One life after another, each ending by its crash point or by ``kill``; then one that stays."""
        for crash in crashes:
            child = await self.begin(crash)
            if kill is not None:
                await kill(child)
            self.codes.append(await asyncio.to_thread(child.wait, 60))
        await self.begin()


@dataclass(kw_only=True)
class Visitor:
    """One contact: says things until they are acknowledged, and watches its log over all lives of the server."""

    town: Town
    http: aiohttp.ClientSession
    rng: Random
    token: str = ""
    conv: str = ""
    last_id: str = ""
    acknowledged: list[str] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    previews: dict[str, str] = field(default_factory=dict)
    owner: str = "bot"
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    watching: asyncio.Task[None] | None = None

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask again, with the same words, for as long as nobody answers."""
        while True:
            life = self.town.life
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self.http.request(
                    method, self.town.served.url + path, json=body, headers=self._headers()
                ) as response:
                    said: dict[str, Any] = await response.json()
                    assert response.status < 300, said
                    return said
            await self.town.born(after=life)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def arrive(self) -> None:
        """Start a session and follow its log."""
        started = await self.call("POST", "/v1/web/sessions", {})
        self.token, self.conv = started["session_token"], started["conv_id"]
        self.watching = asyncio.create_task(self.watch())
        self.watching.add_done_callback(lambda _: self.heard.set())

    def check_watching(self) -> None:
        """Fail with what the log should not have told."""
        if self.watching is not None and self.watching.done():
            self.watching.result()

    async def leave(self) -> None:
        """Stop watching."""
        if self.watching is not None:
            self.watching.cancel()
            await asyncio.gather(self.watching, return_exceptions=True)

    async def say(self, text: str) -> str:
        """Say something; returns its message id once it is acknowledged."""
        key = self.rng.randbytes(16).hex()
        said = await self.call("POST", "/v1/web/messages", {"client_msg_id": key, "text": text})
        self.acknowledged.append(said["message_id"])
        return str(said["message_id"])

    async def ask(self, count: int = 1) -> None:
        """Say ``count`` things at once after another and wait until the last is answered."""
        for _ in range(count):
            await self.say(self.rng.choice(QUESTIONS))
        await self.until(self.is_answered)

    def is_answered(self) -> bool:
        """All that was acknowledged stands in the log, and something follows it; or it was said that a person will."""
        ids = [view["id"] for view in self.shown]
        if not set(self.acknowledged) <= set(ids):
            return False
        return self.shown[-1]["role"] != "contact" or any(view["role"] == "system" for view in self.shown)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what the stream tells."""
        async with asyncio.timeout(WAIT_S):
            while not is_so():
                self.check_watching()
                self.heard.clear()
                await self.heard.wait()

    async def watch(self) -> None:
        """Follow the stream for ever, resuming from the last position in every life."""
        while True:
            life = self.town.life
            with suppress(aiohttp.ClientError, TimeoutError):
                async for event in self.stream(self.last_id):
                    self._hear(event)
            await self.town.born(after=life)

    async def stream(self, after: str) -> AsyncIterator[Event]:
        """The events of one connection."""
        headers = {**self._headers(), **({"Last-Event-ID": after} if after else {})}
        async with self.http.get(self.town.served.url + "/v1/web/stream", headers=headers) as response:
            assert response.status == 200, await response.text()
            async for event in read_events(response.content):
                yield event

    def _hear(self, event: Event) -> None:
        assert event.name != "reset", "a position we were given is known for ever"
        if event.name == "message.created":
            self._show(event.data, event.id)
        elif event.name == "message.delta":
            self.previews[event.data["turn_id"]] = event.data["text"]
        elif event.name == "state":
            self.owner = event.data["owner"]
        self.heard.set()

    def _show(self, view: dict[str, Any], position: str | None) -> None:
        assert position == view["position"]
        assert view["id"] not in [earlier["id"] for earlier in self.shown], "shown twice"
        if view["role"] == "bot":
            assert view["turn_id"] not in self.replied_turns(), "two replies for one turn"
        self.shown.append(view)
        self.last_id = view["position"]

    def replied_turns(self) -> list[str]:
        """The turns whose reply was shown."""
        return [view["turn_id"] for view in self.shown if view["role"] == "bot"]

    async def log_from_the_start(self) -> list[dict[str, Any]]:
        """The log as a new tab reads it."""
        views: list[dict[str, Any]] = []
        async for event in self.stream(""):
            if event.name == "message.created":
                views.append(event.data)
                if len(views) >= len(self.shown):
                    break
        return views


@asynccontextmanager
async def crowd(town: Town, size: int, *, seed: int) -> AsyncIterator[list[Visitor]]:
    """Visitors who watch; connections are never reused, so that a failed one means that the server died."""
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=LIMIT) as http:
        visitors = [Visitor(town=town, http=http, rng=Random(f"{seed}:{n}")) for n in range(size)]
        try:
            yield visitors
            for visitor in visitors:
                visitor.check_watching()
        finally:
            await asyncio.gather(*(visitor.leave() for visitor in visitors))
