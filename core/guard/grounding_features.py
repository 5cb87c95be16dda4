"""What a reply and its evidence have in common, as numbers.  Pure, and quick: evidence is read once and kept.

Positions of a word in the evidence are the bits of one integer: runs and common subsequences cost a few operations a word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from core.words import listed, sentences, stem, stop_words, words

MAX_EVIDENCE = 40_000
"""Characters of a passage that are read."""

MAX_RESPONSE = 4_000
_PREFIX = 5
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_MARKUP = re.compile(r"(?<!\\)\[[T\d]\d{0,2}\]|[*_`#>|]+|\]\([^)\s]*\)")
_NUMBER = re.compile(r"\d[\d.,]*")
_CLAUSE = re.compile(r"[.!?;:](?=\s|$)|[。！？]|,\s+(?=(?:and|but|so|which|und|aber|et|mais|y|pero)\b)")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w'-]+")
_LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")

SELF = listed(
    "i i'm im i've ive i'd i'll my me mine we our us myself ich mir mich mein je moi mon yo mi eu meu io mio ik mijn"
)
OPINION = listed(
    "love loved like liked likes enjoy enjoyed hate favorite favourite awesome great good best cool amazing interesting fun "
    "funny nice beautiful wonderful bad terrible boring excellent pretty really very glad happy sorry agree prefer hope wish"
)
HEDGES = listed(
    "maybe probably perhaps think thought believe sure guess suppose might may could seems seem heard know wonder"
)
GREETS = listed(
    "yes yeah yep no nope oh wow well sure ok okay haha hi hello thanks right true exactly indeed absolutely definitely"
)
NEGATIONS = listed(
    "not no never none nothing nicht kein keine nie ne pas jamais nunca nao non mai niet geen cannot without neither nor"
)
ASKS = listed("do does did have has is are was were what who where when why how which can could would will")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Passages that answers may stand on, read once.

    ``places`` has for each stem the bits of its positions, ``sentence_of`` the sentences it stands in, ``raw`` all folded words.
    """

    places: Mapping[str, int]
    sentence_of: Mapping[str, tuple[int, ...]]
    raw: frozenset[str]
    prefixes: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    triples: frozenset[tuple[str, str, str]]
    numbers: frozenset[str]
    negated: frozenset[int]
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A reply's words.

    ``raw`` are folded, ``stems`` stand beside them, ``content`` are the places of words that tell something, ``clauses`` ranges.
    """

    text: str
    raw: tuple[str, ...]
    stems: tuple[str, ...]
    content: tuple[int, ...]
    clauses: tuple[tuple[int, int], ...]


class _Reader:
    """Sentences to an ``Evidence``."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._places: dict[str, int] = {}
        self._sentence_of: dict[str, list[int]] = {}
        self._raw: set[str] = set()
        self._order: list[str] = []
        self._numbers: set[str] = set()
        self._negated: set[int] = set()
        self._sentences = 0

    def passage(self, text: str) -> None:
        plain = _MARKUP.sub(" ", text[:MAX_EVIDENCE])
        self._numbers |= numbers_of(plain)
        for line in plain.splitlines():
            for sentence in sentences(line):
                self._sentence(sentence)
        self._order.append("")

    def _sentence(self, sentence: str) -> None:
        for word in tokens(sentence):
            stemmed = stem(word, self._language)
            self._raw.add(word)
            if is_negation(word):
                self._negated.add(self._sentences)
            self._places[stemmed] = self._places.get(stemmed, 0) | (1 << len(self._order))
            within = self._sentence_of.setdefault(stemmed, [])
            if not within or within[-1] != self._sentences:
                within.append(self._sentences)
            self._order.append(stemmed)
        self._sentences += 1

    def evidence(self) -> Evidence:
        order = self._order
        return Evidence(
            places=self._places,
            sentence_of={word: tuple(found) for word, found in self._sentence_of.items()},
            raw=frozenset(self._raw),
            prefixes=frozenset(word[:_PREFIX] for word in self._raw if len(word) >= _PREFIX),
            pairs=frozenset(pairwise(order)),
            triples=frozenset(zip(order, order[1:], order[2:], strict=False)),
            numbers=frozenset(self._numbers),
            negated=frozenset(self._negated),
            length=len(order),
        )


@lru_cache(maxsize=32)
def read_evidence(texts: tuple[str, ...], language: str) -> Evidence:
    """Read passages together; the sentences of a turn ask for the same ones again and again."""
    reader = _Reader(language)
    for text in texts:
        reader.passage(text)
    return reader.evidence()


