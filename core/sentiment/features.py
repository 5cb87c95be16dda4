"""What a text shows of how it was meant: word n-grams and some figures of its polarity words.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import Final

from core.sentiment.english import rated, strength
from core.words import fold, listed

_TOKEN = re.compile(
    r"https?://\S+|@\w+|"
    r"(?P<glad>[:;=]['^]?[-o0]?[)\]DPp3]+(?!\w)|[xX]D+\b|\(-?[:;=]|<3+|\^_*\^|[\U0001F600-\U0001F606\U0001F609-\U0001F60E\U0001F617-\U0001F61D"
    r"\U0001F642\U0001F643\U0001F917\U0001F929\U0001F970\U0001F973\U0001F44D\U0001F44F\U0001F44C\U0001F64C\U0001F64F\U0001F389"
    r"\U0001F38A\U0001F495-\U0001F49E\U0001F4AF\u2764\u2665\u263A\u2728])|"
    r"(?P<sad>[:;=]['^]?-?[(\[/\\|]+(?!/)|>[:;=][(<]|\bD:(?!\w)|[Tt]_+[Tt]|-_+-|"
    r"[\U0001F610-\U0001F616\U0001F61E-\U0001F62D\U0001F62F-\U0001F631\U0001F635\U0001F63E\U0001F63F\U0001F641\U0001F644\U0001F44E\U0001F494"
    r"\U0001F595\U0001F620-\U0001F625\U0001F92C\U0001F92E\U0001F4A9\u2639])|"
    r"(?P<word>[^\W_]+(?:['’][^\W_]+)*)|(?P<mark>[!?]+)|[.,;:()\"]+"
)
_LONG = re.compile(r"(\w)\1{2,}")
_DIGITS = re.compile(r"\d+")
NEGATIONS: Final = listed(
    "not no never nor none nothing nobody neither without hardly barely cannot isnt wasnt arent dont didnt doesnt cant "
    "wont couldnt wouldnt shouldnt havent hasnt aint lack lacks lacking "
    "nicht kein keine nie pas jamais nunca non mai nao niet geen nooit"
)
_STRONGER: Final = listed(
    "very really so extremely absolutely incredibly totally completely super too such truly quite most highly especially "
    "insanely fucking freaking soo sehr tres muy molto muito erg zeer echt"
)
_WEAKER: Final = listed(
    "slightly somewhat kinda kind sort bit little almost rather fairly less partly barely mildly marginally"
)
_TURNS: Final = listed("but however although though except yet aber mais pero ma mas maar")
KEPT_WORDS: Final = 16_384
REACH: Final = 3
"""So many words before a polarity word can turn or strengthen it."""

TONE: Final = (
    "sum", "glad", "sad", "most", "least", "last", "after_turn", "before_turn", "bounded", "turned", "glad_bangs",
    "sad_bangs", "starts",
)  # fmt: skip
"""Figures of the polarity words: by our strengths, and again by the raters'."""

FIGURES: Final = (
    *TONE, *(f"rated_{name}" for name in TONE),
    "negations", "emoticon", "bangs", "asks", "capitals", "length", "links",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """``grams``: n-grams, each once; ``figures``: in the order of ``FIGURES``."""

    grams: tuple[str, ...]
    figures: tuple[float, ...]


@dataclass(slots=True)
class _Read:
    """``words`` folded and ``raw`` as written ("" for what is no word), and what each means by our strengths and the raters'."""

    words: list[str]
    raw: list[str]
    strengths: list[float]
    ratings: list[float]
    emoticon: float = 0.0
    bangs: int = 0
    asks: int = 0
    links: int = 0

    def add(self, sign: str) -> None:
        """A sign that stands for a word."""
        self.words.append(sign)
        self.raw.append("")
        self.strengths.append(strength(sign))
        self.ratings.append(rated(sign))


def shown(text: str) -> Shown:
    """Read the text once."""
    read = _read(text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    grams = dict.fromkeys(_grams(read.words))
    return Shown(
        grams=tuple(grams), figures=(*_tone(read, read.strengths), *_tone(read, read.ratings), *_figures(read))
    )


def _read(text: str) -> _Read:
    read = _Read([], [], [], [])
    for found in _TOKEN.finditer(text):
        sort, token = found.lastgroup, found.group()
        if sort == "word":
            plain, strong, rating = _meaning(token)
            read.raw.append(token)
            read.words.append(plain)
            read.strengths.append(strong)
            read.ratings.append(rating)
        elif sort == "glad":
            read.emoticon += 1
            read.add(":)")
        elif sort == "sad":
            read.emoticon -= 1
            read.add(":(")
        elif sort == "mark":
            read.bangs += token.count("!")
            read.asks += token.count("?")
        elif token[0] in "h@":
            read.links += token[0] == "h"
            read.add("@" if token[0] == "@" else "//")
    return read


@lru_cache(maxsize=KEPT_WORDS)
def _meaning(token: str) -> tuple[str, float, float]:
    """A word folded, with its strength and its rating."""
    plain = _plain(token)
    return plain, strength(plain), rated(plain)


def _plain(token: str) -> str:
    folded = _LONG.sub(r"\1\1", fold(token).replace("n't", "nt"))
    return _DIGITS.sub("0", folded) if not folded.isalpha() else folded


def _grams(words: Sequence[str]) -> Iterator[str]:
    yield from words
    for one, two in pairwise(words):
        yield f"{one} {two}"
    away = 0
    for word in words:
        if word in NEGATIONS:
            away = REACH
        elif away:
            away -= 1
            yield f"~{word}"


def _valued(read: _Read, alone: Sequence[float]) -> tuple[list[float], int]:
    """What every word counts where it stands, from what it counts ``alone``, and how many were turned by a negation."""
    values = list(alone)
    turned = 0
    for at in [at for at, value in enumerate(alone) if value]:
        value = alone[at]
        for before in read.words[max(0, at - REACH) : at]:
            if before in NEGATIONS:
                value *= -0.6
                turned += 1
            elif before in _STRONGER:
                value *= 1.25
            elif before in _WEAKER:
                value *= 0.75
        raw = read.raw[at]
        values[at] = value * 1.2 if len(raw) > 2 and raw.isupper() else value
    return values, turned


def _tone(read: _Read, alone: Sequence[float]) -> tuple[float, ...]:
    """In the order of ``TONE``."""
    values, turned = _valued(read, alone)
    total = sum(values)
    glad = sum(value for value in values if value > 0)
    turn = max((at for at, word in enumerate(read.words) if word in _TURNS), default=-1)
    after = sum(values[turn + 1 :]) if turn > 0 else 0.0
    bangs = min(read.bangs, 4) / 2
    return (
        total / 2,
        glad / 2,
        (total - glad) / 2,
        max(values, default=0.0),
        min(values, default=0.0),
        next((value for value in reversed(values) if value), 0.0),
        after / 2,
        (total - after) / 2 if turn > 0 else 0.0,
        3 * total / sqrt(total * total + 12),
        turned,
        bangs if total > 0 else 0.0,
        bangs if total < 0 else 0.0,
        next((value for value in values[:4] if value), 0.0),
    )


def _figures(read: _Read) -> tuple[float, ...]:
    """The rest, in the order of ``FIGURES``."""
    raw = [word for word in read.raw if len(word) > 2]
    return (
        min(3, sum(word in NEGATIONS for word in read.words)),
        max(-2.0, min(2.0, read.emoticon)),
        min(read.bangs, 4) / 2,
        min(read.asks, 3),
        min(5, sum(word.isupper() for word in raw)) / 2,
        min(len(read.words), 60) / 20,
        min(read.links, 2),
    )
