"""Two chats of one contact over the running server: linked by token and code, and the ladder from one to the other."""

from __future__ import annotations

import re
from typing import Any

import aiohttp

from gateway.lab.telegram import TelegramLab
from tests.flows.company import ACCOUNT
from tests.flows.conftest import ON_ALL_ENGINES, MakeCompany
from tests.flows.test_story_channels import Customer, story


class Page:
    """A visitor of the company's page."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url, self._token = http, url, ""

    async def call(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._http.request(method, self._url + path, headers=headers, json=body or None) as response:
            assert response.status < 300, (path, response.status, await response.text())
            return await response.json(content_type=None)

    async def enter(self) -> Page:
        started = await self.call("POST", "/v1/web/sessions", account=ACCOUNT)
        self._token, self.conv = started["session_token"], started["conv_id"]
        return self

    async def says(self, text: str, key: str) -> None:
        await self.call("POST", "/v1/web/messages", client_msg_id=key, text=text)

    async def sees(self, words: str) -> str:
        """Follow the stream until a message with these words stands there."""
        headers = {"Authorization": f"Bearer {self._token}", "Last-Event-ID": "0.0"}
        async with self._http.get(f"{self._url}/v1/web/stream", headers=headers) as response:
            async for line in response.content:
                text = line.decode()
                if text.startswith("data:") and words in text:
                    return text
        raise AssertionError(f"the stream ended before {words!r}")


async def code_in(customer: Customer) -> str:
    found = re.search(r"(\d{3}) (\d{3})", (await customer.sees("type this code")).text)
    assert found is not None
    return "".join(found.groups())


@ON_ALL_ENGINES
async def test_a_page_and_a_telegram_chat_become_one_contact_and_the_ladder_joins_them(
    make_company: MakeCompany,
) -> None:
    async with story("telegram", make_company) as (served, customer, sam), aiohttp.ClientSession() as http:
        page = await Page(http, served.url).enter()
        await page.says("Within how many days can I return goods?", "m1")
        made = await page.call("POST", "/v1/web/links")
        (way,) = made["links"]
        assert way["url"].endswith(f"start={made['token']}")
        await customer.says(f"/start {made['token']}")
        await page.says(await code_in(customer), "m2")
        await customer.sees("now connected with your web chat")
        assert [one["channel"] for one in (await page.call("GET", "/v1/web/links"))["linked"]] == ["telegram"]

        before = len(customer.lab.messages())
        await customer.says("I want to talk to a person")
        await customer.sees("bringing in a person", after=before)
        assert isinstance(customer.lab, TelegramLab)
        await customer.lab.block()
        (conv,) = await sam.queue()
        await sam.act(conv, "reply", text="I refunded you.")
        await page.sees("Sam answered you in your Telegram chat")
        await page.says("STOP LINK", "m3")
        assert (await page.call("GET", "/v1/web/links"))["linked"] == []
