"""Random valid flows and random messages, a few of them; the module beside has the big run."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from core.entities import entities
from core.flows import Said, begin
from core.flows.answers import answered, filled
from core.flows.flow import AskStep, SlotType, Valid
from core.flows.listening import is_question, parted, wants_to_stop, yes_or_no
from core.ports.tools import Verification
from tests.core.flows.mutants import MUTANTS, ROOT, broken
from tests.core.flows.random_flows import TYPES, talked_through
from tests.core.flows.script import T0, around, flow

PLAIN = flow(
    """
    id: f
    title: F
    start: {phrases: [return my order], patterns: ['return.{1,20}order']}
    steps: {a: {ask: {slot: a, type: date, fill: true, question: x}}, end: {end: {}}}
    """
)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**40))
def test_any_talk_in_any_valid_flow_ends(seed: int) -> None:
    assert talked_through(random.Random(seed)) in ("Finish", "HandOver", "NotAnswered")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.sampled_from(TYPES), st.sampled_from(("en", "de", "fr", "es", "pt", "it", "nl", "xx")))
def test_no_message_makes_the_readers_raise(text: str, kind: str, language: str) -> None:
    choices = {"a": {"en": "Red one"}, "b": {"any": "Blue"}} if kind == "choice" else {}
    ask = AskStep(
        slot="s",
        question={"any": "x"},
        type=SlotType(kind),
        choices=choices,
        valid=Valid(min=1 if kind == "integer" else None, pattern=r"\w{2}-\d+" if kind == "pattern" else None),
    )
    said = Said(text=text, entities=entities(text), around=around(language=language))
    assert answered(ask, said) == answered(ask, said)
    filled(ask, text, said.entities, said.around)
    begin((PLAIN,), text, language=language, entities=said.entities, verified=Verification.ANONYMOUS, at=T0)
    wants_to_stop(text)
    yes_or_no(text)
    is_question(text, language)
    parted(text, language)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789.,-/ €$LKaMmay:+()#", max_size=40), st.sampled_from(TYPES))
def test_numbers_and_dates_of_any_shape_do_no_harm(text: str, kind: str) -> None:
    choices = {"a": {"en": "1"}, "b": {"any": "2"}} if kind == "choice" else {}
    ask = AskStep(slot="s", question={}, type=SlotType(kind), choices=choices, valid=Valid(pattern=r"\d+"))
    for language in ("en", "de"):
        answered(ask, Said(text=text, entities=entities(text), around=around(language=language)))


def test_every_mutant_still_breaks_something() -> None:
    """Whether the tests catch them is the business of ``python -m tests.core.flows.mutants``."""
    for mutant in MUTANTS:
        assert broken(mutant) != (ROOT / mutant.file).read_text(), mutant.what
