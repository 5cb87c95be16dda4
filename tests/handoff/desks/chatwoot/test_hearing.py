"""Chatwoot's webhooks: proven in each mode, and believed only as far as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import PayloadMalformed, SignatureInvalid
from core.inbound import Ignored
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseTouched, EntryMade
from handoff.desks.chatwoot.helpdesk import ChatwootHelpdesk
from tests.handoff.desks.chatwoot.scene import Scene
from tests.handoff.desks.drafted import request

TOKEN = "a-token-nobody-guesses"


def told(**changes: Any) -> dict[str, Any]:
    """A message of an agent, as the documentation shows it."""
    return {
        "event": "message_created",
        "id": 42,
        "content": "Hi, I'm Sue",
        "content_type": "text",
        "content_attributes": {},
        "message_type": "outgoing",
        "private": False,
        "created_at": "2026-11-21T07:00:00Z",
        "source_id": None,
        "sender": {"id": 5, "name": "Sue", "email": "sue@x.example", "type": "user"},
        "account": {"id": 1, "name": "Acme"},
        "inbox": {"id": 3, "name": "Frontdesk"},
        "conversation": {
            "id": 567,
            "inbox_id": 3,
            "status": "open",
            "channel": "Channel::Api",
            "can_reply": True,
            "contact_inbox": {"id": 9, "contact_id": 8, "inbox_id": 3, "source_id": "fd:c_1:1"},
            "meta": {"sender": {"id": 8, "type": "contact"}, "assignee": {"id": 5}},
            "labels": [],
            "custom_attributes": {"frontdesk_case": "fd:c_1:1"},
            "additional_attributes": {},
        },
        "attachments": [
            {"id": 1, "file_type": "image", "data_url": "https://x.example/a/b%20c.png", "file_size": 1000},
            {"id": 2, "file_type": "location", "coordinates_lat": 1.0},
        ],
        **changes,
    }


def arrived(scene: Scene, body: Mapping[str, Any], *, secret: str | None = None) -> RawRequest:
    return request(*scene.lab.call(body, secret=secret))


async def knowing(scene: Scene, **changes: Any) -> ChatwootHelpdesk:
    """A desk that knows its own user already."""
    desk = scene.desk(**changes)
    await desk.create(scene.house.case())
    return desk


def cause(desk: ChatwootHelpdesk, given: RawRequest) -> str:
    with pytest.raises(SignatureInvalid) as refused:
        desk.verify(given)
    return refused.value.cause


async def test_a_signed_call_passes_and_no_other(scene: Scene) -> None:
    desk = scene.desk()
    good = arrived(scene, told())
    desk.verify(good)
    assert cause(desk, replace(good, body=good.body + b" ")) == "secret"
    assert cause(desk, arrived(scene, told(), secret="another")) == "secret"
    assert cause(desk, replace(good, headers={})) == "missing"
    stamped = {**good.headers, "X-Chatwoot-Timestamp": "1700000000"}
    assert cause(desk, replace(good, headers=stamped)) == "secret", "the time is signed too"
    for seconds in (-301, 301):
        assert cause(desk, replace(good, received_at=good.received_at + timedelta(seconds=seconds))) == "skew"


async def test_both_secrets_pass_while_rotating(scene: Scene) -> None:
    desk = scene.desk(webhook_secrets=["the-new-secret", scene.lab.secret])
    desk.verify(arrived(scene, told()))
    desk.verify(arrived(scene, told(), secret="the-new-secret"))


async def test_older_servers_prove_themselves_by_a_token_in_the_address(scene: Scene) -> None:
    scene.lab.signs = False
    desk = scene.desk(verify="token", webhook_token=TOKEN, webhook_secrets=[])
    body, headers = scene.lab.call(told())
    desk.verify(request(body, headers, query=f"?token={TOKEN}"))
    assert cause(desk, request(body, headers)) == "missing"
    assert cause(desk, request(body, headers, query=f"?token={TOKEN}x")) == "secret"


async def test_an_agents_words_come_whole(scene: Scene) -> None:
    desk = await knowing(scene)
    (made,) = desk.parse(arrived(scene, told()))
    assert isinstance(made, EntryMade) and made.ref == "567"
    entry = made.entry
    assert (entry.id, entry.by, entry.is_public, entry.text) == ("42", By.AGENT, True, "Hi, I'm Sue")
    assert entry.agent is not None and (entry.agent.id, entry.agent.name) == ("5", "Sue")
    assert [(file.name, file.media_type, file.size_bytes) for file in entry.files] == [("b c.png", "image/png", 1000)]
    assert entry.at.isoformat() == "2026-11-21T07:00:00+00:00"


async def test_a_private_note_comes_as_private(scene: Scene) -> None:
    desk = await knowing(scene)
    (made,) = desk.parse(arrived(scene, told(private=True)))
    assert isinstance(made, EntryMade) and made.entry.is_public is False


@pytest.mark.parametrize("private", [None, "absent"])
async def test_what_may_be_private_is_not_public(scene: Scene, private: object) -> None:
    desk = await knowing(scene)
    body = told(private=None)
    if private == "absent":
        del body["private"]
    (made,) = desk.parse(arrived(scene, body))
    assert isinstance(made, EntryMade) and made.entry.is_public is None


async def test_an_unsigned_call_or_an_unknown_self_is_only_a_ping(scene: Scene) -> None:
    ping = (CaseTouched(ref="567", key="fd:c_1:1"),)
    assert scene.desk().parse(arrived(scene, told())) == ping, "our own user is not known yet"
    for changes in ({"verify": "token", "webhook_token": TOKEN}, {"verify": "off"}):
        scene.lab.account.conversations.clear()
        assert (await knowing(scene, **changes)).parse(arrived(scene, told())) == ping


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message_type": "incoming", "sender": {"id": 8, "type": "contact"}}, "not an agent"),
        ({"sender": {"id": 7, "type": "agent_bot"}}, "not an agent"),
        ({"sender": {"id": 7, "type": "captain_assistant"}}, "not an agent"),
        ({"sender": None}, "not an agent"),
        ({"message_type": "something new"}, "not an agent"),
        ({"message_type": "activity"}, "chatwoot's own line"),
        ({"message_type": "template"}, "chatwoot's own line"),
        ({"source_id": "frontdesk:c_1#2#0"}, "our own message"),
        ({"sender": {"id": 1, "type": "user", "name": "Frontdesk"}}, "our own message"),
        ({"inbox": {"id": 4}}, "another inbox"),
        ({"account": {"id": 2}}, "another account"),
        ({"event": "conversation_typing_on"}, "typing"),
        ({"event": "conversation_created"}, "our own opening"),
        ({"event": "contact_updated"}, "contact"),
        ({"event": "webwidget_triggered"}, "widget"),
        ({"event": "something_new"}, "unknown event"),
    ],
)
async def test_everything_else_is_ignored_by_its_reason(scene: Scene, changes: dict[str, Any], reason: str) -> None:
    desk = await knowing(scene)
    assert desk.parse(arrived(scene, told(**changes))) == (Ignored(reason),)


async def test_status_and_assignment_are_pings(scene: Scene) -> None:
    ref = await scene.desk().create(scene.house.case())
    await scene.told()
    await scene.lab.assign(int(ref), "sue")
    await scene.lab.status(int(ref), "resolved", agent="sue")
    touched = CaseTouched(ref=ref, key="fd:c_1:1")
    assert await scene.told() == [touched, touched, touched]
    elsewhere = {"event": "conversation_updated", "id": 9, "inbox_id": 8, "status": "open"}
    assert scene.desks[-1].parse(arrived(scene, elsewhere)) == (Ignored("another inbox"),)


async def test_a_deletion_is_told_with_the_message(scene: Scene) -> None:
    ref = await scene.desk().create(scene.house.case())
    number = await scene.lab.reply(int(ref), "17 euros", agent="sue")
    await scene.told()
    await scene.lab.remove(int(ref), number)
    (made,) = await scene.told()
    assert isinstance(made, EntryMade) and made.entry.is_deleted and made.entry.text == ""


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event":', b'{"event": 5}', b"\xff\xfe", b'{"id": 7}'])
async def test_what_is_no_webhook_is_refused_clearly(scene: Scene, body: bytes) -> None:
    with pytest.raises(PayloadMalformed, match="no webhook of Chatwoot"):
        scene.desk().parse(request(body))


async def test_a_message_without_its_facts_is_refused_or_ignored(scene: Scene) -> None:
    desk = await knowing(scene)
    for name in told():
        body = told()
        del body[name]
        try:
            heard = desk.parse(arrived(scene, body))
        except PayloadMalformed:
            assert name in ("event", "id")
            continue
        public = [each for each in heard if isinstance(each, EntryMade) and each.entry.is_public]
        assert name not in ("sender", "private", "message_type", "conversation") or not public
    assert json.loads(arrived(scene, told()).body)["id"] == 42
