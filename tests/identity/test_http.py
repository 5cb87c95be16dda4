"""``/v1/web/links`` over real sockets: a visitor of the page connects a Telegram chat, sees it, and undoes it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import jwt
import pytest

from core import ids
from core.domain import Audience, Contact, DeliveryState, EventKind, InboundEvent, Message
from core.errors import ContactGone
from core.inbound import LinkProof
from core.notices import Notices
from gateway.ladder import Ladder
from tests.identity.world import Chat
from tests.web.world import WAIT_S, World, one, serving

TG = "telegram:1"


@dataclass(kw_only=True)
class Page:
    """A visitor's browser, and their phone."""

    world: World
    phone: Chat
    token: str
    conv: str

    async def call(self, method: str, path: str = "", *, status: int = 200, **options: Any) -> Any:
        return await self.world.call(method, f"/v1/web/links{path}", token=self.token, status=status, **options)

    async def opens(self, token: str) -> str:
        """The link is opened on the phone; the code it shows."""
        now = self.world.clock()
        conv = ids.conversation_id("demo", self.phone.account, TG)
        event = InboundEvent(
            tenant="demo", account=self.phone.account, conv=conv, dedupe_key=token, kind=EventKind.MESSAGE,
            contact=Contact(id=TG), provider_at=now, received_at=now, text="/start",
        )  # fmt: skip
        identity = self.world.services.identity
        assert not await identity.prove(self.phone, LinkProof(event=event, token=token))
        log = await self.world.tenant.store.transcript(conv, audience=Audience.DESK)
        found = re.search(r"\*\*(\d{3}) (\d{3})\*\*", log[-1].text)
        assert found is not None
        return "".join(found.groups())

    async def says(self, text: str, key: str = "m1", *, status: int = 202) -> Any:
        body = {"client_msg_id": key, "text": text}
        return await self.world.call("POST", "/v1/web/messages", token=self.token, json=body, status=status)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with serving(tmp_path, others={"other-web": "other"}) as world:
        phone = Chat("telegram", "demo-tel", tenant="demo")
        foreign = Chat("telegram", "other-tel", tenant="other")
        channels = {**world.services.channels, "demo-tel": phone, "other-tel": foreign}
        world.current.services = replace(world.services, channels=cast("Any", channels))
        session = await world.session(account="demo-web")
        yield Page(world=world, phone=phone, token=session["session_token"], conv=session["conv_id"])


async def test_a_page_connects_sees_and_undoes(page: Page) -> None:
    made = await page.call("POST")
    (way,) = made["links"]
    assert way == {
        "account": "demo-tel",
        "channel": "telegram",
        "url": f"https://telegram.example/open?start={made['token']}",
        "text": made["token"],
    }
    assert await page.call("GET") == {"linked": [], "waiting": False}
    code = await page.opens(made["token"])
    assert await page.call("GET") == {"linked": [], "waiting": True}
    view = await page.call("POST", "/confirm", json={"code": code})
    assert [(item["account"], item["channel"]) for item in view["linked"]] == [("demo-tel", "telegram")]
    assert await page.call("POST", "/confirm", json={"code": code}) == view
    assert await page.call("DELETE") == {"linked": [], "waiting": False}
    assert await page.call("DELETE") == {"linked": [], "waiting": False}


async def test_the_code_may_be_typed_into_the_chat(page: Page) -> None:
    code = await page.opens((await page.call("POST"))["token"])
    accepted = await page.says(f"{code[:3]} {code[3:]}")
    assert (await page.says(f"{code[:3]} {code[3:]}"))["message_id"] == accepted["message_id"]
    assert len((await page.call("GET"))["linked"]) == 1
    async with page.world.stream(page.token) as stream:
        seen = [event.data for event in await stream.until("message.created", role="system")]
    assert accepted["message_id"] in [view.get("id") for view in seen]
    assert "is now connected with your Telegram chat" in str(seen[-1]["blocks"])
    assert page.world.engine.turns == []


async def test_a_code_asked_through_the_five_calls_ends_the_stream(page: Page) -> None:
    code = await page.opens((await page.call("POST"))["token"])
    events = await page.world.chat(code, token=page.token)
    assert one(events, "done").data["conv_id"] == page.conv
    assert page.world.engine.turns == []


async def test_a_number_that_is_no_code_goes_to_the_assistant(page: Page) -> None:
    events = await page.world.chat("123456", token=page.token)
    assert len(page.world.engine.turns) == 1
    assert one(events, "done").data["owner"] == "bot"


