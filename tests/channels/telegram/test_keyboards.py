"""Choices as a keyboard in place of the contact's own, and the stop button of a draft."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.domain import EventKind, MessageKind, Role
from gateway.lab.telegram.lab import ANN, GROUP_ID
from gateway.lab.telegram.updates import words
from tests.channels.telegram.world import World, head, said, shown, world_of

HOME = head(chat=ANN.id, contact=ANN.id)


@pytest.fixture
async def keyed() -> AsyncIterator[World]:
    async with world_of(choices="reply") as made:
        yield made


def markups(world: World) -> list[Any]:
    return [call.parameters.get("reply_markup") for call in world.lab.calls if call.method == "sendMessage"]


async def test_a_key_is_pressed_folds_and_is_taken_away(keyed: World) -> None:
    await keyed.send(said("Shall I?", choices=("Yes @here", "No")), HOME)
    (asked,) = keyed.lab.messages()
    assert asked.choices[1] == "No" and "inline_keyboard" not in json.dumps(markups(keyed))
    await keyed.lab.press(asked.ref, asked.choices[0])
    pressed = keyed.events()[-1]
    assert (pressed.kind, pressed.text) == (EventKind.MESSAGE, "Yes @here")
    assert [message.choices for message in keyed.lab.messages()] == [(), ()], "it folds after use"
    assert keyed.lab.books.chats[ANN.id].keyboard is not None
    await keyed.send(said("Done."), HOME)
    assert keyed.lab.books.chats[ANN.id].keyboard is None
    assert markups(keyed)[-1] == {"remove_keyboard": True, "selective": False}


async def test_typed_words_leave_no_keyboard_behind_either(keyed: World) -> None:
    await keyed.send(said("Shall I?", choices=("Yes", "No")), HOME)
    await keyed.lab.say("whatever you like")
    await keyed.send(said("Then I will.", role=Role.AGENT, author="Sam"), HOME)
    assert keyed.lab.books.chats[ANN.id].keyboard is None


async def test_only_the_last_part_brings_the_keyboard(keyed: World) -> None:
    await keyed.send(said("word " * 2_000, choices=("Yes",)), HOME)
    *earlier, last = markups(keyed)
    assert earlier and all("remove_keyboard" in markup for markup in earlier)
    assert last["keyboard"] == [[{"text": "Yes"}]] and last["one_time_keyboard"] is last["resize_keyboard"] is True


async def test_stars_stay_under_their_message(keyed: World) -> None:
    await keyed.send(said("How did we do?", role=Role.SYSTEM, kind=MessageKind.CSAT_REQUEST), HOME)
    (asked,) = keyed.lab.messages()
    await keyed.lab.press(asked.ref, "4 ★")
    assert (keyed.events()[-1].kind, keyed.events()[-1].rating) == (EventKind.CONTACT_RATED, 4)


async def test_in_a_group_it_is_for_the_one_who_asked(keyed: World) -> None:
    await keyed.lab.mention("hello")
    asked = keyed.events()[-1]
    group = head(conv=asked.conv, **asked.thread)
    await keyed.send(said("word " * 2_000, choices=("Yes", "No")), group)
    assert markups(keyed)[-1]["selective"] is True
    message = keyed.lab.messages(str(GROUP_ID))[-1]
    assert message.choices == ("Yes", "No")
    await keyed.lab.press(message.ref, "No", chat=GROUP_ID)
    pressed = keyed.events()[-1]
    assert (pressed.text, pressed.conv) == ("No", asked.conv), "it answers our message, so it is said to us"
    await keyed.send(said("Then not."), head(conv=asked.conv, **pressed.thread))
    assert keyed.lab.books.chats[GROUP_ID].keyboard is None


async def test_where_nobody_would_see_it_buttons_stand_under_the_message(keyed: World) -> None:
    unknown = head(chat=GROUP_ID, contact=ANN.id, conv="c_2")
    await keyed.send(said("Shall I?", choices=("Yes",)), unknown)
    ref = await keyed.channel.preview(unknown, "t_1", "Or", ref=None)
    await keyed.send(said("Or this?", choices=("No",)), unknown, preview=shown("Or", ref))
    assert [message.choices for message in keyed.lab.messages(str(GROUP_ID))] == [("Yes",), ("No",)]
    await keyed.lab.press(str(ref), "No", chat=GROUP_ID)
    assert keyed.events()[-1].text == "No"


async def test_the_stand_in_refuses_what_telegram_refuses(keyed: World) -> None:
    ref = await keyed.send(said("One"), HOME)
    bot: Any = await keyed.channel._api._opened()
    wrong: tuple[Any, ...] = (
        {"keyboard": []}, {"keyboard": [[]]}, {"keyboard": [[{"text": ""}]]}, {"remove_keyboard": False},
    )  # fmt: skip
    for markup in wrong:
        with pytest.raises(Exception, match=r"[Kk]eyboard"):
            await bot.send_message(chat_id=ANN.id, text="x", reply_markup=json.dumps(markup))
    with pytest.raises(Exception, match=r"[Ii]nline keyboard expected"):
        keys = json.dumps({"keyboard": [["Yes"]]})
        await bot.edit_message_text(chat_id=ANN.id, message_id=int(ref), text="y", reply_markup=keys)
    await keyed.lab.post(words("fine"))


async def test_the_stop_button_of_a_draft() -> None:
    async with world_of() as world:
        with pytest.raises(LookupError):
            await world.lab.stop()
        await world.lab.say("hello")
        asked = world.events()[-1]
        home = head(conv=asked.conv, **asked.thread)
        await world.channel.preview(home, "t_1", "You have", ref=None)
        assert (await world.lab.stop()).status == 200
        stopped = world.events()[-1]
        assert (stopped.kind, stopped.conv) == (EventKind.CONTACT_STOPPED, asked.conv)
        assert [item.is_streaming for item in world.lab.messages()][-1], "the draft stays until it is sent"
        await world.channel.end_preview(home, "t_1", shown("You have", None))
        assert [(item.text, item.is_streaming) for item in world.lab.messages()] == [
            ("hello", False),
            ("You have", False),
        ]
