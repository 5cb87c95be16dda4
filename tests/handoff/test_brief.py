"""The brief, by example: what an agent reads before they answer."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Contact, HandoffReason, Owner, Role
from handoff import brief
from handoff.brief import Entity, Priority
from tests.handoff.examples import NOW, citation, draft, head, queued, said

PUMP = "I opened my AquaFlow 300 pump, order LK-20417, and it is too loud. How long may I return it?"
MARIA = Contact(id="u1", name="Maria López", email="maria@example.com", customer_account="4711", verified=True)


def test_a_typical_case() -> None:
    messages = (
        said(Role.CONTACT, "Hello!", 1),
        said(Role.BOT, "Hi, how can I help?", 1, index=1),
        said(Role.CONTACT, PUMP, 2, turn_id="t2"),
        said(Role.BOT, "30 days [1].", 2, index=1, citations=(citation(1, "Returns"),)),
        said(Role.CONTACT, "And the heater?", 3),
        said(Role.BOT, "Heaters [1].", 3, index=1, citations=(citation(1, "Returns"), citation(2, "Heaters"))),
        said(Role.CONTACT, "A person, please", 4),
        said(Role.SYSTEM, "I'm bringing in a person.", 4, index=1, handoff_id="h_1"),
    )
    trace = msgspec.json.encode(
        {"steps": [{"name": "understand", "entities": [{"kind": "order", "text": "LK-20417"}]}]}
    )
    found = brief.compose(queued(contact=MARIA, language="en", sentiment="neutral"), messages, [trace])
    assert found.who == "Maria López · maria@example.com · account 4711"
    assert found.is_verified
    assert found.wants == (PUMP, "And the heater?")
    assert found.tried == ("Answered from “Returns”, “Heaters”", "Replied without a source")
    assert [c.title for c in found.cited] == ["Returns", "Heaters"]
    assert found.entities == (Entity(kind="order", text="LK-20417"),)
    assert (found.reason, found.reason_text) == (HandoffReason.ASKED, "asked for a person")
    assert found.priority is Priority.NORMAL
    assert found.waiting_since == NOW
    assert found.summary == (
        "Maria López · maria@example.com · account 4711: “I opened my AquaFlow 300 pump, order LK-20417, and it is too loud. "
        "How long may I return it?” … “And the heater?”. Answered from “Returns”, “Heaters”; Replied without a source. "
        "Handed over: asked for a person."
    )


def test_the_wish_for_a_person_is_not_what_they_want_unless_it_says_more() -> None:
    handed = said(Role.SYSTEM, "…", 2, index=1, handoff_id="h_1")
    short = (said(Role.CONTACT, "My fence arrived broken", 1), said(Role.CONTACT, "get me an agent now", 2), handed)
    assert brief.wants(short, HandoffReason.ASKED) == ("My fence arrived broken",)
    long_ask = "My fence arrived broken, the driver just left, let me talk to a person"
    assert brief.wants((said(Role.CONTACT, long_ask, 2), handed), HandoffReason.ASKED) == (long_ask,)


def test_small_talk_is_not_what_they_want() -> None:
    told = (said(Role.CONTACT, "Who are you?", 1), said(Role.CONTACT, "My fence arrived broken", 2))
    asked = said(Role.CONTACT, "get me an agent now", 3, handoff_id="h_1")
    assert brief.wants((*told, asked), HandoffReason.ASKED) == ("My fence arrived broken",)


def test_who_says_only_that_they_want_a_person_is_quoted_all_the_same() -> None:
    messages = (said(Role.CONTACT, "person", 1), said(Role.SYSTEM, "…", 1, index=1, handoff_id="h_1"))
    assert brief.compose(queued(), messages).wants == ("person",)


def test_who_said_nothing() -> None:
    found = brief.compose(queued(), ())
    assert found.wants == ()
    assert found.summary == "A visitor has not said what this is about. Handed over: asked for a person."


def test_only_the_current_episode_counts() -> None:
    messages = (
        said(Role.CONTACT, "An old question of last week", 1),
        said(Role.CONTACT, "A new question today", 5, episode=2),
    )
    assert brief.compose(queued(episode=2), messages).wants == ("A new question today",)


def test_what_was_tried_by_the_engines_own_decisions() -> None:
    decided = {"t1": "answer", "t2": "clarify", "t3": "clarify", "t4": "propose"}
    traces = [msgspec.json.encode({"turn_id": turn, "decision": decision}) for turn, decision in decided.items()]
    spoken = [
        said(Role.BOT, "…", seq, turn_id=f"t{seq}", proposal="no_answer" if seq == 4 else None) for seq in range(1, 5)
    ]
    assert brief.tried(spoken, brief.decisions([*traces, b"[]", b"{"])) == ("Offered a person", "Asked back (2 times)")


def test_the_record_of_the_engine_itself() -> None:
    from core.settings import EngineSettings
    from core.steps.understand import understand

    understood = understand("My order LK-20417 cost € 129.00", EngineSettings(), known_language="en")
    found = brief.entities([msgspec.json.encode({"steps": {"understand": msgspec.to_builtins(understood)}})])
    assert found == (Entity(kind="order", text="LK-20417"), Entity(kind="amount", text="€ 129.00"))


def test_internal_messages_are_not_what_was_tried() -> None:
    messages = (
        said(Role.CONTACT, "Where is my parcel?", 1),
        draft("Look [1].", 1, index=1, citations=(citation(1, "Secret"),)),
    )
    found = brief.compose(queued(), messages)
    assert found.tried == ()
    assert found.cited == ()


@pytest.mark.parametrize(
    ("reason", "sentiment", "expected"),
    [
        (HandoffReason.HIGH_STAKES, "neutral", Priority.URGENT),
        (HandoffReason.SENTIMENT, "negative", Priority.HIGH),
        (HandoffReason.ASKED, "negative", Priority.HIGH),
        (HandoffReason.ASKED, "positive", Priority.NORMAL),
        (HandoffReason.DEAD_LETTER, None, Priority.HIGH),
    ],
)
def test_priority(reason: HandoffReason, sentiment: str | None, expected: Priority) -> None:
    assert brief.priority(queued(reason, sentiment=sentiment)) is expected


def test_every_reason_has_words() -> None:
    assert set(brief.REASONS) == set(HandoffReason)


def test_waiting_counts_from_the_first_unanswered_message() -> None:
    owned = queued(owner=Owner.HUMAN, agent="Sam")
    messages = [
        said(Role.CONTACT, "a", 1),
        said(Role.AGENT, "b", 2),
        said(Role.CONTACT, "c", 3),
        said(Role.CONTACT, "d", 4),
    ]
    assert brief.waiting_since(owned, messages) == NOW + timedelta(minutes=3)
    assert brief.waiting_since(owned, messages[:2]) is None
    assert brief.waiting_since(owned, messages[:1]) == NOW
    assert brief.waiting_since(head(), messages) is None


@pytest.mark.parametrize(
    "understood",
    [
        {"steps": {"understand": {"entities": {"order": ["A1"], "amount": "5 €"}}}},
        {"understand": {"entities": [{"type": "order", "value": "A1"}, {"type": "amount", "value": "5 €"}]}},
        {"steps": [{"name": "understand", "out": {"entities": {"order": "A1", "amount": ["5 €"]}}}]},
    ],
)
def test_entities_of_several_shapes_of_record(understood: object) -> None:
    found = brief.entities([msgspec.json.encode(understood)])
    assert found == (Entity(kind="order", text="A1"), Entity(kind="amount", text="5 €"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["steps", "name", "understand", "entities", "kind", "text", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_record_breaks_the_brief(record: object) -> None:
    for entity in brief.entities([msgspec.json.encode(record), b"\xff not json", b""]):
        assert isinstance(entity.kind, str)
        assert isinstance(entity.text, str)


@given(st.lists(st.text(max_size=3000), max_size=6), st.sampled_from(HandoffReason))
def test_the_summary_stays_short(texts: list[str], reason: HandoffReason) -> None:
    messages = [said(Role.CONTACT, text, seq) for seq, text in enumerate(texts, 1)]
    summary = brief.compose(queued(reason), messages).summary
    assert len(summary.split()) <= 100
    assert "\n" not in summary
