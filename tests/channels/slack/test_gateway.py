"""A Slack account inside the gateway: over its webhook route, and installed by its link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from core.ports.channel import Channel
from gateway.http import middleware, slack_oauth
from gateway.lab.vendor import Fault
from gateway.services import SERVICES
from tests.channels.slack import payloads as wire
from tests.channels.slack.test_oauth import installable
from tests.channels.slack.world import channel
from tests.channels.slack.world import world as slack_world
from tests.web.world import World, serving


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as made:
        yield made


def install(gateway: World, made: Channel, *, base_url: str = "https://desk.example") -> None:
    channels = {**gateway.services.channels, made.account: made}
    gateway.current.services = replace(gateway.services, channels=cast("Any", channels), base_url=base_url)


async def test_forged_and_genuine_webhooks(gateway: World) -> None:
    async with slack_world(tenant="demo") as slack:
        install(gateway, slack.channel)
        slack.lab.hook.url = f"{gateway.url}/webhooks/acme-main"
        assert (await slack.lab.send(b"{", "application/json")).status == 400
        slack.lab.signing_secret = "another"
        assert (await slack.lab.say("Hi")).status == 401
        assert (await slack.lab.uninstall()).status == 401
        slack.lab.signing_secret = "lab-signing-secret"
        answer = await slack.lab.deliver({"type": "url_verification", "challenge": "abc"})
        assert (answer.status, answer.body) == (200, b'{"challenge":"abc"}')
        assert (
            await slack.lab.deliver({"type": "event_callback", "event": {"type": "odd"}, "team_id": "T0LAB"})
        ).status == 200


async def test_a_question_is_answered_and_handed_over(gateway: World) -> None:
    async with slack_world(debounce_ms=0, tenant="demo") as slack:
        install(gateway, slack.channel)
        slack.lab.hook.url = f"{gateway.url}/webhooks/acme-main"
        slack.lab.hook.duplicate_next = 1
        assert (await slack.lab.say("How long?")).status == 200
        await slack.lab.watch.until(lambda: bool(slack.ours))
        (reply,) = slack.ours
        assert reply.text == "You asked: How long? You have 30 days [1]." and reply.choices == ("Thanks",)
        await slack.lab.press(reply.ref, "Thanks")
        await slack.lab.watch.until(lambda: len(slack.ours) == 2)
        assert "You asked: Thanks" in slack.ours[1].text
        slack.lab.faults.add(Fault.THROTTLED)
        await slack.lab.say("a person please")
        await slack.lab.watch.until(lambda: len(slack.ours) == 3)
        assert len(gateway.engine.turns) == 3 and gateway.desk.items


async def test_in_a_channel_only_threads_that_called_us_are_followed(gateway: World) -> None:
    async with slack_world(debounce_ms=0, tenant="demo") as slack:
        install(gateway, slack.channel)
        slack.lab.hook.url = f"{gateway.url}/webhooks/acme-main"
        ours = slack.lab.place("C0LAB", "lunch?")
        await slack.lab.post("pizza", room="C0LAB", thread_ts=ours.ts)
        await slack.lab.post("<@U0BOT> hello", room="C0LAB")
        root = slack.lab.messages("C0LAB")[2]
        await slack.lab.post("and then?", room="C0LAB", thread_ts=root.ref)
        await slack.lab.post("sushi", room="C0LAB", thread_ts=ours.ts)

        def said() -> list[str]:
            return [shown.text for shown in slack.lab.messages("C0LAB") if shown.author == "bot"]

        await slack.lab.watch.until(lambda: any("and then?" in text for text in said()))
        assert not [text for text in said() if "pizza" in text or "sushi" in text]
        asked = [event.text for turn in gateway.engine.turns for event in turn.events]
        assert asked == ["hello", "and then?"]
        retry = slack.lab.events.envelope(slack.lab.events.message(slack.lab.place("C0LAB", "<@U0BOT> again")))
        first = await slack.lab.deliver(retry)
        second = await slack.lab.deliver(retry, retry=1)
        assert (first.body, second.body) == (b'{"accepted": 1}', b'{"accepted": 0}')


@pytest.mark.parametrize("by", ["U0KIM", "U0ANN"])
async def test_a_thumb_in_a_channel_counts_after_a_restart(gateway: World, by: str) -> None:
    async with slack_world(debounce_ms=0, tenant="demo") as slack:
        install(gateway, slack.channel)
        slack.lab.hook.url = f"{gateway.url}/webhooks/acme-main"
        await slack.lab.post("<@U0BOT> hello", room="C0LAB")
        await slack.lab.watch.until(lambda: any(shown.author == "bot" for shown in slack.lab.messages("C0LAB")))
        (answer,) = (shown for shown in slack.lab.messages("C0LAB") if shown.author == "bot")
        store = gateway.services.store.for_tenant("demo")
        (turn,) = gateway.engine.turns
        while await store.sent_message(turn.head.conv, f"C0LAB:{answer.ref}") is None:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0)  # the answer is seen a moment before its delivery is settled
        fresh = channel(tenant="demo", **slack.lab.settings(slack.address))
        install(gateway, fresh)
        slack.lab.contact = by
        assert (await slack.lab.react(answer.ref, True)).status == 200
        (given,) = await store.feedback(turn.head.conv)
        assert given.rating == 5 and given.message_id is not None
        install(gateway, slack.channel)
        await slack.lab.react(answer.ref, True)
        assert len(await store.feedback(turn.head.conv)) == 1
        await fresh.close()


async def test_the_link_leads_there_and_back(gateway: World) -> None:
    app = web.Application(middlewares=[middleware.errors])
    app[SERVICES] = gateway.current
    app.add_routes(slack_oauth.routes())
    server = TestServer(app)
    await server.start_server()
    try:
        async with (
            installable() as (_, made),
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
        ):
            install(gateway, made, base_url="http://desk.example")
            start = server.make_url("/slack/acme-main/install")
            async with browser.get(start, allow_redirects=False) as begun:
                assert begun.status == 302 and begun.headers["Cache-Control"] == "no-store"
                cookie = begun.cookies[slack_oauth.COOKIE]
                assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/slack/acme-main"
                consent = URL(begun.headers["Location"], encoded=True)
            async with browser.get(consent, allow_redirects=False) as allowed:
                back = URL(allowed.headers["Location"], encoded=True)
            landing = server.make_url("/slack/acme-main/oauth").with_query(back.query)
            async with browser.get(landing) as done:
                assert done.status == 200 and "Installed in Lab" in await done.text()
            async with browser.get(landing) as again:
                assert again.status == 403
            async with browser.get(server.make_url("/slack/nobody/install")) as unknown:
                assert unknown.status == 404
            async with browser.get(server.make_url("/slack/demo-web/install")) as no_slack:
                assert no_slack.status == 404
            install(gateway, channel())
            async with browser.get(start) as no_link:
                assert no_link.status == 404
    finally:
        await server.close()


async def test_one_address_serves_several_workspaces(gateway: World) -> None:
    one = channel(team_id="T0ONE", tenant="demo", account="slack-one")
    two = channel(team_id=wire.TEAM, tenant="demo", account="slack-two")
    install(gateway, one)
    install(gateway, two)
    async with slack_world() as slack:
        slack.lab.hook.url = f"{gateway.url}/webhooks/slack-one"
        assert (
            await slack.lab.deliver({"type": "event_callback", "team_id": "T0NONE", "event": {"type": "odd"}})
        ).status == 200
        assert one.installation == "T0ONE" and two.installation == wire.TEAM
        answer = await slack.lab.deliver(
            {"type": "event_callback", "team_id": wire.TEAM, "event": {"type": "app_uninstalled"}}
        )
        assert answer.status == 200
        parked = gateway.services.parked.parked
        assert parked["slack-two"].reason == "app_uninstalled" and "slack-one" not in parked
