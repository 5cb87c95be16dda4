"""Tickets: opened once, found by our key, changed without losing what agents did meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.domain import Contact
from core.errors import CaseClosed, CaseGone, CredentialsInvalid, OutcomeUnknown, ProviderUnavailable
from core.ports.helpdesk import CaseChange, CaseStatus, Urgency
from gateway.lab.desks.zendesk.changes import Asked
from gateway.lab.vendor import Fault
from handoff.desks.zendesk.helpdesk import Zendesk
from tests.handoff.desks.zendesk.conftest import Account


async def test_a_case_is_a_ticket_with_everything_that_was_asked(account: Account, desk: Zendesk) -> None:
    desk = account.connect(custom_fields={"plan": 360001}, tag="fdesk")
    ref = await desk.create(
        account.case(
            urgency=Urgency.HIGH, team="billing", assignee="Max Lee", tags=("VIP customer",), fields={"plan": "gold"}
        )
    )
    ticket = account.ticket
    assert (str(ticket.id), ticket.external_id, ticket.subject) == (ref, "fd:c_1:1", "Where is my order?")
    assert ticket.tags == ["fdesk", "channel_whatsapp", "vip_customer"]
    assert (ticket.priority, ticket.assignee) == ("high", account.lab.agents["max"].id)
    assert ticket.custom == [{"id": 360001, "value": "gold"}]
    assert account.lab.books.groups[ticket.group or 0] == "billing"
    assert account.lab.books.people[ticket.requester].name == "Ann Lee"
    assert [(one.plain, one.public, one.author) for one in ticket.comments] == [
        ("Where is my order?", True, ticket.requester)
    ]


async def test_an_unknown_team_agent_or_field_leaves_the_case_to_everybody(account: Account, desk: Zendesk) -> None:
    await desk.create(account.case(team="no such team", assignee="nobody", fields={"plan": "gold"}))
    assert (account.ticket.group, account.ticket.assignee, account.ticket.custom) == (None, None, [])


async def test_a_case_is_found_by_its_key_and_no_other(account: Account, desk: Zendesk) -> None:
    assert await desk.find("fd:c_1:1") is None
    ref = await desk.create(account.case())
    assert await desk.find("fd:c_1:1") == ref
    assert await desk.find("fd:c_1:2") is None
    await account.lab.delete(ref)
    assert await desk.find("fd:c_1:1") is None


async def test_a_create_whose_answer_was_lost_made_one_ticket_that_is_found(account: Account, desk: Zendesk) -> None:
    account.lab.faults.add(Fault.LOST_ANSWER, on="tickets.create")
    with pytest.raises(OutcomeUnknown):
        await desk.create(account.case())
    assert await desk.find("fd:c_1:1") == str(account.ticket.id)


async def test_two_workers_that_create_at_once_make_one_ticket(account: Account, desk: Zendesk) -> None:
    refs = await asyncio.gather(desk.create(account.case()), account.connect().create(account.case()))
    assert len(set(refs)) == 1
    assert len(account.lab.books.tickets) == 1


async def test_the_same_key_with_other_words_is_looked_up_and_not_made_twice(account: Account, desk: Zendesk) -> None:
    await desk.create(account.case())
    with pytest.raises(OutcomeUnknown):
        await desk.create(account.case(subject="Other words"))
    assert len(account.lab.books.tickets) == 1


async def test_a_contact_is_one_end_user_and_an_unproven_address_is_not_told(account: Account, desk: Zendesk) -> None:
    books = account.lab.books
    customer = books.person(name="Ann at Zendesk", email="ann@example.com", external_id="crm-7")
    await desk.create(account.case(contact=Contact(id="ann", name="Ann", email="ann@example.com")))
    assert account.ticket.requester != customer.id
    assert books.people[account.ticket.requester].email is None
    await desk.create(account.case("fd:c_1:2", contact=Contact(id="ann", name="Ann", email="ann@example.com")))
    assert len({ticket.requester for ticket in books.tickets.values()}) == 1
    proven = Contact(id="ann2", name="Ann", email="Ann@example.com", verified=True)
    await desk.create(account.case("fd:c_2:1", contact=proven))
    assert account.ticket.requester == customer.id
    assert (customer.name, customer.external_id) == ("Ann at Zendesk", "crm-7")


async def test_an_agent_who_tries_the_bot_is_an_end_user_of_their_own(account: Account, desk: Zendesk) -> None:
    await desk.create(account.case(contact=Contact(id="s", name="Sue", email="sue@lab.example", verified=True)))
    requester = account.lab.books.people[account.ticket.requester]
    assert (requester.role, requester.email) == ("end-user", None)
    assert account.lab.agents["sue"].role == "agent"


async def test_a_requester_who_was_removed_is_made_anew(account: Account, desk: Zendesk) -> None:
    await desk.create(account.case())
    del account.lab.books.people[account.ticket.requester]
    ref = await desk.create(account.case("fd:c_1:2"))
    assert account.lab.books.people[account.ticket.requester].name == "Ann Lee"
    assert ref == str(account.ticket.id)


async def test_a_follow_up_goes_on_with_a_closed_ticket_and_stands_alone_beside_an_open_one(
    account: Account, desk: Zendesk
) -> None:
    first = await desk.create(account.case())
    await desk.create(account.case("fd:c_1:1:1", follows=first))
    assert account.ticket.followup_of is None
    await account.lab.solve(first)
    await account.lab.set(first, status="closed")
    await desk.create(account.case("fd:c_1:2", follows=first))
    assert account.ticket.followup_of == int(first)
    await desk.create(account.case("fd:c_1:3", follows="999999"))
    assert account.ticket.followup_of is None


async def test_a_change_says_only_what_differs(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    change = CaseChange(status=CaseStatus.PENDING, urgency=Urgency.URGENT, team="billing", assignee="sue@lab.example")
    await desk.change(ref, change)
    ticket = account.ticket
    assert (ticket.status, ticket.priority, ticket.assignee) == ("pending", "urgent", account.lab.agents["sue"].id)
    audits = len(ticket.audits)
    await desk.change(ref, change)
    assert len(ticket.audits) == audits


async def test_a_tag_that_an_agent_adds_meanwhile_is_not_lost(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    asked = Asked(actor=account.lab.agents["sue"].id, fields={"tags": [*account.ticket.tags, "urgent_call"]})
    account.lab.in_between.append(lambda: account.lab.changes.update(account.ticket, asked))
    await desk.change(ref, CaseChange(add_tags=("ours",)))
    assert {"urgent_call", "ours"} <= set(account.ticket.tags)


async def test_a_ticket_that_never_stands_still_is_tried_again_later(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    asked = Asked(actor=account.lab.agents["sue"].id, fields={})
    account.lab.in_between.extend([lambda: account.lab.changes.update(account.ticket, asked)] * 10)
    with pytest.raises(ProviderUnavailable):
        await desk.change(ref, CaseChange(add_tags=("ours",)))


async def test_what_is_nobodys_is_solved_in_our_name_which_is_no_agents(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    await desk.change(ref, CaseChange(status=CaseStatus.SOLVED))
    state = await desk.state(ref)
    assert (state.status, state.assignee) == (CaseStatus.SOLVED, None)


async def test_a_closed_ticket_takes_no_change_and_a_deleted_one_is_gone(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    await account.lab.solve(ref)
    await account.lab.set(ref, status="closed")
    await desk.change(ref, CaseChange(status=CaseStatus.SOLVED))
    with pytest.raises(CaseClosed):
        await desk.change(ref, CaseChange(status=CaseStatus.OPEN))
    with pytest.raises(CaseClosed):
        await desk.add(ref, account.entry("more"), again=False)
    await account.lab.delete(ref)
    for asked in (desk.state(ref), desk.entries(ref), desk.change(ref, CaseChange(add_tags=("x",)))):
        with pytest.raises(CaseGone):
            await asked
    with pytest.raises(CaseGone):
        await desk.state("../users/me")


async def test_the_state_tells_who_has_it_and_that_it_shall_go_back(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case(team="billing"))
    await account.lab.take(ref, agent="max")
    await account.lab.give_back(ref, agent="sue")
    state = await desk.state(ref)
    assert (state.key, state.team, state.gives_back) == ("fd:c_1:1", "billing", True)
    assert state.assignee is not None
    assert state.assignee.name == "Max Lee"
    assert state.changed_by is not None
    assert state.changed_by.name == "Sue Jones"
    await desk.change(ref, CaseChange(took_back=True))
    after = await desk.state(ref)
    assert not after.gives_back
    assert after.revision != state.revision


async def test_a_merged_ticket_names_the_one_that_took_its_place(account: Account, desk: Zendesk) -> None:
    first, second = await desk.create(account.case()), await desk.create(account.case("fd:c_2:1"))
    await account.lab.merge(first, second)
    state = await desk.state(first)
    assert (state.status, state.merged_into) == (CaseStatus.CLOSED, second)
    assert (await desk.state(second)).merged_into is None


async def test_a_ticket_in_a_private_group_is_gone_and_a_user_without_rights_is_refused(
    account: Account, desk: Zendesk
) -> None:
    ref = await desk.create(account.case())
    account.lab.forbids = f"/api/v2/tickets/{ref}"
    with pytest.raises(CaseGone):
        await desk.state(ref)
    account.lab.forbids = "/api/v2"
    with pytest.raises(CredentialsInvalid):
        await desk.state(ref)


async def test_changes_are_told_by_the_export_for_our_tickets_only(account: Account, desk: Zendesk) -> None:
    old, new = await desk.create(account.case()), await desk.create(account.case("fd:c_2:1"))
    account.clock.advance(hours=2)
    account.ticket.updated = account.clock()
    stranger = account.lab.books.tickets[int(old)]
    assert await desk.changed(account.clock() - timedelta(hours=1)) == (new,)
    assert set(await desk.changed(account.clock() - timedelta(hours=3))) == {old, new}
    stranger.external_id = None
    assert await desk.changed(account.clock() - timedelta(hours=3)) == (new,)
