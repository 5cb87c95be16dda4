"""What the blocks of an engine are made of: their base, and words and numbers that several of them use."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Reason = Literal["asked", "no_answer", "high_stakes", "sentiment", "unresolved", "policy", "outage"]
LanguageCode = Literal["en", "de", "fr", "es", "pt", "it", "nl"]
"""The languages the engine knows; the same as ``core.settings.LANGUAGES``."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Share = Annotated[float, Field(ge=0, le=1)]


class EnginePart(BaseModel):
    """Base of the engine's blocks."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)
    described_by: ClassVar[type[BaseModel] | None] = None
    """The model whose docstrings say what the fields are; None: its own."""
