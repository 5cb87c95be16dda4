"""A trained model of intents: scores in plain numpy, no learner's library at run time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.errors import EmbedderUnavailable
from core.intents.grams import Vocabulary, Weighted, piece_grams, tokens, word_grams
from core.intents.scope import Reading, judge
from core.ports.embedding import Embedder

Floats: TypeAlias = NDArray[np.float32]

TOP: Final = 3
"""So many intents are told, and so many nearest examples looked at."""

THRESHOLD: Final = 0.15
"""Least confidence for an intent to be named, where the operator sets none: of what wants a known intent hardly any guess that is
right goes unnamed, of what is far from all of them about half is.  Who acts on an intent alone should ask for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentGuess:
    """What a message wants.

    ``name`` is None when ``confidence`` is below the intent's threshold.  ``in_scope`` is the chance (0-1) that it wants one of
    the known intents at all, ``confidence`` that it wants the first of ``ranked``: up to three names with their scores, best
    first, comparable within one guess.  ``ranked`` is empty for a message without words.
    """

    name: str | None
    confidence: float
    in_scope: float
    ranked: tuple[tuple[str, float], ...]


NOTHING: Final = IntentGuess(name=None, confidence=0.0, in_scope=0.0, ranked=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One column per intent.

    ``words`` and ``pieces`` have a row for each n-gram of their vocabulary, ``nearby`` one for each landmark: an example whose
    vector is a column of ``landmarks``, whole numbers times its place in ``scales``, and whose intent is its place in ``owners``
    (-1: none).  ``slopes`` has a row for each number of the vector, or none.  ``bias`` is added.
    """

    words: Floats
    pieces: Floats
    nearby: Floats
    slopes: Floats
    landmarks: Floats
    scales: Floats
    owners: NDArray[np.int32]
    bias: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentModel:
    """Immutable and thread-safe; made by ``training.train``.

    ``width`` is how fast an example's say fades with distance.  ``usual`` are mean and spread of how near examples lie to
    each other.  ``examples`` is how many were learnt from.  ``thresholds`` are the operator's, by name.
    """

    names: tuple[str, ...]
    words: Vocabulary
    pieces: Vocabulary
    weights: Weights
    width: float
    usual: tuple[float, float]
    examples: int
    embedder: Embedder | None
    thresholds: Mapping[str, float]

    def predict(self, text: str, *, vector: Floats | None = None) -> IntentGuess:
        """Guess what the message wants; ``vector`` is its embedding when somebody has made it already.

        Without vectors for the moment (a remote embedder is out) the words alone decide.
        """
        looked = self._look(text, vector)
        if looked is None:
            return NOTHING
        scores, reading = looked
        places = np.argsort(-scores, kind="stable")[:TOP]
        ranked = tuple((self.names[place], round(float(scores[place]), 4)) for place in places)
        judged = judge(reading)
        is_known = judged.right >= self.thresholds.get(ranked[0][0], THRESHOLD)
        name = ranked[0][0] if is_known else None
        return IntentGuess(name=name, confidence=judged.right, in_scope=judged.in_scope, ranked=ranked)

    def read(self, text: str) -> Reading | None:
        """What a guess rests on; None when there is nothing to guess from."""
        looked = self._look(text, None)
        return None if looked is None else looked[1]

    def _look(self, text: str, vector: Floats | None) -> tuple[Floats, Reading] | None:
        said = tokens(text)
        if not said or not self.names:
            return None
        words, pieces = self.words.weigh(word_grams(said)), self.pieces.weigh(piece_grams(said))
        scores = self.weights.bias + _weighted(words, self.weights.words) + _weighted(pieces, self.weights.pieces)
        vector = self._vector(text, vector)
        near = None
        if vector is not None:
            near = _sum(vector, self.weights.landmarks)
            scores = scores + _sum(np.exp(2 * self.width * (near - 1)), self.weights.nearby)
            scores = scores + _sum(vector, self.weights.slopes) if len(self.weights.slopes) else scores
        elif not words.places and not pieces.places:
            return None
        return scores, self._reading(scores, near, words, pieces)

    def _vector(self, text: str, vector: Floats | None) -> Floats | None:
        """The text's, if it is not there already; None without a usable one."""
        if self.embedder is None or not self.weights.landmarks.size:
            return None
        if vector is None:
            try:
                vector = self.embedder.embed((text,))[0]
            except EmbedderUnavailable:
                return None
        return vector if vector.any() else None

    def _reading(self, scores: Floats, near: Floats | None, words: Weighted, pieces: Weighted) -> Reading:
        order = np.sort(scores)[::-1]
        spread = np.exp(SHARPNESS * (order - order[0]))
        mean, deviation = self.usual
        nearest = own = 0.0
        if near is not None:
            mine = self.weights.owners == int(scores.argmax())
            known = near if self.weights.owners.min() >= 0 else near[self.weights.owners >= 0]
            nearest = (_top_mean(known) - mean) / deviation
            own = (_top_mean(near[mine]) - mean) / deviation if mine.any() else 0.0
        return Reading(
            score=float(order[0]),
            margin=float(order[0] - order[1]) if len(order) > 1 else float(order[0]),
            log_chance=-log(float(spread.sum())),
            known_words=words.known,
            known_pieces=pieces.known,
            nearest=nearest,
            own_nearest=own,
            has_vectors=near is not None,
            intents=len(self.names),
            examples=self.examples,
        )


SHARPNESS: Final = 8.0
"""Scores lie about between 0 and 1; so sharply they are told apart as chances."""


def _weighted(row: Weighted, table: Floats) -> Floats:
    if not row.places:
        return np.zeros(table.shape[1], np.float32)
    return _sum(np.asarray(row.weights, np.float32), table[row.places])


def _sum(weights: Floats, rows: Floats) -> Floats:
    """The weighted sum of the rows.  Not by BLAS: its threads wait for busy cores, and its last bits depend on them."""
    return np.asarray(np.einsum("i,ij->j", weights, rows))


def _top_mean(cosines: Floats) -> float:
    """The mean of the three largest."""
    if len(cosines) <= TOP:
        return float(cosines.mean())
    return float(np.partition(cosines, len(cosines) - TOP)[-TOP:].mean())
