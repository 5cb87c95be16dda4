"""The block of a model's part in a turn: mirrors core.settings.ConverseSettings field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from config.caching import AnswerCache, FastPath
from config.parts import EnginePart, Share

Voice = Annotated[str, StringConstraints(max_length=1_000)]
Instructions = Annotated[str, StringConstraints(max_length=4_000)]


class Converse(EnginePart):
    """How a model takes part in an answer; without `models` nothing of this applies."""

    voice: Voice = ""
    """Tone and brand voice in your own words."""
    instructions: Instructions = ""
    """What else the model should know or heed; it cannot loosen what the code enforces."""
    formality: Literal["auto", "formal", "informal"] = "auto"
    """How customers are addressed; auto follows their own words."""
    strict: bool = False
    """Only quotes from the knowledge, tools and flows; the model writes no answers."""
    rewrite: bool = True
    """Whether the small model turns a follow-up into a search query of its own."""
    passages: Annotated[int, Field(ge=1, le=20)] = 6
    """How many passages the model is shown."""
    passage_chars: Annotated[int, Field(ge=200, le=8_000)] = 2_400
    """How much of each."""
    tokens: Annotated[int, Field(ge=50, le=8_000)] = 700
    """Bound of one answer."""
    steps: Annotated[int, Field(ge=0, le=5)] = 5
    """How many tool calls a turn may make."""
    strong_from: Share = 0.35
    """A turn at least this complex (0 to 1, shown by `frontdesk why`) goes to the strong model; 0: all, 1: hardly any."""
    patience_s: Annotated[float, Field(ge=1, le=30)] = 8.0
    """How long a customer waits for the first sentence before a quoted answer or a person takes over."""
    summary_every: Annotated[int, Field(ge=0, le=20)] = 6
    """How many messages that leave the window are summed up at once; 0: never."""
    cache: AnswerCache = AnswerCache()
    """Answers that are given again."""
    fast_path: FastPath = FastPath()
    """Questions that are answered without the model."""
