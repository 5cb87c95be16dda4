"""What the desk gets: one case for an episode, each message once and in order, and what agents alone may see in private."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import Destination, EventKind, Head, Owner
from core.errors import CredentialsInvalid, DeliveryError, ProviderUnavailable
from core.ledger import CommitDraft
from core.notices import Notices
from core.ports.desk import DeskItem
from core.ports.helpdesk import CaseDraft, CaseStatus, EntryDraft, RemoteFile, Urgency
from core.undelivered import noted
from handoff.bridge.ports import Routed
from tests.handoff.bridge.paper import FEATURES, MAX, SUE, PaperCase
from tests.handoff.bridge.stage import Near, Stage, ledger, stage_on


def public(case: PaperCase) -> list[str]:
    return [text for _, text in case.said(is_public=True)]


def private(case: PaperCase) -> list[str]:
    return [text for _, text in case.said(is_public=False)]


class Routing(Near):
    """Sends everything one way."""

    routed = Routed(
        urgency=Urgency.HIGH,
        team="billing",
        assignee="sue@desk.example",
        tags=("vip",),
        fields={"plan": "gold"},
        reasons=("it is about money",),
    )

    async def route(self, head: Head) -> Routed:
        return self.routed


@pytest.fixture
async def routed(tmp_path: Path) -> AsyncIterator[Stage]:
    async with ledger(tmp_path) as store:
        made = stage_on(store)
        made.near = Routing()
        made.start()
        yield made
        await made.bridge.close()


async def test_a_case_is_opened_with_the_contacts_words_and_its_route(routed: Stage) -> None:
    await routed.writes("Hello", answer="Hi!")
    case = await routed.asks("Take my money back")
    assert (case.draft.key, case.draft.channel, case.draft.team) == (f"fd:{routed.conv}:1", "whatsapp", "billing")
    assert (case.draft.urgency, case.draft.tags, case.draft.fields) == (Urgency.HIGH, ("vip",), {"plan": "gold"})
    assert public(case) == ["Take my money back"]
    assert private(case) == ["They asked.\n\nRouted because it is about money."]


async def test_a_route_that_the_desk_does_not_know_is_left_out_and_told(routed: Stage) -> None:
    routed.helpdesk.refuses = lambda call, what: isinstance(what, CaseDraft) and what.team is not None
    case = await routed.asks()
    assert (case.draft.team, case.draft.assignee, case.draft.tags) == (None, None, ())
    assert private(case)[0].startswith("The desk did not take this case's route: create refused")


async def test_what_several_messages_said_before_the_handoff_is_one_opening(stage: Stage) -> None:
    await stage.writes("One")
    await stage.writes("Two")
    case = await stage.asks("Three")
    assert public(case) == ["One\n\nTwo\n\nThree"]


async def test_a_handoff_without_words_opens_in_private(stage: Stage) -> None:
    await stage.store.accept([stage.event("")])
    await stage.handoff.request(stage.conv, key="k")
    await stage.deliver()
    assert public(stage.case) == []
    assert private(stage.case)[0] == "Maria needs a person."


async def test_a_long_opening_is_told_in_parts(tmp_path: Path) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, max_text=100))
        text = " ".join(f"word{number}" for number in range(60))
        case = await stage.asks(text)
        assert all(len(part) <= 100 for part in public(case))
        assert " ".join(public(case)) == text
        await stage.writes(text)
        await stage.deliver()
        assert " ".join(public(case)) == f"{text} {text}"
        assert len({draft.key for draft in case.drafts.values()}) == len(case.drafts)


async def test_a_second_handoff_of_the_episode_opens_the_same_case_again(stage: Stage) -> None:
    case = await stage.asks("First")
    await stage.handoff.give_back(stage.conv, agent="Kim", key="k", takeover=True)
    await stage.deliver()
    assert case.changes[-1].status is CaseStatus.PENDING
    await stage.writes("And now?", answer="I do not know.")
    await stage.asks("Second")
    assert case.state.status is CaseStatus.OPEN
    assert public(case) == ["First", "Second"]
    assert private(case).count("They asked.") == 2


async def test_every_episode_has_a_case_of_its_own(stage: Stage) -> None:
    case = await stage.asks("First")
    await stage.handoff.resolve(stage.conv, agent="Kim", key="k", takeover=True)
    await stage.deliver()
    assert case.state.status is CaseStatus.SOLVED
    await stage.writes("Again", hands_over=True)
    await stage.deliver()
    keys = [each.draft.key for each in stage.helpdesk.cases.values()]
    assert keys == [f"fd:{stage.conv}:1", f"fd:{stage.conv}:2"]
    assert public(case) == ["First"]


async def test_a_conversation_that_never_had_people_tells_the_desk_nothing(stage: Stage) -> None:
    await stage.writes("Hello", answer="Hi!")
    await stage.handoff.resolve_by_contact(stage.conv, key="k")
    await stage.handoff.rate(stage.conv, rating=4, key="r")
    await stage.deliver()
    assert stage.helpdesk.calls == []


async def test_who_takes_over_elsewhere_has_the_case_opened_by_what_is_said(stage: Stage) -> None:
    await stage.writes("Hello", answer="Hi!")
    await stage.handoff.reply(stage.conv, agent="Kim", text="Kim here", key="k")
    await stage.writes("Thank you")
    await stage.deliver()
    assert stage.case.said(is_public=True) == [("contact", "Hello"), ("ours", "Kim here"), ("contact", "Thank you")]
    assert next(reversed(stage.case.drafts.values())).author == "Maria"


async def test_a_desk_that_was_away_gets_the_episode_that_is_over(stage: Stage) -> None:
    await stage.writes("A person", hands_over=True)
    await stage.writes("Hello?")
    await stage.handoff.reply(stage.conv, agent="Kim", text="Kim here", key="k")
    await stage.handoff.resolve(stage.conv, agent="Kim", key="r")
    await stage.writes("Next episode", answer="Hi!")
    await stage.deliver()
    assert public(stage.case) == ["A person", "Hello?", "Kim here"]
    assert stage.case.state.status is CaseStatus.SOLVED
    assert stage.case.draft.key.endswith(":1")


async def test_files_go_along_or_are_linked_or_are_named(tmp_path: Path) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, max_file_bytes=10))
        case = await stage.asks()
        small, large = stage.file("small.png", b"tiny"), stage.file("large.png", b"x" * 20)
        lied, gone = stage.file("lied.png", b"x" * 20, size_bytes=1), stage.file("gone.png", b"gone")
        never = stage.file("never.png", b"", unavailable="expired")
        del stage.files.bodies[gone.id]
        await stage.writes("", files=(small, large, lied, gone, never))
        await stage.deliver()
        draft = next(reversed(case.drafts.values()))
        assert draft.files == (small,)
        assert [name for name, _ in draft.links] == ["large.png", "lied.png", "gone.png", "never.png"]
        stage.files.base = None
        await stage.writes("Here", files=(large, never))
        await stage.deliver()
        said = next(reversed(case.drafts.values()))
        assert said.text.startswith("Here\n\n[file: large.png] is larger than this desk takes (10 bytes).")
        assert "[file: never.png] could not be fetched from the customer's channel (expired)." in said.text


async def test_files_that_the_desk_refuses_become_links(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.refuses = lambda call, what: isinstance(what, EntryDraft) and bool(what.files)
    await stage.writes("Look", files=(stage.file("odd.exe", b"MZ"),))
    assert await stage.deliver() == []
    draft = next(reversed(case.drafts.values()))
    assert (draft.text, draft.files, [name for name, _ in draft.links]) == ("Look", (), ["odd.exe"])


async def test_a_message_that_the_desk_never_takes_is_told_of_and_blocks_nothing(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.refuses = lambda call, what: isinstance(what, EntryDraft) and "poison" in what.text
    await stage.writes("poison")
    await stage.writes("after it")
    assert await stage.deliver() == ["message_rejected"]
    assert public(case)[1:] == ["after it"]
    assert any("could not be shown here: add refused" in note for note in private(case))


async def test_a_closed_case_is_followed_by_another(stage: Stage) -> None:
    first = await stage.asks("First")
    await stage.writes("Second")
    await stage.deliver()
    stage.helpdesk.sets(first.ref, status=CaseStatus.CLOSED)
    await stage.writes("Third")
    await stage.writes("Fourth")
    await stage.deliver()
    second = list(stage.helpdesk.cases.values())[1]
    assert (second.draft.key, second.draft.follows) == (f"fd:{stage.conv}:1:2", first.ref)
    assert public(second) == ["Third", "Fourth"]
    assert "The earlier case is closed; this one goes on with it." in private(second)[1]
    assert public(first) == ["First", "Second"]


async def test_a_deleted_case_is_replaced_with_all_that_the_contact_said_last(stage: Stage) -> None:
    first = await stage.asks("First")
    first.is_gone = True
    await stage.writes("Second")
    await stage.deliver()
    second = list(stage.helpdesk.cases.values())[1]
    assert second.draft.follows is None
    assert public(second) == ["First", "Second"]
    assert "The earlier case was deleted; this one takes its place." in private(second)[0]


async def test_after_the_case_is_closed_signals_are_quiet(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, status=CaseStatus.CLOSED)
    await stage.handoff.resolve(stage.conv, agent="Kim", key="k", takeover=True)
    await stage.handoff.rate(stage.conv, rating=1, key="r")
    assert await stage.deliver() == []
    assert len(stage.helpdesk.cases) == 1


async def test_a_resting_case_is_open_again_when_the_contact_writes(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "Which number?")
    stage.helpdesk.sets(case.ref, status=CaseStatus.PENDING)
    await stage.tells(case.ref)
    await stage.writes("Seven")
    await stage.deliver()
    assert case.state.status is CaseStatus.OPEN
    await stage.restart()
    stage.helpdesk.sets(case.ref, status=CaseStatus.PENDING)
    await stage.writes("Or eight")
    await stage.deliver()
    assert case.state.status is CaseStatus.OPEN


async def test_notes_and_drafts_are_private_whoever_wrote_them(stage: Stage) -> None:
    case = await stage.asks()
    await stage.handoff.note(stage.conv, agent="Kim", text="fraud?", key="n")
    await stage.handoff.tell(stage.conv, "told by the house", key="t")
    await stage.writes("And?", answer="a draft")
    await stage.deliver()
    assert public(case) == ["A person, please", "And?"]
    assert private(case) == ["They asked.", "fraud?", "told by the house", "1. a draft"]


async def test_only_the_newest_drafts_are_suggested(stage: Stage) -> None:
    case = await stage.asks()
    await stage.writes("One", answer="draft of one")
    await stage.writes("Two", answer="draft of two")
    await stage.deliver()
    assert [text for text in private(case) if "draft" in text] == ["1. draft of two"]
    await stage.writes("Three", answer="draft of three")
    await stage.handoff.reply(stage.conv, agent="Kim", text="Kim knows", key="k")
    await stage.deliver()
    assert not [text for text in private(case) if "three" in text]


async def test_a_desk_without_notes_gets_nothing_private(tmp_path: Path) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, notes=False))
        case = await stage.asks()
        await stage.handoff.note(stage.conv, agent="Kim", text="fraud?", key="n")
        await stage.writes("And?", answer="a draft")
        await stage.handoff.give_back(stage.conv, agent="Kim", key="g", takeover=True)
        await stage.deliver()
        assert (public(case), private(case)) == (["A person, please", "And?"], [])


async def test_a_case_routed_again_says_why(routed: Stage) -> None:
    case = await routed.asks()
    head = await routed.head()
    assert head.handoff is not None
    event = routed.event(
        "", kind=EventKind.QUEUE_TIMED_OUT, target=f"{head.handoff.id}:{head.handoff.round}", reason="second"
    )
    await routed.handoff.take(event)
    await routed.deliver()
    assert case.changes[-1].team == "billing"
    assert "routed again, because it is about money" in private(case)[-1]


async def test_refused_credentials_are_the_process_business(stage: Stage) -> None:
    await stage.writes("A person", hands_over=True)

    def refused() -> DeliveryError:
        return CredentialsInvalid("who are you?")

    stage.helpdesk.before[1] = refused
    (row,) = await stage.rows()
    item = DeskItem(id=row.id, head=row.head, message=row.message, signal=row.signal, reconcile=False)
    with pytest.raises(CredentialsInvalid):
        await stage.bridge.send(item)
    assert (row.to, row.signal) == (Destination.DESK, "opened")
    assert (await stage.bridge.send(item)).vendor_ref == stage.case.ref


async def test_an_item_without_a_message_or_a_case_is_nothing(stage: Stage) -> None:
    await stage.writes("Hello", answer="Hi!")
    head = await stage.head()
    for signal in (None, "given_back", "resolved", "rated", "rerouted"):
        item = DeskItem(id="c#1#0", head=head, message=None, signal=signal, reconcile=False)
        assert (await stage.bridge.send(item)).vendor_ref is None
    assert stage.helpdesk.calls == []


async def test_an_agents_file_that_cannot_be_had_is_told_of(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.files["big"] = b"x"
    big = RemoteFile(id="f9", name="big.iso", media_type="x/y", size_bytes=10**12, origin="big")
    stage.helpdesk.says(case.ref, "See the file", agent=SUE, files=(big,))
    await stage.tells(case.ref)
    await stage.deliver()
    assert await stage.answers() == ["See the file"]
    assert any(text.startswith("NOT delivered to the customer:\n\n- “big.iso”") for text in private(case))


async def test_a_part_that_stands_is_not_brought_again(tmp_path: Path) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, max_text=100))
        await stage.asks()
        await stage.writes("word " * 60)

        def down() -> DeliveryError:
            return ProviderUnavailable("down")

        begun = len(stage.helpdesk.calls)
        stage.helpdesk.before[begun + 2] = down
        assert await stage.deliver() == ["provider_unavailable"]
        assert stage.helpdesk.calls[begun:].count("add") == 4


async def test_an_undelivered_answer_opens_a_case_with_the_note_of_it(stage: Stage) -> None:
    await stage.writes("What does it cost?", answer="Five euros")

    def build(head: Head) -> CommitDraft:
        return noted(head, "Not delivered: five euros", by_bot=True, queues=True, notices=Notices(), now=stage.clock())

    await stage.store.append(stage.conv, nonce="noted", build=build)
    await stage.deliver()
    assert public(stage.case) == ["What does it cost?"]
    assert private(stage.case)[-1] == "Not delivered: five euros"
    assert private(stage.case).count("Not delivered: five euros") == 1


async def test_whom_our_route_assigned_has_not_come_yet(routed: Stage) -> None:
    case = await routed.asks()
    routed.helpdesk.sets(case.ref, assignee=SUE)
    await routed.tells(case.ref)
    assert (await routed.head()).owner is Owner.QUEUE
    routed.helpdesk.sets(case.ref, assignee=MAX)
    await routed.tells(case.ref)
    assert (await routed.head()).agent == "Max Lee"


async def test_a_message_without_a_suggestion_gets_its_translation_in_private_once(stage: Stage) -> None:
    case = await stage.asks()
    stage.near.translation = "In English: where is my parcel?"
    await stage.writes("¿Dónde está mi paquete?")
    await stage.deliver()
    await stage.deliver()
    private = [entry.text for entry in case.entries if entry.is_public is False]
    assert private.count("In English: where is my parcel?") == 1
    assert case.entries[-1].is_public is False


async def test_a_translation_beside_a_suggestion_is_the_suggestions_business(stage: Stage) -> None:
    case = await stage.asks()
    stage.near.translation = "In English: where is my parcel?"
    await stage.writes("¿Dónde está mi paquete?", answer="It is on its way.")
    await stage.deliver()
    assert all("In English" not in entry.text for entry in case.entries)
    assert any("It is on its way." in entry.text for entry in case.entries)
