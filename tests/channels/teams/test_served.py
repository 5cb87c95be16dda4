"""A running ``frontdesk serve`` and the stand-in: the token check over HTTP, an answer, a handoff, a rating."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from evals.serving import Served
from gateway.lab.teams import TeamsLab
from tests.channels.teams import wire
from tests.flows.company import changed, company, settings, write_articles

pytestmark = pytest.mark.slow

ACCOUNT = "acme-teams"


class Shop:
    """The company serving, and Teams beside it."""

    def __init__(self, served: Served, lab: TeamsLab) -> None:
        self.served, self.lab = served, lab

    async def sees(self, words: str) -> Any:
        """Wait until the bot said this in the private chat, whole."""

        def said() -> list[Any]:
            shown = [item for item in self.lab.messages() if item.author == "bot" and not item.is_streaming]
            return [item for item in shown if words in item.text or words in item.choices]

        await self.lab.watch.until(lambda: bool(said()))
        return said()[-1]

    async def metrics(self) -> str:
        async with aiohttp.ClientSession() as http, http.get(f"{self.served.internal_url}/metrics") as answer:
            return await answer.text()


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    lab = TeamsLab(keys=[wire.key("key-1")])
    server = TestServer(lab.app())
    await server.start_server()
    lab.url = str(server.make_url("/")).rstrip("/")
    served = company(tmp_path)
    account = {"id": ACCOUNT, "channel": "teams", **lab.settings}
    served.write(changed(settings(write_articles(tmp_path / "kb")), accounts=[account]))
    served.start()
    lab.hook.url = f"{served.url}/webhooks/{ACCOUNT}"
    try:
        yield Shop(served, lab)
    finally:
        await lab.close()
        # Not on this loop: what is still to be delivered goes to the stand-in, which lives on it.
        await asyncio.to_thread(served.stop)
        await server.close()


async def test_a_question_is_answered_and_rated(shop: Shop) -> None:
    assert (await shop.lab.say("Within how many days can I return goods?")).status == 200
    answer = await shop.sees("30 days")
    assert "[1]" in answer.text and answer.raw["entities"][0]["citation"][0]["position"] == 1
    await shop.lab.say("Can I pay with seashells from the moon?")
    offer = await shop.sees("Talk to a person")
    # What is said later is sent later, so the first reply's id is known by now.
    assert (await shop.lab.feedback(answer.ref, True, "Thanks")).body == b"{}"
    await shop.lab.press(offer.ref, "Talk to a person")
    await shop.lab.say("Are you there?")
    metrics = await shop.metrics()
    assert 'outcome="feedback"' in metrics
    assert shop.lab.identity.keys_asked == 1 and shop.lab.identity.tokens_given == 1


async def test_what_is_forged_is_refused_and_counted_by_cause(shop: Shop) -> None:
    lab = shop.lab
    body = lab.make("message", lab.rooms.rooms[lab.private], id="1", text="Hi")
    own = lab.identity.key.sign
    forged = {
        "missing": "",
        "malformed": "x.y.z",
        "secret": wire.key("key-2").sign(lab.identity.claims(lab.service_url), headers={"kid": "key-1"}),
        "claims": own(lab.identity.claims(lab.service_url, aud="somebody-else")),
        "skew": own(lab.identity.claims(lab.service_url, nbf=1, exp=2)),
    }
    for proof in forged.values():
        assert (await lab.post(body, token=proof)).status == 401
    stolen = {**body, "serviceUrl": "https://evil.example/"}
    assert (await lab.post(stolen)).status == 401
    metrics = await shop.metrics()
    for cause in forged:
        assert f'cause="{cause}"' in metrics
    assert lab.messages() == ()
