"""RT's settings, and what is understood without asking RT."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import PayloadMalformed, SignatureInvalid
from core.inbound import Ignored
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseStatus, CaseTouched
from handoff import DeskContext
from handoff.desks.rt.helpdesk import RtHelpdesk
from handoff.desks.rt.payloads import Linked, PartWire, TransactionWire
from handoff.desks.rt.reading import ago, body_of, key_of, status_of, subject_of, word_of
from handoff.desks.rt.settings import RtSettings
from tests.channels.context import HeldFiles, HeldMemory, NoLive

SETTINGS = {"api_url": "https://rt.example.com/rt/", "user": "frontdesk", "token": "1-28-abc"}
PING = "a long token of the scrip"


def desk(**changes: Any) -> RtHelpdesk:
    context = DeskContext(
        tenant="acme", live=NoLive(), files=HeldFiles(), memory=HeldMemory(), clock=lambda: datetime.now(UTC)
    )
    return RtHelpdesk.build(context, RtSettings.model_validate({**SETTINGS, **changes}))


def ping(body: bytes, token: str | None = PING) -> RawRequest:
    headers = {} if token is None else {"x-frontdesk-token": token}
    return RawRequest(method="POST", path="/", headers=headers, body=body, received_at=datetime.now(UTC))


def test_a_ping_with_the_token_names_a_ticket() -> None:
    rt = desk(webhook_token=PING)
    request = ping(b'{"ticket": 12}')
    rt.verify(request)
    assert rt.parse(request) == (CaseTouched(ref="12"),)
    assert rt.parse(ping(b'{"ticket": "12"}')) == (CaseTouched(ref="12"),)
    for other in (b"{}", b'{"ticket": null}', b'{"ticket": "x"}', b'{"ticket": -1}', b"[]", b"12"):
        assert rt.parse(ping(other)) == (Ignored("no ticket"),)
    with pytest.raises(PayloadMalformed):
        rt.parse(ping(b"{"))


def test_a_ping_without_the_token_is_refused() -> None:
    for rt, token in (
        (desk(webhook_token=PING), "wrong"),
        (desk(webhook_token=PING), None),
        (desk(), PING),
        (desk(), ""),
    ):
        with pytest.raises(SignatureInvalid):
            rt.verify(ping(b'{"ticket": 12}', token))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"api_url": "http://rt.example.com"}, "https"),
        ({"token": None}, "token, or their password"),
        ({"password": "x"}, "not both"),
        ({"webhook_token": "short"}, "16 characters"),
        ({"case_field": "a}'b"}, "case_field"),
        ({"pending_statuses": ["open"]}, "stands in two"),
        ({"open_statuses": []}, "open_statuses"),
        ({"poll_s": 0}, "poll_s"),
        ({"priorities": {"huge": 1}}, "huge"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_wrong_settings_name_the_place(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RtSettings.model_validate({**SETTINGS, **changes})


def test_statuses_of_other_lifecycles_are_named_in_yaml() -> None:
    settings = RtSettings.model_validate(
        {**SETTINGS, "open_statuses": ["In Progress"], "pending_statuses": [], "solved_statuses": ["done"]}
    )
    assert settings.base == "https://rt.example.com/rt"
    assert [status_of(word, settings) for word in ("in progress", "triage", "done")] == [
        CaseStatus.OPEN,
        CaseStatus.OPEN,
        CaseStatus.SOLVED,
    ]
    assert [word_of(status, settings) for status in CaseStatus] == ["in progress", None, "done", "done"]


def test_a_key_is_believed_of_our_own_user_only() -> None:
    subject = subject_of("Ada [x] \u202e\nÖ" + "e" * 200, "c_a#12#0/2")
    assert len(subject) < 110
    told = TransactionWire(id="1", Data=subject + "\n", Creator=Linked(id="frontdesk"))
    assert key_of(told, "frontdesk") == "c_a#12#0/2"
    assert key_of(told, "sue") is None
    assert key_of(TransactionWire(id="1", Data="No Subject", Creator=Linked(id="frontdesk")), "frontdesk") is None


def test_spans_have_no_number_that_rt_takes_for_a_year() -> None:
    for span_s in (0, 1, 59, 999, 1_000, 9_999, 59_941, 86_400 * 40, 86_400 * 4_000):
        count, unit, _ = ago(timedelta(seconds=span_s)).split()
        each_s = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}[unit]
        assert 1 <= int(count) < 1_000
        assert int(count) * each_s >= min(span_s, 999 * 86_400)


def test_the_words_are_html_rather_than_plain_and_never_a_file() -> None:
    parts = [
        PartWire(id="1", ContentType="multipart/mixed"),
        PartWire(id="2", ContentType="text/plain"),
        PartWire(id="3", ContentType="text/html; charset=utf-8"),
        PartWire(id="4", ContentType="text/html", Filename="page.html"),
    ]
    assert body_of(parts) == parts[2]
    assert body_of(parts[:2]) == parts[1]
    assert body_of(parts[3:]) is None


def test_secrets_are_not_shown() -> None:
    shown = repr(RtSettings.model_validate({**SETTINGS, "webhook_token": PING}))
    assert "1-28-abc" not in shown
    assert PING not in json.dumps(shown)
