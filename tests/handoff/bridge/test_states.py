"""Assigned, given back, solved, deleted, merged: what a case's state does to its conversation, and when it does nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import MessageKind, Owner, Status
from core.errors import DeliveryError, ProviderUnavailable
from core.ports.helpdesk import CaseStatus
from core.ports.store import TenantStore
from tests.handoff.bridge.paper import MAX, SUE
from tests.handoff.bridge.stage import Died, Stage, stage_on


async def owner(stage: Stage) -> Owner:
    return (await stage.head()).owner


async def test_an_assignment_takes_the_conversation_out_of_the_queue(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, assignee=SUE)
    await stage.tells(case.ref)
    head = await stage.head()
    assert (head.owner, head.agent) == (Owner.HUMAN, "Sue Jones")
    stage.helpdesk.sets(case.ref, assignee=MAX)
    await stage.tells(case.ref)
    assert (await stage.head()).agent == "Sue Jones"


async def test_who_was_assigned_before_the_second_handoff_has_not_taken_it(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, assignee=SUE)
    await stage.tells(case.ref)
    stage.helpdesk.sets(case.ref, gives_back=True)
    await stage.tells(case.ref)
    await stage.asks("Again")
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.QUEUE
    stage.helpdesk.sets(case.ref, assignee=MAX)
    await stage.tells(case.ref)
    assert (await stage.head()).agent == "Max Lee"


async def test_giving_back_clears_the_wish_and_can_be_done_again(stage: Stage) -> None:
    case = await stage.asks()
    for _ in range(2):
        stage.helpdesk.sets(case.ref, gives_back=True)
        await stage.tells(case.ref)
        assert await owner(stage) is Owner.BOT
        assert (case.state.gives_back, case.state.status) == (False, CaseStatus.PENDING)
        await stage.asks("Again")
        assert (await owner(stage), case.state.status) == (Owner.QUEUE, CaseStatus.OPEN)


async def test_a_wish_that_could_not_be_cleared_is_not_granted_to_a_later_handoff(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, gives_back=True)

    def down() -> DeliveryError:
        return ProviderUnavailable("down")

    begun = len(stage.helpdesk.calls)
    stage.helpdesk.before[begun + 3] = down
    with pytest.raises(DeliveryError):
        await stage.bridge._reader.read(case.ref)
    assert await owner(stage) is Owner.BOT
    stage.helpdesk.says(case.ref, "Wait, I know it")
    await stage.tells(case.ref)
    assert (await owner(stage), case.state.gives_back) == (Owner.HUMAN, False)


async def test_a_reply_before_giving_back_comes_first_and_one_after_it_wins(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "I give you back now")
    stage.helpdesk.sets(case.ref, gives_back=True)
    await stage.tells(case.ref)
    assert (await stage.answers(), await owner(stage)) == (["I give you back now"], Owner.BOT)
    stage.helpdesk.says(case.ref, "One more thing")
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.HUMAN


async def test_a_reply_with_solving_ends_the_episode_after_it_was_said(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "Done, goodbye")
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED)
    for _ in range(2):
        await stage.tells(case.ref)
    assert (await stage.answers(), (await stage.head()).status) == (["Done, goodbye"], Status.RESOLVED)
    kinds = [message.kind for message in await stage.log()]
    assert kinds.count(MessageKind.CSAT_REQUEST) == 1
    await stage.deliver()
    assert case.changes == []


async def test_solving_without_the_contacts_last_words_waits_for_them(stage: Stage) -> None:
    case = await stage.asks()
    await stage.writes("One more question")
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED)
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.QUEUE
    await stage.deliver()
    assert case.state.status is CaseStatus.OPEN
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.QUEUE


async def test_the_state_of_an_earlier_handoff_says_nothing_about_a_new_one(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, gives_back=True)
    await stage.tells(case.ref)
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED, gives_back=True, assignee=SUE)
    await stage.writes("Again", hands_over=True)
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.QUEUE
    await stage.deliver()
    assert (case.state.status, case.state.gives_back) == (CaseStatus.OPEN, False)
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.QUEUE


# episodes, deletions, merges


async def test_a_reply_in_a_solved_case_begins_anew_there(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED)
    await stage.tells(case.ref)
    stage.helpdesk.says(case.ref, "One thing I forgot")
    await stage.tells(case.ref)
    head = await stage.head()
    assert (head.episode, head.owner) == (2, Owner.HUMAN)
    await stage.writes("Thank you")
    await stage.deliver()
    assert case.said(is_public=True)[-1] == ("contact", "Thank you")
    assert case.state.status is CaseStatus.OPEN
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED)
    await stage.tells(case.ref)
    assert await owner(stage) is Owner.NONE


async def test_an_old_case_is_adopted_by_the_episode_in_which_its_agent_answers(stage: Stage) -> None:
    case = await stage.asks("First")
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED)
    await stage.tells(case.ref)
    await stage.writes("Something new", answer="I am the assistant")
    stage.helpdesk.says(case.ref, "I am still here")
    await stage.tells(case.ref)
    await stage.deliver()
    assert (await owner(stage), len(stage.helpdesk.cases)) == (Owner.HUMAN, 1)
    told = case.said(is_public=False)[-1][1]
    assert "this case goes on with that" in told
    assert "> Maria: Something new" in told
    assert "> Assistant: I am the assistant" in told


async def test_a_reply_in_an_old_case_beside_a_newer_one_is_delivered_and_told(stage: Stage) -> None:
    first = await stage.asks("First")
    stage.helpdesk.sets(first.ref, status=CaseStatus.SOLVED)
    await stage.tells(first.ref)
    await stage.writes("Second", hands_over=True)
    await stage.deliver()
    second = list(stage.helpdesk.cases.values())[1]
    stage.helpdesk.says(first.ref, "About your first question")
    stage.helpdesk.sets(first.ref, gives_back=True)
    await stage.tells(first.ref)
    await stage.deliver()
    assert await stage.answers() == ["About your first question"]
    assert await owner(stage) is Owner.HUMAN
    assert "An agent answered in an earlier case" in second.said(is_public=False)[-1][1]


async def test_who_waits_in_a_deleted_case_gets_another_one_once(stage: Stage) -> None:
    case = await stage.asks("Help")
    for number in (2, 2):
        list(stage.helpdesk.cases.values())[-1].is_gone = True
        await stage.tells(list(stage.helpdesk.cases)[-1])
        await stage.deliver()
        assert len(stage.helpdesk.cases) == number
    second = list(stage.helpdesk.cases.values())[1]
    assert second.said(is_public=True) == [("contact", "Help")]
    assert any("was deleted at the desk while the customer waited" in text for _, text in second.said(is_public=False))
    assert case.draft.key != second.draft.key


async def pair(store: TenantStore) -> tuple[Stage, Stage]:
    """Two conversations at one desk."""
    maria, ben = stage_on(store), stage_on(store)
    ben.helpdesk, ben.memory = maria.helpdesk, maria.memory
    ben.bridge = maria.bridge
    await maria.writes("I am Maria", hands_over=True)
    await maria.deliver()
    await ben.writes("I am Ben", hands_over=True)
    await ben.deliver()
    return maria, ben


async def test_behind_a_merged_case_the_one_who_wrote_last_is_answered(stage: Stage) -> None:
    maria, ben = await pair(stage.store)
    helpdesk = maria.helpdesk
    of_maria, of_ben = helpdesk.cases
    helpdesk.says(of_ben, "Only for Ben, before the merge")
    helpdesk.sets(of_maria, status=CaseStatus.CLOSED, merged_into=of_ben)
    await maria.tells(of_maria)
    helpdesk.says(of_ben, "For whoever wrote last")
    await maria.tells(of_ben)
    assert await maria.answers() == []
    assert await ben.answers() == ["Only for Ben, before the merge", "For whoever wrote last"]
    await maria.writes("Maria again")
    assert await maria.deliver() == []
    assert helpdesk.cases[of_ben].said(is_public=True)[-1] == ("contact", "Maria again")
    helpdesk.says(of_ben, "Yes, Maria")
    await maria.tells(of_ben)
    await maria.deliver()
    assert await maria.answers() == ["Yes, Maria"]
    assert any(
        "Several conversations stand behind this case" in text
        for _, text in helpdesk.cases[of_ben].said(is_public=False)
    )
    await ben.handoff.resolve(ben.conv, agent="Kim", key="k", takeover=True)
    await ben.deliver()
    assert helpdesk.cases[of_ben].state.status is CaseStatus.OPEN


async def test_who_is_answered_is_chosen_once(stage: Stage) -> None:
    maria, ben = await pair(stage.store)
    of_maria, of_ben = maria.helpdesk.cases
    maria.helpdesk.sets(of_maria, status=CaseStatus.CLOSED, merged_into=of_ben)
    await maria.tells(of_maria)
    maria.helpdesk.says(of_ben, "Yes, Ben")
    maria.memory.dies_before = maria.memory.writes + 2
    with pytest.raises(Died):
        await maria.bridge._reader.read(of_ben)
    await maria.writes("Maria again")
    await maria.restart()
    await maria.tells(of_ben)
    assert (await maria.answers(), await ben.answers()) == ([], ["Yes, Ben"])


async def test_what_stands_in_a_foreign_case_is_never_told_to_who_was_merged_into_it(stage: Stage) -> None:
    maria, _ = await pair(stage.store)
    helpdesk = maria.helpdesk
    of_maria, of_ben = helpdesk.cases
    foreign = helpdesk.cases[of_ben]
    foreign.ref, foreign.draft = "x1", replace(foreign.draft, key="theirs")
    helpdesk.cases["x1"] = foreign
    helpdesk.says("x1", "Dear stranger, your password is 1234")
    helpdesk.sets(of_maria, status=CaseStatus.CLOSED, merged_into="x1")
    await maria.tells(of_maria)
    await maria.tells("x1")
    assert await maria.answers() == []
    helpdesk.says("x1", "Dear Maria")
    await maria.tells("x1")
    assert await maria.answers() == ["Dear Maria"]
    assert "not_for_our_conversation" in maria.ignored


async def test_a_row_that_finds_its_case_merged_goes_where_it_went(stage: Stage) -> None:
    maria, _ = await pair(stage.store)
    of_maria, of_ben = maria.helpdesk.cases
    maria.helpdesk.sets(of_maria, status=CaseStatus.CLOSED, merged_into=of_ben)
    await maria.writes("Where did I go?")
    await maria.deliver()
    assert len(maria.helpdesk.cases) == 2
    assert maria.helpdesk.cases[of_ben].said(is_public=True)[-1] == ("contact", "Where did I go?")


async def test_the_tags_of_a_solved_case_are_kept_as_its_outcome(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED, tags=frozenset({"refunded", "angry"}))
    await stage.tells(case.ref)
    assert (await stage.head()).status is Status.RESOLVED
    assert stage.near.tags == [("angry", "refunded")]
