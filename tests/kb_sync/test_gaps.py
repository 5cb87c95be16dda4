"""Questions become gaps: grouped by meaning, ranked by how pressing they are, always the same way."""

from __future__ import annotations

import json
import math
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.candidates import Candidate
from core.ports.embedding import Embedder
from core.providers.embedders import StaticEmbedder
from kb_sync.gaps import EXAMPLES, Gap, Question, ranked
from kb_sync.gaps.clustering import MOST, alike_from, clusters, likeness

SHARED = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data" / "banking77"
AT = datetime(2026, 4, 1, 12, tzinfo=UTC)
STATIC = StaticEmbedder()


def question(text: str, number: int = 1, **changes: object) -> Question:
    made = Question(
        conv=f"c_{number}",
        episode=1,
        text=text,
        reason="no_answer",
        asked_at=AT + timedelta(hours=number),
        language="en",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of a Question


def candidate(text: str, answer: str, number: int = 1, **changes: object) -> Candidate:
    made = Candidate(
        id=f"k{number}", tenant="demo", conv=f"c_{number}", episode=1, questions=(text,), answers=(answer,), cited=(),
        reason="no_answer", language="en", tags=(), learned_at=AT + timedelta(hours=number),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of a Candidate


PARASOL = (
    "Can I change the colour of my parasol?",
    "change color of the parasol after ordering",
    "Is it possible to get the parasol in another colour?",
)
HEATER = ("Does the patio heater work with propane?", "which gas does the patio heater need, propane?")


def asked() -> list[Question]:
    texts = (PARASOL[0], HEATER[0], PARASOL[1], "Do you deliver to Norway?", HEATER[1], PARASOL[2])
    return [question(text, number) for number, text in enumerate(texts, 1)]


def by_title(gaps: Sequence[Gap], word: str) -> Gap:
    (found,) = (gap for gap in gaps if word in gap.title.lower())
    return found


@pytest.mark.parametrize("embedder", [STATIC, None], ids=["meaning", "words"])
def test_questions_about_the_same_are_one_gap(embedder: Embedder | None) -> None:
    found = ranked(asked(), [], embedder)
    assert [gap.count for gap in found.gaps] == [3, 2, 1] and found.questions == 6 and found.left_out == 0
    assert {each.text for each in by_title(found.gaps, "parasol").examples} == set(PARASOL)


def test_no_questions_no_gaps() -> None:
    assert ranked([], [], STATIC).gaps == ()


def test_the_order_of_the_questions_changes_nothing() -> None:
    mixed = asked()
    random.Random(3).shuffle(mixed)
    assert ranked(mixed, [], STATIC) == ranked(asked(), [], STATIC)


def test_more_people_waiting_comes_first_then_the_newest() -> None:
    one = [question(HEATER[0], 1), question(HEATER[1], 2)]
    two = [question(PARASOL[0], 3), question(PARASOL[1], 4)]
    assert "parasol" in ranked([*one, *two], [], STATIC).gaps[0].title.lower()
    waiting = [replace(one[0], is_waiting=True), one[1]]
    (first, _) = ranked([*waiting, *two], [], STATIC).gaps
    assert "heater" in first.title.lower() and first.waiting == 1


def test_one_who_repeats_the_question_counts_once() -> None:
    again = [question(PARASOL[0], 1), question(PARASOL[1], 1), question(PARASOL[2], 2)]
    (gap,) = ranked(again, [], STATIC).gaps
    assert gap.count == 2 and gap.reasons == (("no_answer", 2),)


def test_a_gap_knows_its_times_and_reasons() -> None:
    given = [question(PARASOL[0], 1), question(PARASOL[1], 2, reason="asked"), question(PARASOL[2], 5, reason="asked")]
    (gap,) = ranked(given, [], STATIC).gaps
    assert (gap.oldest_at, gap.newest_at) == (AT + timedelta(hours=1), AT + timedelta(hours=5))
    assert gap.reasons == (("asked", 2), ("no_answer", 1)) and gap.language == "en"


def test_what_agents_answered_belongs_to_the_gap_of_its_question() -> None:
    solved = [candidate(PARASOL[1], "Yes, within a day.", 3), candidate("How do I reset my password?", "Here.", 9)]
    found = ranked(asked(), solved, STATIC)
    parasol = by_title(found.gaps, "parasol")
    assert [each.id for each in parasol.resolutions] == ["k3"] and parasol.count == 3
    assert [each.id for each in by_title(found.gaps, "password").resolutions] == ["k9"]


def test_an_episode_that_an_agent_took_has_a_reason_of_its_own() -> None:
    (gap,) = ranked([], [candidate(PARASOL[0], "Yes.", reason="")], STATIC).gaps
    assert gap.reasons == (("taken", 1),)


def test_examples_are_few_and_each_wording_stands_once() -> None:
    many = [question(PARASOL[number % 3] + "!" * (number % 9), number) for number in range(1, 30)]
    same = [question(PARASOL[0].upper(), number) for number in range(40, 60)]
    gap = ranked([*many, *same], [], STATIC).gaps[0]
    texts = [each.text.casefold() for each in gap.examples]
    assert len(texts) == EXAMPLES == len(set(texts)) and gap.count > 40


def test_a_long_question_makes_a_short_title() -> None:
    (gap,) = ranked([question("parasol " * 60)], [], STATIC).gaps
    assert len(gap.title) <= 100 and gap.title.startswith("Parasol") and gap.title.endswith("…")


@pytest.mark.parametrize("text", ["the of and", "???", "こんにちは", "", "😀"])
def test_odd_texts_are_questions_too(text: str) -> None:
    found = ranked([question(text), *(question(each, number) for number, each in enumerate(HEATER, 5))], [], STATIC)
    assert sum(gap.count for gap in found.gaps) == 3


def test_texts_that_nothing_is_known_of_are_not_thrown_together() -> None:
    assert len(ranked([question("qqqq", 1), question("zzzz", 2), question("", 3)], [], None).gaps) == 3


def test_too_many_questions_leave_the_oldest_out() -> None:
    topics = ("parasol", "heater")
    many = [question(f"{topics[number % 2]}", number) for number in range(MOST + 7)]
    found = ranked(many, [], None)
    assert found.left_out == 7 and found.questions == MOST and min(gap.oldest_at for gap in found.gaps) > AT
    with pytest.raises(ValueError, match="texts"):
        likeness(["x"] * (MOST + 1), None)


def test_average_linkage_does_not_glue_two_topics_over_one_question() -> None:
    """0-1 and 3-4 are alike; 2 is half like both sides: single linkage would make one group of five."""
    table = np.array(
        [[1, 0.9, 0.5, 0, 0], [0.9, 1, 0.5, 0, 0], [0.5, 0.5, 1, 0.5, 0.45], [0, 0, 0.5, 1, 0.9], [0, 0, 0.45, 0.9, 1]],
        np.float32,
    )
    assert clusters(table, 0.4) == [[0, 1, 2], [3, 4]]
    assert clusters(table, 0.95) == [[0], [1], [2], [3], [4]]
    assert clusters(table, -1) == [[0, 1, 2, 3, 4]]


def test_clusters_are_what_the_closest_pair_again_and_again_gives() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        rows = rng.normal(size=(24, 6))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        table = (rows @ rows.T).astype(np.float32)
        assert clusters(table, 0.2) == naive(table, 0.2)


def naive(table: np.ndarray, at_least: float) -> list[list[int]]:
    groups = [[row] for row in range(len(table))]
    while len(groups) > 1:
        pairs = [
            (float(np.mean(table[np.ix_(one, two)].astype(np.float64))), i, j)
            for i, one in enumerate(groups)
            for j, two in enumerate(groups)
            if i < j
        ]
        score, i, j = max(pairs)
        if score < at_least:
            break
        groups[i] = sorted(groups[i] + groups.pop(j))
    return sorted(groups)


@pytest.mark.skipif(not SHARED.exists(), reason="FRONTDESK_SHARED names no shared data")
@pytest.mark.parametrize(
    ("embedder", "purity", "nmi"), [(STATIC, 0.65, 0.79), (None, 0.5, 0.72)], ids=["meaning", "words"]
)
def test_groups_of_500_real_questions(embedder: Embedder | None, purity: float, nmi: float) -> None:
    """BANKING77, the half that the thresholds were not chosen on: 500 questions of 77 intents."""
    lines = [json.loads(line) for line in (SHARED / "test.jsonl").read_text().splitlines()]
    rows = [(line["text"], line["intent"]) for line in lines if line["intent"]]
    random.Random(7).shuffle(rows)
    rows = rows[:500]
    groups = clusters(likeness([text for text, _ in rows], embedder), alike_from(embedder))
    told = quality(groups, [intent for _, intent in rows])
    print(f"{len(groups)} groups, purity {told[0]:.3f}, NMI {told[1]:.3f}")
    assert told[0] >= purity and told[1] >= nmi, told


def quality(groups: Sequence[Sequence[int]], intents: Sequence[str]) -> tuple[float, float]:
    """Purity, and mutual information over the mean of the entropies (NMI)."""
    total = len(intents)
    purity = sum(Counter(intents[row] for row in group).most_common(1)[0][1] for group in groups) / total
    joint = Counter((number, intents[row]) for number, group in enumerate(groups) for row in group)
    sizes, wanted = Counter({number: len(group) for number, group in enumerate(groups)}), Counter(intents)
    shared = sum(n / total * math.log(n * total / (sizes[a] * wanted[b])) for (a, b), n in joint.items())
    return purity, 2 * shared / (_entropy(sizes, total) + _entropy(wanted, total))


def _entropy(counts: Counter[int] | Counter[str], total: int) -> float:
    return -sum(n / total * math.log(n / total) for n in counts.values())
