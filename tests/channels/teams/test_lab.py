"""The stand-in keeps the vendor's rules by itself: what a careless bot does is refused as Teams refuses it."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from gateway.lab.teams.lab import ALEX, GROUP, PRIVATE
from tests.channels.teams.world import World

TEXT = {"type": "message", "text": "Hi"}


def piece(sequence: Any, text: str = "One", **info: Any) -> dict[str, Any]:
    entity = {"type": "streaminfo", "streamType": "streaming", "streamSequence": sequence, **info}
    return {
        "type": "typing",
        "text": text,
        "entities": [{name: value for name, value in entity.items() if value is not None}],
    }


class Bot:
    """A bot that calls the connector as it likes."""

    def __init__(self, here: World, http: aiohttp.ClientSession, token: str) -> None:
        self.here, self.http, self.token = here, http, token

    async def call(self, path: str, body: Any = None, *, method: str = "POST", room: str = PRIVATE) -> tuple[int, Any]:
        url = f"{self.here.lab.service_url}v3/conversations{'/' if room else ''}{room}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            said = await answer.read()
            return answer.status, json.loads(said) if said else None

    async def code(self, path: str, body: Any, **more: Any) -> tuple[int, str]:
        status, said = await self.call(path, body, **more)
        return status, said["error"]["code"]


@pytest.fixture
async def bot(here: World) -> Any:
    async with aiohttp.ClientSession() as http:
        identity = here.lab.identity
        form = {
            "grant_type": "client_credentials",
            "client_id": identity.app_id,
            "client_secret": identity.app_secret,
            "scope": "https://api.botframework.com/.default",
        }
        async with http.post(f"{here.lab.url}/{identity.app_tenant}/oauth2/v2.0/token", data=form) as answer:
            yield Bot(here, http, (await answer.json())["access_token"])


async def test_without_a_token_nothing_is_said(bot: Bot) -> None:
    bot.token = "guessed"
    status, said = await bot.call("/activities", TEXT)
    assert status == 401 and "denied" in said["message"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"type": "message"}, (400, "BadSyntax")),
        ({"type": "event", "text": "x"}, (400, "BadArgument")),
        ({"type": "message", "text": "x" * 60_000}, (413, "MessageSizeTooBig")),
        ({"type": "message", "attachments": [{"contentType": "x/y"}]}, (400, "BadArgument")),
        (piece(0), (400, "BadArgument")),
        (piece(2), (400, "BadArgument")),
        (piece(1, text=""), (400, "BadArgument")),
        (piece(1, streamType="final"), (400, "BadArgument")),
        (piece(1, text="x" * 1_001, streamType="informative"), (400, "BadArgument")),
        (piece(2, streamId="1"), (404, "ActivityNotFoundInConversation")),
    ],
)
async def test_what_the_connector_refuses(bot: Bot, body: dict[str, Any], wanted: tuple[int, str]) -> None:
    assert await bot.code("/activities", body) == wanted
    assert bot.here.shown() == []


async def test_streams_are_for_private_chats(bot: Bot) -> None:
    status, said = await bot.call("/activities", piece(1), room=GROUP)
    assert status == 400 and "not enabled" in said["error"]["message"]


async def test_a_stream_is_numbered_and_only_grows(bot: Bot) -> None:
    _, said = await bot.call("/activities", piece(1, text="Looking …", streamType="informative"))
    ref = said["id"]
    assert bot.here.lab.activity() == "Looking …"
    assert await bot.call("/activities", piece(2, streamId=ref)) == (202, {})
    assert await bot.code("/activities", piece(2, streamId=ref)) == (
        202,
        "ContentStreamSequenceOrderPreConditionFailed",
    )
    assert await bot.code("/activities", piece(4, streamId=ref)) == (
        202,
        "ContentStreamSequenceOrderPreConditionFailed",
    )
    assert await bot.code("/activities", piece(3, text="Two", streamId=ref)) == (403, "ContentStreamNotAllowed")
    final = {**piece(None, streamId=ref, streamType="final"), "type": "message", "text": "One and two"}
    numbered = {**piece(3, streamId=ref, streamType="final"), "type": "message", "text": "One and two"}
    assert await bot.code("/activities", numbered) == (400, "BadArgument")
    assert (await bot.call("/activities", final))[0] == 202
    status, said = await bot.call("/activities", final)
    assert status == 403 and "already completed" in said["error"]["message"]


async def test_the_directory_and_opening_a_chat(bot: Bot) -> None:
    _, member = await bot.call(f"/members/{ALEX.id}", method="GET")
    assert member["aadObjectId"] == ALEX.aad_object_id and member["tenantId"] == bot.here.lab.tenant
    assert len((await bot.call("/members", method="GET"))[1]) == 2
    assert len((await bot.call("/pagedmembers", method="GET"))[1]["members"]) == 2
    assert (await bot.code("/members/29:nobody", None, method="GET"))[0] == 404
    opened = await bot.call("", {"members": [{"id": ALEX.id}], "isGroup": False}, room="")
    assert opened == (201, {"id": PRIVATE})
    refused = await bot.code("", {"members": [{"id": "29:nobody"}], "isGroup": False}, room="")
    assert refused == (403, "BotNotInConversationRoster")


async def test_a_message_is_changed_and_taken_back(bot: Bot) -> None:
    _, said = await bot.call("/activities", TEXT)
    path = f"/activities/{said['id']}"
    assert await bot.call(path, {**TEXT, "text": "Ho"}, method="PUT") == (200, {"id": said["id"]})
    (shown,) = bot.here.shown()
    assert shown.text == "Ho" and shown.is_edited
    assert await bot.call(path, method="DELETE") == (200, None)
    assert bot.here.shown() == []
    assert await bot.code(path, TEXT, method="PUT") == (404, "ActivityNotFoundInConversation")


async def test_what_people_do_is_signed_and_numbered(bot: Bot) -> None:
    lab = bot.here.lab
    await lab.install()
    await lab.type_()
    await lab.say("One")
    assert [type(item).__name__ for item in bot.here.heard] == ["Ignored", "Ignored", "Ignored", "InboundEvent"]
    assert lab.identity.keys_asked == 1
    lab.hook.duplicate_next = 1
    await lab.say("Two")
    assert len({event.id for event in bot.here.events}) == 2 and len(bot.here.events) == 3
