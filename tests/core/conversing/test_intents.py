"""What a message wants, within a turn: the trained guess, a rule that asks for it, a language model's second opinion."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.domain import HandoffReason
from core.errors import ModelUnavailable
from core.intents.model import IntentGuess, IntentModel
from core.intents.training import train
from core.ports.model import ModelAnswer
from core.settings import DEFAULT_RULES, Decision, EngineSettings, PolicyRule, PolicyWhen
from core.steps.understand import Wits
from tests.core.conversing.world import ToldModels, abilities, ask, calls
from tests.core.intents.small import SHOP
from tests.core.world import IndexKnowledge

REFUNDS = PolicyRule(
    when=PolicyWhen(intent=("refund",)),
    then=Decision.HAND_OVER,
    reason=HandoffReason.POLICY,
    say="Our team sees to refunds.",
)
SETTINGS = EngineSettings(rules=(REFUNDS, *DEFAULT_RULES))
DESCRIBED = dict.fromkeys(SHOP, "")


@pytest.fixture(scope="module")
def trained() -> IntentModel:
    return train(SHOP, None, thresholds=dict.fromkeys(SHOP, 0.6))


@dataclass(frozen=True)
class Unsure:
    """Stands for a model whose best guess is a weak one."""

    name: str

    def predict(self, text: str) -> IntentGuess:
        return IntentGuess(name=self.name, confidence=0.2, in_scope=0.3, ranked=((self.name, 0.2), ("refund", 0.1)))


def said(intent: str) -> ModelAnswer:
    return calls(text=f'{{"intent": "{intent}"}}')


async def test_a_rule_may_ask_for_an_intent(knowledge: IndexKnowledge, trained: IntentModel) -> None:
    has = abilities(None, wits=Wits(intents=trained))
    asked = await ask(knowledge, has, "please refund me my money", settings=SETTINGS)
    assert asked.result.handoff is not None and asked.result.handoff.reason is HandoffReason.POLICY
    known = asked.trace.steps["understand"]
    assert known["intent"] == "refund" and known["guess"]["ranked"][0][0] == "refund"
    other = await ask(knowledge, has, "How long do I have to return goods?", settings=SETTINGS)
    assert other.result.handoff is None


async def test_without_a_model_of_intents_the_rule_never_matches(knowledge: IndexKnowledge) -> None:
    asked = await ask(knowledge, abilities(None), "please refund me my money", settings=SETTINGS)
    assert asked.result.handoff is None and asked.trace.steps["understand"]["intent"] is None


async def test_a_weak_guess_gets_a_second_opinion(knowledge: IndexKnowledge) -> None:
    wits = Wits(intents=Unsure("opening_hours"), described=DESCRIBED)  # type: ignore[arg-type]  # duck of a model
    models = ToldModels({"intent": (said("refund"),)})
    asked = await ask(knowledge, abilities(models, wits=wits), "about that payment of mine", settings=SETTINGS)
    assert asked.result.handoff is not None and asked.result.handoff.reason is HandoffReason.POLICY
    assert asked.trace.steps["understand"]["intent_by"] == "model"


async def test_without_leave_no_model_is_asked(knowledge: IndexKnowledge) -> None:
    models = ToldModels({"intent": (said("refund"),)})
    wits = Wits(intents=Unsure("opening_hours"))  # type: ignore[arg-type]  # duck of a model
    await ask(knowledge, abilities(models, wits=wits), "about that payment of mine", settings=SETTINGS)
    assert "intent" not in [request.purpose for _, request in models.asked]


async def test_when_no_model_answers_the_guess_stands(knowledge: IndexKnowledge) -> None:
    wits = Wits(intents=Unsure("opening_hours"), described=DESCRIBED)  # type: ignore[arg-type]  # duck of a model
    models = ToldModels({"intent": (ModelUnavailable("gone"),)})
    asked = await ask(knowledge, abilities(models, wits=wits), "about that payment of mine", settings=SETTINGS)
    assert asked.trace.steps["understand"]["intent"] == "opening_hours"


async def test_what_is_named_and_felt_stands_in_the_record(knowledge: IndexKnowledge) -> None:
    asked = await ask(knowledge, abilities(None), "Third time I ask!! Where is order LK-20417?")
    known = asked.trace.steps["understand"]
    assert [(one["kind"], one["value"]) for one in known["entities"]] == [("order", "LK-20417")]
    assert known["mood"]["frustration"] > 0.3
