"""Typing mistakes: from a word the index does not know to the likeliest one it knows.  Pure but for the vocabulary asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

KEPT_LETTERS = 2
"""People rarely mistype the first letters, and asking the vocabulary by them keeps this cheap."""

MIN_LENGTH = 5
"""Shorter words have too many neighbours."""

KEPT_WORDS = 8_192
"""Of words that were looked at for slips."""

Vocabulary = Callable[[str], Iterable[tuple[str, int]]]
"""Known words that start with a prefix, each with the number of chunks that hold it."""


def correction(word: str, vocabulary: Vocabulary, *, at_least: int = 2) -> str | None:
    """The most frequent known word one slip away: a letter left out, doubled, wrong, or two swapped.

    A word found in fewer than ``at_least`` chunks may be a slip itself.
    """
    if len(word) < MIN_LENGTH or any(ch.isdigit() for ch in word):
        return None
    near = [
        (count, known)
        for known, count in vocabulary(word[:KEPT_LETTERS])
        if count >= at_least and abs(len(known) - len(word)) <= 1 and is_one_slip(word, known)
    ]
    return max(near)[1] if near else None


def is_one_slip(a: str, b: str) -> bool:
    """One insertion, deletion, substitution or swap of neighbours apart."""
    if a == b:
        return False
    start = _common_prefix(a, b)
    rest_a, rest_b = a[start:], b[start:]
    if len(rest_a) == len(rest_b):
        return rest_a[1:] == rest_b[1:] or (
            rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:] and len(rest_a) > 1
        )
    return rest_a[1:] == rest_b or rest_a == rest_b[1:]


def _common_prefix(a: str, b: str) -> int:
    same = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        same += 1
    return same


class Slips:
    """Words that are recognised one slip of the finger away; ``kept`` look like slips of them and are words of their own.

    Shorter words than ``MIN_LENGTH`` and those with digits stay as they are written.
    """

    def __init__(self, words: Collection[str], *, kept: Collection[str]) -> None:
        self._known = frozenset(words) | frozenset(kept)
        self._by_letter = {first: sorted(w for w in words if w[0] == first) for first in sorted({w[0] for w in words})}
        self._meant = lru_cache(maxsize=KEPT_WORDS)(self._look)

    def __call__(self, word: str) -> str:
        """The word that is meant; the word itself where none is near."""
        if len(word) < MIN_LENGTH or word in self._known or not word.isalpha():
            return word
        return self._meant(word)

    def _look(self, word: str) -> str:
        return next((meant for meant in self._by_letter.get(word[0], ()) if is_one_slip(word, meant)), word)