def read_response(text: str, language: str) -> Said:
    """Read a reply, or one sentence of it."""
    plain = _MARKUP.sub(" ", text[:MAX_RESPONSE])
    stop = stop_words(language)
    raw: list[str] = []
    clauses: list[tuple[int, int]] = []
    for clause in _CLAUSE.split(plain):
        start = len(raw)
        raw += tokens(clause)
        if len(raw) > start:
            clauses.append((start, len(raw)))
    return Said(
        text=plain,
        raw=tuple(raw),
        stems=tuple(stem(word, language) for word in raw),
        content=tuple(at for at, word in enumerate(raw) if _tells(word, stop)),
        clauses=tuple(clauses),
    )


def _tells(word: str, stop: frozenset[str]) -> bool:
    return word not in stop and word not in GREETS and (len(word) > 1 or word.isdigit() or not word.isascii())


def tokens(text: str) -> Iterator[str]:
    """Folded words; scripts without spaces give single characters."""
    for word in words(text):
        if word.isascii() or not _UNSPACED.search(word):
            yield word
        else:
            yield from word


@lru_cache(maxsize=256)
def language_of(text: str) -> str:
    """The language whose small words a text uses most; English when there are none.

    Evidence is asked for again with each sentence that stands on it.
    """
    counts, votes = [0] * len(_LANGUAGES), _votes()
    for word in words(text[:2_000]):
        for place in votes.get(word, ()):
            counts[place] += 1
    return _LANGUAGES[counts.index(max(counts))]


@cache
def _votes() -> Mapping[str, tuple[int, ...]]:
    """Which of the languages have a small word."""
    found: dict[str, tuple[int, ...]] = {}
    for place, language in enumerate(_LANGUAGES):
        for word in stop_words(language):
            found[word] = (*found.get(word, ()), place)
    return found


def is_negation(word: str) -> bool:
    """Whether a folded word denies."""
    return word in NEGATIONS or word.endswith("n't")


def numbers_of(text: str) -> set[str]:
    """Figures, without separators of thousands."""
    return {number.rstrip(".,").replace(",", "") for number in _NUMBER.findall(text)}


def features(said: Said, evidence: Evidence, weights: Sequence[float]) -> dict[str, float]:
    """All features by name, most of them shares from 0 to 1; ``weights`` tell how rare each word of the reply is."""
    has = [_support(said, at, evidence) for at in range(len(said.raw))]
    return {
        **_coverage(said, weights, has),
        **_clauses(said, weights, has),
        **_order(said, evidence),
        **_alignment(said, weights, evidence),
        **_voice(said, evidence),
        **_facts(said, evidence),
        "words_log": math.log1p(len(said.raw)),
        "content_log": math.log1p(len(said.content)),
    }


def _support(said: Said, at: int, evidence: Evidence) -> float:
    if said.stems[at] in evidence.places:
        return 1.0
    word = said.raw[at]
    return 0.6 if len(word) >= _PREFIX and word[:_PREFIX] in evidence.prefixes else 0.0


def _coverage(said: Said, weights: Sequence[float], has: Sequence[float]) -> dict[str, float]:
    content = said.content
    total = sum(weights[at] for at in content)
    missing = sorted((weights[at] * (1 - has[at]) for at in content), reverse=True)
    return {
        "idf_coverage": 1 - sum(missing) / total if total else 0.0,
        "coverage": sum(has[at] for at in content) / len(content) if content else 0.0,
        "all_coverage": sum(has) / len(has) if has else 0.0,
        "missing_log": math.log1p(sum(missing)),
        "missing_count": math.log1p(sum(has[at] < 1 for at in content)),
        "missing_worst": missing[0] if missing else 0.0,
        "missing_second": missing[1] if len(missing) > 1 else 0.0,
        "all_there": float(bool(content) and not any(missing)),
        "is_empty": float(not content),
    }


def _clauses(said: Said, weights: Sequence[float], has: Sequence[float]) -> dict[str, float]:
    shares = []
    for start, end in said.clauses:
        inside = [at for at in said.content if start <= at < end]
        total = sum(weights[at] for at in inside)
        if total:
            shares.append(sum(weights[at] * has[at] for at in inside) / total)
    return {
        "worst_clause": min(shares, default=0.0),
        "last_clause": shares[-1] if shares else 0.0,
        "clauses": math.log1p(len(said.clauses)),
    }


