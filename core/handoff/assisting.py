"""What a tenant may set about briefs, help for agents, and what happens after: plain values, mirrored by ``config.assisting``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

BRIEF_WORDS: Final = 120
"""A brief is read while the customer waits."""

REDACTED: Final = ("card", "iban", "ssn", "link")
"""What no agent needs to read in a brief; e-mail addresses and phone numbers they may need to call back."""


class Survey(StrEnum):
    """What a customer is asked when a case is resolved: how satisfied they are, how easy it was, or nothing."""

    CSAT = "csat"
    CES = "ces"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefSettings:
    """``redact`` are kinds of ``core.guard.pii``.  ``written``: by the fast model where there is one, within ``patience_s``."""

    redact: tuple[str, ...] = REDACTED
    written: bool = True
    patience_s: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslateSettings:
    """``to`` is the agents' language; None: nothing is translated by itself."""

    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistSettings:
    """``suggest``: replies are suggested in private notes.  ``patience_s`` bounds what an agent's command waits for a model."""

    suggest: bool = True
    translate: TranslateSettings = field(default_factory=TranslateSettings)
    patience_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterSettings:
    """``learn``: what agents answered is kept as candidates for the knowledge base, for review."""

    survey: Survey = Survey.CSAT
    learn: bool = True
