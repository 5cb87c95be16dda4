"""The demo company's own questions through the real pipeline, index and engine, held to the gates that ship."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pytest
import yaml

from evals.engine import Setting, asking, doubts
from evals.gates import SHIPPED, read_gates
from evals.metrics import Row, Scored, is_right, score
from evals.opened import Opened, opened
from evals.serving import ROOT

GOLDEN = ROOT / "evals" / "golden"
DEMO = ROOT / "config" / "examples" / "demo" / "frontdesk.yaml"
HANDED_OVER = ("asked for a person", "high stakes")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The golden questions with what the engine made of them."""

    suite: Opened
    predictions: dict[str, Row]
    scored: Scored


@pytest.fixture(scope="module")
def answered() -> Answered:
    suite = opened(GOLDEN)
    with asking(suite, Setting()) as ask:
        predictions: dict[str, Row] = {item["id"]: ask(item) for item in suite.items}
    return Answered(suite=suite, predictions=predictions, scored=score(suite.kind, suite.items, predictions, {}))


def test_the_set_is_as_varied_as_it_says() -> None:
    items = opened(GOLDEN).items
    kinds, count = Counter(item["kind"] for item in items), len(items)
    assert count >= 200
    searched = count - kinds["smalltalk"]
    assert kinds["unanswerable"] / searched >= 0.25
    assert kinds["underspecified"] / searched >= 0.08
    assert kinds["smalltalk"] >= 8
    assert sum(bool(item["history"]) for item in items) / count >= 0.10
    assert kinds["partial"] >= 5
    assert len({(item["question"], str(item["history"])) for item in items}) == count
    assert not [item["id"] for item in items if bool(item["relevant"]) != item["answerable"] or not item["reference"]]


def test_every_relevant_document_exists() -> None:
    suite = opened(GOLDEN)
    assert doubts(suite, Setting()) == ()
    assert suite.doubts == ()


@pytest.mark.parametrize("gate", read_gates(SHIPPED)["demo"], ids=lambda gate: gate.metric)
def test_a_gate_is_kept(answered: Answered, gate: object) -> None:
    (told,) = [one for one in read_gates(SHIPPED)["demo"] if one == gate]
    found = answered.scored.metrics.get(told.metric)
    wrong = [
        (item["question"], item["relevant"], answered.predictions[item["id"]]["citations"])
        for item in answered.suite.items
        if item["answerable"] and not is_right(item, answered.predictions[item["id"]])
    ]
    assert told.is_met(found), (told.metric, str(found), str(told), wrong)


def test_every_answer_is_cited(answered: Answered) -> None:
    answers = {name: p for name, p in answered.predictions.items() if p["decision"] == "answer" and p["confidence"] > 0}
    assert len(answers) > 100
    assert not [name for name, p in answers.items() if not p["citations"]]


def offered() -> list[str]:
    """What a newcomer is invited to ask: the demo's suggestions, and what the README quotes."""
    accounts = yaml.safe_load(DEMO.read_text(encoding="utf-8"))["tenants"][0]["accounts"]
    pressed = [text for account in accounts for text in account.get("suggestions", ())]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = [*re.findall(r'\*"(.+?)"\*', readme), *re.findall(r'"user_message": "(.+?)"', readme)]
    assert pressed
    assert quoted
    return [*pressed, *quoted]


def comes_out_right(answered: Answered, question: str) -> None:
    """Asked first, it is answered from the right page, or not answered where no page does."""
    (item,) = [item for item in answered.suite.items if item["question"] == question and not item["history"]]
    found = answered.predictions[item["id"]]
    if item["answerable"]:
        assert found["decision"] == "answer", found
        assert is_right(item, found), found["citations"]
    else:
        assert found["decision"] != "answer", found


@pytest.mark.parametrize("question", dict.fromkeys(offered()))
def test_what_a_newcomer_is_invited_to_ask_comes_out_right(answered: Answered, question: str) -> None:
    comes_out_right(answered, question)


NEWCOMERS = {
    "where is my order",
    "what do you sell?",
    "where can I find my invoice",
    "can I change my delivery address after ordering",
    "do you ship to norway",
    "do you ship to the usa",
    "do you deliver to canada",
    "my plant arrived dead",
    "I was charged twice",
    "card declined",
    "parcel says delivered but its not here",
    "something is missing from my order",
    "do u deliver on saturdays",
    "can i use 2 vouchers",
    "hose reel leaking",
    "trimmer battery dead",
    "wifi keeps dropping on dripmate",
    "how do i winterise my irrigation",
    "slugs are eating my lettuce",
    "price match?",
    "i never got my confirmation email",
    "wie lange dauert der versand",
    "kann ich pflanzen zurückgeben",
    "meine pflanze ist kaputt angekommen",
    "wann habt ihr geöffnet",
    "wie kann ich stornieren",
    "liefert ihr in die schweiz",
    "livrez-vous en france",
    "combien coute la livraison",
    "ma plante est morte",
    "je veux retourner un article",
    "what's the weather today",
    "do you have tulips in stock",
    "how do i bake bread",
    "can you write me a poem about roses",
}
"""Typed by people who try the demo, in short and sloppy words; each was once answered wrongly, or could easily be."""


@pytest.mark.parametrize("question", sorted(NEWCOMERS))
def test_what_newcomers_type_comes_out_right(answered: Answered, question: str) -> None:
    comes_out_right(answered, question)


def test_people_and_high_stakes_are_handed_over(answered: Answered) -> None:
    wanted = [item for item in answered.suite.items if item["reference"] in HANDED_OVER]
    kept = [item["question"] for item in wanted if answered.predictions[item["id"]]["decision"] != "handoff"]
    assert len(wanted) >= 10
    assert kept == []
