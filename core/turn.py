"""The turn: from unread messages to what is said, step by step.

This file is the list of steps of DESIGN.md section 4; each is a sibling in core/steps with a pure heart.  The engine touches
nothing but the knowledge it asks, the sink it shows released text to, and the trace it returns.  It needs no model and no key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec

from core import trace as tracing
from core.ports.engine import Journal, ReplySink, TurnInput, TurnResult
from core.ports.knowledge import Knowledge, SearchQuery, SearchResult
from core.settings import Decision, EngineSettings, KnowledgeState
from core.steps import language
from core.steps.answer import Question, Run, extract
from core.steps.compose import Composed, compose
from core.steps.gate import Gate, gate
from core.steps.guard import Guarded, guard
from core.steps.recall import Memory, offers_person, recall
from core.steps.retrieve import Found, retrieve
from core.steps.rewrite import rewrite
from core.steps.understand import Understanding, understand
from core.steps.verdict import Verdict, decide, triage

SUGGEST_AT = 0.25
"""Below this confidence an agent is better off without a suggested reply."""

NOT_ASKED = Found(state=KnowledgeState.OK, result=SearchResult(generation="", passages=()), confidence=0.0)


class TurnEngine:
    """One tenant's keyless engine: extractive answers with citations, a policy table, a person when one is needed.

    ``clock`` dates the trace, ``timer`` (seconds, monotonic) times its steps.
    """

    def __init__(
        self,
        settings: EngineSettings,
        knowledge: Knowledge,
        *,
        clock: Callable[[], datetime],
        timer: tracing.Timer = perf_counter,
    ) -> None:
        self._settings = settings
        self._knowledge = knowledge
        self._clock = clock
        self._timer = timer
        self._digest = tracing.settings_digest(settings)

    async def run(self, turn: TurnInput, journal: Journal, sink: ReplySink) -> TurnResult:
        """Run the turn; what cannot be known or found has a written outcome, never an exception."""
        settings, record = self._settings, tracing.Recorder(self._timer)
        gated = record.step("gate", lambda: gate(turn))
        understood = await self._understand(record, turn, gated)
        verdict = record.step("triage", lambda: self._triage(turn, gated, understood), _shown_triage)
        found = NOT_ASKED
        if verdict is None:
            memory = record.step("recall", lambda: recall(turn.history, limit=settings.history))
            query = record.step("rewrite", lambda: self._rewrite(turn, gated, understood, memory))
            found = await self._retrieve(record, query)
            verdict = record.step("verdict", lambda: self._decide(turn, understood, found))
        runs = record.step("answer", lambda: self._extract(gated, understood, verdict, found), _shown_runs)
        guarded = record.step("guard", lambda: guard(runs, found.result.passages), _shown_guard)
        composed = self._compose(verdict, guarded, found, gated, understood)
        if gated.speaks:
            await self._release(composed, sink)
        return self._record(record, turn, understood=understood, verdict=verdict, found=found, composed=composed)

    async def _understand(self, record: tracing.Recorder, turn: TurnInput, gated: Gate) -> Understanding:
        before = self._timer()
        if language.needs_model(gated.text, self._settings.languages):
            await asyncio.to_thread(language.load, self._settings.languages)
        understood = understand(
            gated.text,
            self._settings,
            known_language=turn.head.language,
            offered_person=offers_person(turn.history),
        )
        record.put("understand", msgspec.to_builtins(understood), since=before)
        return understood

    def _triage(self, turn: TurnInput, gated: Gate, understood: Understanding) -> Verdict | None:
        """While people own the conversation the table has nothing to say: look for something worth suggesting."""
        if not gated.speaks:
            return None
        return triage(understood, self._settings, unresolved_turns=turn.head.unresolved_turns)

    def _rewrite(self, turn: TurnInput, gated: Gate, understood: Understanding, memory: Memory) -> SearchQuery:
        return rewrite(
            gated.text,
            memory,
            self._settings,
            language=understood.language,
            is_verified=turn.head.contact.verified,
        )

    async def _retrieve(self, record: tracing.Recorder, query: SearchQuery) -> Found:
        before = self._timer()
        found = await retrieve(query, self._knowledge)
        # An answer quotes from no more passages than these, so a replay needs no other texts.
        shown = tracing.shown_result(found.result, whole=self._settings.answer.passages)
        record.put("retrieve", {"state": found.state, "confidence": found.confidence, **shown}, since=before)
        return found

    def _decide(self, turn: TurnInput, understood: Understanding, found: Found) -> Verdict:
        return decide(understood, found, self._settings, unresolved_turns=turn.head.unresolved_turns)

    def _extract(self, gated: Gate, understood: Understanding, verdict: Verdict, found: Found) -> Sequence[Run]:
        is_wanted = verdict.decision in (Decision.ANSWER, Decision.PROPOSE) and understood.smalltalk is None
        if not gated.speaks:
            is_wanted = found.confidence >= SUGGEST_AT
        if not is_wanted or not found.result.passages:
            return ()
        tongue = understood.language
        question = Question.of(gated.text, found.result.terms, tongue)
        return extract(question, found.result.passages, self._settings.answer, language=tongue)

    def _compose(
        self, verdict: Verdict, guarded: Guarded, found: Found, gated: Gate, understood: Understanding
    ) -> Composed:
        return compose(
            verdict,
            guarded.runs,
            found.result.passages,
            gated=gated,
            understood=understood,
            settings=self._settings,
        )

    async def _release(self, composed: Composed, sink: ReplySink) -> None:
        """Sentence by sentence; everything in ``composed`` has passed the guard or is our own."""
        shown = ""
        for part in composed.parts:
            shown += part
            await sink.show(shown)

    def _record(
        self,
        record: tracing.Recorder,
        turn: TurnInput,
        *,
        understood: Understanding,
        verdict: Verdict,
        found: Found,
        composed: Composed,
    ) -> TurnResult:
        result = TurnResult(
            reply=composed.reply,
            handoff=composed.handoff,
            is_resolved_step=composed.is_resolved_step,
            language=understood.language,
            sentiment=understood.sentiment,
            trace=b"",
        )
        trace = tracing.Trace(
            format=tracing.FORMAT,
            turn_id=turn.turn_id,
            attempt=turn.attempt,
            at=self._clock(),
            settings=self._digest,
            ms=record.ms,
            decision=_decision(verdict, composed),
            confidence=found.confidence,
            ranked=tuple(dict.fromkeys(p.chunk.external_id for p in found.result.passages)),
            given=tracing.given(turn),
            steps=record.steps,
            outcome=tracing.outcome(result),
        )
        return replace(result, trace=msgspec.json.encode(trace))


def _decision(verdict: Verdict, composed: Composed) -> Decision:
    """What was done in the end: an answer for which nothing could be quoted became an offer of a person."""
    reply = composed.reply
    is_offer = verdict.decision is Decision.ANSWER and reply is not None and reply.proposal is not None
    return Decision.PROPOSE if is_offer else verdict.decision


def _shown_triage(verdict: Verdict | None) -> dict[str, Any]:
    return {"decision": None} if verdict is None else _shown(verdict)


def _shown(value: object) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(value)
    return shown


def _shown_runs(runs: Sequence[Run]) -> dict[str, Any]:
    """Where each quoted unit stands; the words themselves are in the passages."""
    return {
        "runs": [
            {
                "passage": run.passage,
                "score": round(run.score, 4),
                "units": [{"start": u.start, "end": u.end, "kind": u.kind} for u in run.units],
            }
            for run in runs
        ]
    }


def _shown_guard(guarded: Guarded) -> dict[str, Any]:
    return {
        "passed": sum(len(run.units) for run in guarded.runs),
        "held_back": [
            {"text": text, "findings": [_shown(finding) for finding in findings]}
            for text, findings in guarded.held_back
        ],
    }
