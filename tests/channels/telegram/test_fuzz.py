"""Rubbish in: only ``InboundRejected`` may come out, and no event that nobody sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.domain import InboundEvent
from core.errors import InboundRejected
from core.inbound import LinkProof
from tests.channels.telegram.world import ANN, GROUP, PRIVATE, channel, message_update, raw

CHANNEL = channel()
NAMES = (
    "update_id message edited_message callback_query message_reaction my_chat_member message_id date from chat text "
    "entities caption photo voice document location venue contact sticker id type private supergroup is_bot offset "
    "length url user data reply_markup inline_keyboard new_reaction old_chat_member new_chat_member status kicked "
    "message_thread_id is_topic_message reply_to_message migrate_to_chat_id bot_command mention text_link"
)
WORDS = st.sampled_from(NAMES.split(" "))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12), WORDS, st.just(55)
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=6), max_leaves=20
)


def read(body: bytes) -> None:
    try:
        found = CHANNEL.parse(raw(body))
    except InboundRejected:
        return
    assert found
    for item in found:
        event = item.event if isinstance(item, LinkProof) else item
        if isinstance(event, InboundEvent):
            assert event.conv and event.dedupe_key and event.contact is not None
            assert event.provider_at.tzinfo is not None
            event.text.encode()
            json.dumps(dict(event.thread))


@given(JSON)
@settings(max_examples=300)
def test_any_json(value: Any) -> None:
    read(json.dumps(value).encode())


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf{}")
@example(b"nul")
def test_any_bytes(body: bytes) -> None:
    read(body)


ENTITIES = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["mention", "bot_command", "text_link", "text_mention", "bold"]),
            "offset": st.integers(0, 30),
            "length": st.integers(0, 30),
        },
        optional={"url": st.text(max_size=9), "user": st.just(ANN)},
    ),
    max_size=5,
)


@given(st.text(max_size=25), ENTITIES, st.sampled_from([PRIVATE, GROUP]))
@settings(max_examples=300)
def test_any_words_with_any_entities(text: str, entities: list[dict[str, Any]], chat: dict[str, Any]) -> None:
    read(json.dumps(message_update(text=text, entities=entities, chat=chat)).encode())


PLACES = ["message_id", "date", "chat", "from", "text", "photo", "voice", "contact", "entities", "reply_to_message"]


@given(st.sampled_from(PLACES), JSON)
@settings(max_examples=300)
def test_a_real_update_with_one_field_replaced(place: str, value: Any) -> None:
    update = message_update(text="Where is it?")
    update["message"][place] = value
    read(json.dumps(update).encode())


@pytest.mark.parametrize("field", ["update_id", "message"])
def test_an_update_without_its_frame_is_nothing(field: str) -> None:
    update = message_update(text="x")
    del update[field]
    try:
        found = CHANNEL.parse(raw(update))
    except InboundRejected:
        return
    assert not [item for item in found if isinstance(item, InboundEvent)]
