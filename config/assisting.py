"""Blocks for what helps agents: mirror core.handoff.assisting field by field; nested under a tenant's `handoff`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.parts import EnginePart, LanguageCode

Personal = Literal["email", "phone", "card", "iban", "ssn", "ip", "link"]
"""What ``core.guard.pii`` recognises."""


class Brief(EnginePart):
    """What stands on top of a case."""

    redact: tuple[Personal, ...] = ("card", "iban", "ssn", "link")
    """Kinds of personal data that are struck out of briefs, transcripts and subjects at the desk (link: with a secret in it)."""
    written: bool = True
    """Whether the fast model words the brief; without one, or when it is late or says more than it was given, it is composed."""
    patience_s: Annotated[float, Field(ge=0.2, le=30)] = 3.0
    """How long it may take, in seconds."""


class Translate(EnginePart):
    """Translations for agents; needs a model."""

    to: LanguageCode | None = None
    """The language your agents read; what customers write in another one is translated in the suggestion note."""


class Assist(EnginePart):
    """Help for the agent's pen."""

    suggest: bool = True
    """Whether replies are suggested in private notes at the desk."""
    translate: Translate = Translate()
    """Translations of what customers write."""
    patience_s: Annotated[float, Field(ge=1, le=60)] = 20.0
    """How long `/ask`, `/draft` and `/translate` may wait for a model, in seconds."""


class After(EnginePart):
    """What happens when a case is resolved."""

    survey: Literal["csat", "ces", "none"] = "csat"
    """What the customer is asked: how satisfied they are, how easy it was to get help, or nothing."""
    learn: bool = True
    """Whether what agents answered is kept as candidates for the knowledge base (`frontdesk kb candidates`), for review."""
