"""The flow's next move: a pure function of the flow, its state and what was heard.  The same input gives the same move.

Bounded on every side: moves and calls between two answers, messages, interruptions in a row, and the flow's life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, assert_never

from core.domain import HandoffReason
from core.flows.answers import Asked, Taken, Unusable, answered, labelled, labels, refusal
from core.flows.branching import way
from core.flows.fitting import fits, waiting_at
from core.flows.flow import (
    AskStep,
    BranchStep,
    CallStep,
    ConfirmStep,
    EndStep,
    Flow,
    HandOverStep,
    SayStep,
    SlotType,
    Texts,
    pick,
)
from core.flows.listening import is_question, plain, wants_to_stop, yes_or_no
from core.flows.places import given, kept, shown, told
from core.flows.state import (
    Act,
    Around,
    Call,
    Finish,
    FlowState,
    HandOver,
    Heard,
    Move,
    NotAnswered,
    Said,
    Say,
    ToolGave,
)
from core.flows.texts import sentence

MAX_MOVES = 50
"""Steps between two messages of the contact; more is a loop."""

MAX_CALLS = 5
"""Calls between two messages of the contact: as many as a turn may make."""

MAX_HEARD = 100
"""Messages of the contact in one flow; who is not through by then needs a person."""

MAX_INTERRUPTIONS = 5
"""Questions in a row: the contact has turned to something else, and is not asked again."""

CONFIRM_ATTEMPTS = 3
LIFE = timedelta(hours=24)


def advance(flow: Flow, state: FlowState, heard: Heard) -> Move:
    """What to do about what was heard."""
    around = heard.around
    match heard:
        case Said():
            if around.at - state.started_at >= LIFE:
                return Move(state=None, acts=(NotAnswered(),))
            if not fits(flow, state):
                lost = (NotAnswered(),) if is_question(heard.text, around.language) else (Finish(resolved=False),)
                return Move(state=None, acts=(Say(text=sentence("changed", around.language)), *lost))
            return _listen(flow, replace(state, version=flow.digest), heard)
        case ToolGave():
            if not fits(flow, state):
                return _give_up(flow, f"the flow was changed while a tool ran (its outcome: {heard.outcome})")
            return _receive(flow, replace(state, version=flow.digest), heard)
        case _:
            assert_never(heard)


def prompt_again(flow: Flow, state: FlowState, language: str) -> Say:
    """The pending question once more, after something else was answered."""
    part = flow.steps[state.step].part if state.step in flow.steps else None
    if not isinstance(part, AskStep | ConfirmStep):
        return Say(text=sentence("waiting", language))
    question = _question(part, state.slots, language)
    return replace(question, text=f"{sentence('again', language)} {question.text}")


def _listen(flow: Flow, state: FlowState, said: Said) -> Move:
    if not state.step:
        return _go(flow, state, flow.first, said.around)
    state = replace(state, heard=state.heard + 1, moves=0, calls=0)
    if state.heard > MAX_HEARD:
        return _give_up(flow, "the contact could not get through it")
    part = flow.steps[state.step].part
    if _wants_to_stop(part, said.text):
        return Move(state=None, acts=(Say(text=sentence("cancelled", said.around.language)), Finish(resolved=False)))
    match part:
        case AskStep():
            return _asked(flow, state, part, said)
        case ConfirmStep():
            return _confirmed(flow, state, part, said)
        case _:
            return _interrupted(state)


def _wants_to_stop(part: object, text: str) -> bool:
    """A label of a choice is an answer, whatever it says; while a call waits for a yes, the firewall hears the no."""
    if isinstance(part, CallStep) or (isinstance(part, AskStep) and labelled(part.choices, text) is not None):
        return False
    return wants_to_stop(text)


def _asked(flow: Flow, state: FlowState, ask: AskStep, said: Said) -> Move:
    match answered(ask, said):
        case Taken(value=value, aside=aside):
            state = replace(state, slots={**state.slots, ask.slot: value}, interruptions=0)
            move = _go(flow, state, flow.after(state.step, ask.then), said.around)
            return replace(move, aside=aside)
        case Asked():
            return _interrupted(state)
        case Unusable():
            refused = refusal(ask, said.around.language)
            return _again(flow, state, ask, refused, said.around, most=ask.attempts)


def _confirmed(flow: Flow, state: FlowState, confirm: ConfirmStep, said: Said) -> Move:
    language = said.around.language
    agreed = _by_label(said.text, language)
    agreed = yes_or_no(said.text) if agreed is None else agreed
    if agreed is not None:
        return _go(flow, replace(state, interruptions=0), confirm.yes if agreed else confirm.no, said.around)
    if is_question(said.text, language):
        return _interrupted(state)
    return _again(flow, state, confirm, sentence("yes_no", language), said.around, most=CONFIRM_ATTEMPTS)


def _by_label(text: str, language: str) -> bool | None:
    said = plain(text)
    named = {plain(sentence("yes", language)): True, plain(sentence("no", language)): False}
    return named.get(said)


def _interrupted(state: FlowState) -> Move:
    state = replace(state, interruptions=state.interruptions + 1)
    is_over = state.interruptions > MAX_INTERRUPTIONS
    return Move(state=None if is_over else state, acts=(NotAnswered(),))


def _again(
    flow: Flow, state: FlowState, part: AskStep | ConfirmStep, why: Texts | str, around: Around, *, most: int
) -> Move:
    """Not an answer that can be used: say so and ask again, until it is too often."""
    state = replace(state, attempts=state.attempts + 1, interruptions=0)
    if state.attempts >= most:
        return _give_up(flow, f"no usable answer at the step {state.step} in {most} attempts")
    text = why if isinstance(why, str) else shown(pick(why, around.language), state.slots, around.language)
    question = _question(part, state.slots, around.language)
    return Move(state=state, acts=(replace(question, text=f"{text} {question.text}"),))


def _receive(flow: Flow, state: FlowState, gave: ToolGave) -> Move:
    """An outcome nobody waits for changes nothing."""
    part = flow.steps[state.step].part if state.step else None
    if not isinstance(part, CallStep) or gave.outcome == "waiting":
        return Move(state=state)
    slots = dict(state.slots)
    if part.into:
        slots.pop(part.into, None)
    if part.into and gave.outcome == "done":
        slots[part.into] = kept(flow, part.into, gave.data)
    target = {"done": part.on.done, "denied": part.on.denied, "failed": part.on.failed}[gave.outcome]
    return _go(flow, replace(state, slots=slots, interruptions=0), target, gave.around)


def _go(flow: Flow, state: FlowState, name: str, around: Around) -> Move:
    """From step to step until one waits or the flow is over."""
    acts: list[Act] = []
    while name in flow.steps and state.moves < MAX_MOVES:
        state = replace(state, step=name, waits=waiting_at(flow, name), moves=state.moves + 1, attempts=0)
        match flow.steps[name].part:
            case AskStep() as ask:
                if ask.slot not in state.filled:
                    return Move(state=state, acts=(*acts, _question(ask, state.slots, around.language)))
                state, name = _taken(state, ask.slot), flow.after(name, ask.then)
            case ConfirmStep() as confirm:
                return Move(state=state, acts=(*acts, _question(confirm, state.slots, around.language)))
            case SayStep(text=texts, then=then):
                acts.append(_words(texts, state.slots, around.language))
                name = flow.after(name, then)
            case BranchStep() as branch:
                name = way(branch, state.slots, around)
            case CallStep() as call:
                if state.calls >= MAX_CALLS:
                    break
                arguments = given(call.arguments, state.slots, around.language)
                return Move(
                    state=replace(state, calls=state.calls + 1), acts=(*acts, Call(tool=call.tool, arguments=arguments))
                )
            case HandOverStep(reason=reason, detail=detail):
                why = told(detail, state.slots, around.language)
                return Move(state=None, acts=(*acts, HandOver(reason=reason, detail=why)))
            case EndStep(say=texts, resolved=resolved):
                last = (_words(texts, state.slots, around.language),) if texts else ()
                return Move(state=None, acts=(*acts, *last, Finish(resolved=resolved)))
    return _give_up(flow, f"it went round in circles at the step {state.step}", said=acts[:1])


def _taken(state: FlowState, slot: str) -> FlowState:
    """A value of the starting message answers its question once; when the flow comes back, it is asked."""
    filled = {name: value for name, value in state.filled.items() if name != slot}
    return replace(state, slots={**state.slots, slot: state.filled[slot]}, filled=filled)


def _give_up(flow: Flow, why: str, *, said: list[Act] | None = None) -> Move:
    detail = f'The scripted conversation "{flow.title}" stopped: {why}.'
    return Move(state=None, acts=(*(said or ()), HandOver(reason=HandoffReason.UNRESOLVED, detail=detail)))


def _question(part: AskStep | ConfirmStep, slots: Mapping[str, Any], language: str) -> Say:
    choices: tuple[str, ...] = ()
    if isinstance(part, ConfirmStep) or part.type is SlotType.YES_NO:
        choices = (sentence("yes", language), sentence("no", language))
    elif part.type is SlotType.CHOICE:
        choices = labels(part.choices, language)
    return replace(_words(part.question, slots, language), choices=choices)


def _words(texts: Texts, slots: Mapping[str, Any], language: str) -> Say:
    return Say(text=shown(pick(texts, language), slots, language))
