"""Every kind of step, interruptions, and the bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain import HandoffReason
from core.flows import Call, Finish, FlowState, HandOver, Move, NotAnswered, Said, Say, advance, prompt_again
from core.flows.moving import LIFE, MAX_CALLS, MAX_HEARD, MAX_INTERRUPTIONS
from core.ports.tools import Verification
from tests.core.flows.script import T0, Talk, around, called, flow, words

RETURN = """
id: return
title: Return
steps:
  order:
    ask: {slot: order, type: order_number, fill: true, question: {en: "Order?", de: "Bestellung?"}}
  reason:
    ask:
      slot: reason
      type: choice
      question: {en: "Why?", de: "Warum?"}
      choices:
        damaged: {en: It is damaged, de: Es ist kaputt}
        mind: {en: I changed my mind, de: Ich will es nicht mehr}
  sure:
    confirm: {question: {en: "Return {order}?", de: "{order} zurück?"}, yes: call, no: order}
  call:
    call:
      tool: start_return
      arguments: {order_id: "{order}", why: "because {reason}", items: ["{order}"], count: 2}
      into: made
      on: {done: done, denied: denied, failed: failed}
  done:
    end: {say: {en: "Number {made.id}, {made.address.city}.", de: "Nummer {made.id}."}}
  denied:
    end: {say: Not allowed., resolved: false}
  failed:
    hand_over: {reason: policy, detail: "Return of {order} ({reason}) failed."}
