"""The document ledger after a crash at every single write, and what its documents hold when all is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypeVar

import pytest

from core.domain import Audience, EventKind, Message
from core.errors import StoreUnavailable
from gateway.store.documents import AnswerLost, Document
from gateway.store.ledger import DocumentStore, DocumentTenant
from gateway.store.ledger_shapes import Key
from tests.contracts.fake_documents import Crash, FakeDocuments, Fate, Server, drive
from tests.contracts.rigs import LEASE_S, Monotonic, Pair, document_rig
from tests.contracts.words import (
    CHANNEL,
    CONV,
    DESK,
    TENANT,
    Clock,
    Numbers,
    act,
    answer,
    commit_turn,
    control,
    deliver_all,
    message,
    open_turn,
    replying,
)

T = TypeVar("T")
KEY = Key(TENANT, CONV)
SECRET = "her secret"


class Story:
    """A whole conversation on a database that kills its user at the n-th write, once; whoever was killed is restarted."""

    def __init__(self, fate: Fate, fatal_write: int) -> None:
        self.server, self.clock, self.monotonic, self.new_id = Server(), Clock(), Monotonic(), Numbers()
        self._fate, self._left, self.crashes = fate, fatal_write, 0
        self.store = self._process()

    def _process(self) -> DocumentStore:
        self.holder = self.new_id("w")
        documents = FakeDocuments(self.server, fates=self._next_fate)
        return DocumentStore(documents, clock=self.clock, monotonic=self.monotonic, new_id=self.new_id, lease_s=LEASE_S)

    def _next_fate(self) -> Fate:
        self._left -= 1
        return self._fate if self._left == 0 else Fate.APPLY

    def surely(self, step: Callable[[DocumentTenant], Awaitable[T]]) -> T:
        """Do a step, after a crash again in the next process."""
        while True:
            try:
                done: T = drive(step(self.store.for_tenant(TENANT)))
            except Crash:
                self.crashes += 1
                self.store = self._process()
            else:
                return done

    async def turn(self, store: DocumentTenant) -> None:
        """Answer whatever is unread, as a lane does, also after the lane's earlier holder died."""
        while await store.unread(CONV):
            opened = await store.open_turn(CONV, self.holder)
            self.monotonic.let_lease_pass()
            if opened is not None:
                await commit_turn(store, opened, replying())

    async def deliver(self, store: DocumentTenant) -> None:
        """Deliver all, also what the earlier process had begun."""
        for to in (CHANNEL, DESK):
            while [w for w, line, _ in await self.store.system.undelivered(after=None, limit=9) if line is to]:
                await deliver_all(store, to, holder=self.holder)
                self.monotonic.let_lease_pass()

    def tell(self) -> tuple[Any, ...]:
        """Play it to the end; what everybody sees then."""
        for step in self._steps():
            self.surely(step)
        logs = [self.surely(lambda store, a=a: store.transcript(CONV, audience=a)) for a in Audience]  # type: ignore[misc]
        head = self.surely(lambda store: store.head(CONV))
        assert head is not None
        counts = self.surely(lambda store: store.counts())
        return [[_said(m) for m in log] for log in logs], head.owner, head.owner_epoch, head.status, counts

    def _steps(self) -> tuple[Callable[[DocumentTenant], Awaitable[object]], ...]:
        return (
            lambda store: store.accept([message("a"), message("b", second=1)]),
            self.turn,
            self.deliver,
            lambda store: act(store, control(EventKind.HANDOFF_REQUESTED, "h")),
            lambda store: store.accept([message("c", second=2)]),
            self.turn,
            lambda store: act(store, control(EventKind.AGENT_REPLIED, "r", text="hello")),
            self.deliver,
            lambda store: act(store, control(EventKind.AGENT_RESOLVED, "done")),
            self.deliver,
        )


def _said(message: Message) -> tuple[object, ...]:
    """What a reader sees of a message; its seq differs by the takeovers that a crash brings."""
    return message.text, message.kind, message.visibility, message.delivery, message.event_id


