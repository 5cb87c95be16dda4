"""The turn: from unread messages to what is said, step by step.

This file is the list of steps of DESIGN.md section 4; each is a sibling in core/steps or core/conversing with a pure heart.  The
engine touches nothing but the knowledge it asks, its abilities (models, tools), the journal, the sink it shows released text to,
and the trace it returns.  With no abilities at all it is the keyless engine: quoted answers with citations.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

import msgspec

from core import trace as tracing
from core.conversing import keeping, scripted, waiting, writing
from core.conversing.abilities import Abilities
from core.conversing.courtesy import Courtesy
from core.conversing.finding import NOT_ASKED, Looked, kept_answer, look
from core.conversing.opening import open_scene, who
from core.conversing.receipts import receipts, shown, shown_guard, shown_runs, shown_triage, tally
from core.conversing.remembering import state_of
from core.conversing.routing import tools_may_know
from core.conversing.scene import Scene
from core.conversing.seeing import images_of
from core.conversing.summing import summed
from core.conversing.writing import Written
from core.domain import HandoffReason
from core.kept_answers import Flights
from core.ports.engine import Journal, ReplySink, TurnInput, TurnResult
from core.ports.knowledge import Advice, Knowledge
from core.rollout import is_served_by_bot
from core.settings import Decision, EngineSettings, Smalltalk
from core.steps.answer import Question, Run, extract
from core.steps.compose import Composed, compose
from core.steps.fast_path import fast_path
from core.steps.guard import guard
from core.steps.retrieve import Found
from core.steps.rewrite import also_called
from core.steps.verdict import Verdict, decide, triage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a turn ends: what is said, what was decided, what it stood on, how it was made (``Tally.by``)."""

    composed: Composed
    decision: Decision
    found: Found = NOT_ASKED
    by: str = "words"