"""


def at_reason() -> Talk:
    talk = Talk(flow(RETURN))
    talk.start()
    assert words(talk.say("LK-204518")) == ["Why?"]
    return talk


def at_call() -> Talk:
    talk = at_reason()
    talk.say("damaged")
    talk.say("yes")
    return talk


def test_ask_waits_with_its_question() -> None:
    talk = Talk(flow(RETURN))
    assert talk.start().acts == (Say(text="Order?"),)
    assert talk.state is not None
    assert talk.state.step == "order"


def test_an_answer_goes_on_and_a_choice_shows_its_labels() -> None:
    talk = Talk(flow(RETURN))
    talk.start()
    assert talk.say("it is lk-204518").acts == (Say(text="Why?", choices=("It is damaged", "I changed my mind")),)
    assert talk.state is not None
    assert talk.state.slots == {"order": "LK-204518"}


def test_the_flow_speaks_the_language_of_the_conversation() -> None:
    talk = Talk(flow(RETURN), around(language="de"))
    assert words(talk.start()) == ["Bestellung?"]
    assert talk.say("LK-204518").acts[0] == Say(text="Warum?", choices=("Es ist kaputt", "Ich will es nicht mehr"))
    assert talk.say("2").acts[0] == Say(text="LK-204518 zurück?", choices=("Ja", "Nein"))


def test_a_text_missing_in_a_language_is_said_in_english() -> None:
    assert words(Talk(flow(RETURN), around(language="fr")).start()) == ["Order?"]


def test_an_unusable_answer_is_asked_again_and_then_people_take_over() -> None:
    talk = at_reason()
    assert talk.say("bla").acts == (
        Say(text="Please choose one of these. Why?", choices=("It is damaged", "I changed my mind")),
    )
    assert words(talk.say("blub")) == ["Please choose one of these. Why?"]
    last = talk.say("bla bla")
    assert last.state is None
    assert isinstance(last.acts[0], HandOver)
    assert last.acts[0].reason is HandoffReason.UNRESOLVED
    assert "bla" not in last.acts[0].detail


def test_the_next_question_has_all_its_attempts() -> None:
    talk = Talk(flow(RETURN))
    talk.start()
    for answer in ("hm", "hm", "LK-204518", "hm", "hm"):
        move = talk.say(answer)
    assert words(move) == ["Please choose one of these. Why?"]


def test_confirm_takes_nothing_but_a_yes_or_a_no() -> None:
    talk = at_reason()
    assert talk.say("damaged").acts == (Say(text="Return LK-204518?", choices=("Yes", "No")),)
    assert words(talk.say("yes, but another order")) == ["Please answer with yes or no. Return LK-204518?"]
    assert words(talk.say("no")) == ["Order?"]


@pytest.mark.parametrize("yes", ["yes", "Yes!", "yes please", "ja", "oui", "sí", "sim", "sì", "ja graag", "sure"])
def test_yes_in_any_language(yes: str) -> None:
    talk = at_reason()
    talk.say("damaged")
    assert isinstance(talk.say(yes).acts[0], Call)


def test_a_confirmation_that_is_never_given_ends_with_people() -> None:
    talk = at_reason()
    talk.say("damaged")
    assert [type(talk.say("perhaps").acts[0]) for _ in range(3)] == [Say, Say, HandOver]


def test_call_gives_lone_places_as_they_are_and_renders_the_others() -> None:
    talk = at_call()
    assert talk.move is not None
    assert called(talk.move) == Call(
        tool="start_return",
        arguments={"order_id": "LK-204518", "why": "because damaged", "items": ["LK-204518"], "count": 2},
    )


def test_a_call_that_is_done_shows_its_result_and_keeps_only_what_is_named() -> None:
    talk = at_call()
    move = talk.gave("done", {"id": "RT-1", "address": {"city": "Ghent", "street": "x"}, "secret": "s"})
    assert move == Move(state=None, acts=(Say(text="Number RT-1, Ghent."), Finish(resolved=True)))


def test_a_result_is_kept_by_its_named_parts() -> None:
    looped = flow(
        """
        id: f
        title: F
        steps:
          call: {call: {tool: t, into: got, on: {done: ask, denied: ask2, failed: ask2}}}
          ask: {ask: {slot: a, question: "{got.deep.name}?"}}
          ask2: {ask: {slot: b, question: b}}
          end: {end: {}}
        """
    )
    talk = Talk(looped)
    talk.start()
    talk.gave("done", {"deep": {"name": "N" * 900, "other": 1}, "more": list(range(1000))})
    assert talk.state is not None
    assert talk.state.slots == {"got": {"deep.name": "N" * 500}}


def test_denied_and_failed_go_their_ways() -> None:
    assert at_call().gave("denied") == Move(state=None, acts=(Say(text="Not allowed."), Finish(resolved=False)))
    detail = "Return of LK-204518 (damaged) failed."
    assert at_call().gave("failed").acts == (HandOver(reason=HandoffReason.POLICY, detail=detail),)


def test_a_waiting_call_stays_and_other_words_are_not_for_the_flow() -> None:
    talk = at_call()
    assert talk.gave("waiting").acts == ()
    assert talk.say("cancel").acts == (NotAnswered(),)
    assert talk.state is not None
    assert prompt_again(talk.flow, talk.state, "en") == Say(text="I am still waiting for the confirmation.")
    assert words(talk.gave("done", {"id": "RT-1"})) == ["Number RT-1, –."]


def test_an_outcome_nobody_waits_for_changes_nothing() -> None:
    talk = at_reason()
    before = talk.state
    assert talk.gave("done", {"id": "RT-1"}) == Move(state=before)


def test_a_value_of_the_starting_message_is_used_once() -> None:
    talk = Talk(flow(RETURN))
    assert words(talk.start("go", order="LK-1")) == ["Why?"]
    talk.say("damaged")
    assert words(talk.say("no")) == ["Order?"], "coming back, the question is asked"


# Interruptions


def test_a_question_is_not_answered_by_the_flow_and_then_asked_again() -> None:
    talk = at_reason()
    before = talk.state
    assert before is not None
    move = talk.say("How much does it cost?")
    assert move.acts == (NotAnswered(),)
    assert talk.state == replace(before, interruptions=1, heard=2, moves=0)
    again = prompt_again(talk.flow, talk.state, "en")
    assert again == Say(text="Back to where we were: Why?", choices=("It is damaged", "I changed my mind"))
    assert words(talk.say("damaged")) == ["Return LK-204518?"]
    assert talk.state is not None
    assert talk.state.interruptions == 0


def test_a_question_does_not_cost_an_attempt() -> None:
    talk = at_reason()
    for message in ("bla", "What is it?", "blub", "Why so?"):
        move = talk.say(message)
    assert move.acts == (NotAnswered(),)
    assert talk.state is not None


def test_a_question_beside_an_answer_is_handed_on() -> None:
    talk = Talk(flow(RETURN))
    talk.start()
    move = talk.say("LK-204518. How long does it take?")
    assert words(move) == ["Why?"]
    assert move.aside == "How long does it take?"


def test_too_many_questions_in_a_row_end_the_flow_without_a_word() -> None:
    talk = at_reason()
    for _ in range(MAX_INTERRUPTIONS):
        assert talk.say("What?").state is not None
    assert talk.say("What?") == Move(state=None, acts=(NotAnswered(),))


@pytest.mark.parametrize(
    ("language", "words_"),
    [
        ("en", "never mind"),
        ("de", "Abbrechen, bitte"),
        ("fr", "laissez tomber"),
        ("es", "olvídelo"),
        ("pt", "esquece"),
        ("it", "lascia perdere"),
        ("nl", "laat maar"),
    ],
)
def test_the_contact_can_stop_in_their_language(language: str, words_: str) -> None:
    talk = Talk(flow(RETURN), around(language=language))
    talk.start()
    move = talk.say(words_)
    assert move.state is None
    assert isinstance(move.acts[0], Say)
    assert move.acts[1] == Finish(resolved=False)


def test_a_label_that_sounds_like_stopping_is_an_answer() -> None:
    told = flow(
        """
        id: f
        title: F
        steps:
          what:
            ask:
              {slot: what, type: choice, question: "What?", choices: {stop: {en: Cancel it}, go: {en: Keep it}}}
          end: {end: {say: "{what}"}}
        """
    )
    talk = Talk(told)
    talk.start()
    assert words(talk.say("cancel it")) == ["stop"]


# Branches

BRANCH = """
id: f
title: F
steps:
  count: {ask: {slot: count, type: integer, question: "How many?"}}
  way:
    branch:
      cases:
        - {on: hours, equals: closed, then: closed}
        - {on: verification, at_least: verified, then: known}
        - {on: count, at_least: 10, below: 20, then: many}
        - {on: count, in: [1, 2], then: few}
        - {on: language, equals: de, then: german}
        - {on: missing, exists: true, then: never}
      otherwise: other
  missing: {ask: {slot: missing, question: x}}
  closed: {end: {say: closed}}
  known: {end: {say: known}}
  many: {end: {say: many}}
  few: {end: {say: few}}
  german: {end: {say: german}}
  never: {end: {say: never}}
  other: {end: {say: other}}
