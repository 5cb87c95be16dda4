"""Webhook calls: what is for us, what is not, buttons, and a desk that is slow, down or only tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import Owner
from core.errors import DeliveryError, ProviderUnavailable
from core.inbound import Ignored, Respond
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseAsked, CaseStatus, CaseTouched, CaseWish, EntryMade
from tests.handoff.bridge.paper import FEATURES, MAX, SUE
from tests.handoff.bridge.stage import Stage, stage_on

PUSHED = replace(FEATURES, reads=False, edits=False, deletes=False, merges=False)


async def owner(stage: Stage) -> Owner:
    return (await stage.head()).owner


async def test_calls_that_are_not_for_us_are_counted_and_answered(stage: Stage) -> None:
    await stage.asks()
    await stage.tells("k999")
    await stage.hears(b"", Ignored("a_ping"), CaseTouched(key="fd:c_none:1"), CaseTouched(key="somebody's own"))
    await stage.hears(b"", CaseAsked(ref="k999", id="1", wish=CaseWish.RESOLVE, agent=SUE))
    assert stage.ignored.count("unknown_case") == 4
    assert "a_ping" in stage.ignored
    assert await owner(stage) is Owner.QUEUE


async def test_a_call_that_names_only_our_key_finds_the_case(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "Found you")
    await stage.hears(b"", CaseTouched(key=case.draft.key))
    assert await stage.answers() == ["Found you"]


async def test_the_answer_that_a_vendor_wants_is_given(stage: Stage) -> None:
    stage.helpdesk.heard = [Respond(b"challenge")]
    request = RawRequest(method="POST", path="/", headers={}, body=b"", received_at=stage.clock())
    assert await stage.bridge.receive(request) == Respond(b"challenge")


async def test_a_desk_that_cannot_be_read_now_is_read_as_soon_as_it_can(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "In spite of all")

    def down() -> DeliveryError:
        return ProviderUnavailable("down", retry_after_s=0.001)

    begun = len(stage.helpdesk.calls)
    stage.helpdesk.before = {begun + number: down for number in range(1, 6)}
    await stage.tells(case.ref)
    assert await stage.answers() == ["In spite of all"]


async def test_a_call_ends_the_pause_that_an_outage_made(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "Back again")

    def down() -> DeliveryError:
        return ProviderUnavailable("down", retry_after_s=3_600)

    stage.helpdesk.before = {len(stage.helpdesk.calls) + 1: down}
    reading = stage.bridge._reader.touch(case.ref)
    await stage.until_called("entries")
    await stage.tells(case.ref)
    await reading
    assert await stage.answers() == ["Back again"]


async def test_giving_back_does_not_wait_for_room_in_the_budget(stage: Stage) -> None:
    narrow = stage_on(stage.store, replace(FEATURES, updates=1, updates_per_s=3_600))
    case = await narrow.asks()
    narrow.helpdesk.sets(case.ref, gives_back=True)
    await narrow.tells(case.ref)
    assert (await owner(narrow), case.state.gives_back) == (Owner.BOT, False)


@pytest.mark.parametrize("wish", list(CaseWish))
async def test_a_button_does_what_it_says_after_what_was_said_before(stage: Stage, wish: CaseWish) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "Before the button")
    asked = CaseAsked(ref=case.ref, id="b1", wish=wish, agent=MAX)
    for _ in range(2):
        await stage.hears(b"", asked)
    assert await stage.answers() == ["Before the button"]
    wanted = {CaseWish.CLAIM: Owner.HUMAN, CaseWish.GIVE_BACK: Owner.BOT, CaseWish.RESOLVE: Owner.NONE}
    assert await owner(stage) is wanted[wish]
    statuses = {
        CaseWish.CLAIM: CaseStatus.OPEN,
        CaseWish.GIVE_BACK: CaseStatus.PENDING,
        CaseWish.RESOLVE: CaseStatus.SOLVED,
    }
    assert case.state.status is statuses[wish]


async def test_a_button_survives_the_death_of_the_process(stage: Stage) -> None:
    case = await stage.asks()
    stage.memory.dies_after = stage.memory.writes + 1
    await stage.hears(b"", CaseAsked(ref=case.ref, id="b1", wish=CaseWish.RESOLVE, agent=MAX))
    await stage.tells(case.ref)
    assert (stage.restarts, await owner(stage)) == (1, Owner.NONE)


async def test_a_desk_that_only_tells_is_believed_entry_by_entry(stage: Stage) -> None:
    told = stage_on(stage.store, PUSHED)
    case = await told.asks()
    entry = told.helpdesk.says(case.ref, "Told, not read")
    made = EntryMade(ref=case.ref, entry=next(each for each in case.entries if each.id == entry))
    begun = len(told.helpdesk.calls)
    for _ in range(3):
        await told.hears(b"", made)
    await told.hears(b"", EntryMade(ref="k999", entry=made.entry), CaseTouched(ref=case.ref))
    assert await told.answers() == ["Told, not read"]
    assert "unknown_case" in told.ignored
    await told.hears(b"", CaseAsked(ref=case.ref, id="b1", wish=CaseWish.GIVE_BACK, agent=SUE))
    await told.hears(b"", CaseAsked(ref=case.ref, id="b2", wish=CaseWish.GIVE_BACK, agent=SUE))
    assert await owner(told) is Owner.BOT
    assert "stale_wish" in told.ignored
    assert set(told.helpdesk.calls[begun:]) == {"change"}


async def test_a_slow_desk_does_not_keep_the_vendor_waiting(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.is_stuck = True
    stage.helpdesk.says(case.ref, "later")
    await stage.tells(case.ref)
    assert await stage.answers() == []
    await stage.bridge.close()
    await stage.bridge.close()


async def test_a_conversation_that_is_forgotten_is_left_alone(stage: Stage) -> None:
    case = await stage.asks()
    elsewhere = stage_on(stage.store)
    elsewhere.helpdesk = stage.helpdesk
    elsewhere.memory.facts = {f"paper:ref:{case.ref}:1": '{"conv":"c_gone"}'}
    elsewhere.start()
    stage.helpdesk.says(case.ref, "Anybody there?")
    await elsewhere.tells(case.ref)
    assert elsewhere.ignored == ["not_for_our_conversation"]
