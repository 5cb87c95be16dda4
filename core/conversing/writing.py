"""A reply written by a model: the prompt, the guarded stream, and what is made of how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.conversing import controls, waiting
from core.conversing.answering import Conversation, Spoken
from core.conversing.citing import cited
from core.conversing.guarding import LiveGuard
from core.conversing.opening import scenery_of
from core.conversing.prompts import answer_request, proven_name, with_results
from core.conversing.releasing import Release
from core.conversing.routing import route
from core.conversing.scene import Scene
from core.conversing.waiting import Settled, asking
from core.domain import Contact, HandoffReason
from core.ports.engine import HandoffRequest, Reply
from core.ports.knowledge import Passage
from core.ports.model import Image, ModelRole, ToolOffer
from core.settings import Decision
from core.steps.compose import Composed
from core.steps.retrieve import Found
from core.steps.verdict import Verdict
from core.texts import text
from core.tools.outcomes import Denied, Done, Failed

PARTING: Final = "\n\n"
MAX_UNSEEN: Final = 5


@dataclass(slots=True)
class Written:
    """What came of it: the reply, unless a lower rung must answer (``fallback`` says why)."""

    composed: Composed | None = None
    decision: Decision = Decision.ANSWER
    fallback: str = ""
    receipt: dict[str, Any] = field(default_factory=dict)
    is_clean: bool = False


async def write(scene: Scene, verdict: Verdict, found: Found, *, images: tuple[Image, ...] = ()) -> Written:
    """Let a model answer; the contact reads every sentence that passes as it comes."""
    passages = found.result.passages[: scene.settings.converse.passages]
    offers = scene.acting.offers
    chosen = route(
        scene.gated.text,
        scene.understood,
        scene.turn,
        scene.settings,
        advice=found.advice,
        offers_actions=bool(offers),
    )
    written = await _write(
        scene, verdict, passages, role=ModelRole.VISION if images else chosen.role, images=images, offers=offers
    )
    written.receipt["route"] = {"role": chosen.role, "complexity": chosen.complexity, "because": chosen.because}
    return written


async def told(scene: Scene, settled: Settled) -> Composed:
    """What became of a confirmed call: in a model's words where they hold, else in ours."""
    plain = waiting.told(scene, settled)
    if scene.writes() is None or not isinstance(settled.outcome, Done):
        return plain
    verdict = Verdict(decision=Decision.ANSWER, reason=None, rule=0, because=("confirmed by the contact",), say=None)
    written = await _write(scene, verdict, (), role=ModelRole.FAST, images=(), offers=(), is_report=True)
    scene.record.put("write", written.receipt, since=scene.record.timer())
    return written.composed if written.composed is not None and written.composed.handoff is None else plain


async def _write(
    scene: Scene,
    verdict: Verdict,
    passages: Sequence[Passage],
    *,
    role: ModelRole,
    images: tuple[Image, ...],
    offers: tuple[ToolOffer, ...],
    is_report: bool = False,
) -> Written:
    assert scene.models is not None
    scenery = scenery_of(scene.turn, scene.abilities)
    guard = LiveGuard(scene, passages, scenery)
    release = Release(
        guard=guard,
        journal=scene.journal,
        sink=scene.sink,
        wanted=scene.language,
        known=scene.settings.languages,
        speaks=scene.gated.speaks,
        shown=scene.turn.shown,
        courtesy=scene.courtesy,
    )
    request = answer_request(
        scenery,
        scene.settings,
        scene.understood,
        question=scene.gated.text or "(only a picture)",
        images=images,
        history=scene.turn.history,
        summary=scene.kept.summary,
        passages=passages,
        contact=about(scene.contact),
        name=proven_name(scene.contact),
        unseen=() if images else scene.gated.files[:MAX_UNSEEN] if scene.gated.unread else (),
        tools=() if is_report else (*offers, *controls.OFFERS),
    )
    if is_report:
        request = with_results(request, scene.acting.results())
    made = Conversation(
        models=scene.models, release=release, acting=scene.acting, patience_s=scene.settings.converse.patience_s
    )
    spoken = await made.answer(role, request)
    written = _ended(scene, spoken, release, verdict, passages=passages, guard=guard)
    written.receipt = {
        "role": spoken.role,
        "ended": _word(spoken),
        "rungs": made.log,
        "guard": release.verdicts,
        "released": release.has_text,
    }
    return written


