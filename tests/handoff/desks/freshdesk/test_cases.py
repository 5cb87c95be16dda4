"""Cases at Freshdesk: opened once, found again, changed, given back, within the account's calls per minute."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from core.errors import (
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
from tests.handoff.desks.drafted import PNG
from tests.handoff.desks.freshdesk.scene import Scene


async def test_a_case_has_all_that_was_given(scene: Scene) -> None:
    desk = scene.desk()
    scene.lab.account.fields["cf_order"] = "custom_text"
    draft = scene.house.case(
        team="Billing",
        assignee="Sue Jones",
        urgency=Urgency.URGENT,
        tags=("vip", "x" * 40),
        fields={"cf_order": "17"},
    )
    ref = await desk.create(draft)
    made = scene.ticket(ref)
    assert (made.group, made.responder, made.priority, made.status, made.source) == (501, 1002, 4, 2, 7)
    assert made.tags == ["frontdesk", "vip", "x" * 32]
    assert made.custom == {"cf_order": "17", "cf_frontdesk": "fd:c_1:1"}
    assert (made.subject, made.description) == ("Ada: where is my parcel?", "<p>Where is my parcel?</p>")
    assert await desk.find("fd:c_1:1") == ref and await desk.find("fd:c_1:2") is None


async def test_freshdesk_cannot_mail_the_customer(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    contact = scene.lab.account.contacts[scene.ticket(ref).requester]
    assert (contact.name, contact.external_id, contact.email) == ("Ada", "frontdesk:acme:web:ada", None)
    await scene.lab.reply(int(ref), "On its way.", agent="sue")
    assert scene.ticket(ref).mails == []


async def test_the_stand_in_would_mail_a_requester_with_an_address(scene: Scene) -> None:
    ref = await scene.desk().create(scene.house.case())
    scene.lab.account.contacts[scene.ticket(ref).requester].email = "ada@mail.example"
    await scene.lab.reply(int(ref), "On its way.", agent="sue")
    await scene.lab.note(int(ref), "Looks odd.", agent="sue")
    assert scene.ticket(ref).mails == ["On its way."]


async def test_a_case_that_was_never_begun_costs_no_call(scene: Scene) -> None:
    assert await scene.desk().find("fd:c_9:1") is None
    assert scene.lab.calls == 0


@pytest.mark.parametrize("after", range(5))
async def test_an_opening_cut_off_anywhere_makes_no_second_ticket(scene: Scene, after: int) -> None:
    """The answer to each call in turn is lost; another process tries again as the outbox does."""
    draft = scene.house.case(team="billing", assignee="sue@desk.example")
    scene.lab.faults.add(Fault.LOST_ANSWER, after=after)
    with suppress(OutcomeUnknown, ProviderUnavailable):
        await scene.desk().create(draft)
    desk = scene.desk()
    ref = await desk.find(draft.key) or await desk.create(draft)
    assert list(scene.lab.account.tickets) == [int(ref)] and len(scene.lab.account.contacts) == 1
    assert scene.ticket(ref).group == 501


async def test_an_old_ticket_is_found_though_the_contact_has_hundreds(scene: Scene) -> None:
    desk = scene.desk()
    refs = [await desk.create(scene.house.case(f"fd:c_1:{number}")) for number in range(1, 121)]
    assert await desk.find("fd:c_1:1") == refs[0] and await desk.find("fd:c_1:120") == refs[-1]
    assert len(scene.lab.account.contacts) == 1


async def test_a_deleted_contact_is_made_anew(scene: Scene) -> None:
    desk = scene.desk()
    first = await desk.create(scene.house.case())
    await scene.lab.delete(int(first))
    scene.lab.account.contacts.clear()
    assert await desk.find("fd:c_1:1") is None
    second = await desk.create(scene.house.case("fd:c_1:1:2"))
    assert await desk.find("fd:c_1:1:2") == second != first


async def test_a_missing_field_is_named_and_nothing_is_opened(scene: Scene) -> None:
    del scene.lab.account.fields["cf_frontdesk"]
    with pytest.raises(MessageRejected, match="400: cf_frontdesk invalid_field"):
        await scene.desk().create(scene.house.case())
    assert scene.lab.account.tickets == {}


async def test_a_name_that_freshdesk_does_not_have_is_said(scene: Scene) -> None:
    desk = scene.desk()
    with pytest.raises(MessageRejected, match="“sales” among the Freshdesk groups"):
        await desk.create(scene.house.case(team="sales"))
    ref = await desk.create(scene.house.case())
    await desk.change(ref, CaseChange(team="sales", assignee="nobody", urgency=Urgency.LOW))
    assert (scene.ticket(ref).group, scene.ticket(ref).responder, scene.ticket(ref).priority) == (None, None, 1)


async def test_everything_of_a_case_can_be_changed_twice(scene: Scene) -> None:
    desk = scene.desk()
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
    assert state.assignee is not None and state.assignee.email == "max@desk.example"
    assert (state.key, scene.ticket(ref).priority) == ("fd:c_1:1", 3)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (2, CaseStatus.OPEN),
        (3, CaseStatus.PENDING),
        (4, CaseStatus.SOLVED),
        (5, CaseStatus.SOLVED),
        (6, CaseStatus.PENDING),
        (17, CaseStatus.OPEN),
    ],
)
async def test_statuses_are_read(scene: Scene, number: int, status: CaseStatus) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.status(int(ref), number)
    assert (await desk.state(ref)).status is status


async def test_a_tag_gives_back_until_it_is_taken_away(scene: Scene) -> None:
    desk = scene.desk(give_back_tag="to-the-bot")
    ref = await desk.create(scene.house.case())
    await scene.lab.scenario(int(ref), "to-the-bot", agent="max")
    state = await desk.state(ref)
    assert state.gives_back and state.changed_by is not None and state.changed_by.name == "Max Lee"
    await desk.change(ref, CaseChange(took_back=True))
    assert not (await desk.state(ref)).gives_back and scene.ticket(ref).tags == ["frontdesk"]


async def test_nothing_to_change_costs_no_write(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    changed_at = scene.ticket(ref).changed_at
    await desk.change(ref, CaseChange(took_back=True, add_tags=("frontdesk",)))
    assert scene.ticket(ref).changed_at == changed_at


async def test_a_deleted_ticket_is_gone(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.delete(int(ref))
    for call in (desk.state(ref), desk.entries(ref), desk.change(ref, CaseChange(status=CaseStatus.OPEN))):
        with pytest.raises(CaseGone):
            await call
    for is_public in (True, False):
        with pytest.raises(CaseGone):
            await desk.add(ref, scene.house.entry(is_public=is_public), again=False)
    with pytest.raises(CaseGone):
        await desk.state("77")


async def test_changed_tickets_are_ours_only(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case(opening=scene.house.entry(files=(scene.house.file("a.png"),))))
    assert [file.body for file in scene.ticket(ref).files] == [PNG]
    scene.lab.account.open(scene.ticket(ref).requester, "Not ours", "<p>x</p>")
    assert await desk.changed(scene.house.clock() - timedelta(minutes=1)) == (ref,)
    assert await desk.changed(scene.house.clock() + timedelta(minutes=1)) == ()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNAVAILABLE, OutcomeUnknown),
        (Fault.LOST_ANSWER, OutcomeUnknown),
        (Fault.REFUSED, MessageRejected),
        (Fault.UNAUTHORIZED, CredentialsInvalid),
    ],
)
async def test_what_freshdesk_refuses_is_the_right_error(
    scene: Scene, fault: Fault, error: type[DeliveryError]
) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    scene.lab.faults.add(fault, on="note")
    with pytest.raises(error) as raised:
        await desk.add(ref, scene.house.entry(is_public=False), again=False)
    assert scene.lab.key not in raised.value.safe_message


async def test_a_throttled_account_is_left_alone_until_the_time_is_over(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    scene.lab.retry_after_s = 42
    scene.lab.faults.add(Fault.THROTTLED)
    with pytest.raises(Throttled) as first:
        await desk.state(ref)
    assert first.value.retry_after_s == 42.0
    calls = scene.lab.calls
    scene.house.clock.move(seconds=30)
    with pytest.raises(Throttled) as second:
        await desk.add(ref, scene.house.entry(), again=False)
    assert second.value.retry_after_s is not None and 10 < second.value.retry_after_s <= 12
    assert scene.lab.calls == calls
    scene.house.clock.move(seconds=12)
    assert (await desk.state(ref)).status is CaseStatus.OPEN


async def test_looking_for_changes_leaves_the_last_calls_to_messages(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    scene.lab.calls_left = 40
    await desk.state(ref)
    with pytest.raises(Throttled) as spared:
        await desk.changed(scene.house.clock())
    assert spared.value.retry_after_s is not None and 0 < spared.value.retry_after_s <= 60
    await desk.add(ref, scene.house.entry(), again=False)
    scene.house.clock.move(seconds=61)
    scene.lab.calls_left = 399
    assert await desk.changed(scene.house.clock() - timedelta(minutes=5)) == (ref,)
