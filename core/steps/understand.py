"""Step 2, understand: what the contact wants before anything is looked up.  Pure, and cheap enough for the event loop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from core.entities import NOTHING, Entity, Lexicon, carried, entities
from core.intents.model import IntentGuess, IntentModel
from core.sentiment import Mood, mood, sentiment
from core.settings import Category, EngineSettings, Sentiment, Smalltalk
from core.steps.about import asked_in
from core.steps.asks import agrees, asks_for_person
from core.steps.language import detect
from core.steps.smalltalk import smalltalk
from core.words import fold

TREND: Final = 4
"""So many messages of the contact tell how their mood goes."""

REMEMBERED: Final = 4
"""An order number named so many messages ago may still be the one meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wits:
    """What a tenant's understanding has beside its rules: own kinds of entities, and what tells intents.

    ``is_slow``: its intents ask a model that takes milliseconds, so not on the event loop.  ``described`` are the intents
    (name → description) that a language model may choose from where the guess is weak; empty: none is asked.
    """

    lexicon: Lexicon = NOTHING
    intents: IntentModel | None = None
    is_slow: bool = False
    described: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a message says about itself; ``categories`` are those whose words it uses.

    ``intent`` is what it wants, None where that is out of scope or nobody can tell; ``guess`` says how sure.  ``entities``
    are those it names and, marked ``carried``, those of earlier messages that are still meant.  ``upset_messages``: so many of
    the contact's last four messages sound negative; 0 when this one does not.
    """

    language: str
    asked_for_person: bool
    smalltalk: Smalltalk | None
    sentiment: Sentiment
    categories: tuple[str, ...]
    entities: tuple[Entity, ...]
    upset_messages: int = 0
    intent: str | None = None
    guess: IntentGuess | None = None
    mood: Mood | None = None

    @property
    def named(self) -> tuple[Entity, ...]:
        """The entities of the message itself."""
        return tuple(entity for entity in self.entities if not entity.carried)


def understand(
    text: str,
    settings: EngineSettings,
    *,
    known_language: str | None,
    offered_person: bool = False,
    earlier: Sequence[str] = (),
    wits: Wits | None = None,
    at: datetime | None = None,
) -> Understanding:
    """``earlier`` are the contact's messages before this one, oldest first.  ``known_language`` is the conversation's
    so far; it stands when the message is too short to tell.  ``at`` is when it was written.

    After the bot has offered a person (``offered_person``), a plain yes asks for one.
    """
    wits = wits or Wits()
    language = detect(text, settings.languages, otherwise=known_language or settings.default_language)
    talk = smalltalk(text, earlier)
    if talk is Smalltalk.ABOUT:
        language = _asked_in(text, language, settings.languages)
    feels = mood((*earlier[-(TREND - 1) :], text))
    guess = wits.intents.predict(text) if wits.intents is not None and text.strip() else None
    return Understanding(
        language=language,
        asked_for_person=asks_for_person(text) or (offered_person and agrees(text)),
        smalltalk=talk,
        sentiment=feels.sentiment,
        categories=categories(text, settings.categories),
        entities=_entities(text, earlier, language=language, at=at, lexicon=wits.lexicon),
        upset_messages=_upset(earlier) + 1 if feels.sentiment is Sentiment.NEGATIVE else 0,
        intent=guess.name if guess is not None else None,
        guess=guess,
        mood=feels,
    )


def _asked_in(text: str, detected: str, known: Sequence[str]) -> str:
    """Whose phrase it is, where detection took a short one for another language's: "bist du ein bot?"."""
    told = [name for name in asked_in(text) if name in known]
    return detected if detected in told or not told else told[0]


def _entities(
    text: str, earlier: Sequence[str], *, language: str, at: datetime | None, lexicon: Lexicon
) -> tuple[Entity, ...]:
    before = [entities(said, language=language, lexicon=lexicon) for said in earlier[-REMEMBERED:]]
    return carried(entities(text, language=language, at=at, lexicon=lexicon), before)


def _upset(earlier: Sequence[str]) -> int:
    """How many of the last messages before this one sound negative."""
    return sum(sentiment(said) is Sentiment.NEGATIVE for said in earlier[-(TREND - 1) :])


def categories(text: str, known: Mapping[str, Category]) -> tuple[str, ...]:
    """The names of the categories of which a word or phrase stands in the text."""
    folded = fold(text)
    return tuple(name for name, category in known.items() if category.words and _pattern(category.words).search(folded))


@lru_cache(maxsize=256)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(_phrase(fold(phrase)) for phrase in phrases)})")


def _phrase(phrase: str) -> str:
    stem, star, _ = phrase.strip().rpartition("*")
    words = (stem if star else phrase).split()
    return r"\s+".join(re.escape(word) for word in words) + (r"\w*" if star else r"(?!\w)")
