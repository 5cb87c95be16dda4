"""Whether a running flow may go on after its YAML was changed.  Pure.

It may when the step it waits at is still the same question (or call) and every value that the steps from there on read is
there, or will be by then.  Else it is ended with an honest sentence: going on could act on an answer to another question.
"""

from __future__ import annotations

from core.flows.flow import AskStep, CallStep, ConfirmStep, Flow, Part, edges
from core.flows.places import uses
from core.flows.state import FlowState


def waiting_at(flow: Flow, name: str) -> str:
    """What a step waits for, in short; steps that wait for nothing have no more than their name."""
    return f"{name}:{_what(flow.steps[name].part)}"


def _what(part: Part) -> str:
    match part:
        case AskStep(slot=slot, type=kind, choices=choices):
            return f"ask:{slot}:{kind}:{','.join(choices)}"
        case CallStep(tool=tool, into=into):
            return f"call:{tool}:{into or ''}"
        case ConfirmStep(question=question, yes=yes, no=no):
            return f"confirm:{sorted(question.items())}:{yes}:{no}"
        case _:
            return ""


def fits(flow: Flow, state: FlowState) -> bool:
    """Whether the state may go on in this flow."""
    if state.flow != flow.id:
        return False
    if state.version == flow.digest:
        return state.step in flow.steps or not state.step
    if not state.step:
        return True
    if state.step not in flow.steps or state.waits != waiting_at(flow, state.step):
        return False
    return not unfilled(flow, state.step, frozenset(state.slots))


def unfilled(flow: Flow, start: str, known: frozenset[str]) -> frozenset[str]:
    """The values that some way from ``start`` reads before any step of it fills them."""
    certain = {start: known}
    todo = [start]
    while todo:
        name = todo.pop()
        for target, slot in edges(flow, name):
            if target not in flow.steps:
                continue
            arriving = certain[name] | ({slot} if slot else frozenset())
            before = certain.get(target)
            now = arriving if before is None else before & arriving
            if now != before:
                certain[target] = now
                todo.append(target)
    missing = ((name, place.partition(".")[0]) for name in certain for place in uses(flow, name))
    return frozenset(
        root for name, root in missing if root not in certain[name] | {"verification", "language", "hours"}
    )