class TurnEngine:
    """One tenant's engine: quoted or written answers with citations, a policy table, a person when one is needed.

    ``clock`` dates the trace, ``timer`` (seconds, monotonic) times its steps.
    """

    def __init__(
        self,
        settings: EngineSettings,
        knowledge: Knowledge,
        *,
        clock: Callable[[], datetime],
        timer: tracing.Timer = perf_counter,
        abilities: Abilities | None = None,
    ) -> None:
        self._settings = settings
        self._knowledge = knowledge
        self._clock = clock
        self._timer = timer
        self._abilities = abilities or Abilities()
        self._flights = Flights()
        self._digest = tracing.settings_digest(settings)
        self._courtesy = Courtesy()

    @property
    def abilities(self) -> Abilities:
        """What turns that begin now have."""
        return self._abilities

    def equip(self, abilities: Abilities) -> None:
        """Turns that begin from now on have these abilities."""
        self._abilities = abilities

    async def run(self, turn: TurnInput, journal: Journal, sink: ReplySink) -> TurnResult:
        """Run the turn; what cannot be known, found or written has a written outcome, never an exception."""
        record = tracing.Recorder(self._timer)
        scene = await open_scene(
            turn,
            journal,
            sink,
            settings=self._settings,
            abilities=self._abilities,
            record=record,
            clock=self._clock,
        )
        scene.courtesy = self._courtesy
        summing = asyncio.create_task(summed(scene), name="summary")
        try:
            ending = await self._end(scene)
            if scene.gated.speaks and not ending.composed.is_shown:
                await _release(ending.composed, sink)
            if (kept := await summing) is not None:
                scene.kept = replace(scene.kept, summary=kept.summary, summed_to=kept.summed_to)
            result = self._recorded(scene, ending)
            # Last: what is still on its way to the disk gets there meanwhile.
            await scene.journal.settled()
        finally:
            summing.cancel()
            await scene.journal.close()
        return result

    def _digest_of(self, scene: Scene) -> str:
        """The digest of the turn's settings; most turns have the engine's own."""
        return self._digest if scene.settings is self._settings else tracing.settings_digest(scene.settings)

    async def _end(self, scene: Scene) -> Ending:
        """The ways a turn can go, the most certain first."""
        settled = await waiting.settle(scene)
        if isinstance(settled, Composed):
            return Ending(composed=settled, decision=Decision.ANSWER)
        if settled is not None:
            return await self._confirmed(scene, settled)
        verdict = scene.record.step("triage", lambda: self._triage(scene), shown_triage)
        if verdict is not None and _is_final(scene, verdict):
            if verdict.decision is Decision.HAND_OVER:
                scene.kept = replace(scene.kept, pending=None, flow=None)
            return self._quoted(scene, verdict, NOT_ASKED)
        flow = await scripted.run(scene)
        if flow is None:
            return await self._answered(scene, verdict)
        return await self._with_flow(scene, flow, verdict)

    async def _with_flow(self, scene: Scene, flow: scripted.Scripted, verdict: Verdict | None) -> Ending:
        if flow.again is None and flow.composed is not None:
            scene.record.put("flow", {"flow": flow.flow}, since=self._timer())
            said = Ending(composed=flow.composed, decision=_decision_of(flow.composed), by="flow")
            return await self._with_aside(scene, flow.aside, said) if flow.aside else said
        ending = await self._answered(scene, verdict)
        if flow.again is None:
            return ending
        composed = scripted.below(ending.composed, flow.again)
        if composed.is_shown and composed.reply is not None:
            await scene.sink.show(composed.reply.text)
        return replace(ending, composed=composed)

    async def _with_aside(self, scene: Scene, aside: str, said: Ending) -> Ending:
        """The contact asked something along with their answer to the flow: when that has an answer, it stands above."""
        if said.composed.handoff is not None or said.composed.reply is None:
            return said
        scene.gated = replace(scene.gated, text=aside)
        answered = await self._answered(scene, None)
        reply = answered.composed.reply
        if reply is None or not (reply.citations or answered.composed.is_shown):
            return said
        composed = scripted.above(answered.composed, said.composed)
        if composed.is_shown and composed.reply is not None:
            await scene.sink.show(composed.reply.text)
        return replace(said, composed=composed, found=answered.found)

    async def _confirmed(self, scene: Scene, settled: waiting.Settled) -> Ending:
        """After a yes: the flow that asked goes on, else what happened is told."""
        flow = await scripted.run(scene, settled=settled)
        composed = flow.composed if flow is not None and flow.composed is not None else None
        composed = composed or await writing.told(scene, settled)
        return Ending(composed=composed, decision=_decision_of(composed))

    def _triage(self, scene: Scene) -> Verdict | None:
        """While people own the conversation the table has nothing to say: look for something worth suggesting."""
        if not scene.gated.speaks:
            return None
        account = self._abilities.account(scene.turn.head.account)
        served = is_served_by_bot(
            account.rollout,
            who(scene.turn, self._abilities, scene.language),
            is_staffed=self._abilities.is_staffed(),
        )
        if not served.is_served:
            because = (f"the bot does not serve this contact: {served.because}",)
            return Verdict(decision=Decision.HAND_OVER, reason=HandoffReason.POLICY, rule=0, because=because, say=None)
        return triage(scene.understood, scene.settings, unresolved_turns=scene.turn.head.unresolved_turns)

    async def _answered(self, scene: Scene, verdict: Verdict | None) -> Ending:
        if verdict is not None:
            return self._quoted(scene, verdict, NOT_ASKED)
        if (models := scene.writes()) is not None:
            await models.prepare()
        looked = await look(scene, self._knowledge, settings_digest=self._digest_of(scene))
        if looked.kept is not None:
            return Ending(composed=keeping.again(looked.kept), decision=Decision.ANSWER, by="cache")
        found = looked.found
        verdict = scene.record.step(
            "verdict",
            lambda: decide(scene.understood, found, scene.settings, unresolved_turns=scene.turn.head.unresolved_turns),
        )
        if self._is_for_model(scene, verdict, looked):
            return await self._written(scene, verdict, looked)
        return self._quoted(scene, verdict, found)

    def _is_for_model(self, scene: Scene, verdict: Verdict, looked: Looked) -> bool:
        """A model writes unless the table wants people, the answer is canonical, or there is none.

        Where tools may know what no page does, the table's last word is spoken when these do not help either.
        """
        if scene.writes() is None or verdict.smalltalk is not None:
            return False
        if verdict.decision is Decision.HAND_OVER and not (
            scene.acting.offers and tools_may_know(verdict, scene.understood)
        ):
            return False
        if not scene.gated.text and not scene.gated.unread:
            return False
        before = self._timer()
        path = fast_path(
            scene.gated.text,
            looked.found,
            scene.settings.converse.fast_path,
            language=scene.language,
            is_alone=looked.is_alone,
        )
        scene.record.put("fast_path", shown(path), since=before)
        return not (path.is_taken and verdict.decision is Decision.ANSWER)

    async def _written(self, scene: Scene, verdict: Verdict, looked: Looked) -> Ending:
        """The same question asked by several at a time is written once, where the answer may be given again."""
        if looked.lookup is None:
            return await self._write(scene, verdict, looked)
        wait_s = scene.settings.converse.cache.wait_s
        async with self._flights.alone(looked.lookup.id, wait_s=wait_s) as has_waited:
            kept = await kept_answer(scene, self._knowledge, looked) if has_waited else None
            if kept is not None:
                return Ending(composed=keeping.again(kept), decision=Decision.ANSWER, by="cache")
            return await self._write(scene, verdict, looked)

    async def _write(self, scene: Scene, verdict: Verdict, looked: Looked) -> Ending:
        images = await images_of(scene)
        if not scene.gated.text and not images:
            return self._quoted(scene, verdict, looked.found)
        before = self._timer()
        written = await writing.write(scene, verdict, looked.found, images=images)
        scene.record.put("write", written.receipt, since=before)
        if written.composed is not None:
            await keeping.keep(scene, looked, written, digest=self._digest_of(scene))
            return Ending(composed=written.composed, decision=written.decision, found=looked.found, by="model")
        return self._fallen_back(scene, verdict, looked.found, written)

    def _fallen_back(self, scene: Scene, verdict: Verdict, found: Found, written: Written) -> Ending:
        """The lower rungs: a quoted answer when the model is out of reach, an honest question or a person otherwise."""
        is_outage = written.fallback in ("model_outage", "budget")
        if is_outage and verdict.decision in (Decision.ANSWER, Decision.PROPOSE):
            quoted = self._quoted(scene, verdict, found)
            if quoted.decision is verdict.decision and quoted.composed.reply and quoted.composed.reply.citations:
                scene.record.put("ladder", {"rung": "quote", "because": written.fallback}, since=self._timer())
                return quoted
        if is_outage:
            chosen = _verdict(Decision.HAND_OVER, HandoffReason.OUTAGE, "no model could answer in time")
        elif verdict.decision is not Decision.ANSWER:
            chosen = verdict
        elif written.fallback == "guard" and found.advice is not Advice.DECLINE:
            chosen = _verdict(Decision.CLARIFY, None, "the written answer did not pass the guard")
        else:
            chosen = _verdict(
                Decision.PROPOSE, HandoffReason.NO_ANSWER, f"the model gave no answer: {written.fallback}"
            )
        scene.record.put("ladder", {"rung": chosen.decision, "because": written.fallback}, since=self._timer())
        composed = compose(
            chosen,
            (),
            found.result.passages,
            gated=scene.gated,
            understood=scene.understood,
            settings=scene.settings,
            company=self._abilities.company,
        )
        return Ending(composed=composed, decision=_decision(chosen, composed), found=found)

    def _quoted(self, scene: Scene, verdict: Verdict, found: Found) -> Ending:
        """The keyless answer: quotes that prove themselves."""
        record, passages = scene.record, found.result.passages
        runs = record.step("answer", lambda: _extract(scene, verdict, found), shown_runs)
        guarded = record.step("guard", lambda: guard(runs, passages), shown_guard)
        composed = compose(
            verdict,
            guarded.runs,
            passages,
            gated=scene.gated,
            understood=scene.understood,
            settings=scene.settings,
            company=self._abilities.company,
        )
        by = "quote" if guarded.runs else "words"
        return Ending(composed=composed, decision=_decision(verdict, composed), found=found, by=by)

    def _recorded(self, scene: Scene, ending: Ending) -> TurnResult:
        turn, record, composed = scene.turn, scene.record, ending.composed
        state = state_of(scene.kept, episode=turn.head.episode, epoch=turn.head.owner_epoch)
        result = TurnResult(
            reply=composed.reply,
            handoff=composed.handoff,
            is_resolved_step=composed.is_resolved_step,
            language=scene.understood.language,
            sentiment=scene.understood.sentiment,
            trace=b"",
            state=None if state == dict(turn.state) else state,
            notes=composed.notes,
            tally=tally(scene, ending.by),
        )
        receipts(scene, ending.found, ending.composed)
        trace = tracing.Trace(
            format=tracing.FORMAT,
            turn_id=turn.turn_id,
            attempt=turn.attempt,
            at=self._clock(),
            settings=self._digest,
            ms=record.ms,
            decision=ending.decision,
            confidence=ending.found.confidence,
            ranked=tuple(dict.fromkeys(p.chunk.external_id for p in ending.found.result.passages)),
            given=tracing.given(turn),
            steps=record.steps,
            outcome=tracing.outcome(result),
        )
        return replace(result, trace=msgspec.json.encode(trace))


