"""A question taken apart: the stems to look for in each language's fields, their weights, phrases and codes."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from unicodedata import normalize

import tantivy

from core.ports.knowledge import SearchQuery
from core.providers.embedded.text import codes, stem
from core.spelling import correction
from core.words import fold, stop_words

SYNONYM_WEIGHT, CORRECTED_WEIGHT = 0.7, 0.8
EARLIER_WEIGHT, EARLIER_DECAY, HINT_WEIGHT = 0.4, 0.8, 0.15
"""Weights of a word beside one of the question's own; each turn further back counts by the decay less."""

CODE_WEIGHT = 2.0
"""A word of letters and digits ("E03", "TM200") names one thing: it tells more than another word that is as rare.  Recall on the
dev suites is flat from 1 to 3; among some hundred chunks, where "shows" is as rare as "E03", it decides."""

MAX_TERMS = 40
"""A forum post keeps its most telling words; more only add noise and time."""

MAX_PAIRS = 16
MAX_PAIR_HELD = 4_000
"""A phrase's rarer word stands in at most so many chunks: that bounds what phrases cost in a large index."""

MAX_QUERY_CHARS = 12_000
MAX_CORRECTIONS = 3
SMALL = 1_000
"""In an index with fewer chunks a word that stands in only one of them is no slip."""

MAX_VOCABULARY = 20_000
REMEMBERED = 16_384
"""Counts of words that an open index keeps, about 2 MB."""

_WORD = re.compile(r"[^\W_]+")
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_])")


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageTerms:
    """What to look for in the fields of one language: weights by stem, and neighbours in the question."""

    language: str
    weights: Mapping[str, float]
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A question taken apart.

    ``telling`` holds the question's own words with their weight in this index, ``stems`` their stem in each language.
    ``is_empty``: nobody, neither question nor conversation, said a telling word.
    """

    by_language: tuple[LanguageTerms, ...]
    telling: Mapping[str, float]
    stems: Mapping[str, Mapping[str, str]]
    codes: frozenset[str]
    is_empty: bool

    @property
    def has_text(self) -> bool:
        """Whether there is anything that the text index knows."""
        return bool(self.codes) or any(terms.weights for terms in self.by_language)


class Vocabulary(ABC):
    """What an index knows of words: in how many chunks of which language they stand.

    ``chunk_count`` is of all that words are counted in, also entries that are deleted but not merged away yet.
    """

    def __init__(self, chunk_count: int) -> None:
        self._chunk_count = chunk_count

    @property
    def is_small(self) -> bool:
        """Whether one chunk is reason enough to believe in a word."""
        return self._chunk_count < SMALL

    @abstractmethod
    def held(self, language: str, stem: str, field: str = "body") -> int:
        """How many chunks hold it."""

    def is_known(self, language: str, stem: str) -> bool:
        """Whether it stands anywhere."""
        return bool(self.held(language, stem) or self.held(language, stem, "title"))

    @abstractmethod
    def with_prefix(self, language: str, prefix: str) -> list[tuple[str, int]]:
        """Stems that start so, each with the number of chunks that hold it, at most ``MAX_VOCABULARY``."""

    def weight(self, held: int) -> float:
        """BM25's weight of a stem that so many chunks hold; one the index does not know weighs most."""
        return math.log(1 + (max(self._chunk_count - held, 0) + 0.5) / (held + 0.5))


class TextVocabulary(Vocabulary):
    """The words of a text index."""

    def __init__(self, searcher: tantivy.Searcher, chunk_count: int) -> None:
        super().__init__(chunk_count)
        self._searcher = searcher
        self._held = _remembered(searcher)

    def held(self, language: str, stem: str, field: str = "body") -> int:
        """How many chunks hold it."""
        return self._held(field, language, stem)

    def with_prefix(self, language: str, prefix: str) -> list[tuple[str, int]]:
        """Stems that start so, each with the number of chunks that hold it."""
        return self._searcher.terms_with_prefix(f"body_{language}", prefix, limit=MAX_VOCABULARY)


def _remembered(searcher: tantivy.Searcher) -> Callable[[str, str, str], int]:
    """The counts of a snapshot never change, and a search asks for each of them several times."""

    @lru_cache(maxsize=REMEMBERED)
    def held(field: str, language: str, stem: str) -> int:
        return searcher.doc_freq(f"{field}_{language}", stem)

    return held