@pytest.mark.parametrize("code", ["000000", "12345", "1234567", "abcdef", ""])
async def test_a_wrong_code_is_refused_with_its_field(page: Page, code: str) -> None:
    await page.opens((await page.call("POST"))["token"])
    refused = await page.call("POST", "/confirm", json={"code": code}, status=422)
    assert refused["field"] == "/code"


async def test_another_visitors_session_confirms_nothing(page: Page) -> None:
    code = await page.opens((await page.call("POST"))["token"])
    other = await page.world.session(account="demo-web")
    thief = replace(page, token=other["session_token"])
    await thief.call("POST", "/confirm", json={"code": code}, status=422)
    assert (await thief.call("GET"))["linked"] == []
    assert len((await page.call("POST", "/confirm", json={"code": code}))["linked"]) == 1


async def test_links_need_a_session_and_are_limited(page: Page) -> None:
    for method, path in (("POST", ""), ("GET", ""), ("DELETE", ""), ("POST", "/confirm")):
        await page.world.call(method, f"/v1/web/links{path}", json={"code": "123456"}, status=401)
    page.world.set_limits(messages_per_minute=1)
    refused = 0
    for _ in range(60):
        async with page.world.http.post(
            f"{page.world.url}/v1/web/links", headers={"Authorization": f"Bearer {page.token}"}
        ) as response:
            refused += response.status == 429
    assert refused > 0


async def test_a_link_runs_out(page: Page) -> None:
    made = await page.call("POST")
    page.world.clock.shift += timedelta(minutes=16)
    with pytest.raises(AssertionError):
        await page.opens(made["token"])


async def test_an_undelivered_word_to_the_phone_shows_on_the_open_page(page: Page) -> None:
    """The ladder over the process's own store: what Telegram refuses stands on the page, delivered by the real stage."""
    world = page.world
    await page.says("hello")
    code = await page.opens((await page.call("POST"))["token"])
    await page.call("POST", "/confirm", json={"code": code})
    conv, store = ids.conversation_id("demo", "demo-tel", TG), world.tenant.store
    page.phone.failures = [ContactGone("They blocked the chat.") for _ in range(9)]
    done = await world.tenant.handoff.reply(conv, agent="Sam", text="I refunded you.", key="r1")
    with world.hub.subscribe("demo", conv) as news:
        async with asyncio.timeout(WAIT_S):
            while _state(await store.message(done.messages[-1].id)) is not DeliveryState.REJECTED:
                await news.wait()
    ladder = Ladder(
        world.store,
        world.services.identity,
        channels=lambda: world.services.channels,
        is_parked=lambda account: account in world.services.parked.parked,
        notices=lambda _: Notices(),
        clock=world.clock,
    )
    assert await ladder.sweep() > 0
    async with world.stream(page.token) as stream:
        while "Sam answered you in your Telegram chat" not in str((await stream.until("message.created"))[-1].data):
            pass


def _state(message: Message | None) -> DeliveryState | None:
    return None if message is None else message.delivery


async def test_a_customer_whom_the_companys_login_names_is_one_on_two_pages(tmp_path: Path) -> None:
    keys = [{"kid": "k", "alg": "HS256", "secret": "a shared secret of at least 32 bytes"}]
    shared = {"jwt_keys": keys, "jwt_audience": "shop"}
    async with serving(tmp_path, settings=shared, others={"demo-shop": "demo", "demo-blog": "demo"}) as world:
        world.set_settings("demo-shop", **shared)
        world.set_settings("demo-blog", jwt_keys=keys, jwt_audience="blog")
        now = int(world.clock().timestamp())
        tokens = {}
        for account, audience in (("demo-web", "shop"), ("demo-shop", "shop"), ("demo-blog", "blog")):
            claims = {"sub": "customer-7", "aud": audience, "iat": now, "exp": now + 300}
            proof = jwt.encode(claims, keys[0]["secret"], algorithm="HS256", headers={"kid": "k"})
            session = await world.session(account=account)
            await world.chat("hello", token=session["session_token"])
            known = await world.session(session_token=session["session_token"], jwt=proof)
            tokens[account] = known["session_token"]
        found = {a: await world.call("GET", "/v1/web/links", token=t, status=200) for a, t in tokens.items()}
        assert [item["account"] for item in found["demo-web"]["linked"]] == ["demo-shop"]
        assert [item["account"] for item in found["demo-shop"]["linked"]] == ["demo-web"]
        assert found["demo-blog"]["linked"] == []
