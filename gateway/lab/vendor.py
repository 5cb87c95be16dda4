"""What every stand-in of a vendor offers: its API as an application, a contact to play, and faults on request.

A stand-in keeps what it was sent in memory, as the vendor's app would show it to the contact.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import aiohttp
from aiohttp import web

CALL_LIMIT_S = 15.0


class Fault(StrEnum):
    """What goes wrong with one call."""

    THROTTLED = "throttled"
    """The vendor's own 429, with its own way to say when to come back."""
    UNAVAILABLE = "unavailable"
    """A 5xx before anything was done."""
    LOST_ANSWER = "lost_answer"
    """It is done, and then the connection is cut without an answer."""
    REFUSED = "refused"
    """The vendor's own permanent refusal of this message."""
    UNAUTHORIZED = "unauthorized"
    """The credentials are not valid any more."""


class Faults:
    """Faults waiting for the next calls: ``add(Fault.THROTTLED)`` hits the next call, ``on=`` only calls of that method."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Fault, str | None, int]] = deque()
        self.hit: list[tuple[Fault, str]] = []

    def add(self, fault: Fault, *, on: str | None = None, times: int = 1, after: int = 0) -> None:
        """Let a coming call fail; ``after`` lets so many of them pass first."""
        self._waiting.extend([(fault, on, after)] * times)

    def take(self, method: str, *, named_only: bool = False) -> Fault | None:
        """The fault of this call, used up; called by the stand-in at the start of each API call that sends or edits.

        ``named_only``: the call is small (a typing sign), so only a fault that names it hits it.
        """
        wanted = (method,) if named_only else (None, method)
        for place, (fault, on, after) in enumerate(self._waiting):
            if on in wanted and after:
                self._waiting[place] = (fault, on, after - 1)
            elif on in wanted:
                del self._waiting[place]
                self.hit.append((fault, method))
                return fault
        return None

    def clear(self) -> None:
        """No more faults."""
        self._waiting.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabMessage:
    """One message as the contact sees it in the vendor's app.

    ``room`` is the vendor's place of it (a DM, a chat, a phone number), ``ref`` the vendor's id.  ``text`` is plain, for tests
    and screen readers; ``blocks`` is the same for the lab page: nodes as the web widget draws them (adapters/web/render.py
    shows the shape; a stand-in makes them with core.markup or its own reading of the vendor's markup).  ``raw`` is the body
    that was received.  ``author`` is "contact", "bot" (whatever Frontdesk posted) or "system" (the vendor's own lines).
    """

    room: str
    ref: str
    author: str
    text: str
    blocks: list[Any] = field(default_factory=list)
    choices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    is_streaming: bool = False
    is_edited: bool = False
    is_deleted: bool = False
    status: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """How Frontdesk answered a webhook."""

    status: int
    body: bytes


class Hook:
    """Posts webhooks to Frontdesk as the vendor does; ``url`` is the account's webhook address, set when serve listens."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self._session: aiohttp.ClientSession | None = None
        self.duplicate_next = 0
        """How many of the coming webhooks are delivered twice."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Delivered:
        """Post once (twice when asked to duplicate); the answer of the last one."""
        answer = await self._post(body, headers)
        if self.duplicate_next > 0:
            self.duplicate_next -= 1
            answer = await self._post(body, headers)
        return answer

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Delivered:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_LIMIT_S))
        async with self._session.post(self.url, data=body, headers=dict(headers)) as response:
            return Delivered(response.status, await response.read())

    async def close(self) -> None:
        """Close the session; safe twice."""
        if self._session is not None:
            await self._session.close()


class Watch:
    """Wakes whoever waits for something to change in a stand-in."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self.version = 0

    def changed(self) -> None:
        """Something changed: tell everybody."""
        self.version += 1
        event, self._changed = self._changed, asyncio.Event()
        event.set()

    async def until(self, happened: Callable[[], bool], *, limit_s: float = 10.0) -> None:
        """Wait until ``happened()`` is true; ``TimeoutError`` after ``limit_s``."""
        async with asyncio.timeout(limit_s):
            while not happened():
                await self._changed.wait()


class VendorLab(Protocol):
    """A stand-in of one vendor, for one account.

    ``kind`` is the channel's YAML word.  The contact is the one the lab page plays; stand-ins offer more in their own methods.
    """

    kind: str
    faults: Faults
    hook: Hook
    watch: Watch

    def app(self) -> web.Application:
        """The vendor's API, to be served at a root or mounted under a prefix."""

    def messages(self, room: str | None = None) -> tuple[LabMessage, ...]:
        """What the contact sees now, oldest first; ``room`` None is the contact's own private room."""

    async def say(self, text: str) -> Delivered:
        """The contact writes in their private room; returns how Frontdesk answered the webhook."""

    async def press(self, ref: str, choice: str) -> Delivered:
        """The contact presses a quick reply under a message."""

    async def attach(
        self, name: str, media_type: str, body: bytes, *, text: str = "", is_voice: bool = False
    ) -> Delivered:
        """The contact sends a file or a voice note."""

    async def close(self) -> None:
        """Give up connections; safe twice."""


Serve = Callable[[web.Application], Awaitable[str]]
"""Serves a stand-in on a free loopback port and returns its address."""
