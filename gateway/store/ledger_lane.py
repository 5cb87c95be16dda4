"""Lanes of the document ledger: who runs a conversation's turns, and which messages a turn answers.

A lane is free between turns.  Opening a turn takes it: the turn is named after the head's *term*, so the insert of one of
several succeeds.  Its commit ends the term and frees the lane.  When whoever runs a turn is gone (``ledger_leases``), a commit
of kind takeover begins a new term under a new holder; the turn is opened again with the same batch.

So in a term that nobody took over one turn can be committed, in another one those of its holder.  A replica that was frozen
finds, when it wakes, its seq taken and then the term over: it commits nothing, wherever it stood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain import EventKind, Head, InboundEvent
from core.ledger import OpenTurn
from gateway.store.documents import Document, Sort, Where
from gateway.store.ledger_io import SureDocuments, body, number, word, words
from gateway.store.ledger_leases import Leases
from gateway.store.ledger_log import IN_ORDER, Log
from gateway.store.ledger_shapes import Key
from gateway.store.rows import decode_event
from gateway.store.times import micros

UNREAD: Where = (("kind", "eq", EventKind.MESSAGE.value), ("done", "eq", None))
NEWEST_TURN: Sort = (("term", -1), ("n", -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A turn that was opened and not committed: its batch, its tries so far, and who made the last one."""

    document: Document
    events: tuple[Document, ...]
    tries: int
    runner: str


class Lanes:
    """Opens turns."""

    def __init__(self, documents: SureDocuments, log: Log, leases: Leases, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._log = log
        self._leases = leases
        self._clock = clock

    async def unread(self, key: Key) -> tuple[InboundEvent, ...]:
        """Messages that no commit has consumed; a set, never a cursor, since late rows sort earlier."""
        await self._log.newest(key)
        return tuple(decode_event(body(document)) for document in await self._unread(key))

    async def _unread(self, key: Key) -> tuple[Document, ...]:
        return await self._documents.find("events", key.shard, where=UNREAD, sort=IN_ORDER)

    async def open_turn(self, key: Key, holder: str) -> OpenTurn | None:
        """Take the lane and fix the batch of the next turn, or open an unfinished one again; see the port."""
        await self._leases.join(holder)
        while True:
            head = await self._log.head(key)
            if head is None:
                return None
            standing = await self._standing(key)
            unread = () if standing is not None else await self._unread(key)
            if standing is None and not unread:
                return None
            runner = head.holder or (standing.runner if standing is not None else "")
            if runner not in ("", holder):
                if not await self._leases.is_gone(runner):
                    return None
                fenced = await self._log.take_over(key, head, holder)
                if fenced is None:
                    continue
                head = fenced
            head = replace(head, holder=holder)
            opened = await (self._reopen(key, head, standing) if standing else self._open(key, head, unread))
            if opened is not None:
                return opened
            if standing is None and await self._is_spent(key, head):
                await self._log.take_over(key, head, holder)

    async def _standing(self, key: Key) -> Standing | None:
        """The newest unfinished turn; of two that raced for a fresh lane, the one under the higher term."""
        found = await self._documents.find("turns", key.shard, where=(("done", "eq", False),), sort=NEWEST_TURN)
        for turn in found:
            events = await self._batch(key, turn)
            if len(events) < len(words(turn, "batch")) or any(event["done"] is not None for event in events):
                await self._documents.update("turns", key.shard, word(turn, "_id"), changes={"done": True})
                continue
            tries, runner = await self._last_try(key, turn)
            return Standing(document=turn, events=events, tries=tries, runner=runner)
        return None

    async def _last_try(self, key: Key, turn: Document) -> tuple[int, str]:
        where: Where = (("turn", "eq", turn["_id"]),)
        found = await self._documents.find("tries", key.shard, where=where, sort=(("k", -1),), limit=1)
        return (number(found[0], "k"), word(found[0], "holder")) if found else (1, word(turn, "holder"))

    async def _batch(self, key: Key, turn: Document) -> tuple[Document, ...]:
        """The stored events of a turn's batch, in its order; those that retention took are missing."""
        batch = words(turn, "batch")
        found = await self._documents.find("events", key.shard, where=(("_id", "in", batch),))
        events = {event["_id"]: event for event in found}
        return tuple(events[event] for event in batch if event in events)

    async def _open(self, key: Key, head: Head, unread: tuple[Document, ...]) -> OpenTurn | None:
        """A new turn, named after its term so that a term has one; None when somebody else opened it.

        This insert takes the lane.  The term it was read in may be over by now: then the turn cannot be committed.
        """
        turn_id = _turn_id(key, head)
        turn: Document = {
            "_id": key.turn(turn_id),
            "conv": key.shard,
            "tenant": key.tenant,
            "id": turn_id,
            "n": head.seq + 1,
            "term": head.term,
            "holder": head.holder,
            "opened_at": micros(self._clock()),
            "batch": tuple(word(event, "_id") for event in unread),
            "done": False,
        }
        if not await self._documents.insert_one("turns", turn):
            return None
        events = tuple(decode_event(body(event)) for event in unread)
        return OpenTurn(turn_id=turn_id, attempt=1, head=head, events=events)

    async def _is_spent(self, key: Key, head: Head) -> bool:
        """Whether the term's one turn will never be committed: its messages were erased.  A takeover begins the next term.

        Also true when it has been committed since ``head`` was read; then the takeover finds its seq taken.
        """
        turn = await self._documents.get("turns", key.shard, key.turn(_turn_id(key, head)))
        return turn is not None and turn["done"] is True

    async def _reopen(self, key: Key, head: Head, standing: Standing) -> OpenTurn | None:
        """The same batch again; None when somebody else counted the same attempt."""
        turn, attempt = standing.document, standing.tries + 1
        row: Document = {
            "_id": f"{word(turn, '_id')}#{attempt}",
            "conv": key.shard,
            "tenant": key.tenant,
            "turn": turn["_id"],
            "k": attempt,
            "holder": head.holder,
        }
        if not await self._documents.insert_one("tries", row):
            return None
        if turn["holder"] != head.holder:
            await self._documents.update("turns", key.shard, word(turn, "_id"), changes={"holder": head.holder})
        events = tuple(decode_event(body(event)) for event in standing.events)
        return OpenTurn(turn_id=word(turn, "id"), attempt=attempt, head=head, events=events)

    async def turn_events(self, key: Key, turn_id: str) -> tuple[InboundEvent, ...]:
        """The fixed batch of a turn."""
        turn = await self._documents.get("turns", key.shard, key.turn(turn_id))
        if turn is None:
            return ()
        return tuple(decode_event(body(event)) for event in await self._batch(key, turn))


def _turn_id(key: Key, head: Head) -> str:
    return f"{key.conv}#t{head.term}"
