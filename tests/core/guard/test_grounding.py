from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guard.grounding import SENTENCE_THRESHOLD, THRESHOLD, WEIGHTS, is_comparable, score

RETURNS = (
    "You can return any item within 30 days of delivery. Returns are free in Germany and cost £3.95 in the United Kingdom. "
    "Refunds reach your account within 5 working days after we receive the parcel. Gift cards cannot be returned."
)
SHIPPING = (
    "Standard shipping takes three to five days. Express orders placed before noon leave our warehouse the same day."
)
EVIDENCE = (RETURNS, SHIPPING)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return any item within 30 days of delivery.",
        "Returns are free in Germany and cost £3.95 in the United Kingdom. [1]",
        "**Standard shipping** takes three to five days [2].",
        "Yes, you can return any item within 30 days.",
        "Express orders placed before noon leave the same day.",
        "Gift cards cannot be returned.",
    ],
)
def test_what_stands_there_is_supported(sentence: str) -> None:
    assert score(sentence, EVIDENCE) >= THRESHOLD


@pytest.mark.parametrize(
    "sentence",
    [
        "Our chat team works on weekends and speaks Spanish.",
        "I love your shoes, they are awesome!",
        "The warranty covers water damage for two years.",
        "Members of the premium club receive a discount of ten percent on lamps.",
        "I think the movie was great, did you like it?",
    ],
)
def test_what_comes_from_nowhere_is_not(sentence: str) -> None:
    assert score(sentence, EVIDENCE) < SENTENCE_THRESHOLD


def test_more_of_ones_own_makes_it_worse() -> None:
    quoted = "Refunds reach your account within 5 working days"
    scores = [
        score(f"{quoted}{more}", EVIDENCE)
        for more in (
            "",
            " of course",
            " and our manager will call you",
            " and our manager will call you about free vouchers tomorrow",
        )
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] - scores[-1] > 0.5


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        (
            "Rücksendungen sind innerhalb von 30 Tagen kostenlos.",
            "Alle Rücksendungen sind innerhalb von 30 Tagen kostenlos möglich.",
        ),
        (
            "Les retours sont gratuits pendant 30 jours.",
            "En France, les retours sont gratuits pendant 30 jours après la livraison.",
        ),
        ("退货在三十天内免费。", "所有商品的退货在三十天内免费。请保留收据。"),
        ("返品は30日以内であれば無料です。", "返品は30日以内であれば無料です。送料は当社が負担します。"),
        ("반품은 30일 이내에 무료입니다.", "반품은 30일 이내에 무료입니다. 영수증을 보관하세요."),
        ("การคืนสินค้าฟรีภายใน 30 วัน", "การคืนสินค้าฟรีภายใน 30 วัน หลังจากได้รับสินค้า"),
        ("الإرجاع مجاني خلال ثلاثين يوما", "الإرجاع مجاني خلال ثلاثين يوما من تاريخ التسليم."),
    ],
)
def test_other_languages_degrade_gracefully(sentence: str, evidence: str) -> None:
    assert score(sentence, [evidence]) >= THRESHOLD
    assert score(sentence, ["Completely different: 7 lamps, 2 chairs."]) < THRESHOLD


def test_another_language_cannot_be_compared() -> None:
    assert is_comparable("You can return the item within 30 days.", EVIDENCE)
    assert not is_comparable("Sie können den Artikel innerhalb von 30 Tagen zurückgeben.", EVIDENCE)


def test_without_words_or_evidence() -> None:
    assert score("", EVIDENCE) == 1.0
    assert score(" **…** 👍 [1]", [""]) == 1.0
    assert score("Returns are free.", []) == 0.0
    assert score("Returns are free.", ["", " \n"]) == 0.0


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
def test_anything_gets_a_score(response: str, evidence: list[str]) -> None:
    first = score(response, evidence)
    assert 0.0 <= first <= 1.0
    assert score(response, evidence) == first


@pytest.mark.parametrize("unit", ["a ", "word. ", "[1] ", "***", "](", "1,", "、", "界", "? ! "])
def test_long_texts_are_bounded(unit: str) -> None:
    assert 0.0 <= score(unit * 50_000, [unit * 50_000, RETURNS]) <= 1.0


def test_the_weights_are_small() -> None:
    assert len(files("core.guard").joinpath(WEIGHTS).read_bytes()) < 200_000
