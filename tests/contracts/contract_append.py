"""StoreContract: commits."""

from __future__ import annotations

import asyncio

import pytest

from core.domain import Audience, DeliveryState, Destination, EventKind, Head, Owner, Role, Visibility
from core.ids import contact_message_id
from core.ledger import Commit, CommitDraft
from core.ports.store import Appended
from tests.contracts.words import (
    CONV,
    Rig,
    act,
    answer,
    commit_turn,
    control,
    message,
    note_draft,
    open_turn,
    replying,
    say,
    texts,
)


class Watcher:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.settlements: list[tuple[str | None, DeliveryState]] = []

    def committed(self, tenant: str, commit: Commit) -> None:
        self.commits.append(commit)

    def settled(self, tenant: str, conv: str, message_id: str | None, state: DeliveryState) -> None:
        self.settlements.append((message_id, state))


class AppendContract:
    """A commit is all or nothing, once per nonce, and always on the newest head."""

    async def test_a_commit_holds_what_was_built(self, rig: Rig) -> None:
        commit = await answer(rig.acme, "a", "forty-two")
        assert (commit.seq, commit.head.seq, commit.consumed) == (1, 1, (message("a").id,))
        assert texts(commit.messages) == ["message a", "forty-two"]
        assert commit.has_outbox == {Destination.CHANNEL}
        assert commit.head == await rig.acme.head(CONV)
        assert await rig.acme.transcript(CONV, audience=Audience.DESK) == commit.messages

    async def test_message_ids_follow_the_rules(self, rig: Rig) -> None:
        commit = await answer(rig.acme, "a")
        assert [m.id for m in commit.messages] == [contact_message_id(message("a").id), f"{CONV}#1#1"]
        assert [m.position for m in commit.messages] == [(1, 0), (1, 1)]
        found = [await rig.acme.message(m.id) for m in commit.messages]
        assert tuple(found) == commit.messages

    async def test_seqs_are_contiguous_and_dates_are_the_clocks(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        rig.clock.advance(seconds=90)
        second = await say(rig.acme, "n1")
        third = await say(rig.acme, "n2")
        assert (second.seq, third.seq) == (2, 3)
        assert second.committed_at == second.head.updated_at == rig.clock.now

    async def test_the_same_nonce_commits_once(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        first = await say(rig.acme, "n1", "first")
        await say(rig.acme, "n2", "between")
        again = await rig.acme.append(CONV, nonce="n1", build=lambda head: note_draft(head, "again"))
        assert again.is_duplicate
        assert again.commit is not None
        assert (again.commit.seq, again.commit.messages) == (first.seq, first.messages)
        head = await rig.acme.head(CONV)
        assert head is not None
        assert head.seq == 3

    async def test_the_same_nonce_at_once_commits_once(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        both = await asyncio.gather(*(say(store, "n1") for store in (rig.acme, rig.other)))
        assert {commit.seq for commit in both} == {2}

    async def test_sixteen_writers_of_one_seq_have_one_winner(self, rig: Rig) -> None:
        await answer(rig.acme, "a")

        def only_on_first(head: Head) -> CommitDraft | None:
            return note_draft(head) if head.seq == 1 else None

        stores = [rig.acme, rig.other] * 8
        found = await asyncio.gather(
            *(store.append(CONV, nonce=f"n{n}", build=only_on_first) for n, store in enumerate(stores))
        )
        assert [a.commit.seq for a in found if a.commit is not None] == [2]

    async def test_sixteen_writers_that_insist_all_commit_in_a_row(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        commits = await asyncio.gather(*(say(store, f"n{n}") for n, store in enumerate([rig.acme, rig.other] * 8)))
        assert sorted(commit.seq for commit in commits) == list(range(2, 18))
        assert len({m.id for c in commits for m in c.messages}) == 16

    async def test_a_control_in_between_makes_the_builder_see_the_newer_head(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = await open_turn(rig.acme)
        claimed = await act(rig.other, control(EventKind.AGENT_CLAIMED, "claim"))
        committed = await commit_turn(rig.acme, turn, replying())
        assert claimed.commit is not None
        assert committed.commit is not None
        assert committed.commit.seq == claimed.commit.seq + 1
        assert committed.commit.head.owner is Owner.HUMAN
        reply = committed.commit.messages[-1]
        assert (reply.role, reply.visibility) == (Role.BOT, Visibility.INTERNAL)

    async def test_a_builder_may_decline(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        before = await rig.acme.head(CONV)
        event = control(EventKind.AGENT_NOTED, "n", text="never")
        declined = await rig.acme.append(CONV, nonce=event.id, event=event, build=lambda head: None)
        assert (declined.commit, declined.is_duplicate) == (None, False)
        assert await rig.acme.head(CONV) == before
        with pytest.raises(KeyError):
            await rig.acme.outcome(event.id)

    async def test_a_declined_nonce_may_commit_later(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await rig.acme.append(CONV, nonce="n", build=lambda head: None)
        assert (await say(rig.acme, "n")).seq == 2

    async def test_a_raising_builder_changes_nothing(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        before = await rig.acme.head(CONV)
        event = control(EventKind.AGENT_REPLIED, "r", text="hello")

        def fail(head: Head) -> CommitDraft | None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await rig.acme.append(CONV, nonce=event.id, event=event, build=fail)
        assert await rig.acme.head(CONV) == before
        with pytest.raises(KeyError):
            await rig.acme.outcome(event.id)
        assert (await act(rig.acme, event)).is_duplicate is False

    async def test_a_redelivered_control_happens_once(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        event = control(EventKind.AGENT_REPLIED, "r", text="hello")
        first = await act(rig.acme, event)
        await act(rig.acme, control(EventKind.AGENT_NOTED, "n", text="later"))
        again = await rig.acme.append(CONV, nonce="another nonce", event=event, build=note_draft)
        assert (first.is_duplicate, again.is_duplicate) == (False, True)
        assert first.commit is not None
        assert again.commit is not None
        assert again.commit.seq == first.commit.seq
        said = await rig.acme.transcript(CONV, audience=Audience.DESK)
        assert [m.text for m in said if m.role is Role.AGENT] == ["hello", "later"]

    async def test_a_control_redelivered_at_once_happens_once(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        event = control(EventKind.AGENT_REPLIED, "r", text="hello")

        async def deliver(nonce: int, store: Rig) -> Appended:
            tenant = store.acme if nonce % 2 else store.other
            return await tenant.append(CONV, nonce=f"n{nonce}", event=event, build=note_draft)

        found = await asyncio.gather(*(deliver(nonce, rig) for nonce in range(8)))
        assert [a.is_duplicate for a in found].count(False) == 1
        assert {a.commit.seq for a in found if a.commit is not None} == {2}

    async def test_a_control_is_consumed_by_its_commit(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        event = control(EventKind.AGENT_NOTED, "n", text="careful")
        committed = await rig.acme.append(CONV, nonce="n", event=event, build=note_draft)
        assert committed.commit is not None
        assert committed.commit.consumed == (event.id,)
        found = await rig.acme.outcome(event.id)
        assert found is not None
        assert found.seq == committed.commit.seq

    async def test_a_contacts_message_is_no_control(self, rig: Rig) -> None:
        with pytest.raises(ValueError, match="control"):
            await rig.acme.append(CONV, nonce="n", event=message("a"), build=note_draft)

    async def test_a_control_of_an_unknown_conversation_is_a_lookup_error(self, rig: Rig) -> None:
        with pytest.raises(LookupError):
            await act(rig.acme, control(EventKind.AGENT_CLAIMED, "claim"))
        with pytest.raises(LookupError):
            await rig.acme.append(CONV, nonce="n", build=note_draft)
        assert await rig.acme.head(CONV) is None

    async def test_the_outcome_of_an_event_is_its_commit(self, rig: Rig) -> None:
        await rig.acme.accept([message("a"), message("b", second=1)])
        assert await rig.acme.outcome(message("a").id) is None
        appended = await commit_turn(rig.acme, await open_turn(rig.acme), replying("both"))
        await say(rig.acme, "later")
        for key in ("a", "b"):
            found = await rig.acme.outcome(message(key).id)
            assert found is not None
            assert appended.commit is not None
            assert (found.seq, found.turn_id, found.consumed, found.messages) == (
                appended.commit.seq,
                appended.commit.turn_id,
                appended.commit.consumed,
                appended.commit.messages,
            )
            assert found.head.owner_epoch == appended.commit.head.owner_epoch
        with pytest.raises(KeyError):
            await rig.acme.outcome(message("never").id)

    async def test_two_stretches_two_epochs(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        kinds = (EventKind.AGENT_CLAIMED, EventKind.AGENT_GAVE_BACK, EventKind.HANDOFF_REQUESTED)
        heads = [(await act(rig.acme, control(kind, kind.value))).commit for kind in kinds]
        assert [c.head.owner_epoch for c in heads if c is not None] == [1, 2, 3]
        assert [c.head.owner for c in heads if c is not None] == [Owner.HUMAN, Owner.BOT, Owner.QUEUE]
        assert heads[1] is not None
        assert heads[1].head.human_stretches == ((2, 3, "Kim"),)

    async def test_the_observer_hears_of_each_commit_once(self, rig: Rig) -> None:
        rig.store.observer = watcher = Watcher()
        await answer(rig.acme, "a")
        event = control(EventKind.AGENT_CLAIMED, "claim")
        await act(rig.acme, event)
        await act(rig.acme, event)
        await rig.acme.append(CONV, nonce="declined", build=lambda head: None)
        assert [commit.seq for commit in watcher.commits] == [1, 2]
        claimed = await rig.acme.next_delivery(CONV, Destination.DESK, "w1")
        assert claimed is not None
        await rig.acme.settle(claimed, DeliveryState.SENT)
        assert watcher.settlements == [(None, DeliveryState.SENT)]
