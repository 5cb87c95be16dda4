"""Tags texts that read like instructions to the assistant.  A tag blocks nothing: what may happen is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from core.conversing.scene import Scene
from core.steps.compose import Composed
from core.steps.retrieve import Found
from core.untrusted.injection import Suspicion, Where, examine

MAX_CHARS: Final = 2_000
"""So much of a text is examined: the cost is per sentence, and a tag is no defence."""


def suspicions(scene: Scene, found: Found, composed: Composed) -> list[dict[str, Any]]:
    """What of this turn's message, tool results and cited passages was flagged, and why; constants only, no words."""
    return [
        {"where": where.value, "name": name, "score": round(told.score, 3), "reasons": list(told.reasons)}
        for where, name, told in _examined(scene, found, composed)
        if told.flagged
    ]


def _examined(scene: Scene, found: Found, composed: Composed) -> Iterator[tuple[Where, str, Suspicion]]:
    yield Where.MESSAGE, "", _examine(scene.gated.text[:MAX_CHARS], Where.MESSAGE)
    for mark, text in scene.acting.evidence.items():
        yield Where.TOOL_RESULT, mark, _examine(text[:MAX_CHARS], Where.TOOL_RESULT)
    cited = {citation.chunk_id for citation in composed.reply.citations} if composed.reply is not None else set()
    for passage in found.result.passages:
        if passage.chunk.id in cited:
            yield Where.KNOWLEDGE, passage.chunk.id, _examine(passage.chunk.text[:MAX_CHARS], Where.KNOWLEDGE)


@lru_cache(maxsize=2_048)
def _examine(text: str, where: Where) -> Suspicion:
    """Pages are cited again and again."""
    return examine(text, where)
