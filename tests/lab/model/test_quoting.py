"""Quoting: sentences of the demo's own pages that answer, with their marks, and nothing when nothing does."""

from __future__ import annotations

import json
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


NORWAY = """\
Countries we deliver to
Not possible at the moment
- Switzerland, Norway and all islands
- Northern Ireland: no plants"""


def test_the_heading_above_a_list_stays_with_the_item_that_is_quoted() -> None:
    told = "Not possible at the moment: Switzerland, Norway and all islands. [1]"
    assert quoted("do you deliver to norway", {1: NORWAY}, language="en") == told
    between = NORWAY.replace("moment\n", "moment\nThese are the places.\n\n")
    assert quoted("do you deliver to norway", {1: between}, language="en") == told
    below = "Countries we deliver to\n\n## All\n\nWe deliver to many.\n\n## Not possible at the moment\n\n- Norway and Iceland"
    assert quoted("norway", {1: below}, language="en") == "Not possible at the moment: Norway and Iceland. [1]"


def test_what_announces_a_list_stays_with_the_item_that_is_quoted() -> None:
    source = "Gnomes\n\nThese are not sold:\n\n- Red gnomes\n- Blue gnomes with a hat"
    assert quoted("blue gnomes", {1: source}, language="en") == "These are not sold: [1] Blue gnomes with a hat. [1]"
    short = source.replace("These are not sold:", "No:")
    assert quoted("blue gnomes", {1: short}, language="en") == "No: [1] Blue gnomes with a hat. [1]"
    asked = source.replace("These are not sold:", "What is not sold?")
    assert quoted("blue gnomes", {1: asked}, language="en") == "What is not sold? Blue gnomes with a hat. [1]"


def test_a_whole_list_is_told_below_its_heading() -> None:
    answer = quoted("what is not possible at the moment?", {1: NORWAY}, language="en")
    assert answer == (
        "Not possible at the moment: [1]\n\n- Switzerland, Norway and all islands. [1]\n- Northern Ireland: no plants. [1]"
    )


@pytest.mark.parametrize("question", ["hedge trimmer does not start", "press the test button of the battery"])
def test_steps_are_told_whole_and_numbered_whichever_fits(question: str) -> None:
    answer = quoted(question, {1: page("tools/hedgelark-not-starting.md")}, language="en")
    steps = re.findall(r"^(\d)\. .*\[1\]$", answer, re.MULTILINE)
    assert steps == ["1", "2", "3", "4", "5"]
    assert answer.index("try this in turn: [1]") < answer.index("1. Push the battery in until it clicks. [1] One click")


def test_a_sentence_brings_the_one_that_it_leans_on() -> None:
    answer = quoted(
        "I was charged twice",
        {1: page("tools/hedgelark-trimmer.md"), 2: page("payments/payment-failed.md")},
        language="en",
    )
    assert answer.startswith("If it looks as if you were charged twice")
    assert "It is a reservation, not a charge" in answer
    assert "[1]" not in answer


def test_a_dead_plant_is_replaced_rather_than_normal() -> None:
    answer = quoted("my plant arrived dead", {1: page("returns/arrival-guarantee-plants.md")}, language="en")
    assert "7 days" in answer
    assert "dormant" not in answer


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("what's the weather today", "orders/out-of-stock-and-preorder"),
        ("who is the president of france", "delivery/countries-we-deliver-to"),
        ("do you sell lawn mowers", "plants/lawn-seed"),
        ("do you have tulips in stock", "orders/out-of-stock-and-preorder"),
        ("can you write me a poem about roses", "plants/planting-bare-root-roses"),
        ("how much is the hose reel", "watering/reelwell-hose-reel"),
        ("how heavy is the trimmer", "tools/hedgelark-trimmer"),
    ],
)
def test_a_page_that_shares_a_word_with_the_question_is_no_answer(question: str, name: str) -> None:
    assert quoted(question, {1: page(f"{name}.md")}, language="en") == ""


@pytest.mark.parametrize(
    ("question", "name", "told"),
    [
        ("do you sell lawn seed", "plants/lawn-seed", "A 2 kg box of Meadowlark seed"),
        ("do you have water butts", "watering/water-butts", "hold 100, 210, 300"),
        ("how much is a 4.0 Ah battery", "tools/hedgelark-trimmer", "£69 / €79"),
        ("how tall is the greenhouse", "garden/finch-greenhouse", "201 cm high"),
        ("how much is delivery to norway", "delivery/countries-we-deliver-to", "cannot ship to Switzerland, Norway"),
    ],
)
def test_what_is_asked_for_is_answered_where_it_stands(question: str, name: str, told: str) -> None:
    assert told in quoted(question, {1: page(f"{name}.md")}, language="en")


