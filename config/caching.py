"""The blocks of the answer cache and the FAQ fast path: mirror core.answer_cache and core.steps.fast_path field by field."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from config.parts import EnginePart, Share

CategoryName = Annotated[str, StringConstraints(min_length=1, max_length=120, to_lower=True)]


class AnswerCache(EnginePart):
    """Answers of the model that are given again when the same is asked; an edited document takes its answers with it."""

    enabled: bool = True
    """Whether answers are kept at all."""
    ttl_s: Annotated[float, Field(ge=1, le=2_592_000)] = 86_400.0
    """After so many seconds an answer is written anew, whatever happened."""
    entries: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    """How many answers are kept; the least recently used goes first."""
    size_bytes: Annotated[int, Field(ge=65_536, le=17_179_869_184)] = 16_777_216
    """How much memory they may take."""
    similarity: Annotated[float, Field(ge=0.8, le=1)] | None = None
    """How alike (0.8 to 1) two questions in other words must be to share an answer; needs the role `embed`; left out: only equal
    questions share one."""
    wait_s: Annotated[float, Field(ge=0, le=30)] = 3.0
    """How long a turn waits for another that works on the same question; 0: not at all."""


class FastPath(EnginePart):
    """Questions that a document answers by its title are answered with a quote, without the model."""

    enabled: bool = True
    """Whether the model may be skipped."""
    coverage: Share = 0.5
    """How much of the question the title must say, and of the title the question."""
    margin: Share = 0.1
    """By how much of its score the best document must lead the next."""
    confidence: Share = 0.85
    """How sure the search must be."""
    categories: tuple[CategoryName, ...] = ("faq",)
    """Categories of documents whose entries are canonical answers; they need less coverage."""
