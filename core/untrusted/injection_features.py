"""What gives an injected instruction away, as numbers: who is spoken to, about what, and whether it belongs here.  Pure.

Everything is looked up word by word in folded text; patterns are few, bounded, and cannot backtrack far: the cost is linear.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from core.untrusted import lexicon as is_
from core.words import sentences, words

_DELIMITER = re.compile(
    r"<\|?/?(?:im_start|im_end|system|sys|assistant|user|endoftext|instructions?|s)\b[^<>\n]{0,20}\|?>|\[/?INST\]|<<SYS>>|<!--"
    r"|\"(?:tool_calls?|function_call|arguments|role)\"\s{0,4}:",
    re.IGNORECASE,
)
_HEADED = re.compile(
    r"^\s{0,8}(?:#{1,6}|={2,8}|-{2,8}|\*{1,4}|\[)?\s{0,4}"
    r"(?:system|assistant|developer|new instructions?|instructions?|end of [a-z]{3,12})\s{0,4}(?:\]|:|={2,8}|-{2,8}|#{1,6})",
    re.IGNORECASE | re.MULTILINE,
)
_LINK = re.compile(r"https?://|www\.|[a-z0-9]\.(?:com|net|org|xyz|io|ru|info|biz|example)\b", re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\]\[\n]{0,80}\]\([^)\[\s]{1,300}[?=]")
_QUOTED = re.compile(r"[\"“«'‘][^\"”»'’“«‘\n]{3,200}[\"”»'’]")
_QUOTES = re.compile("[\"“«'‘]")
_HEAD_MARKS = re.compile("[:\\]]|--|##|==")
_SHOT = re.compile(r"(?:^|\s)(?:Q|A|User|Assistant|Human|AI|Part \d)\s?[:\"]")
_OPENER = re.compile(r"(?<=[^\s.!?:;,]) (?=([A-Z][a-z]{1,14}(?:'s)?) )")
_MAX_WORDS = 4_000
_REQUESTS = frozenset({("can", "you"), ("could", "you"), ("would", "you"), ("will", "you")})
_ROLES = frozenset({("you", "are"), ("from", "now"), ("du", "bist"), ("tu", "es"), ("ahora", "eres"), ("je", "bent")})
_ROLE_GOES_ON = frozenset({"now", "about", "an", "a", "no", "the", "on", "jetzt", "maintenant", "un", "nu"})
_PAIRED = frozenset(first for first, _ in _REQUESTS | _ROLES)
_I_AM = frozenset({"i'm", "am", "bin", "suis", "soy", "sou", "sono", "ben", "as"})

_TOPICS = (
    (is_.SECRET, "secret"),
    (is_.MACHINE, "machine"),
    (is_.ROLE, "role"),
    (is_.HYPOTHESIS, "hypothesis"),
    (is_.TOOL, "tool"),
    (is_.FIRST, "first"),
    (is_.SECOND, "second"),
    (is_.PEOPLE, "people"),
    (is_.DUTY, "duty"),
    (is_.FIGURE, "figures"),
)
_TELLING = is_.IGNORE | is_.YIELD | is_.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text that is judged as one.

    ``said`` are its folded words, ``bits`` their classes, ``names`` the names of their learned weights, ``starts`` the places
    where sentences begin.
    """

    text: str
    said: tuple[str, ...]
    bits: tuple[int, ...]
    names: frozenset[str]
    starts: tuple[int, ...]


def piece_of(parts: Sequence[str]) -> Piece:
    """Sentences as one piece."""
    said: list[str] = []
    starts: list[int] = []
    for part in parts:
        starts.append(len(said))
        said += words(part)[: max(0, _MAX_WORDS - len(said))]
    if max(map(len, said), default=0) > is_.MAX_LETTERS:
        said = [word[: is_.MAX_LETTERS] for word in said]
    bits, names = zip(*map(is_.read, said), strict=True) if said else ((), ())
    return Piece(
        text="\n".join(parts), said=tuple(said), bits=bits, names=frozenset(names) - {""}, starts=tuple(starts)
    )


def split(text: str) -> Iterator[str]:
    """Sentences, line by line; also where somebody goes on with an order or a question and no full stop."""
    for line in text.splitlines():
        for sentence in sentences(line):
            start = 0
            for gap in _OPENER.finditer(sentence):
                if is_.read(gap[1].lower())[0] & (is_.TASK | is_.QUESTION):
                    yield sentence[start : gap.start()]
                    start = gap.end()
            yield sentence[start:]


