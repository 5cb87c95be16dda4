"""The log of a conversation: commits, their projection, and the head after the newest one.

Inserting ``(conv, seq)`` is the only step that decides; everything before it may be repeated, everything after it may be done
by anybody.  A commit is inserted only after the one before it was projected, so at most the newest is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from core.domain import Destination, Head, InboundEvent, Message
from core.ledger import Commit, CommitDraft, CommitKind
from core.ports.store import Appended, Build
from gateway.store.documents import Condition, Document, Sort, Value, Where
from gateway.store.ledger_io import SureDocuments, body, number
from gateway.store.ledger_shapes import (
    Key,
    commit_document,
    event_document,
    head_of,
    message_of,
    projection,
)
from gateway.store.rows import consuming, decode_commit, decode_event, project, restore_commit

IN_ORDER: Sort = (("provider_at", 1), ("order_key", 1), ("key", 1))
NEWEST: Sort = (("seq", -1),)
PASSED: Mapping[str, Value] = {"head": None, "newest": False}
TO_CHANNEL: Condition = ("to", "eq", Destination.CHANNEL.value)


class Log:
    """Reads and writes commits; ``clock`` dates them."""

    def __init__(self, documents: SureDocuments, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._clock = clock

    async def newest(self, key: Key) -> Head | None:
        """The head after the newest commit, which is projected first if it is open; None before any commit."""
        while True:
            found = await self._documents.find("commits", key.shard, sort=NEWEST, limit=1)
            if not found:
                return None
            if found[0]["open"]:
                await self.project(key, found[0])
            head = head_of(found[0])
            if head is not None:
                return head

    async def head(self, key: Key, event: InboundEvent | None = None) -> Head | None:
        """The newest head, or the one made from the first event (``event`` counts as stored)."""
        return await self.newest(key) or await self._first(key, event)

    async def _first(self, key: Key, event: InboundEvent | None) -> Head | None:
        where: Where = (("is_of_contact", "eq", True),)
        stored = await self._documents.find("events", key.shard, where=where, sort=IN_ORDER, limit=1)
        events = [decode_event(body(document)) for document in stored]
        if event is not None and event.contact is not None:
            events.append(event)
        return Head.first(min(events, key=lambda e: e.order)) if events else None

    async def append(self, key: Key, *, nonce: str, build: Build, event: InboundEvent | None) -> Appended:
        """Commit what ``build`` makes of the newest head, as often as other writers come first; see the port."""
        while True:
            newest = await self.newest(key)
            known = None if newest is None else await self._known(key, newest, nonce, event)
            if known is not None:
                return known
            head = newest or await self._first(key, event)
            if head is None:
                raise LookupError(key.conv)
            draft = build(head)
            if draft is None:
                return Appended(commit=None)
            written = await self._write(key, head, consuming(draft, event), nonce=nonce, event=event)
            if written is not None:
                return Appended(commit=written)

    async def take_over(self, key: Key, head: Head, holder: str) -> Head | None:
        """Fence the lane's earlier holder off; the head under the new one, None when another writer came first."""
        draft = CommitDraft(kind=CommitKind.TAKEOVER, head=replace(head, holder=holder, term=head.term + 1))
        commit = await self._write(key, head, draft, nonce=f"takeover#{head.term + 1}#{holder}", event=None)
        return None if commit is None else commit.head

    async def _write(
        self, key: Key, head: Head, draft: CommitDraft, *, nonce: str, event: InboundEvent | None
    ) -> Commit | None:
        projected = project(draft, conv=key.conv, seq=head.seq + 1, nonce=nonce, now=self._clock())
        document = commit_document(key, projected, event)
        if not await self._documents.insert_one("commits", document):
            return None
        await self.project(key, document)
        return projected.commit

    async def _known(self, key: Key, newest: Head, nonce: str, event: InboundEvent | None) -> Appended | None:
        """The earlier outcome of the same nonce or the same event."""
        found = await self._documents.find("commits", key.shard, where=(("nonce", "eq", nonce),), limit=1)
        if not found and event is not None:
            stored = await self._documents.get("events", key.shard, key.event(event.id))
            if stored is not None and stored["done"] is not None:
                found = await self._at(key, number(stored, "done"))
        if not found:
            return None
        return Appended(commit=await self._restored(key, newest, found[0]), is_duplicate=True)

    async def _at(self, key: Key, seq: int) -> tuple[Document, ...]:
        found = await self._documents.get("commits", key.shard, key.commit(seq))
        return () if found is None else (found,)

    async def outcome(self, key: Key, event_id: str) -> Commit | None:
        """The commit that consumed an event; None while it is unread.  ``KeyError`` when it was never stored."""
        newest = await self.newest(key)
        stored = await self._documents.get("events", key.shard, key.event(event_id))
        if stored is None:
            raise KeyError(event_id)
        if stored["done"] is None or newest is None:
            return None
        found = await self._at(key, number(stored, "done"))
        return await self._restored(key, newest, found[0]) if found else None

    async def _restored(self, key: Key, newest: Head, commit: Document) -> Commit:
        """An earlier commit with its messages as they stand now."""
        facts = decode_commit(body(commit))
        return restore_commit(facts, newest=newest, messages=await self._messages(key, facts.seq))

    async def _messages(self, key: Key, seq: int) -> tuple[Message, ...]:
        where: Where = (("seq", "eq", seq),)
        stored = await self._documents.find("messages", key.shard, where=where, sort=(("place", 1),))
        rows = await self._documents.find("outbox", key.shard, where=(*where, TO_CHANNEL))
        by_message = {row["message_place"]: row for row in rows}
        return tuple(message_of(document, by_message.get(document["place"])) for document in stored)

    async def project(self, key: Key, commit: Document) -> None:
        """Write what a commit says; idempotent, in any number of hands, also after it was written long ago.

        Only inserts and absolute facts, so that a late hand can undo nothing; ``open`` falls last, in the same write that
        strips the words, which then live only where erasure reaches them.
        """
        messages, outbox, steps = projection(key, commit)
        control = commit["event"]
        if isinstance(control, bytes):
            await self._documents.ensure("events", (event_document(decode_event(control)),))
        await self._documents.ensure("messages", messages)
        await self._documents.ensure("outbox", outbox)
        await self._documents.ensure("steps", steps)
        await self._consume(key, commit)
        await self._close(key, number(commit, "seq"))

    async def _consume(self, key: Key, commit: Document) -> None:
        facts = decode_commit(body(commit))
        dead = frozenset(facts.dead_letters)
        for is_dead in (False, True):
            ids = [key.event(event_id) for event_id in facts.consumed if (event_id in dead) is is_dead]
            changes: dict[str, Value] = {"done": facts.seq, "is_dead": is_dead}
            await self._documents.update_each("events", key.shard, ids, changes=changes)
        if facts.turn_id is not None:
            await self._documents.update("turns", key.shard, key.turn(facts.turn_id), changes={"done": True})

    async def _close(self, key: Key, seq: int) -> None:
        if seq > 1:
            await self._documents.update("commits", key.shard, key.commit(seq - 1), changes=PASSED)
        closed: dict[str, Value] = {"open": False, "messages": (), "outbox": (), "event": None, "trace": None}
        await self._documents.update("commits", key.shard, key.commit(seq), changes=closed)
