"""The stand-in: Telegram's wire format by Telegram's own description, its limits, its refusals, its updates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from core.domain import Attachment
from gateway.lab.telegram import html
from gateway.lab.telegram.lab import ANN, GROUP_ID
from gateway.lab.telegram.refusals import Refusal
from tests.channels.telegram.spec import FILE, call_problems, value_problems
from tests.channels.telegram.world import BOT_NAME, TOKEN, World, head, said, shown, world_of
from tests.contracts.channel_world import PICTURE_BODY, citation

described = pytest.mark.skipif(not FILE.exists(), reason="FRONTDESK_SHARED names no shared data")


class Api:
    """A plain client of the stand-in."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self.base = world.channel._settings.api_url
        self.session = session

    async def call(self, method: str, *, token: str = TOKEN, **parameters: Any) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.base}/bot{token}/{method}", json=parameters) as answer:
            body = await answer.json()
            assert isinstance(body, dict) and body["ok"] == (answer.status == 200)
            assert body["ok"] or body["error_code"] == answer.status
            return answer.status, body

    async def result(self, method: str, **parameters: Any) -> Any:
        status, body = await self.call(method, **parameters)
        assert status == 200, body
        return body["result"]

    async def refused(self, method: str, **parameters: Any) -> str:
        status, body = await self.call(method, **parameters)
        assert status >= 400
        return f"{status} {body['description']}"


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(world, session)


@described
async def test_our_calls_are_calls_of_the_bot_api(world: World) -> None:
    home = head(chat=ANN.id, contact=ANN.id)
    picture = Attachment(id="u_p", name="p.png", media_type="image/png", size_bytes=1)
    note = Attachment(id="u_v", name="v.ogg", media_type="audio/ogg", size_bytes=1)
    paper = Attachment(id="u_d", name="d.pdf", media_type="application/pdf", size_bytes=1)
    world.files.bodies = {"u_p": PICTURE_BODY, "u_v": b"v", "u_d": b"d"}
    await world.channel.register()
    await world.channel.typing(home)
    await world.channel.preview(home, "t_1", "One", ref=None)
    await world.send(
        said("One [1]", citations=(citation(1),), choices=("Yes",), attachments=(picture, note, paper)), home
    )
    await world.lab.mention("hello", topic=4)
    group = head(conv="c_2", **world.events()[-1].thread)
    ref = await world.channel.preview(group, "t_2", "One", ref=None)
    await world.send(said("Two"), group, preview=shown("One", ref))
    await world.lab.attach("a.ogg", "audio/ogg", b"x", is_voice=True)
    await world.channel.fetch(world.events()[-1].attachments[0], limit_bytes=9)
    await world.channel.examine()
    assert {call.method for call in world.lab.calls} == {
        "setWebhook", "sendChatAction", "sendMessageDraft", "sendMessage", "sendPhoto", "sendVoice", "sendDocument",
        "editMessageText", "getFile", "getMe", "getWebhookInfo",
    }  # fmt: skip
    assert [
        problem for call in world.lab.calls for problem in call_problems(call.method, call.parameters, set(call.files))
    ] == []


@described
async def test_its_answers_are_what_the_bot_api_describes(api: Api, world: World) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "c0"}]]}
    sent = await api.result("sendMessage", chat_id=ANN.id, text="<b>x</b>", parse_mode="HTML", reply_markup=keyboard)
    edited = await api.result("editMessageText", chat_id=ANN.id, message_id=sent["message_id"], text="y")
    await world.lab.attach("a.pdf", "application/pdf", b"x")
    kept = next(iter(world.lab.books.files))
    answers = {
        "Message": [sent, edited],
        "User": [await api.result("getMe")],
        "WebhookInfo": [await api.result("getWebhookInfo")],
        "File": [await api.result("getFile", file_id=kept)],
    }
    for kind, values in answers.items():
        assert [problem for value in values for problem in value_problems(value, [kind])] == []


