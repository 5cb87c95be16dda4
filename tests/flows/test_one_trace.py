"""A message is one trace, from its receipt to its delivery, at a real serve and a collector; every stage's metric moves."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any

import aiohttp

from core import ids
from evals.chat import ask
from evals.serving import Served
from tests.faults.signed import headers_of
from tests.flows.collector import Collector, Received, collecting
from tests.flows.company import ACCOUNT, QUESTIONS, TENANT, WEBHOOK_KEY, changed, settings, write_articles
from tests.flows.conftest import MakeCompany

KEY = "collector-key-5b1d"
CALLER = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
WORDS = ("germany", "6.90", "goods", "30 days", "human", "pim customer", "euros")
"""What customers said and read in these walks."""


def event_of(thread: str, number: int) -> str:
    """The id of the event that a signed message becomes."""
    return ids.event_id(ids.conversation_id(TENANT, ACCOUNT, f"thread:{thread}"), f"signed:{thread}-{number}")


async def say(http: aiohttp.ClientSession, served: Served, thread: str, number: int, text: str, **more: str) -> int:
    """A signed message; returns how many were new."""
    said = {
        "type": "message", "thread": thread, "id": f"{thread}-{number}", "sent_at": datetime.now(UTC).isoformat(),
        "sequence": number, "text": text, "contact": {"id": thread, "name": "Pim Customer"},
    }  # fmt: skip
    body = json.dumps(said).encode()
    headers = headers_of(body, message_id=f"{thread}-{number}", key=WEBHOOK_KEY) | more
    async with http.post(f"{served.url}/webhooks/{ACCOUNT}", data=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        return int((await response.json())["accepted"])


async def scraped(http: aiohttp.ClientSession, served: Served) -> dict[str, float]:
    """The samples of /metrics by their whole name, labels included."""
    async with http.get(served.internal_url + "/metrics") as response:
        text = await response.text()
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def traced(served: Served, collector: Collector, *, account: dict[str, Any] | None = None, **more: Any) -> None:
    """Have the company send its traces to the collector."""
    written = settings(write_articles(served.folder / "kb"), account=account)
    telemetry = {"endpoint": collector.url, "headers": {"x-api-key": KEY}, "service_name": "acme-bot", **more}
    served.write(changed(written) | {"telemetry": telemetry})


def parents(spans: list[Received]) -> dict[str, str]:
    """Name → name of the parent, for the spans of one trace; "" is none."""
    names = {span.id: span.name for span in spans}
    assert len(names) == len(spans), "every span has an id of its own"
    return {span.name: names[span.parent] if span.parent else "" for span in spans}


async def test_a_walk_is_one_trace_and_every_stage_has_its_metric(make_company: MakeCompany) -> None:
    served = make_company()
    async with collecting() as collector, aiohttp.ClientSession() as http:
        traced(served, collector)
        await asyncio.to_thread(served.start)
        header = f"00-{'-'.join(CALLER)}-01"
        assert await say(http, served, "t1", 1, QUESTIONS[1], traceparent=header) == 1
        trace = ids.trace_id(event_of("t1", 1))
        await collector.until(lambda: bool(collector.named("deliver", trace)))
        assert await say(http, served, "t1", 1, QUESTIONS[1]) == 0
        await collector.until(lambda: len(collector.named("accept", trace)) == 2)
        _is_one_walk([span for span in collector.spans if span.trace == trace])
        answer = await ask(http, served.url, QUESTIONS[0])
        assert "30 days" in answer.text
        async with http.post(
            f"{served.url}/escalate",
            json={"conv_id": answer.conv, "reason": "I want a human"},
            headers={"Authorization": f"Bearer {answer.token}"},
        ) as response:
            assert response.status == 200, await response.text()
        await collector.until(lambda: bool(collector.named("desk")))
        _is_a_control(collector)
        _every_stage_moved(await scraped(http, served))
        said = await asyncio.to_thread(served.command, "why", ids.contact_message_id(event_of("t1", 1)), "--json")
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout)["trace_id"] == trace
        assert await asyncio.to_thread(served.stop) == 0
        _tells_nobodys_words(collector, served)


def _is_one_walk(spans: list[Received]) -> None:
    (again,) = [span for span in spans if span.attributes.get("frontdesk.outcome") == "duplicate"]
    spans = [span for span in spans if span is not again]
    tree = parents(spans)
    assert tree["receive"] == "" and tree["accept"] == "receive" and tree["turn"] == "accept"
    assert tree["commit"] == tree["deliver"] == "turn"
    steps = {name for name, parent in tree.items() if name.startswith("step.") and parent == "turn"}
    assert {"step.gate", "step.understand", "step.retrieve", "step.verdict", "step.guard"} <= steps
    by_name = {span.name: span for span in spans}
    assert again.parent == by_name["receive"].id
    assert by_name["receive"].links == (CALLER,) and by_name["receive"].kind == "server"
    turn = by_name["turn"]
    assert (turn.attributes["frontdesk.outcome"], turn.attributes["frontdesk.attempt"]) == ("committed", 1)
    assert by_name["step.retrieve"].attributes["frontdesk.passages"] > 0
    assert by_name["deliver"].attributes["frontdesk.outcome"] == "sent"
    assert by_name["deliver"].attributes["frontdesk.channel"] == "web"
    for span in spans:
        assert span.began_ns <= span.ended_ns and not span.is_error, span
        if span.name.startswith("step."):
            assert turn.began_ns - 1_000_000 <= span.began_ns and span.ended_ns <= turn.ended_ns + 1_000_000, span


def _is_a_control(collector: Collector) -> None:
    """What a customer asked of people is a trace of its own, with the case that the desk got."""
    (desk,) = [span for span in collector.named("desk") if span.attributes.get("frontdesk.signal") == "opened"]
    (control,) = [span for span in collector.named("control") if span.trace == desk.trace]
    assert desk.parent == control.id and control.parent == ""
    assert desk.attributes["frontdesk.desk"] == "builtin" and control.attributes["frontdesk.owner"] == "queue"


def _every_stage_moved(told: dict[str, float]) -> None:
    for name in (
        'frontdesk_accept_seconds_count{channel="web"}',
        'frontdesk_events_total{channel="web",outcome="accepted"}',
        "frontdesk_lane_wait_seconds_count",
        'frontdesk_turn_step_seconds_count{step="gate"}',
        'frontdesk_turn_step_seconds_count{step="retrieve"}',
        'frontdesk_search_seconds_count{outcome="ok"}',
        'frontdesk_store_seconds_count{operation="accept"}',
        'frontdesk_store_seconds_count{operation="open_turn"}',
        'frontdesk_store_seconds_count{operation="append"}',
        'frontdesk_store_seconds_count{operation="settle"}',
        'frontdesk_delivery_seconds_count{to="channel"}',
        'frontdesk_delivery_age_seconds_count{to="channel"}',
        'frontdesk_deliveries_total{outcome="sent",to="desk"}',
        'frontdesk_desk_calls_total{desk="builtin",outcome="sent"}',
        'frontdesk_spans_total{outcome="sent"}',
    ):
        assert told.get(name, 0) >= 1, name
    assert 0 < told['frontdesk_accept_seconds_sum{channel="web"}'] < 60
    assert 0 < told['frontdesk_delivery_age_seconds_sum{to="channel"}'] < 60


def _tells_nobodys_words(collector: Collector, served: Served) -> None:
    assert collector.services == {"acme-bot"}
    assert all(headers["x-api-key"] == KEY for headers in collector.headers)
    sent = collector.raw.lower()
    assert not [word for word in WORDS if word.encode() in sent]
    assert KEY not in served.log_text()


async def test_the_trace_goes_on_after_a_crash_between_receipt_and_turn(make_company: MakeCompany) -> None:
    served = make_company()
    async with collecting() as collector, aiohttp.ClientSession() as http:
        traced(served, collector, account={"debounce_ms": 2_500})
        await asyncio.to_thread(served.start, FRONTDESK_CRASH_AT="turn.before")
        for number in (1, 2):
            await say(http, served, "t2", number, QUESTIONS[number])
        trace, other = (ids.trace_id(event_of("t2", number)) for number in (1, 2))
        await collector.until(lambda: len(collector.named("receive")) == 2)
        assert served.process is not None
        assert await asyncio.to_thread(served.process.wait, 20) == -9
        await asyncio.to_thread(served.start)
        await collector.until(lambda: bool(collector.named("deliver", trace)))
        spans = [span for span in collector.spans if span.trace == trace]
        tree = parents(spans)
        assert tree["turn"] == "accept" and tree["deliver"] == "turn"
        (turn,) = collector.named("turn")
        (receipt,) = collector.named("receive", other)
        assert (turn.attributes["frontdesk.attempt"], turn.attributes["frontdesk.events"]) == (2, 2)
        assert turn.links == ((other, receipt.id),)
        assert await asyncio.to_thread(served.stop) == 0


async def test_a_collector_that_fails_harms_nobody(make_company: MakeCompany) -> None:
    served = make_company()
    async with collecting() as collector, aiohttp.ClientSession() as http:
        collector.status = 500
        traced(served, collector)
        await asyncio.to_thread(served.start)
        assert "30 days" in (await ask(http, served.url, QUESTIONS[0])).text
        await collector.until(lambda: collector.requests > 0)
        assert await _dropped(http, served) > 0
        collector.is_deaf = True
        assert "6.90" in (await ask(http, served.url, QUESTIONS[1])).text
        assert await asyncio.to_thread(served.stop) == 0
        assert re.search(r'"event": "spans_dropped"', served.log_text())


async def _dropped(http: aiohttp.ClientSession, served: Served) -> float:
    """How many spans were dropped, once any was: the collector's answer is under way."""
    async with asyncio.timeout(20):
        while not (found := (await scraped(http, served)).get('frontdesk_spans_total{outcome="dropped"}', 0)):
            pass
    return found
