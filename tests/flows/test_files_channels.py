"""Files through every vendor's stand-in and the running server: a contact's to the desk, an agent's to the contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from gateway.lab.vendor import LabMessage
from tests.flows.conftest import ON_ALL_ENGINES, MakeCompany
from tests.flows.test_story_channels import ACCOUNTS, WAIT_S, story, taken
from tests.flows.test_story_http import Agent
from tests.media.world import PNG


async def attach(sam: Agent, conv: str) -> str:
    """Send a file to the desk; its id."""
    form = aiohttp.FormData()
    form.add_field("file", PNG, filename="plan.png")
    url = f"{sam.url}/desk/api/conversations/{conv}/files"
    async with sam.http.post(url, data=form, headers={"Origin": sam.url}) as answer:
        assert answer.status == 201, await answer.text()
        stored: str = (await answer.json())["upload_id"]
        return stored


async def reply(sam: Agent, conv: str, **body: Any) -> None:
    url = f"{sam.url}/desk/api/conversations/{conv}/reply"
    async with sam.http.post(url, json={"key": "r1", **body}, headers={"Origin": sam.url}) as answer:
        assert answer.status == 200, await answer.text()


def _has_file(messages: Sequence[LabMessage]) -> bool:
    """Whether one of ours carries a file, or the link to one."""
    return any(m.files or "/media/u_" in m.text for m in messages if m.author != "contact")


@ON_ALL_ENGINES
@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_files_go_both_ways(kind: str, make_company: MakeCompany) -> None:
    async with story(kind, make_company) as (_, customer, sam):
        taken(await customer.lab.attach("photo.png", "image/png", PNG))
        await customer.sees("read files")
        await customer.says("I want to talk to a person, please")
        await customer.sees("bringing in a person")
        (conv,) = await sam.queue()
        messages = (await sam.case(conv))["messages"]
        (kept,) = [file for m in messages if m["role"] == "contact" for file in m["attachments"]]
        assert (kept["media_type"], kept["size_bytes"], kept["unavailable"]) == ("image/png", len(PNG), None)
        async with sam.http.get(sam.url + kept["url"]) as answer:
            assert answer.status == 200 and await answer.read() == PNG

        await reply(sam, conv, text="Here is the plan.", upload_ids=[await attach(sam, conv)])
        await customer.sees("Here is the plan.")
        await customer.lab.watch.until(lambda: _has_file(customer.lab.messages()), limit_s=WAIT_S)
