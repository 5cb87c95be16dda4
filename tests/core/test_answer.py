from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.markup import parse, to_text
from core.ports.knowledge import Passage
from core.reply import Items, Mark, Paragraph, Text
from core.settings import AnswerSettings
from core.spelling import correction, is_one_slip
from core.steps.answer import Question, Run, citation, extract
from core.steps.units import UnitKind, safe, units
from core.words import fold, sentences, stems
from tests.core.world import chunk


def answer(question: str, *passages: Passage, settings: AnswerSettings | None = None) -> list[str]:
    runs = extract(Question.of(question, {}, "en"), passages, settings or AnswerSettings(), language="en")
    return [unit.text for run in runs for unit in run.units]


def passage(text: str, *, title: str = "Title", name: str = "a", score: float = 10.0) -> Passage:
    return Passage(chunk=chunk(name, title, text), score=score)


def in_language(of: Passage, language: str | None) -> Passage:
    return replace(of, chunk=replace(of.chunk, language=language))


GERMAN = passage("Der Versand kostet 6,90 Euro nach Deutschland.", title="Was kostet der Versand?", name="de")
ENGLISH = passage(
    "Was kostet der Versand? 4,95 Pfund kostet der Versand, ab 60 Pfund kostet er nichts.",
    title="Delivery",
    name="en",
    score=9.0,
)


@pytest.mark.parametrize(
    ("languages", "quoted_from"),
    [(("de-AT", "en"), {0}), (("de", None), {0}), (("de", "de"), {1}), (("en", "de"), {1}), ((None, "en"), {1})],
)
def test_an_answer_in_the_contacts_language_is_not_mixed(
    languages: tuple[str | None, str | None], quoted_from: set[int]
) -> None:
    both = [in_language(GERMAN, languages[0]), in_language(ENGLISH, languages[1])]
    runs = extract(Question.of("Was kostet der Versand?", {}, "de"), both, AnswerSettings(), language="de")
    assert {run.passage for run in runs} == quoted_from


def test_where_the_contacts_language_tells_nothing_another_one_answers() -> None:
    both = [in_language(passage("Guten Tag.", title="Hallo"), "de"), in_language(ENGLISH, "en")]
    runs = extract(Question.of("Was kostet der Versand?", {}, "de"), both, AnswerSettings(), language="de")
    assert {run.passage for run in runs} == {1}


def test_units_know_their_place() -> None:
    text = "# Top\nOne line\ngoes on. Another!\n\n- a\n- b\n  more\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```\ncode 1\n```\nEnd"
    found = units(text)
    assert [(u.kind, u.text) for u in found] == [
        (UnitKind.SENTENCE, "One line\ngoes on."),
        (UnitKind.SENTENCE, "Another!"),
        (UnitKind.ITEM, "a"),
        (UnitKind.ITEM, "b\n  more"),
        (UnitKind.TABLE, "| x | y |\n|---|---|\n| 1 | 2 |"),
        (UnitKind.CODE, "code 1"),
        (UnitKind.SENTENCE, "End"),
    ]
    assert found[0].section == "Top"


@given(st.text(st.sampled_from("ab .\n\t-*1|#`~[]()<>!?:é\u2028"), max_size=400))
def test_units_quote_exactly_and_never_raise(text: str) -> None:
    for unit in units(text):
        assert text[unit.start : unit.end].splitlines() == unit.text.splitlines() or unit.text in text


@pytest.mark.parametrize(
    "text",
    [
        "# no heading",
        "> no quote",
        "1. no list",
        "- no list",
        "fact [1] here",
        "a *b",
        "`c",
        "<b>x</b>",
        "[open](",
        "~~~",
        "| a | b |",
    ],
)
def test_safe_text_stays_the_text_it_is(text: str) -> None:
    blocks = parse(safe(text))
    assert isinstance(blocks[0], Paragraph)
    assert not any(isinstance(node, Mark) for node in blocks[0].children)
    assert to_text(blocks) == text


def test_sentences() -> None:
    text = (
        'See e.g. the page. It costs 3.5 EUR (incl. VAT). "Really?" Yes! Go to https://a.b/c?x=1.2 now. A. Smith did.'
    )
    assert list(sentences(text)) == [
        "See e.g. the page.",
        "It costs 3.5 EUR (incl. VAT).",
        '"Really?"',
        "Yes!",
        "Go to https://a.b/c?x=1.2 now.",
        "A. Smith did.",
    ]


