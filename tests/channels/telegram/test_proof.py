"""Who may call: the secret token, and what stands behind our buttons."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.press import MAX_DATA_BYTES, Chosen, Presses, Rated
from adapters.telegram.settings import TelegramSettings
from core.domain import EventKind, InboundEvent
from core.errors import SignatureInvalid
from core.inbound import Ignored, Respond
from tests.channels.telegram.world import (
    ANN,
    ANN_ID,
    GROUP,
    OLD_SECRET,
    PRIVATE,
    SECRET,
    TOKEN,
    channel,
    event,
    message_update,
    raw,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "channels" / "telegram.md"


def test_each_secret_is_let_in_while_rotating() -> None:
    for secret in (SECRET, OLD_SECRET):
        channel().verify(raw(message_update(text="x"), secret=secret))


@pytest.mark.parametrize("secret", ["", SECRET[:-1], SECRET + "x", SECRET.upper(), "é" * 20, "\udcff" * 20])
def test_anything_else_is_not(secret: str) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        channel().verify(raw(message_update(text="x"), secret=secret))
    assert caught.value.cause == "secret" and SECRET not in str(caught.value)


def test_one_changed_byte_is_refused() -> None:
    made = channel()
    for place in range(len(SECRET)):
        for other in ("A", "b", "-"):
            if SECRET[place] != other:
                with pytest.raises(SignatureInvalid):
                    made.verify(raw(b"{}", secret=SECRET[:place] + other + SECRET[place + 1 :]))


def test_no_secret_is_missing_also_where_nobody_should_call() -> None:
    for made in (channel(), channel(mode="polling", webhook_secrets=[])):
        with pytest.raises(SignatureInvalid) as caught:
            made.verify(raw(b"{}", secret=None))
        assert caught.value.cause == "missing"
    with pytest.raises(SignatureInvalid):
        channel(mode="polling", webhook_secrets=[]).verify(raw(b"{}", secret=""))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"webhook_secrets": []}, "at least one of `webhook_secrets`"),
        ({"webhook_secrets": ["short"]}, "16 to 256"),
        ({"webhook_secrets": ["with blanks in the middle"]}, "16 to 256"),
        ({"token": "nonsense"}, "a bot's token is"),
        ({"bot_username": "x"}, "bot_username"),
        ({"api_url": "ftp://x"}, "is not an address"),
        ({"nope": 1}, "nope"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, Any], words: str) -> None:
    plain = {"token": TOKEN, "bot_username": "@my_bot", "webhook_secrets": [SECRET]}
    assert TelegramSettings.model_validate(plain).bot_username == "my_bot"
    with pytest.raises(ValueError, match=words):
        TelegramSettings.model_validate({**plain, **changes})


def press(given_data: str, /, label: str = "Yes", **changes: Any) -> dict[str, Any]:
    keyboard = {
        "inline_keyboard": [[{"text": "Other", "callback_data": "x"}, {"text": label, "callback_data": given_data}]]
    }
    under = {"message_id": 12, "date": 1, "chat": PRIVATE, "text": "?", "reply_markup": keyboard}
    query = {"id": "4382bfd", "from": ANN, "message": under, "chat_instance": "-1", "data": given_data}
    return {"update_id": 1007, "callback_query": {**query, **changes}}


def test_a_press_is_the_label_and_is_answered() -> None:
    data = Presses(TOKEN).choice(ANN_ID, 0, "Yes")
    pressed, answer = channel().parse(raw(press(data)))
    assert isinstance(pressed, InboundEvent)
    assert (pressed.kind, pressed.text, pressed.dedupe_key) == (EventKind.MESSAGE, "Yes", "press:4382bfd")
    assert pressed.conv == event(message_update(text="x")).conv
    assert answer == Respond(b'{"method":"answerCallbackQuery","callback_query_id":"4382bfd"}')
    assert len(channel(mode="polling").parse(raw(press(data)))) == 1


def test_stars_are_a_rating() -> None:
    pressed, _ = channel().parse(raw(press(Presses(TOKEN).rating(ANN_ID, 4), "4 ★")))
    assert isinstance(pressed, InboundEvent)
    assert (pressed.kind, pressed.rating) == (EventKind.CONTACT_RATED, 4)


def test_the_page_has_every_setting_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? *\| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    fields = TelegramSettings.model_fields
    assert [row[0] for row in rows] == list(fields)
    assert [row[2] for row in rows] == [field.description for field in fields.values()]
    for name, default, _ in rows:
        wanted = fields[name].get_default(call_default_factory=True)
        assert (json.loads(default) if default else None) == (wanted if isinstance(wanted, str | int) else None)


SOMEBODY_ELSE: dict[str, Any] = {"from": {**ANN, "id": 56}}


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        (press("h:1"), "press_forged"),
        (press(Presses(TOKEN).choice(ANN_ID, 0, "No")), "press_forged"),
        (press(Presses(TOKEN).choice(ANN_ID + 1, 0, "Yes")), "press_forged"),
        (press(Presses("1:other-token").choice(ANN_ID, 0, "Yes")), "press_forged"),
        (press(Presses(TOKEN).rating(ANN_ID, 4).replace("r4", "r5")), "press_forged"),
        (press("x", message={"message_id": 12, "date": 0, "chat": PRIVATE}), "press_forged"),
        (press("x", message=None), "press_elsewhere"),
        (press("x", data=None), "press_elsewhere"),
        (press(Presses(TOKEN).choice(ANN_ID, 0, "Yes"), **SOMEBODY_ELSE), "press_forged"),
    ],
)
def test_forged_presses_are_ignored_but_answered(update: dict[str, Any], reason: str) -> None:
    ignored, answer = channel().parse(raw(update))
    assert ignored == Ignored(reason) and isinstance(answer, Respond)


def test_a_press_in_a_group_is_in_the_pressers_conversation() -> None:
    update = press(Presses(TOKEN).choice(ANN_ID, 0, "Yes"))
    update["callback_query"]["message"] |= {"chat": GROUP, "message_thread_id": 42, "is_topic_message": True}
    pressed, _ = channel().parse(raw(update))
    assert isinstance(pressed, InboundEvent)
    assert pressed.thread == {"chat": GROUP["id"], "contact": ANN_ID, "topic": 42, "reply_to": 12}


@given(st.integers(0, 2**52), st.integers(0, 9), st.text(min_size=1, max_size=300))
def test_button_data_always_fits_and_comes_back(contact: int, place: int, label: str) -> None:
    presses = Presses(TOKEN)
    data = presses.choice(contact, place, label)
    assert len(data.encode()) <= MAX_DATA_BYTES
    assert presses.read(data, contact, label) == Chosen(label)
    assert presses.read(data, contact + 1, label) is None
    assert presses.read(data, contact, None) is None
    assert presses.read(presses.rating(contact, 3), contact, label) == Rated(3)


@given(st.data())
def test_one_changed_byte_of_button_data_is_refused(data: st.DataObject) -> None:
    presses = Presses(TOKEN)
    good = data.draw(st.sampled_from([presses.choice(1, 0, "Yes"), presses.rating(1, 5)]))
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    bad = good[:place] + other + good[place + 1 :]
    found = presses.read(bad, 1, "Yes")
    # The number of a choice is only its place: the label is what is signed.
    assert found is None or bad == good or (found == Chosen("Yes") and place == 1)
