"""A call that waits for a yes: the second phase of its commit, before anything else is understood into the message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from core.conversing.scene import Scene
from core.domain import HandoffReason
from core.flows import tool_data
from core.markup import parse, to_text
from core.ports.engine import HandoffRequest, Reply
from core.ports.tools import Confirmation
from core.steps.compose import Composed
from core.texts import text
from core.tools import confirming
from core.tools.describing import describe
from core.tools.outcomes import Denied, Done, Failed, PendingCall, Reason, ToolOutcome
from core.tools.wording import sentence

CALL: Final = ":call:"
"""What a flow that waits at a call says it waits for."""

_FOR_PEOPLE: Final = frozenset({Reason.OVER_LIMIT, Reason.DAY_LIMIT, Reason.NOT_ALLOWED})
"""What the assistant may not do, but a person may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of the call that waited."""

    call: PendingCall
    outcome: ToolOutcome


async def settle(scene: Scene) -> Settled | Composed | None:
    """Read the message as an answer to the open question.

    ``Settled`` after a yes; a reply when the question is refused, expired or must be asked again; None when the message is
    about something else, which leaves the question open until it expires.
    """
    pending, firewall = scene.kept.pending, scene.abilities.firewall
    if pending is None or firewall is None or not scene.gated.speaks:
        return None
    heard = confirming.heard(scene.gated.text, pending)
    if isinstance(heard, confirming.Agreed):
        # The firewall judges whether it is too late: what ran before a crash has run, whatever the time is now.
        scene.kept = replace(scene.kept, pending=None)
        return Settled(call=pending, outcome=await _confirmed(scene, pending))
    if pending.expires_at <= scene.now or pending.by is not Confirmation.CUSTOMER:
        is_late_answer = pending.by is Confirmation.CUSTOMER and not isinstance(heard, confirming.Elsewise)
        if pending.expires_at <= scene.now:
            flow = scene.kept.flow
            is_waiting_for_it = flow is not None and CALL in flow.waits
            scene.kept = replace(scene.kept, pending=None, flow=None if is_waiting_for_it else flow)
        return said(sentence("expired", scene.language)) if is_late_answer else None
    match heard:
        case confirming.Refused():
            scene.kept = replace(scene.kept, pending=None, flow=None)
            return said(text("not_done", language=scene.language, overrides=scene.settings.texts))
        case confirming.Unclear():
            return asking(scene, pending, is_again=True)
        case confirming.Elsewise():
            return None


async def _confirmed(scene: Scene, pending: PendingCall) -> ToolOutcome:
    firewall = scene.abilities.firewall
    assert firewall is not None
    before = scene.record.timer()
    await scene.sink.tool(pending.tool, "called")
    outcome = await firewall.confirm(pending, scene.acting.session, scene.journal)
    agreed = to_text(parse(pending.question))
    await scene.acting.note(pending.tool, outcome, since=before, agreed=f"Confirmed by the customer: {agreed}")
    return outcome


def asking(scene: Scene, pending: PendingCall, *, is_again: bool = False) -> Composed:
    """The question itself, in our own words; to an agent it goes with the handoff."""
    if pending.by is Confirmation.AGENT:
        return _asking_agent(scene, pending)
    words = confirming.prompt(pending, scene.language, has_buttons=scene.has_buttons, is_again=is_again)
    choices = confirming.choices(pending, scene.language) if scene.has_buttons else ()
    return replace(said(words), reply=Reply(text=words, choices=choices))


def _asking_agent(scene: Scene, pending: PendingCall) -> Composed:
    words = confirming.prompt(pending, scene.language, has_buttons=False)
    note = f"Approval needed: {pending.question}\nApprove with the note: /approve {pending.nonce}"
    return replace(
        said(words),
        handoff=HandoffRequest(reason=HandoffReason.POLICY, detail=f"{pending.tool} needs an agent's approval."),
        notes=(note,),
    )


def told(scene: Scene, settled: Settled) -> Composed:
    """What became of it, in our own words: enough without a model, and what a failed call needs in any case."""
    outcome = settled.outcome
    if not isinstance(outcome, Done):
        return refused(scene, outcome)
    return replace(said(text("done", language=scene.language, overrides=scene.settings.texts)), is_resolved_step=True)


def refused(scene: Scene, outcome: ToolOutcome) -> Composed:
    """Why a call did nothing, or that nobody knows; where a person could do more, one is offered."""
    words = describe(outcome, scene.language).contact
    unsure = isinstance(outcome, Failed) and not outcome.is_certain
    request = HandoffRequest(reason=HandoffReason.POLICY, detail=f"Nobody knows whether {outcome.tool} went through.")
    if unsure:
        return replace(said(words), handoff=request)
    if isinstance(outcome, Denied) and outcome.reason not in _FOR_PEOPLE:
        return said(words)
    person = text("person", language=scene.language, overrides=scene.settings.texts)
    return replace(said(words), reply=Reply(text=words, choices=(person,), proposal=HandoffReason.POLICY))


def said(words: str) -> Composed:
    """A reply of our own words."""
    return Composed(parts=(words,), reply=Reply(text=words)) if words else Composed()


def gave(outcome: ToolOutcome) -> Mapping[str, Any]:
    """A tool's text as data for a flow."""
    return tool_data(outcome.text) if isinstance(outcome, Done) else {}
