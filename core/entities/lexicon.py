"""The tenant's own kinds, made ready once: words with synonyms, product names, patterns.

Words are compared folded, so case and accents do not matter.  Patterns are those that ``config.patterns`` lets pass; they see a
message in stretches of bounded length, since the time they take grows with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from core.entities.entity import EntitySettings
from core.entities.page import Hit, Page
from core.words import fold

WINDOW: Final = 200
"""Characters a pattern sees at once; the same as ``config.patterns.MAX_TEXT``."""

MAX_MATCH: Final = 100
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

_Phrases = Mapping[str, tuple[tuple[tuple[str, ...], str, str], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """``phrases``: first word → (all words, kind, the name they stand for), longest first."""

    region: str = ""
    phrases: _Phrases
    patterns: tuple[tuple[str, re.Pattern[str]], ...] = ()


def lexicon(settings: EntitySettings, *, products: Iterable[str] = ()) -> Lexicon:
    """Settings made ready; ``products`` are names from the knowledge base besides those of the settings."""
    entries = [(name, "product", name) for name in products]
    entries += list(_entries("product", settings.products))
    for kind, custom in settings.custom.items():
        entries += list(_entries(kind, custom.words))
    patterns = tuple(
        (kind, re.compile(custom.pattern, re.IGNORECASE)) for kind, custom in settings.custom.items() if custom.pattern
    )
    return Lexicon(region=settings.region.upper(), phrases=_phrases(entries), patterns=patterns)


def _entries(kind: str, words: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    for name, synonyms in words.items():
        yield from ((written, kind, name) for written in (name, *synonyms))


def _phrases(entries: Iterable[tuple[str, str, str]]) -> _Phrases:
    known: dict[str, dict[tuple[str, ...], tuple[str, str]]] = {}
    for written, kind, name in entries:
        words = tuple(_TOKEN.findall(fold(written)))
        if words:
            known.setdefault(words[0], {}).setdefault(words, (kind, name))
    return {
        first: tuple((words, *of) for words, of in sorted(found.items(), key=lambda item: -len(item[0])))
        for first, found in known.items()
    }


NOTHING: Final = lexicon(EntitySettings())


def listed_words(page: Page, known: Lexicon) -> Iterator[Hit]:
    """Words of the lists; the longest phrase at a place wins."""
    if not known.phrases:
        return
    tokens = [(m[0], m.start(), m.end()) for m in _TOKEN.finditer(page.low)]
    for at, (word, start, _) in enumerate(tokens):
        for words, kind, name in known.phrases.get(word, ()):
            if tuple(token for token, _, _ in tokens[at : at + len(words)]) == words:
                yield Hit(kind, start, tokens[at + len(words) - 1][2], name)
                break


def matched(text: str, known: Lexicon) -> Iterator[Hit]:
    """Matches of the tenant's patterns in the text as written, of at most ``MAX_MATCH`` characters."""
    for kind, pattern in known.patterns:
        done = 0
        for window in range(0, max(1, len(text)), WINDOW - MAX_MATCH):
            for m in pattern.finditer(text, max(window, done), window + WINDOW):
                if m.start() >= window + WINDOW - MAX_MATCH and window + WINDOW < len(text):
                    break
                if 0 < len(m[0]) <= MAX_MATCH:
                    done = m.end()
                    yield Hit(kind, m.start(), m.end(), m[0])