def _is_final(scene: Scene, verdict: Verdict) -> bool:
    """A running flow goes before all but people; one that "help" starts, before what the assistant tells of itself."""
    if verdict.decision is Decision.HAND_OVER:
        return True
    return scene.kept.flow is None and verdict.smalltalk is not Smalltalk.ABOUT


async def _release(composed: Composed, sink: ReplySink) -> None:
    """Sentence by sentence; everything in ``composed`` has passed the guard or is our own."""
    shown = ""
    for part in composed.parts:
        shown += part
        await sink.show(shown)


def _extract(scene: Scene, verdict: Verdict, found: Found) -> Sequence[Run]:
    gated, understood = scene.gated, scene.understood
    is_wanted = verdict.decision in (Decision.ANSWER, Decision.PROPOSE) and verdict.smalltalk is None
    if not gated.speaks:
        is_wanted = found.advice is not Advice.DECLINE
    if not is_wanted or not found.result.passages:
        return ()
    also = also_called(gated.text, scene.settings, understood.language)
    question = Question.of(gated.text, found.result.terms, understood.language, also)
    return extract(question, found.result.passages, scene.settings.answer, language=understood.language)


def _verdict(decision: Decision, reason: HandoffReason | None, because: str) -> Verdict:
    return Verdict(decision=decision, reason=reason, rule=0, because=(because,), say=None)


def _decision(verdict: Verdict, composed: Composed) -> Decision:
    """What was done in the end: an answer for which nothing could be quoted became an offer of a person."""
    reply = composed.reply
    is_offer = verdict.decision is Decision.ANSWER and reply is not None and reply.proposal is not None
    return Decision.PROPOSE if is_offer else verdict.decision


def _decision_of(composed: Composed) -> Decision:
    return Decision.HAND_OVER if composed.handoff is not None else Decision.ANSWER
