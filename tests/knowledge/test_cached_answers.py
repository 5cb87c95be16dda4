"""Kept answers over a real index on disk: a sync takes exactly the answers of what it changed, and no others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.answer_cache import CacheSettings, Entry, Lookup, cited_chunks, standing
from core.errors import KnowledgeUnavailable
from core.kept_answers import KeptAnswers
from core.ports.knowledge import SearchQuery
from core.questions import question_key
from core.settings import AnswerSettings
from core.steps.answer import Question, citation, extract
from gateway.knowledge import LiveKnowledge
from kb_sync.pipeline import SyncJob, build, sync
from tests.kb_sync.world import MemoryPlace, job

NOW = datetime(2027, 1, 1, tzinfo=UTC)
TOPICS = {
    "returns": "How can goods be returned?",
    "delivery": "How much does standard delivery cost?",
    "warranty": "How long is the warranty on tools?",
    "roses": "When are roses planted?",
    "pump": "What does pump error E-4711 mean?",
    "vouchers": "Do vouchers ever expire?",
}
TEXTS = {
    "returns": "Goods can be returned within thirty days.\n\n# Exceptions\n\nOpened seed packets stay with you.",
    "delivery": "Standard delivery costs four pounds.",
    "warranty": "The warranty on tools is two years.",
    "roses": "Roses are planted in autumn.",
    "pump": "Pump error E-4711 means that the tank is dry.",
    "vouchers": "Vouchers never expire.",
}


@pytest.fixture
def place() -> MemoryPlace:
    made = MemoryPlace()
    for name, text in TEXTS.items():
        made.put(name, title=name.title(), text=text)
    return made


@pytest.fixture
def made(tmp_path: Path, place: MemoryPlace) -> SyncJob:
    return job(tmp_path, place.source())


@pytest.fixture
def live(made: SyncJob) -> Iterator[LiveKnowledge]:
    with ThreadPoolExecutor(2) as pool:
        knowledge = LiveKnowledge(
            made.tenant, store=made.store, engine=made.engine, root=made.root, pool=pool, sources=(), rebuild=lambda: build(made),
            search_limit_s=30,
        )  # fmt: skip
        yield knowledge
        knowledge.close()


def lookup(name: str) -> Lookup:
    question = question_key(TOPICS[name], "en")
    return Lookup(tenant="acme", audiences=frozenset({"public"}), variant="v", question=question)


async def answer(live: LiveKnowledge, name: str) -> Entry:
    """What the engine quotes for a topic, with the fingerprints of all it cites."""
    result = await live.search(SearchQuery(text=TOPICS[name], language="en"))
    question = Question.of(TOPICS[name], result.terms, "en")
    runs = extract(question, result.passages, AnswerSettings(passages=1), language="en")
    citations = tuple(citation(n, result.passages[run.passage].chunk, run) for n, run in enumerate(runs, start=1))
    assert {cited.external_id for cited in citations} == {name}
    return Entry(
        text=" ".join(unit.text for run in runs for unit in run.units),
        citations=citations,
        chunks=cited_chunks(citations, result.passages),
        made_at=NOW,
        model="quotes",
        generation=result.generation,
    )


async def filled(live: LiveKnowledge) -> KeptAnswers:
    cache = KeptAnswers(CacheSettings(), clock=lambda: NOW)
    await live.refresh()
    for name in TOPICS:
        await cache.put(lookup(name), await answer(live, name))
    return cache


async def evicted(cache: KeptAnswers, live: LiveKnowledge) -> set[str]:
    return {name for name in TOPICS if await standing(cache, lookup(name), live) is None}


def edit_text(place: MemoryPlace) -> None:
    place.put("delivery", title="Delivery", text="Standard delivery costs five pounds.")


def edit_title(place: MemoryPlace) -> None:
    place.put("delivery", title="Postage", text=TEXTS["delivery"])


def move_to_staff(place: MemoryPlace) -> None:
    place.put("delivery", title="Delivery", text=TEXTS["delivery"], audience="staff")


def remove(place: MemoryPlace) -> None:
    place.remove("delivery")


@pytest.mark.parametrize("change", [edit_text, edit_title, move_to_staff, remove])
async def test_one_changed_document_takes_exactly_its_answers(
    change: object, place: MemoryPlace, made: SyncJob, live: LiveKnowledge
) -> None:
    sync(made)
    cache = await filled(live)
    assert await evicted(cache, live) == set()
    assert callable(change)
    change(place)
    newer = sync(made).generation
    assert await live.refresh() is True
    assert await evicted(cache, live) == {"delivery"} and cache.count("acme") == len(TOPICS) - 1
    hit = await standing(cache, lookup("roses"), live)
    assert hit is not None and hit.entry.generation != newer


async def test_answers_outlive_generations_that_leave_their_chunks_alone(
    place: MemoryPlace, made: SyncJob, live: LiveKnowledge
) -> None:
    sync(made)
    cache = await filled(live)
    place.put("gifts", title="Gifts", text="We wrap gifts.")
    place.put("returns", title="Returns", text="# New here\n\nWelcome.\n\n" + TEXTS["returns"].replace("Opened", "Old"))
    sync(made)
    sync(made, full=True)
    assert await live.refresh() is True
    assert await evicted(cache, live) == {"returns"}, "its own section now stands below another heading"


async def test_an_edit_of_another_section_leaves_the_answer(
    place: MemoryPlace, made: SyncJob, live: LiveKnowledge
) -> None:
    sync(made)
    cache = await filled(live)
    place.put("returns", title="Returns", text=TEXTS["returns"].replace("Opened", "Torn"))
    sync(made)
    await live.refresh()
    assert await evicted(cache, live) == set()


async def test_an_answer_comes_back_when_the_edit_is_taken_back_and_it_was_not_asked_for_meanwhile(
    place: MemoryPlace, made: SyncJob, live: LiveKnowledge
) -> None:
    sync(made)
    cache = await filled(live)
    for change in (edit_text, lambda place: place.put("delivery", title="Delivery", text=TEXTS["delivery"])):
        change(place)
        sync(made)
        await live.refresh()
    assert await evicted(cache, live) == set()


async def test_random_syncs_take_exactly_what_they_change(
    place: MemoryPlace, made: SyncJob, live: LiveKnowledge
) -> None:
    chance = random.Random(7)
    sync(made)
    cache = await filled(live)
    kept = set(TOPICS)
    for round_ in range(8):
        changed = set(chance.sample(sorted(TOPICS), chance.randint(0, 3)))
        for name in changed:
            place.put(name, title=name.title(), text=f"{TEXTS[name]} Round {round_}.")
        place.put(f"new-{round_}", title="News", text=f"Nothing about it, number {round_}.")
        sync(made)
        await live.refresh()
        kept -= changed
        assert set(TOPICS) - await evicted(cache, live) == kept
        for name in changed if chance.random() < 0.5 else ():
            await cache.put(lookup(name), await answer(live, name))
            kept.add(name)


async def test_a_citation_of_another_turn_has_no_fingerprint(made: SyncJob, live: LiveKnowledge) -> None:
    sync(made)
    await live.refresh()
    one, other = await answer(live, "roses"), await live.search(SearchQuery(text=TOPICS["pump"], limit=1))
    assert cited_chunks((), other.passages) == {} == cited_chunks(one.citations, other.passages)


async def test_fingerprints_of_the_live_generation(made: SyncJob, live: LiveKnowledge) -> None:
    with pytest.raises(KnowledgeUnavailable):
        await live.chunks(["k"])
    sync(made)
    await live.refresh()
    known = (await answer(live, "roses")).chunks
    assert known and await live.chunks([*known, "k_none"]) == known
    assert await live.chunks([]) == {}
    live.close()
    with pytest.raises(KnowledgeUnavailable):
        await live.chunks(list(known))


async def test_never_synced_there_is_no_chunk(live: LiveKnowledge) -> None:
    await live.refresh()
    assert await live.chunks(["k"]) == {}
