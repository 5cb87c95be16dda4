"""How the customer feels now and how that moves, over the messages of one conversation.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.sentiment.cues import FED_UP, NOW, SOON, STOPPED, SWEARING
from core.sentiment.scoring import LIMIT, polarity
from core.sentiment.support import MAX_CHARS, is_shouted, sentiment
from core.settings import Sentiment
from core.words import fold, words

WINDOW: Final = 4
"""So many of the last messages tell how the mood moves."""

ALIKE: Final = 0.6
"""Two messages that share so much of their words ask the same."""

_MARKS = re.compile(r"[!?]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """``score`` -4 to 4 is of the last message, ``trend`` -4 to 4 how it moved (below zero: getting worse); ``frustration``
    and ``urgency`` 0 to 1.  ``sentiment`` is the label for the policy."""

    sentiment: Sentiment
    score: float
    trend: float
    frustration: float
    urgency: float


NO_MOOD: Final = Mood(sentiment=Sentiment.NEUTRAL, score=0.0, trend=0.0, frustration=0.0, urgency=0.0)


def mood(messages: Sequence[str]) -> Mood:
    """The contact's messages, oldest first; the last is the one to answer.  Only the last four are read."""
    recent = [text[:MAX_CHARS] for text in messages[-WINDOW:]]
    if not recent:
        return NO_MOOD
    scores = [polarity(text) for text in recent]
    tone = sentiment(recent[-1])
    return Mood(
        sentiment=tone,
        score=scores[-1],
        trend=trend(scores),
        frustration=frustration(recent, scores, tone),
        urgency=urgency(recent),
    )


def trend(scores: Sequence[float]) -> float:
    """The last score less the mean of those before, -4 to 4; 0 for a single one."""
    if len(scores) < 2:
        return 0.0
    before = scores[:-1]
    return max(-LIMIT, min(LIMIT, scores[-1] - sum(before) / len(before)))


def frustration(messages: Sequence[str], scores: Sequence[float], tone: Sentiment) -> float:
    """0 to 1.  Signs add up as chances do, so that several weak ones make a strong one and none alone makes certain."""
    last, folded = messages[-1], fold(messages[-1])
    signs = (
        0.55 if tone is Sentiment.NEGATIVE else 0.0,
        0.12 * max(0.0, -scores[-1] - 0.5),
        0.35 * min(2, len(FED_UP.findall(folded))),
        0.35 if SWEARING.search(folded) else 0.0,
        0.3 if is_shouted(last) else 0.0,
        0.15 if _MARKS.search(last) else 0.0,
        0.35 * min(2, repeats(messages)),
        0.1 * sum(sentiment(text) is Sentiment.NEGATIVE for text in messages[:-1]),
    )
    return _together(signs)


def repeats(messages: Sequence[str]) -> int:
    """How many of the messages before ask what the last one asks."""
    if len(messages) < 2 or len(asked := set(words(messages[-1]))) < 3:
        return 0
    return sum(_alike(asked, set(words(text))) >= ALIKE for text in messages[:-1])


def urgency(messages: Sequence[str]) -> float:
    """0 to 1: how pressing the last message is; what was pressing before counts half."""
    pressing = [_pressing(fold(text)) for text in messages]
    return max(pressing[-1], 0.5 * max(pressing))


def _pressing(folded: str) -> float:
    signs = (
        0.6 if NOW.search(folded) else 0.0,
        0.35 if SOON.search(folded) else 0.0,
        0.35 if STOPPED.search(folded) else 0.0,
        0.1 if folded.count("!") >= 2 else 0.0,
    )
    return _together(signs)


def _alike(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _together(signs: Sequence[float]) -> float:
    rest = 1.0
    for sign in signs:
        rest *= 1.0 - sign
    return round(1.0 - rest, 4)
