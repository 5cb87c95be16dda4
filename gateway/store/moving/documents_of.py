"""What each row of the embedded ledger is in the document ledger.

The two engines keep the same facts in different places.  SQLite writes what became of a delivery into the message; the document
ledger derives it from the outbox row and from ``settled``.  SQLite counts a turn's attempts in its row; the document ledger has
a ``tries`` document.  Turns keep their ids, since claims, journals and messages name them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from core import ids
from core.domain import DeliveryState, Destination, Voice
from core.errors import StoreError
from gateway.store.documents import Document
from gateway.store.ledger_io import conversation_of, shard
from gateway.store.ledger_pruning import FORGOTTEN
from gateway.store.ledger_shapes import (
    Key,
    commit_document,
    event_document,
    message_document,
    outbox_document,
    step_document,
)
from gateway.store.rows import (
    OutboxRow,
    Projected,
    decode_commit,
    decode_event,
    decode_head,
    decode_message,
    encode_outbox,
    restore_commit,
)
from gateway.store.times import moment

Row = tuple[Any, ...]
"""Key columns first, then the columns that ``tables`` names, in its order."""

PENDING: Final = DeliveryState.PENDING.value


def event(row: Row) -> Document:
    """An event; ``done`` and whether it was given up stand in columns of their own."""
    _, done, is_dead, body = row
    return {**event_document(decode_event(body), done=done), "is_dead": bool(is_dead)}


def commit(row: Row) -> Document:
    """A commit that was projected long ago; the newest one carries the head."""
    conv, tenant, seq, body, head = row
    if head is None:
        raise StoreError("its conversation has no head")
    newest, facts = decode_head(head), decode_commit(body)
    is_newest = newest.seq == seq
    projected = Projected(
        commit=restore_commit(facts, newest=newest, messages=()),
        messages=(),
        outbox=(),
        trace=None,
        dead_letters=facts.dead_letters,
    )
    document = commit_document(Key(tenant, conv), projected, None)
    return {**document, "body": body, "open": False, "newest": is_newest, "head": head if is_newest else None}


def message(row: Row) -> Document:
    """A message as it was committed, or as its delivery has changed it for good."""
    conv, tenant, _, _, body = row
    return message_document(Key(tenant, conv), body)


def outbox(row: Row) -> Document:
    """An outbox row, with the state its message has reached since it was sent.

    A row that is settled and has no attempts lost them to retention: reports on it count no more.
    """
    (conv, tenant, seq, index, to, voice, epoch, state, due, message_id, signal, message_index) = row[:12]
    reached, body, is_told, has_attempts = row[12:]
    committed = OutboxRow(
        id=ids.row_id(conv, seq, index),
        tenant=tenant,
        conv=conv,
        seq=seq,
        index=index,
        to=Destination(to),
        voice=Voice(voice),
        owner_epoch=epoch,
        not_before=moment(due),
        message_id=message_id,
        message_index=message_index,
        signal=signal,
    )
    is_reported = to == Destination.CHANNEL and state != PENDING and reached is not None
    document = {
        **outbox_document(Key(tenant, conv), encode_outbox(committed)),
        "state": reached if is_reported else state,
        "shown": _shown(body),
    }
    if is_told:
        document["told"] = True
    if state not in (PENDING, DeliveryState.DRAFT) and not has_attempts:
        document[FORGOTTEN] = True
    return document


def _shown(body: bytes | None) -> str | None:
    """What the contact had read of a reply that went stale; the embedded store has put it into the message."""
    return None if body is None else decode_message(body, None).text


def settled(row: Row) -> Document:
    """The final state of an outbox row, before any report."""
    conv, tenant, seq, index, state, body, settled_at = row
    key = Key(tenant, conv)
    return {
        "_id": key.row(seq, index),
        "conv": key.shard,
        "tenant": tenant,
        "state": state,
        "shown": _shown(body),
        "settled_at": settled_at,
    }


def attempt(row: Row) -> Document:
    """A delivery attempt; one without an outcome is reconciled by whoever goes on."""
    conv, tenant, seq, index, k, holder, started_at, outcome, vendor_ref, error = row
    key = Key(tenant, conv)
    document: dict[str, Any] = {
        "_id": f"{key.row(seq, index)}#{k}",
        "conv": key.shard,
        "tenant": tenant,
        "row": key.row(seq, index),
        "k": k,
        "holder": holder,
        "started_at": started_at,
        "outcome": outcome,
    }
    return document if outcome is None else {**document, "vendor_ref": vendor_ref, "error": error}


def turn(row: Row) -> Document:
    """A turn under its own id, in its conversation."""
    turn_id, tenant, conv, opened_at, done, batch, holder, seq, body = row
    key, head = Key(tenant, conv), None if body is None else decode_head(body)
    newest = 0 if head is None else head.seq
    return {
        "_id": key.turn(turn_id),
        "conv": key.shard,
        "tenant": tenant,
        "id": turn_id,
        "n": newest + 1 if seq is None else seq,
        "term": 0 if head is None else head.term,
        "holder": holder,
        "opened_at": opened_at,
        "batch": tuple(key.event(ids.event_id(conv, k)) for k in msgspec.msgpack.decode(batch, type=list[str])),
        "done": bool(done),
    }


def attempted_again(row: Row) -> Document:
    """The last attempt of a turn that goes on: the next one counts from it."""
    turn_id, tenant, conv, attempt, holder = row
    key = Key(tenant, conv)
    return {
        "_id": f"{key.turn(turn_id)}#{attempt}",
        "conv": key.shard,
        "tenant": tenant,
        "turn": key.turn(turn_id),
        "k": attempt,
        "holder": holder,
    }


def step(row: Row) -> Document:
    """A journal row at its place."""
    turn_id, tenant, name, n, recorded_at, body, conv = row
    return step_document(_of_turn(tenant, conv, turn_id), turn_id, name, body, n=n, at=moment(recorded_at))


def preview(row: Row) -> Document:
    """What was shown of a reply."""
    turn_id, tenant, shown, vendor_ref, conv = row
    key = _of_turn(tenant, conv, turn_id)
    return {
        "_id": key.turn(turn_id),
        "conv": key.shard,
        "tenant": tenant,
        "shown": shown,
        "vendor_ref": vendor_ref,
    }


def _of_turn(tenant: str, conv: str | None, turn_id: str) -> Key:
    """Where a turn is written; a turn that is not known is looked for under its own name."""
    return Key(tenant, conversation_of(turn_id) if conv is None else conv)


def ref(row: Row) -> Document:
    """A vendor's id."""
    conv, tenant, ref, seq, index = row
    key = Key(tenant, conv)
    return {"_id": f"{key.shard}|{ref}", "conv": key.shard, "tenant": tenant, "ref": ref, "row": key.row(seq, index)}