def _ended(
    scene: Scene, spoken: Spoken, release: Release, verdict: Verdict, *, passages: Sequence[Passage], guard: LiveGuard
) -> Written:
    if spoken.pending is not None:
        scene.kept = replace(scene.kept, pending=spoken.pending)
        return Written(composed=_with(release, passages, asking(scene, spoken.pending)))
    if guard.hands_over or (spoken.control is not None and spoken.control.name == controls.HAND_OVER):
        why = spoken.control.words if spoken.control is not None else "A policy rule of the guard asks for a person."
        request = HandoffRequest(reason=HandoffReason.POLICY, detail=why or "The assistant asks for a person.")
        composed = replace(_reply(release, passages), handoff=request)
        return Written(composed=composed, decision=Decision.HAND_OVER)
    if spoken.is_whole:
        return _whole(scene, release, verdict, passages)
    if spoken.control is not None and spoken.control.name == controls.CLARIFY:
        asked = _clarifying(scene, spoken.control, release)
        assert asked.composed is not None
        return replace(asked, composed=_with(release, passages, asked.composed))
    if release.has_text and spoken.control is not None:
        return _whole(scene, release, verdict, passages)
    if release.has_text:
        return _broken_off(scene, release, passages, is_outage=spoken.failed is not None)
    if isinstance(scene.acting.last, Denied | Failed):
        # What a model says of a call that did nothing stands on nothing; our own words know what happened.
        composed = waiting.refused(scene, scene.acting.last)
        return Written(composed=composed, decision=Decision.HAND_OVER if composed.handoff else Decision.ANSWER)
    if spoken.failed is not None:
        return Written(fallback="model_outage" if spoken.failed.code != "budget_exceeded" else "budget")
    return Written(fallback="no_answer" if spoken.control is not None else "guard")


def _whole(scene: Scene, release: Release, verdict: Verdict, passages: Sequence[Passage]) -> Written:
    """A complete answer; where the table wants a person offered besides, our own sentence does it."""
    is_clean = all(not one["findings"] for one in release.verdicts)
    if verdict.decision is not Decision.PROPOSE or verdict.reason is HandoffReason.NO_ANSWER:
        return Written(composed=replace(_reply(release, passages), is_resolved_step=True), is_clean=is_clean)
    say = text("offer", language=scene.language, overrides=scene.settings.texts)
    offer = Composed(
        parts=(say,),
        reply=Reply(text=say, choices=_person(scene), proposal=verdict.reason),
    )
    return Written(composed=_with(release, passages, offer), decision=Decision.PROPOSE)


def _clarifying(scene: Scene, control: controls.Control, release: Release) -> Written:
    """The model's own question passes the guard like any sentence; one that does not is replaced by ours."""
    checked = release.guard.check(control.words) if control.words else None
    words = checked.text.strip() if checked is not None and checked.is_released else ""
    options = tuple(option for option in control.options if _may_press(option, release))
    asked = words or text("clarify_open", language=scene.language, overrides=scene.settings.texts)
    reply = Reply(text=asked, choices=(*options, *_person(scene)))
    return Written(composed=Composed(parts=(asked,), reply=reply), decision=Decision.CLARIFY)


def _may_press(option: str, release: Release) -> bool:
    """Only as it is: what the guard would have to change is no choice."""
    checked = release.guard.check(f"{option}?")
    return checked.is_released and checked.text == f"{option}?"


def _broken_off(scene: Scene, release: Release, passages: Sequence[Passage], *, is_outage: bool) -> Written:
    """The contact has read the beginning of an answer that cannot be finished: offer a person, and say so after an outage."""
    names = ("unfinished", "offer") if is_outage else ("offer",)
    ours = " ".join(text(name, language=scene.language, overrides=scene.settings.texts) for name in names)
    words = f"{release.text.rstrip()}{PARTING}{ours}"
    reason = HandoffReason.OUTAGE if is_outage else HandoffReason.NO_ANSWER
    reply = replace(_cited(words, release, passages), choices=_person(scene), proposal=reason)
    return Written(composed=Composed(parts=(words,), reply=reply), decision=Decision.PROPOSE)


def _with(release: Release, passages: Sequence[Passage], more: Composed) -> Composed:
    """What was released, and our own words below it."""
    if not release.has_text or more.reply is None:
        return more
    words = f"{release.text.rstrip()}{PARTING}{more.reply.text}"
    cited = _cited(words, release, passages)
    reply = replace(more.reply, text=words, citations=cited.citations)
    return replace(more, parts=(words,), reply=reply)


def _reply(release: Release, passages: Sequence[Passage]) -> Composed:
    if not release.has_text:
        return Composed()
    words = release.text.rstrip()
    return Composed(parts=(words,), reply=_cited(words, release, passages), is_shown=True)


def _cited(words: str, release: Release, passages: Sequence[Passage]) -> Reply:
    return Reply(text=words, citations=cited(words, release.sources(), passages, language=release.wanted))


def _person(scene: Scene) -> tuple[str, ...]:
    return (text("person", language=scene.language, overrides=scene.settings.texts),)


def _word(spoken: Spoken) -> str:
    if spoken.is_whole:
        return "whole"
    if spoken.pending is not None:
        return "waiting"
    if spoken.control is not None:
        return spoken.control.name
    return "held_back" if spoken.held is not None else "failed"


def about(contact: Contact) -> str:
    """A line on who writes, of proven facts only and without ids."""
    if not contact.verified:
        return "The customer is not signed in."
    return "The customer is signed in, so the tools already know whose account it is: never ask for ids or e-mail addresses."