"""


@pytest.mark.parametrize(
    ("answer", "circumstances", "expected"),
    [
        ("10", {}, "many"),
        ("19", {}, "many"),
        ("20", {}, "other"),
        ("9", {}, "other"),
        ("2", {}, "few"),
        ("5", {"language": "de"}, "german"),
        ("5", {"verified": Verification.IDENTIFIED}, "other"),
        ("5", {"verified": Verification.VERIFIED}, "known"),
        ("5", {"hours": "closed"}, "closed"),
        ("5", {"hours": "open"}, "other"),
    ],
)
def test_branch(answer: str, circumstances: dict[str, object], expected: str) -> None:
    talk = Talk(flow(BRANCH), around(**circumstances))  # type: ignore[arg-type]  # a table of keyword arguments
    talk.start()
    assert words(talk.say(answer)) == [expected]


RESULTS = """
id: f
title: F
steps:
  call: {call: {tool: t, into: got, on: {done: way, denied: other, failed: other}}}
  way:
    branch:
      cases:
        - {on: got.status, equals: in transit, then: status}
        - {on: got.tags, equals: vip, then: tags}
        - {on: got.total, below: 12.5, then: total}
        - {on: got.code, matches: '^LK-\\d+$', then: code}
        - {on: got.gift, equals: true, then: gift}
        - {on: got.date, at_least: 2026-11-01, then: date}
        - {on: got.none, exists: false, then: none}
      otherwise: other
  status: {end: {say: status}}
  tags: {end: {say: tags}}
  total: {end: {say: total}}
  code: {end: {say: code}}
  gift: {end: {say: gift}}
  date: {end: {say: date}}
  none: {end: {say: none}}
  other: {end: {say: other}}