def flags(piece: Piece) -> dict[str, float]:
    """The features by name; those that are zero are left out."""
    every = reduce(or_, piece.bits, 0)
    found = {name: 1.0 for bits, name in _TOPICS if every & bits}
    found |= _speech(piece, every)
    if every & _TELLING or not _I_AM.isdisjoint(piece.said):
        found |= _phrases(piece, every)
    found |= _pairs(piece)
    found |= _marks(piece, every)
    for name, bit in (("transform", is_.TRANSFORM), ("promote", is_.PROMOTE)):
        if every & bit:
            found[name] = float(min(2, sum(1 for one in piece.bits if one & bit)))
    return {name: value for name, value in found.items() if value}


def _speech(piece: Piece, every: int) -> dict[str, float]:
    """How its sentences begin: an order, a question to whom."""
    if not every & (is_.TASK | is_.QUESTION):
        return {}
    orders = asks = impersonal = 0
    for start, end in zip(piece.starts, (*piece.starts[1:], len(piece.said)), strict=False):
        at = start
        while at < end - 1 and piece.bits[at] & is_.LEAD:
            at += 1
        if at >= end:
            continue
        if piece.bits[at] & is_.TASK:
            orders += 1
        elif piece.bits[at] & is_.QUESTION:
            asks += 1
            impersonal += not _any(piece.bits[start:end], is_.FIRST | is_.SECOND)
    return {
        "orders": float(orders > 0),
        "many_orders": float(orders > 1),
        "asks": float(asks > 0),
        "many_asks": math.log1p(max(0, asks - 1)),
        "impersonal": float(impersonal > 0),
        "system_mode": float(bool(every & is_.SYSTEM and every & is_.MODE)),
        "effect": float(bool(every & is_.CALL and every & is_.EFFECT)),
    }


def _phrases(piece: Piece, every: int) -> dict[str, float]:
    """Words that tell something only near one another."""
    said, bits = piece.said, piece.bits
    out: dict[str, float] = {}
    for at, one in enumerate(bits):
        if one & is_.IGNORE and every & is_.RULE and _any(bits[max(0, at - 7) : at + 8], is_.RULE):
            out["ignore"] = 1.0
        if one & is_.YIELD and every & (is_.SECRET | is_.PRIVATE):
            after = reduce(or_, bits[at + 1 : at + 9], 0)
            if after & is_.SECRET:
                out["yield_secret"] = 1.0
            if after & is_.PRIVATE:
                out["private"] = 1.0
        if one & is_.TEXT and _any(bits[max(0, at - 2) : at], is_.POSSESSIVE):
            out["text_out"] = 1.0
            if one & is_.OUTPUT:
                out["output"] = 1.0
        if every & is_.CLAIM and said[at] in _I_AM and _any(bits[at + 1 : at + 6], is_.CLAIM):
            out["claim"] = 1.0
    return out


def _pairs(piece: Piece) -> dict[str, float]:
    """ "Could you write …", "you are now a …"."""
    out: dict[str, float] = {}
    said, last = piece.said, len(piece.said) - 2
    for at, word in enumerate(said):
        if word not in _PAIRED or at >= last:
            continue
        pair = said[at : at + 2]
        if pair in _REQUESTS and piece.bits[at + 2] & is_.TASK:
            out["request"] = 1.0
        elif pair in _ROLES and said[at + 2] in _ROLE_GOES_ON:
            out["you_are"] = 1.0
    return out


def _any(bits: Sequence[int], wanted: int) -> bool:
    return bool(reduce(or_, bits, 0) & wanted)


def _marks(piece: Piece, every: int) -> dict[str, float]:
    """What stands between the words."""
    text, count = piece.text, len(piece.said)
    out = {
        "words_log": math.log1p(min(count, 200)) / 5,
        "short": float(count <= 4),
        "question_mark": float("?" in text),
    }
    if "." in text:
        out["link"] = float(_LINK.search(text) is not None)
    if "<" in text or "[" in text or '"' in text:
        out["delimiter"] = float(_DELIMITER.search(text) is not None)
        out["image_link"] = float("](" in text and _IMAGE.search(text) is not None)
    if every & is_.HEAD and _HEAD_MARKS.search(text):
        out["headed"] = float(_HEADED.search(text) is not None)
    if _QUOTES.search(text):
        out["quoted"] = float(_QUOTED.search(text) is not None)
    if ":" in text or '"' in text:
        out["shots"] = min(3.0, float(len(_SHOT.findall(text[:4_000]))))
    if "<" in text or "`" in text or "def " in text:
        out["code"] = float("```" in text or "<code" in text or "</" in text or "def " in text)
    if count > 20:
        out["repeats"] = float(len(set(piece.said)) / count < 0.3)
    return out


def aside(piece: Piece, others: Mapping[str, int]) -> float:
    """Share of its longer words that stand once in the whole text, whose words ``others`` counts: is it about something else?"""
    own = [word for word in piece.said if len(word) > 3]
    return sum(1 for word in own if others[word] == 1) / len(own) if own else 0.0
