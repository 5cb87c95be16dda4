"""The documents of the ledger: flat fields that are searched, the rest in a body that ``rows`` encodes.

``conv`` is the shard key and leads every ``_id``.  Nothing here calls the database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.domain import DeliveryState, Head, InboundEvent, Message
from core.identity import head_identity
from gateway.store.documents import Document
from gateway.store.ledger_io import body, place, shard
from gateway.store.rows import (
    OutboxRow,
    Projected,
    decode_commit,
    decode_head,
    decode_message,
    decode_outbox,
    encode_commit,
    encode_event,
    encode_head,
    encode_message,
    encode_outbox,
)
from gateway.store.times import micros

TRACE: Final = "trace"
LAST_STEP: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Key:
    """One conversation of one tenant."""

    tenant: str
    conv: str

    @property
    def shard(self) -> str:
        """The shard key of all its documents."""
        return shard(self.tenant, self.conv)

    def event(self, event_id: str) -> str:
        """The document of an event."""
        return shard(self.tenant, event_id)

    def commit(self, seq: int) -> str:
        """The document of a commit: its insert is the fence."""
        return f"{self.shard}#{seq}"

    def row(self, seq: int, index: int) -> str:
        """The document of a message or an outbox row."""
        return f"{self.shard}#{seq}#{index}"

    def turn(self, turn_id: str) -> str:
        """The document of a turn."""
        return shard(self.tenant, turn_id)

    def step(self, turn_id: str, name: str) -> str:
        """The document of a journal row."""
        return f"{shard(self.tenant, turn_id)}#{name}"


def event_document(event: InboundEvent, *, done: int | None = None) -> Document:
    """An event; ``done`` is the seq of the commit that consumed it."""
    return {
        "_id": Key(event.tenant, event.conv).event(event.id),
        "conv": shard(event.tenant, event.conv),
        "tenant": event.tenant,
        "key": event.dedupe_key,
        "kind": event.kind.value,
        "is_of_contact": event.contact is not None,
        "provider_at": micros(event.provider_at),
        "order_key": event.order_key,
        "received_at": micros(event.received_at),
        "done": done,
        "is_dead": False,
        "body": encode_event(event),
    }


def commit_document(key: Key, projected: Projected, event: InboundEvent | None) -> Document:
    """A commit with everything its projection needs; ``open`` until that is written.

    ``newest`` turns false, and the head is stripped, when the next commit is projected: facts that never turn back, so the
    newest commits are the list of conversations without a second document to keep in step.
    """
    commit = projected.commit
    return {
        "_id": key.commit(commit.seq),
        "conv": key.shard,
        "tenant": key.tenant,
        "seq": commit.seq,
        "nonce": commit.nonce,
        "open": True,
        "newest": True,
        "id": key.conv,
        "owner": commit.head.owner.value,
        "identity": head_identity(commit.head),
        "updated_at": micros(commit.head.updated_at),
        "body": encode_commit(commit, projected.dead_letters),
        "head": encode_head(commit.head),
        "messages": tuple(encode_message(message) for message in projected.messages),
        "outbox": tuple(encode_outbox(row) for row in projected.outbox),
        "event": None if event is None else encode_event(event),
        "trace": projected.trace,
    }


def message_document(key: Key, encoded: bytes) -> Document:
    """A message as it was committed; it never changes."""
    message = decode_message(encoded, None)
    return {
        "_id": key.row(message.seq, message.index),
        "conv": key.shard,
        "tenant": key.tenant,
        "id": message.id,
        "seq": message.seq,
        "place": place(message.seq, message.index),
        "visibility": message.visibility.value,
        "body": encoded,
    }


def outbox_document(key: Key, encoded: bytes) -> Document:
    """An outbox row; ``state``, ``not_before`` and ``shown`` mirror what became of it."""
    row = decode_outbox(encoded)
    return {
        "_id": key.row(row.seq, row.index),
        "conv": key.shard,
        "tenant": key.tenant,
        "to": row.to.value,
        "seq": row.seq,
        "place": place(row.seq, row.index),
        "message_place": None if row.message_index is None else place(row.seq, row.message_index),
        "state": DeliveryState.PENDING.value,
        "not_before": micros(row.not_before),
        "shown": None,
        "body": encoded,
    }


def step_document(key: Key, turn_id: str, name: str, content: bytes, *, n: int, at: datetime) -> Document:
    """A journal row; ``n`` is its place."""
    return {
        "_id": key.step(turn_id, name),
        "conv": key.shard,
        "tenant": key.tenant,
        "turn_id": turn_id,
        "name": name,
        "n": n,
        "recorded_at": micros(at),
        "body": content,
    }


def projection(key: Key, commit: Document) -> tuple[tuple[Document, ...], tuple[Document, ...], tuple[Document, ...]]:
    """Messages, outbox rows and trace that a commit's document asks for."""
    facts = decode_commit(body(commit))
    messages = tuple(message_document(key, m) for m in _bodies(commit, "messages"))
    outbox = tuple(outbox_document(key, r) for r in _bodies(commit, "outbox"))
    trace = commit["trace"]
    if facts.turn_id is None or not isinstance(trace, bytes):
        return messages, outbox, ()
    step = step_document(key, facts.turn_id, TRACE, trace, n=LAST_STEP, at=facts.committed_at)
    return messages, outbox, (step,)


def head_of(commit: Document) -> Head | None:
    """The head a commit carries; None once a newer commit stands."""
    stored = commit["head"]
    return decode_head(stored) if isinstance(stored, bytes) else None


def outbox_row(document: Document) -> OutboxRow:
    """The committed part of an outbox row."""
    return decode_outbox(body(document))


def message_of(document: Document, row: Document | None) -> Message:
    """A message with what its delivery (``row``: its outbox document, None when nothing is sent) made of it.

    A reply that went stale after the contact had read a part of it stays, as far as it was shown.
    """
    if row is None:
        return decode_message(body(document), None)
    state, shown = DeliveryState(str(row["state"])), row["shown"]
    if state is DeliveryState.DRAFT and isinstance(shown, str):
        message = decode_message(body(document), None)
        return replace(message, text=shown, interrupted=True, choices=(), delivery=None)
    return decode_message(body(document), state)


def _bodies(document: Document, field: str) -> tuple[bytes, ...]:
    value = document[field]
    return tuple(item for item in value if isinstance(item, bytes)) if isinstance(value, tuple) else ()