"""


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"status": "In Transit"}, "status"),
        ({"tags": ["new", "VIP"]}, "tags"),
        ({"total": 12.49}, "total"),
        ({"total": "12.49"}, "total"),
        ({"total": 12.5}, "none"),
        ({"total": True}, "none"),
        ({"total": float("nan")}, "none"),
        ({"code": "lk-12"}, "code"),
        ({"gift": True}, "gift"),
        ({"gift": 1}, "none"),
        ({"date": "2026-11-01"}, "date"),
        ({"date": "2026-10-31", "none": 0}, "other"),
        ({}, "none"),
    ],
)
def test_branch_on_a_result(data: dict[str, object], expected: str) -> None:
    talk = Talk(flow(RESULTS))
    talk.start()
    assert words(talk.gave("done", data)) == [expected]


# Bounds


def test_a_circle_without_a_question_is_cut() -> None:
    looped = flow(
        """
        id: f
        title: F
        steps:
          a: {say: {text: "a", then: b}}
          b: {branch: {cases: [{on: hours, equals: open, then: end}], otherwise: a}}
          end: {end: {}}
        """
    )
    move = Talk(looped).start()
    assert move.state is None
    assert words(move) == ["a"]
    assert isinstance(move.acts[-1], HandOver)


def test_calls_between_two_answers_are_counted() -> None:
    looped = flow(
        """
        id: f
        title: F
        steps:
          a: {call: {tool: t, on: {done: end, denied: end, failed: a}}}
          end: {end: {}}
        """
    )
    talk = Talk(looped)
    talk.start()
    moves = [talk.gave("failed") for _ in range(MAX_CALLS)]
    assert [isinstance(move.acts[-1], Call) for move in moves] == [True] * (MAX_CALLS - 1) + [False]
    assert isinstance(moves[-1].acts[-1], HandOver)


def test_a_flow_does_not_go_on_for_ever() -> None:
    talk = Talk(flow(RETURN))
    talk.start()
    for at in range(MAX_HEARD + 1):
        assert talk.state is not None, at
        if talk.state.step == "call":
            raise AssertionError
        move = talk.say({"order": "LK-204518", "reason": "damaged", "sure": "no"}[talk.state.step])
    assert isinstance(move.acts[-1], HandOver)


def test_a_flow_lives_a_day() -> None:
    talk = at_reason()
    assert talk.state is not None
    late = Said(text="damaged", around=around(later=LIFE))
    assert advance(talk.flow, talk.state, late) == Move(state=None, acts=(NotAnswered(),))
    in_time = Said(text="damaged", around=around(later=LIFE - timedelta(seconds=1)))
    assert advance(talk.flow, talk.state, in_time).state is not None


# Changed while it ran


def changed(old: str, new: str) -> Talk:
    talk = at_reason()
    assert old in RETURN
    talk.flow = flow(RETURN.replace(old, new))
    return talk


def test_other_words_do_not_disturb_a_running_flow() -> None:
    talk = changed("Return {order}?", "Really return {order}?")
    assert words(talk.say("damaged")) == ["Really return LK-204518?"]
    assert talk.state is not None
    assert talk.state.version == talk.flow.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  reason:\n", "  why:\n"),
        ("slot: reason", "slot: cause"),
        ("damaged: {en", "broken: {en"),
        ("id: return\n", "id: other\n"),
        ("count: 2", 'count: "{amount}"'),
    ],
    ids=["step gone", "another slot", "other choices", "another flow", "reads what was never asked"],
)
def test_a_flow_that_no_longer_fits_is_ended_honestly(old: str, new: str) -> None:
    talk = changed(old, new)
    move = talk.say("damaged")
    assert move.state is None
    assert "start again" in words(move)[0]
    assert move.acts[1] == Finish(resolved=False)


def test_a_question_to_a_changed_flow_is_still_answered() -> None:
    assert changed("slot: reason", "slot: cause").say("How much is it?").acts[1] == NotAnswered()


def test_a_confirmation_is_never_taken_for_another_question() -> None:
    talk = at_reason()
    talk.say("damaged")
    talk.flow = flow(RETURN.replace("Return {order}?", "Delete {order}?"))
    assert talk.say("yes").state is None


def test_the_outcome_of_a_call_is_not_lost_in_a_changed_flow() -> None:
    talk = at_call()
    talk.flow = flow(RETURN.replace("tool: start_return", "tool: other"))
    act = talk.gave("done").acts[0]
    assert isinstance(act, HandOver)
    assert "done" in act.detail


@pytest.mark.parametrize("garbage", [None, {}, {"format": 2}, {"format": 1, "flow": 3}, [], "x"])
def test_what_is_no_state_is_none(garbage: object) -> None:
    assert FlowState.from_state(garbage) is None


def test_a_state_without_a_time_zone_is_none() -> None:
    state = FlowState(flow="f", version="v", started_at=T0).to_state()
    assert FlowState.from_state(state | {"started_at": "2026-11-21T10:00:00"}) is None
