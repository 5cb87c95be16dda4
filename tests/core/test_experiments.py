"""Experiments: sticky, uniform, independent of each other, and unable to set what they may not."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, is_dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Contact
from core.experiments import OVERRIDABLE, Experiment, Variant, applied, assigned, exposure
from core.segments import Segment, Who, lot
from core.settings import EngineSettings, Formality

CONVS = [f"c_{number}" for number in range(20_000)]
TODAY = date(2027, 3, 1)
EVEN = {"a": Variant(), "b": Variant()}
CHI2_9 = 27.88
"""A fair draw over ten cells is above this once in a thousand; these draws are fixed, so it never flickers."""


def of(conv: str, **facts: Any) -> Who:
    contact = Contact(id="visitor", verified=facts.pop("verified", False), customer_account=facts.pop("customer", None))
    return Who(conv=conv, contact=contact, account="web", channel=facts.pop("channel", "web"), **facts)


def shares(experiment: Experiment) -> dict[str | None, float]:
    counted = Counter(assigned(experiment, conv) for conv in CONVS)
    return {name: count / len(CONVS) for name, count in counted.items()}


def test_lots_are_uniform() -> None:
    cells = [0] * 10
    for conv in CONVS:
        cells[int(lot("salt", conv) * 10)] += 1
    expected = len(CONVS) / 10
    assert sum((count - expected) ** 2 / expected for count in cells) < CHI2_9


@given(st.lists(st.text(), max_size=4))
def test_lots_are_numbers_between_0_and_1_and_always_the_same(names: list[str]) -> None:
    assert 0 < lot(*names) < 1 and lot(*names) == lot(*names)


def test_names_are_not_run_together() -> None:
    assert lot("a", "bc") != lot("ab", "c")


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_the_share_takes_part(share: float) -> None:
    made = Experiment(id="e", share=share, variants=EVEN)
    assert shares(made).get(None, 0) == pytest.approx(1 - share, abs=0.012)


def test_variants_get_their_weights() -> None:
    made = Experiment(
        id="e", variants={"a": Variant(weight=7), "b": Variant(weight=2), "c": Variant(), "off": Variant(weight=0)}
    )
    assert shares(made) == pytest.approx({"a": 0.7, "b": 0.2, "c": 0.1}, abs=0.012)


@given(conv=st.text(), low=st.floats(0, 1), high=st.floats(0, 1), weight=st.floats(0.01, 100))
def test_a_wider_share_keeps_everybody_and_their_variant(conv: str, low: float, high: float, weight: float) -> None:
    low, high = sorted((low, high))
    variants = {"a": Variant(weight=weight), "b": Variant()}
    before = assigned(Experiment(id="e", share=low, variants=variants), conv)
    after = assigned(Experiment(id="e", share=high, variants=variants), conv)
    assert before is None or before == after


@given(
    conv=st.text(),
    weights=st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 100), min_size=1),
    new=st.floats(0.01, 100),
)
def test_a_new_variant_takes_conversations_only_for_itself(conv: str, weights: dict[str, float], new: float) -> None:
    few = {name: Variant(weight=weight) for name, weight in weights.items()}
    before = assigned(Experiment(id="e", variants=few), conv)
    after = assigned(Experiment(id="e", variants={"z": Variant(weight=new), **few}), conv)
    assert after in (before, "z")


@given(conv=st.text(), order=st.permutations(["a", "b", "c"]))
def test_the_order_in_the_file_does_not_matter(conv: str, order: list[str]) -> None:
    weights = {"a": 3.0, "b": 2.0, "c": 1.0}
    made = Experiment(id="e", variants={name: Variant(weight=weights[name]) for name in order})
    assert assigned(made, conv) == assigned(replace(made, variants=dict(sorted(made.variants.items()))), conv)


@pytest.mark.parametrize("other", [{"id": "other"}, {"salt": "again"}], ids=["id", "salt"])
def test_experiments_know_nothing_of_each_other(other: dict[str, str]) -> None:
    """In each half of one experiment the other has its halves, also for who takes part at all."""
    one = Experiment(id="e", share=0.5, variants=EVEN)
    two = replace(one, **other)  # type: ignore[arg-type]  # texts for text fields
    pairs = [(assigned(one, conv), assigned(two, conv)) for conv in CONVS]
    for mine, mine_share in ((None, 0.5), ("a", 0.25), ("b", 0.25)):
        for theirs, their_share in ((None, 0.5), ("a", 0.25), ("b", 0.25)):
            assert pairs.count((mine, theirs)) / len(CONVS) == pytest.approx(mine_share * their_share, abs=0.01)


def test_taking_part_and_the_variant_are_independent_lots() -> None:
    few = Experiment(id="e", share=0.1, variants=EVEN)
    inside = [name for conv in CONVS if (name := assigned(few, conv))]
    assert inside.count("a") / len(inside) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("day", "runs"),
    [(date(2027, 2, 28), False), (date(2027, 3, 1), True), (date(2027, 3, 5), True), (date(2027, 3, 6), False)],
)
def test_it_runs_from_its_first_day_through_its_last(day: date, runs: bool) -> None:
    made = Experiment(id="e", variants={"a": Variant()}, starts_on=date(2027, 3, 1), ends_on=date(2027, 3, 5))
    assert exposure([made], of("c"), on=day) == ({"e": "a"} if runs else {})


@pytest.mark.parametrize(
    ("segment", "who", "belongs"),
    [
        (Segment(), of("c"), True),
        (Segment(languages=("de", "fr")), of("c", language="fr"), True),
        (Segment(languages=("de",)), of("c", language="fr"), False),
        (Segment(languages=("de",)), of("c"), False),
        (Segment(channels=("slack",)), of("c", channel="slack"), True),
        (Segment(channels=("slack",)), of("c"), False),
        (Segment(verified=True), of("c", verified=True), True),
        (Segment(verified=True), of("c"), False),
        (Segment(verified=False), of("c", verified=True), False),
        (Segment(customer_accounts=("42",)), of("c", verified=True, customer="42"), True),
        (Segment(customer_accounts=("42",)), of("c", verified=True, customer="43"), False),
        (Segment(customer_accounts=("42",)), of("c", customer="42"), False),
        (Segment(channels=("web",), verified=True), of("c"), False),
    ],
)
def test_only_the_segment_takes_part(segment: Segment, who: Who, belongs: bool) -> None:
    made = Experiment(id="e", variants={"a": Variant()}, segment=segment)
    assert exposure([made], who, on=TODAY) == ({"e": "a"} if belongs else {})


def variant(**overrides: Any) -> tuple[Experiment, ...]:
    return (Experiment(id="e", variants={"a": Variant(overrides=overrides), "plain": Variant()}),)


def test_a_variant_changes_what_it_names_and_nothing_else() -> None:
    settings = EngineSettings(passages=9, audiences=("public", "shop"))
    made = variant(history=3, answer={"words": 60}, converse={"voice": "Brief.", "formality": "formal"})
    after = applied(settings, made, {"e": "a"})
    assert after == replace(
        settings,
        history=3,
        answer=replace(settings.answer, words=60),
        converse=replace(settings.converse, voice="Brief.", formality=Formality.FORMAL),
    )
    assert applied(settings, made, {"e": "plain"}) is settings and applied(settings, made, {}) is settings


def test_two_experiments_apply_together() -> None:
    both = (
        *variant(answer={"words": 60}),
        Experiment(id="f", variants={"x": Variant(overrides={"answer": {"passages": 1}})}),
    )
    after = applied(EngineSettings(), both, {"e": "a", "f": "x"})
    assert (after.answer.words, after.answer.passages, after.answer.list_items) == (60, 1, 12)


@pytest.mark.parametrize(
    "overrides",
    [
        {"audiences": ["staff"]},
        {"rules": []},
        {"converse": {"steps": 50}},
        {"verified_audiences": ["x"]},
        {"answer": 3},
        {"nonsense": 1},
    ],
)
def test_a_variant_may_not_touch_authority(overrides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="may not set"):
        applied(EngineSettings(), variant(**overrides), {"e": "a"})


@pytest.mark.parametrize(
    "overrides", [{"history": "many"}, {"converse": {"strict": 1}}, {"converse": {"formality": "rude"}}]
)
def test_a_variant_has_the_types_of_the_settings(overrides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        applied(EngineSettings(), variant(**overrides), {"e": "a"})


def leaves(value: object, above: str = "") -> set[str]:
    if not is_dataclass(value):
        return {above}
    return set().union(*(leaves(getattr(value, f.name), f"{above}.{f.name}".lstrip(".")) for f in fields(value)))


def test_every_setting_on_the_list_exists() -> None:
    assert leaves(EngineSettings()) >= OVERRIDABLE


def test_the_list_is_sorted_out_of_overlaps() -> None:
    assert not [pair for pair in pairwise(sorted(OVERRIDABLE)) if pair[1].startswith(f"{pair[0]}.")]
