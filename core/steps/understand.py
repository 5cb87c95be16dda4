"""Step 2, understand: what the contact wants before anything is looked up.  Pure, and cheap enough for the event loop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.settings import Category, EngineSettings, Sentiment, Smalltalk
from core.steps.asks import agrees, asks_for_person
from core.steps.entities import Entity, entities
from core.steps.language import detect
from core.steps.sentiment import sentiment
from core.steps.smalltalk import smalltalk
from core.words import fold

TREND: Final = 4
"""So many messages of the contact tell how their mood goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a message says about itself; ``categories`` are those whose words it uses.

    ``upset_messages``: so many of the contact's last four messages sound negative; 0 when this one does not.
    """

    language: str
    asked_for_person: bool
    smalltalk: Smalltalk | None
    sentiment: Sentiment
    categories: tuple[str, ...]
    entities: tuple[Entity, ...]
    upset_messages: int = 0


def understand(
    text: str,
    settings: EngineSettings,
    *,
    known_language: str | None,
    offered_person: bool = False,
    earlier: Sequence[str] = (),
) -> Understanding:
    """``earlier`` are the contact's messages before this one, oldest first.  ``known_language`` is the conversation's
    so far; it stands when the message is too short to tell.

    After the bot has offered a person (``offered_person``), a plain yes asks for one.
    """
    tone = sentiment(text)
    return Understanding(
        language=detect(text, settings.languages, otherwise=known_language or settings.default_language),
        asked_for_person=asks_for_person(text) or (offered_person and agrees(text)),
        smalltalk=smalltalk(text),
        sentiment=tone,
        categories=categories(text, settings.categories),
        entities=entities(text),
        upset_messages=_upset(earlier) + 1 if tone is Sentiment.NEGATIVE else 0,
    )


def _upset(earlier: Sequence[str]) -> int:
    """How many of the last messages before this one sound negative."""
    return sum(sentiment(said) is Sentiment.NEGATIVE for said in earlier[-(TREND - 1) :])


def categories(text: str, known: Mapping[str, Category]) -> tuple[str, ...]:
    """The names of the categories of which a word or phrase stands in the text."""
    folded = fold(text)
    return tuple(name for name, category in known.items() if category.words and _pattern(category.words).search(folded))


@lru_cache(maxsize=256)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_phrase(fold(phrase)) for phrase in phrases))


def _phrase(phrase: str) -> str:
    stem, star, _ = phrase.strip().rpartition("*")
    words = (stem if star else phrase).split()
    return r"(?<!\w)" + r"\s+".join(re.escape(word) for word in words) + (r"\w*" if star else r"(?!\w)")
