"""What a tenant may set about the guard: plain frozen values, mirrored by ``config.guard``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """What a finding of a rule does: hold the sentence back, only be noted, or not be looked for."""

    HOLD = "hold"
    NOTE = "note"
    OFF = "off"


class Strictness(StrEnum):
    """How much a sentence must prove.

    ``strict``: what the contact said proves no price, share, duration or date of a cited sentence, and offers, transitions
    and restatements need a citation like any statement.  ``lenient``: a sentence without a citation may pass when all its
    facts stand in some source of the turn.
    """

    STRICT = "strict"
    NORMAL = "normal"
    LENIENT = "lenient"


class SayingThen(StrEnum):
    """What becomes of a sentence that a saying rule forbids."""

    HOLD = "hold"
    REPLACE = "replace"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class SayingRule:
    """One policy about what may be said.

    ``when_says`` are words and phrases (case and accents do not matter, a trailing ``*`` matches any ending) or, between
    slashes, a regular expression over the sentence without markup; one match is enough.  ``unless`` names backing objects
    (confirmed actions of this turn) that allow it.  ``say`` is the sentence that replaces it.
    """

    id: str
    when_says: tuple[str, ...]
    unless: tuple[str, ...] = ()
    then: SayingThen = SayingThen.HOLD
    say: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLevels:
    """A level for each rule that may be eased; unknown citations and leaked prompts are always held back."""

    no_citation: Level = Level.HOLD
    unsupported: Level = Level.HOLD
    names: Level = Level.HOLD
    misplaced: Level = Level.HOLD
    ungrounded: Level = Level.HOLD
    link: Level = Level.HOLD
    promise: Level = Level.HOLD
    foreign_pii: Level = Level.HOLD
    unsafe: Level = Level.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """One tenant's guard.

    ``links`` are hosts (``shop.example``, subdomains included) or address beginnings (``https://shop.example/help/``) that
    may be linked besides what the cited evidence links; an address beginning also vouches for the pages below it.
    ``promises`` replaces, by language, the sentence that is said instead of a promise nothing stands behind.
    ``grounding_threshold`` None takes the checker's own.
    """

    strictness: Strictness = Strictness.NORMAL
    levels: GuardLevels = field(default_factory=GuardLevels)
    links: tuple[str, ...] = ()
    sayings: tuple[SayingRule, ...] = ()
    promises: Mapping[str, str] = field(default_factory=dict)
    unsafe_words: tuple[str, ...] = ()
    grounding_threshold: float | None = None