def _order(said: Said, evidence: Evidence) -> dict[str, float]:
    count = len(said.stems) or 1
    masks = [evidence.places.get(word, 0) for word in said.stems]
    kept = [masks[at] for at in said.content]
    runs = _runs(masks)
    pairs = list(pairwise(said.stems))
    triples = list(zip(said.stems, said.stems[1:], said.stems[2:], strict=False))
    return {
        "lcs": _common(masks, evidence.length) / count,
        "content_lcs": _common(kept, evidence.length) / (len(kept) or 1),
        "pairs": sum(pair in evidence.pairs for pair in pairs) / (len(pairs) or 1),
        "triples": sum(triple in evidence.triples for triple in triples) / (len(triples) or 1),
        "longest_run": max(runs, default=0) / count,
        "longest_run_log": math.log1p(max(runs, default=0)),
        "copied": sum(run for run in runs if run > 1) / count,
        "density": math.sqrt(sum(run * run for run in runs)) / count,
        "breaks": math.log1p(len(runs)),
        "tail_run": runs[-1] / count if runs and masks[-1] else 0.0,
    }


def _runs(masks: Sequence[int]) -> list[int]:
    """Lengths of the longest copied runs, left to right."""
    runs: list[int] = []
    at = 0
    while at < len(masks):
        ends, length = masks[at], 0
        while ends:
            length += 1
            ends = (ends << 1) & masks[at + length] if at + length < len(masks) else 0
        if length:
            runs.append(length)
        at += max(1, length)
    return runs


def _common(masks: Sequence[int], length: int) -> int:
    """Length of the longest common subsequence, all positions of the evidence at once."""
    full = (1 << length) - 1
    row = full
    for mask in masks:
        matched = row & mask
        row = ((row + matched) | (row - matched)) & full
    return length - row.bit_count()


def _alignment(said: Said, weights: Sequence[float], evidence: Evidence) -> dict[str, float]:
    """How much one sentence, or two, of the evidence carry."""
    told = [(weights[at], evidence.sentence_of.get(said.stems[at], ())) for at in said.content]
    total = sum(weight for weight, _ in told)
    held: dict[int, float] = {}
    for weight, numbers in told:
        for number in numbers:
            held[number] = held.get(number, 0.0) + weight
    ranked = sorted(held, key=lambda number: -held[number])[:6]
    best = ranked[0] if ranked else -1
    both = held.get(best, 0.0)
    by_best = [(weight, numbers, best in numbers) for weight, numbers in told]
    for number in ranked[1:]:
        both = max(both, sum([weight for weight, numbers, is_best in by_best if is_best or number in numbers]))
    denied = any(is_negation(word) for word in said.raw)
    return {
        "best_sentence": held.get(best, 0.0) / total if total else 0.0,
        "two_sentences": both / total if total else 0.0,
        "denies_alone": float(denied and best not in evidence.negated),
        "denial_lost": float(not denied and best in evidence.negated),
    }


def _voice(said: Said, evidence: Evidence) -> dict[str, float]:
    """Words of somebody who chats and does not report, where the evidence has none of them."""
    alone = [word for word in said.raw if word not in evidence.raw]
    first = next((word for word in said.raw if word not in GREETS), "")
    asks = "?" in said.text or "？" in said.text
    return {
        "self": float(min(3, sum(word in SELF for word in alone))),
        "opens_self": float(first in SELF and first not in evidence.raw),
        "you": float(min(2, sum(word in {"you", "your", "u"} for word in alone))),
        "opinion": float(min(3, sum(word in OPINION for word in alone))),
        "hedge": float(min(3, sum(word in HEDGES for word in alone))),
        "greets": float(min(2, sum(word in GREETS for word in said.raw))),
        "asks_alone": float(asks and first in ASKS),
    }


def _facts(said: Said, evidence: Evidence) -> dict[str, float]:
    numbers = numbers_of(said.text)
    names = {stem(word) for name in _NAME.findall(said.text) for word in words(name)[:1]}
    return {
        "numbers_alone": float(min(2, len(numbers - evidence.numbers))),
        "numbers_held": float(min(2, len(numbers & evidence.numbers))),
        "names_alone": float(min(2, sum(name not in evidence.places for name in names))),
        "denies": float(any(is_negation(word) and word not in evidence.raw for word in said.raw)),
    }
