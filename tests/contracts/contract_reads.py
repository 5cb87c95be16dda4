"""StoreContract: what contact and desk may read."""

from __future__ import annotations

from itertools import pairwise

from core.domain import Audience, DeliveryState, EventKind, Message, Owner, Role
from tests.contracts.words import (
    CONV,
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

CONTACT, DESK = Audience.CONTACT, Audience.DESK


async def seen(rig: Rig) -> tuple[Message, ...]:
    """The contact's log."""
    return await rig.acme.transcript(CONV, audience=CONTACT)


class ReadContract:
    """The contact's log only ever grows at its end, and holds nothing internal."""

    async def test_the_contact_sees_nothing_from_the_first_pending_row_on(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "one")
        await answer(rig.acme, "b", "two", second=1)
        assert texts(await seen(rig)) == ["message a"]
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.SENT)
        assert texts(await seen(rig)) == ["message a", "one", "message b"]
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.SENT)
        assert texts(await seen(rig)) == ["message a", "one", "message b", "two"]
        assert texts(await rig.acme.transcript(CONV, audience=DESK)) == ["message a", "one", "message b", "two"]

    async def test_a_shown_position_never_gains_an_earlier_neighbour(self, rig: Rig) -> None:
        logs: list[tuple[Message, ...]] = []
        ends = (DeliveryState.SENT, DeliveryState.REJECTED, DeliveryState.PARKED, DeliveryState.SENT)
        for n in range(4):
            await answer(rig.acme, f"k{n}", f"reply {n}", second=n)
        for end in ends:
            logs.append(await seen(rig))
            await rig.acme.settle(await claim_next(rig.acme), end)
        logs.append(await seen(rig))
        assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(logs))
        assert [m.text for m in logs[-1] if m.role is Role.BOT] == ["reply 0", "reply 3"]

    async def test_rejected_and_parked_rows_are_left_out_for_the_contact_only(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "one")
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.REJECTED)
        await say(rig.acme, "n", "two")
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.PARKED)
        await say(rig.acme, "n3", "three")
        await deliver_all(rig.acme)
        assert texts(await seen(rig)) == ["message a", "three"]
        shown = await rig.acme.transcript(CONV, audience=DESK)
        assert [m.delivery for m in shown] == [
            None,
            DeliveryState.REJECTED,
            DeliveryState.PARKED,
            DeliveryState.SENT,
        ]

    async def test_internal_notes_and_drafts_never_reach_the_contact(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await act(rig.acme, control(EventKind.AGENT_CLAIMED, "claim"))
        await act(rig.acme, control(EventKind.AGENT_NOTED, "n", text="she is a VIP"))
        await rig.acme.accept([message("b", second=2)])
        await commit_turn(rig.acme, await open_turn(rig.acme), replying("a draft"))
        await deliver_all(rig.acme)
        for log in (await seen(rig), await rig.acme.tail(CONV, audience=CONTACT, limit=50)):
            assert not {"she is a VIP", "a draft"} & set(texts(log))
        assert {"she is a VIP", "a draft"} <= set(texts(await rig.acme.transcript(CONV, audience=DESK)))

    async def test_an_interrupted_message_is_seen(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = await open_turn(rig.acme)
        await act(rig.acme, control(EventKind.AGENT_CLAIMED, "claim"))
        await deliver_all(rig.acme)
        await commit_turn(rig.acme, turn, replying("One. Two."), shown="One. ")
        log = await seen(rig)
        assert ("One. ", True) in [(m.text, m.interrupted) for m in log]
        assert "One. Two." not in texts(log)

    async def test_a_transcript_is_paged_by_position(self, rig: Rig) -> None:
        for n in range(5):
            await answer(rig.acme, f"k{n}", f"reply {n}", second=n)
        await deliver_all(rig.acme)
        whole = await seen(rig)
        assert len(whole) == 10
        pages: list[Message] = []
        after = (0, -1)
        while page := await rig.acme.transcript(CONV, audience=CONTACT, after=after, limit=3):
            assert len(page) <= 3
            pages += page
            after = page[-1].position
        assert tuple(pages) == whole

    async def test_a_page_is_full_though_much_is_hidden(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "first")
        await deliver_all(rig.acme)
        for n in range(12):
            await act(rig.acme, control(EventKind.AGENT_NOTED, f"n{n}", text=f"note {n}"))
        await say(rig.acme, "n", "last")
        await deliver_all(rig.acme)
        assert texts(await rig.acme.transcript(CONV, audience=CONTACT, limit=3)) == ["message a", "first", "last"]
        assert texts(await rig.acme.tail(CONV, audience=CONTACT, limit=2)) == ["first", "last"]

    async def test_a_tail_ends_where_it_is_asked_to(self, rig: Rig) -> None:
        for n in range(3):
            await answer(rig.acme, f"k{n}", f"reply {n}", second=n)
        await deliver_all(rig.acme)
        tail = await rig.acme.tail(CONV, audience=CONTACT, limit=3)
        assert texts(tail) == ["reply 1", "message k2", "reply 2"]
        earlier = await rig.acme.tail(CONV, audience=CONTACT, limit=2, before=tail[0].position)
        assert texts(earlier) == ["reply 0", "message k1"]

    async def test_a_tail_for_the_contact_stops_before_the_first_pending_row(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "one")
        await deliver_all(rig.acme)
        await answer(rig.acme, "b", "two", second=1)
        await answer(rig.acme, "c", "three", second=2)
        assert texts(await rig.acme.tail(CONV, audience=CONTACT, limit=2)) == ["one", "message b"]
        assert texts(await rig.acme.tail(CONV, audience=DESK, limit=2)) == ["message c", "three"]

    async def test_an_unknown_message_is_none(self, rig: Rig) -> None:
        assert await rig.acme.message("m_unknown") is None
        assert await rig.acme.message(f"{CONV}#9#9") is None

    async def test_conversations_are_listed_newest_first_and_by_owner(self, rig: Rig) -> None:
        for n in range(4):
            rig.clock.advance(seconds=1)
            await rig.acme.accept([message("a", conv=f"c_{n}")])
            await commit_turn(rig.acme, await open_turn(rig.acme, conv=f"c_{n}"), replying())
        rig.clock.advance(seconds=1)
        await act(rig.acme, control(EventKind.HANDOFF_REQUESTED, "h", conv="c_1"))
        listed = await rig.acme.conversations()
        assert [head.conv for head in listed] == ["c_1", "c_3", "c_2", "c_0"]
        assert listed[0] == await rig.acme.head("c_1")
        queued = await rig.acme.conversations(owners=[Owner.QUEUE, Owner.HUMAN])
        assert [head.conv for head in queued] == ["c_1"]
        page = await rig.acme.conversations(limit=2)
        rest = await rig.acme.conversations(limit=2, before=page[-1].updated_at)
        assert [head.conv for head in (*page, *rest)] == ["c_1", "c_3", "c_2", "c_0"]

    async def test_counts_tell_what_waits(self, rig: Rig) -> None:
        empty = await rig.acme.counts()
        assert {f"owner.{owner.value}" for owner in Owner} | {"unread", "pending", "parked", "dead_letters"} == {*empty}
        assert set(empty.values()) == {0}
        await answer(rig.acme, "a")
        await rig.acme.accept([message("b", second=1), message("c", second=2)])
        waiting = await rig.acme.counts()
        assert (waiting["unread"], waiting["pending"], waiting["owner.bot"]) == (2, 1, 1)
        await act(rig.acme, control(EventKind.HANDOFF_REQUESTED, "h"))
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.PARKED)
        after = await rig.acme.counts()
        assert (after["owner.bot"], after["owner.queue"], after["parked"]) == (0, 1, 1)
