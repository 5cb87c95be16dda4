"""Steps 4 to 8 of a turn: recall, rewrite, cache, retrieve, verdict."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from core import trace as tracing
from core.answer_cache import AskedFacts, Lookup, is_askable, standing
from core.conversing.opening import scenery_of
from core.conversing.prompts import rewrite_request
from core.conversing.scene import Scene
from core.conversing.tape import CACHED, EVIDENCE
from core.errors import TurnError
from core.guard import pii
from core.ports.engine import Reply
from core.ports.knowledge import Knowledge, SearchQuery, SearchResult
from core.ports.model import ModelRole
from core.questions import question_key
from core.settings import KnowledgeState, Sentiment
from core.steps.recall import Memory, recall
from core.steps.retrieve import Found, judged, retrieve
from core.steps.rewrite import rewrite, starts_anew

NOT_ASKED: Final = Found(state=KnowledgeState.OK, result=SearchResult(generation="", passages=()))
REWRITE_LIMIT_S: Final = 2.5
"""A query of its own is worth a short wait; without one the contact's earlier words do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was looked for and found; ``is_alone``: the message leans on nothing said before.

    ``kept`` is an answer that was given before and still stands.  ``lookup`` and ``asked`` are given when this turn's own answer
    may be kept.
    """

    query: SearchQuery
    found: Found
    is_alone: bool
    kept: Reply | None = None
    lookup: Lookup | None = None
    asked: AskedFacts | None = None


async def look(scene: Scene, knowledge: Knowledge, *, settings_digest: str) -> Looked:
    """Look the message up; a kept answer that still stands makes the search needless."""
    record = scene.record
    memory = record.step("recall", lambda: recall(scene.turn.history, limit=scene.settings.history))
    is_alone = _is_alone(scene, memory)
    query = await _query(scene, memory, is_alone=is_alone)
    looked = Looked(query=query, found=NOT_ASKED, is_alone=is_alone)
    known = await scene.journal.recorded(CACHED)
    if known is not None:
        return replace(looked, kept=msgspec.convert(known, Reply))
    # A later attempt goes on with what the earlier one began, so it may not find an answer where that one wrote.
    is_first = scene.turn.attempt == 1 and not scene.turn.shown
    if is_first and scene.abilities.cache is not None and scene.settings.converse.cache.enabled and scene.writes():
        looked = await _with_cache(scene, knowledge, looked, settings_digest)
        if looked.kept is not None:
            return looked
    return replace(looked, found=await _retrieve(scene, knowledge, query))


def _is_alone(scene: Scene, memory: Memory) -> bool:
    earlier = "\n".join((*memory.contact, memory.last_reply))
    return not earlier.strip() or starts_anew(scene.gated.text, earlier, scene.language)


async def _query(scene: Scene, memory: Memory, *, is_alone: bool) -> SearchQuery:
    """The query: by the small model where the message leans on what came before, by the earlier words otherwise."""
    before = scene.record.timer()
    query = rewrite(
        scene.gated.text,
        memory,
        scene.settings,
        language=scene.language,
        is_verified=scene.contact.verified,
    )
    shown: dict[str, Any] = {"by": "words"}
    if not is_alone and scene.settings.converse.rewrite:
        written = await _rewritten(scene)
        if written:
            query, shown = replace(query, text=written, earlier=(scene.gated.text, *query.earlier)), {"by": "model"}
    scene.record.put("rewrite", {**msgspec.to_builtins(query), **shown}, since=before)
    return query


async def _rewritten(scene: Scene) -> str:
    models = scene.writes()
    if models is None or not scene.gated.text:
        return ""
    scenery = scenery_of(scene.turn, scene.abilities)
    request = rewrite_request(scenery, scene.turn.history, scene.gated.text, language=scene.language)
    try:
        async with asyncio.timeout(REWRITE_LIMIT_S):
            answer = await models.complete(ModelRole.FAST, request)
        query = json.loads(answer.text)["query"]
    except (TurnError, TimeoutError, ValueError, KeyError, TypeError):
        return ""
    return query.strip() if isinstance(query, str) else ""


async def _with_cache(scene: Scene, knowledge: Knowledge, looked: Looked, settings_digest: str) -> Looked:
    before = scene.record.timer()
    text = scene.gated.text
    asked = AskedFacts(
        text=text,
        question=question_key(text, scene.language),
        contact=scene.contact,
        is_alone=looked.is_alone,
        is_spoken=scene.gated.speaks,
        has_state=scene.kept.pending is not None or scene.kept.flow is not None,
        has_files=bool(scene.gated.files),
        has_personal_data=bool(pii.find(text)),
        is_upset=scene.understood.sentiment is Sentiment.NEGATIVE,
    )
    ruling = is_askable(asked)
    if not ruling.is_allowed:
        scene.record.put("cache", {"asked": False, "because": ruling.because}, since=before)
        return looked
    lookup = Lookup(
        tenant=scene.turn.head.tenant,
        audiences=frozenset(looked.query.audiences),
        variant=settings_digest,
        question=asked.question,
    )
    looked = replace(looked, lookup=lookup, asked=asked)
    kept = await kept_answer(scene, knowledge, looked)
    scene.record.put("cache", {"asked": True, "hit": kept is not None}, since=before)
    if kept is None and scene.settings.converse.cache.similarity is not None:
        looked = replace(looked, lookup=replace(lookup, vector=await _vector(scene, text)))
        kept = await kept_answer(scene, knowledge, looked)
        scene.record.put("cache", {"asked": True, "hit": kept is not None, "by": "likeness"}, since=before)
    return replace(looked, kept=kept)


async def kept_answer(scene: Scene, knowledge: Knowledge, looked: Looked) -> Reply | None:
    """The answer that was kept for this question, if it still stands; durable before anybody sees it."""
    assert scene.abilities.cache is not None and looked.lookup is not None
    similarity = scene.settings.converse.cache.similarity if looked.lookup.vector else None
    hit = await standing(scene.abilities.cache, looked.lookup, knowledge, similarity=similarity)
    if hit is None:
        return None
    reply = Reply(text=hit.entry.text, citations=hit.entry.citations)
    await scene.journal.record(CACHED, msgspec.to_builtins(reply))
    return reply


async def _vector(scene: Scene, text: str) -> tuple[float, ...]:
    """The question's place among others, where a model embeds questions; its failure only costs the likeness."""
    if scene.models is None or not scene.models.has(ModelRole.EMBED):
        return ()
    try:
        async with asyncio.timeout(REWRITE_LIMIT_S):
            (vector,) = await scene.models.embed((text,))
    except (TurnError, TimeoutError):
        return ()
    return vector


async def _retrieve(scene: Scene, knowledge: Knowledge, query: SearchQuery) -> Found:
    """Search; where a model will cite what is found, an attempt after a crash must cite the same."""
    before = scene.record.timer()
    whole = scene.settings.answer.passages
    found, known = None, None
    if scene.writes() is not None:
        whole = max(whole, scene.settings.converse.passages)
        known = await scene.journal.recorded(EVIDENCE)
        found = judged(tracing.recorded_result(known)) if known is not None else None
    if found is None:
        found = await retrieve(query, knowledge)
    # An answer is made of no more passages than these, so a replay needs no other texts.
    shown = tracing.shown_result(found.result, whole=whole)
    if known is None and scene.writes() is not None and found.state is KnowledgeState.OK:
        # Durable before the first mark that names one of them, while the model thinks.
        scene.journal.record_soon(EVIDENCE, shown)
    scene.record.put("retrieve", {"state": found.state, **shown}, since=before)
    return found