@pytest.mark.parametrize("fate", [Fate.CRASH_BEFORE, Fate.CRASH_AFTER, Fate.LOSE_BEFORE, Fate.LOSE_AFTER, Fate.TWICE])
def test_a_fault_at_any_write_changes_nothing_that_anybody_sees(fate: Fate) -> None:
    untouched = Story(Fate.APPLY, 0)
    expected = untouched.tell()
    for n in range(1, untouched.server.writes + 1):
        story = Story(fate, n)
        assert story.tell() == expected, f"{fate} at write {n}"
        assert story.crashes == (fate in (Fate.CRASH_BEFORE, Fate.CRASH_AFTER))


async def test_projected_commits_hold_no_words() -> None:
    pair = Pair()
    for n in range(2):
        await pair.one.accept([message(f"m{n}", text=SECRET, second=n)])
        await commit_turn(pair.one, await open_turn(pair.one), replying(SECRET))
    await act(pair.one, control(EventKind.AGENT_REPLIED, "r", text=SECRET))
    await act(pair.one, control(EventKind.AGENT_NOTED, "n", text="the newest commit"))
    commits = list(pair.server.shard("commits", KEY.shard).values())
    for document in commits[:-1]:
        assert SECRET not in repr(document)
        assert document["head"] is None
    assert [document["newest"] for document in commits] == [False, False, False, True]
    assert SECRET in repr(pair.server.documents("messages"))


async def test_every_document_leads_with_its_shard_key() -> None:
    pair = Pair()
    await answer(pair.one, "a")
    await act(pair.one, control(EventKind.HANDOFF_REQUESTED, "h"))
    await deliver_all(pair.one)
    await pair.one.claim("k", "v")
    for collection, shards in pair.server.collections.items():
        for conv, stored in shards.items():
            for id, document in stored.items():
                assert (document["conv"], document["_id"]) == (conv, id), collection
                assert id.startswith(conv), collection


async def test_an_open_commit_is_finished_by_a_sweep_after_two_seconds() -> None:
    pair = Pair()
    await answer(pair.one, "a")
    (commit,) = pair.server.shard("commits", KEY.shard).values()
    commit["open"] = True
    found = []
    for seconds in (0, 1.9, 0.2, 5):
        pair.monotonic.now += seconds
        found.append(await pair.first.sweeps.sweep())
    assert found == [0, 0, 1, 0]
    assert commit["open"] is False


class Remembering(FakeDocuments):
    """A database that remembers every commit as it was inserted, open and whole."""

    commits: ClassVar[list[Document]] = []

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        if collection == "commits":
            self.commits.extend(dict(document) for document in documents)
        return await super().insert_many(collection, documents)


async def test_a_late_projection_brings_nothing_back() -> None:
    """A hand that read each commit while it was open, and writes long after everybody else."""
    Remembering.commits.clear()
    pair = Pair(documents=Remembering)
    await answer(pair.one, "a")
    await act(pair.one, control(EventKind.AGENT_CLAIMED, "claim"))
    await deliver_all(pair.one)
    before = [await pair.one.transcript(CONV, audience=a) for a in Audience]
    head, counts = await pair.one.head(CONV), await pair.one.counts()
    assert len(Remembering.commits) == 2
    for commit in Remembering.commits:
        await pair.second.log.project(KEY, commit)
    assert [await pair.one.transcript(CONV, audience=a) for a in Audience] == before
    assert (await pair.one.head(CONV), await pair.one.counts()) == (head, counts)
    assert await pair.one.conversations() == (head,)
    assert await pair.one.next_delivery(CONV, CHANNEL, "w1") is None


class Mute(FakeDocuments):
    """A database that never answers a write."""

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        raise AnswerLost("never")


async def test_a_database_that_never_answers_is_unavailable() -> None:
    rig = document_rig(documents=Mute)
    with pytest.raises(StoreUnavailable):
        await rig.acme.accept([message("a")])
    with pytest.raises(StoreUnavailable):
        await rig.store.check()


@pytest.mark.parametrize("name", ["", "a b", "a!b", "a\u0000b", " "])
def test_a_tenants_name_cannot_reach_into_another(name: str) -> None:
    with pytest.raises(ValueError, match="tenant"):
        document_rig().store.for_tenant(name)