@described
async def test_its_updates_are_what_the_bot_api_describes() -> None:
    async with world_of(mode="polling", webhook_secrets=[]) as world:
        lab = world.lab
        sent = await world.send(said("Shall I?", choices=("Yes",)), head(chat=ANN.id, contact=ANN.id))
        async with aiohttp.ClientSession() as session:
            api = Api(world, session)
            kinds = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]
            await api.result("getUpdates", allowed_updates=kinds)
            await lab.say("/start hello @you https://a.example")
            await lab.edit(lab.messages()[-1].ref, "changed")
            await lab.press(sent, "Yes")
            await lab.react(sent, "👍")
            await lab.mention("hi", topic=3)
            for name, kind in (("a.pdf", "application/pdf"), ("a.png", "image/png"), ("a.ogg", "audio/ogg")):
                await lab.attach(name, kind, b"x", text="see /this", is_voice=kind == "audio/ogg")
            await lab.post({"location": {"latitude": 1.5, "longitude": 2.5}})
            await lab.block()
            found = await api.result("getUpdates")
        assert len(found) == 10
        assert [problem for update in found for problem in value_problems(update, ["Update"])] == []
        numbers = [update["update_id"] for update in found]
        assert numbers == list(range(numbers[0], numbers[0] + 10))


@pytest.mark.parametrize(
    "source", ["<b>x", "x</b>", "<b><i>x</b></i>", "<h1>x</h1>", "a < b", "<script>", "<b", "<br/>"]
)
def test_markup_it_does_not_know_is_refused(source: str) -> None:
    with pytest.raises(Refusal, match="can't parse entities"):
        html.parse(source)


def test_quotes_in_quotes_are_refused() -> None:
    with pytest.raises(Refusal, match="nested"):
        html.parse("<blockquote>a<blockquote>b</blockquote></blockquote>")


def test_entities_are_counted_in_utf16() -> None:
    parsed = html.parse('👍 <b>a<i>b</i></b> <a href="https://a.example/?x=1&amp;y=2">l</a> &lt;x&gt;')
    assert parsed.text == "👍 ab l <x>"
    assert parsed.entities == [
        {"type": "bold", "offset": 3, "length": 2},
        {"type": "italic", "offset": 4, "length": 1},
        {"type": "text_link", "offset": 6, "length": 1, "url": "https://a.example/?x=1&y=2"},
    ]


async def test_its_limits(api: Api) -> None:
    long = {"chat_id": ANN.id, "text": "x" * 4_097}
    assert await api.refused("sendMessage", **long) == "400 Bad Request: message is too long"
    assert await api.result("sendMessage", chat_id=ANN.id, text="<b>" + "x" * 4_096 + "</b>", parse_mode="HTML")
    assert "message is too long" in await api.refused("sendMessage", chat_id=ANN.id, text="👍" * 2_049)
    assert "message text is empty" in await api.refused("sendMessage", chat_id=ANN.id, text=" ")
    bad = {"inline_keyboard": [[{"text": "Yes", "callback_data": "x" * 65}]]}
    assert "BUTTON_DATA_INVALID" in await api.refused("sendMessage", chat_id=ANN.id, text="x", reply_markup=bad)
    assert "chat not found" in await api.refused("sendMessage", chat_id=404, text="x")
    assert "TEXTDRAFT_PEER_INVALID" in await api.refused("sendMessageDraft", chat_id=GROUP_ID, draft_id=1, text="x")
    assert "RANDOM_ID_INVALID" in await api.refused("sendMessageDraft", chat_id=ANN.id, draft_id=0, text="x")
    assert "wrong parameter action" in await api.refused("sendChatAction", chat_id=ANN.id, action="dance")
    assert "query is too old" in await api.refused("answerCallbackQuery", callback_query_id="1")
    assert "invalid file_id" in await api.refused("getFile", file_id="1")
    assert "HTTPS URL" in await api.refused("setWebhook", url="http://shop.example/hook")


async def test_edits(api: Api, world: World) -> None:
    sent = await api.result("sendMessage", chat_id=ANN.id, text="x")
    place = {"chat_id": ANN.id, "message_id": sent["message_id"]}
    assert "message is not modified" in await api.refused("editMessageText", **place, text="x")
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "c0"}]]}
    assert (await api.result("editMessageReplyMarkup", **place, reply_markup=keyboard))["reply_markup"] == keyboard
    await world.lab.say("mine")
    mine = int(world.lab.messages()[-1].ref)
    assert "can't be edited" in await api.refused("editMessageText", chat_id=ANN.id, message_id=mine, text="y")
    assert await api.result("setMessageReaction", **place, reaction=[{"type": "emoji", "emoji": "👍"}]) is True
    assert await api.result("deleteMessage", **place) is True
    assert "not found" in await api.refused("editMessageText", **place, text="y")
    assert [item.is_deleted for item in world.lab.messages()] == [True, False]


