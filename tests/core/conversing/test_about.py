"""The turn of somebody who asks who answers here: what is said, and by whom."""

from __future__ import annotations

import pytest

from core.conversing.abilities import Abilities
from core.domain import HandoffReason
from core.flows.flow import AskStep, EndStep, Flow, SlotType, Start, Step
from core.ports.tools import Verification
from core.replay import replay
from core.settings import DEFAULT_RULES, LANGUAGES, Decision, EngineSettings, PolicyRule, PolicyWhen, Smalltalk
from core.texts import TEXTS
from tests.core.conversing.test_written import ANSWER, SLOW_PATH
from tests.core.conversing.world import Asked, ToldModels, abilities, ask
from tests.core.world import IndexKnowledge

QUESTIONS = {
    "en": "Who are you?",
    "de": "Wer sind Sie?",
    "fr": "Qui êtes-vous ?",
    "es": "¿Quién es usted?",
    "pt": "Quem é você?",
    "it": "Chi sei?",
    "nl": "Wie ben je?",
}
OLD_RULES = tuple(
    PolicyRule(
        when=PolicyWhen(smalltalk=(Smalltalk.GREETING, Smalltalk.THANKS, Smalltalk.GOODBYE)), then=Decision.ANSWER
    )
    if rule.when.smalltalk
    else rule
    for rule in DEFAULT_RULES
)
ANY = (PolicyRule(when=PolicyWhen(confidence_at_least=0.0), then=Decision.ANSWER),)
MENU = Flow(
    id="menu",
    title="Menu",
    start=Start(phrases={"en": ("help",)}),
    verification=Verification.ANONYMOUS,
    steps={
        "what": Step(ask=AskStep(slot="what", question={"en": "Orders or plants?"}, type=SlotType.TEXT)),
        "end": Step(end=EndStep(say={"en": "Bye."})),
    },
)


def text_of(asked: Asked) -> str:
    assert asked.result.reply is not None
    return asked.result.reply.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_says_that_it_is_a_bot_and_whose(knowledge: IndexKnowledge, language: str) -> None:
    before = len(knowledge.asked)
    asked = await ask(knowledge, abilities(None), QUESTIONS[language])
    assert text_of(asked) == TEXTS[language]["about"].replace("{company}", "Acme Garden")
    assert asked.screen.shown == [text_of(asked)]
    result = asked.result
    assert result.language == language
    assert result.reply is not None
    assert result.reply.choices == (TEXTS[language]["person"],)
    assert (result.reply.proposal, result.reply.citations, result.handoff) == (None, (), None)
    assert result.is_resolved_step
    assert len(knowledge.asked) == before, "nothing is looked up"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_the_company_and_what_it_is(language: str) -> None:
    said = TEXTS[language]["about"]
    assert said.count("{company}") == 1
    assert any(word in said.casefold() for word in ("bot", "robô"))


async def test_a_nameless_company_leaves_no_gap(knowledge: IndexKnowledge) -> None:
    asked = await ask(knowledge, Abilities(), "Who are you?")
    assert "assistant of our company:" in text_of(asked)


async def test_a_name_is_no_markup(knowledge: IndexKnowledge) -> None:
    asked = await ask(knowledge, Abilities(company="[Acme](https://evil.example) *Ltd*"), "Who are you?")
    assert r"\[Acme\]" in text_of(asked)
    assert r"\*Ltd\*" in text_of(asked)


async def test_a_model_is_not_asked(knowledge: IndexKnowledge) -> None:
    models = ToldModels({"answer": [ANSWER]})
    asked = await ask(knowledge, abilities(models), "are you a bot?", settings=SLOW_PATH)
    assert "a bot, not a person" in text_of(asked)
    assert models.asked == []


async def test_the_record_says_so_and_runs_again(knowledge: IndexKnowledge) -> None:
    has = abilities(None)
    asked = await ask(knowledge, has, "What can you do?")
    assert asked.trace.decision == "answer"
    assert asked.trace.steps["understand"]["smalltalk"] == "about"
    assert asked.trace.steps["triage"]["because"] == ["small talk: about"]
    assert (await replay(asked.trace, EngineSettings(), abilities=has)).is_same


async def test_an_operator_s_words_are_said_instead(knowledge: IndexKnowledge) -> None:
    own = EngineSettings(texts={"en": {"about": "I am the bot of {company}. {smile}"}})
    assert text_of(await ask(knowledge, abilities(None), "Who are you?", settings=own)) == (
        "I am the bot of Acme Garden. {smile}"
    )
    rule = PolicyRule(when=PolicyWhen(smalltalk=(Smalltalk.ABOUT,)), then=Decision.ANSWER, say="Bot of {company}!")
    ruled = EngineSettings(rules=(rule, *DEFAULT_RULES))
    assert text_of(await ask(knowledge, abilities(None), "Who are you?", settings=ruled)) == "Bot of Acme Garden!"


@pytest.mark.parametrize(
    "rules",
    [
        OLD_RULES,
        ANY,
        (PolicyRule(when=PolicyWhen(smalltalk=(Smalltalk.ABOUT,), language=("de",)), then=Decision.ANSWER), *OLD_RULES),
        (),
    ],
)
async def test_a_table_that_does_not_name_it_looks_it_up(
    knowledge: IndexKnowledge, rules: tuple[PolicyRule, ...]
) -> None:
    before = len(knowledge.asked)
    asked = await ask(knowledge, abilities(None), "What can you do?", settings=EngineSettings(rules=rules))
    assert len(knowledge.asked) == before + 1
    assert "a bot" not in text_of(asked)
    assert asked.trace.steps["understand"]["smalltalk"] == "about"


async def test_such_a_table_lets_a_model_write(knowledge: IndexKnowledge) -> None:
    models = ToldModels({"answer": [ANSWER]})
    settings = EngineSettings(rules=ANY, converse=SLOW_PATH.converse)
    await ask(knowledge, abilities(models), "What can you do?", settings=settings)
    assert {request.purpose for _, request in models.asked} == {"answer"}


async def test_a_flow_that_help_starts_comes_first(knowledge: IndexKnowledge) -> None:
    with_menu = await ask(knowledge, abilities(None, flows=(MENU,)), "help")
    assert text_of(with_menu) == "Orders or plants?"
    other = await ask(knowledge, abilities(None, flows=(MENU,)), "who are you?")
    assert "a bot, not a person" in text_of(other)


async def test_the_label_below_it_brings_the_person(knowledge: IndexKnowledge) -> None:
    first = await ask(knowledge, abilities(None), "Are you a real person?")
    assert first.result.reply is not None
    second = await ask(knowledge, abilities(None), first.result.reply.choices[0], turn_id="t_2")
    assert second.result.handoff is not None
    assert second.result.handoff.reason is HandoffReason.ASKED
