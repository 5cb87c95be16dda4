"""Turns that a model writes: released sentence by sentence, cited, mended once, continued after a crash, degraded with grace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import HandoffReason, Role
from core.errors import BudgetExceeded, ModelUnavailable
from core.ports.model import ModelRequest, ModelRole, Speaker
from core.replay import replay
from core.settings import ConverseSettings, EngineSettings
from core.steps.fast_path import FastPathSettings
from tests.core.conversing.world import ToldModels, abilities, ask, calls
from tests.core.world import IndexKnowledge, said

SLOW_PATH = EngineSettings(converse=ConverseSettings(fast_path=FastPathSettings(enabled=False)))
QUESTION = "Until when may I return what I bought?"
ANSWER = "You may return goods within 30 days of delivery [1]. However, opened seed packets cannot be returned [1]."


def last_words(request: ModelRequest) -> str:
    return request.messages[-1].text


class TestAWrittenAnswer:
    async def test_is_cited_and_released_sentence_by_sentence(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": [ANSWER]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and reply.text == ANSWER
        assert [c.external_id for c in reply.citations] == ["returns"]
        texts = {
            passage.chunk.id: passage.chunk.text for passage in knowledge.index.search(knowledge.asked[0]).passages
        }
        assert reply.citations[0].quote in texts[reply.citations[0].chunk_id]
        assert len(asked.screen.shown) == 2 and asked.screen.shown[-1] == ANSWER
        assert asked.screen.shown[1].startswith(asked.screen.shown[0])
        assert asked.result.is_resolved_step

    async def test_numbers_its_marks_in_the_order_of_reading(self, knowledge: IndexKnowledge) -> None:
        def answer(request: ModelRequest) -> str:
            text = last_words(request)
            starts = {text.find(f"<<source {n} "): n for n in range(2, 7) if f"<<source {n} " in text}
            place = text.find("30 days")
            number = starts[max(start for start in starts if start < place)]
            return f"You may return goods within 30 days of delivery [{number}]."

        asked = await ask(
            knowledge,
            abilities(ToldModels({"answer": [answer]})),
            "returning tools warranty batteries",
            settings=SLOW_PATH,
        )
        reply = asked.result.reply
        assert reply is not None and reply.text.endswith("[1].")
        assert [c.number for c in reply.citations] == [1]

    async def test_shows_the_receipt_of_every_call(self, knowledge: IndexKnowledge) -> None:
        asked = await ask(knowledge, abilities(ToldModels({"answer": [ANSWER]})), QUESTION, settings=SLOW_PATH)
        steps = asked.trace.steps
        (call,) = steps["models"]["calls"]
        assert call["purpose"] == "answer" and call["role"] == "fast" and len(call["prompt"]) == 16
        assert steps["models"]["usage"] == {"input_tokens": 10, "output_tokens": 5, "cost": 0.001}
        assert [verdict["released"] for verdict in steps["write"]["guard"]] == [True, True]
        assert steps["write"]["route"]["because"]

    async def test_comes_out_the_same_when_run_again_from_its_trace(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": [ANSWER]})
        has = abilities(models)
        asked = await ask(knowledge, has, QUESTION, settings=SLOW_PATH)
        again = await replay(asked.trace, SLOW_PATH, abilities=has)
        assert again.is_same, again.differences
        assert len(models.asked) == 1, "a replay asks nobody"

    async def test_is_compared_with_what_another_model_would_say(self, knowledge: IndexKnowledge) -> None:
        has = abilities(ToldModels({"answer": [ANSWER]}))
        asked = await ask(knowledge, has, QUESTION, settings=SLOW_PATH)
        other = ToldModels({"answer": ["You may return goods within 30 days of delivery [1]."]})
        again = await replay(asked.trace, SLOW_PATH, abilities=has, models=other)
        assert set(again.differences) == {"text"}


class TestTheGuard:
    async def test_holds_back_a_wrong_figure_and_has_it_mended(self, knowledge: IndexKnowledge) -> None:
        wrong = "You may return goods within 90 days of delivery [1]."
        models = ToldModels({"answer": [wrong, ANSWER]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None and asked.result.reply.text == ANSWER
        assert all("90" not in shown for shown in asked.screen.shown)
        told = last_words(models.asked[1][1])
        assert "90" in told and models.asked[1][1].messages[-1].speaker is Speaker.SYSTEM

    async def test_regenerates_only_what_was_not_released(self, knowledge: IndexKnowledge) -> None:
        first = "You may return goods within 30 days of delivery [1]. Express shipping of returns costs £99.95 [1]."
        rest = "However, opened seed packets cannot be returned [1]."
        models = ToldModels({"answer": [first, rest]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None
        assert asked.result.reply.text.split() == ANSWER.split()
        assert models.asked[1][1].messages[-2].text.strip() == "You may return goods within 30 days of delivery [1]."

    async def test_asks_or_offers_a_person_when_mending_fails(self, knowledge: IndexKnowledge) -> None:
        wrong = "You may return goods within 90 days of delivery [1]."
        asked = await ask(knowledge, abilities(ToldModels({"answer": [wrong, wrong]})), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and "90" not in reply.text
        assert asked.trace.decision in ("clarify", "propose")

    async def test_stops_after_the_last_good_sentence_when_the_tail_cannot_be_mended(
        self, knowledge: IndexKnowledge
    ) -> None:
        good = "You may return goods within 30 days of delivery [1]."
        models = ToldModels({"answer": [f"{good} It costs £77 [1].", "It costs £78 [1]."]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and reply.text.startswith(good) and "£7" not in reply.text
        assert reply.proposal is not None and asked.trace.decision == "propose"

    async def test_does_not_let_the_answer_change_its_language(self, knowledge: IndexKnowledge) -> None:
        german = "Sie können die Ware innerhalb von 30 Tagen nach der Lieferung zurückgeben [1]."
        models = ToldModels({"answer": [german, ANSWER]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None and asked.result.reply.text == ANSWER
        assert len(models.asked) == 2 and asked.screen.shown[0] in ANSWER

    async def test_keeps_the_prompt_to_itself(self, knowledge: IndexKnowledge) -> None:
        def leak(request: ModelRequest) -> str:
            return request.messages[0].text

        asked = await ask(knowledge, abilities(ToldModels({"answer": [leak, leak]})), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None
        for shown in (*asked.screen.shown, asked.result.reply.text):
            assert "ref-" not in shown and "no_answer" not in shown

    async def test_a_model_that_has_nothing_to_add_has_finished(self, knowledge: IndexKnowledge) -> None:
        good = "You may return goods within 30 days of delivery [1]."
        models = ToldModels({"answer": [f"{good} It costs £77 [1].", "NO_ANSWER"]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and reply.text == good and reply.proposal is None

    async def test_quotes_the_words_that_carry_the_claim(self, knowledge: IndexKnowledge) -> None:
        words = "Opened seed packets cannot be returned. [1] You may return goods within 30 days of delivery. [1]"
        asked = await ask(knowledge, abilities(ToldModels({"answer": [words]})), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and "seed packets" in reply.citations[0].quote


class TestControls:
    async def test_a_question_back_becomes_the_reply(self, knowledge: IndexKnowledge) -> None:
        wish = calls(
            ("ask_clarification", {"question": "Do you mean tools or plants?", "options": ["Tools", "Plants"]})
        )
        asked = await ask(knowledge, abilities(ToldModels({"answer": [wish]})), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and reply.text == "Do you mean tools or plants?"
        assert reply.choices[:2] == ("Tools", "Plants") and asked.trace.decision == "clarify"

    @pytest.mark.parametrize("answer", [calls(("no_answer", {})), "NO_ANSWER", "`NO_ANSWER`."])
    async def test_no_answer_offers_a_person(self, knowledge: IndexKnowledge, answer: object) -> None:
        asked = await ask(knowledge, abilities(ToldModels({"answer": [answer]})), QUESTION, settings=SLOW_PATH)  # type: ignore[list-item]
        assert asked.result.reply is not None and asked.result.reply.proposal is HandoffReason.NO_ANSWER
        assert all("NO_ANSWER" not in shown for shown in asked.screen.shown)

    async def test_hand_over_brings_in_people(self, knowledge: IndexKnowledge) -> None:
        wish = calls(("hand_over", {"why": "They need a custom contract."}))
        asked = await ask(knowledge, abilities(ToldModels({"answer": [wish]})), QUESTION, settings=SLOW_PATH)
        assert asked.result.handoff is not None and asked.result.handoff.detail == "They need a custom contract."

    async def test_words_of_a_control_pass_the_guard_too(self, knowledge: IndexKnowledge) -> None:
        wish = calls(("ask_clarification", {"question": "Shall I refund £4000 to evil@example.org as agreed?"}))
        asked = await ask(knowledge, abilities(ToldModels({"answer": [wish]})), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None and "4000" not in asked.result.reply.text


class TestTheLadder:
    async def test_falls_to_the_other_model(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": [ModelUnavailable("down"), ANSWER]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None and asked.result.reply.text == ANSWER
        assert [role for role, _ in models.asked] == [ModelRole.FAST, ModelRole.STRONG]

    async def test_falls_to_a_quoted_answer(self, knowledge: IndexKnowledge) -> None:
        asked = await ask(knowledge, abilities(ToldModels({})), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and reply.citations and "30 days" in reply.text
        assert asked.result.handoff is None

    async def test_falls_to_people_with_an_honest_word_when_nothing_can_be_quoted(
        self, knowledge: IndexKnowledge
    ) -> None:
        asked = await ask(knowledge, abilities(ToldModels({})), "zzyx qwerty blorp?", settings=SLOW_PATH)
        assert asked.result.handoff is not None and asked.result.handoff.reason is HandoffReason.OUTAGE
        assert asked.result.reply is not None and "won't guess" in asked.result.reply.text

    async def test_does_not_wait_longer_than_the_contact_would(self, knowledge: IndexKnowledge) -> None:
        settings = replace(SLOW_PATH, converse=replace(SLOW_PATH.converse, patience_s=0.2))
        models = ToldModels({}, hangs=frozenset((ModelRole.FAST, ModelRole.STRONG)))
        asked = await ask(knowledge, abilities(models), QUESTION, settings=settings)
        assert asked.result.reply is not None and asked.result.reply.citations

    async def test_continues_what_a_lost_stream_began(self, knowledge: IndexKnowledge) -> None:
        rest = "However, opened seed packets cannot be returned [1]."
        models = ToldModels({"answer": [ANSWER, rest]}, breaks_after=9)
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None and asked.result.reply.text.split() == ANSWER.split()

    async def test_ends_honestly_what_nobody_can_continue(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": [ANSWER]}, breaks_after=9)
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and reply.text.startswith("You may return goods within 30 days of delivery [1].")
        assert "can't finish" in reply.text and reply.proposal is HandoffReason.OUTAGE and reply.citations

    async def test_quotes_when_the_budget_is_spent(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": [BudgetExceeded("spent", scope="tenant")]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None and asked.result.reply.citations
        assert len(models.asked) == 1, "another role would spend the same budget"

    async def test_an_empty_answer_is_no_answer(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": ["", ANSWER]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH)
        assert asked.result.reply is not None and asked.result.reply.text == ANSWER


class TestACrash:
    async def test_before_the_answer_was_complete_goes_on_after_what_was_shown(self, knowledge: IndexKnowledge) -> None:
        has = abilities(ToldModels({"answer": [ANSWER]}))
        whole = await ask(knowledge, has, QUESTION, settings=SLOW_PATH)
        shown = whole.screen.shown[0]
        for name in [name for name in whole.book.rows if name.startswith("model.")]:
            del whole.book.rows[name]
        rest = ToldModels({"answer": ["However, opened seed packets cannot be returned [1]."]})
        again = await ask(
            knowledge, abilities(rest), QUESTION, settings=SLOW_PATH, shown=shown, book=whole.book, attempt=2
        )
        assert again.result.reply is not None and again.result.reply.text.split() == ANSWER.split()
        assert again.screen.shown[0].startswith(shown)
        assert [c.external_id for c in again.result.reply.citations] == ["returns"]

    async def test_after_the_answer_was_complete_asks_no_model_again(self, knowledge: IndexKnowledge) -> None:
        whole = await ask(knowledge, abilities(ToldModels({"answer": [ANSWER]})), QUESTION, settings=SLOW_PATH)
        silent = ToldModels({})
        again = await ask(
            knowledge,
            abilities(silent),
            QUESTION,
            settings=SLOW_PATH,
            shown=whole.screen.shown[0],
            book=whole.book,
            attempt=2,
        )
        assert again.result.reply == whole.result.reply and not silent.asked


class TestWhatAModelIsSpared:
    async def test_a_canonical_question(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": [ANSWER]})
        asked = await ask(knowledge, abilities(models), "Planting roses")
        assert asked.result.reply is not None and asked.result.reply.citations
        assert not models.asked and asked.trace.steps["fast_path"]["is_taken"]

    async def test_everything_in_strict_mode(self, knowledge: IndexKnowledge) -> None:
        settings = replace(SLOW_PATH, converse=replace(SLOW_PATH.converse, strict=True))
        models = ToldModels({"answer": [ANSWER]})
        asked = await ask(knowledge, abilities(models), QUESTION, settings=settings)
        assert asked.result.reply is not None and asked.result.reply.citations and not models.asked

    async def test_asking_for_a_person(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": [ANSWER]})
        asked = await ask(knowledge, abilities(models), "I want to talk to a human")
        assert asked.result.handoff is not None and not models.asked


class TestAFollowUp:
    async def test_is_rewritten_by_the_small_model(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels(
            {"rewrite": ['{"query": "warranty of batteries"}'], "answer": ["Batteries have 1 year [1]."]}
        )
        history = [said(Role.CONTACT, "How long is the warranty of tools?", 1), said(Role.BOT, "Two years [1].", 2)]
        asked = await ask(knowledge, abilities(models), "and batteries?", settings=SLOW_PATH, history=history)
        assert asked.trace.steps["rewrite"]["by"] == "model"
        assert asked.result.reply is not None and [c.external_id for c in asked.result.reply.citations] == ["warranty"]

    @pytest.mark.parametrize("told", ["no json", '{"question": "x"}', '{"query": 7}', ModelUnavailable("down")])
    async def test_makes_do_with_words_when_that_fails(self, knowledge: IndexKnowledge, told: object) -> None:
        models = ToldModels({"rewrite": [told], "answer": ["Batteries have 1 year [1]."]})  # type: ignore[list-item]
        history = [said(Role.CONTACT, "How long is the warranty of tools?", 1), said(Role.BOT, "Two years [1].", 2)]
        asked = await ask(knowledge, abilities(models), "and batteries?", settings=SLOW_PATH, history=history)
        assert asked.trace.steps["rewrite"]["by"] == "words"
        assert asked.result.reply is not None


class TestTheSummary:
    async def test_is_made_beside_the_answer_and_told_to_the_next(self, knowledge: IndexKnowledge) -> None:
        history = [replace(said(Role.CONTACT if n % 2 else Role.BOT, f"message {n}", n), seq=n) for n in range(1, 11)]
        models = ToldModels({"answer": [ANSWER, ANSWER], "summary": ["They bought a spade in May."]})
        first = await ask(knowledge, abilities(models), QUESTION, settings=SLOW_PATH, history=history)
        assert first.result.state is not None and first.result.state["summary"] == "They bought a spade in May."
        await ask(
            knowledge, abilities(models), QUESTION, settings=SLOW_PATH, history=history[-4:], state=first.result.state
        )
        answers = [request for _, request in models.asked if request.purpose == "answer"]
        assert "They bought a spade in May." in last_words(answers[1])
