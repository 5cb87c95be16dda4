"""Where an undelivered message goes, decided without any store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core import errors
from core.domain import Contact, Handoff, HandoffReason, Head, Message, MessageKind, Owner, Role, Visibility
from core.notices import Notices
from core.undelivered import BECAUSE, MOVABLE, Candidate, choose, copied, copy_of, is_movable, is_reachable, noted

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY_S = 86_400


HANDOFF = Handoff(id="h_1", reason=HandoffReason.ASKED, detail="", requested_at=NOW)


def head(conv: str = "c_1", *, wrote: float | None = 0, owner: Owner = Owner.BOT) -> Head:
    """A conversation whose contact wrote ``wrote`` minutes ago."""
    at = None if wrote is None else NOW - timedelta(minutes=wrote)
    return Head(
        tenant="acme",
        conv=conv,
        account="a",
        contact=Contact(id="x"),
        thread={},
        created_at=NOW,
        updated_at=NOW,
        contact_at=at,
        owner=owner,
    )


def candidate(
    conv: str = "c_1",
    *,
    kind: str = "whatsapp",
    wrote: float | None = 0,
    window_s: int | None = DAY_S,
    parked: bool = False,
) -> Candidate:
    return Candidate(head=head(conv, wrote=wrote), kind=kind, reply_window_s=window_s, is_parked=parked)


def said(role: Role = Role.BOT, *, event_id: str | None = None) -> Message:
    return Message(
        id="c_9#1#1",
        conv="c_9",
        seq=1,
        index=1,
        episode=1,
        role=role,
        kind=MessageKind.TEXT,
        visibility=Visibility.CONTACT,
        text="Thirty days.",
        created_at=NOW,
        author="Sam" if role is Role.AGENT else None,
        event_id=event_id,
    )


@pytest.mark.parametrize(
    ("other", "reachable"),
    [
        (candidate(wrote=1), True),
        (candidate(wrote=24 * 60 - 6), True),
        (candidate(wrote=24 * 60 - 5), False),
        (candidate(wrote=None), False),
        (candidate(parked=True), False),
        (candidate(kind="telegram", wrote=99_999, window_s=None), True),
        (candidate(kind="web", wrote=59, window_s=None), True),
        (candidate(kind="web", wrote=60, window_s=None), False),
    ],
)
def test_reachable_is_what_would_be_taken_now(other: Candidate, reachable: bool) -> None:
    assert is_reachable(other, now=NOW) is reachable


def test_the_newest_usable_chat_is_chosen_and_a_page_only_as_the_last() -> None:
    page = candidate("c_web", kind="web", wrote=1, window_s=None)
    old, new = candidate("c_old", wrote=90), candidate("c_new", wrote=30)
    shut = candidate("c_shut", wrote=2_000)
    assert choose((page, old, new, shut), now=NOW) == new
    assert choose((page, shut), now=NOW) == page
    assert choose((shut,), now=NOW) is None
    assert choose((), now=NOW) is None


def test_only_somebodys_words_that_certainly_did_not_arrive_are_moved() -> None:
    assert is_movable(said(), "window_closed")
    assert is_movable(said(Role.AGENT), "contact_gone")
    assert not is_movable(said(Role.SYSTEM), "window_closed")
    for uncertain in ("outcome_unknown", "throttled", "provider_unavailable", "credentials_invalid", "internal", None):
        assert not is_movable(said(), uncertain)
    draft = copied(head(), said(Role.AGENT), asked_on="whatsapp")
    assert not is_movable(replace(said(Role.AGENT), event_id=draft.messages[0].event_id), "window_closed")


def test_a_copy_names_its_origin_and_the_channel_it_comes_from() -> None:
    first, note = copied(head(), said(Role.AGENT), asked_on="whatsapp").messages
    assert copy_of(replace(said(), event_id=first.event_id)) == "c_9#1#1"
    assert copy_of(said(event_id="c_1|k1")) is None
    assert first.text.startswith("Sam answered you in your WhatsApp chat")
    assert first.text.endswith("Thirty days.")
    assert note.visibility is Visibility.INTERNAL


def test_every_way_a_delivery_can_fail_has_plain_words() -> None:
    codes = {
        error.code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.DeliveryError) and error is not errors.DeliveryError
    }
    of_desks = {errors.CaseClosed.code, errors.CaseGone.code}
    assert codes - of_desks | {"internal"} == set(BECAUSE)
    assert codes >= MOVABLE


@pytest.mark.parametrize(
    ("owner", "by_bot", "queues", "after"),
    [
        (Owner.BOT, True, True, Owner.QUEUE),
        (Owner.BOT, True, False, Owner.BOT),
        (Owner.BOT, False, True, Owner.BOT),
        (Owner.QUEUE, True, True, Owner.QUEUE),
        (Owner.HUMAN, True, True, Owner.HUMAN),
        (Owner.NONE, True, True, Owner.NONE),
    ],
)
def test_an_unheard_answer_of_the_bot_brings_a_person_in(
    owner: Owner, by_bot: bool, queues: bool, after: Owner
) -> None:
    has_case = owner in (Owner.QUEUE, Owner.HUMAN)
    before = replace(head(owner=owner), handoff=HANDOFF if has_case else None)
    draft = noted(before, "note", by_bot=by_bot, queues=queues, notices=Notices(), now=NOW)
    assert draft.head.owner is after
    assert [message.visibility for message in draft.messages] == [Visibility.INTERNAL]
    assert all(row.to == "desk" for row in draft.outbox)
    assert any(row.signal == "opened" for row in draft.outbox) is (owner is Owner.BOT and after is Owner.QUEUE)
    assert any(row.message == 0 for row in draft.outbox) is (after in (Owner.QUEUE, Owner.HUMAN))
