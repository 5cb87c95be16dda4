"""Suggestion notes, their lasting numbers, translations, and what agents did with drafts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.domain import Message, MessageKind
from core.handoff.assisting import AssistSettings, TranslateSettings
from handoff import learning
from handoff.assist import is_draft, number_of, numbered
from handoff.assisting import Assisting, tags_of
from handoff.learning import Use
from tests.core.conversing.world import ToldModels
from tests.handoff.desk_case import CONV, DeskCase, desk_case
from tests.handoff.examples import citation

RETURNS = (citation(1, "Returns", "https://help.example/r"),)


def assisting(case: DeskCase, models: ToldModels | None = None, **settings: Any) -> tuple[Assisting, list[Use]]:
    seen: list[Use] = []
    made = Assisting(
        store=case.store, models=lambda: models, counts=seen.append, settings=AssistSettings(**settings), secret=b"s"
    )
    return made, seen


async def queued(case: DeskCase, **changes: Any) -> None:
    await case.says("A person, please", reply="Of course.", hands_over=True, **changes)


async def drafted(case: DeskCase, question: str, reply: str) -> Message:
    return next(m for m in await case.says(question, reply=reply, citations=RETURNS) if is_draft(m))


async def test_a_suggestion_says_what_it_is_and_what_it_stands_on(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        draft = await drafted(case, "How long?", "You have 30 days [1].")
        assist, _ = assisting(case)
        note = await assist.suggestion(await case.head(), (draft,))
        assert note is not None and "Only you see this; nothing was sent." in note
        assert "**Suggestion 1** (send it with `/send 1`" in note and "> You have 30 days." in note
        assert "Stands on: [1] [Returns](<https://help.example/r>) (“Words of Returns.”)" in note
        assert "You have 30 days [1]." not in await case.to_contact()


async def test_numbers_last_and_never_name_another_draft(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        first = await drafted(case, "How long?", "You have 30 days [1].")
        second = await drafted(case, "And opened ones?", "Not opened seeds [1].")
        assert [await number_of(case.store, draft) for draft in (second, first, second)] == [1, 2, 1]
        assist, _ = assisting(case)
        note = await assist.suggestion(await case.head(), (second, first))
        assert note is not None and note.index("**Suggestion 2**") < note.index("**Suggestion 1**")
        assert await numbered(case.store, CONV, 2) == first and await numbered(case.store, CONV, 3) is None


async def test_without_drafts_or_with_suggestions_off_there_is_no_note(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        draft = await drafted(case, "How long?", "You have 30 days [1].")
        head = await case.head()
        assert await assisting(case)[0].suggestion(head, ()) is None
        assert await assisting(case, suggest=False)[0].suggestion(head, (draft,)) is None


async def test_what_the_customer_wrote_is_translated_once(tmp_path: Path) -> None:
    models = ToldModels({"translate": ["I want *20* days, not 30", "something else"]})
    async with desk_case(tmp_path) as case:
        await queued(case, language="de")
        await case.says("Ich will 20 Tage, nicht 30", reply=None)
        assist, _ = assisting(case, models, translate=TranslateSettings(to="en"))
        head = await case.head()
        note = await assist.suggestion(head, ())
        assert note == "**The customer wrote, in English:**\n\n> I want \\*20\\* days, not 30"
        assert await assist.suggestion(head, ()) == note
        assert len(models.asked) == 1
        same, _ = assisting(case, models, translate=TranslateSettings(to="de"))
        assert await same.suggestion(head, ()) is None


async def test_without_a_model_the_note_stands_without_its_translation(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case, language="de")
        draft = await drafted(case, "Wie lange?", "30 Tage [1].")
        head = await case.head()
        for models in (None, ToldModels({})):
            assist, _ = assisting(case, models, translate=TranslateSettings(to="en"))
            note = await assist.suggestion(head, (draft,))
            assert note is not None and note.startswith("**Suggested by the assistant.")


@pytest.mark.parametrize(
    ("reply", "use"),
    [
        ("You have 30 days to return it.\n\n[Returns](<https://help.example/r>)", Use.APPROVED),
        ("You have **30 days** to return it!", Use.APPROVED),
        ("Hello Maria, you have 30 days to return it, kind regards", Use.EDITED),
        ("I shall call you this afternoon about something else entirely", Use.IGNORED),
    ],
)
async def test_what_became_of_a_draft_is_recorded_once(tmp_path: Path, reply: str, use: Use) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        draft = await drafted(case, "How long?", "You have 30 days to return it [1].")
        assist, seen = assisting(case)
        done = await case.service.reply(CONV, agent="Sue", text=reply, key="r1")
        for _ in range(2):
            await assist.answered(done.head, done.messages[0])
        kept = await learning.used(case.store, draft.id)
        assert kept is not None and (kept.use, kept.by) == (use, "Sue") and seen == [use]


async def test_of_several_drafts_only_the_likest_counts(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        first = await drafted(case, "How long?", "You have 30 days to return it [1].")
        second = await drafted(case, "Please?", "Delivery takes 2 to 4 working days [1].")
        assist, seen = assisting(case)
        done = await case.service.reply(CONV, agent="Sue", text="You have 30 days to return it.", key="r1")
        await assist.answered(done.head, done.messages[0])
        assert sorted(seen) == [Use.APPROVED, Use.IGNORED]
        kept = [await learning.used(case.store, draft.id) for draft in (first, second)]
        assert [one and one.use for one in kept] == [Use.APPROVED, Use.IGNORED]


async def test_an_answered_question_is_not_held_against_later_replies(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        await drafted(case, "How long?", "You have 30 days to return it [1].")
        assist, seen = assisting(case)
        for number, text in enumerate(("You have 30 days to return it.", "Anything else?")):
            done = await case.service.reply(CONV, agent="Sue", text=text, key=f"r{number}")
            await assist.answered(done.head, done.messages[0])
        assert seen == [Use.APPROVED]


async def test_tags_of_an_episode_stand_once(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        assist, _ = assisting(case)
        head = await case.head()
        assert await tags_of(case.store, CONV, head.episode) == ()
        await assist.tagged(head, ("refund", "billing", "refund"))
        await assist.tagged(head, ("other",))
        assert await tags_of(case.store, CONV, head.episode) == ("billing", "refund")


async def test_drafts_and_notes_are_never_the_contacts(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await queued(case)
        draft = await drafted(case, "How long?", "Secret suggestion [1].")
        await case.service.note(CONV, agent="Sue", text="a note", key="n1")
        assert draft.kind is MessageKind.DRAFT
        assert not {"Secret suggestion [1].", "a note"} & set(await case.to_contact())
