"""How much of a question's telling words a chunk holds, by weight.  Pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

from core.ports.knowledge import Chunk
from core.providers.embedded.terms import Terms
from core.providers.embedded.text import FALLBACK, language_of, plain_spellings, stem
from core.words import fold

SHORT = 3
"""Longer stems may differ from their word in the last letter: "happi" is of "happy"."""

_WORD = re.compile(r"[^\W_]+")
PLAIN = "frontdesk.plain"
"""Name of the way to encode what is beyond ASCII; an encoder finds it many times faster than an expression does."""

_SPACED = bytes(ord(ch.lower()) if (ch := chr(place)).isalnum() and ch.isascii() else 32 for place in range(256))
"""Lower-case letters and digits stay, all else becomes a space."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A telling word: its stem, how its words begin in spaced text, and what it weighs."""

    stem: str
    start: bytes
    weight: float


class Coverage:
    """Looks for the telling words of one question in chunks."""

    def __init__(self, terms: Terms) -> None:
        self._total = sum(terms.telling.values())
        self._forms: dict[bytes, str] = {}
        self._wanted = {
            language: tuple(_wanted(found, terms.telling[word]) for word, found in stems.items())
            for language, stems in terms.stems.items()
        }

    def of(self, chunk: Chunk) -> dict[str, float]:
        """``coverage``: the share of the words' weight that stands in the chunk; ``title``: in its title and heading."""
        language = language_of(chunk.language)
        wanted = self._wanted.get(language)
        if not wanted or not self._total:
            return {"coverage": 0.0, "title": 0.0}
        above = f"{chunk.title} {chunk.heading}"
        if language == FALLBACK:
            held, titled = self._by_start(above, chunk.text, wanted)
        else:
            held, titled = _by_stem(above, chunk.text, language, wanted)
        return {"coverage": round(held / self._total, 4), "title": round(titled / self._total, 4)}

    def _by_start(self, above: str, text: str, wanted: tuple[_Wanted, ...]) -> tuple[float, float]:
        """Looks for how a stem begins, and stems only words that begin so: English stems begin as their words do."""
        title = _spaced(above)
        whole, border = title + _spaced(text), len(title)
        held = titled = 0.0
        for word in wanted:
            at = whole.find(word.start)
            while at >= 0:
                end = whole.find(b" ", at + 1)
                if self._stem(whole[at + 1 : end]) == word.stem:
                    held += word.weight
                    titled += word.weight if at < border - 1 else 0.0
                    break
                at = whole.find(word.start, end)
        return held, titled

    def _stem(self, form: bytes) -> str:
        known = self._forms.get(form)
        if known is None:
            known = self._forms[form] = stem(form.decode(), FALLBACK)
        return known


def _wanted(found: str, weight: float) -> _Wanted:
    start = found if len(found) <= SHORT else found[:-1]
    return _Wanted(found, f" {start}".encode(), weight)


def _spaced(text: str) -> bytes:
    """The words with one space or more before and after each, without accents."""
    return b" " + text.encode("ascii", PLAIN).translate(_SPACED) + b" "


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What stands in place of a run of characters beyond ASCII."""
    assert isinstance(error, UnicodeEncodeError)
    return _without_accents(error.object[error.start : error.end]), error.end


@lru_cache(maxsize=4_096)
def _without_accents(run: str) -> str:
    return "".join(ch if ch.isascii() else " " for ch in fold(run))


def _by_stem(above: str, text: str, language: str, wanted: tuple[_Wanted, ...]) -> tuple[float, float]:
    title, body = _stems(above, language), _stems(text, language)
    titled = sum(word.weight for word in wanted if word.stem in title)
    return titled + sum(word.weight for word in wanted if word.stem in body and word.stem not in title), titled


def _stems(text: str, language: str) -> set[str]:
    lower = text.lower()
    return {stem(word, language) for word in (*_WORD.findall(lower), *plain_spellings(lower, language).split())}


codecs.register_error(PLAIN, _plain)