def test_the_best_sentence_is_quoted_with_what_belongs_to_it() -> None:
    long = "The shop was founded in the past by two sisters who loved roses more than anything else in the world. " * 3
    text = f"{long}\n\nRefunds take five days. However, gift cards are never refunded.\n\n{long}"
    assert answer("How long do refunds take?", passage(text)) == [
        "Refunds take five days.",
        "However, gift cards are never refunded.",
    ]


def test_a_list_is_quoted_whole_with_its_lead_in() -> None:
    text = "Something else.\n\nTo reset the pump:\n\n1. Switch it off.\n2. Wait.\n3. Press Reset on the pump.\n\nOther words."
    quoted = answer("how do I reset the pump", passage(text))
    assert quoted[:4] == ["To reset the pump:", "Switch it off.", "Wait.", "Press Reset on the pump."]


def test_a_long_list_is_cut_and_says_so() -> None:
    text = "Sizes of pots:\n\n" + "\n".join(f"- pot size {n}" for n in range(40))
    runs = extract(Question.of("pot sizes", {}, "en"), (passage(text),), AnswerSettings(list_items=5), language="en")
    assert runs[0].is_cut
    assert sum(unit.kind is UnitKind.ITEM for unit in runs[0].units) == 5


def test_a_table_is_quoted_whole() -> None:
    text = "We deliver.\n\n| Service | Price |\n|---|---|\n| Standard | £4.95 |"
    assert answer("what does standard service cost", passage(text, title="Delivery costs"))[0].startswith("| Service")


def test_the_title_tells_what_the_words_below_are_about() -> None:
    hours = passage("Monday to Friday 9:00 to 18:00.\n\nWe love roses.", title="Opening hours")
    assert answer("what are your opening hours", hours)[0] == "Monday to Friday 9:00 to 18:00."


def test_nothing_is_quoted_when_nothing_touches_the_question() -> None:
    assert answer("zebra crossing", passage("Roses are red.")) == []
    assert extract(Question.of("x", {}, "en"), (), AnswerSettings(), language="en") == ()


def test_the_budget_holds() -> None:
    text = "\n\n".join(
        f"The refund rule number {n} says that a refund is a refund with many more words to it." for n in range(30)
    )
    quoted = answer("refund rule", passage(text), settings=AnswerSettings(words=40, passages=3))
    assert 0 < sum(len(sentence.split()) for sentence in quoted) <= 60


@given(st.text(max_size=400), st.text(max_size=60))
def test_extraction_quotes_only_what_is_there(text: str, question: str) -> None:
    found = passage(text)
    for run in extract(Question.of(question, {}, "en"), (found,), AnswerSettings(), language="en"):
        cited = citation(1, found.chunk, run)
        assert cited.quote in text and cited.quote


def test_the_quote_of_a_long_run_is_one_of_its_units() -> None:
    text = " ".join(f"Sentence number {n} is about pumps and tanks." for n in range(40))
    cited = citation(1, chunk("a", "T", text), Run(passage=0, units=units(text), score=1.0))
    assert cited.quote in text and len(cited.quote) <= 500


def test_links_in_quotes_survive() -> None:
    assert (
        safe("See [the page](https://a.example) or *My orders*.") == "See [the page](https://a.example) or *My orders*."
    )
    assert parse(safe("- x"))[0] == Paragraph((Text("- x"),))
    assert not isinstance(parse(safe("1) x"))[0], Items)


def test_words() -> None:
    assert fold("Übergröße’s") == "ubergrosse's"
    assert stems("How do I reset my passwords?") == ["reset", "password"]
    assert stems("Wie kann ich die Passwörter zurücksetzen?", "de") == ["passwort", "zurucksetz"]


@pytest.mark.parametrize(
    ("a", "b"), [("pasword", "password"), ("delivrey", "delivery"), ("refundd", "refund"), ("retorn", "return")]
)
def test_one_slip(a: str, b: str) -> None:
    assert is_one_slip(a, b) and is_one_slip(b, a)


@pytest.mark.parametrize(("a", "b"), [("same", "same"), ("return", "retnru"), ("abc", "xyz"), ("", "ab")])
def test_more_or_less_than_one_slip(a: str, b: str) -> None:
    assert not is_one_slip(a, b)


def test_correction_takes_the_most_frequent_neighbour() -> None:
    known = {"return": 9, "returned": 4, "retire": 3}
    assert correction("retrun", lambda prefix: ((w, n) for w, n in known.items() if w.startswith(prefix))) == "return"
    assert correction("rxyz", lambda prefix: known.items()) is None
    assert correction("e4711x", lambda prefix: known.items()) is None
