"""An engine is gone for a while: what was acknowledged is answered, what cannot be stored is refused with "come again"."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.faults.books import read_mongodb
from tests.flows.company import QUESTIONS
from tests.replicas.street import Street, Visitor, street, visitors
from tests.services.link import Link

OUTAGE_S = float(os.environ.get("FRONTDESK_REPLICA_OUTAGE", "5"))
BACK_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Linked:
    """A street whose engines are reached over links that can be cut."""

    street: Street
    store: str
    links: dict[str, Link]


def _over(address: str, link: Link) -> str:
    """The same address at the link's port."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"127.0.0.1:{link.port}"))


@pytest.fixture
def linked(tmp_path: Path, mongodb: str, weaviate: str, redis_server: str) -> Iterator[Linked]:
    links, engines = {}, {}
    for key, address in (("store", mongodb), ("live", redis_server), ("knowledge", weaviate)):
        link = links[key] = Link(urlsplit(address).port or 0)
        link.start()
        engines[key] = _over(address, link)
    grpc = links["grpc"] = Link(int(urlsplit(weaviate).query.partition("=")[2]))
    grpc.start()
    engines["knowledge"] = f"{engines['knowledge'].partition('?')[0]}?grpc={grpc.port}"
    try:
        with street(tmp_path, engines) as made:
            yield Linked(made, mongodb, links)
    finally:
        for link in links.values():
            link.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_without_the_store_nothing_is_acknowledged_and_nothing_is_lost(linked: Linked) -> None:
    async with visitors(linked.street, 2, seed=12) as (one, other):
        await one.say(QUESTIONS[0])
        await one.until_answered()
        await one.say(QUESTIONS[1])
        linked.links["store"].cut()
        url = linked.street.replicas[0].url + "/v1/web/messages"
        body = {"client_msg_id": "x" * 32, "text": QUESTIONS[2]}
        async with one.http.post(url, json=body, headers=one.headers) as response:
            assert response.status == 503 and int(response.headers["Retry-After"]) >= 1
        late = asyncio.create_task(other.say(QUESTIONS[2]))
        await asyncio.sleep(OUTAGE_S)  # the length of the outage
        assert not late.done()
        linked.links["store"].mend()
        async with asyncio.timeout(BACK_WITHIN_S):
            await late
            await one.until_answered()
            await other.until_answered()
        books = await asyncio.to_thread(read_mongodb, linked.store)
    books.check()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_without_the_index_people_are_brought_in_and_afterwards_it_answers(linked: Linked) -> None:
    async with visitors(linked.street, 1, seed=13) as (one,):
        for key in ("knowledge", "grpc"):
            linked.links[key].cut()
        await one.say(QUESTIONS[0])
        async with asyncio.timeout(BACK_WITHIN_S):
            while not _is_handed_over(log := await one.log()):  # noqa: ASYNC110  asked over HTTP
                await asyncio.sleep(0.1)
        assert not any("30 days" in said["text"] for said in log)
        for key in ("knowledge", "grpc"):
            linked.links[key].mend()
        async with asyncio.timeout(BACK_WITHIN_S):
            while not await _is_told(linked.street, one):
                pass


def _is_handed_over(log: list[dict[str, Any]]) -> bool:
    """Whether it was said that a person will answer; before that the bot says that it cannot look things up."""
    return any(said["role"] == "system" for said in log)


async def _is_told(street: Street, visitor: Visitor) -> bool:
    """Whether somebody new is told what the articles say; with people owning a conversation the bot would be silent."""
    fresh = Visitor(street=street, http=visitor.http, rng=visitor.rng)
    await fresh.arrive()
    await fresh.say(QUESTIONS[0])
    return "30 days" in (await fresh.until_answered())[-1]["text"]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_without_redis_it_only_takes_longer(linked: Linked) -> None:
    async with visitors(linked.street, 1, seed=14) as (visitor,):
        linked.links["live"].cut()
        await visitor.say(QUESTIONS[1])
        assert (await visitor.until_answered())[-1]["role"] == "bot"
        linked.links["live"].mend()
        await visitor.say(QUESTIONS[2])
        assert (await visitor.until_answered())[-1]["role"] == "bot"
    assert visitor.came_again == 0


async def test_what_happens_at_one_replica_is_heard_at_the_other(linked: Linked) -> None:
    here, there = linked.street.replicas
    linked.street.down.add(linked.street.replicas.index(there))
    async with visitors(linked.street, 1, seed=15) as (visitor,):
        watching = asyncio.create_task(visitor.hears(there.url, "message.created", role="bot"))
        await visitor.say(QUESTIONS[1])
        assert "6.90" in (await watching)["text"]
        assert {view["role"] for view in await visitor.log()} == {"contact", "bot"}
    assert here.url != there.url
