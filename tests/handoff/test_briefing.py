"""What stands on top of a case: at most 120 words, redacted, the same at every attempt, and nothing a model made up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Contact, HandoffReason, Role
from core.handoff.assisting import BriefSettings
from core.ports.model import ModelRole
from handoff import brief as briefs
from handoff import wording
from handoff.briefing import Briefing
from handoff.redacting import redacted
from tests.core.conversing.world import ToldModels
from tests.handoff.desk_case import DeskCase, desk_case
from tests.handoff.examples import citation, queued, said

CARD = "4111 1111 1111 1111"
PUMP = "I opened my AquaFlow 300 pump, order LK-20417, and it is too loud. How long may I return it?"
TRACE = {
    "steps": {
        "understand": {"entities": [{"kind": "order", "text": "LK-20417"}]},
        "tools": {
            "calls": [{"tool": "lookup_order", "outcome": "done", "text": '{"status": "shipped", "day": "May 3"}'}]
        },
    }
}
TRUE = "Maria López wants to know how long she may return her AquaFlow 300 pump from order LK-20417, which is too loud."


def briefing(case: DeskCase, models: ToldModels | None = None, **settings: Any) -> Briefing:
    given = {name: settings.pop(name) for name in ("base_url", "company") if name in settings}
    return Briefing(store=case.store, models=lambda: models, settings=BriefSettings(**settings), secret=b"s", **given)


async def handed(case: DeskCase, text: str = PUMP) -> None:
    await case.says(
        text, reply="30 days [1].", citations=(citation(1, "Returns", "https://help.example/r"),), trace=TRACE
    )
    await case.says("A person, please", reply="Of course.", hands_over=True, language="en", sentiment="negative")


async def test_a_brief_says_who_what_and_what_was_tried(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await handed(case)
        text = await briefing(case).brief(await case.head())
        top, _, below = text.partition("**The conversation so far**")
        assert "Maria López · maria@example.com (not verified)" in top
        assert "AquaFlow 300" in top and "Used lookup\\_order (done): status shipped, day May 3" in top
        assert "[Returns](<https://help.example/r>)" in top and "mood negative" in top and "writes English" in top
        assert "order LK-20417" in top and "the assistant found no answer" in top
        assert wording.count(top) <= 120
        assert "How long may I return it?" in below and "**Assistant** (" in below


async def test_the_transcript_is_a_link_where_the_desk_has_an_address(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await handed(case)
        head = await case.head()
        text = await briefing(case, base_url="https://desk.example/").brief(head)
        assert text.endswith(f"[The whole conversation](<https://desk.example/desk#demo/{head.conv}>)")
        assert "Of course." not in text


async def test_the_policy_strikes_out_personal_data_everywhere(tmp_path: Path) -> None:
    words = "please refund my pump and shower head today, " * 3
    async with desk_case(tmp_path) as case:
        await handed(case, f"{words} my card is {CARD} and I am at maria@example.com")
        head = await case.head()
        plain = await briefing(case).brief(head)
        assert "1111" not in plain and "[card]" in plain and "maria@example.com" in plain
        strict = briefing(case, redact=("card", "email"))
        assert "example.com" not in await strict.subject(head)
    async with desk_case(tmp_path / "other") as case:
        await handed(case, "I am at maria@example.com, my pump is broken")
        text = await briefing(case, redact=("email",)).brief(await case.head())
        assert "maria@example.com" not in text and "[email]" in text


async def test_half_a_card_number_is_not_left_at_the_end_of_a_quote() -> None:
    cut = " ".join(["word"] * (briefs.QUOTE_WORDS - 2)) + f" {CARD}"
    found = briefs.compose(queued(), [said(Role.CONTACT, cut, 1)], hide=lambda text: redacted(text, ("card",)))
    assert "1111" not in "".join(found.wants) and "4111" not in "".join(found.wants)


async def test_a_model_words_the_brief_once_and_the_same_words_stand_at_every_attempt(tmp_path: Path) -> None:
    models = ToldModels({"brief": [TRUE, "Something else about Maria López."]})
    async with desk_case(tmp_path) as case:
        await handed(case)
        first = await briefing(case, models).brief(await case.head())
        assert first.startswith(TRUE)
        await case.says("Hello? Is anybody there?", reply=None)
        assert await briefing(case, models).brief(await case.head()) == first
        assert [role for role, _ in models.asked] == [ModelRole.FAST]


@pytest.mark.parametrize(
    "made_up",
    [
        TRUE + " She paid 45.90.",
        TRUE + " She already spoke with Gregor Samsa.",
        TRUE + " See https://evil.example/refund for details.",
        "word " * 121,
        "",
        "The tractor exploded in the harbour while penguins sang opera loudly beneath purple lanterns.",
    ],
)
async def test_a_model_that_makes_things_up_is_not_believed(tmp_path: Path, made_up: str) -> None:
    async with desk_case(tmp_path) as case:
        await handed(case)
        text = await briefing(case, ToldModels({"brief": [made_up]})).brief(await case.head())
        assert text.startswith("**Who:** Maria López")


async def test_a_late_or_missing_model_costs_nothing_but_the_wording(tmp_path: Path) -> None:
    slow = ToldModels({"brief": [TRUE]}, roles=frozenset())
    broken = ToldModels({})
    async with desk_case(tmp_path) as case:
        await handed(case)
        assert (await briefing(case, slow).brief(await case.head())).startswith("**Who:**")
        assert not slow.asked
    async with desk_case(tmp_path / "other") as case:
        await handed(case)
        assert (await briefing(case, broken).brief(await case.head())).startswith("**Who:**")
        off = ToldModels({"brief": [TRUE]})
        assert (await briefing(case, off, written=False).brief(await case.head())).startswith("**Who:**")
        assert not off.asked


async def test_the_model_reads_redacted_facts_only(tmp_path: Path) -> None:
    models = ToldModels({"brief": [TRUE]})
    async with desk_case(tmp_path) as case:
        await handed(case, f"{PUMP} My card is {CARD}.")
        await briefing(case, models).brief(await case.head())
        prompt = json.dumps([message.text for message in models.asked[0][1].messages])
        assert "1111" not in prompt and "[card]" in prompt


async def test_a_contact_cannot_write_markup_into_the_desk(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await handed(
            case, "My pump broke ![x](https://evil.example/p.png) **look** at [this](https://evil.example) now"
        )
        text = await briefing(case).brief(await case.head())
        assert "![x]" not in text and "\\[this\\]" in text and "**look**" not in text


async def test_the_subject_is_one_short_line(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await handed(case)
        line = await briefing(case).subject(await case.head())
        assert line.startswith("Maria López: I opened my AquaFlow 300 pump") and len(line) <= 120 and "\n" not in line


async def test_a_case_without_a_turn_has_a_brief_too(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await handed(case)
        bare = replace(await case.head(), episode=7, handoff=None)
        assert "**Wants:** not said yet" in await briefing(case).brief(bare)


@given(st.lists(st.text(max_size=400), max_size=6), st.text(max_size=200), st.sampled_from(HandoffReason))
def test_a_composed_brief_never_has_more_than_120_words(texts: list[str], name: str, reason: HandoffReason) -> None:
    messages = [said(Role.CONTACT, text, number, turn_id=f"t{number}") for number, text in enumerate(texts, 1)]
    messages += [said(Role.BOT, "x", 9, index=n, citations=(citation(1, text),)) for n, text in enumerate(texts)]
    found = briefs.compose(queued(reason, contact=Contact(id="u", name=name, email=name)), messages)
    assert wording.count(wording.composed(found)) <= 120
