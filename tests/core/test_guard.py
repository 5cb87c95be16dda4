from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.ports.knowledge import Passage
from core.steps.answer import Run
from core.steps.guard import check, guard
from core.steps.units import units
from tests.core.world import chunk

EVIDENCE = {
    1: "Returns cost £3.95 within 30 days, 1,000 items at most. Write to help@shop.example or see "
    "https://shop.example/r. Open 9:00-18:00.",
    2: "Since 2024-01-31 the limit is 50 EUR or 7.5 %.",
}


@pytest.mark.parametrize(
    "sentence",
    [
        "Returns cost £3.95 within 30 days. [1]",
        "You may return 1000 items. [1]",
        "Write to **help@shop.example**, see [here](https://shop.example/r). [1]",
        "3. It costs 3.95 £ [1]",
        "From 2024-01-31: 50 EUR, 7.5 % [2]",
        "30 days, 50 EUR [1][2]",
        "No figures at all. [2]",
        "We are open 9:00-18:00. [1]",
    ],
)
def test_supported(sentence: str) -> None:
    assert check(sentence, EVIDENCE) == ()


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("Returns are free.", "no_citation"),
        ("Returns are free. [3]", "unknown_citation"),
        (r"Returns are free. \[1\]", "no_citation"),
        ("Returns take 14 days. [1]", "unsupported_number"),
        ("Returns take 3 days. [1]", "unsupported_number"),
        ("Returns cost 30 £. [1]", "unsupported_price"),
        ("Returns cost €3.95. [1]", "unsupported_price"),
        ("It is 50 EUR. [1]", "unsupported_number"),
        ("Write to evil@shop.example. [1]", "unsupported_email"),
        ("See https://evil.example/r. [1]", "unsupported_url"),
        ("It takes ４５ days. [1]", "unsupported_number"),
        ("Since 2024-01-30. [2]", "unsupported_number"),
    ],
)
def test_unsupported(sentence: str, rule: str) -> None:
    assert rule in {finding.rule for finding in check(sentence, EVIDENCE)}


@given(st.text(max_size=120), st.integers(0, 10**6), st.text(alphabet="abc £€%.,! *_\n", max_size=40))
def test_a_number_that_is_not_in_the_evidence_never_passes(evidence: str, number: int, words: str) -> None:
    """Whatever stands around it, and whatever digits the evidence is made of."""
    assume(
        str(number) not in re.sub(r"\D", "", evidence) and not any(ch.isdigit() and not ch.isascii() for ch in evidence)
    )
    assert check(f"{words} {number} {words} [1]", {1: evidence})


@given(st.text(alphabet="0123456789 .,", min_size=1, max_size=60), st.data())
def test_a_part_of_a_number_is_another_number(evidence: str, data: st.DataObject) -> None:
    figures = re.findall(r"\d+", evidence)
    assume(figures)
    figure = data.draw(st.sampled_from(figures))
    assume(len(figure) > 1 and figure[1:] not in re.split(r"\D", evidence))
    longer = "9" + figure
    assume(longer not in evidence.replace(",", ""))
    assert check(f"It is {longer}. [1]", {1: evidence})


@given(st.text(max_size=300))
def test_a_quote_of_its_own_passage_always_passes(text: str) -> None:
    quoted = chunk("a", "Title", text)
    found = units(text)
    run = Run(passage=0, units=found, score=1.0)
    guarded = guard((run,) if found else (), (Passage(chunk=quoted, score=1.0),))
    assert guarded.held_back == ()


@pytest.mark.parametrize(
    "text",
    [
        "See [https://a.example/b_c_d.] and *http://x.example/y* now, <b>https://z.example/_q_</b>",
        "Broken *emphasis https://a.example/some_long_name?x=1&y=2 [here",
        "Write to first_last@mail.example* or `a_b@c.example",
        "| Price | \\$5.00 |\n|---|---|\n| x | 1,000.50 EUR |",
    ],
)
def test_quotes_with_odd_markup_pass(text: str) -> None:
    found = units(text)
    guarded = guard((Run(passage=0, units=found, score=1.0),), (Passage(chunk=chunk("a", "T", text), score=1.0),))
    assert found and guarded.held_back == ()


def test_what_fails_is_left_out_and_recorded() -> None:
    own, other = chunk("a", "A", "It takes 5 days. It is easy."), chunk("b", "B", "It takes 9 days.")
    run = Run(passage=0, units=(*units(own.text), *units(other.text)), score=1.0)
    guarded = guard((run,), (Passage(chunk=own, score=1.0), Passage(chunk=other, score=0.9)))
    assert [unit.text for unit in guarded.runs[0].units] == ["It takes 5 days.", "It is easy."]
    assert [text for text, _ in guarded.held_back] == ["It takes 9 days."]
    assert guarded.held_back[0][1][0].rule == "unsupported_number"
