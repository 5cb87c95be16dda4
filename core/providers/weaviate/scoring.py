"""BM25 of the candidates that Weaviate named, computed here from their tokens as the embedded index computes it.

Weaviate's own scores choose candidates only: they know no weights of words but whole ones, no phrases, and another scale.  With
these a passage means the same to the ranker and the calibrated confidence, whichever engine found it.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.providers.embedded.asking import CODE_BOOST, PHRASE_BOOST, TITLE_BOOST
from core.providers.embedded.terms import LanguageTerms, Terms
from core.providers.weaviate.tokens import marked
from core.providers.weaviate.vocabulary import Words

K1, B = 1.2, 0.75
"""As tantivy has them."""

STEPS = 5
"""A word of weight 1 is asked so many times: Weaviate's BM25 weighs a token by how often the question holds it."""

PROPERTIES = ("body", f"title^{TITLE_BOOST}", f"codes^{CODE_BOOST}")

_FIELDS = (("body", 1.0), ("title", TITLE_BOOST))


def asked(terms: Terms, words: Words) -> str:
    """The known words and codes of a question as Weaviate's BM25 takes them: tokens with spaces between, repeated by weight.

    Nothing of it is query syntax, and all of it stands in the generation: what nobody wrote there is not even sent.
    """
    tokens = (
        token
        for part in terms.by_language
        for stem, weight in part.weights.items()
        for token in [marked(part.language, stem)] * max(1, round(weight * STEPS))
    )
    codes = (code for code in sorted(terms.codes) if words.held_token(code, "codes") for _ in range(STEPS))
    return " ".join((*tokens, *codes))


@dataclass(frozen=True, slots=True)
class _Sought:
    """A token in a property: what it weighs there and how long the property is in the middle."""

    field: str
    needle: str
    weight: float
    average: float


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Two tokens that stand side by side or with one between."""

    field: str
    first: str
    pattern: re.Pattern[str]
    weight: float
    average: float


class Scoring:
    """Scores texts of tokens for one question."""

    def __init__(self, terms: Terms, words: Words, chunks: int) -> None:
        self._words, self._chunks = words, chunks
        self._sought = tuple(self._all_sought(terms))
        self._phrases = tuple(phrase for part in terms.by_language for phrase in self._all_phrases(part))

    def of(self, texts: Mapping[str, str]) -> float:
        """The score of one chunk; ``texts`` holds its tokens by property."""
        spaced = {field: _spaced(texts.get(field, "")) for field in ("body", "title", "codes")}
        lengths = {field: text.count(" ") // 2 for field, text in spaced.items()}
        score = 0.0
        for sought in self._sought:
            if count := spaced[sought.field].count(sought.needle):
                score += sought.weight * _saturated(count, lengths[sought.field], sought.average)
        if not score:
            return 0.0
        for phrase in self._phrases:
            text = spaced[phrase.field]
            if phrase.first in text and (count := len(phrase.pattern.findall(text))):
                score += phrase.weight * _saturated(count, lengths[phrase.field], phrase.average)
        return score

    def _all_sought(self, terms: Terms) -> Iterator[_Sought]:
        for part in terms.by_language:
            for stem, weight in part.weights.items():
                for field, boost in _FIELDS:
                    if held := self._words.held(part.language, stem, field):
                        needle = f" {marked(part.language, stem)} "
                        total = weight * boost * self._words.weight(held) * (1 + K1)
                        yield _Sought(field, needle, total, self._average(field, part.language))
        for code in sorted(terms.codes):
            if held := self._words.held_token(code, "codes"):
                total = CODE_BOOST * self._words.weight(held) * (1 + K1)
                yield _Sought("codes", f" {code} ", total, self._average("codes"))

    def _all_phrases(self, part: LanguageTerms) -> Iterator[_Phrase]:
        for pair in part.pairs:
            first, second = (marked(part.language, stem) for stem in pair)
            pattern = re.compile(f" {re.escape(first)}  (?:[^ ]+  )?{re.escape(second)} ")
            for field, boost in _FIELDS:
                weight = sum(self._words.weight(self._words.held(part.language, stem, field)) for stem in pair)
                total = PHRASE_BOOST * boost * weight * (1 + K1)
                yield _Phrase(field, f" {first} ", pattern, total, self._average(field, part.language))

    def _average(self, field: str, language: str | None = None) -> float:
        """Tokens per chunk, of all chunks."""
        lengths = self._words.lengths[field]
        total = lengths.get(language, 0) if language is not None else sum(lengths.values())
        return max(total / max(self._chunks, 1), 1e-9)


def _spaced(text: str) -> str:
    """Every token with a space of its own before and after it, so that neighbours are both counted."""
    return f" {text.replace(' ', '  ')} " if text else ""


def _saturated(count: int, length: int, average: float) -> float:
    return count / (count + K1 * (1 - B + B * length / average))
