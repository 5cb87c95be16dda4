"""The ownership table where nobody is there: going on with the assistant, and time-outs in the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain import Contact, Destination, EventKind, HandoffReason, Head, InboundEvent, Owner, Role, Status
from core.ledger import CommitDraft
from core.notices import DEFAULT_NOTICES, Notices
from core.ownership import decide, hand_over, waiting_round
from core.staffing import OPEN, Staffing

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
AWAY = Staffing(is_open=False, asked_at=NOW)


def head(**fields: Any) -> Head:
    values: dict[str, Any] = {
        "tenant": "t", "conv": "c", "account": "a", "contact": Contact(id="x"), "thread": {}, "created_at": NOW,
        "updated_at": NOW, "seq": 3, "language": "en", "unresolved_turns": 2,
    }  # fmt: skip
    return Head(**{**values, **fields})


def event(kind: EventKind, **fields: Any) -> InboundEvent:
    values: dict[str, Any] = {
        "tenant": "t", "account": "a", "conv": "c", "dedupe_key": "k", "kind": kind, "contact": Contact(id="x"),
        "provider_at": NOW, "received_at": NOW + timedelta(minutes=9),
    }  # fmt: skip
    return InboundEvent(**{**values, **fields})


def queued(staffing: Staffing = OPEN, **fields: Any) -> Head:
    return hand_over(
        head(**fields), HandoffReason.ASKED, "asked", notices=Notices(), now=NOW, staffing=staffing
    ).head  # fmt: skip


def did(before: Head, made: InboundEvent) -> CommitDraft:
    return decide(before, made, notices=Notices())


def went_on(before: Head) -> CommitDraft:
    return did(before, event(EventKind.CONTACT_WENT_ON, text="Go on with the assistant"))


def timed_out(before: Head, *, to: str | None = None) -> CommitDraft:
    assert before.handoff is not None
    return did(before, event(EventKind.QUEUE_TIMED_OUT, contact=None, reason=to, target=waiting_round(before.handoff)))


def rows(draft: CommitDraft, to: Destination) -> list[tuple[int | None, str | None]]:
    return [(row.message, row.signal) for row in draft.outbox if row.to is to]


@pytest.mark.parametrize(("staffing", "choices"), [(OPEN, ()), (AWAY, (DEFAULT_NOTICES["go_on"],))])
def test_the_assistant_is_offered_only_while_nobody_is_there(staffing: Staffing, choices: tuple[str, ...]) -> None:
    made = hand_over(head(), HandoffReason.ASKED, "", notices=Notices(), now=NOW, staffing=staffing)
    assert [message.choices for message in made.messages] == [choices]
    assert made.head.owner is Owner.QUEUE


def test_going_on_gives_the_contact_the_bot_and_keeps_the_case() -> None:
    before = queued(AWAY)
    draft = went_on(before)
    assert (draft.head.status, draft.head.owner) == (Status.ESCALATED, Owner.BOT)
    assert draft.head.handoff == before.handoff
    assert draft.head.owner_epoch == before.owner_epoch + 1
    assert draft.head.unresolved_turns == 0
    assert [message.role for message in draft.messages] == [Role.CONTACT, Role.SYSTEM]
    assert rows(draft, Destination.CHANNEL) == [(1, None)]
    assert rows(draft, Destination.DESK) == [(0, None), (1, None)]


def test_pressing_twice_changes_the_owner_once_and_is_answered() -> None:
    once = went_on(queued(AWAY)).head
    twice = went_on(once)
    assert (twice.head.owner, twice.head.owner_epoch) == (Owner.BOT, once.owner_epoch)
    assert len(rows(twice, Destination.CHANNEL)) == 1


def test_an_agent_who_answers_takes_over_from_the_bot_again() -> None:
    with_bot = went_on(queued(AWAY)).head
    for kind in (EventKind.AGENT_REPLIED, EventKind.AGENT_CLAIMED):
        taken = did(with_bot, event(kind, agent="Sam", text="Hello", contact=None)).head
        assert (taken.status, taken.owner, taken.agent) == (Status.ESCALATED, Owner.HUMAN, "Sam")
        assert taken.handoff == with_bot.handoff


def test_a_person_who_is_there_already_is_not_sent_away() -> None:
    human = did(queued(AWAY), event(EventKind.AGENT_CLAIMED, agent="Sam", contact=None)).head
    draft = went_on(human)
    assert draft.head.owner is Owner.HUMAN
    assert draft.head.owner_epoch == human.owner_epoch
    assert rows(draft, Destination.CHANNEL) == []
    assert rows(draft, Destination.DESK) == [(0, None)]


def test_asking_again_queues_again_under_the_same_handoff_in_a_new_round() -> None:
    first = queued(AWAY)
    again = did(went_on(first).head, event(EventKind.HANDOFF_REQUESTED)).head
    assert first.handoff is not None
    assert again.handoff is not None
    assert again.owner is Owner.QUEUE
    assert again.handoff.id == first.handoff.id
    assert (first.handoff.round, again.handoff.round) == (0, 1)
    assert again.handoff.requested_at > first.handoff.requested_at


@pytest.mark.parametrize(("to", "key"), [("second", "rerouted"), (None, "still_waiting")])
def test_a_time_out_tells_the_truth_and_has_the_case_routed_again(to: str | None, key: str) -> None:
    before = queued()
    draft = timed_out(before, to=to)
    assert [message.text for message in draft.messages] == [DEFAULT_NOTICES[key]]
    assert rows(draft, Destination.CHANNEL) == [(0, None)]
    assert rows(draft, Destination.DESK) == [(0, "rerouted")]
    assert before.handoff is not None
    assert draft.head == replace(
        before,
        handoff=replace(before.handoff, round=1, timeouts=1, queued_at=NOW + timedelta(minutes=9)),
    )


def test_a_time_out_that_comes_too_late_changes_nothing() -> None:
    before = queued()
    assert before.handoff is not None
    late = event(EventKind.QUEUE_TIMED_OUT, contact=None, target=waiting_round(before.handoff))
    taken = did(before, event(EventKind.AGENT_CLAIMED, agent="Sam", contact=None)).head
    for later in (taken, went_on(before).head, timed_out(before).head, head()):
        draft = did(later, late)
        assert draft.head == later
        assert (draft.messages, draft.outbox) == ((), ())
        assert draft.consumed == (late.id,)


def test_people_give_back_a_case_whose_contact_went_on_with_the_bot() -> None:
    waiting = went_on(queued(AWAY)).head
    assert (waiting.owner, waiting.status) == (Owner.BOT, Status.ESCALATED)
    given = did(waiting, event(EventKind.AGENT_GAVE_BACK, agent="Sam"))
    assert (given.head.owner, given.head.status, given.head.handoff) == (Owner.BOT, Status.ACTIVE, None)
    assert [row.signal for row in given.outbox if row.to is Destination.DESK] == ["given_back"]
    assert did(given.head, event(EventKind.AGENT_GAVE_BACK, agent="Sam")).messages == ()
