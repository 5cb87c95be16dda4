"""The block ``engine.confidence``: mirrors core.ranking.settings field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from config.parts import EnginePart, Word

Target = Annotated[float, Field(gt=0, lt=1)]


class Confidence(EnginePart):
    """When the assistant answers by itself: as long as few enough of its answers are wrong."""

    wrong_answers_at_most: Target = 0.19
    """The share of answers that may be wrong, judged by questions like those the calibration was made on; less answers less."""
    categories: Annotated[dict[Word, Target], Field(max_length=200)] = Field(default_factory=dict)
    """Targets of their own for answers from documents of a category."""
    calibration: Path | None = None
    """A file that `frontdesk eval calibrate` wrote, relative to this file; left out: the shipped one."""