async def test_who_may_call_what(api: Api) -> None:
    assert await api.refused("getMe", token="1:x") == "401 Unauthorized"
    assert (await api.refused("sendTelepathy")).startswith("404")


async def test_every_form_of_a_call_is_read(api: Api, world: World) -> None:
    url = f"{api.base}/bot{TOKEN}/sendMessage"
    form = {
        "chat_id": str(ANN.id),
        "text": '{"a": 1}',
        "reply_markup": '{"inline_keyboard":[[{"text":"Y","url":"https://a"}]]}',
    }
    async with api.session.get(url, params=form) as answer:
        assert answer.status == 200
    async with api.session.post(url, data=form) as answer:
        assert answer.status == 200
    multipart = aiohttp.FormData({"chat_id": str(ANN.id), "document": "attach://part", "caption": "c"})
    multipart.add_field("part", b"body", filename="a.txt", content_type="text/plain")
    async with api.session.post(f"{api.base}/bot{TOKEN}/sendDocument", data=multipart) as answer:
        assert (await answer.json())["result"]["document"]["file_name"] == "a.txt"
    assert [item.text for item in world.lab.messages()] == ['{"a": 1}', '{"a": 1}', "c"]
    async with api.session.post(url, data={**form, "reply_markup": "{"}) as answer:
        assert answer.status == 400


async def test_asking_for_a_later_update_confirms_the_earlier() -> None:
    async with world_of(mode="polling", webhook_secrets=[]) as world, aiohttp.ClientSession() as session:
        api = Api(world, session)
        assert await api.result("getUpdates") == []
        await world.lab.say("One")
        await world.lab.say("Two")
        first = await api.result("getUpdates", limit=1)
        assert [item["message"]["text"] for item in first] == ["One"]
        assert len(await api.result("getUpdates")) == 2
        rest = await api.result("getUpdates", offset=first[0]["update_id"] + 1)
        assert [item["message"]["text"] for item in rest] == ["Two"]
        asked = len(world.lab.calls)
        waiting = asyncio.create_task(api.call("getUpdates", offset=rest[0]["update_id"] + 1, timeout=5))
        await world.lab.watch.until(lambda: len(world.lab.calls) > asked)
        await world.lab.say("Three")
        assert (await waiting)[1]["result"][0]["message"]["text"] == "Three"
        world.lab.hook.url = world.webhook_url
        assert (await api.refused("getUpdates")).startswith("409 Conflict")


async def test_what_is_not_taken_is_kept_and_delivered_again(world: World) -> None:
    world.refuse_with = 503
    assert (await world.lab.say("One")).status == 503
    await world.lab.say("Two")
    assert world.lab.messages()[0].status == "waiting"
    world.refuse_with = None
    assert (await world.lab.redeliver()).status == 200
    assert [event.text for event in world.events()] == ["One", "Two"] and world.lab.undelivered == []
    world.lab.hook.url = "http://127.0.0.1:9/"
    assert (await world.lab.say("Three")).status == 0 and len(world.lab.undelivered) == 1


async def test_duplicates_and_wrong_order_on_request(world: World) -> None:
    world.lab.hook.duplicate_next = 1
    await world.lab.say("One")
    one, again = world.events()
    assert one.id == again.id
    world.lab.reorder_next = True
    await world.lab.say("Two")
    await world.lab.say("Three")
    late = world.events()[2:]
    assert [event.text for event in late] == ["Three", "Two"]
    assert [event.text for event in sorted(late, key=lambda event: event.order)] == ["Two", "Three"]


async def test_a_group_is_heard_only_when_it_speaks_to_the_bot(world: World) -> None:
    await world.lab.say("hello all", chat=GROUP_ID)
    await world.lab.mention("hello you")
    assert [event.text for event in world.events()] == ["hello you"]
    assert world.lab.messages(str(GROUP_ID))[-1].text == f"@{BOT_NAME} hello you"


async def test_reactions_come_only_when_they_were_asked_for(world: World) -> None:
    sent = await world.send(said("Hello"), head(chat=ANN.id, contact=ANN.id))
    world.lab.books.allowed = None
    await world.lab.react(sent, "👍")
    assert world.heard == []
    await world.channel.register()
    await world.lab.react(sent, "👍")
    assert len(world.heard) == 1
