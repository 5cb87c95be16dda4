"""What Slack's events mean, and what they do not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.known import MAX_KNOWN, Recent
from adapters.slack.text import plain
from core.domain import EventKind, InboundEvent
from core.errors import InboundRejected, PayloadInvalid, PayloadMalformed
from core.inbound import AccountLost, Elsewhere, Ignored, Parsed, Reaction, Respond
from tests.channels.slack import payloads as wire
from tests.channels.slack.world import NOW, channel, form, heard, parsed, raw
from tests.contracts.channel_fuzz import RUBBISH, mutants

SHARED = Path(os.environ.get("FRONTDESK_SHARED", ".")) / "data" / "webhooks" / "slack"
OTHER = f"{wire.SECOND + 3}.000001"


def reason(item: Parsed) -> str:
    assert isinstance(item, Ignored), item
    return item.reason


def test_direct_messages_are_one_conversation_in_and_out_of_threads() -> None:
    pane, plain_one = heard(wire.dm()), heard(wire.dm(thread_ts=..., ts=OTHER))
    assert pane.conv == plain_one.conv
    assert pane.thread["thread_ts"] == wire.PANE and "thread_ts" not in plain_one.thread
    assert pane.order < plain_one.order
    assert heard(wire.dm(user="U0ANN")).conv != pane.conv


def test_direct_messages_by_thread_are_conversations_of_their_own() -> None:
    by = channel(dm_threads=True)
    root, reply = heard(wire.dm(thread_ts=...), by=by), heard(wire.dm(thread_ts=wire.TS, ts=OTHER), by=by)
    assert root.conv == reply.conv != heard(wire.dm(thread_ts=..., ts=OTHER), by=by).conv
    assert root.thread["thread_ts"] == wire.TS


def test_a_mention_arrives_twice_and_is_one_event() -> None:
    post = wire.in_channel(text="<@U0BOT> help")
    mention = {**post, "type": "app_mention"}
    del mention["channel_type"]
    first, second = heard(post), heard(mention, event_id="Ev2")
    assert first.id == second.id and first.text == second.text == "help"
    assert not first.follows and first.thread["thread_ts"] == wire.TS


def test_in_channels_only_who_addresses_us_is_heard_and_then_their_thread() -> None:
    root = heard(wire.in_channel(text="<@U0BOT> help"))
    reply = heard(wire.in_channel(text="and now?", thread_ts=wire.TS, ts=OTHER))
    assert reply.conv == root.conv and reply.follows
    assert reason(parsed(wire.in_channel(text="lunch?"))) == "not_addressed"
    assert reason(parsed(wire.in_channel(text="lunch?", thread_ts=wire.TS))) == "not_addressed"
    group = wire.in_channel(channel="G1", channel_type="mpim", text="<@U0BOT> hi")
    assert heard(group).conv not in (root.conv, heard(wire.dm()).conv)


@pytest.mark.skipif(not SHARED.exists(), reason="FRONTDESK_SHARED does not lead to recorded payloads")
def test_recorded_payloads() -> None:
    def read(name: str) -> InboundEvent:
        (item,) = channel().parse(raw((SHARED / f"slack-{name}.json").read_bytes()))
        assert isinstance(item, InboundEvent)
        return item

    mention, reply = read("mention"), read("followUp")
    assert (mention.text, mention.follows) == ("Hey", False)
    assert (reply.text, reply.follows) == ("Hi", True)
    assert mention.conv == reply.conv and mention.order < reply.order
    assert mention.contact is not None and mention.contact.id == "slack:T00FAKE00AA:U00FAKEUSER1"


def test_own_words_are_known_without_app_or_bot_id() -> None:
    assert reason(parsed(wire.dm(user=wire.BOT))) == "own_message"
    assert reason(parsed(wire.dm(bot_id="B9", app_id="A9"))) == "other_bot"
    assert reason(parsed(wire.dm(user="USLACKBOT"))) == "other_bot"
    assert reason(parsed(wire.dm(subtype="channel_join"))) == "subtype"
    assert reason(parsed(wire.dm(text=" "))) == "no_text"
    assert reason(parsed(wire.in_channel(text="<@U0BOT>"))) == "no_text"


def test_only_a_contacts_edit_is_one() -> None:
    event = heard(wire.edited())
    assert (event.kind, event.text, event.target) == (EventKind.CONTACT_EDITED, "Where is it?", f"msg:{wire.TS}")
    assert event.conv == heard(wire.dm()).conv
    unfurled = wire.edited(text="same", before="same")
    assert reason(parsed(unfurled)) == "not_an_edit"
    by_slack = wire.edited(message=wire.dm(text="new"))
    assert reason(parsed(by_slack)) == "not_an_edit"
    streamed = wire.edited(
        message=wire.dm(text="new", user=wire.BOT, bot_id=wire.BOT_ID, edited={"user": wire.BOT, "ts": "1.1"})
    )
    assert reason(parsed(streamed)) == "own_message"
    assert reason(parsed(wire.edited(message=...))) == "subtype"


def test_deletions() -> None:
    event = heard(wire.deleted())
    assert (event.kind, event.target) == (EventKind.CONTACT_DELETED, f"msg:{wire.TS}")
    assert event.conv == heard(wire.dm()).conv
    assert reason(parsed(wire.deleted(previous_message=wire.dm(user=wire.BOT, bot_id=wire.BOT_ID)))) == "own_message"
    dead = wire.edited(message={"subtype": "tombstone", "user": "USLACKBOT", "ts": wire.TS, "text": "gone"})
    assert heard({**dead, "previous_message": wire.dm()}).kind is EventKind.CONTACT_DELETED


def test_a_deletion_without_its_author_is_matched_by_the_room_once_that_is_known() -> None:
    by, bare = channel(), wire.deleted(previous_message=...)
    assert reason(parsed(bare, by=by)) == "unknown_author"
    said = heard(wire.dm(), by=by)
    assert heard(bare, by=by).conv == said.conv
    in_thread = wire.deleted(channel=wire.CHANNEL, channel_type="channel", previous_message=...)
    root = heard(wire.in_channel(text="<@U0BOT> hi"))
    assert heard(in_thread).conv == root.conv


@pytest.mark.parametrize(
    ("name", "rating"), [("+1", 5), ("thumbsup::skin-tone-6", 5), ("-1", 1), ("thumbsdown", 1), ("tada", None)]
)
def test_thumbs_are_ratings(name: str, rating: int | None) -> None:
    item = parsed(wire.reaction(name))
    if rating is None:
        assert reason(item) == "reaction"
        return
    assert isinstance(item, Reaction) and item.rating == rating
    assert item.conv == heard(wire.dm()).conv and item.vendor_ref == f"{wire.DM}:{wire.TS}"


def test_a_thumb_in_a_thread_we_do_not_remember_says_where_to_look() -> None:
    there = {"type": "message", "channel": wire.CHANNEL, "ts": wire.TS}
    item = parsed(wire.reaction(item=there))
    assert isinstance(item, Reaction) and item.conv == "" and item.vendor_ref == f"{wire.CHANNEL}:{wire.TS}"
    asked = heard(wire.in_channel(text="<@U0BOT> hi"))
    assert item.sought is not None and asked.contact is not None
    assert item.sought.by == asked.contact.id and item.sought.within == {"channel": asked.thread["channel"]}
    assert item.sought.sent_at == asked.provider_at
    in_dm = parsed(wire.reaction(), by=channel(dm_threads=True))
    assert isinstance(in_dm, Reaction) and in_dm.sought is not None and in_dm.sought.within == {"channel": wire.DM}


def test_reactions_to_others_are_nothing() -> None:
    assert reason(parsed(wire.reaction(item_user="U0ANN"))) == "reaction_to_another"
    assert reason(parsed(wire.reaction(user=wire.BOT))) == "own_message"
    assert reason(parsed(wire.reaction(item={"type": "file", "file": "F1"}))) == "reaction"
    assert reason(parsed({**wire.reaction(), "type": "reaction_removed"})) == "reaction_removed"


def test_files_are_told_by_where_they_are() -> None:
    gone = wire.picture(id="F3", mode="tombstone")
    event = heard(wire.dm(subtype="file_share", text="", files=[wire.picture(), wire.voice(), gone]))
    image, clip = event.attachments
    assert (image.name, image.media_type, image.size_bytes) == ("a.png", "image/png", 12345)
    assert msgspec.json.decode(image.origin or "")["url"].endswith("/download/a.png")
    assert (clip.media_type, clip.transcript) == ("audio/mp4", "Where is my order?")
    assert heard(wire.dm(files=[wire.picture()])).attachments[0].id == image.id
    (hidden,) = heard(wire.dm(files=[{"id": "F9", "file_access": "check_file_info"}])).attachments
    assert msgspec.json.decode(hidden.origin or "")["url"] == ""
    (odd,) = heard(wire.dm(files=[wire.picture(name="../etc/passwd", mimetype="x", size=-4)])).attachments
    assert (odd.name, odd.media_type, odd.size_bytes) == (".. etc passwd", "application/octet-stream", 0)


def test_a_guest_of_another_workspace_is_known_by_their_own() -> None:
    guest = heard(wire.dm(user_team="T0OTHER", team="T0OTHER"), is_ext_shared_channel=True)
    assert guest.contact is not None and guest.contact.id == "slack:T0OTHER:U0KIM"
    auth = {"enterprise_id": "E1", "team_id": wire.TEAM, "user_id": wire.BOT, "is_bot": True}
    member = heard(wire.dm(), enterprise_id="E1", authorizations=[auth])
    assert member.contact is not None and member.contact.id == "slack:E1:U0KIM"


def test_another_workspace_is_elsewhere() -> None:
    by = channel(team_id="T0OTHER")
    assert by.installation == "T0OTHER"
    assert parsed(wire.dm(), by=by) == Elsewhere(wire.TEAM)
    assert form(wire.form(wire.press()), by=by) == (Elsewhere(wire.TEAM),)
    assert form(wire.command(), by=by) == (Elsewhere(wire.TEAM),)
    assert heard(wire.dm(), by=channel(team_id=wire.TEAM)).text
    organisation = [{"enterprise_id": "E0ORG", "team_id": wire.TEAM, "user_id": wire.BOT, "is_bot": True}]
    assert heard(wire.dm(), by=channel(team_id="E0ORG"), authorizations=organisation).text


def test_a_lost_app() -> None:
    assert parsed({"type": "app_uninstalled"}) == AccountLost("app_uninstalled")
    assert parsed({"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}}) == AccountLost("tokens_revoked")
    assert reason(parsed({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})) == "other_tokens_revoked"


def test_what_is_no_event() -> None:
    def read(**payload: Any) -> Parsed:
        (item,) = channel().parse(raw(json.dumps(payload).encode()))
        return item

    assert read(type="url_verification", challenge="x") == Respond(b'{"challenge":"x"}')
    assert reason(read(type="app_rate_limited")) == "app_rate_limited"
    assert reason(read(type="event_callback_2", event={"type": "?"})) == "unknown_type"
    assert reason(parsed({"type": "team_join", "user": {"id": "U1"}})) == "unknown_event"
    assert reason(parsed({"type": "app_home_opened", "user": "U1"})) == "app_home_opened"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (wire.dm(user=...), "/event/user"),
        (wire.dm(channel=...), "/event/channel"),
        (wire.dm(ts=...), "/event/ts"),
        (wire.dm(ts="soon"), "/event/ts"),
        (wire.dm(ts="99999999999.1"), "/event/ts"),
        (wire.dm(ts="1."), "/event/ts"),
        (wire.dm(user={"id": "U1"}), "/event"),
    ],
)
def test_a_wrong_field_is_named(event: dict[str, Any], field: str) -> None:
    with pytest.raises(PayloadInvalid) as refused:
        parsed(event)
    assert refused.value.field == field


@pytest.mark.parametrize("body", [b"", b"[", b"\xff", b'{"type": "event_callback"', b"[" * 50_000])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        channel().parse(raw(body))


@pytest.mark.parametrize("body", [b"payload=%ff", b"&".join(b"a=1" for _ in range(70)), b"payload={"])
def test_what_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        form(body)


def test_presses_say_their_label_once() -> None:
    (event,) = form(wire.form(wire.press()))
    assert isinstance(event, InboundEvent) and event.kind is EventKind.MESSAGE
    assert event.conv == heard(wire.dm()).conv and event.text == "Yes, please"
    (again,) = form(wire.form(wire.press(trigger_id="9")))
    assert isinstance(again, InboundEvent) and again.id == event.id
    (next_one,) = form(wire.form(wire.press(action={"action_ts": f"{wire.SECOND + 11}.1"})))
    assert isinstance(next_one, InboundEvent) and next_one.id != event.id
    (other,) = form(wire.form(wire.press(action={"action_id": "human", "value": "v1"})))
    assert isinstance(other, InboundEvent) and other.text == "Yes, please"


def test_a_press_in_a_channel_goes_to_its_thread() -> None:
    there = {"id": wire.CHANNEL, "name": "general"}
    where = {"type": "message", "message_ts": OTHER, "channel_id": wire.CHANNEL}
    said = {"ts": OTHER, "thread_ts": wire.TS, "text": "?"}
    (event,) = form(wire.form(wire.press(channel=there, container=where, message=said)))
    assert isinstance(event, InboundEvent)
    assert event.conv == heard(wire.in_channel(text="<@U0BOT> help")).conv and not event.follows


@pytest.mark.parametrize("value", ["1", "5"])
def test_stars_are_ratings(value: str) -> None:
    (event,) = form(wire.form(wire.press(action={"action_id": f"csat:{value}", "value": value})))
    assert isinstance(event, InboundEvent)
    assert (event.kind, event.rating, event.text) == (EventKind.CONTACT_RATED, int(value), "")


def test_other_interactions_are_nothing() -> None:
    for other in (
        {"type": "view_submission", "team": 7},
        wire.press(actions=[]),
        wire.press(action={"type": "static_select"}),
        wire.press(container=..., message=...),
    ):
        assert reason(form(wire.form(other))[0]) == "interaction"
    assert form(b"ssl_check=1&token=x") == (Ignored("ssl_check"),)
    with pytest.raises(PayloadInvalid):
        form(b"a=1")


def test_a_command_goes_on_in_the_direct_message() -> None:
    event, answer = form(wire.command())
    assert isinstance(event, InboundEvent) and isinstance(answer, Respond)
    assert (event.kind, event.text) == (EventKind.MESSAGE, "Where is my order?")
    assert event.conv == heard(wire.dm()).conv and event.thread["channel"] == ""
    assert event.provider_at == NOW
    assert json.loads(answer.body)["response_type"] == "ephemeral"


@pytest.mark.parametrize(("command", "text"), [("/human", ""), ("/Human", "please"), ("/ask", "Talk to a person")])
def test_a_command_may_ask_for_a_person(command: str, text: str) -> None:
    event, _ = form(wire.command(command=command, text=text))
    assert isinstance(event, InboundEvent) and event.kind is EventKind.HANDOFF_REQUESTED


def test_an_empty_command_is_told_so() -> None:
    nothing, answer = form(wire.command(text=" "))
    assert reason(nothing) == "no_text" and isinstance(answer, Respond)
    with pytest.raises(PayloadInvalid):
        form(wire.command(user_id=""))


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("a &amp;lt; b &lt;3", "a &lt; b <3"),
        ("<@U0BOT> hi <@U2|ann>", "hi @ann"),
        ("hey <@U2> in <#C1|general>", "hey @U2 in #general"),
        ("<!here> <!subteam^S1|@ops> <!date^1^{date}|today>", "@here @ops today"),
        ("see <https://a.example/x|the rules>", "see the rules (https://a.example/x)"),
        ("<https://a.example> <https://a.example/|a.example>", "https://a.example https://a.example/"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("1 < 2", "1 < 2"),
        ("a\x00b", "ab"),
        ("\u200b \u202e", ""),
    ],
)
def test_slacks_markup_becomes_words(said: str, read: str) -> None:
    assert plain(said, bot="U0BOT") == read


def test_what_is_remembered_is_bounded() -> None:
    recent = Recent()
    for number in range(MAX_KNOWN + 5):
        recent.keep(str(number), "x")
    assert len(recent) == MAX_KNOWN and "0" not in recent


FIXTURES = [wire.dm(files=[wire.voice()]), wire.edited(), wire.deleted(), wire.reaction()]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_mangled_events_are_refused_or_mean_what_they_say(data: st.DataObject) -> None:
    body = data.draw(mutants(wire.body(data.draw(st.sampled_from(FIXTURES))), form=False))
    try:
        items = channel().parse(raw(body))
    except InboundRejected:
        return
    for item in items:
        if isinstance(item, InboundEvent):
            assert item.conv and item.dedupe_key and item.provider_at.tzinfo is not None


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(RUBBISH)
def test_rubbish_is_no_event(body: bytes) -> None:
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        try:
            items = channel().parse(raw(body, content_type=content_type))
        except InboundRejected:
            continue
        assert not [item for item in items if isinstance(item, InboundEvent)]
