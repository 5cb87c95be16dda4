"""Updates in: what each kind means, and what asks for nothing."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import ids
from core.domain import EventKind
from core.errors import InboundRejected, PayloadInvalid, PayloadMalformed
from core.inbound import Ignored, LinkProof, Reaction, Sought
from core.settings import Smalltalk
from core.steps.asks import asks_for_person
from core.steps.smalltalk import smalltalk
from tests.channels.telegram.world import (
    ANN,
    ANN_ID,
    BOT_ID,
    BOT_NAME,
    GROUP,
    GROUP_ID,
    NOW,
    PRIVATE,
    channel,
    event,
    message_update,
    parsed,
    raw,
)

SHARED = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data" / "webhooks"


def in_group(text: str, *, entities: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    return message_update(chat=GROUP, text=text, entities=entities, **changes)


def mention(text: str, name: str = "@" + BOT_NAME) -> list[dict[str, Any]]:
    at = len(text[: text.index(name)].encode("utf-16-le")) // 2
    return [{"type": "mention", "offset": at, "length": len(name)}]


def test_a_private_message_becomes_an_event() -> None:
    found = event(message_update(text="Where is my order?"))
    assert found.conv == ids.conversation_id("acme", "acme-main", f"chat:{ANN_ID}")
    assert (found.kind, found.text, found.dedupe_key) == (EventKind.MESSAGE, "Where is my order?", "m:7")
    assert found.contact is not None
    assert (found.contact.id, found.contact.name, found.contact.locale) == (f"telegram:{ANN_ID}", "Ann Lind", "en")
    assert not found.contact.verified
    assert found.provider_at.timestamp() == 1_795_245_154
    assert found.thread == {"chat": ANN_ID, "contact": ANN_ID}
    assert found.payload == raw(message_update(text="Where is my order?")).body


def test_redelivery_gives_the_same_event_and_order_follows_telegram() -> None:
    one, two = message_update(9, text="a", message_id=9), message_update(10, text="b", message_id=10)
    assert event(one).id == event(one).id
    assert event(one).order < event(two).order
    assert event(one).id != event(two).id


@pytest.mark.skipif(not SHARED.exists(), reason="FRONTDESK_SHARED names no shared data")
def test_recorded_updates_are_read() -> None:
    rows = [json.loads(line) for line in (SHARED / "index.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["channel"] == "telegram"]
    assert len(rows) == 2
    for row in rows:
        found = event((SHARED / row["file"]).read_bytes())
        assert found.text == row["text"] and found.contact is not None
        assert found.contact.id == f"telegram:{row['sender']}"


def test_in_a_group_only_what_is_said_to_us_is_heard() -> None:
    assert parsed(in_group("anybody here?")) == Ignored("not_addressed")
    text = f"@{BOT_NAME} where is my order?"
    found = event(in_group(text, entities=mention(text)))
    assert found.text == "where is my order?"
    assert found.conv == ids.conversation_id("acme", "acme-main", f"chat:{GROUP_ID}:from:{ANN_ID}")
    assert found.thread == {"chat": GROUP_ID, "contact": ANN_ID, "reply_to": 7}
    assert parsed(in_group(text, entities=mention(text)), groups=False) == Ignored("groups_off")


def test_a_name_after_emoji_is_found_by_utf16_offsets() -> None:
    text = f"👍🏽 hé @{BOT_NAME} 🚲 wo?"
    assert event(in_group(text, entities=mention(text))).text == "👍🏽 hé 🚲 wo?"
    shifted = [{**mention(text)[0], "offset": text.index("@")}]
    assert parsed(in_group(text, entities=shifted)) == Ignored("not_addressed")


def test_another_bots_name_is_not_ours() -> None:
    text = f"@{BOT_NAME}2 hi"
    assert parsed(in_group(text, entities=mention(text, f"@{BOT_NAME}2"))) == Ignored("not_addressed")


def test_replies_text_mentions_and_commands_address_us() -> None:
    reply = {"message_id": 2, "date": 1, "chat": GROUP, "from": {"id": BOT_ID, "is_bot": True, "first_name": "B"}}
    assert event(in_group("and the price?", reply_to_message=reply)).text == "and the price?"
    other = {**reply, "from": {"id": 9, "is_bot": False, "first_name": "Bo"}}
    assert parsed(in_group("and the price?", reply_to_message=other)) == Ignored("not_addressed")
    by_id = [
        {"type": "text_mention", "offset": 0, "length": 4, "user": {"id": BOT_ID, "is_bot": True, "first_name": "B"}}
    ]
    assert event(in_group("Desk help me", entities=by_id)).text == "help me"
    command = [{"type": "bot_command", "offset": 0, "length": 7 + len(BOT_NAME)}]
    assert event(in_group(f"/human@{BOT_NAME}", entities=command)).text == "/human"
    assert parsed(in_group("/human@someother_bot", entities=[{**command[0], "length": 20}])) == Ignored("not_addressed")
    assert parsed(in_group("/human", entities=[{**command[0], "length": 6}])) == Ignored("not_addressed")


def test_topics_are_conversations_of_their_own() -> None:
    text = f"@{BOT_NAME} hi"
    topic = event(in_group(text, entities=mention(text), message_thread_id=42, is_topic_message=True))
    assert topic.conv == ids.conversation_id("acme", "acme-main", f"chat:{GROUP_ID}:topic:42:from:{ANN_ID}")
    assert topic.thread["topic"] == 42
    chain = event(in_group(text, entities=mention(text), message_thread_id=42))
    assert "topic" not in chain.thread
    private = event(message_update(text="hi", message_thread_id=3, is_topic_message=True))
    assert private.conv == ids.conversation_id("acme", "acme-main", f"chat:{ANN_ID}:topic:3")


@pytest.mark.parametrize(
    ("content", "name", "media_type", "size"),
    [
        ({"voice": {"duration": 4, "mime_type": "audio/ogg", "file_size": 9000}}, "voice.ogg", "audio/ogg", 9000),
        ({"document": {"file_name": "../a b.pdf", "mime_type": "application/pdf"}}, "a b.pdf", "application/pdf", 0),
        ({"document": {"mime_type": "nonsense"}}, "file", "application/octet-stream", 0),
        ({"audio": {"file_name": "s.mp3", "duration": 1}}, "s.mp3", "audio/mpeg", 0),
        ({"video": {"width": 1, "height": 1, "duration": 1}}, "video.mp4", "video/mp4", 0),
        ({"video_note": {"length": 1, "duration": 1}}, "video.mp4", "video/mp4", 0),
    ],
)
def test_files_become_attachments(content: dict[str, Any], name: str, media_type: str, size: int) -> None:
    known = {"file_id": "F", "file_unique_id": "u"}
    content = {kind: {**known, **file} for kind, file in content.items()}
    found = event(message_update(caption="see", **content))
    (attachment,) = found.attachments
    assert (attachment.name, attachment.media_type, attachment.size_bytes) == (name, media_type, size)
    assert attachment.origin == '{"file_id":"F"}' and found.text == "see"
    assert attachment.id == event(message_update(caption="see", **content)).attachments[0].id
    assert attachment.id != event(message_update(message_id=8, **content)).attachments[0].id


def test_the_largest_photo_is_taken_and_albums_are_events() -> None:
    sizes = [
        {"file_id": "B", "file_unique_id": "v", "width": 1280, "height": 853, "file_size": 99_000},
        {"file_id": "A", "file_unique_id": "u", "width": 90, "height": 60, "file_size": 900},
    ]
    first = event(message_update(photo=sizes, caption="see", media_group_id="133"))
    second = event(message_update(message_id=8, photo=sizes, media_group_id="133"))
    assert first.attachments[0].origin == '{"file_id":"B"}' and first.attachments[0].size_bytes == 99_000
    assert first.conv == second.conv and first.id != second.id and second.text == ""


def test_places_stickers_and_own_cards_become_words() -> None:
    place = {"latitude": 52.5200081, "longitude": 13.404954}
    assert event(message_update(location=place)).text == "📍 52.520008, 13.404954"
    venue = {"location": place, "title": "Shop", "address": "Main St 1"}
    assert event(message_update(location=place, venue=venue)).text == "📍 Shop, Main St 1 (52.520008, 13.404954)"
    sticker = {"file_id": "s", "file_unique_id": "s", "type": "regular", "emoji": "👍"}
    assert event(message_update(sticker=sticker)).text == "👍"
    own = {"phone_number": "+15551234567", "first_name": "Ann", "user_id": ANN_ID}
    assert event(message_update(contact=own)).text == "📞 +15551234567"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"contact": {"phone_number": "+15551234567", "first_name": "Bo", "user_id": 9}}, "foreign_card"),
        ({"contact": {"phone_number": "+15551234567", "first_name": "Bo"}}, "foreign_card"),
        ({"sticker": {"file_id": "s", "file_unique_id": "s"}}, "sticker"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "content_kind"),
        ({"pinned_message": {}}, "content_kind"),
        ({"text": " \n "}, "content_kind"),
        ({"migrate_to_chat_id": -1005}, "group_moved"),
        ({"text": "x", "from": {"id": 9, "is_bot": True, "first_name": "B"}}, "bot"),
        ({"text": "x", "from": {"id": BOT_ID, "is_bot": True, "first_name": "B"}}, "bot"),
        ({"text": "x", "sender_chat": GROUP}, "anonymous"),
        ({"text": "x", "chat": {"id": -5, "type": "channel"}}, "channel_post"),
    ],
)
def test_what_asks_for_nothing_has_a_named_reason(content: dict[str, Any], reason: str) -> None:
    assert parsed(message_update(**content)) == Ignored(reason)


@pytest.mark.parametrize("kind", ["channel_post", "poll", "business_message", "chat_member", "anything_new"])
def test_unknown_kinds_are_ignored(kind: str) -> None:
    assert parsed({"update_id": 5, kind: {"x": 1}}) == Ignored("update_kind")


def test_an_edit_names_its_message() -> None:
    edited = message_update(2000, text="fixed", edit_date=1_795_245_200)
    edited["edited_message"] = edited.pop("message")
    found = event(edited)
    assert (found.kind, found.target, found.text) == (EventKind.CONTACT_EDITED, "m:7", "fixed")
    assert found.provider_at.timestamp() == 1_795_245_200
    assert found.id != event({**edited, "update_id": 2001}).id
    edited["edited_message"]["location"] = {"latitude": 1, "longitude": 1}
    assert parsed(edited) == Ignored("live_location")


def command(text: str) -> dict[str, Any]:
    return message_update(
        text=text, entities=[{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
    )


def test_commands() -> None:
    assert (event(command("/human")).kind, event(command("/human")).text) == (EventKind.MESSAGE, "/human")
    assert event(command("/stop")).kind is EventKind.CONTACT_STOPPED
    assert (event(command("/start")).kind, event(command("/start")).text) == (EventKind.MESSAGE, "/start")


def test_the_engine_takes_our_commands_for_what_they_are() -> None:
    assert smalltalk(event(command("/start")).text) is Smalltalk.GREETING
    assert asks_for_person(event(command("/human")).text)


def test_a_start_payload_proves_or_tells_where_they_came_from() -> None:
    token = "fdl_" + "aB3_-xyz" * 5 + "abc"
    proof = parsed(command(f"/start {token}"))
    assert isinstance(proof, LinkProof) and proof.token == token
    assert proof.event.text == "/start" and "start" not in proof.event.thread
    campaign = event(command("/start order_17"))
    assert campaign.text == "/start" and campaign.thread["start"] == "order_17"
    for odd in ("a" * 65, f"{token} and more words", f"x{token}", token[:-1]):
        assert event(command(f"/start {odd}")).thread["start"] == odd[:64]


def test_hidden_links_are_shown() -> None:
    entities = [{"type": "text_link", "offset": 0, "length": 4, "url": "https://a.example/x"}]
    assert event(message_update(text="here it is", entities=entities)).text == "here (https://a.example/x) it is"


def test_reactions_are_verdicts() -> None:
    def reacted(*emoji: str, **changes: Any) -> dict[str, Any]:
        new = [{"type": "emoji", "emoji": item} for item in emoji]
        plain = {"chat": PRIVATE, "message_id": 12, "user": ANN, "date": 1, "old_reaction": [], "new_reaction": new}
        return {"update_id": 8, "message_reaction": {**plain, **changes}}

    up, down = parsed(reacted("👍")), parsed(reacted("👎"))
    assert isinstance(up, Reaction) and isinstance(down, Reaction)
    assert (up.rating, down.rating, up.vendor_ref) == (5, 1, "12")
    assert up.conv == event(message_update(text="x")).conv
    assert parsed(reacted()) == parsed(reacted("🦄")) == Ignored("reaction_without_verdict")
    in_group = parsed(reacted("👍", chat=GROUP))
    assert isinstance(in_group, Reaction) and (in_group.conv, in_group.vendor_ref) == ("", "12")
    assert in_group.sought == Sought(by=f"telegram:{ANN_ID}", within={"chat": GROUP_ID})
    assert parsed(reacted("👍", user=None)) == Ignored("anonymous")


def test_blocking_and_coming_back() -> None:
    def change(old: str, new: str, **changes: Any) -> dict[str, Any]:
        bot = {"id": BOT_ID, "is_bot": True, "first_name": "B"}
        plain = {"chat": PRIVATE, "from": ANN, "date": 1_795_245_154}
        states = {"old_chat_member": {"status": old, "user": bot}, "new_chat_member": {"status": new, "user": bot}}
        return {"update_id": 10, "my_chat_member": {**plain, **states, **changes}}

    left = event(change("member", "kicked"))
    assert (left.kind, left.reason) == (EventKind.CONTACT_LEFT, "blocked")
    assert left.conv == event(message_update(text="x")).conv
    assert event(change("kicked", "member")).reason == "unblocked"
    assert parsed(change("left", "member")) == Ignored("membership")
    assert parsed(change("member", "kicked", chat=GROUP)) == Ignored("group_membership")


def test_a_pressed_stop_button_stops_the_answer() -> None:
    def stopped(**changes: Any) -> dict[str, Any]:
        return {"update_id": 12, "stopped_message_generation": {"chat": PRIVATE, "draft_id": 77, **changes}}

    found = event(stopped())
    assert (found.kind, found.text, found.contact and found.contact.id) == (
        EventKind.CONTACT_STOPPED, "", f"telegram:{ANN_ID}",
    )  # fmt: skip
    assert found.conv == event(message_update(text="x")).conv and found.id == event(stopped()).id
    topic = {"message_thread_id": 5, "is_topic_message": True}
    assert event(stopped(message_thread_id=5)).conv == event(message_update(text="x", **topic)).conv
    assert parsed(stopped(chat=GROUP)) == Ignored("stop_elsewhere")


@pytest.mark.parametrize(
    "body", [b"", b"[", b'{"update_id": 1', b'{"update_id":1,"message":{"text":"\xff"}}', b"[" * 9_999]
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        channel().parse(raw(body))


@pytest.mark.parametrize(
    "changes",
    [{"date": -1}, {"date": 10**18}, {"message_id": "7"}, {"chat": None}, {"text": 5}, {"from": {"id": 2**70}}],
)
def test_what_is_no_update_is_invalid(changes: dict[str, Any]) -> None:
    with pytest.raises(PayloadInvalid):
        channel().parse(raw(message_update(**{"text": "x", **changes})))


def test_the_contacts_name_is_one_bounded_line() -> None:
    sender: dict[str, Any] = {"from": {**ANN, "first_name": "A\n" * 300, "last_name": "\x00"}}
    found = event(message_update(text="x", **sender))
    assert found.contact is not None and found.contact.name is not None
    assert len(found.contact.name) <= 200 and "\n" not in found.contact.name
    assert replace(found, received_at=NOW).received_at == NOW


def test_nul_is_taken_out() -> None:
    assert event(message_update(text="a\x00b")).text == "ab"
    with pytest.raises(InboundRejected):
        channel().parse(raw(b'{"update_id":1,"message":{"text":"\\ud800"}}'))
