"""Zammad's webhook, proven and understood."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InboundRejected, PayloadMalformed, SignatureInvalid
from core.inbound import Ignored
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseTouched, EntryMade
from handoff.desks.zammad.hearing import Hearing
from handoff.desks.zammad.settings import ZammadSettings

SETTINGS = {"api_url": "https://zammad.example.com", "token": "t", "webhook_secrets": ["old", "new"]}
OWN = 3
SUE = {"id": 4, "login": "sue", "firstname": "Sue", "lastname": "Jones", "email": "sue@desk.example"}
ARTICLE: dict[str, Any] = {
    "id": 31,
    "ticket_id": 7,
    "sender": "Agent",
    "type": "note",
    "internal": False,
    "body": "It is <b>on its way</b>.",
    "content_type": "text/html",
    "created_by_id": 4,
    "created_by": SUE,
    "created_at": "2026-11-21T10:00:00.000Z",
    "attachments": [{"id": 9, "filename": "a.png", "size": "5", "preferences": {"Content-Type": "image/png"}}],
}
NAMES = st.sampled_from(
    ["ticket", "article", "id", "ticket_id", "note", "created_by", "internal", "attachments", "body"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)
BODIES = st.binary(max_size=200) | VALUES.map(lambda found: json.dumps(found).encode())
TICKET = {"id": 7, "number": "22007", "note": "fd:c_a:1", "state": {"id": 2, "name": "open"}}


def heard(body: bytes, secret: str = "new", **headers: str) -> RawRequest:
    proof = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    given = {"x-hub-signature": f"sha1={proof}", **headers}
    return RawRequest(method="POST", path="/", headers=given, body=body, received_at=datetime.now(UTC))


def pushed(**changes: Any) -> RawRequest:
    return heard(json.dumps({"ticket": TICKET, "article": ARTICLE, **changes}).encode())


@pytest.fixture
def hearing() -> Hearing:
    return Hearing(ZammadSettings.model_validate(SETTINGS))


@pytest.mark.parametrize("secret", ["old", "new"])
def test_a_signature_of_any_secret_proves_the_raw_bytes(hearing: Hearing, secret: str) -> None:
    request = heard(b'{"ticket": {}}', secret)
    hearing.verify(request)
    changed = RawRequest(
        method="POST", path="/", headers=request.headers, body=request.body + b" ", received_at=request.received_at
    )
    with pytest.raises(SignatureInvalid):
        hearing.verify(changed)


@pytest.mark.parametrize("given", ["", "sha1=", "sha256=abc", "sha1=é", "abc"])
def test_other_proofs_are_none(hearing: Hearing, given: str) -> None:
    with pytest.raises(SignatureInvalid):
        hearing.verify(heard(b"{}", **{"x-hub-signature": given}))


def test_an_agents_article_is_whole(hearing: Hearing) -> None:
    made, touched = hearing.parse(pushed(), OWN)
    assert isinstance(made, EntryMade)
    assert touched == CaseTouched(ref="7", key="fd:c_a:1")
    entry = made.entry
    assert (made.ref, entry.id, entry.by, entry.is_public) == ("7", "31", By.AGENT, True)
    assert entry.text == "It is **on its way**."
    assert entry.agent is not None
    assert (entry.agent.id, entry.agent.name) == ("4", "Sue Jones")
    assert [(file.name, file.media_type, file.origin) for file in entry.files] == [("a.png", "image/png", "7/31/9")]


def test_an_internal_note_is_private(hearing: Hearing) -> None:
    made, _ = hearing.parse(pushed(article={**ARTICLE, "internal": True}), OWN)
    assert isinstance(made, EntryMade)
    assert made.entry.is_public is False


@pytest.mark.parametrize(
    "changes",
    [
        {"internal": None},
        {"type": "email"},
        {"type": "phone"},
        {"body": None},
        {"sender": "Customer"},
        {"sender": "System"},
        {"created_by": "sue"},
        {"created_by": {**SUE, "id": 5}},
        {"created_by_id": None},
        {"created_by_id": 1, "created_by": {"id": 1, "login": "-"}},
        {"created_at": ""},
        {"body": "merged", "content_type": "text/plain"},
        {"ticket_id": 8},
        {"attachments": [{"filename": "a.png"}]},
        {"id": "not a number"},
    ],
    ids=str,
)
def test_what_is_not_surely_said_to_the_customer_is_read_back(hearing: Hearing, changes: dict[str, Any]) -> None:
    heard_ = hearing.parse(pushed(article={**ARTICLE, **changes}), OWN)
    assert heard_ == (CaseTouched(ref="7", key="fd:c_a:1"),)


@pytest.mark.parametrize("article", [None, {}])
def test_a_change_without_words_is_read_back(hearing: Hearing, article: Any) -> None:
    assert hearing.parse(pushed(article=article), OWN) == (CaseTouched(ref="7", key="fd:c_a:1"),)


def test_our_own_article_is_ignored_once_we_know_ourselves(hearing: Hearing) -> None:
    ours = {**ARTICLE, "created_by_id": OWN, "created_by": {**SUE, "id": OWN}}
    assert hearing.parse(pushed(article=ours), OWN) == (Ignored("our own article"),)
    assert hearing.parse(pushed(article=ours), None) == (CaseTouched(ref="7", key="fd:c_a:1"),)


def test_other_tickets_are_ignored(hearing: Hearing) -> None:
    for note in (None, "", "somebody's note"):
        assert hearing.parse(pushed(ticket={**TICKET, "note": note}), OWN) == (Ignored("not a case of ours"),)
    assert hearing.parse(pushed(ticket=None), OWN) == (Ignored("no ticket"),)
    unknown = hearing.parse(pushed(ticket={"id": 7}, article=None), OWN)
    assert unknown == (CaseTouched(ref="7", key=None),), "a payload without the attribute is read back"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ticket":', b'{"ticket": 5}', b"\xff\xfe"])
def test_what_is_no_webhook_is_refused_clearly(hearing: Hearing, body: bytes) -> None:
    with pytest.raises(PayloadMalformed, match="no webhook of Zammad"):
        hearing.parse(heard(body), OWN)


@given(BODIES)
def test_anything_is_understood_or_refused(body: bytes) -> None:
    hearing = Hearing(ZammadSettings.model_validate(SETTINGS))
    try:
        assert hearing.parse(heard(body), OWN)
    except InboundRejected as error:
        assert isinstance(error, PayloadMalformed)
