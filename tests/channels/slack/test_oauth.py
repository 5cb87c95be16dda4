"""Installing by a link: the whole way of a browser, and the ways it must not go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from adapters.slack.channel import SlackChannel
from adapters.slack.oauth import InstallationRefused, make_state, nonce_of
from core.errors import AccountUnknown, CredentialsInvalid
from core.ports.channel import Outbound
from gateway.http.slack_oauth import InstallsByLink
from tests.channels.context import HeldMemory
from tests.channels.slack.world import NOW, World, channel, world
from tests.contracts.channel_world import message

HOOK = "https://desk.example/webhooks/acme-main"
SECRETS = {"client_id": "12.34", "client_secret": "hush"}


@asynccontextmanager
async def installable(
    *, memory: HeldMemory | None = None, **settings: Any
) -> AsyncIterator[tuple[World, SlackChannel]]:
    async with world() as slack:
        values = {**slack.lab.settings(slack.address), "bot_token": ..., **SECRETS, **settings}
        made = channel(memory=memory, webhook_url=HOOK, **values)
        try:
            yield slack, made
        finally:
            await made.close()


@dataclass
class Visit:
    """What a browser brings back."""

    query: dict[str, str]
    cookie: str


async def visited(made: SlackChannel) -> Visit:
    """The consent page is opened and "Allow" is pressed."""
    begun = made.oauth.begin()
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(URL(begun.url, encoded=True), allow_redirects=False) as consent,
    ):
        back = urlsplit(consent.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "https://desk.example/slack/acme-main/oauth"
    return Visit({name: values[0] for name, values in parse_qs(back.query).items()}, begun.state)


async def refusal(made: SlackChannel, visit: Visit, *, cookie: str | None = None) -> str:
    with pytest.raises(InstallationRefused) as refused:
        await made.oauth.finish(visit.query, visit.cookie if cookie is None else cookie)
    assert refused.value.status == 403
    return refused.value.safe_message


async def test_the_whole_way() -> None:
    memory = HeldMemory()
    async with installable(memory=memory) as (slack, made):
        await slack.opened()
        with pytest.raises(CredentialsInvalid, match="install"):
            await made.send(row(slack))
        begun = urlsplit(made.oauth.begin().url)
        asked = parse_qs(begun.query)
        assert asked["client_id"] == ["12.34"] and asked["team"] == ["T0LAB"] and "chat:write" in asked["scope"][0]
        assert await made.oauth.finish((visit := await visited(made)).query, visit.cookie) == "Lab"
        await made.send(row(slack))
        assert len(slack.ours) == 1
        again = channel(
            memory=memory, webhook_url=HOOK, **{**slack.lab.settings(slack.address), "bot_token": ..., **SECRETS}
        )
        await again.send(row(slack))
        await again.close()
        assert len(slack.ours) == 2
        assert not [value for value in memory.facts.values() if "hush" in value]


def row(slack: World) -> Outbound:
    return slack.outbound(message("Hi"))


async def test_a_link_is_good_once_for_one_browser_and_ten_minutes() -> None:
    async with installable() as (_, made):
        visit = await visited(made)
        assert "browser" in await refusal(made, visit, cookie="")
        assert "browser" in await refusal(made, visit, cookie=made.oauth.begin().state)
        forged = {**visit.query, "state": visit.cookie[:-1] + ("0" if visit.cookie[-1] != "0" else "1")}
        assert "begin again" in await refusal(made, Visit(forged, forged["state"]))
        denied = {"state": visit.cookie, "error": "access_denied"}
        assert "not allowed" in await refusal(made, Visit(denied, visit.cookie))
        await made.oauth.finish(visit.query, visit.cookie)
        assert "used already" in await refusal(made, visit)


async def test_another_workspace_cannot_take_the_account() -> None:
    memory = HeldMemory()
    async with installable(memory=memory, team_id="T0OTHER") as (_, made):
        assert "another workspace" in await refusal(made, await visited(made))
        assert not [key for key in memory.facts if "installation" in key]


async def test_a_refused_code_is_told() -> None:
    async with installable() as (_, made):
        visit = await visited(made)
        assert "invalid_code" in await refusal(made, Visit({**visit.query, "code": "x"}, visit.cookie))


async def test_installing_again_replaces_the_token() -> None:
    memory = HeldMemory()
    async with installable(memory=memory) as (slack, made):
        for token in ("xoxb-first", "xoxb-second"):
            slack.lab.door.token = token
            await made.oauth.finish((visit := await visited(made)).query, visit.cookie)
            assert await made._tokens.token() == token
        assert [key for key in memory.facts if "installation" in key] == [
            "slack/installation/1",
            "slack/installation/2",
        ]


async def test_an_account_with_a_token_is_not_installed_by_a_link() -> None:
    with pytest.raises(AccountUnknown):
        channel().oauth.begin()
    values: dict[str, Any] = {"bot_token": ..., **SECRETS, "team_id": "T0LAB"}
    with pytest.raises(InstallationRefused, match="base_url"):
        channel(**values).oauth.begin()
    assert isinstance(channel(), InstallsByLink)


def test_states_are_signed_and_end() -> None:
    now = int(NOW.timestamp())
    state = make_state(b"k", nonce="n", expires_at=now + 600)
    assert nonce_of(b"k", state, now=now) == "n"
    assert nonce_of(b"k", state, now=now + 600) is None
    assert nonce_of(b"other", state, now=now) is None
    for bad in ("", "..", "x.y.z", "9" * 300, state.replace(".n.", ".m."), "ü.n.s"):
        assert nonce_of(b"k", bad, now=now) is None


async def test_tokens_that_end_are_renewed_and_kept() -> None:
    memory = HeldMemory()
    async with installable(memory=memory) as (slack, made):
        slack.lab.door.rotates_s = 60
        await made.oauth.finish((visit := await visited(made)).query, visit.cookie)
        before = slack.lab.door.token
        renewed = await made._tokens.token()
        assert renewed != before and renewed == slack.lab.door.token
        slack.lab.door.refuses_renewal = True
        with pytest.raises(CredentialsInvalid, match="invalid_refresh_token"):
            await made._tokens.token()
