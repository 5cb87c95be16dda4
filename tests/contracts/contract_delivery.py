"""StoreContract: the outbox."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain import Audience, DeliveryState, EventKind, MessageKind, Role, Visibility, Voice
from core.ports.store import Preview
from tests.contracts.contract_append import Watcher
from tests.contracts.words import (
    CHANNEL,
    CONV,
    DESK,
    Rig,
    act,
    answer,
    claim_next,
    commit_turn,
    control,
    deliver_all,
    message,
    open_turn,
    replying,
    say,
    texts,
)


class DeliveryContract:
    """Rows go out in order, one attempt at a time; a stale bot row never does."""

    async def test_a_claimed_row_carries_what_is_needed(self, rig: Rig) -> None:
        commit = await answer(rig.acme, "a", "hello")
        claimed = await claim_next(rig.acme)
        assert (claimed.tenant, claimed.conv, claimed.account) == ("acme", CONV, "web")
        assert (claimed.to, claimed.voice, claimed.attempt, claimed.unsettled) == (CHANNEL, Voice.BOT, 1, False)
        assert claimed.message == commit.messages[1]
        assert claimed.head == commit.head

    async def test_a_line_is_first_in_first_out(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "one")
        await answer(rig.acme, "b", "two", second=1)
        await say(rig.acme, "n", "three")
        assert texts(await deliver_all(rig.acme)) == ["one", "two", "three"]
        assert await rig.acme.next_delivery(CONV, CHANNEL, "w1") is None

    async def test_the_lines_to_channel_and_desk_do_not_wait_for_each_other(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await act(rig.acme, control(EventKind.HANDOFF_REQUESTED, "h"))
        await claim_next(rig.acme, CHANNEL)
        signal = await claim_next(rig.acme, DESK)
        assert signal.signal == "opened"
        assert signal.message is not None
        assert signal.message.handoff_id is not None

    async def test_retry_at_holds_the_whole_line(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "one")
        await say(rig.acme, "n", "two")
        first = await claim_next(rig.acme)
        due = rig.clock.now + timedelta(seconds=30)
        await rig.acme.settle(first, DeliveryState.PENDING, error="throttled", retry_at=due)
        assert await rig.acme.next_delivery(CONV, CHANNEL, "w1") is None
        rig.clock.advance(seconds=30)
        again = await claim_next(rig.acme)
        assert (again.id, again.attempt, again.unsettled) == (first.id, 2, False)

    @pytest.mark.parametrize("end", [DeliveryState.PARKED, DeliveryState.REJECTED, DeliveryState.SENT])
    async def test_a_final_state_releases_the_line(self, rig: Rig, end: DeliveryState) -> None:
        await answer(rig.acme, "a", "one")
        await say(rig.acme, "n", "two")
        first = await claim_next(rig.acme)
        await rig.acme.settle(first, end, error="why")
        assert texts(await deliver_all(rig.acme)) == ["two"]
        stored = await rig.acme.message(f"{CONV}#1#1")
        assert stored is not None
        assert stored.delivery is end

    async def test_a_row_for_who_reads_the_ledger_is_settled_with_its_claim(self, rig: Rig) -> None:
        rig.store.observer = watcher = Watcher()
        rig.store.readers = lambda: {"web"}
        commit = await answer(rig.acme, "a", "one")
        claimed = await rig.acme.next_delivery(CONV, CHANNEL, "w1")
        assert claimed is not None and claimed.is_settled and claimed.message == commit.messages[1]
        stored = await rig.acme.message(f"{CONV}#1#1")
        assert stored is not None and stored.delivery is DeliveryState.SENT
        assert watcher.settlements == [(stored.id, DeliveryState.SENT)]
        assert (await rig.acme.counts())["pending"] == 0
        assert await rig.acme.next_delivery(CONV, CHANNEL, "w1") is None

    async def test_what_waited_is_told_to_a_reader_before_what_is_new(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "one")
        rig.store.readers = lambda: {"web"}
        await answer(rig.acme, "b", "two", second=1)
        await say(rig.acme, "n", "three")
        told = [await claim_next(rig.acme) for _ in range(3)]
        assert [(row.is_settled, row.attempt) for row in told] == [(True, 1)] * 3
        assert texts(told) == ["one", "two", "three"]
        assert await rig.acme.next_delivery(CONV, CHANNEL, "w1") is None
        read = await rig.acme.transcript(CONV, audience=Audience.CONTACT)
        assert texts(read) == ["message a", "one", "message b", "two", "three"]

    async def test_what_a_readers_desk_gets_is_settled_by_whoever_sends_it(self, rig: Rig) -> None:
        rig.store.readers = lambda: {"web"}
        await answer(rig.acme, "a")
        await act(rig.acme, control(EventKind.HANDOFF_REQUESTED, "h"))
        signal = await claim_next(rig.acme, DESK)
        assert not signal.is_settled
        assert (await claim_next(rig.acme, DESK)).unsettled

    async def test_readers_change_nothing_for_other_accounts_and_stale_rows(self, rig: Rig) -> None:
        rig.store.readers = lambda: {"other"}
        await answer(rig.acme, "a", "one")
        claimed = await rig.acme.next_delivery(CONV, CHANNEL, "w1")
        assert claimed is not None and not claimed.is_settled
        await rig.acme.settle(claimed, DeliveryState.SENT)
        await answer(rig.acme, "b", "stale", second=1)
        await act(rig.acme, control(EventKind.AGENT_CLAIMED, "claim"))
        rig.store.readers = lambda: {"web"}
        told = await rig.acme.next_delivery(CONV, CHANNEL, "w1")
        assert told is not None and told.voice is Voice.SYSTEM
        assert "stale" not in texts(await rig.acme.transcript(CONV, audience=Audience.CONTACT))

    async def test_an_attempt_without_an_outcome_is_reported(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        lost = await claim_next(rig.acme)
        again = await claim_next(rig.acme)
        assert (again.id, again.attempt, again.unsettled) == (lost.id, 2, True)

    async def test_an_unsettled_attempt_stays_reported_after_a_retry(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await claim_next(rig.acme)
        second = await claim_next(rig.acme)
        await rig.acme.settle(second, DeliveryState.PENDING, retry_at=rig.clock.now)
        third = await claim_next(rig.acme)
        assert (third.attempt, third.unsettled) == (3, True)

    async def test_a_final_state_stays_final(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        slow = await claim_next(rig.acme)
        fast = await claim_next(rig.acme)
        await rig.acme.settle(fast, DeliveryState.SENT)
        await rig.acme.settle(slow, DeliveryState.REJECTED, error="too late")
        await rig.acme.settle(slow, DeliveryState.PENDING, retry_at=rig.clock.now)
        stored = await rig.acme.message(f"{CONV}#1#1")
        assert stored is not None
        assert stored.delivery is DeliveryState.SENT
        assert await rig.acme.next_delivery(CONV, CHANNEL, "w1") is None

    async def test_a_stale_bot_row_becomes_a_draft(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "stale")
        await act(rig.acme, control(EventKind.AGENT_CLAIMED, "claim"))
        assert [claimed.voice for claimed in await deliver_all(rig.acme)] == [Voice.SYSTEM]
        seen = await rig.acme.transcript(CONV, audience=Audience.CONTACT)
        assert "stale" not in texts(seen)
        drafted = next(m for m in await rig.acme.transcript(CONV, audience=Audience.DESK) if m.text == "stale")
        assert (drafted.kind, drafted.visibility) == (MessageKind.DRAFT, Visibility.INTERNAL)
        assert drafted.delivery is DeliveryState.DRAFT
        assert await rig.acme.message(drafted.id) == drafted

    async def test_an_epoch_that_came_back_to_the_bot_is_another_epoch(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "stale")
        await act(rig.acme, control(EventKind.AGENT_CLAIMED, "claim"))
        await act(rig.acme, control(EventKind.AGENT_GAVE_BACK, "back"))
        assert {claimed.voice for claimed in await deliver_all(rig.acme)} == {Voice.SYSTEM}

    async def test_a_reply_that_hands_over_is_still_said(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        await commit_turn(rig.acme, await open_turn(rig.acme), replying("a person will know", handoff=True))
        assert [claimed.voice for claimed in await deliver_all(rig.acme)] == [Voice.BOT, Voice.SYSTEM]

    async def test_agent_and_system_rows_always_go(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await deliver_all(rig.acme)
        await act(rig.acme, control(EventKind.AGENT_REPLIED, "r", text="from Kim"))
        await act(rig.acme, control(EventKind.AGENT_GAVE_BACK, "back"))
        await act(rig.acme, control(EventKind.AGENT_RESOLVED, "done"))
        sent = await deliver_all(rig.acme)
        assert [claimed.voice for claimed in sent] == [Voice.AGENT, Voice.SYSTEM, Voice.SYSTEM]
        assert texts(sent)[0] == "from Kim"

    async def test_what_was_shown_of_a_stale_reply_stays(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = await open_turn(rig.acme)
        await rig.acme.save_preview(Preview(turn_id=turn.turn_id, shown="One. "))
        await commit_turn(rig.acme, turn, replying("One. Two."))
        await act(rig.acme, control(EventKind.AGENT_CLAIMED, "claim"))
        await deliver_all(rig.acme)
        seen = await rig.acme.transcript(CONV, audience=Audience.CONTACT)
        bot = [m for m in seen if m.role is Role.BOT]
        assert [(m.text, m.interrupted, m.delivery) for m in bot] == [("One. ", True, None)]

    async def test_a_settled_row_is_offered_to_nobody(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        first = await rig.acme.next_delivery(CONV, CHANNEL, "w1")
        assert first is not None
        await rig.acme.settle(first, DeliveryState.SENT)
        assert await rig.other.next_delivery(CONV, CHANNEL, "w2") is None

    async def test_a_message_for_the_desk_shows_its_delivery_to_the_contact(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await act(rig.acme, control(EventKind.HANDOFF_REQUESTED, "h"))
        await rig.acme.accept([message("b", second=2)])
        await commit_turn(rig.acme, await open_turn(rig.acme), replying("only a draft"))
        relayed = await deliver_all(rig.acme, DESK)
        assert [claimed.signal for claimed in relayed] == ["opened", None, None]
        assert [c.message.text for c in relayed if c.message is not None][1:] == ["message b", "only a draft"]
        assert relayed[1].message is not None
        assert (relayed[1].message.text, relayed[1].message.delivery) == ("message b", None)
