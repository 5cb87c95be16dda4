"""StoreContract: accepting, opening turns, taking lanes over."""

from __future__ import annotations

import asyncio

import pytest

from core.domain import Audience, Destination, EventKind, Role
from core.ledger import CommitKind
from tests.contracts.words import (
    CHANNEL,
    CONV,
    DESK,
    Rig,
    act,
    answer,
    at,
    commit_turn,
    control,
    message,
    open_turn,
    replying,
    settle,
    texts,
)


class InboxContract:
    """What is accepted is there once, and is read in the provider's order."""

    async def test_a_redelivered_event_is_stored_once(self, rig: Rig) -> None:
        assert await rig.acme.accept([message("a")]) == (True,)
        assert await rig.acme.accept([message("a", text="changed on the way")]) == (False,)
        assert texts(await rig.acme.unread(CONV)) == ["message a"]

    async def test_a_batch_tells_new_from_known(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        batch = [message("a"), message("b", second=1), message("b", second=1), message("c", second=2)]
        assert await rig.acme.accept(batch) == (False, True, False, True)
        assert texts(await rig.acme.unread(CONV)) == ["message a", "message b", "message c"]

    async def test_an_empty_batch_is_nothing(self, rig: Rig) -> None:
        assert await rig.acme.accept([]) == ()

    async def test_unread_is_in_the_providers_order(self, rig: Rig) -> None:
        late = message("late", second=1)
        ties = [message("z", second=5, order_key="1"), message("b", second=5, order_key="2"), message("a", second=5)]
        await rig.acme.accept([*ties[:2], late, ties[2]])
        assert [event.dedupe_key for event in await rig.acme.unread(CONV)] == ["late", "a", "z", "b"]

    async def test_one_key_in_two_conversations_is_two_events(self, rig: Rig) -> None:
        assert await rig.acme.accept([message("a"), message("a", conv="c_other")]) == (True, True)

    async def test_an_event_comes_back_as_it_was_given(self, rig: Rig) -> None:
        given = message("a", text="zażółć \u0000 🙂", second=0.123456)
        await rig.acme.accept([given])
        assert await rig.acme.unread(CONV) == (given,)

    async def test_another_tenants_event_is_refused(self, rig: Rig) -> None:
        with pytest.raises(ValueError, match="tenant"):
            await rig.acme.accept([message("a", tenant="beta")])
        assert await rig.store.for_tenant("beta").unread(CONV) == ()

    async def test_many_senders_of_one_first_contact_make_one_conversation(self, rig: Rig) -> None:
        sent = [rig.acme.accept([message(str(n % 4), second=n % 4)]) for n in range(16)]
        fresh = await asyncio.gather(*sent)
        assert sum(answer == (True,) for answer in fresh) == 4
        turn = await open_turn(rig.acme)
        assert [event.dedupe_key for event in turn.events] == ["0", "1", "2", "3"]

    async def test_the_head_before_any_commit_comes_from_the_first_event(self, rig: Rig) -> None:
        await rig.acme.accept([message("b", second=3), message("a", second=1)])
        head = await rig.acme.head(CONV)
        assert head is not None
        assert (head.seq, head.owner_epoch, head.account, head.thread) == (0, 0, "web", {"page": "/help"})
        assert head.created_at == at(1)

    async def test_an_unknown_conversation_has_no_head_and_no_turn(self, rig: Rig) -> None:
        assert await rig.acme.head("c_unknown") is None
        assert await rig.acme.open_turn("c_unknown", "w1") is None
        assert await rig.acme.unread("c_unknown") == ()
        assert await rig.acme.transcript("c_unknown", audience=Audience.DESK) == ()
        assert await rig.acme.next_delivery("c_unknown", Destination.CHANNEL, "w1") is None


class LaneContract:
    """A turn's batch is fixed; a lane has one holder; a holder that lost it commits nothing."""

    async def test_a_turn_answers_all_that_is_unread(self, rig: Rig) -> None:
        await rig.acme.accept([message("b", second=2), message("a", second=1)])
        turn = await open_turn(rig.acme)
        assert (texts(turn.events), turn.attempt, turn.head.holder) == (["message a", "message b"], 1, "w1")
        assert await rig.acme.turn_events(turn.turn_id) == turn.events

    async def test_a_replayed_turn_keeps_its_batch_and_counts_its_attempts(self, rig: Rig) -> None:
        await rig.acme.accept([message("b", second=2)])
        first = await open_turn(rig.acme)
        await rig.acme.accept([message("a", second=1), message("c", second=3)])
        again = [await open_turn(rig.acme) for _ in range(3)]
        assert [turn.attempt for turn in again] == [2, 3, 4]
        assert {turn.turn_id for turn in again} == {first.turn_id}
        assert all(turn.events == first.events for turn in again)

    async def test_a_late_event_joins_the_next_turn(self, rig: Rig) -> None:
        await rig.acme.accept([message("b", second=2)])
        first = await open_turn(rig.acme)
        await rig.acme.accept([message("a", second=1)])
        await commit_turn(rig.acme, first, replying())
        second = await open_turn(rig.acme)
        assert (texts(second.events), second.attempt) == (["message a"], 1)
        assert second.turn_id != first.turn_id

    async def test_nothing_unread_opens_no_turn(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        assert await rig.acme.open_turn(CONV, "w1") is None

    async def test_a_control_is_not_answered_by_a_turn(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await act(rig.acme, control(EventKind.HANDOFF_REQUESTED, "h"))
        assert await rig.acme.open_turn(CONV, "w1") is None
        assert await rig.acme.unread(CONV) == ()

    async def test_a_takeover_replays_the_same_turn_under_a_new_term(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await rig.acme.accept([message("b", second=2)])
        stale = await open_turn(rig.acme, "w1")
        await rig.acme.accept([message("c", second=3)])
        taken = await rig.take_over()
        assert taken is not None
        assert (taken.turn_id, taken.events, taken.attempt) == (stale.turn_id, stale.events, 2)
        assert (taken.head.holder, taken.head.term) == ("w2", stale.head.term + 1)

    async def test_a_stale_holder_commits_nothing(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await rig.acme.accept([message("b", second=2)])
        stale = await open_turn(rig.acme, "w1")
        taken = await rig.take_over()
        assert taken is not None
        before = await rig.acme.head(CONV)
        assert (await commit_turn(rig.acme, stale, replying("from the stale one"))).commit is None
        assert await rig.acme.head(CONV) == before
        committed = await commit_turn(rig.other, taken, replying("from the new one"))
        assert committed.commit is not None
        said = await rig.acme.transcript(CONV, audience=Audience.DESK)
        assert [m.text for m in said if m.role is Role.BOT] == ["the answer", "from the new one"]

    async def test_a_takeover_is_a_commit_of_the_same_owner(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        before = await rig.acme.head(CONV)
        await rig.acme.accept([message("b", second=2)])
        await open_turn(rig.acme, "w1")
        taken = await rig.take_over()
        assert taken is not None
        after = await rig.acme.head(CONV)
        assert before is not None
        assert after is not None
        assert (after.seq, after.term, after.holder) == (before.seq + 1, before.term + 1, "w2")
        assert (after.owner, after.owner_epoch) == (before.owner, before.owner_epoch)

    async def test_a_takeover_wakes_nobody_and_says_nothing(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        before = await rig.acme.transcript(CONV, audience=Audience.DESK)
        await rig.acme.accept([message("b", second=2)])
        await open_turn(rig.acme, "w1")
        assert await rig.take_over() is not None
        assert await rig.acme.transcript(CONV, audience=Audience.DESK) == before

    async def test_a_lane_is_free_once_its_turn_is_committed(self, rig: Rig) -> None:
        first = await answer(rig.acme, "a")
        await rig.other.accept([message("b", second=2)])
        turn = await open_turn(rig.other, "w2")
        assert (turn.attempt, turn.head.holder, turn.head.seq) == (1, "w2", first.seq)
        second = await commit_turn(rig.other, turn, replying("at once"))
        assert second.commit is not None
        assert (second.commit.seq, second.commit.kind) == (first.seq + 1, CommitKind.TURN)
        assert (first.head.holder, second.commit.head.holder) == ("", "")
        assert second.commit.head.term == first.head.term + 1

    async def test_a_turn_is_void_once_another_one_was_committed_after_it(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        stale = await open_turn(rig.acme, "w1")
        taken = await rig.take_over()
        assert taken is not None
        assert (await commit_turn(rig.other, taken, replying())).commit is not None
        late = await rig.acme.append(CONV, nonce="late", build=lambda head: settle(head, stale))
        assert late.commit is None
        assert await rig.acme.unread(CONV) == ()

    async def test_a_turn_of_a_resolved_conversation_opens_the_next_episode(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await act(rig.acme, control(EventKind.AGENT_RESOLVED, "done"))
        commit = await answer(rig.acme, "b", second=2)
        assert commit.kind is CommitKind.TURN
        assert commit.head.episode == 2
        assert [m.episode for m in commit.messages] == [2, 2]

    async def test_controls_need_no_lane(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = await open_turn(rig.acme)
        assert (await act(rig.other, control(EventKind.AGENT_CLAIMED, "claim"))).commit is not None
        assert (await commit_turn(rig.acme, turn, replying())).commit is not None
        rows = [await rig.acme.next_delivery(CONV, to, "w1") for to in (CHANNEL, DESK)]
        assert all(row is not None for row in rows)
