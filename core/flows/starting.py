"""Which flow a message starts, scored offline.  Pure.

A button or a trained intent starts its flow for certain, a pattern nearly so.  A phrase starts one when all its telling words are
said (in any form, with a typing slip) and the message tells little else.  Questions about a matter ("how do I return something?")
are for the knowledge: they start a flow only when the phrase itself is such a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from core.entities import NAMING, Entity
from core.flows.answers import NOT, filled
from core.flows.branching import LEVELS
from core.flows.flow import ANY, AskStep, Flow
from core.flows.listening import is_question, parted, plain
from core.flows.state import Around, Begun, FlowState
from core.flows.values import MAX_PATTERN_CHARS
from core.ports.tools import Verification
from core.settings import LANGUAGES
from core.spelling import MIN_LENGTH, is_one_slip
from core.words import listed, stem, stems, stop_words, words

STARTS_AT = 0.7
"""A two-word phrase starts its flow in a message of five telling words (0.5 + 0.5 · 2/5), not in one of six."""

PATTERN_SCORE = 0.95
ASKING = 0.6
"""What a question about a matter weighs against a statement: it stays below ``STARTS_AT``."""

ASKING_FAVOUR = 0.9
"""The same for a favour ("can I return my order?"): a single further telling word is allowed, "after 40 days" is not."""

MAX_CHARS = 600
"""A longer message is a story; its beginning tells what it is about."""

By = Literal["button", "intent", "pattern", "phrase"]


def begin(
    flows: Sequence[Flow],
    text: str,
    *,
    language: str,
    entities: Sequence[Entity] = (),
    verified: Verification,
    at: datetime,
    intent: str | None = None,
) -> Begun | None:
    """The flow that the message starts, its slots filled from the message; None: none of those the contact may enter.

    The first of equals wins.
    """
    best: tuple[float, By, Flow] | None = None
    for flow in flows:
        if LEVELS[verified.value] < LEVELS[flow.verification.value]:
            continue
        by, score = scored(flow, text, language=language, entities=entities, intent=intent)
        if score >= STARTS_AT and (best is None or score > best[0]):
            best = (score, by, flow)
    if best is None:
        return None
    score, by, flow = best
    around = Around(at=at, language=language, verified=verified)
    state = FlowState(flow=flow.id, version=flow.digest, started_at=at, filled=_filled(flow, text, entities, around))
    return Begun(flow=flow, state=state, by=by, score=score)


def scored(flow: Flow, text: str, *, language: str, entities: Sequence[Entity], intent: str | None) -> tuple[By, float]:
    """How sure it is that the message asks for this flow, and by what."""
    said = plain(text[:MAX_CHARS])
    if said and any(said == plain(label) for labels in flow.buttons.values() for label in labels):
        return "button", 1.0
    if intent is not None and intent == flow.start.intent:
        return "intent", 1.0
    if any(re.search(pattern, text[:MAX_PATTERN_CHARS], re.IGNORECASE) for pattern in flow.start.patterns):
        return "pattern", PATTERN_SCORE
    return "phrase", max(_phrase_scores(flow, text[:MAX_CHARS], language, entities), default=0.0)


def _phrase_scores(flow: Flow, text: str, language: str, entities: Sequence[Entity]) -> Iterator[float]:
    stated, asked = parted(_without(text, entities), language)
    said = stated or asked
    is_turned = bool(frozenset(words(said)) & NOT)
    for tongue, phrases in flow.start.phrases.items():
        known = language if tongue == ANY else tongue
        spoken = known if known in LANGUAGES else "en"
        told = _telling(said, spoken)
        for phrase in phrases:
            wanted = _wanted(phrase, spoken)
            if not wanted.stems or not told or (is_turned and not wanted.is_turned):
                continue
            if not all(any(_is_same(one, other) for other in told) for one in wanted.stems):
                continue
            score = 0.5 + 0.5 * min(1.0, len(wanted.stems) / len(told))
            yield score * (_weight(asked) if not stated and not wanted.is_asking else 1.0)


def _without(text: str, entities: Sequence[Entity]) -> str:
    """The text without the order numbers, dates and the like it names."""
    for entity in sorted(entities, key=lambda entity: entity.start, reverse=True):
        if entity.kind in NAMING and entity.start >= 0:
            text = f"{text[: entity.start]} {text[entity.end :]}"
    return text


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A phrase, read once: its telling stems, whether it holds a negation, whether it is a question."""

    stems: frozenset[str]
    is_turned: bool
    is_asking: bool


@lru_cache(maxsize=4_096)
def _wanted(phrase: str, language: str) -> _Wanted:
    return _Wanted(_telling(phrase, language), bool(frozenset(words(phrase)) & NOT), is_question(phrase, language))


def _telling(text: str, language: str) -> frozenset[str]:
    """Stems of the telling words; of a phrase made of small words only, these."""
    found = stems(text, language) or [stem(word, language) for word in words(text) if word in stop_words(language)]
    return frozenset(found)


def _weight(question: str) -> float:
    """Whether a question asks for knowledge or for a favour tells its first word."""
    said = words(question)
    return ASKING_FAVOUR if said and said[0] in _FAVOURS else ASKING


def _is_same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= MIN_LENGTH and is_one_slip(one, other))


_FAVOURS = listed(
    "can could may would will kann konnen konnte konnten darf wurden puis pouvez pourriez peux puedo puede podria podrian posso "
    "pode poderia puo potrei potrebbe kan kunt kunnen mag zou"
)


def _filled(flow: Flow, text: str, entities: Sequence[Entity], around: Around) -> dict[str, str | float | int | bool]:
    asked = (step.part for step in flow.steps.values())
    values = {ask.slot: filled(ask, text, entities, around) for ask in asked if isinstance(ask, AskStep) and ask.fill}
    return {slot: value for slot, value in values.items() if value is not None}
