"""Stored shapes survive the round trip, and the projection gives places, ids and first states."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from core import ids
from core.domain import (
    Attachment,
    Citation,
    DeliveryState,
    Destination,
    Handoff,
    HandoffReason,
    Head,
    InboundEvent,
    Message,
    MessageKind,
    Owner,
    Role,
    Visibility,
    Voice,
)
from core.errors import StoreError
from core.identity import LinkRecord
from core.ledger import CommitDraft, CommitKind, MessageDraft, OutboxDraft
from gateway.store import links, rows
from tests.store.sqlite_world import CONV, T0, event

SECRET = "my card is 4111"
FULL_EVENT = replace(
    event(1, payload=b"\x00raw"),
    text=SECRET,
    thread={"channel": "C1", "ts": [1, 2]},
    attachments=(Attachment(id="u1", name="a.png", media_type="image/png", size_bytes=3),),
    rating=4,
)
HANDOFF = Handoff(id="h_1", reason=HandoffReason.ASKED, detail=SECRET, requested_at=T0)
CITATION = Citation(
    number=1, document_id="d", external_id="e", source="s", chunk_id="k", title="T", url=None, heading="H", quote="q"
)


def _head() -> Head:
    contact = replace(FULL_EVENT.contact or pytest.fail("no contact"), name="Ann Example", email="ann@example.org")
    head = replace(Head.first(FULL_EVENT), contact=contact, preview=SECRET, handoff=HANDOFF)
    return replace(head.owned_by(Owner.QUEUE), seq=4, human_stretches=((2, None, "Bo"),))


def _draft() -> CommitDraft:
    return CommitDraft(
        kind=CommitKind.TURN,
        head=_head(),
        consumed=(FULL_EVENT.id,),
        turn_id="t_1",
        trace=b"{}",
        messages=(
            MessageDraft(role=Role.CONTACT, text=SECRET, event_id=FULL_EVENT.id, said_at=T0),
            MessageDraft(role=Role.BOT, text="Here [1].", citations=(CITATION,), choices=("Yes",)),
        ),
        outbox=(
            OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, message=0),
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.BOT, message=1),
            OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, signal="opened"),
        ),
    )


def _projected() -> rows.Projected:
    return rows.project(_draft(), conv=CONV, seq=5, nonce="n", now=T0 + timedelta(minutes=1))


def test_events_and_heads_come_back_as_they_were() -> None:
    assert rows.decode_event(rows.encode_event(FULL_EVENT)) == FULL_EVENT
    assert rows.decode_head(rows.encode_head(_head())) == _head()


def test_a_message_carries_the_newest_state_of_its_delivery() -> None:
    spoken = _projected().messages[1]
    body = rows.encode_message(spoken)
    assert rows.decode_message(body, DeliveryState.PENDING) == spoken
    assert rows.decode_message(body, DeliveryState.SENT) == replace(spoken, delivery=DeliveryState.SENT)
    stale = rows.decode_message(body, DeliveryState.DRAFT)
    assert (stale.kind, stale.visibility, stale.choices) == (MessageKind.DRAFT, Visibility.INTERNAL, ())


def test_outbox_rows_come_back_as_they_were() -> None:
    for row in _projected().outbox:
        assert rows.decode_outbox(rows.encode_outbox(row)) == row


def test_the_projection_gives_ids_places_and_first_states() -> None:
    done = _projected()
    assert [m.id for m in done.messages] == [ids.contact_message_id(FULL_EVENT.id), ids.row_id(CONV, 5, 1)]
    assert [m.position for m in done.messages] == [(5, 0), (5, 1)]
    assert [m.delivery for m in done.messages] == [None, DeliveryState.PENDING]
    assert [m.created_at for m in done.messages] == [T0, T0 + timedelta(minutes=1)]
    assert [(r.message_id, r.message_index) for r in done.outbox] == [
        (done.messages[0].id, 0),
        (done.messages[1].id, 1),
        (None, None),
    ]
    assert {r.owner_epoch for r in done.outbox} == {1}
    assert done.commit.has_outbox == {Destination.CHANNEL, Destination.DESK}
    assert (done.commit.head.seq, done.commit.head.updated_at) == (5, T0 + timedelta(minutes=1))


def test_a_stored_commit_holds_nobodys_words() -> None:
    body = rows.encode_commit(_projected().commit)
    for word in (SECRET, "Ann Example", "ann@example.org", "Here [1]."):
        assert word.encode() not in body


def test_a_commit_is_restored_from_its_facts_and_the_newest_head() -> None:
    done = _projected()
    newest = replace(done.commit.head, seq=9, handoff=None, preview="later")
    row = rows.decode_commit(rows.encode_commit(done.commit, dead_letters=("x",)))
    back = rows.restore_commit(row, newest=newest, messages=done.messages)
    assert row.dead_letters == ("x",)
    assert back == replace(
        done.commit, head=replace(done.commit.head, preview="later", handoff=replace(HANDOFF, detail=""))
    )


def test_a_control_is_consumed_by_its_commit_once() -> None:
    draft = _draft()
    assert rows.consuming(draft, FULL_EVENT) is draft
    assert rows.consuming(draft, None) is draft
    other = event(2)
    assert rows.consuming(draft, other).consumed == (FULL_EVENT.id, other.id)


@pytest.mark.parametrize("body", [b"", b"\xc1", msgspec.msgpack.encode({"t": "event.9"})])
def test_a_damaged_or_newer_row_is_refused(body: bytes) -> None:
    with pytest.raises(StoreError):
        rows.decode_event(body)


def test_the_nouns_are_learned_before_threads_share_them() -> None:
    """Two threads that teach msgspec the same dataclass at once crash the process."""
    assert {decoder.type for decoder in rows.KNOWN} == {InboundEvent, Head, Message}
    assert links.KNOWN.type is LinkRecord
