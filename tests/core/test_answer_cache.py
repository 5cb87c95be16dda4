"""The answer cache: who may use it and leave something in it, how long things stay, and that scopes never meet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.answer_cache import (
    AnsweredFacts,
    AskedFacts,
    CacheSettings,
    Entry,
    Hit,
    Lookup,
    is_askable,
    is_cacheable,
    nearest,
    standing,
)
from core.domain import Citation, Contact
from core.errors import KnowledgeUnavailable
from core.kept_answers import COMPARED, Flights, KeptAnswers, size_of
from core.ports.knowledge import SearchQuery, SearchResult
from core.questions import question_key

T0 = datetime(2027, 1, 1, tzinfo=UTC)
SOME = Citation(
    number=1,
    document_id="d",
    external_id="x",
    source="s",
    chunk_id="k1",
    title="T",
    url=None,
    heading="",
    quote="Two days.",
)


class Clock:
    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> datetime:
        return self.now


def lookup(text: str = "How long is delivery?", vector: tuple[float, ...] = (), **scope: Any) -> Lookup:
    language = scope.pop("language", "en")
    given = {"tenant": "acme", "audiences": frozenset({"public"}), "variant": "v1", **scope}
    return Lookup(question=question_key(text, language), vector=vector, **given)


def entry(text: str = "Two days. [1]", *, at: datetime = T0, **chunks: str) -> Entry:
    return Entry(text=text, citations=(SOME,), chunks=chunks or {"k1": "h1"}, made_at=at, model="m", generation="g1")


def kept(clock: Clock | None = None, **bounds: Any) -> KeptAnswers:
    return KeptAnswers(CacheSettings(**bounds), clock=clock or Clock())


async def test_an_equal_question_gets_the_answer() -> None:
    cache = kept()
    await cache.put(lookup(), entry())
    hit = await cache.get(lookup("how long does delivery take"))
    assert hit is not None and hit.entry == entry() and hit.similarity == 1
    assert await cache.get(lookup("How much is delivery?")) is None


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "other"},
        {"audiences": frozenset({"public", "partners"})},
        {"audiences": frozenset()},
        {"variant": "v2"},
        {"language": "de"},
    ],
    ids=lambda scope: next(iter(scope)),
)
async def test_scopes_never_meet(other: dict[str, Any]) -> None:
    text, vector = "delivery", (1.0, 0.0)
    cache = kept()
    await cache.put(lookup(text, vector), entry())
    assert await cache.get(lookup(text, vector, **other), similarity=0.1) is None
    assert await cache.get(lookup(text, vector)) is not None


@given(
    st.lists(
        st.tuples(st.text(max_size=3), st.frozensets(st.text(max_size=3), max_size=3), st.text(max_size=3)),
        min_size=2,
        max_size=2,
    )
)
def test_scopes_are_told_apart_by_every_part(scopes: list[tuple[str, frozenset[str], str]]) -> None:
    one, other = (lookup(tenant=t, audiences=a, variant=v) for t, a, v in scopes)
    assert (one.scope == other.scope) is (scopes[0] == scopes[1]) and (one.id == other.id) is (scopes[0] == scopes[1])


async def test_a_newer_answer_takes_the_place_of_the_older() -> None:
    cache = kept()
    await cache.put(lookup(), entry("One."))
    size = cache.size_bytes("acme")
    await cache.put(lookup(), entry("Two."))
    hit = await cache.get(lookup())
    assert (
        hit is not None and hit.entry.text == "Two." and cache.count("acme") == 1 and cache.size_bytes("acme") == size
    )


async def test_answers_grow_old() -> None:
    clock = Clock()
    cache = kept(clock, ttl_s=60)
    await cache.put(lookup(vector=(1.0,)), entry())
    clock.now += timedelta(seconds=59)
    assert await cache.get(lookup()) is not None
    clock.now += timedelta(seconds=1)
    assert await cache.get(lookup("How long is shipping?", (1.0,)), similarity=0.5) is None
    assert cache.count("acme") == 0 == cache.size_bytes("acme")
    await cache.put(lookup(), entry())
    assert await cache.get(lookup()) is None and cache.count("acme") == 0


async def test_the_least_recently_used_goes_first_and_tenants_have_room_of_their_own() -> None:
    cache = kept(entries=2)
    await cache.put(lookup("one"), entry())
    await cache.put(lookup("two"), entry())
    assert await cache.get(lookup("one")) is not None
    await cache.put(lookup("three"), entry())
    await cache.put(lookup("one", tenant="other"), entry())
    found = [await cache.get(lookup(text)) is not None for text in ("one", "two", "three")]
    assert found == [True, False, True] and cache.count("acme") == 2 and cache.count("other") == 1


async def test_the_bound_in_bytes_holds() -> None:
    big = entry("x" * 10_000)
    cache = kept(size_bytes=2 * size_of(lookup("one"), big) + 100)
    for text in ("one", "two", "three"):
        await cache.put(lookup(text), big)
    assert cache.count("acme") == 2 and await cache.get(lookup("one")) is None
    await cache.put(lookup("four"), entry("x" * 1_000_000))
    assert cache.count("acme") == 2 and await cache.get(lookup("four")) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pgf"), st.integers(0, 9), st.integers(1, 4_000)), max_size=40))
def test_whatever_is_done_the_bounds_hold_and_the_books_balance(steps: list[tuple[str, int, int]]) -> None:
    async def run() -> None:
        cache = kept(entries=4, size_bytes=30_000)
        for what, number, length in steps:
            asked = lookup(f"question number{number}", (1.0, float(number % 3)))
            if what == "p":
                await cache.put(asked, entry("x" * length))
            hit = await cache.get(asked, similarity=0.9)
            if what == "f" and hit is not None:
                await cache.forget(hit)
            assert cache.count("acme") <= 4 and 0 <= cache.size_bytes("acme") <= 30_000
        for number in range(10):
            while (hit := await cache.get(lookup(f"question number{number}"))) is not None:
                await cache.forget(hit)
        assert cache.count("acme") == 0 == cache.size_bytes("acme")

    asyncio.run(run())


async def test_forgetting_spares_what_replaced_the_entry() -> None:
    cache = kept()
    await cache.put(lookup(), entry("Old."))
    old = await cache.get(lookup())
    assert old is not None
    await cache.put(lookup(), entry("New."))
    await cache.forget(old)
    assert await cache.get(lookup()) is not None
    await cache.forget(Hit(entry=entry("New."), kept_for=lookup()))
    await cache.forget(old)
    assert await cache.get(lookup()) is None


async def test_other_words_share_an_answer_only_when_they_are_alike_enough() -> None:
    cache = kept()
    await cache.put(lookup("How do I give goods back?", (1.0, 0.0)), entry("near"))
    await cache.put(lookup("How do I feed a cat?", (0.0, 1.0)), entry("far"))
    asked = lookup("How does one return a purchase?", (0.99, 0.1))
    hit = await cache.get(asked, similarity=0.95)
    assert hit is not None and hit.entry.text == "near" and 0.99 < hit.similarity < 1
    assert hit.kept_for == lookup("How do I give goods back?", (1.0, 0.0))
    assert await cache.get(asked, similarity=0.999) is None
    assert await cache.get(asked) is None
    assert await cache.get(replace(asked, vector=()), similarity=0.1) is None


@pytest.mark.parametrize(
    "other",
    [
        "How do I return goods without a receipt?",
        "How do I return 2 goods?",
        "How do I return goods to Norway?",
        "When do I return goods?",
        "How do I not return goods?",
        "How do I return TM-200?",
    ],
)
def test_vectors_cannot_overrule_numbers_negations_and_names(other: str) -> None:
    one = lookup("How do I return goods?", (1.0, 0.0))
    assert nearest(one, [lookup("How do I bring goods back?", (1.0, 0.0))], at_least=0.9) == (0, 1.0)
    assert nearest(one, [lookup(other, (1.0, 0.0))], at_least=0.9) is None


def test_the_nearest_is_taken_and_useless_vectors_are_not() -> None:
    one = lookup("return", (2.0, 0.0))
    others = [
        lookup("bring", (1.0, 0.2)),
        lookup("carry", (5.0, 0.1)),
        lookup("fetch", (0.0, 0.0)),
        lookup("send", (1.0, 0.0, 0.0)),
        lookup("go", (1.0, 0.0), variant="v2"),
    ]
    found = nearest(one, others, at_least=0.9)
    assert found is not None and found[0] == 1 and found[1] == pytest.approx(0.9998, abs=1e-4)
    assert nearest(one, others[2:], at_least=0.0) == (0, 0.0) and nearest(one, [], at_least=0.0) is None


async def test_only_the_newest_are_compared() -> None:
    cache = kept()
    await cache.put(lookup("oldest", (1.0, 0.0)), entry())
    for number in range(COMPARED - 1):
        await cache.put(lookup("a" * (number + 2), (0.0, 1.0)), entry())
    assert await cache.get(lookup("alike", (1.0, 0.0)), similarity=0.9) is not None
    await cache.put(lookup("one more", (0.0, 1.0)), entry())
    assert await cache.get(lookup("alike", (1.0, 0.0)), similarity=0.9) is None


class Chunks:
    """A knowledge of fingerprints."""

    def __init__(self, **now: str) -> None:
        self.now = now
        self.is_down = False

    async def search(self, query: SearchQuery) -> SearchResult:
        raise AssertionError("nobody searches here")

    async def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        if self.is_down:
            raise KnowledgeUnavailable("gone")
        return {id: self.now[id] for id in ids if id in self.now}


@pytest.mark.parametrize(
    "now", [{}, {"k1": "h1"}, {"k1": "h1", "k2": "other"}], ids=["both gone", "one gone", "edited"]
)
async def test_an_answer_stands_only_while_all_it_cites_does(now: dict[str, str]) -> None:
    cache, knowledge = kept(), Chunks(k1="h1", k2="h2", k3="h3")
    await cache.put(lookup(), entry(k1="h1", k2="h2"))
    assert await standing(cache, lookup(), knowledge) is not None
    knowledge.now = now
    assert await standing(cache, lookup(), knowledge) is None and cache.count("acme") == 0


async def test_nothing_stands_and_nothing_is_forgotten_while_the_knowledge_is_down() -> None:
    cache, knowledge = kept(), Chunks(k1="h1")
    await cache.put(lookup(), entry())
    knowledge.is_down = True
    assert await standing(cache, lookup(), knowledge) is None and cache.count("acme") == 1
    knowledge.is_down = False
    assert await standing(cache, lookup(), knowledge) is not None


async def test_a_stale_answer_to_another_question_is_the_one_forgotten() -> None:
    cache = kept()
    await cache.put(lookup("How do I give goods back?", (1.0,)), entry())
    assert await standing(cache, lookup("How to return goods?", (1.0,)), Chunks(), similarity=0.9) is None
    assert cache.count("acme") == 0


ANNA = Contact(id="c", name="Anna Lind", email="anna@example.com", customer_account="AC-77", verified=True)


def asked(text: str = "How long is delivery?", **facts: Any) -> AskedFacts:
    given = {"contact": ANNA, "is_alone": True, **facts}
    return AskedFacts(text=text, question=question_key(text, "en"), **given)


def answered(text: str = "Two days. [1]", **facts: Any) -> AnsweredFacts:
    return AnsweredFacts(text=text, **{"is_answer": True, "chunks": {"k1": "h1"}, **facts})


def test_a_general_answer_may_be_kept() -> None:
    assert is_askable(asked()).is_allowed and is_cacheable(asked(), answered()).is_allowed


@pytest.mark.parametrize(
    ("question", "because"),
    [
        (asked(is_spoken=False), "people answer"),
        (asked(has_state=True), "something is under way"),
        (asked(has_files=True), "files"),
        (asked(is_alone=False), "context"),
        (asked("?"), "no single question"),
        (asked(has_personal_data=True), "personal data"),
        (asked("Is Anna allowed to order?"), "personal data"),
        (asked("what does ac-77 stand for"), "personal data"),
        (asked("Where is my order?"), "own matter"),
        (asked(is_upset=True), "mood"),
    ],
)
def test_who_may_not_use_the_cache_leaves_nothing_in_it(question: AskedFacts, because: str) -> None:
    assert is_askable(question).because == because == is_cacheable(question, answered()).because
    assert not is_askable(question).is_allowed


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (answered(is_answer=False), "no answer"),
        (answered(is_whole=False), "not whole"),
        (answered(has_tools=True), "tools"),
        (answered(has_findings=True), "guard"),
        (answered(chunks={}), "nothing cited"),
        (answered(" "), "nothing cited"),
        (answered(has_personal_data=True), "personal data"),
        (answered("Hello Anna, two days. [1]"), "personal data"),
        (answered("It goes to ANNA@example.com. [1]"), "personal data"),
    ],
)
def test_what_is_never_kept(answer: AnsweredFacts, because: str) -> None:
    ruling = is_cacheable(asked(), answer)
    assert (ruling.is_allowed, ruling.because) == (False, because)


def test_parts_of_words_are_no_names() -> None:
    contact = Contact(id="c", name="Al Deli", email=None)
    assert is_cacheable(asked(contact=contact), answered("Delivery is all free. [1]")).is_allowed


async def test_turns_of_one_question_go_one_after_the_other() -> None:
    flights, order, go = Flights(), list[str](), asyncio.Event()

    async def first() -> None:
        async with flights.alone("q", wait_s=30) as has_waited:
            order.append(f"first {has_waited}")
            await go.wait()
            order.append("done")

    async def later(id: str) -> None:
        async with flights.alone(id, wait_s=30) as has_waited:
            order.append(f"{id} {has_waited}")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first())
        same = [tasks.create_task(later("q")) for _ in range(3)]
        other = tasks.create_task(later("other"))
        await other
        assert not any(task.done() for task in same)
        go.set()
    assert order == ["first False", "other False", "done", "q True", "q True", "q True"]


async def test_nobody_waits_longer_than_they_would() -> None:
    flights = Flights()
    async with flights.alone("q", wait_s=1) as has_waited, flights.alone("q", wait_s=0) as second:
        assert (has_waited, second) == (False, False)
    async with flights.alone("q", wait_s=1) as has_waited:
        assert not has_waited


async def test_a_turn_that_fails_lets_the_others_on() -> None:
    flights, started, go = Flights(), asyncio.Event(), asyncio.Event()

    async def fails() -> None:
        async with flights.alone("q", wait_s=1):
            started.set()
            await go.wait()
            raise ValueError("no luck")

    failing = asyncio.create_task(fails())
    await started.wait()

    async def waits() -> bool:
        async with flights.alone("q", wait_s=30) as has_waited:
            return has_waited

    waiting = asyncio.create_task(waits())
    await asyncio.sleep(0)
    go.set()
    assert await waiting is True
    with pytest.raises(ValueError, match="no luck"):
        await failing
