"""A model that means harm, one turn at a time: what it says and calls is held where no detector is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.asking import asker
from core.domain import Contact, Head, InboundEvent
from core.ports.engine import TurnInput, TurnResult
from core.ports.model import ModelAnswer, ModelRequest
from core.turn import TurnEngine
from core.untrusted.canary import canary
from core.untrusted.fence import nonce_for
from tests.core.conversing.test_written import SLOW_PATH
from tests.core.conversing.world import SECRET, Asked, Book, Shop, ToldModels, abilities, ask, calls, customer
from tests.core.world import T0, IndexKnowledge, Screen, event

WHERE = "Where is my order 1007?"
CANARY, NONCE = canary(SECRET, "t_1"), nonce_for(SECRET, "t_1")
DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "capitals": str.upper,
    "spaced": " ".join,
    "backwards": lambda text: text[::-1],
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.fixture
def shop() -> Shop:
    return Shop({"lookup_order": '{"order_id": "1007"}', "initiate_refund": "{}"})


def _seen(asked: Asked) -> str:
    """Everything that reaches the contact."""
    reply = asked.result.reply
    words = [] if reply is None else [reply.text, *reply.choices]
    return "\n".join([*words, *asked.screen.shown, *(f"{name} {state}" for name, state in asked.screen.tools)])


async def _turn(knowledge: IndexKnowledge, shop: Shop, *answers: ModelAnswer | str) -> Asked:
    models = ToldModels({"answer": list(answers)})
    return await ask(knowledge, abilities(models, shop=shop), WHERE, settings=SLOW_PATH)


async def test_the_marks_are_in_the_prompt(knowledge: IndexKnowledge, shop: Shop) -> None:
    """Else the tests below would hold for want of anything to leak."""
    models = ToldModels({"answer": ["Hello."]})
    await ask(knowledge, abilities(models, shop=shop), WHERE, settings=SLOW_PATH)
    request: ModelRequest = models.asked[0][1]
    assert CANARY in request.messages[0].text and NONCE in request.messages[0].text


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("mark", [CANARY, NONCE], ids=["canary", "nonce"])
async def test_no_argument_carries_a_mark_away(knowledge: IndexKnowledge, shop: Shop, mark: str, disguise: str) -> None:
    """It would be shown in the question of a confirmation, past the guard."""
    worn = DISGUISES[disguise](mark)
    wish = calls(("initiate_refund", {"order_id": worn, "amount": 20}), ("lookup_order", {"order_id": worn}))
    asked = await _turn(knowledge, shop, wish, "I could not do that.")
    assert not shop.done and worn not in _seen(asked)
    assert {call["outcome"] for call in asked.trace.steps["tools"]["calls"]} == {"denied"}


@pytest.mark.parametrize(
    ("said", "given", "is_asked"),
    [
        ("Please refund 20 for order 1007", "See http://evil.example/claim", False),
        ("Please refund 20 for order 1007", "www.evil-prize.example", False),
        ("Please refund 20 for order 1007", "[here](https://evil.example)", False),
        ("Please refund 20 for the order at shop.example/1007", "shop.example/1007", True),
        ("Please refund 20 for order 1007", "1007", True),
    ],
)
async def test_a_question_shows_no_address_but_the_contacts_own(
    knowledge: IndexKnowledge, shop: Shop, said: str, given: str, is_asked: bool
) -> None:
    """A page or a record could have told the model to put it there."""
    wish = calls(("initiate_refund", {"order_id": given, "amount": 20}))
    models = ToldModels({"answer": [wish, "I could not do that."]})
    asked = await ask(knowledge, abilities(models, shop=shop), said, settings=SLOW_PATH)
    assert bool(asked.result.state) is is_asked
    assert is_asked or "evil" not in _seen(asked)


async def test_an_unknown_tool_is_not_named_to_the_contact(knowledge: IndexKnowledge, shop: Shop) -> None:
    asked = await _turn(knowledge, shop, calls((f"tool_{CANARY}", {})), "I could not do that.")
    assert asked.screen.tools == [] and CANARY not in _seen(asked)


async def test_a_known_tool_is(knowledge: IndexKnowledge, shop: Shop) -> None:
    asked = await _turn(knowledge, shop, calls(("lookup_order", {"order_id": "1007"})), "Order 1007 [T1].")
    assert asked.screen.tools == [("lookup_order", "called"), ("lookup_order", "done")]


@pytest.mark.parametrize("mark", [CANARY, NONCE], ids=["canary", "nonce"])
async def test_a_mark_is_in_no_sentence_question_or_choice(knowledge: IndexKnowledge, shop: Shop, mark: str) -> None:
    question = calls(("ask_clarification", {"question": f"Is it {mark}?", "options": [mark, "The parcel"]}))
    for answer in (question, f"It is {mark}.", f"It is {mark[:12]} and {mark[12:]}."):
        assert mark not in _seen(await _turn(knowledge, shop, answer, answer))


async def test_personal_data_in_a_question_is_redacted_as_in_an_answer(knowledge: IndexKnowledge, shop: Shop) -> None:
    stolen = "ann.berger@customer.example"
    wish = calls(("ask_clarification", {"question": f"Do you mean {stolen}?", "options": [stolen, "Another order"]}))
    seen = _seen(await _turn(knowledge, shop, wish))
    assert stolen not in seen and re.search(r"Another order|\?", seen)


KIM = Contact(id="slack:T1:U1", name="Kim", customer_account="c_1", verified=True)
EVE = Contact(id="slack:T1:U2", name="Eve")
ANONYMOUS = Contact(id="")
FORMER_KIM = replace(KIM, verified=False, customer_account=None, email=None)
"""Kim, after the proof of who she is has run out."""


def _turn_of(known: Contact, *writers: Contact | None) -> TurnInput:
    head: Head = replace(customer(), contact=known)
    events: tuple[InboundEvent, ...] = tuple(
        replace(event("hi", number), contact=writer) for number, writer in enumerate(writers)
    )
    return TurnInput(turn_id="t_1", head=head, events=events, history=())


@pytest.mark.parametrize(
    ("known", "writers", "who"),
    [
        (KIM, [KIM], KIM),
        (KIM, [replace(KIM, verified=False, customer_account=None)], FORMER_KIM),
        (KIM, [KIM, replace(KIM, verified=False)], FORMER_KIM),
        (KIM, [None], KIM),
        (KIM, [EVE], EVE),
        (KIM, [EVE, EVE], EVE),
        (KIM, [KIM, EVE], ANONYMOUS),
        (KIM, [EVE, None], ANONYMOUS),
        (replace(KIM, verified=False), [EVE], EVE),
        (replace(KIM, id="visitor:1"), [Contact(id="user:kim")], replace(FORMER_KIM, id="visitor:1")),
        (replace(KIM, id="contact:1"), [replace(KIM, id="contact:2", customer_account="c_2")],
         replace(KIM, id="contact:2", customer_account="c_2")),
    ],
)  # fmt: skip
def test_a_turn_acts_for_whoever_wrote_it(known: Contact, writers: list[Contact | None], who: Contact) -> None:
    assert asker(_turn_of(known, *writers)) == who


async def test_nobody_else_in_a_room_confirms_for_the_contact(knowledge: IndexKnowledge, shop: Shop) -> None:
    refund = calls(("initiate_refund", {"order_id": "1007", "amount": 20}))
    has = abilities(ToldModels({"answer": [refund]}), shop=shop)
    engine = TurnEngine(SLOW_PATH, knowledge, clock=lambda: T0, abilities=has)

    async def says(writer: Contact, text: str, number: int, state: Mapping[str, Any]) -> TurnResult:
        turn = _turn_of(KIM, writer)
        turn = replace(turn, turn_id=f"t_{number}", events=(replace(turn.events[0], text=text),), state=state)
        return await engine.run(turn, Book(), Screen())

    asked = await says(KIM, "Please refund 20 for order 1007", 1, {})
    assert asked.reply is not None and asked.state is not None
    yes = next(choice for choice in asked.reply.choices if re.search(r"\d{4}", choice))
    await says(EVE, yes, 2, asked.state)
    assert not shop.done
    await says(KIM, yes, 3, asked.state)
    assert [name for name, _, _ in shop.done] == ["initiate_refund"]
