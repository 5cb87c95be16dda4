"""The whole story over HTTP, with a real serve: a cited answer, a person, a rating, and what the record says afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from evals.chat import Answer, ask
from evals.serving import Served
from gateway.cli.chat_client import Event, read_events
from tests.flows.company import PASSWORD
from tests.flows.conftest import MakeCompany

NOTE = "Careful: this one is a journalist."


@dataclass(kw_only=True)
class Customer:
    """A visitor with a widget open."""

    http: aiohttp.ClientSession
    url: str
    token: str
    conv: str
    events: list[Event] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self) -> None:
        """The widget's stream."""
        async with self.http.get(f"{self.url}/v1/web/stream", headers=self.headers) as response:
            async for event in read_events(response.content):
                self.events.append(event)
                self.heard.set()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def sees(self, text: str) -> dict[str, Any]:
        """Wait for a message with this text on the stream."""
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if event.name == "message.created" and text in event.data["text"]:
                        return event.data
                self.heard.clear()
                await self.heard.wait()

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self.http.request(method, self.url + path, json=body, headers=self.headers) as response:
            assert response.status < 300, await response.text()
            return await response.json() if response.status != 204 else None

    async def conversation(self) -> Any:
        return await self.call("GET", f"/conversations/{self.conv}")

    async def ask(self, question: str) -> Answer:
        return await ask(self.http, self.url, question, token=self.token)


@dataclass(kw_only=True)
class Agent:
    """Somebody at the desk."""

    http: aiohttp.ClientSession
    url: str

    async def log_in(self) -> None:
        login = {"id": "sam", "password": PASSWORD}
        async with self.http.post(f"{self.url}/desk/login", json=login, headers={"Origin": self.url}) as response:
            assert response.status == 200, await response.text()

    async def queue(self) -> list[str]:
        """Who waits."""
        async with self.http.get(f"{self.url}/desk/api/queue") as response:
            assert response.status == 200, await response.text()
            return [item["conv"] for item in (await response.json())["items"]]

    async def case(self, conv: str) -> Any:
        async with self.http.get(f"{self.url}/desk/api/conversations/{conv}") as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def act(self, conv: str, action: str, **body: str) -> None:
        url = f"{self.url}/desk/api/conversations/{conv}/{action}"
        async with self.http.post(url, json={"key": f"{action}-1", **body}, headers={"Origin": self.url}) as response:
            assert response.status == 200, await response.text()


@asynccontextmanager
async def customer_of(served: Served, first: str) -> AsyncIterator[tuple[Customer, Answer]]:
    """Somebody who asks their first question on ``/chat`` and then opens the widget."""
    async with aiohttp.ClientSession() as http:
        answer = await ask(http, served.url, first)
        customer = Customer(http=http, url=served.url, token=answer.token, conv=answer.conv)
        watching = asyncio.create_task(customer.watch())
        try:
            yield customer, answer
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


@asynccontextmanager
async def agent_of(served: Served) -> AsyncIterator[Agent]:
    """Somebody logged in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        agent = Agent(http=http, url=served.internal_url)
        await agent.log_in()
        yield agent


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engines", ["embedded", "store", "knowledge", "store knowledge live"], indirect=True)
async def test_from_the_first_question_to_the_next_episode(make_company: MakeCompany) -> None:
    served = make_company()
    served.start()
    async with (
        customer_of(served, "Within how many days can I return goods?") as (customer, first),
        agent_of(served) as sam,
    ):
        assert first.events[:2] == ("session", "token") and first.events[-2:] == ("cited_sources", "done")
        assert "30 days" in first.text
        assert first.sources[0]["external_id"] == "returns.md"
        await customer.sees("30 days")
        follow_up = await customer.ask("And the warranty on the Pruno garden shears?")
        assert "five years" in follow_up.text and follow_up.sources[0]["external_id"] == "warranty.md"
        await _handed_over(customer, sam)
        await _answered_by_a_person(customer, sam)
        await _resolved_and_rated(customer, sam)
        next_answer = await customer.ask("How much is delivery to Germany?")
        assert "6.90" in next_answer.text
        now = await customer.conversation()
        assert (now["episode"], now["owner"], now["status"]) == (2, "bot", "active")
        message_id = next(m["id"] for m in now["messages"] if m["role"] == "bot" and "6.90" in m["text"])
        _explained(served, message_id)
    assert served.stop() == 0


async def _handed_over(customer: Customer, sam: Agent) -> None:
    asked = await customer.call("POST", "/escalate", {"conv_id": customer.conv, "reason": "I want a human"})
    assert asked["owner"] == "queue" and asked["handoff_id"].startswith("h_")
    assert await sam.queue() == [customer.conv]
    case = await sam.case(customer.conv)
    assert any("return goods" in wish for wish in case["brief"]["wants"])


async def _answered_by_a_person(customer: Customer, sam: Agent) -> None:
    await sam.act(customer.conv, "claim")
    assert await sam.queue() == []
    await sam.act(customer.conv, "note", text=NOTE)
    await sam.act(customer.conv, "reply", text="Hello, Sam here. I have sent you a label.")
    seen = await customer.sees("Sam here")
    assert (seen["role"], seen["author"]) == ("agent", "Sam")
    relayed = await customer.ask("Thank you, Sam. One more thing?")
    assert relayed.events == ("session", "done"), "the bot is silent while a person owns"
    told = await customer.conversation()
    assert any("Sam here" in message["text"] for message in told["messages"])
    assert NOTE in json.dumps(await sam.case(customer.conv))
    assert NOTE not in json.dumps(told)


async def _resolved_and_rated(customer: Customer, sam: Agent) -> None:
    await sam.act(customer.conv, "resolve")
    async with asyncio.timeout(20):
        while not any(e.name == "message.created" and e.data["kind"] == "csat_request" for e in customer.events):
            customer.heard.clear()
            await customer.heard.wait()
    await customer.call("POST", "/v1/web/csat", {"rating": 5, "comment": "Quick."})
    state = await customer.conversation()
    assert (state["status"], state["owner"], state["episode"]) == ("resolved", "none", 1)
    assert NOTE not in json.dumps([event.data for event in customer.events])


def _explained(served: Served, message_id: str) -> None:
    """``frontdesk why`` beside the running server: the record, and a replay that comes to the same."""
    shown = served.command("why", message_id)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "delivery" in shown.stdout.lower()
    told = served.command("why", message_id, "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout)["replay"]["same"] is True
    unknown = served.command("why", "c_none#1#1")
    assert unknown.returncode == 1 and "no such message" in unknown.stderr
