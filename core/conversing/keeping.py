"""Answers that may be given again: kept after the turn that wrote them, given by a later one."""

from __future__ import annotations

from core.answer_cache import AnsweredFacts, Entry, cited_chunks, is_cacheable
from core.conversing.finding import Looked
from core.conversing.scene import Scene
from core.conversing.writing import Written
from core.guard import pii
from core.ports.engine import Reply
from core.settings import Decision
from core.steps.compose import Composed


def again(reply: Reply) -> Composed:
    """A kept answer: it passed the guard when it was written, and what it cites stands unchanged."""
    return Composed(parts=(reply.text,), reply=reply, is_resolved_step=True)


async def keep(scene: Scene, looked: Looked, written: Written, *, digest: str) -> None:
    """Keep an answer that may be given to others."""
    cache, composed = scene.abilities.cache, written.composed
    if cache is None or looked.lookup is None or looked.asked is None or composed is None or composed.reply is None:
        return
    reply = composed.reply
    chunks = cited_chunks(reply.citations, looked.found.result.passages)
    answered = AnsweredFacts(
        text=reply.text,
        chunks=chunks,
        is_answer=written.decision is Decision.ANSWER and composed.handoff is None and reply.proposal is None,
        is_whole=composed.is_shown,
        has_findings=not written.is_clean,
        has_tools=bool(scene.acting.calls),
        has_personal_data=bool(pii.find(reply.text)),
    )
    ruling = is_cacheable(looked.asked, answered)
    scene.record.steps.setdefault("cache", {})["kept"] = ruling.is_allowed or ruling.because
    if not ruling.is_allowed:
        return
    calls = scene.models.calls if scene.models is not None else []
    entry = Entry(
        text=reply.text,
        citations=reply.citations,
        chunks=chunks,
        made_at=scene.now,
        model=str(calls[-1].get("model", "")) if calls else "",
        generation=looked.found.result.generation,
    )
    await cache.put(looked.lookup, entry)
