"""Quoting: sentences of the demo's own pages that answer, with their marks, and nothing when nothing does."""

from __future__ import annotations

import re

import pytest

from evals.serving import ROOT
from gateway.lab.model.quoting import quoted

PAGES = ROOT / "config" / "examples" / "demo" / "kb"


def page(name: str) -> str:
    text = (PAGES / name).read_text()
    _, head, body = text.split("---\n", 2)
    title = re.search(r"title: \"?(.*?)\"?$", head, re.MULTILINE)
    assert title is not None
    return f"{title[1]}\n\n{body}"


@pytest.fixture(scope="module")
def sources() -> dict[int, str]:
    names = [
        "returns/return-policy",
        "delivery/delivery-costs-and-times",
        "company/sustainability",
        "delivery/express-delivery",
    ]
    return dict(enumerate((page(f"{name}.md") for name in names), start=1))


@pytest.mark.parametrize(
    ("question", "told", "mark"),
    [
        ("How many days do I have to return goods?", "30 days", "[1]"),
        ("What does standard delivery cost in the European Union?", "€6.90", "[2]"),
        ("Is express available on islands?", "Islands", "[4]"),
        ("Can I return opened seed packets?", "no return", "[1]"),
    ],
)
def test_questions_are_answered_from_the_pages(sources: dict[int, str], question: str, told: str, mark: str) -> None:
    answer = quoted(question, sources, language="en")
    assert told in answer
    assert mark in answer


@pytest.mark.parametrize("question", ["Do zebras play chess?", "", "?", "the of and"])
def test_what_no_page_answers_is_not_answered(sources: dict[int, str], question: str) -> None:
    assert quoted(question, sources, language="en") == ""
    assert quoted(question or "return", {}, language="en") == ""


def test_every_sentence_stands_in_the_source_of_its_mark(sources: dict[int, str]) -> None:
    answer = quoted("When does my order leave and is express available?", sources, language="en", most=5)
    found = re.findall(r"(.*?) \[(\d)\]\s?", answer)
    assert found
    for sentence, number in found:
        plain = re.sub(r"[*_`]", "", sources[int(number)])
        assert sentence.rstrip(".") in plain or all(word in plain for word in re.findall(r"\w+", sentence))


def test_what_stands_under_a_fitting_heading_is_quoted_too() -> None:
    source = "Delivery\nDelivery > How long does it take?\nTwo to four working days. From Monday to Friday."
    assert quoted("How long does delivery take?", {1: source}, language="en").startswith(
        "Two to four working days. [1]"
    )


def test_of_what_fits_alike_the_first_source_is_quoted() -> None:
    sources = {1: "A hose lasts for years.", 2: "A hose lasts for ages.", 3: "A hose lasts for weeks."}
    assert quoted("How good is a hose?", sources, language="en", most=1) == "A hose lasts for years. [1]"


def test_steps_come_along_with_the_sentence_that_announces_them() -> None:
    answer = quoted("my trimmer does not start", {1: page("tools/hedgelark-not-starting.md")}, language="en")
    announced, first = answer.index("try this in turn: [1]"), answer.index("Push the battery in")
    assert announced < first < answer.index("Wear gloves.")
    assert "Tools: \n- no list" not in answer
    assert (
        quoted("When are tools sharp?", {1: "Tools are sharp if:\n\nNothing."}, language="en")
        == "Tools are sharp if: [1]"
    )


def test_no_more_sentences_than_wanted(sources: dict[int, str]) -> None:
    assert len(re.findall(r"\[\d\]", quoted("delivery", sources, language="en", most=2))) <= 2


def test_marks_within_sources_are_left_out() -> None:
    assert quoted("hose", {1: "A hose is long [7]."}, language="en") == "A hose is long. [1]"


def test_only_the_beginning_of_a_long_source_is_read() -> None:
    source = "A fence is tall.\n" * 10_000 + "A hose is long."
    assert quoted("hose", {1: source}, language="en") == ""
