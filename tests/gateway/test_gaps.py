"""After a case: drafts nobody used are settled, and what a person answered waits for review, redacted, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain import EventKind
from core.handoff.assisting import AfterSettings
from core.ledger import Commit
from gateway.background import Background
from gateway.gaps import Gaps
from gateway.store.knowledge import SqliteKnowledgeStore
from handoff import learning
from handoff.assist import is_draft
from handoff.assisting import Assisting
from handoff.learning import Use
from handoff.service import Wish
from tests.handoff.desk_case import CONV, START, DeskCase, desk_case
from tests.handoff.examples import citation

CARD = "4111 1111 1111 1111"


class Quick(Background):
    """Runs what is spawned, and can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.work: list[asyncio.Task[object]] = []

    def spawn(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        self.work.append(asyncio.create_task(work, name=name))


@dataclass
class After:
    case: DeskCase
    gaps: Gaps
    knowledge: SqliteKnowledgeStore
    seen: list[Use]
    quick: Quick

    async def done(self) -> None:
        await asyncio.gather(*self.quick.work)


class Observing:
    """The store's observer: only gaps listen."""

    def __init__(self, gaps: Gaps) -> None:
        self._gaps = gaps

    def committed(self, tenant: str, commit: Commit) -> None:
        self._gaps.committed(tenant, commit)

    def settled(self, *_: object) -> None:
        return None


@asynccontextmanager
async def after(folder: Path, *, learn: bool = True, listens: bool = True) -> AsyncIterator[After]:
    knowledge = SqliteKnowledgeStore(folder / "knowledge.sqlite3")
    knowledge.start()
    seen: list[Use] = []
    quick = Quick()
    async with desk_case(folder) as case:
        gaps = Gaps(
            case.whole,
            knowledge,
            after=lambda: {"demo": AfterSettings(learn=learn)},
            background=quick,
            clock=lambda: START,
            counts=seen.append,
        )
        if listens:
            case.whole.observer = Observing(gaps)
        yield After(case, gaps, knowledge, seen, quick)


async def solved(at: After, *, answer: str = "Yes Maria, I changed it by hand.") -> None:
    await at.case.says(
        f"Can I change the colour of my parasol after ordering? My card is {CARD}",
        reply="Colours are fixed [1].",
        citations=(citation(1, "Parasols"),),
    )
    await at.case.says("A person, please", reply="Of course.", hands_over=True, language="en")
    if answer:
        await at.case.service.reply(CONV, agent="Sue Jones", text=answer, key="r1")
    await at.case.service.resolve(CONV, agent="Sue Jones", key="x1")
    await at.done()


async def test_a_resolved_case_becomes_a_candidate_once(tmp_path: Path) -> None:
    async with after(tmp_path) as at:
        await solved(at)
        (found,) = at.knowledge.candidates("demo")
        assert found.questions[0] == "Can I change the colour of my parasol after ordering? My card is [card]"
        assert found.answers == ("Yes [name], I changed it by hand.",)
        assert [source.title for source in found.cited] == ["Parasols"]
        assert (found.conv, found.episode, found.language, found.state) == (CONV, 1, "en", "open")
        assert await at.gaps.sweep() == 0
        assert at.knowledge.candidates("demo") == (found,)
        assert at.knowledge.candidates("other") == () and at.knowledge.count("demo") == 0


async def test_what_a_crash_left_unlearned_is_swept_up_with_its_tags(tmp_path: Path) -> None:
    async with after(tmp_path, listens=False) as at:
        await at.case.says("Can I change the colour?", reply="No.", hands_over=True)
        await at.case.service.reply(CONV, agent="Sue", text="I did it.", key="r1")
        assist = Assisting(store=at.case.store, models=lambda: None, counts=at.seen.append)
        await assist.tagged(await at.case.head(), ("colours",))
        assert await at.gaps.sweep() == 0, "not resolved yet"
        await at.case.service.resolve(CONV, agent="Sue", key="x1")
        assert await at.gaps.sweep() == 1
        assert at.knowledge.candidates("demo")[0].tags == ("colours",)


async def test_the_reason_of_the_handoff_is_kept(tmp_path: Path) -> None:
    async with after(tmp_path) as at:
        await at.case.says("Can I change the colour?", reply="No.")
        await at.case.service.request(CONV, key="h1")
        await at.case.service.reply(CONV, agent="Sue", text="I did it.", key="r1")
        await at.case.service.resolve(CONV, agent="Sue", key="x1")
        await at.done()
        assert at.knowledge.candidates("demo")[0].reason == "asked"


async def test_nothing_is_learned_where_no_person_answered_or_it_is_off(tmp_path: Path) -> None:
    async with after(tmp_path / "a") as at:
        await solved(at, answer="")
        assert at.knowledge.candidates("demo") == ()
    async with after(tmp_path / "b", learn=False) as at:
        await solved(at)
        assert at.knowledge.candidates("demo") == () and await at.gaps.sweep() == 0


async def test_notes_are_no_answers(tmp_path: Path) -> None:
    async with after(tmp_path) as at:
        await at.case.says("Can I change the colour?", reply="No.", hands_over=True)
        await at.case.service.note(CONV, agent="Sue", text="do not tell them", key="n1")
        await at.case.service.resolve(CONV, agent="Sue", key="x1")
        await at.done()
        assert at.knowledge.candidates("demo") == ()


async def test_each_episode_is_learned_from_by_itself(tmp_path: Path) -> None:
    async with after(tmp_path) as at:
        await solved(at)
        wish = Wish(
            kind=EventKind.AGENT_REPLIED, key="late", agent="Sue", text="One more thing: it is free.", from_desk=True
        )
        await at.case.service.at_desk(CONV, wish)
        await at.case.says("And the heater, can it be green?", reply=None)
        await at.case.service.reply(CONV, agent="Sue", text="It can.", key="r2")
        await at.case.service.resolve(CONV, agent="Sue", key="x2")
        await at.done()
        assert {one.episode for one in at.knowledge.candidates("demo")} == {1, 2}


async def test_drafts_are_settled_by_replies_and_by_the_end(tmp_path: Path) -> None:
    async with after(tmp_path) as at:
        await at.case.says("A person, please", reply="Of course.", hands_over=True)
        used = next(m for m in await at.case.says("How long?", reply="You have 30 days.") if is_draft(m))
        await at.case.service.reply(CONV, agent="Sue", text="You have 30 days.", key="r1")
        await at.done()
        left = next(m for m in await at.case.says("And?", reply="Nothing more.") if is_draft(m))
        await at.case.service.give_back(CONV, agent="Sue", key="g1")
        await at.done()
        kept = [await learning.used(at.case.store, draft.id) for draft in (used, left)]
        assert [one and one.use for one in kept] == [Use.APPROVED, Use.IGNORED] == at.seen
