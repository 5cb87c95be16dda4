"""The pure parts: what may be public, how texts are cut, how often a case is written to, what the book keeps."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Contact, MessageKind, Role, Visibility
from core.errors import OutcomeUnknown, ProviderUnavailable, Throttled
from core.ports.helpdesk import By, CaseAsked, CaseWish, Entry
from handoff.bridge.book import Behind, Book, case_key, parse_case_key
from handoff.bridge.entries import Carried, pieces, private, public, quoted, words_of
from handoff.bridge.hearing import Aside, Command, Reply, meant_for, understood
from handoff.bridge.pacing import CASES_KEPT, Budget, Flights, Recent
from tests.channels.context import HeldMemory
from tests.handoff.bridge.paper import FEATURES, SUE
from tests.handoff.examples import NOW, said

BRIDGE = Path(__file__).parents[3] / "handoff" / "bridge"
MARIA = Contact(id="v_1", name="Maria")


def entry(entry_id: str = "e1", **facts: object) -> Entry:
    known: dict[str, object] = {"by": By.AGENT, "is_public": True, "text": "Hello", "at": NOW, "agent": SUE}
    return Entry(id=entry_id, **{**known, **facts})  # type: ignore[arg-type]  # facts are Entry's


def test_only_an_agents_public_words_without_our_key_are_a_reply() -> None:
    for by, is_public, key, text in product(By, (True, False, None), (None, "c#1#0"), ("Hello", "/bot", "/help me")):
        made = understood(entry(by=by, is_public=is_public, key=key, text=text))
        is_ours_to_hear = by is By.AGENT and key is None and is_public is not None
        if not is_ours_to_hear:
            assert made is None
        elif text.startswith("/"):
            assert isinstance(made, Command)
        else:
            assert isinstance(made, Reply if is_public else Aside)


def test_only_words_that_the_contact_may_see_become_a_public_entry() -> None:
    for role, kind, visibility in product(Role, MessageKind, Visibility):
        words = words_of(said(role, "words", 1, kind=kind, visibility=visibility), MARIA)
        is_seen = visibility is Visibility.CONTACT and kind not in (MessageKind.NOTE, MessageKind.DRAFT)
        assert (words is not None) is is_seen
        if words is not None:
            assert [draft.is_public for draft in public("k", words, Carried(), max_text=9)] == [True]
    assert [draft.is_public for draft in private("k", "x" * 20, at=NOW, max_text=9)] == [False] * 3


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        (r"is_public=True", {"entries.py"}),
        (r"EntryDraft\(", {"entries.py"}),
        (r"\bWords\(", {"entries.py"}),
        (r"\bReply\(entry", {"hearing.py"}),
        (r"AGENT_REPLIED", {"relaying.py"}),
    ],
)
def test_there_is_one_door_each_way(pattern: str, files: set[str]) -> None:
    assert {path.name for path in BRIDGE.glob("*.py") if re.search(pattern, path.read_text())} == files


@given(st.text(max_size=400), st.integers(min_value=1, max_value=60))
def test_a_text_is_cut_without_losing_a_word(text: str, limit: int) -> None:
    parts = pieces(text, limit)
    assert parts
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_text_is_cut_where_it_breathes() -> None:
    assert pieces("one two three four", 9) == ("one two", "three", "four")
    assert pieces("First part.\n\nSecond part.", 16) == ("First part.", "Second part.")
    assert pieces("", 10) == ("",)
    assert pieces("x" * 25, 10) == ("x" * 10, "x" * 10, "x" * 5)
    assert quoted("a\nb" + "c" * 20, most=6) == "> a\n> bcc…"


def test_case_keys_are_read_back_and_no_others() -> None:
    assert case_key("c_1", 2, 1) == "fd:c_1:2"
    assert case_key("c_1", 2, 3) == "fd:c_1:2:3"
    for number in (1, 7):
        assert parse_case_key(case_key("c_1", 2, number)) == ("c_1", 2)
    for foreign in ("", "fd:", "fd::1", "fd:c_1", "fd:c_1:x", "fd:c_1:1:x", "xx:c_1:1", "fd:c_1:²", "fd:c_1:-1"):
        assert parse_case_key(foreign) is None


def test_an_entry_is_meant_for_who_was_there_when_it_was_written() -> None:
    entries = tuple(entry(f"e{number}", at=NOW + timedelta(minutes=number)) for number in range(4))
    first, joined = Behind(conv="first"), Behind(conv="joined", after="e1", at=NOW + timedelta(minutes=1))
    meant = [meant_for([first, joined], entries, index, is_whole=True) for index in range(4)]
    assert meant == [["first"], ["first"], ["first", "joined"], ["first", "joined"]]
    assert meant_for([joined], entries[2:], 0, is_whole=False) == ["joined"]
    forgotten = (entries[0], entries[2])
    assert [meant_for([joined], forgotten, index, is_whole=True) for index in range(2)] == [[], ["joined"]]


# the budget


class Now:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def skip(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def test_a_budget_is_never_overdrawn_and_says_when_there_is_room() -> None:
    now = Now()
    budget = Budget(replace(FEATURES, updates=3, updates_per_s=60), now)
    for _ in range(3):
        budget.spend("k1")
        now.skip(10)
    with pytest.raises(Throttled) as full:
        budget.spend("k1")
    assert full.value.retry_after_s == 30
    budget.spend("k2")
    now.skip(30)
    budget.spend("k1")


def test_what_can_wait_leaves_room_for_what_cannot() -> None:
    now = Now()
    budget = Budget(replace(FEATURES, updates=30, updates_per_s=600), now)
    written: list[datetime] = []
    for _ in range(3_000):
        try:
            budget.pace("k1")
        except Throttled as error:
            assert error.retry_after_s is not None
            now.skip(min(error.retry_after_s, 5))
        else:
            budget.spend("k1")
            written.append(now())
            now.skip(0.5)
    for began in written:
        assert sum(began <= at < began + timedelta(seconds=600) for at in written) <= 25
    pauses = [after - before for before, after in pairwise(written)]
    assert max(pauses) <= timedelta(seconds=41)


def test_a_desk_without_a_limit_has_no_budget() -> None:
    budget = Budget(FEATURES, Now())
    for _ in range(1_000):
        budget.pace("k1")
        budget.spend("k1")
    assert not budget.is_limited


def test_the_oldest_cases_are_forgotten_first() -> None:
    recent: Recent[int] = Recent()
    for number in range(CASES_KEPT):
        recent[f"k{number}"] = number
    recent["k0"] = 7
    recent["new"] = 8
    assert (len(recent), "k1" in recent, recent["k0"]) == (CASES_KEPT, False, 7)


# entries on their way


async def test_what_looks_like_an_entry_on_its_way_is_not_judged_before_it_landed() -> None:
    flights = Flights()
    sent = asyncio.Event()

    async def send() -> None:
        async with flights.of("k1", "row", "**It will take** two days"):
            await sent.wait()

    flying = asyncio.create_task(send())
    await asyncio.sleep(0)
    await flights.landed("k1", "Something else")
    await flights.landed("k2", "It will take two days")
    waiting = asyncio.create_task(flights.landed("k1", "Kim: It will take\ntwo days."))
    done, _ = await asyncio.wait([waiting], timeout=0.02)
    assert not done
    sent.set()
    await asyncio.gather(flying, waiting)


async def test_an_entry_whose_answer_was_lost_is_waited_for_until_it_is_found() -> None:
    flights = Flights()
    with pytest.raises(OutcomeUnknown):
        async with flights.of("k1", "row", "ok"):
            raise OutcomeUnknown("lost")
    await flights.landed("k1", "ok, I will look into it")
    with pytest.raises(ProviderUnavailable):
        await flights.landed("k1", "Ok!")
    async with flights.of("k1", "row", "ok"):
        pass
    await flights.landed("k1", "ok")


async def test_an_entry_that_certainly_did_not_arrive_is_not_waited_for() -> None:
    flights = Flights()
    with pytest.raises(ProviderUnavailable):
        async with flights.of("k1", "row", "ok"):
            raise ProviderUnavailable("down")
    await flights.landed("k1", "ok")


# the book


async def test_lists_keep_their_order_and_take_each_value_once() -> None:
    book = Book(HeldMemory(), "paper")
    assert [await book.append("l", value) for value in ("a", "b", "a", "c")] == [1, 2, 1, 3]
    assert await book.listed("l") == ["a", "b", "c"]
    assert await Book(HeldMemory(), "paper").listed("l") == []


async def test_two_kinds_of_desk_do_not_share_a_book() -> None:
    memory = HeldMemory()
    await Book(memory, "zendesk").put_behind("7", Behind(conv="c_1"))
    assert await Book(memory, "rt").behind("7") == []


async def test_a_wish_is_kept_until_it_is_carried_out() -> None:
    book = Book(HeldMemory(), "paper")
    first = CaseAsked(ref="k1", id="b1", wish=CaseWish.CLAIM, agent=replace(SUE, email=None))
    for asked in (first, replace(first, id="b2"), first):
        await book.wish(asked)
    assert [asked.id for _, asked in await book.wishes("k1")] == ["b1", "b2"]
    await book.carried_out("k1", 1, NOW)
    assert await book.wishes("k1") == [(2, replace(first, id="b2"))]
