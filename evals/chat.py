"""A client of ``POST /chat``: one question, its events, and the time to the first token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from aiohttp import ClientResponse, ClientSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a question got; times in seconds, ``first_token_s`` None when nothing was said."""

    status: int
    conv: str = ""
    token: str = ""
    text: str = ""
    sources: list[dict[str, Any]] = field(default_factory=list)
    events: tuple[str, ...] = ()
    first_token_s: float | None = None
    total_s: float = 0.0


async def sse(response: ClientResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The events of a stream as (name, data); comments are passed over."""
    name, data = "", ""
    async for raw in response.content:
        line = raw.decode().rstrip("\r\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data = line[6:]
        elif not line and name:
            yield name, json.loads(data or "{}")
            name, data = "", ""


async def ask(session: ClientSession, url: str, question: str, *, token: str = "") -> Answer:
    """Ask one question, in a conversation of its own unless ``token`` names one."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    started = perf_counter()
    async with session.post(f"{url}/chat", json={"user_message": question}, headers=headers) as response:
        if response.status != 200:
            return Answer(status=response.status, total_s=perf_counter() - started)
        return await _read(response, started)


async def _read(response: ClientResponse, started: float) -> Answer:
    first: float | None = None
    names: list[str] = []
    text, sources, opening = "", [], {}
    async for name, data in sse(response):
        names.append(name)
        if name == "session":
            opening = data
        elif name == "token":
            first = first if first is not None else perf_counter() - started
            text += data["text"]
        elif name == "cited_sources":
            sources += data["sources"]
        elif name == "done":
            break
    return Answer(
        status=200,
        conv=opening.get("conv_id", ""),
        token=opening.get("session_token", ""),
        text=text,
        sources=sources,
        events=tuple(names),
        first_token_s=first,
        total_s=perf_counter() - started,
    )
