"""A client of ``POST /chat``: asks, reads server-sent events, and finds its turn again after a lost connection."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import msgspec

ATTEMPTS: Final = 3
FIRST_PAUSE_S: Final = 0.5
LAST_EVENTS: Final = ("done", "error")
CONNECT_LIMIT_S: Final = 10.0
SILENCE_LIMIT_S: Final = 60.0


class ChatFailed(Exception):
    """The server refused or cannot be reached; the text is for people."""

    def __init__(self, message: str, *, is_unreachable: bool = False) -> None:
        super().__init__(message)
        self.is_unreachable = is_unreachable


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: dict[str, Any]
    id: str | None


async def read_events(content: aiohttp.StreamReader) -> AsyncIterator[Event]:
    """Events out of a stream, after the rules of the WHATWG; data is JSON."""
    name, last = "message", None
    data: list[str] = []
    async for raw in content:
        line = raw.decode("utf-8").rstrip("\r\n")
        if not line:
            if data:
                yield Event(name, msgspec.json.decode("\n".join(data)), last)
            name, data, last = "message", [], None
            continue
        word, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if word == "event":
            name = value
        elif word == "data":
            data.append(value)
        elif word == "id":
            last = value


@dataclass(slots=True)
class ChatClient:
    """One conversation with a server; use it as an async context manager."""

    url: str
    token: str | None = None
    conv_id: str | None = None
    position: str = ""
    _http: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def __aenter__(self) -> Self:
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_LIMIT_S, sock_read=SILENCE_LIMIT_S)
        self._http = aiohttp.ClientSession(timeout=limits)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    def forget(self) -> None:
        """Begin as a new visitor."""
        self.token, self.conv_id, self.position = None, None, ""

    async def ask(self, text: str) -> AsyncIterator[Event]:
        """Ask once; a lost connection attaches to the same turn again, and nothing is asked twice."""
        key = secrets.token_hex(16)
        seen = ""
        for attempt in range(ATTEMPTS):
            try:
                async for event in self._attempt(text, key, seen):
                    seen = event.id or seen
                    yield event
                    if event.name in LAST_EVENTS:
                        return
            except aiohttp.ClientConnectorError as error:
                raise _unreachable(self.url) from error
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt)
        raise ChatFailed("The connection was lost and could not be taken up again.", is_unreachable=True)

    async def _attempt(self, text: str, key: str, seen: str) -> AsyncIterator[Event]:
        headers = {**self._headers(), "Idempotency-Key": key, **({"Last-Event-ID": seen} if seen else {})}
        async with self._client.post(f"{self.url}/chat", json={"user_message": text}, headers=headers) as response:
            await _check(response)
            async for event in read_events(response.content):
                self._note(event)
                yield event

    def _note(self, event: Event) -> None:
        if event.name == "session":
            self.token, self.conv_id = event.data["session_token"], event.data["conv_id"]
        self.position = event.id or self.position

    async def person(self, reason: str) -> dict[str, Any]:
        """Ask for a person."""
        if self.token is None:
            await self._start()
        body = {"conv_id": self.conv_id, **({"reason": reason} if reason else {})}
        return await self._post("/escalate", body)

    async def _start(self) -> None:
        started = await self._post("/v1/web/sessions", {})
        self.token, self.conv_id = started["session_token"], started["conv_id"]

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with self._client.post(self.url + path, json=body, headers=self._headers()) as response:
                await _check(response)
                answer: dict[str, Any] = msgspec.json.decode(await response.read())
                return answer
        except aiohttp.ClientConnectionError as error:
            raise _unreachable(self.url) from error

    async def follow(self) -> AsyncIterator[Event]:
        """What happens in the conversation from here on, until the connection ends."""
        headers = {**self._headers(), **({"Last-Event-ID": self.position} if self.position else {})}
        try:
            async with self._client.get(f"{self.url}/v1/web/stream", headers=headers) as response:
                await _check(response)
                async for event in read_events(response.content):
                    self.position = event.id or self.position
                    yield event
        except (aiohttp.ClientError, TimeoutError):
            return

    @property
    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("use the client as a context manager")
        return self._http

    def _headers(self) -> dict[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}


def _unreachable(url: str) -> ChatFailed:
    return ChatFailed(f"No server answers at {url}. Start one with `frontdesk serve`.", is_unreachable=True)


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    detail = f"The server answered {response.status}."
    try:
        problem = msgspec.json.decode(await response.read())
        wait = f" Try again in {problem['retry_after']} s." if problem.get("retry_after") else ""
        detail = f"{problem['detail']}{wait}"
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        pass
    raise ChatFailed(detail)