def test_a_price_stands_beside_the_country_that_only_another_page_names() -> None:
    sources = {1: page("delivery/countries-we-deliver-to.md"), 2: page("delivery/delivery-costs-and-times.md")}
    answer = quoted("How much is delivery to Spain?", sources, language="en")
    assert "Spain" in answer
    assert "€6.90" in answer
    del sources[2]
    assert quoted("How much is delivery to Spain?", sources, language="en") == ""


def test_two_questions_in_one_are_both_answered() -> None:
    sources = {1: "Hoses\n\nA hose lasts for nine years.", 2: "Gloves\n\nGloves are washed by hand."}
    assert quoted("how long does a hose last and how are gloves washed", sources, language="en") == (
        "A hose lasts for nine years. [1] Gloves are washed by hand. [2]"
    )
    assert quoted("how long does a hose last", sources, language="en") == "A hose lasts for nine years. [1]"


def questions_and_answers(language: str) -> dict[int, str]:
    lines = (PAGES / "company" / f"quick-questions-{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return {at: f"{line['title']}\n\n{line['text']}" for at, line in enumerate(map(json.loads, lines), start=1)}


@pytest.mark.parametrize(
    ("language", "question", "told"),
    [
        ("de", "wie lange dauert der versand", "3-6 Werktage"),
        ("de", "kann ich pflanzen zurückgeben", "Nein, lebende Pflanzen"),
        ("de", "wie kann ich stornieren", "ersten 60 Minuten"),
        ("fr", "livrez-vous en suisse", "Nous ne livrons pas en Suisse"),
        ("fr", "je veux retourner un article", "30 jours"),
    ],
)
def test_pages_in_the_language_of_the_question_are_quoted(language: str, question: str, told: str) -> None:
    assert told in quoted(question, questions_and_answers(language), language=language)


def test_english_pages_are_quoted_for_words_that_both_languages_have() -> None:
    sources = {1: page("payments/payment-methods.md")}
    assert "PayPal" in quoted("paypal?", sources, language="de")
    assert quoted("wie ist das wetter", sources, language="de") == ""


def test_cells_that_say_nothing_are_left_out_of_a_row() -> None:
    source = "| Method | From | Up to |\n|---|---|---|\n| PayPal | - | £5,000 |\n| Cash | | none |"
    assert quoted("paypal", {1: source}, language="en") == "PayPal: Up to £5,000. [1]"
    assert quoted("cash", {1: source}, language="en") == "Cash: Up to: none. [1]"
    two = "| Status | Meaning |\n|---|---|\n| Packed | The parcel is closed |"
    assert quoted("packed", {1: two}, language="en") == "Packed: The parcel is closed. [1]"


DELIVERY = page("delivery/delivery-costs-and-times.md")
ORDERS = page("orders/change-or-cancel-an-order.md")


@pytest.mark.parametrize(
    ("question", "source", "told"),
    [
        ("how much is delivery", DELIVERY, "Standard delivery: United Kingdom £4.95"),
        ("can I change my delivery address after ordering", ORDERS, "press Change address in My account › Orders"),
        ("where can I find my invoice", page("orders/invoice-and-vat.md"), "Your invoice is a PDF"),
        ("the controller says E03", page("watering/dripmate-error-codes.md"), "E03"),
        ("Do you accept cash on delivery?", page("payments/payment-methods.md"), "We do not take cash on delivery"),
    ],
)
def test_what_newcomers_ask_first(question: str, source: str, told: str) -> None:
    assert told in quoted(question, {1: source}, language="en")


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("My DripMate shows E11", page("watering/dripmate-error-codes.md")),
        ("how heavy is the lawn roller", page("plants/lawn-seed.md")),
        ("how often should I water new lawn", "Lawns\n\nKeep a new lawn damp with water for three weeks."),
    ],
)
def test_another_code_measure_or_interval_is_no_answer(question: str, source: str) -> None:
    assert quoted(question, {1: source}, language="en") == ""


def test_what_is_alike_is_quoted_from_the_passage_that_was_found_first() -> None:
    page_of = "Hoses\n\n{}\n\nA hose is long and {}."
    sources = {1: page_of.format("Green", "green"), 2: page_of.format("Blue", "blue")}
    assert quoted("a long hose", sources, language="en", most=1) == "A hose is long and green. [1]"
