"""Cases at Zammad: opened once, found again, changed, merged, given back."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from core.errors import (
    CaseClosed,
    CaseGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.ports.helpdesk import CaseChange, CaseStatus, Urgency
from gateway.lab.vendor import Fault
from tests.handoff.desks.zammad.scene import Scene


async def test_a_case_has_all_that_was_given(scene: Scene) -> None:
    desk = scene.desk()
    scene.lab.instance.attributes.add("order")
    draft = scene.house.case(
        team="billing",
        assignee="sue@desk.example",
        urgency=Urgency.URGENT,
        tags=("vip", "a,b"),
        fields={"order": "17"},
    )
    ref = await desk.create(draft)
    made = scene.ticket(ref)
    assert (made.group, made.owner, made.priority, made.state) == ("billing", 4, "3 high", "open")
    assert made.tags == ["frontdesk", "vip", "a b"]
    assert made.custom == {"note": "fd:c_1:1", "order": "17"}
    (opening,) = scene.articles(ref)
    assert (made.title, opening.body) == ("Ada: where is my parcel?", "<p>Where is my parcel?</p>")
    assert (opening.sender, opening.type, opening.internal) == ("Customer", "note", False)
    assert await desk.find("fd:c_1:1") == ref and await desk.find("fd:c_1:2") is None


async def test_zammad_cannot_mail_the_customer(scene: Scene) -> None:
    ref = await scene.desk().create(scene.house.case())
    customer = scene.lab.instance.users[scene.ticket(ref).customer]
    assert (customer.login, customer.firstname, customer.email) == ("frontdesk-c_1", "Ada", "")
    assert customer.note == "Frontdesk conversation c_1 (whatsapp); ada@mail.example (proven)"
    await scene.lab.reply(int(ref), "On its way.", agent="sue")
    assert scene.ticket(ref).mails == []


async def test_the_stand_in_would_mail_a_customer_with_an_address(scene: Scene) -> None:
    ref = await scene.desk().create(scene.house.case())
    scene.lab.instance.users[scene.ticket(ref).customer].email = "ada@mail.example"
    await scene.lab.reply(int(ref), "On its way.", agent="sue")
    await scene.lab.note(int(ref), "Looks odd.", agent="sue")
    assert scene.ticket(ref).mails == ["On its way."]


async def test_a_case_that_was_never_begun_costs_no_call(scene: Scene) -> None:
    assert await scene.desk().find("fd:c_9:1") is None
    assert scene.lab.calls == 0


@pytest.mark.parametrize("has_index", [True, False])
@pytest.mark.parametrize("after", range(3))
async def test_an_opening_cut_off_anywhere_makes_no_second_ticket(scene: Scene, after: int, has_index: bool) -> None:
    """The answer to each call in turn is lost; another process tries again as the outbox does."""
    scene.lab.has_index = has_index
    draft = scene.house.case(team="billing")
    scene.lab.faults.add(Fault.LOST_ANSWER, after=after)
    with suppress(OutcomeUnknown, ProviderUnavailable):
        await scene.desk().create(draft)
    desk = scene.desk()
    ref = await desk.find(draft.key) or await desk.create(draft)
    assert list(scene.lab.instance.tickets) == [int(ref)]
    assert [user.login for user in scene.lab.instance.users.values()].count("frontdesk-c_1") == 1
    assert len(scene.lab.faults.hit) == 1


async def test_a_customer_whom_the_search_does_not_know_yet_is_waited_for(scene: Scene) -> None:
    scene.lab.instance.index_lags = True
    scene.lab.faults.add(Fault.LOST_ANSWER, on="make_user")
    with pytest.raises(OutcomeUnknown):
        await scene.desk().create(scene.house.case())
    with pytest.raises(ProviderUnavailable, match="does not know the customer yet"):
        await scene.desk().create(scene.house.case())
    scene.lab.instance.index |= scene.lab.instance.users
    assert await scene.desk().create(scene.house.case()) == "1"


async def test_a_deleted_customer_is_made_anew(scene: Scene) -> None:
    desk = scene.desk()
    first = await desk.create(scene.house.case())
    customer = scene.ticket(first).customer
    await scene.lab.delete(int(first))
    del scene.lab.instance.users[customer]
    assert await desk.find("fd:c_1:1") is None
    second = await desk.create(scene.house.case("fd:c_1:1:2"))
    assert await scene.desk().find("fd:c_1:1:2") == second and scene.ticket(second).customer != customer


async def test_a_closed_case_is_found_and_a_removed_one_is_not(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.state(int(ref), "closed", agent="sue")
    assert await desk.find("fd:c_1:1") == ref
    await scene.lab.state(int(ref), "removed", agent="sue")
    assert await desk.find("fd:c_1:1") is None
    with pytest.raises(CaseGone):
        await desk.state(ref)


async def test_a_name_that_zammad_does_not_have_is_said(scene: Scene) -> None:
    desk = scene.desk()
    with pytest.raises(MessageRejected, match="422"):
        await desk.create(scene.house.case(team="sales"))
    scene.lab.seen_groups.discard("shipping")
    with pytest.raises(MessageRejected, match="no tickets in “shipping”"):
        await desk.create(scene.house.case(team="shipping"))
    assert scene.lab.instance.tickets == {}
    ref = await desk.create(scene.house.case())
    await desk.change(ref, CaseChange(team="sales", assignee="nobody", urgency=Urgency.LOW))
    assert (scene.ticket(ref).group, scene.ticket(ref).owner, scene.ticket(ref).priority) == ("Users", 1, "1 low")


async def test_everything_of_a_case_can_be_changed_twice(scene: Scene) -> None:
    desk = scene.desk(pending_days=3)
    ref = await desk.create(scene.house.case(tags=("old",)))
    change = CaseChange(
        status=CaseStatus.PENDING,
        urgency=Urgency.HIGH,
        team="billing",
        assignee="max@desk.example",
        add_tags=("new",),
        remove_tags=("old",),
    )
    for _ in range(2):
        await desk.change(ref, change)
    state = await desk.state(ref)
    assert (state.status, state.team) == (CaseStatus.PENDING, "billing") and state.tags == {"frontdesk", "new"}
    assert state.assignee is not None and (state.assignee.name, state.assignee.id) == ("Max Lee", "5")
    assert (state.key, scene.ticket(ref).priority) == ("fd:c_1:1", "3 high")
    due = scene.house.clock() + timedelta(days=3)
    assert (scene.ticket(ref).pending_time or "")[:10] == f"{due:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("new", CaseStatus.OPEN),
        ("open", CaseStatus.OPEN),
        ("pending reminder", CaseStatus.PENDING),
        ("pending close", CaseStatus.PENDING),
        ("closed", CaseStatus.SOLVED),
    ],
)
async def test_states_are_read(scene: Scene, word: str, status: CaseStatus) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.state(int(ref), word, agent="sue")
    state = await desk.state(ref)
    assert state.status is status and state.changed_by is not None and state.changed_by.name == "Sue Jones"


async def test_a_tag_gives_back_until_it_is_taken_away(scene: Scene) -> None:
    desk = scene.desk(give_back_tag="to-the-bot")
    ref = await desk.create(scene.house.case())
    await scene.lab.assign(int(ref), "sue")
    await scene.lab.macro(int(ref), "to-the-bot", agent="max")
    state = await desk.state(ref)
    assert state.gives_back and state.changed_by is not None and state.changed_by.name == "Max Lee"
    for _ in range(2):
        await desk.change(ref, CaseChange(took_back=True))
    assert not (await desk.state(ref)).gives_back and scene.ticket(ref).tags == ["frontdesk"]


async def test_nothing_to_change_costs_no_write(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    changed_at = scene.ticket(ref).changed_at
    await desk.change(ref, CaseChange(status=CaseStatus.OPEN, took_back=True, add_tags=("frontdesk",), team="Users"))
    assert scene.ticket(ref).changed_at == changed_at


async def test_a_deleted_ticket_is_gone(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.delete(int(ref))
    for call in (desk.state(ref), desk.entries(ref), desk.change(ref, CaseChange(status=CaseStatus.OPEN))):
        with pytest.raises(CaseGone):
            await call
    for again in (True, False):
        with pytest.raises(CaseGone):
            await desk.add(ref, scene.house.entry(), again=again)


async def test_a_merged_ticket_tells_where_it_went_and_takes_nothing(scene: Scene) -> None:
    desk = scene.desk()
    hers, his = await desk.create(scene.house.case()), await desk.create(scene.house.case("fd:c_2:1"))
    await scene.lab.merge(int(hers), int(his), agent="sue")
    state = await desk.state(hers)
    assert (state.status, state.merged_into, state.assignee) == (CaseStatus.CLOSED, his, None)
    assert (await desk.state(his)).merged_into is None
    with pytest.raises(CaseClosed):
        await desk.add(hers, scene.house.entry(), again=False)
    with pytest.raises(CaseClosed):
        await desk.change(hers, CaseChange(status=CaseStatus.OPEN))


async def test_a_ticket_that_takes_no_follow_up_is_closed(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    scene.lab.takes_no_follow_up = {"closed"}
    await scene.lab.state(int(ref), "closed", agent="sue")
    with pytest.raises(CaseClosed):
        await desk.add(ref, scene.house.entry(), again=False)


async def test_changed_tickets_are_ours_only_and_come_page_by_page(scene: Scene) -> None:
    desk = scene.desk()
    refs = [await desk.create(scene.house.case(f"fd:c_{number}:1")) for number in range(3)]
    here = scene.lab.instance
    here.open("Not ours", "Users", scene.ticket().customer, 4)
    for _ in range(150):
        here.open("Ours", "Users", scene.ticket().customer, 4, tags=["frontdesk"])
    changed = await desk.changed(scene.house.clock() - timedelta(minutes=1))
    assert set(refs) < set(changed) and len(changed) == 153
    assert await desk.changed(scene.house.clock() + timedelta(minutes=1)) == ()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNAVAILABLE, OutcomeUnknown),
        (Fault.LOST_ANSWER, OutcomeUnknown),
        (Fault.REFUSED, MessageRejected),
        (Fault.UNAUTHORIZED, CredentialsInvalid),
        (Fault.THROTTLED, Throttled),
    ],
)
async def test_what_zammad_refuses_is_the_right_error(scene: Scene, fault: Fault, error: type[DeliveryError]) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    scene.lab.retry_after_s = 42
    scene.lab.faults.add(fault, on="write")
    with pytest.raises(error) as raised:
        await desk.add(ref, scene.house.entry(is_public=False), again=False)
    assert scene.lab.token not in raised.value.safe_message
    assert raised.value.retry_after_s == (42.0 if fault is Fault.THROTTLED else None)


async def test_reading_is_simply_done_again(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    scene.lab.faults.add(Fault.LOST_ANSWER, on="ticket", times=2)  # aiohttp repeats a GET once by itself
    with pytest.raises(ProviderUnavailable):
        await desk.state(ref)
    assert (await desk.state(ref)).status is CaseStatus.OPEN
