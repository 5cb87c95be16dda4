"""A scripted model on a free loopback port, the openai package as its client, and a raw reader of its streams."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from openai import AsyncOpenAI

from gateway.lab.model import ModelLab, read_script

KEY = "lab-test-key"
SYSTEM = "You are the assistant of Larkspur. The secret word is Kingfisher."


@dataclass
class Served:
    """A served stand-in."""

    lab: ModelLab
    address: str
    client: AsyncOpenAI
    session: aiohttp.ClientSession = field(repr=False)

    async def ask(self, words: str, **more: Any) -> Any:
        """A whole answer by the openai package."""
        return await self.client.chat.completions.create(**asked(words, **more))

    async def text(self, words: str, **more: Any) -> str:
        """The words of an answer."""
        return (await self.ask(words, **more)).choices[0].message.content or ""

    @asynccontextmanager
    async def raw(self, body: Mapping[str, Any], path: str = "/v1/chat/completions") -> AsyncIterator[Any]:
        """A request without the package."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with self.session.post(self.address + path, json=body, headers=headers) as response:
            yield response


def asked(words: str, *, system: str = SYSTEM, sources: Mapping[int, str] | None = None, **more: Any) -> dict[str, Any]:
    """A request as the engine makes it: the sources and the contact's words in fences."""
    fenced = [f"<<source {number} n0nce7 Help>>\n{text}\n<<end n0nce7>>" for number, text in (sources or {}).items()]
    content = "\n\n".join([*fenced, f"<<contact n0nce7>>\n{words}\n<<end n0nce7>>"])
    messages = [{"role": "system", "content": system}, {"role": "user", "content": content}]
    return {"model": "lab-strong", "messages": messages, **more}


def tool(name: str, **properties: str) -> dict[str, Any]:
    """An offered tool; properties by type."""
    schema = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": schema}}


def after_call(request: Mapping[str, Any], name: str, arguments: str, result: str, at: int = 1) -> dict[str, Any]:
    """The same request after a tool was called and has answered."""
    call = {"id": f"call-{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
    made = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {
            "role": "tool",
            "tool_call_id": f"call-{at}",
            "content": f"<<tool T{at} n0nce7 {name}>>\n{result}\n<<end n0nce7>>",
        },
    ]
    return {**request, "messages": [*request["messages"], *made]}


@asynccontextmanager
async def served(script: Mapping[str, Any] | ModelLab | None = None) -> AsyncIterator[Served]:
    """Serve a script until the end of the block."""
    lab = script if isinstance(script, ModelLab) else ModelLab(read_script(script), keys=(KEY,))
    async with listening(lab.app()) as address, aiohttp.ClientSession() as session:
        client = AsyncOpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0, timeout=20)
        try:
            yield Served(lab=lab, address=address, client=client, session=session)
        finally:
            await client.close()
            await lab.close()


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """An application on a free loopback port; its address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any] | None]:
    """The events of a stream; None is the end mark."""
    async for line in response.content:
        if line.startswith(b"data: "):
            data = line[6:].strip()
            yield None if data == b"[DONE]" else json.loads(data)


def words_of(chunks: Sequence[dict[str, Any] | None]) -> str:
    """The text of raw chunks."""
    choices = [choice for chunk in chunks if chunk for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


async def until_ended(lab: ModelLab) -> None:
    """Wait until the newest call is over."""
    await lab.watch.until(lambda: len(lab.calls) > 0 and lab.calls[-1].ended != "running")
