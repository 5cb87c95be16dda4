"""Webhooks: who may call, and which case is read then."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import PayloadInvalid, PayloadMalformed, SignatureInvalid
from core.inbound import Ignored
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseTouched, Heard
from gateway.lab.desks.zendesk import ZendeskLab
from gateway.lab.desks.zendesk.hooks import Call
from gateway.lab.vendor import Delivered, Hook
from handoff.desks.zendesk import proof
from handoff.desks.zendesk.helpdesk import Zendesk
from handoff.desks.zendesk.settings import PUBLIC_TEST_SECRET, ZendeskSettings
from tests.handoff.desks.zendesk.conftest import Account

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SETTINGS = ZendeskSettings.model_validate(
    {"subdomain": "acme", "client_id": "c", "client_secret": "s", "signing_secrets": ["old secret", "new secret"]}
)


def request(body: bytes, *, secret: str = "new secret", at: datetime = NOW, **headers: str | None) -> RawRequest:
    """Signed by hand, from the documentation's words."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    given: dict[str, str | None] = {
        "x-zendesk-webhook-signature": base64.b64encode(digest).decode(),
        "x-zendesk-webhook-signature-timestamp": stamp,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    kept = {name: value for name, value in given.items() if value is not None}
    return RawRequest(method="POST", path="/webhooks/desk/acme", headers=kept, body=body, received_at=NOW)


def event(**detail: Any) -> bytes:
    about = {"id": "35436", "actor_id": "8447", "external_id": "fd:c_1:1", "tags": ["frontdesk"], **detail}
    kind = about.pop("type", "zen:event-type:ticket.comment_added")
    return json.dumps({"type": kind, "id": "e1", "detail": about, "event": {"comment": {"body": "hi"}}}).encode()


@pytest.mark.parametrize("secret", ["old secret", "new secret"])
def test_each_configured_secret_proves(secret: str) -> None:
    proof.verify(SETTINGS, request(event(), secret=secret))
    proof.verify(SETTINGS, request(b"", secret=secret))


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (request(event(), secret="another"), "secret"),
        (request(event(), secret=PUBLIC_TEST_SECRET), "secret"),
        (request(event(), x_zendesk_webhook_signature=None), "missing"),
        (request(event(), x_zendesk_webhook_signature_timestamp=None), "missing"),
        (request(event(), x_zendesk_webhook_signature="é"), "secret"),
        (request(event(), x_zendesk_webhook_signature_timestamp="yesterday"), "malformed"),
        (request(event(), at=NOW - timedelta(minutes=6)), "skew"),
        (request(event(), at=NOW + timedelta(minutes=6)), "skew"),
    ],
)
def test_what_is_not_proven_is_refused(made: RawRequest, cause: str) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        proof.verify(SETTINGS, made)
    assert refused.value.cause == cause
    assert "secret" not in refused.value.safe_message.replace("test secret", "")


def test_another_body_or_time_under_the_same_signature_is_refused() -> None:
    made = request(event())
    later = (NOW + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    changed = request(event(), x_zendesk_webhook_signature_timestamp=later)
    for forged in (RawRequest(method="POST", path="/", headers=made.headers, body=b"{}", received_at=NOW), changed):
        with pytest.raises(SignatureInvalid):
            proof.verify(SETTINGS, forged)


def test_without_secrets_nothing_is_believed() -> None:
    bare = SETTINGS.model_copy(update={"signing_secrets": []})
    with pytest.raises(SignatureInvalid):
        proof.verify(bare, request(event(), secret=""))


@pytest.mark.parametrize(
    ("body", "heard"),
    [
        (event(), CaseTouched(ref="35436", key="fd:c_1:1")),
        (event(type="zen:event-type:ticket.status_changed"), CaseTouched(ref="35436", key="fd:c_1:1")),
        (event(type="zen:event-type:ticket.something_new"), CaseTouched(ref="35436", key="fd:c_1:1")),
        (event(external_id=None), CaseTouched(ref="35436")),
        (event(external_id=None, tags=None), CaseTouched(ref="35436")),
        (event(external_id=None, tags=["other"]), Ignored("not_our_ticket")),
        (event(external_id="crm-1"), Ignored("not_our_ticket")),
        (event(actor_id="9001"), Ignored("own_action")),
        (event(type="zen:event-type:user.created"), Ignored("not_a_ticket")),
        (event(type="zen:event-type:messaging_ticket.message_added"), Ignored("not_a_ticket")),
        (b'{"ticket_id": "77"}', CaseTouched(ref="77")),
        (b'{"ticket_id": 77}', CaseTouched(ref="77")),
        (b"", Ignored("empty")),
    ],
)
def test_an_event_is_a_ping(body: bytes, heard: Heard) -> None:
    assert proof.parse(SETTINGS, request(body), own_id=9001) == (heard,)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"not json", PayloadMalformed),
        (b"[]", PayloadInvalid),
        (b"{}", PayloadInvalid),
        (b'{"ticket_id": "../1"}', PayloadInvalid),
        (b'{"type": "zen:event-type:ticket.created"}', PayloadInvalid),
        (event(id="1/../2"), PayloadInvalid),
        (event(id=None), PayloadInvalid),
        (event(id="9" * 30), PayloadInvalid),
    ],
)
def test_what_cannot_be_read_says_where(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        proof.parse(SETTINGS, request(body), own_id=None)


class Ear(Hook):
    """Takes the stand-in's calls."""

    def __init__(self) -> None:
        super().__init__("https://frontdesk.example/")
        self.heard: list[tuple[bytes, dict[str, str]]] = []
        self.status = 200

    async def post(self, body: bytes, headers: Any) -> Delivered:
        self.heard.append((body, dict(headers)))
        return Delivered(self.status, b"")


async def test_the_stand_ins_calls_prove_themselves_and_name_their_case(account: Account, desk: Zendesk) -> None:
    ear = Ear()
    account.lab.poster.hook = ear
    account.lab.hook.url = ear.url
    ref = await desk.create(account.case())
    await account.lab.say(ref, "Hello", is_public=True)
    heard: list[Heard] = []
    for body, headers in ear.heard:
        made = RawRequest(method="POST", path="/", headers=headers, body=body, received_at=account.clock())
        desk.verify(made)
        heard += desk.parse(made)
    assert CaseTouched(ref=ref, key="fd:c_1:1") in heard
    await desk.entries(ref)
    assert desk.parse(RawRequest(method="POST", path="/", headers={}, body=ear.heard[0][0], received_at=NOW)) == (
        Ignored("own_action"),
    )


async def test_a_refused_call_is_made_three_times_with_the_same_name() -> None:
    ear = Ear()
    ear.status = 503
    lab = ZendeskLab(hook=ear)
    lab.poster.put(Call("01X", b"{}"))
    await lab.poster.settled()
    assert [headers["X-Zendesk-Webhook-Invocation-Id"] for _, headers in ear.heard] == ["01X"] * 3
    await lab.close()
