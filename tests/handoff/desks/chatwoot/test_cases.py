"""Cases at Chatwoot: opened once, found again, changed, given back."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from core.domain import Contact
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
from tests.handoff.desks.chatwoot.scene import Scene


async def test_a_case_has_all_that_was_given(scene: Scene) -> None:
    desk = scene.desk()
    draft = scene.house.case(
        team="Billing",
        assignee="sue@desk.example",
        urgency=Urgency.URGENT,
        tags=("vip", "parcel"),
        fields={"order": "17"},
    )
    ref = await desk.create(draft)
    made = scene.conversation(ref)
    assert (made.team, made.assignee, made.priority, made.labels) == (1, 2, "urgent", ["vip", "parcel"])
    assert made.source_id == "fd:c_1:1" and made.status == "open"
    assert made.custom["order"] == "17" and made.custom["frontdesk_subject"] == "Ada: where is my parcel?"
    (opening,) = scene.messages(ref)
    assert (opening.kind, opening.content, opening.private) == (0, "Where is my parcel?", False)
    contact = scene.lab.account.contacts[made.contact]
    assert (contact.name, contact.identifier, contact.email) == ("Ada", "frontdesk:acme:web:ada", "ada@mail.example")
    assert await desk.find("fd:c_1:1") == ref and await desk.find("fd:c_1:2") is None


async def test_a_conversation_that_was_never_begun_costs_no_call(scene: Scene) -> None:
    assert await scene.desk().find("fd:c_9:1") is None
    assert scene.lab.calls == 0


@pytest.mark.parametrize("after", range(7))
async def test_an_opening_cut_off_anywhere_is_gone_on_with(scene: Scene, after: int) -> None:
    """The answer to each call in turn is lost; another process tries again as the outbox does.

    A question is asked again by the HTTP client itself, so the opening may succeed all the same.
    """
    draft = scene.house.case(urgency=Urgency.HIGH, tags=("vip",))
    scene.lab.faults.add(Fault.LOST_ANSWER, after=after)
    with suppress(OutcomeUnknown, ProviderUnavailable):
        await scene.desk().create(draft)
    assert scene.lab.faults.hit
    desk = scene.desk()
    ref = await desk.find(draft.key) or await desk.create(draft)
    assert list(scene.lab.account.conversations) == [int(ref)]
    assert len(scene.messages(ref)) == 1 and len(scene.lab.account.contacts) == 1
    assert (scene.conversation(ref).priority, scene.conversation(ref).labels) == ("high", ["vip"])
    assert (await desk.state(ref)).key == draft.key


async def test_a_contact_keeps_one_record_over_episodes_and_conversations(scene: Scene) -> None:
    desk = scene.desk()
    refs = [await desk.create(scene.house.case(key)) for key in ("fd:c_1:1", "fd:c_1:2", "fd:c_2:1")]
    assert len(scene.lab.account.contacts) == 1
    assert [await desk.find(key) for key in ("fd:c_1:1", "fd:c_1:2", "fd:c_2:1")] == refs


async def test_an_unproven_address_enters_nobodys_record(scene: Scene) -> None:
    scene.lab.account.contact("The real Ada", None, "ada@mail.example")
    liar = Contact(id="web:eve", name="Eve", email="ada@mail.example", verified=False)
    ref = await scene.desk().create(scene.house.case(contact=liar))
    contact = scene.lab.account.contacts[scene.conversation(ref).contact]
    assert (contact.name, contact.email) == ("Eve", None)


async def test_a_proven_address_finds_its_record(scene: Scene) -> None:
    known = scene.lab.account.contact("Ada of old", None, "ada@mail.example")
    assert known is not None
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    assert scene.conversation(ref).contact == known.id and await desk.find("fd:c_1:1") == ref


async def test_a_contact_deleted_at_the_desk_is_made_anew(scene: Scene) -> None:
    desk = scene.desk()
    first = await desk.create(scene.house.case())
    scene.lab.account.contacts.clear()
    scene.lab.account.conversations.clear()
    assert await desk.find("fd:c_1:1") is None
    second = await desk.create(scene.house.case("fd:c_1:1:2"))
    assert second != first and await desk.find("fd:c_1:1:2") == second


async def test_a_name_that_chatwoot_does_not_have_is_said(scene: Scene) -> None:
    desk = scene.desk()
    with pytest.raises(MessageRejected, match="“sales” among the Chatwoot teams"):
        await desk.create(scene.house.case(team="sales"))
    assert scene.lab.account.conversations == {}
    ref = await desk.create(scene.house.case())
    await desk.change(ref, CaseChange(team="sales", assignee="nobody", urgency=Urgency.LOW))
    made = scene.conversation(ref)
    assert (made.team, made.assignee, made.priority) == (None, None, "low")


async def test_everything_of_a_case_can_be_changed_twice(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case(tags=("vip", "old")))
    change = CaseChange(
        status=CaseStatus.SOLVED,
        urgency=Urgency.HIGH,
        team="billing",
        assignee="Max Lee",
        add_tags=("new",),
        remove_tags=("old",),
    )
    for _ in range(2):
        await desk.change(ref, change)
    state = await desk.state(ref)
    assert state.status is CaseStatus.SOLVED and state.tags == {"vip", "new"} and state.team == "billing"
    assert state.assignee is not None and state.assignee.name == "Max Lee"
    assert scene.conversation(ref).priority == "high"


async def test_a_label_gives_back_until_it_is_taken_away(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.note(int(ref), "The bot can do that.", agent="max")
    await scene.lab.label(int(ref), "frontdesk-bot")
    state = await desk.state(ref)
    assert state.gives_back and state.changed_by is not None and state.changed_by.name == "Max Lee"
    await desk.change(ref, CaseChange(took_back=True))
    assert not (await desk.state(ref)).gives_back and scene.conversation(ref).labels == []


async def test_pending_gives_back_whenever_an_agent_sets_it(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    for _ in range(2):
        await scene.lab.status(int(ref), "pending", agent="sue")
        assert (await desk.state(ref)).gives_back
        await desk.change(ref, CaseChange(took_back=True))
        state = await desk.state(ref)
        assert state.status is CaseStatus.PENDING and not state.gives_back, "the bot has it, as agents can see"
        await scene.lab.status(int(ref), "open", agent="sue")
        assert not (await desk.state(ref)).gives_back


async def test_what_we_set_pending_is_no_wish(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await desk.change(ref, CaseChange(status=CaseStatus.PENDING))
    assert not (await desk.state(ref)).gives_back
    await desk.change(ref, CaseChange(status=CaseStatus.OPEN))
    await scene.lab.status(int(ref), "pending", agent="sue")
    assert (await desk.state(ref)).gives_back
    assert scene.conversation(ref).custom["frontdesk_case"] == "fd:c_1:1", "other attributes stay"


async def test_our_own_user_is_nobodys_agent(scene: Scene) -> None:
    scene.lab.me.role = "agent"  # Chatwoot then makes it responsible for what it opens
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.status(int(ref), "resolved", agent="sue")
    await desk.change(ref, CaseChange(status=CaseStatus.OPEN))
    assert scene.conversation(ref).assignee == scene.lab.me.id
    assert (await desk.state(ref)).assignee is None


async def test_a_deleted_conversation_is_gone(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await scene.lab.delete(int(ref))
    for call in (desk.state(ref), desk.entries(ref), desk.change(ref, CaseChange(took_back=True))):
        with pytest.raises(CaseGone):
            await call
    with pytest.raises(CaseGone):
        await desk.add(ref, scene.house.entry(), again=False)


async def test_changed_conversations_are_listed_over_pages(scene: Scene) -> None:
    desk = scene.desk()
    refs = [await desk.create(scene.house.case(f"fd:c_{number}:1")) for number in range(28)]
    scene.lab.account.open(next(iter(scene.lab.account.contacts)), "not ours")
    before = scene.house.clock() - timedelta(minutes=1)
    assert sorted(await desk.changed(before), key=int) == refs
    assert await desk.changed(scene.house.clock() + timedelta(minutes=1)) == ()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.THROTTLED, Throttled),
        (Fault.UNAVAILABLE, OutcomeUnknown),
        (Fault.LOST_ANSWER, OutcomeUnknown),
        (Fault.REFUSED, MessageRejected),
        (Fault.UNAUTHORIZED, CredentialsInvalid),
    ],
)
async def test_what_chatwoot_refuses_is_the_right_error(scene: Scene, fault: Fault, error: type[DeliveryError]) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    scene.lab.retry_after_s = 17
    scene.lab.faults.add(fault, on="create_message")
    with pytest.raises(error) as raised:
        await desk.add(ref, scene.house.entry(), again=False)
    assert raised.value.retry_after_s == (17.0 if fault is Fault.THROTTLED else None)
    assert scene.lab.token not in raised.value.safe_message


async def test_a_lost_answer_to_a_question_is_only_asked_again(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    for fault in (Fault.LOST_ANSWER, Fault.UNAVAILABLE):
        scene.lab.faults.add(fault, on="conversation", times=2)
        with pytest.raises(ProviderUnavailable):
            await desk.state(ref)
        scene.lab.faults.clear()


async def test_a_wrong_account_is_a_matter_of_credentials(scene: Scene) -> None:
    with pytest.raises(CredentialsInvalid, match="account_id"):
        await scene.desk(account_id=7).changed(scene.house.clock())
