"""A sentence of Markdown as the words a reader sees, folded so that equal facts look equal.  Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from core.words import STEMMERS, stop_words, words

MARK = re.compile(r"(?<!\\)\[(T?)(\d{1,2})\](?!\()")
"""``[1]`` cites a source, ``[T1]`` a tool result."""

TOOL_MARK = re.compile(r"[ \t]*(?<!\\)\[T\d{1,2}\](?!\()")
LINK = re.compile(
    r"!?\[(?P<text>[^\[\]]{0,400})\]\(\s{0,3}<?(?P<target>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?[^()\n]{0,200}\)"
)
_LIST_LEAD = re.compile(r"^\s*(?:>\s*)*(?:[-*+•▪]\s+)?(?:\**\d{1,3}\\?[.)]\**\s)?\s*")
_STEP_LEAD = re.compile(
    r"^[\s>*_#-]*(?:step|schritt|[ée]tape|paso|passo|etapa|stap)\s\d{1,2}\s?[:.)–—-]?\**[:.]?\s", re.IGNORECASE
)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+")
_ESCAPED = re.compile(r"\\([^\sA-Za-z0-9])")
_EMPHASIS = re.compile(r"\*+|`+|~~|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)")
_ACCENTS = re.compile(r"[\u0300-\u036f\u0483-\u0487\u20d0-\u20f0]+")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_SPACES = re.compile(r"\s+")


def without_lead(sentence: str) -> str:
    """Without the marks that begin a list item, a quote, a heading or a numbered step: they are layout, not facts."""
    return _STEP_LEAD.sub("", _HEADING.sub("", _LIST_LEAD.sub("", sentence)))


def plain(sentence: str) -> str:
    """What a reader sees, on one line; links show their target beside their words."""
    shown = LINK.sub(lambda m: f"{m['text']} ( {m['target']} )", MARK.sub(" ", without_lead(sentence)))
    flat = _EMPHASIS.sub("", _ESCAPED.sub(r"\1", shown))
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", flat)).strip()


def folded(text: str) -> str:
    """Lower case, no accents, ASCII digits."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.replace("’", "'").casefold()).lower()
    return _OTHER_DIGIT.sub(lambda m: str(unicodedata.digit(m[0])), _ACCENTS.sub("", spread))


@cache
def _votes() -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {}
    for language in STEMMERS:
        for word in stop_words(language):
            known[word] = (*known.get(word, ()), language)
    return known


def tongue(text: str, otherwise: str = "en") -> str:
    """The language whose small words the text uses most; ``otherwise`` where they do not tell."""
    counts = dict.fromkeys(STEMMERS, 0)
    votes = _votes()
    for word in words(text[:600]):
        for language in votes.get(word, ()):
            counts[language] += 1
    best = max(counts.values())
    leaders = [language for language, count in counts.items() if count == best]
    return otherwise if not best or otherwise in leaders else leaders[0]


def content_words(text: str, language: str) -> list[str]:
    """The telling words of a text, folded, in order."""
    stop = stop_words(language)
    return [word for word in words(text) if word not in stop]
