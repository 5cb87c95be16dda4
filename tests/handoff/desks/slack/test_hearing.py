"""What Slack tells the desk: proven, and understood without asking Slack."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from core.errors import PayloadInvalid, PayloadMalformed, SignatureInvalid
from core.inbound import Ignored, Respond
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseAsked, CaseTouched, CaseWish, DeskAgent, Heard
from gateway.lab.slack.events import FORM, JSON, signed
from handoff.desks.slack.cards import Press
from handoff.desks.slack.hearing import Hearing, at_of

SECRET = "s3cr3t"
SUE = DeskAgent(id="U0SUE", name="Sue Jones")
PLACE = {"channel": "C1", "ts": "1795245154.000002"}
ROOT = "1795245154.000001"


class Ear:
    """A hearing that knows Sue, with the presses it kept."""

    def __init__(self) -> None:
        self.presses: list[tuple[str, Press]] = []
        self.hearing = Hearing(
            ["new", SECRET],
            reactions=("eyes", "white_check_mark", None),
            known={"U0SUE": SUE}.get,
            pressed=lambda ref, press: self.presses.append((ref, press)),
        )

    def event(self, **event: Any) -> tuple[Heard, ...]:
        return self.parse(json.dumps({"type": "event_callback", "event": event}).encode())

    def parse(self, body: bytes, content_type: str = JSON) -> tuple[Heard, ...]:
        return self.hearing.parse(request(body, content_type=content_type))


def request(body: bytes, *, secret: str = SECRET, content_type: str = JSON, **changes: str) -> RawRequest:
    headers = {
        **signed(body, content_type, secret),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return RawRequest(method="POST", path="/", headers=headers, body=body, received_at=datetime.now(UTC))


def test_every_valid_secret_proves() -> None:
    ear = Ear()
    ear.hearing.verify(request(b"{}"))
    ear.hearing.verify(request(b"{}", secret="new"))


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"X_Slack_Signature": ""}, "missing"),
        ({"X_Slack_Signature": "v1=00"}, "malformed"),
        ({"X_Slack_Signature": "v0=00"}, "secret"),
        ({"X_Slack_Request_Timestamp": ""}, "missing"),
        ({"X_Slack_Request_Timestamp": "soon"}, "malformed"),
        ({"X_Slack_Request_Timestamp": "1531420618"}, "skew"),
    ],
)
def test_what_is_not_proven_is_refused(changes: dict[str, str], cause: str) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        Ear().hearing.verify(request(b"{}", **changes))
    assert caught.value.cause == cause and SECRET not in caught.value.safe_message


def test_a_changed_body_or_another_secret_is_refused() -> None:
    good = request(b'{"a":1}')
    changed = RawRequest(method="POST", path="/", headers=good.headers, body=b'{"a":2}', received_at=good.received_at)
    for forged in (changed, request(b"{}", secret="another")):
        with pytest.raises(SignatureInvalid):
            Ear().hearing.verify(forged)


def test_the_address_is_proven_to_slack() -> None:
    (heard,) = Ear().parse(b'{"type":"url_verification","challenge":"abc","token":"x"}')
    assert isinstance(heard, Respond) and json.loads(heard.body) == {"challenge": "abc"}


def test_a_message_in_a_thread_touches_its_case() -> None:
    for more in ({}, {"subtype": "file_share"}, {"subtype": "thread_broadcast"}, {"subtype": "me_message"}):
        heard = Ear().event(type="message", user="U0SUE", text="Hi", thread_ts=ROOT, **PLACE, **more)
        assert heard == (CaseTouched(ref=f"C1:{ROOT}"),)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"type": "message", "user": "U0SUE", **PLACE}, "not_in_a_case"),
        ({"type": "message", "user": "U0BOT", "bot_id": "B1", "thread_ts": ROOT, **PLACE}, "bot_message"),
        ({"type": "message", "subtype": "channel_join", "user": "U0SUE", **PLACE}, "slack_channel_join"),
        ({"type": "message", "user": "U0SUE", "ts": "1.1"}, "incomplete_event"),
        ({"type": "reaction_added", "reaction": "tada", "user": "U0SUE", "item": PLACE}, "other_reaction"),
        ({"type": "reaction_added", "reaction": "eyes", "user": "U0SUE"}, "incomplete_event"),
        ({"type": "app_uninstalled"}, "slack_app_uninstalled"),
        ({"type": "channel_created", "channel": {"id": "C9"}}, "slack_channel_created"),
        ({"type": "message", "subtype": "message_changed", "channel": "C1"}, "incomplete_event"),
        ({"type": "bad word!"}, "slack_unknown"),
    ],
)
def test_everything_else_is_ignored_for_a_reason(event: dict[str, Any], reason: str) -> None:
    assert Ear().event(**event) == (Ignored(reason),)


def test_link_previews_and_our_own_changes_are_no_edits() -> None:
    unfurled = {"user": "U0SUE", "text": "https://x.example", "ts": PLACE["ts"], "thread_ts": ROOT}
    ours = {**unfurled, "bot_id": "B1", "edited": {"ts": "9.1"}}
    heard = [Ear().event(type="message", subtype="message_changed", channel="C1", message=m) for m in (unfurled, ours)]
    assert heard == [(Ignored("not_edited"),), (Ignored("bot_message"),)]


def test_an_edit_and_a_deletion_touch_the_case() -> None:
    said = {"user": "U0SUE", "text": "71 euros", "ts": PLACE["ts"], "thread_ts": ROOT}
    edited = Ear().event(
        type="message", subtype="message_changed", channel="C1", message={**said, "edited": {"ts": "9.1"}}
    )
    told = {"type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "1795245170.5"}
    deleted = Ear().event(**told, deleted_ts=PLACE["ts"], previous_message=said)
    assert edited == deleted == (CaseTouched(ref=f"C1:{ROOT}"),)
    ours = {**said, "bot_id": "B1"}
    assert Ear().event(**told, deleted_ts=PLACE["ts"], previous_message=ours) == (Ignored("bot_message"),)


def test_a_deleted_card_touches_its_case() -> None:
    told = {"type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "1795245170.5"}
    card = {"user": "U0BOT", "bot_id": "B1", "ts": ROOT}
    tomb = {"user": "USLACKBOT", "subtype": "tombstone", "ts": ROOT, "thread_ts": ROOT}
    deleted = Ear().event(**told, deleted_ts=ROOT, previous_message=card)
    buried = Ear().event(type="message", subtype="message_changed", channel="C1", message=tomb)
    assert deleted == buried == (CaseTouched(ref=f"C1:{ROOT}"),)


def test_reactions_touch_the_case() -> None:
    for kind in ("reaction_added", "reaction_removed"):
        heard = Ear().event(
            type=kind, reaction="eyes", user="U0SUE", item={"type": "message", "channel": "C1", "ts": ROOT}
        )
        assert heard == (CaseTouched(ref=f"C1:{ROOT}"),)


def press(action: str = "fd_give_back", **changes: Any) -> bytes:
    told: dict[str, Any] = {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U0NEW", "username": "new.agent", "team_id": "T1"},
        "container": {"type": "message", "message_ts": ROOT, "channel_id": "C1"},
        "actions": [{"action_id": action, "action_ts": "1795245155.1"}],
    }
    return urlencode({"payload": json.dumps({**told, **changes})}).encode()


def test_a_button_is_a_wish_that_is_the_same_at_every_delivery() -> None:
    for action, wish in (
        ("fd_claim", CaseWish.CLAIM),
        ("fd_give_back", CaseWish.GIVE_BACK),
        ("fd_resolve", CaseWish.RESOLVE),
    ):
        ear = Ear()
        first, again = ear.parse(press(action), FORM), ear.parse(press(action), FORM)
        asked = CaseAsked(
            ref=f"C1:{ROOT}",
            id=f"C1:{ROOT}:{wish}:U0NEW:1795245155.1",
            wish=wish,
            agent=DeskAgent(id="U0NEW", name="new.agent"),
        )
        assert first == again == (asked, CaseTouched(ref=f"C1:{ROOT}"))
        assert {ref for ref, _ in ear.presses} == {f"C1:{ROOT}"}


def test_a_known_agent_presses_under_their_name() -> None:
    (asked, _) = Ear().parse(press(user={"id": "U0SUE", "username": "sue"}), FORM)
    assert isinstance(asked, CaseAsked) and asked.agent == SUE


def test_presses_of_strangers_and_of_other_buttons_are_ignored() -> None:
    assert Ear().parse(press(user={"id": "U9", "team_id": "T9"}), FORM) == (Ignored("stranger"),)
    assert Ear().parse(press("other"), FORM) == (Ignored("other_action"),)
    assert Ear().parse(press(actions=[]), FORM) == (Ignored("no_action"),)
    assert Ear().parse(press(type="view_submission"), FORM) == (Ignored("slack_view_submission"),)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type":1}', b"\xff"])
def test_a_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        Ear().parse(body)


@pytest.mark.parametrize("body", [b"", b"payload", b"payload=%7B", b"other=1", b"\xff=1"])
def test_a_form_that_is_no_interaction_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        Ear().parse(body, FORM)


def test_a_press_without_a_message_names_its_field() -> None:
    with pytest.raises(PayloadInvalid) as caught:
        Ear().parse(press(container=None), FORM)
    assert caught.value.field == "container"


def test_times_of_messages() -> None:
    at = at_of("1795245154.000001")
    assert at is not None and at - datetime.fromtimestamp(1795245154, UTC) == timedelta(microseconds=1)
    assert [at_of(odd) for odd in ("", "x", "1.x", "-1.0", "²")] == [None] * 5