def taken_apart(query: SearchQuery, languages: Sequence[str], known: Vocabulary) -> Terms:
    """The terms of a query in each of the languages that are searched."""
    stop = _stop_words((query.language or "en", *languages))
    text = query.text[:MAX_QUERY_CHARS]
    own, borrowed = _telling_words(text, stop), tuple(_borrowed(query, stop))
    stems = {language: _corrected(own, language, languages, known) for language in languages}
    alike = dict(query.alike)
    by_language = tuple(_terms(own, borrowed, stems[language], language, known) for language in languages)
    words = list(dict.fromkeys(own))
    if len(words) > MAX_TERMS:
        words = [word for word in words if any(stems[part.language].get(word) in part.weights for part in by_language)]
    return Terms(
        by_language=by_language,
        telling={
            fold(word): _told_by(word) * known.weight(_held(word, stems, known, alike.get(fold(word), ())))
            for word in words
        },
        stems={
            language: {fold(word): found[word] for word in words if word in found} for language, found in stems.items()
        },
        codes=frozenset(codes(text)),
        is_empty=not own and not any(found for _, found in borrowed),
    )


@lru_cache(maxsize=256)
def _stop_words(languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset[str]().union(*(stop_words(language) for language in languages))


def _telling_words(text: str, stop: frozenset[str]) -> list[str]:
    """Lower-case, with their accents, which the stemmers need."""
    words = _WORD.findall(normalize("NFC", text[:MAX_QUERY_CHARS]).lower().replace("’", "'"))
    return [word for word in words if fold(word) not in stop and (len(word) > 1 or word.isdigit())]


def _told_by(word: str) -> float:
    """What a word tells beside another that is as rare."""
    return CODE_WEIGHT if _CODE.match(word) else 1.0


def _borrowed(query: SearchQuery, stop: frozenset[str]) -> Iterator[tuple[float, list[str]]]:
    for synonym in query.synonyms:
        yield SYNONYM_WEIGHT, _telling_words(synonym, stop)
    for place, said in enumerate(query.earlier):
        yield EARLIER_WEIGHT * EARLIER_DECAY**place, _telling_words(said, stop)
    yield HINT_WEIGHT, _telling_words(query.hints, stop)


def _held(word: str, stems: Mapping[str, Mapping[str, str]], known: Vocabulary, alike: Sequence[str]) -> int:
    """How many chunks hold a word, or one that the operator uses for it."""
    own = [known.held(language, found[word]) for language, found in stems.items() if word in found]
    others = [known.held(language, stem(name, language)) for name in alike for language in stems]
    return max((*own, *others), default=0)


def _corrected(own: Sequence[str], language: str, languages: Sequence[str], known: Vocabulary) -> dict[str, str]:
    """The stem of each word; a word that no searched language knows becomes a known one a slip away."""
    stems = {word: found for word in dict.fromkeys(own) if (found := stem(word, language))}
    unknown = (
        word
        for word, found in stems.items()
        if word.isalpha() and not known.held(language, found) and not _is_elsewhere(word, language, languages, known)
    )
    for word in tuple(islice(unknown, MAX_CORRECTIONS)):
        better = correction(
            stems[word], lambda prefix: known.with_prefix(language, prefix), at_least=1 if known.is_small else 2
        )
        if better is not None:
            stems[word] = better
    return stems


def _is_elsewhere(word: str, language: str, languages: Sequence[str], known: Vocabulary) -> bool:
    return any(known.is_known(other, stem(word, other)) for other in languages if other != language)


def _terms(
    own: Sequence[str],
    borrowed: Sequence[tuple[float, Sequence[str]]],
    stems: Mapping[str, str],
    language: str,
    known: Vocabulary,
) -> LanguageTerms:
    sequence = [stems[word] for word in own if word in stems]
    told = {found: _told_by(word) for word, found in stems.items()}
    weights = {found: told[found] * (1 + 0.7 * math.log(count)) for found, count in Counter(sequence).items()}
    weights |= {found: CORRECTED_WEIGHT for word, found in stems.items() if found != stem(word, language)}
    for weight, words in borrowed:
        for word in words:
            weights.setdefault(stem(word, language), weight)
    weights = _most_telling(weights, language, known)
    return LanguageTerms(
        language=language,
        weights=weights,
        pairs=_pairs([found for found in sequence if found in weights], language, known),
    )


def _most_telling(weights: dict[str, float], language: str, known: Vocabulary) -> dict[str, float]:
    """The stems that are in the index at all, at most MAX_TERMS, rare and repeated ones first."""
    found = {stem: weight for stem, weight in weights.items() if stem and known.is_known(language, stem)}
    if len(found) <= MAX_TERMS:
        return found
    ranked = sorted(found, key=lambda stem: (-found[stem] * known.weight(known.held(language, stem)), stem))
    return {stem: found[stem] for stem in ranked[:MAX_TERMS]}


def _pairs(stems: Sequence[str], language: str, known: Vocabulary) -> tuple[tuple[str, str], ...]:
    """Neighbours in the question, the first MAX_PAIRS; two that stand everywhere say little together and cost much."""
    pairs = dict.fromkeys((a, b) for a, b in pairwise(stems) if a != b)
    kept = (pair for pair in pairs if min(known.held(language, stem) for stem in pair) <= MAX_PAIR_HELD)
    return tuple(islice(kept, MAX_PAIRS))