def receipt(row: Row) -> Document:
    """A vendor's report."""
    conv, tenant, ref, state, error, recorded_at = row
    place = shard(tenant, conv)
    return {
        "_id": f"{place}|{ref}#{state}",
        "conv": place,
        "tenant": tenant,
        "ref": ref,
        "ref_id": f"{place}|{ref}",
        "state": state,
        "error": error,
        "recorded_at": recorded_at,
    }


def claim(row: Row) -> Document:
    """A claim under its key."""
    tenant, key, value, day = row
    id = shard(tenant, key)
    return {"_id": id, "conv": id, "tenant": tenant, "value": value, "day": day}


def feedback(row: Row) -> Document:
    """Feedback as it stands."""
    conv, tenant, id, given_at, body = row
    place = shard(tenant, conv)
    return {"_id": f"{place}|{id}", "conv": place, "tenant": tenant, "id": id, "given_at": given_at, "body": body}


def upload(row: Row) -> Document:
    """An upload under its own id."""
    id, tenant, conv, uploaded_at, body = row
    place = shard(tenant, id)
    return {"_id": place, "conv": place, "tenant": tenant, "of": conv, "uploaded_at": uploaded_at, "body": body}


def link(row: Row) -> Document:
    """An entry of an identity's record."""
    identity, tenant, n, body = row
    place = shard(tenant, identity)
    return {"_id": f"{place}#{n}", "conv": place, "tenant": tenant, "n": n, "body": body}


def person(row: Row) -> Document:
    """That an identity was ever linked with a person."""
    tenant, person, identity = row
    place = shard(tenant, person)
    return {"_id": f"{place}|{identity}", "conv": place, "tenant": tenant, "identity": identity}
