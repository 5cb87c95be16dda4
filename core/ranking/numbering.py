"""Words as numbers: a chunk is split once for many questions, and every word is stemmed once.

A company's customers ask for the same pages again and again.  A vocabulary grows with the texts that are read; once it is full
the next question begins a new one.  Thread-safe.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.words import fold, stem, stop_words

Numbers = NDArray[np.int32]

FULL = 50_000
"""Words; each takes about 300 bytes."""

KEPT_TEXTS = 2_048
"""Texts of chunks whose numbers are kept, 4 bytes a word beside the text itself; and as many titles and headings."""

LONG = 6
"""Letters of the words by which passages are alike: these are few, and tell most."""

OPENING = 2
"""Letters that a word shares with its stem."""

BEYOND = ""
"""In place of the opening of words that are not ASCII: folded they may begin otherwise."""

_WORD = re.compile(r"[^\W_]+")
_TYPOGRAPHY = ("’", "‘", "“", "”", "–", "—", "•", "…", "\u00a0")
"""Without these most English text is ASCII, and that is split several times as fast."""

_PLAIN = str.maketrans({chr(code): chr(code).lower() if chr(code).isalnum() else " " for code in range(128)})


def split(text: str) -> list[str]:
    """The words of a text in lower case, in order; quick rather than nice: "don't" is two."""
    if not text.isascii():
        for sign in _TYPOGRAPHY:
            text = text.replace(sign, " ")
    return text.translate(_PLAIN).split() if text.isascii() else _WORD.findall(text.lower())


def tells(word: str, stop: Collection[str]) -> bool:
    """Whether a word says what a text is about."""
    return word not in stop and (len(word) > 1 or word.isdigit())


@lru_cache(maxsize=64)
def stop_words_of(language: str) -> frozenset[str]:
    """Those of a language, and the English ones."""
    return stop_words(language) | stop_words("en")


class _Alike:
    """Words that open alike, with their numbers; by stem for each language that was asked for."""

    __slots__ = ("_stemmed", "words")

    def __init__(self) -> None:
        self.words: list[tuple[str, int]] = []
        self._stemmed: dict[str, tuple[dict[str, list[int]], int]] = {}

    def of_stem(self, wanted: str, language: str, lock: threading.Lock) -> Collection[int]:
        by_stem, done = self._stemmed.get(language, ({}, 0))
        if done < len(self.words):
            with lock:
                by_stem, done = self._stemmed.get(language, ({}, 0))
                for word, number in self.words[done:]:
                    by_stem.setdefault(stem(fold(word), language), []).append(number)
                self._stemmed[language] = by_stem, len(self.words)
        return by_stem.get(wanted, ())


class Vocabulary(dict[str, int]):
    """Word → number, from 0 in the order in which they were met."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._alike: defaultdict[str, _Alike] = defaultdict(_Alike)
        self._is_long = np.zeros(FULL, np.bool_)
        self.text = lru_cache(KEPT_TEXTS)(self._text)
        self.telling = lru_cache(KEPT_TEXTS)(self._telling)

    def __missing__(self, word: str) -> int:
        """Give a new word its number; last of all, so that whoever has the number finds what belongs to it."""
        with self._lock:
            known = self.get(word)
            if known is not None:
                return known
            number = len(self)
            if number == len(self._is_long):
                self._is_long = np.concatenate([self._is_long, np.zeros(FULL, np.bool_)])
            self._is_long[number] = len(word) >= LONG
            self._alike[word[:OPENING] if word.isascii() else BEYOND].words.append((word, number))
            self[word] = number
            return number

    def _text(self, text: str) -> Numbers:
        return self._numbered(split(text))

    def _telling(self, text: str, language: str) -> Numbers:
        stop = stop_words_of(language)
        return self._numbered([word for word in split(text) if tells(word, stop)])

    def _numbered(self, words: list[str]) -> Numbers:
        return np.fromiter(map(self.__getitem__, words), np.int32, len(words))

    def of_stem(self, wanted: str, language: str) -> list[int]:
        """The numbers of all words with this stem."""
        alike = (self._alike.get(wanted[:OPENING]), self._alike.get(BEYOND))
        return [number for words in alike if words for number in words.of_stem(wanted, language, self._lock)]

    def is_long(self) -> NDArray[np.bool_]:
        """By number; at least those that were given or named before."""
        return self._is_long


class Vocabularies:
    """The vocabulary of the next question."""

    def __init__(self) -> None:
        self._newest = Vocabulary()

    def newest(self) -> Vocabulary:
        """A new one when the last is full; questions that still read by that one keep it."""
        if len(self._newest) >= FULL:
            self._newest = Vocabulary()
        return self._newest
