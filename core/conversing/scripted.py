"""Flows inside the turn: the machine moves, the turn does what it says.  Needs no model.

A message that does not answer the flow's question is answered as one of its own; the question is asked again below the answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from core.conversing.scene import Scene
from core.conversing.waiting import Settled, asking, gave
from core.flows.flow import Flow
from core.flows.moving import advance, prompt_again
from core.flows.starting import begin
from core.flows.state import (
    Around,
    Call,
    Finish,
    FlowState,
    HandOver,
    Heard,
    Move,
    NotAnswered,
    Outcome,
    Said,
    Say,
    ToolGave,
)
from core.ports.engine import HandoffRequest, Reply
from core.ports.model import ToolCall
from core.steps.compose import Composed
from core.tools.outcomes import PendingCall, ToolOutcome, Waiting
from core.tools.session import level_of

PARTING = "\n\n"


@dataclass(slots=True)
class Scripted:
    """What the flow made of the message.

    ``composed`` is the whole reply; None: the message is not the flow's, and after the engine has answered it ``again`` (the
    open question) follows.  ``aside`` is a question asked along with an answer: it is answered above ``composed``.
    """

    flow: str
    composed: Composed | None = None
    again: Say | None = None
    aside: str = ""


async def run(scene: Scene, *, settled: Settled | None = None) -> Scripted | None:
    """Go on with the flow that runs, or start the one this message asks for; None: no flow has to do with it."""
    flows = {flow.id: flow for flow in scene.abilities.flows}
    if not flows or not scene.gated.speaks:
        return None
    state = scene.kept.flow
    if state is not None and state.flow not in flows:
        scene.kept, state = replace(scene.kept, flow=None), None
    if state is None:
        if settled is not None:
            return None
        state = _begun(scene)
        if state is None:
            return None
    heard: Heard = _gave(scene, settled.outcome) if settled is not None else _said(scene)
    return await _moves(scene, flows[state.flow], state, heard)


def _begun(scene: Scene) -> FlowState | None:
    text, understood = scene.gated.text, scene.understood
    begun = begin(
        scene.abilities.flows,
        text,
        language=understood.language,
        entities=understood.named,
        verified=level_of(scene.contact),
        at=scene.now,
    )
    return None if begun is None else begun.state


async def _moves(scene: Scene, flow: Flow, state: FlowState, heard: Heard) -> Scripted:
    """Move until the flow waits for the contact; every tool call's outcome is heard as the next thing."""
    said: list[Say] = []
    aside = ""
    while True:
        move = advance(flow, state, heard)
        scene.kept = replace(scene.kept, flow=move.state)
        aside = aside or move.aside
        said += [act for act in move.acts if isinstance(act, Say)]
        if any(isinstance(act, NotAnswered) for act in move.acts):
            again = None if move.state is None else prompt_again(flow, move.state, scene.language)
            return Scripted(flow=flow.id, composed=_composed(scene, said, move) if said else None, again=again)
        call = next((act for act in move.acts if isinstance(act, Call)), None)
        if call is None or move.state is None:
            return Scripted(flow=flow.id, composed=_composed(scene, said, move), aside=aside)
        outcome = await _call(scene, call)
        if isinstance(outcome, Waiting):
            return Scripted(flow=flow.id, composed=_waiting(scene, said, outcome.pending), aside=aside)
        state, heard = move.state, _gave(scene, outcome)


async def _call(scene: Scene, call: Call) -> ToolOutcome:
    acting = scene.acting
    wish = ToolCall(id=f"flow-{acting.step + 1}", name=call.tool, arguments=json.dumps(dict(call.arguments)))
    return await acting.call_scripted(wish)


def _waiting(scene: Scene, said: Sequence[Say], pending: PendingCall) -> Composed:
    scene.kept = replace(scene.kept, pending=pending)
    question = asking(scene, pending)
    assert question.reply is not None
    words = PARTING.join([*(one.text for one in said), question.reply.text])
    return replace(question, parts=(words,), reply=replace(question.reply, text=words))


def _composed(scene: Scene, said: Sequence[Say], move: Move) -> Composed:
    words = PARTING.join(one.text for one in said)
    choices = said[-1].choices if said else ()
    finish = next((act for act in move.acts if isinstance(act, Finish)), None)
    people = next((act for act in move.acts if isinstance(act, HandOver)), None)
    return Composed(
        parts=(words,) if words else (),
        reply=Reply(text=words, choices=choices) if words else None,
        handoff=None if people is None else HandoffRequest(reason=people.reason, detail=people.detail),
        is_resolved_step=people is None and (finish is None or finish.resolved),
    )


def _said(scene: Scene) -> Said:
    return Said(text=scene.gated.text, entities=scene.understood.named, around=_around(scene))


def _gave(scene: Scene, outcome: ToolOutcome) -> ToolGave:
    return ToolGave(outcome=cast(Outcome, outcome.state), data=gave(outcome), around=_around(scene))


def _around(scene: Scene) -> Around:
    return Around(at=scene.now, language=scene.language, verified=level_of(scene.contact), hours=scene.hours)


def above(answer: Composed, said: Composed) -> Composed:
    """What the flow says, below the answer to a question that was asked along."""
    assert said.reply is not None
    joined = below(answer, Say(text=said.reply.text, choices=said.reply.choices))
    return replace(joined, handoff=said.handoff, is_resolved_step=said.is_resolved_step, notes=said.notes)


def below(composed: Composed, again: Say) -> Composed:
    """The engine's own answer with the flow's open question below it."""
    if composed.reply is None or composed.handoff is not None:
        return composed
    words = f"{composed.reply.text}{PARTING}{again.text}"
    reply = replace(composed.reply, text=words, choices=again.choices)
    parts = (f"{PARTING}{again.text}",) if composed.is_shown else (*composed.parts, f"{PARTING}{again.text}")
    return replace(composed, parts=parts, reply=reply)
