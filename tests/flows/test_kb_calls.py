"""A help centre's webhook at a real serve: what is unpublished is in no answer, and what is new is, without a hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from evals.serving import Served
from gateway.lab.sources.zendesk_guide import ZendeskGuideLab
from tests.flows.company import TENANT, changed, company, settings, wait_for_log
from tests.kb_sync.serving import Serving

RETURNS = "Within how many days can I return goods?"


@pytest.fixture
def stand_ins() -> Iterator[Serving]:
    made = Serving()
    yield made
    made.close()


async def ask(http: aiohttp.ClientSession, served: Served, question: str) -> str:
    async with http.post(f"{served.url}/chat", json={"user_message": question}) as response:
        return await response.text()


async def call(http: aiohttp.ClientSession, served: Served, lab: ZendeskGuideLab, name: str, number: int) -> int:
    body, headers = lab.event(name, number)
    async with http.post(f"{served.url}/webhooks/kb/{TENANT}/help", data=body, headers=headers) as response:
        return response.status


async def test_from_the_event_to_the_answer(tmp_path: Path, stand_ins: Serving) -> None:
    lab = ZendeskGuideLab(lambda: datetime.now(UTC))
    returns = lab.publish(
        "Returns", "<p>You can return goods within <b>30 days</b> of delivery. Use the return label.</p>"
    )
    warranty = lab.publish("Warranty", "<p>The Pruno garden shears carry a warranty of five years on the blade.</p>")
    for text in (*returns.texts.values(), *warranty.texts.values()):
        text.edited_at = datetime.now(UTC) - timedelta(days=3)
    guide = {
        "id": "help", "kind": "zendesk_guide", "subdomain": "acme", "client_id": lab.client_id,
        "client_secret": lab.client_secret, "signing_secrets": [lab.signing_secret],
        "requests_per_minute": 2_500, "api_url": stand_ins.serve(lab.app()),
    }  # fmt: skip
    served = company(tmp_path, is_synced=False)
    served.write(changed(settings(tmp_path), knowledge={"sources": [guide]}))
    synced = await asyncio.to_thread(served.command, "sync")
    assert synced.returncode == 0, synced.stdout + synced.stderr
    served.start()
    try:
        async with aiohttp.ClientSession() as http:
            assert "30 days" in await ask(http, served, RETURNS)
            lab.unpublish(returns)
            assert await call(http, served, lab, "unpublished", returns.id) == 200
            assert "30 days" not in await ask(http, served, RETURNS)
            lab.write(
                warranty, "Warranty", "<p>The Pruno garden shears carry a warranty of nine years on the blade.</p>"
            )
            assert await call(http, served, lab, "published", warranty.id) == 200
            ended = await asyncio.to_thread(wait_for_log, served, "kb_sync_ended", limit_s=60)
            assert (ended["code"], ended["sources"]) == (0, ["help"])
            await asyncio.to_thread(wait_for_log, served, "generation_live")
            async with asyncio.timeout(20):
                while "nine years" not in await ask(
                    http, served, "How long is the warranty on the Pruno garden shears?"
                ):
                    pass
            assert served.stop() == 0
    finally:
        served.kill()
