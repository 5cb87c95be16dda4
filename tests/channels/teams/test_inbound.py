"""What an activity means, beyond the descriptor's fixtures: threads, mentions, texts, files, presses, and rubbish."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.teams.channel import TeamsChannel
from adapters.teams.settings import TeamsSettings
from core.domain import EventKind, InboundEvent
from core.errors import InboundRejected, PayloadInvalid
from core.inbound import Ignored, Parsed, Reaction, Respond
from gateway.lab.teams.lab import GROUP
from tests.channels.context import channel_context
from tests.channels.teams import wire
from tests.contracts.channel_descriptor import NOW

THREAD = f"{wire.CHANNEL};messageid=1795262400100"


def channel(**changes: Any) -> TeamsChannel:
    plain = {"app_id": wire.APP, "app_secret": "s", "app_tenant": wire.TENANT_ID}
    return TeamsChannel(channel_context(), TeamsSettings.model_validate({**plain, **changes}))


def parsed(body: dict[str, Any] | bytes, **changes: Any) -> tuple[Parsed, ...]:
    return channel(**changes).parse(wire.request(body, "x"))


def event(body: dict[str, Any], **changes: Any) -> InboundEvent:
    (found,) = parsed(body, **changes)
    assert isinstance(found, InboundEvent), found
    return found


def reason(body: dict[str, Any], **changes: Any) -> str:
    found = parsed(body, **changes)[0]
    assert isinstance(found, Ignored)
    return found.reason


@pytest.mark.parametrize(("name", "text"), [("mention", "Hey"), ("followUp", "Hi")])
def test_recorded_payloads(name: str, text: str) -> None:
    shared = os.environ.get("FRONTDESK_SHARED")
    if not shared:
        pytest.skip("FRONTDESK_SHARED is not set: no recorded payloads")
    body = (Path(shared) / "data" / "webhooks" / "teams" / f"teams-{name}.json").read_bytes()
    (found,) = parsed(body)
    assert isinstance(found, InboundEvent) and found.contact is not None
    assert found.text == text and found.contact.id.endswith(json.loads(body)["from"]["id"])
    assert found.thread["kind"] == "channel"
    stamp = datetime.fromtimestamp(int(json.loads(body)["id"]) / 1000, UTC)
    assert found.provider_at == stamp, "an id is the time when there is no time stamp"


def test_a_thread_of_a_channel_is_one_conversation() -> None:
    root = event(wire.activity(room=THREAD, text="<at>Larkspur Help</at> a", entities=[wire.mention()]))
    reply = event(wire.activity(room=THREAD, id="1795262400102", text="b"))
    other = event(wire.activity(room=f"{wire.CHANNEL};messageid=7", text="c"))
    assert root.conv == reply.conv != other.conv
    assert root.thread["conversation"] == THREAD and root.thread["service_url"] == wire.SERVICE


def test_a_post_that_does_not_name_its_thread_is_the_root_of_one() -> None:
    post = wire.activity(
        room=wire.CHANNEL, id="1795262400100", text="<at>Larkspur Help</at> a", entities=[wire.mention()]
    )
    assert event(post).thread["conversation"] == THREAD
    assert event({**post, "id": "9", "replyToId": "1795262400100"}).thread["conversation"] == THREAD


def test_private_and_group_chats_are_conversations_of_their_own() -> None:
    private = event(wire.activity(text="a"))
    group = event(wire.activity(room=GROUP, text="<at>Larkspur Help</at> a", entities=[wire.mention()]))
    assert private.conv != group.conv
    assert (private.thread["kind"], group.thread["kind"]) == ("personal", "groupChat")
    assert private.thread["bot"] == wire.BOT and private.thread["contact"] == wire.ALEX


@pytest.mark.parametrize(
    ("rule", "room", "id", "entities", "is_answered"),
    [
        ("mentions", THREAD, "1", [], False),
        ("threads", THREAD, "1", [], True),
        ("threads", THREAD, "1", [wire.mention("Kim", "29:kim")], False),
        ("threads", THREAD, "1795262400100", [], False),
        ("threads", GROUP, "1", [], False),
        ("all", GROUP, "1", [], True),
        ("all", THREAD, "1795262400100", [], True),
        ("mentions", GROUP, "1", [wire.mention()], True),
        ("mentions", THREAD, "1795262400100", [wire.mention()], True),
    ],
)
def test_who_is_meant_in_a_shared_room(rule: str, room: str, id: str, entities: list[Any], is_answered: bool) -> None:
    body = wire.activity(room=room, id=id, text="Lunch?", entities=entities)
    if is_answered:
        assert event(body, shared_rooms=rule).text == "Lunch?"
    else:
        assert reason(body, shared_rooms=rule) == "not_addressed"


@pytest.mark.parametrize(
    ("typed", "fields", "text"),
    [
        ("<at>Larkspur Help</at> help", {"entities": [wire.mention()]}, "help"),
        ("<at>Larkspur Help</at>&nbsp;help", {"entities": [wire.mention()]}, "help"),
        ("help <at>Larkspur Help</at>", {"entities": [{**wire.mention(), "text": None}]}, "help"),
        (
            '<at id="0">Kim</at> said &lt;b&gt; &amp; left',
            {"entities": [wire.mention("Kim", "29:kim")]},
            "Kim said <b> & left",
        ),
        ("a < b and b > c", {}, "a < b and b > c"),
        ("if x<y then", {}, "if x<y then"),
        ("<p>one</p><p>two<br/>three</p>", {"textFormat": "xml"}, "one\ntwo\nthree"),
        ("a\u0000b\u200b\r\nc", {}, "ab\u200b\nc"),
        ("&amp;lt;", {}, "&lt;"),
        ("one&nbsp;two", {}, "one two"),
        ("https://a.example/?x=1&para=2&copy=3", {}, "https://a.example/?x=1&para=2&copy=3"),
        ("&#8364;5 &euro;5 &#x20AC;5 &#99999999; &nope;", {}, "€5 €5 €5 &#99999999; &nope;"),
        ("&#0;&#55296;x", {}, "\ufffd\ufffdx"),
    ],
)
def test_what_was_typed(typed: str, fields: dict[str, Any], text: str) -> None:
    assert event(wire.activity(text=typed, **fields)).text == text


def test_nothing_typed_is_nothing() -> None:
    html = {"contentType": "text/html", "content": "<p>hidden</p>"}
    assert reason(wire.activity(text=" ", attachments=[html])) == "empty"
    assert reason(wire.activity(text="<at>Larkspur Help</at>", entities=[wire.mention()])) == "empty"


@pytest.mark.parametrize("sender", [{"id": "bot-7", "role": "bot"}, {"id": wire.BOT}, {"id": "28:other"}])
def test_no_bot_is_answered(sender: dict[str, Any]) -> None:
    assert reason(wire.activity(text="a", sender=sender)) == "own_message"


def test_an_emulators_bot_is_known_by_being_the_recipient() -> None:
    body = wire.activity(text="a", sender={"id": "bot-7"}, recipient={"id": "bot-7"})
    assert reason(body) == "own_message"


def test_a_long_text_is_cut() -> None:
    assert len(event(wire.activity(text="x" * 100_000)).text) == 20_000


def test_a_contact_is_known_by_tenant_and_directory_id() -> None:
    contact = event(wire.activity(text="a")).contact
    assert contact is not None and contact.id == f"teams:{wire.TENANT_ID}:{wire.OBJECT_ID}"
    assert (contact.name, contact.locale, contact.verified, contact.email) == ("Alex Morgan", "en-US", False, None)
    guest = event(wire.activity(text="a", sender={"id": "29:guest"})).contact
    assert guest is not None and guest.id == f"teams:{wire.TENANT_ID}:29:guest"


def test_a_redelivery_is_the_same_and_an_edit_each_time_another() -> None:
    body = wire.activity(text="a")
    assert event(body).id == event({**body, "text": "b"}).id
    edits = [event({**body, "type": "messageUpdate", "timestamp": f"2026-11-21T12:00:0{n}Z"}) for n in (1, 1, 2)]
    assert edits[0].id == edits[1].id != edits[2].id
    assert {edit.target for edit in edits} == {event(body).dedupe_key}


def file(**changes: Any) -> dict[str, Any]:
    content = {"downloadUrl": "https://contoso.sharepoint.com/dl?t=1", "uniqueId": "F-1", "fileType": "pdf"}
    kind = "application/vnd.microsoft.teams.file.download.info"
    return {"contentType": kind, "name": "a.pdf", "content": content, **changes}


def test_files_are_named_typed_and_known_again() -> None:
    (one,) = event(wire.activity(text="", attachments=[file()])).attachments
    (again,) = event(
        wire.activity(
            text="", attachments=[file(content={"downloadUrl": "https://x.sharepoint.com/2", "uniqueId": "F-1"})]
        )
    ).attachments
    assert (one.name, one.media_type, one.size_bytes) == ("a.pdf", "application/pdf", 0)
    assert one.id == again.id and one.origin is not None and json.loads(one.origin)["ours"] is False


@pytest.mark.parametrize(
    "odd",
    [
        file(content=None),
        file(content="x"),
        file(content={"downloadUrl": "ftp://x"}),
        file(content={"downloadUrl": 7}),
        {"contentType": "image/png"},
        {"contentType": "image/png", "contentUrl": "data:image/png;base64,AAAA"},
        {"contentType": "application/vnd.microsoft.card.adaptive", "content": {}},
        {"contentType": "messageReference", "content": "{}"},
        {},
    ],
)
def test_what_is_no_file_is_left_out(odd: dict[str, Any]) -> None:
    assert event(wire.activity(text="a", attachments=[odd, file()])).attachments[0].name == "a.pdf"
    assert reason(wire.activity(text="", attachments=[odd])) == "empty"


def test_a_file_is_not_named_by_a_path() -> None:
    names = [
        event(wire.activity(text="", attachments=[file(name=name)])).attachments[0].name
        for name in ("../../a.pdf", "c:\\b.pdf", "", None)
    ]
    assert names == ["a.pdf", "b.pdf", "file", "file"]


@pytest.mark.parametrize(
    "value",
    [
        {"frontdesk": {"rating": 0}},
        {"frontdesk": {"rating": 6}},
        {"frontdesk": {"rating": True}},
        {"frontdesk": {"rating": "5"}},
        {"frontdesk": {"choice": " "}},
        {"frontdesk": {"choice": 7}},
        {"frontdesk": {"person": 1}},
        {"frontdesk": []},
        {},
        [],
        "x",
        7,
    ],
)
def test_a_card_that_is_not_ours_says_nothing(value: Any) -> None:
    assert reason(wire.activity(value=value)) == "unknown_card"
    execute = wire.activity("invoke", name="adaptiveCard/action", value={"action": {"data": value}})
    found = parsed(execute)
    assert found[0] == Ignored("unknown_card") and isinstance(found[1], Respond)
    assert json.loads(found[1].body)["statusCode"] == 200


def test_a_rating_is_answered_by_the_stars() -> None:
    value = {"action": {"type": "Action.Execute", "data": {"frontdesk": {"rating": 2}}}}
    rated, answer = parsed(wire.activity("invoke", name="adaptiveCard/action", value=value))
    assert isinstance(rated, InboundEvent) and rated.kind is EventKind.CONTACT_RATED and rated.rating == 2
    assert isinstance(answer, Respond)
    body = json.loads(answer.body)
    assert body["type"] == "application/vnd.microsoft.card.adaptive" and body["value"]["actions"] == []
    assert body["value"]["body"][0]["text"] == "★★☆☆☆"


def test_a_press_in_a_shared_room_needs_no_mention() -> None:
    body = wire.activity(room=GROUP, text="Yes", value={"frontdesk": {"choice": "Yes"}}, entities=[])
    assert event(body).text == "Yes"


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"actionName": "feedback"},
        {"actionName": "feedback", "actionValue": {"reaction": "meh"}},
        {"actionName": "other", "actionValue": {"reaction": "like"}},
        None,
        "x",
    ],
)
def test_feedback_that_says_nothing_is_answered_all_the_same(value: Any) -> None:
    body = wire.activity("invoke", name="message/submitAction", value=value, replyToId="1")
    assert parsed(body) == (Ignored("unknown_feedback"), Respond(b"{}"))


@pytest.mark.parametrize(
    ("form", "said"),
    [('{"feedbackText": "a\\u0000b"}', "ab"), ("{", ""), ("[1]", ""), (None, ""), ({"feedbackText": "x"}, "x")],
)
def test_the_words_of_feedback(form: Any, said: str) -> None:
    value = {"actionName": "feedback", "actionValue": {"reaction": "like", "feedback": form}}
    found = parsed(wire.activity("invoke", name="message/submitAction", value=value, replyToId="1"))[0]
    assert isinstance(found, Reaction) and (found.rating, found.text) == (5, said)


def test_reactions_that_are_no_verdict_are_counted_not_guessed() -> None:
    body = wire.activity("messageReaction", reactionsAdded=[{"type": "1f440_eyes"}], replyToId="1")
    assert reason(body) == "reaction_without_verdict"
    assert reason(wire.activity("messageReaction", reactionsAdded=[{"type": "like"}])) == "reaction"


def test_the_bot_removed_from_a_team_ends_no_conversation_by_name() -> None:
    body = wire.activity("installationUpdate", room=wire.CHANNEL, action="remove")
    assert reason(body) == "removed_from_room"


@pytest.mark.parametrize("name", ["id", "from", "conversation"])
def test_a_message_that_lacks_what_it_must_have_is_refused(name: str) -> None:
    body = wire.activity(text="a")
    del body[name]
    found: Any = None
    try:
        found = parsed(body)
    except PayloadInvalid as error:
        assert error.field.startswith(f"/{name}")
    else:
        assert found == (Ignored("own_message"),), "a message from nobody is nobody's"


@pytest.mark.parametrize("stamp", ["", "yesterday", "9999-99-99", "0001-01-01T00:00:00+14:00", "2026-11-21"])
def test_an_odd_time_stamp_is_no_reason_to_refuse(stamp: str) -> None:
    at = event(wire.activity(text="a", timestamp=stamp)).provider_at
    assert at.utcoffset() is not None and (at == NOW or at.year == 2026)


KINDS = st.sampled_from(
    [
        "message",
        "messageUpdate",
        "messageDelete",
        "messageReaction",
        "invoke",
        "installationUpdate",
        "conversationUpdate",
        "typing",
        "x",
    ]
)
WORDS = st.text(max_size=20) | st.sampled_from(["28:x", "personal", ";messageid="])
NAMES = st.sampled_from(
    [
        "id",
        "type",
        "text",
        "name",
        "frontdesk",
        "choice",
        "rating",
        "action",
        "data",
        "actionValue",
        "content",
        "mentioned",
        "tenantId",
        "tenant",
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**60) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(
    KINDS,
    st.dictionaries(
        st.sampled_from(
            sorted(
                wire.activity(
                    text="",
                    value=0,
                    attachments=[],
                    replyToId="",
                    name="",
                    action="",
                    membersRemoved=[],
                    reactionsAdded=[],
                )
            )
        ),
        VALUES,
        max_size=5,
    ),
)
def test_whatever_comes_nothing_escapes(kind: str, changes: dict[str, Any]) -> None:
    body = {**wire.activity(kind, text="Hello"), **{name: value for name, value in changes.items() if name != "type"}}
    raw = msgspec.json.encode(body)
    try:
        found = channel().parse(wire.request(raw, "x"))
    except InboundRejected:
        return
    assert found and all(isinstance(item, InboundEvent | Ignored | Respond | Reaction) for item in found)
    for item in found:
        if isinstance(item, InboundEvent) and item.kind is EventKind.MESSAGE:
            assert kind in ("message", "invoke") and (item.text.strip() or item.attachments)


@given(st.binary(max_size=300))
def test_bytes_of_nobody_mean_nothing(raw: bytes) -> None:
    try:
        found = channel().parse(wire.request(raw, "x"))
    except InboundRejected:
        return
    assert all(isinstance(item, Ignored) for item in found)
