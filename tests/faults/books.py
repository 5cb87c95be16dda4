"""What stands in a ledger's file once nobody serves it: read by plain SQL, so that no rule of the store hides a mistake."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymongo

from core.domain import DeliveryState, Message, MessageKind, Owner, Role, Visibility
from core.ledger import CommitKind
from evals.serving import Served
from gateway.store.rows import decode_commit, decode_message
from gateway.store.shapes import CommitRow


@dataclass(frozen=True, slots=True)
class Books:
    """Every commit, message and event of a ledger."""

    commits: list[CommitRow] = field(default_factory=list)
    messages: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, int | None] = field(default_factory=dict)
    pending: int = 0
    dead: int = 0

    def turns(self, conv: str) -> list[CommitRow]:
        """The turns of a conversation, in order."""
        return [row for row in self.commits if row.conv == conv and row.kind is CommitKind.TURN]

    def check(self) -> None:
        """What holds in every ledger that has come to rest."""
        assert self.pending == 0, "everything is delivered"
        assert None not in self.events.values(), "everything is consumed"
        consumed = Counter(event for row in self.commits for event in row.consumed)
        assert set(consumed.values()) <= {1}, "by one turn each"
        assert consumed.keys() == self.events.keys()
        for conv, messages in self.messages.items():
            self._check_conversation(conv, messages)

    def _check_conversation(self, conv: str, messages: list[Message]) -> None:
        of_events = Counter(message.event_id for message in messages if message.role is Role.CONTACT)
        assert set(of_events.values()) <= {1}, "every message stands once"
        rows = [row for row in self.commits if row.conv == conv]
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        turns = Counter(row.nonce for row in rows)
        assert set(turns.values()) <= {1}, "no turn is committed twice"
        is_bots = True
        for row in self.turns(conv):
            said = [m for m in shown(messages) if m.seq == row.seq and m.role is not Role.CONTACT]
            went_to_people = any(later.owner is not Owner.BOT for later in rows if later.seq > row.seq)
            # Written by the bot, and people took over before it was sent: they have it as a draft.
            is_draft = went_to_people and any(m.seq == row.seq and m.kind is MessageKind.DRAFT for m in messages)
            assert bool(said) == is_bots or (is_bots and is_draft), "answered, or handed over; then relayed only"
            may_say_why = [Role.BOT, Role.SYSTEM] if row.owner is not Owner.BOT else []
            assert len(said) <= 1 or [m.role for m in said] == may_say_why, (
                "once; what cannot be looked up is said first"
            )
            for message in said:
                # Seen before it was sent, and then people took over: what was seen stays, and is not said again.
                was_overtaken = message.interrupted and went_to_people
                assert message.delivery is DeliveryState.SENT or was_overtaken
            is_bots = row.owner is Owner.BOT


def shown(messages: list[Message]) -> list[Message]:
    """Those that the contact may see: no drafts, no notes."""
    return [message for message in messages if message.visibility is Visibility.CONTACT]


def books_of(served: Served) -> Books:
    """The ledger of a company."""
    return read_books(served.folder / "var" / "frontdesk.sqlite3")


def read_books(path: Path) -> Books:
    """Read a ledger at rest, which may be open elsewhere."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        books = Books(
            commits=[decode_commit(body) for (body,) in db.execute("select body from commits order by conv, seq")],
            events={f"{c}|{k}": n for c, k, n in db.execute("select conv, key, done from events where kind='message'")},
            pending=db.execute("select count(*) from outbox where state = 'pending'").fetchone()[0],
            dead=db.execute("select count(*) from dead_letters").fetchone()[0],
        )
        rows = db.execute("select conv, delivery, body from messages order by conv, seq, idx")
        for conv, delivery, body in rows:
            message = decode_message(body, delivery=None if delivery is None else DeliveryState(delivery))
            books.messages[conv].append(message)
        return books


def read_mongodb(address: str) -> Books:
    """The same from a database of documents, read without the store."""
    with pymongo.MongoClient[dict[str, Any]](address) as client:
        db = client.get_default_database()
        commits = sorted((decode_commit(row["body"]) for row in db["commits"].find()), key=lambda c: (c.conv, c.seq))
        events = [row for row in db["events"].find() if row["kind"] == "message"]
        books = Books(
            commits=commits,
            events={row["_id"].partition("!")[2]: row["done"] for row in events},
            pending=sum(row["state"] == "pending" for row in db["outbox"].find()),
            dead=sum(row["is_dead"] for row in events),
        )
        states = {(row["conv"], row["message_place"]): row["state"] for row in db["outbox"].find({"to": "channel"})}
        for row in sorted(db["messages"].find(), key=lambda row: row["place"]):
            state = states.get((row["conv"], row["place"]))
            message = decode_message(row["body"], delivery=None if state is None else DeliveryState(state))
            books.messages[row["conv"].partition("!")[2]].append(message)
        return books
