"""The channel contract of the web account: verify, parse, send, preview."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.web import plugin
from adapters.web.channel import WebChannel
from adapters.web.render import Links, cite, parse_position, position
from adapters.web.settings import WebSettings, webhook_key
from adapters.web.signature import sign
from adapters.web.tokens import Session
from core import ids
from core.domain import Contact, EventKind, Head, InboundEvent
from core.errors import PayloadInvalid, PayloadMalformed, SignatureInvalid
from core.inbound import Ignored
from core.ports.channel import RawRequest
from tests.channels.context import channel_context
from tests.web.world import citation

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


class Told:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str, Mapping[str, object]]] = []

    def publish(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        self.events.append((tenant, conv, kind, data))


def channel(told: Told | None = None, **settings: Any) -> WebChannel:
    model = WebSettings.model_validate({"webhook_secrets": [SECRET], **settings})
    made = plugin.build(channel_context(account="demo-web", tenant="demo", live=told or Told()), model)
    assert isinstance(made, WebChannel)
    return made


def payload(**changes: Any) -> dict[str, Any]:
    plain = {
        "type": "message",
        "thread": "order-7",
        "id": "m-1",
        "sent_at": NOW.isoformat(),
        "sequence": 3,
        "text": "Where is it?",
        "contact": {"id": "u-1", "name": "Kim", "customer_account": "A-1"},
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


def request(body: bytes, *, key: bytes | None = None, at: datetime = NOW) -> RawRequest:
    stamp = int(at.timestamp())
    signature = sign(key or webhook_key(SECRET), message_id="w-1", timestamp=stamp, body=body)
    headers = {"webhook-id": "w-1", "webhook-timestamp": str(stamp), "webhook-signature": signature}
    return RawRequest(method="POST", path="/webhooks/demo-web", headers=headers, body=body, received_at=NOW)


def parsed(**changes: Any) -> InboundEvent:
    (event,) = channel().parse(request(json.dumps(payload(**changes)).encode()))
    assert isinstance(event, InboundEvent)
    return event


def test_a_signed_message_becomes_an_event() -> None:
    raw = request(json.dumps(payload()).encode())
    channel().verify(raw)
    event = parsed()
    assert event.conv == ids.conversation_id("demo", "demo-web", "thread:order-7")
    assert (event.kind, event.text, event.provider_at) == (EventKind.MESSAGE, "Where is it?", NOW)
    assert event.contact == Contact(id="contact:u-1", name="Kim", customer_account="A-1", verified=True)
    assert event.payload == raw.body


def test_redelivery_gives_the_same_event_and_order_follows_the_sender() -> None:
    assert parsed().id == parsed(sent_at=(NOW + timedelta(seconds=1)).isoformat()).id
    assert parsed(sequence=9, id="m-0").order < parsed(sequence=10, id="m-9").order
    assert parsed(thread="other").conv != parsed().conv


def test_bad_stale_and_unsigned_requests_are_refused() -> None:
    body = json.dumps(payload()).encode()
    for bad in (request(body, key=b"x" * 32), request(body, at=NOW - timedelta(minutes=6))):
        with pytest.raises(SignatureInvalid):
            channel().verify(bad)
    with pytest.raises(SignatureInvalid):
        channel(webhook_secrets=[]).verify(request(body))


def test_an_unknown_type_is_ignored() -> None:
    assert channel().parse(request(b'{"type": "read", "anything": 1}')) == (Ignored("unknown_type"),)


@pytest.mark.parametrize(
    "body", [b"", b"[", b'{"type": "message"', b'{"type": "message", "text": "\xff"}', b"[" * 100_000]
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        channel().parse(request(body))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": None}, "/text"),
        ({"text": 7}, "/text"),
        ({"text": "\u200b"}, "/text"),
        ({"text": "x" * 4_001}, "/text"),
        ({"nope": 1}, "/nope"),
        ({"contact": {"id": ""}}, "/contact/id"),
        ({"contact": {"id": "a", "x/y": 1}}, "/contact/x~1y"),
        ({"sent_at": "yesterday"}, "/sent_at"),
        ({"sent_at": "2026-11-21T12:00:00"}, "/sent_at"),
        ({"sent_at": (NOW + timedelta(hours=2)).isoformat()}, "/sent_at"),
        ({"sequence": -1}, "/sequence"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(PayloadInvalid) as refused:
        channel().parse(
            request(json.dumps(payload(**changes)).encode() if None not in changes.values() else _without(changes))
        )
    assert refused.value.field == field


def _without(changes: dict[str, Any]) -> bytes:
    return json.dumps({key: value for key, value in payload().items() if key not in changes}).encode()


async def test_a_preview_is_told_as_the_text_so_far() -> None:
    told = Told()
    head = Head(
        tenant="demo",
        conv="c_1",
        account="demo-web",
        contact=Contact(id="v"),
        thread={},
        created_at=NOW,
        updated_at=NOW,
    )
    await channel(told).preview(head, "t_1", "Hello **you**", ref=None)
    ((tenant, conv, kind, data),) = told.events
    assert (tenant, conv, kind, data["turn_id"], data["text"]) == ("demo", "c_1", "delta", "t_1", "Hello **you**")


def test_what_a_visitor_says_keeps_its_order_of_arrival() -> None:
    made = channel()
    session = Session(tenant="demo", account="demo-web", visitor="v", conv="c", login="s", expires_at=NOW)
    first, second = (made.said(session, key=key, text="hi", now=NOW, field="/text") for key in ("z", "a"))
    assert first.order < second.order and first.id != second.id
    assert made.said(session, key="z", text="hi", now=NOW, field="/text").id == first.id


def test_the_secret_is_never_shown() -> None:
    made = WebSettings.model_validate({"webhook_secrets": [SECRET]})
    assert SECRET not in repr(made) and SECRET not in made.model_dump_json()


@pytest.mark.parametrize(
    "origin", ["*", "shop.example", "https://a.example/path", "javascript:alert(1)", "https://u@a.example"]
)
def test_what_is_no_origin_is_refused_at_start(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        WebSettings.model_validate({"allowed_origins": [origin]})


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "data:text/html,x", "/relative", " https://a.example"]
)
def test_a_source_never_leads_to_where_no_browser_should_go(url: str | None) -> None:
    links = Links(document=lambda document_id: f"/kb/articles/{document_id}", upload=lambda item: item.id)
    assert cite(citation(url=url), links).url.startswith("/kb/articles/d_")
    assert cite(citation(url="https://a.example/b"), links).url == "https://a.example/b"


def test_positions() -> None:
    assert parse_position(position((12, 1))) == (12, 1)
    for bad in ("", "1", "1.", ".1", "-1.0", "1.x", "1.2.3", "٣.1", "9" * 30 + ".1"):
        assert parse_position(bad) is None
