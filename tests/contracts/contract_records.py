"""StoreContract: journal, previews, claims, feedback, uploads, the system scope, and the walls between tenants."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain import Attachment, Audience, DeliveryState, EventKind, Head
from core.ledger import CommitDraft
from core.ports.store import Feedback, Preview, Work
from core.settle import settle_dead
from core.staffing import OPEN
from tests.contracts.words import (
    CHANNEL,
    CONV,
    DESK,
    NOTICES,
    START,
    TENANT,
    Rig,
    act,
    answer,
    at,
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


def rated(id: str, *, conv: str = CONV, second: float = 0) -> Feedback:
    return Feedback(id=id, conv=conv, message_id=f"{CONV}#1#1", rating=4, text="ok", given_at=at(second))


class RecordContract:
    """Small things are inserted once and come back as they were."""

    async def test_a_step_is_recorded_once_and_the_first_one_stays(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = await open_turn(rig.acme)
        assert await rig.acme.record_step(turn.turn_id, "understand", b"1")
        assert await rig.acme.record_step(turn.turn_id, "answer", b"2")
        assert not await rig.acme.record_step(turn.turn_id, "understand", b"3")
        found = await rig.acme.steps(turn.turn_id)
        assert [(step.name, step.body) for step in found] == [("understand", b"1"), ("answer", b"2")]

    async def test_the_last_step_of_a_committed_turn_is_its_trace(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = await open_turn(rig.acme)
        await rig.acme.record_step(turn.turn_id, "understand", b"1")
        await commit_turn(rig.acme, turn, replying())
        assert [(step.name, step.body) for step in await rig.acme.steps(turn.turn_id)] == [
            ("understand", b"1"),
            ("trace", b"{}"),
        ]

    async def test_the_steps_of_an_unknown_turn_are_none(self, rig: Rig) -> None:
        assert await rig.acme.steps("t_unknown") == ()
        assert await rig.acme.turn_events("t_unknown") == ()
        assert await rig.acme.preview("t_unknown") is None

    async def test_a_preview_only_grows(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = (await open_turn(rig.acme)).turn_id
        for shown, ref in (("One.", None), ("One. Two.", "v1"), ("One.", None), ("One. Two. Three.", None)):
            await rig.acme.save_preview(Preview(turn_id=turn, shown=shown, vendor_ref=ref))
        assert await rig.acme.preview(turn) == Preview(turn_id=turn, shown="One. Two. Three.", vendor_ref="v1")

    async def test_a_claim_has_one_winner(self, rig: Rig) -> None:
        assert await rig.acme.claimed("day") is None
        stores = (rig.acme, rig.other)
        found = await asyncio.gather(*(stores[n % 2].claim("day", f"v{n}") for n in range(16)))
        assert len(set(found)) == 1
        assert await rig.acme.claim("day", "later") == found[0]
        assert await rig.acme.claimed("day") == found[0]
        assert await rig.acme.claim("another day", "w") == "w"

    async def test_feedback_is_kept_once_in_order(self, rig: Rig) -> None:
        assert await rig.acme.put_feedback(rated("f2", second=2))
        assert await rig.acme.put_feedback(rated("f1", second=1))
        assert not await rig.acme.put_feedback(replace(rated("f1", second=1), text="changed"))
        assert await rig.acme.feedback(CONV) == (rated("f1", second=1), rated("f2", second=2))
        assert await rig.acme.feedback("c_other") == ()

    async def test_an_upload_comes_back_with_its_conversation(self, rig: Rig) -> None:
        upload = Attachment(id="u_1", name="receipt.pdf", media_type="application/pdf", size_bytes=12)
        await rig.acme.put_upload(upload, conv=CONV, uploaded_at=START)
        assert await rig.acme.upload("u_1") == (upload, CONV)
        assert await rig.acme.upload("u_2") is None

    async def test_an_upload_recorded_again_stays_the_first(self, rig: Rig) -> None:
        first = Attachment(id="u_1", name="a", media_type="image/png", size_bytes=0, unavailable="gone", transcript="t")
        for again in (first, replace(first, name="b", unavailable=None)):
            await rig.acme.put_upload(again, conv=CONV, uploaded_at=START)
        assert await rig.acme.upload("u_1") == (first, CONV)

    async def test_a_dead_letter_is_consumed_and_counted(self, rig: Rig) -> None:
        await rig.acme.accept([message("a"), message("b", second=1)])
        turn = await open_turn(rig.acme)

        def build(head: Head) -> CommitDraft | None:
            return settle_dead(head, turn, notices=NOTICES, now=START, staffing=OPEN, trace=b"{}")

        await rig.acme.append(CONV, nonce=turn.turn_id, build=build)
        assert await rig.acme.unread(CONV) == ()
        counts = await rig.acme.counts()
        assert (counts["dead_letters"], counts["unread"], counts["owner.queue"]) == (2, 0, 1)

    async def test_check_says_that_writes_are_durable(self, rig: Rig) -> None:
        await rig.store.check()
        await rig.store.check()


class TenantContract:
    """Tenants never meet."""

    async def test_the_same_conversation_id_is_two_conversations(self, rig: Rig) -> None:
        beta = rig.store.for_tenant("beta")
        await answer(rig.acme, "a", "acme's answer")
        assert await beta.accept([message("a", text="beta's question", tenant="beta")]) == (True,)
        turn = await open_turn(beta)
        assert texts(turn.events) == ["beta's question"]
        await commit_turn(beta, turn, replying("beta's answer"))
        assert texts(await beta.transcript(CONV, audience=Audience.DESK)) == ["beta's question", "beta's answer"]
        assert texts(await rig.acme.transcript(CONV, audience=Audience.DESK)) == ["message a", "acme's answer"]

    async def test_nothing_of_a_tenant_is_found_by_another(self, rig: Rig) -> None:
        commit = await answer(rig.acme, "a")
        await rig.acme.record_step(commit.turn_id or "", "extra", b"x")
        await rig.acme.save_preview(Preview(turn_id=commit.turn_id or "", shown="x"))
        await rig.acme.claim("k", "acme")
        await rig.acme.put_feedback(rated("f"))
        upload = Attachment(id="u_1", name="n", media_type="t/t", size_bytes=1)
        await rig.acme.put_upload(upload, conv=CONV, uploaded_at=START)
        beta = rig.store.for_tenant("beta")
        assert await beta.head(CONV) is None
        assert await beta.transcript(CONV, audience=Audience.DESK) == ()
        assert await beta.tail(CONV, audience=Audience.DESK, limit=5) == ()
        assert [await beta.message(m.id) for m in commit.messages] == [None, None]
        assert await beta.next_delivery(CONV, CHANNEL, "w1") is None
        assert await beta.steps(commit.turn_id or "") == ()
        assert await beta.turn_events(commit.turn_id or "") == ()
        assert await beta.preview(commit.turn_id or "") is None
        assert await beta.claimed("k") is None
        assert await beta.claim("k", "beta") == "beta"
        assert await beta.feedback(CONV) == ()
        assert await beta.upload("u_1") is None
        assert await beta.conversations() == ()
        assert set((await beta.counts()).values()) == {0}
        with pytest.raises(KeyError):
            await beta.outcome(message("a").id)
        with pytest.raises(LookupError):
            await act(beta, control(EventKind.AGENT_CLAIMED, "claim", tenant="beta"))

    async def test_the_same_ids_in_two_tenants_do_not_collide(self, rig: Rig) -> None:
        beta = rig.store.for_tenant("beta")
        upload = Attachment(id="u_1", name="n", media_type="t/t", size_bytes=1)
        for tenant in (rig.acme, beta):
            await tenant.put_upload(upload, conv=f"c_{tenant.tenant}", uploaded_at=START)
            assert await tenant.put_feedback(rated("f"))
            assert await tenant.claim("k", tenant.tenant) == tenant.tenant
        assert await rig.acme.upload("u_1") == (upload, "c_acme")
        assert await beta.upload("u_1") == (upload, "c_beta")


class SystemContract:
    """The one view across tenants finds all work, page by page."""

    async def test_unread_conversations_are_listed_in_pages(self, rig: Rig) -> None:
        expected = []
        for tenant in ("beta", "acme", "acme-eu"):
            for n in range(3):
                batch = [message(str(k), conv=f"c_{n}", tenant=tenant) for k in range(3)]
                await rig.store.for_tenant(tenant).accept(batch)
                expected.append(Work(tenant, f"c_{n}"))
        found: list[Work] = []
        while page := await rig.store.system.unread(after=found[-1] if found else None, limit=2):
            assert len(page) <= 2
            found += page
        assert found == sorted(expected, key=lambda work: (work.tenant, work.conv))

    async def test_answered_conversations_are_not_listed(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        assert await rig.store.system.unread(after=None, limit=10) == ()

    async def test_what_another_replica_runs_is_not_listed_until_it_is_gone(self, rig: Rig) -> None:
        await rig.acme.accept([message("a"), message("b", conv="c_free")])
        await open_turn(rig.other, "w2")
        mine, free = Work(TENANT, CONV), Work(TENANT, "c_free")
        assert set(await rig.store.system.unread(after=None, limit=10)) == ({free} if rig.is_shared else {mine, free})
        assert await rig.store.system.unread(after=None, limit=1) != ()
        rig.let_lease_pass()
        assert set(await rig.store.system.unread(after=None, limit=10)) == {mine, free}

    async def test_what_waits_is_counted_over_all_tenants(self, rig: Rig) -> None:
        assert await rig.store.system.waiting() == 0
        await rig.acme.accept([message("a"), message("b", conv="c_2")])
        await rig.store.for_tenant("beta").accept([message("a", tenant="beta")])
        assert await rig.store.system.waiting() == 3
        await commit_turn(rig.acme, await open_turn(rig.acme), replying())
        assert await rig.store.system.waiting() == 2

    async def test_a_duty_has_one_holder(self, rig: Rig) -> None:
        assert await rig.store.system.hold("poll", "w1")
        assert await rig.rival.system.hold("poll", "w2") is not rig.is_shared
        assert await rig.rival.system.hold("watch", "w2")
        assert await rig.store.system.hold("poll", "w1")
        assert await rig.store.system.hold("watch", "w1") is not rig.is_shared

    async def test_a_duty_that_is_released_is_free_at_once(self, rig: Rig) -> None:
        assert await rig.store.system.hold("poll", "w1")
        await rig.rival.system.release("poll", "w2")
        assert await rig.store.system.hold("poll", "w1")
        await rig.store.system.release("poll", "w1")
        assert await rig.rival.system.hold("poll", "w2")
        assert await rig.store.system.hold("poll", "w1") is not rig.is_shared

    async def test_a_duty_is_taken_over_from_a_holder_that_is_gone(self, rig: Rig) -> None:
        assert await rig.store.system.hold("poll", "w1")
        await rig.rival.system.hold("poll", "w2")
        rig.let_lease_pass()
        assert await rig.rival.system.hold("poll", "w2")
        assert await rig.store.system.hold("poll", "w1") is not rig.is_shared

    async def test_undelivered_lines_are_listed_in_pages_of_whole_conversations(self, rig: Rig) -> None:
        for n in range(3):
            await rig.acme.accept([message("a", conv=f"c_{n}")])
            await commit_turn(rig.acme, await open_turn(rig.acme, conv=f"c_{n}"), replying(handoff=True))
        lines: list[tuple[Work, object]] = []
        after: Work | None = None
        while page := await rig.store.system.undelivered(after=after, limit=1):
            lines += [(work, to) for work, to, _ in page]
            after = page[-1][0]
        assert {(work.conv, to) for work, to in lines} == {(f"c_{n}", to) for n in range(3) for to in (CHANNEL, DESK)}
        assert len(lines) == 6

    async def test_an_undelivered_line_tells_when_its_first_row_is_due(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await say(rig.acme, "n")
        ((_, _, due),) = await rig.store.system.undelivered(after=None, limit=10)
        assert due <= rig.clock.now
        retry_at = rig.clock.now + timedelta(minutes=5)
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.PENDING, retry_at=retry_at)
        ((work, to, due),) = await rig.store.system.undelivered(after=None, limit=10)
        assert (work, to, due) == (Work(TENANT, CONV), CHANNEL, retry_at)
        rig.clock.now = retry_at
        await deliver_all(rig.acme)
        assert await rig.store.system.undelivered(after=None, limit=10) == ()
