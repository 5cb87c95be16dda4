"""Trains a model of intents: least squares in closed form over words, pieces of words and nearness to examples.

Few examples are solved exactly, as a kernel machine in which each example has a say.  Many are solved over the commonest
n-grams and some examples as landmarks, beside a linear machine over all n-grams and the chief directions of the vectors; only
this loads scikit-learn (about a second).
The same input gives the same model on the same machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.intents.grams import Vocabulary, Weighted, piece_grams, tokens, word_grams
from core.intents.model import TOP, Floats, IntentModel, Weights
from core.ports.embedding import Embedder, Vectors
from core.words import fold

EXACT: Final = 2_000
"""So many examples are solved exactly, and so many landmarks are kept of more: bounds memory and time of a guess."""

MAX_WORDS: Final = 20_000
MAX_PIECES: Final = 4_000
COMMON: Final = 500
"""n-grams of each kind that stand beside the landmarks when there are many examples; the others are the linear machine's."""

WIDTH: Final = 1.0
WIDTH_OF_MANY: Final = 0.6
"""How fast an example's say fades with distance; landmarks stand further apart, so each reaches further."""

RIDGE: Final = 0.03
SHARES: Final = (0.1, 0.1, 0.8)
"""Say of words, pieces and nearness in how alike two messages are; found on parts of public sets that training did not see."""

SHARES_WITHOUT: Final = (0.5, 0.5, 0.0)
BESIDE: Final = 0.5
"""Say of the linear machine."""

COST, STOP, PIECES = 1.0, 0.3, 0.7
"""Of the linear machine: what an error costs, when it is good enough, and what a piece counts beside a word."""

DIRECTIONS: Final = 64
"""So many directions of the vectors it learns from; all of them would take three times as long and gain nothing."""

JITTER: Final = 1e-4
BLOCK: Final = 2_048
"""Rows that are dense at a time."""

Targets = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Examples as numbers; ``owners`` holds the place of each one's intent, -1 for none."""

    words: list[Weighted]
    pieces: list[Weighted]
    vectors: Vectors
    owners: NDArray[np.int32]
    intents: int

    def __len__(self) -> int:
        return len(self.words)

    def targets(self, part: slice) -> Targets:
        """1 for the intent, 0 for the others, centred where there are others."""
        owners = self.owners[part]
        wanted = np.full((len(owners), self.intents), -1.0 / self.intents if self.intents > 1 else 0.0)
        at = np.flatnonzero(owners >= 0)
        wanted[at, owners[at]] += 1
        return wanted

    def dense(self, part: slice, words: int, pieces: int, shares: tuple[float, float, float]) -> Floats:
        """The first so many n-grams of both kinds as a table."""
        table = np.zeros((len(self.words[part]), words + pieces), np.float32)
        for row, said, bits in zip(table, self.words[part], self.pieces[part], strict=True):
            _put(row[:words], said, shares[0] ** 0.5)
            _put(row[words:], bits, shares[1] ** 0.5)
        return table


def train(
    examples: Mapping[str, Sequence[str]],
    embedder: Embedder | None,
    *,
    negatives: Sequence[str] = (),
    thresholds: Mapping[str, float] | None = None,
    seed: int = 0,
) -> IntentModel:
    """A model of these intents; their names are read as an example each.

    ``negatives`` are messages that want none of them.  ``seed`` decides which of many examples are landmarks.
    ``EmbedderUnavailable`` when the embedder is.
    """
    names = tuple(sorted(name for name, said in examples.items() if any(tokens(text) for text in said)))
    texts, owners = _labelled(names, examples, negatives)
    said = [tokens(text) for text in texts]
    words = Vocabulary.learned([word_grams(one) for one in said], MAX_WORDS)
    pieces = Vocabulary.learned([piece_grams(one) for one in said], MAX_PIECES)
    rows = _Rows(
        words=[words.weigh(word_grams(one)) for one in said],
        pieces=[pieces.weigh(piece_grams(one)) for one in said],
        vectors=_embedded(texts, embedder),
        owners=np.array(owners, np.int32),
        intents=max(1, len(names)),
    )
    weights = _solve(rows, len(words.rarity), len(pieces.rarity), seed)
    return IntentModel(
        names=names,
        words=words,
        pieces=pieces,
        weights=weights,
        width=_width(rows),
        usual=_usual(weights.landmarks.T),
        examples=len(texts) - len(negatives),
        embedder=embedder,
        thresholds=dict(thresholds or {}),
    )


def _labelled(
    names: Sequence[str], examples: Mapping[str, Sequence[str]], negatives: Sequence[str]
) -> tuple[list[str], list[int]]:
    """Texts with words in them, each once per intent, and the places of their intents."""
    pairs: dict[tuple[str, int], str] = {}
    for place, name in enumerate(names):
        for text in (*examples[name], " ".join(tokens(name.replace("_", " ")))):
            pairs.setdefault((fold(text).strip(), place), text)
    for text in negatives:
        pairs.setdefault((fold(text).strip(), -1), text)
    kept = {key: text for key, text in pairs.items() if tokens(text)}
    return list(kept.values()), [place for _, place in kept]


def _embedded(texts: Sequence[str], embedder: Embedder | None) -> Vectors:
    if embedder is None or not texts:
        return np.zeros((len(texts), 0), np.float32)
    parts = [texts[at : at + embedder.batch] for at in range(0, len(texts), embedder.batch)]
    return np.vstack([embedder.embed(part) for part in parts])


def _solve(rows: _Rows, words: int, pieces: int, seed: int) -> Weights:
    has_vectors = rows.vectors.shape[1] > 0
    if len(rows) <= EXACT:
        return _exact(rows, words, pieces, SHARES if has_vectors else SHARES_WITHOUT)
    beside = _linear(rows, words, pieces, seed)
    if not has_vectors:
        return _weights(beside, rows, np.zeros(0, np.intp), None)
    landmarks = _landmarks(rows.owners, seed)
    common = min(words, COMMON), min(pieces, COMMON)
    found, nearby = _landmarked(rows, *common, landmarks)
    said, bits, slopes, bias = (np.float32(BESIDE) * table for table in beside)
    said[: common[0]] += found[: common[0]]
    bits[: common[1]] += found[common[0] :]
    return _weights((said, bits, slopes, bias), rows, landmarks, nearby)


def _weights(
    tables: tuple[Floats, Floats, Floats, Floats], rows: _Rows, landmarks: NDArray[np.intp], nearby: Floats | None
) -> Weights:
    words, pieces, slopes, bias = tables
    vectors, scales = _rounded(rows.vectors[landmarks])
    return Weights(
        words=_half(words),
        pieces=_half(pieces),
        slopes=_half(slopes),
        bias=_half(bias),
        nearby=np.zeros((0, rows.intents), np.float32) if nearby is None else _half(nearby),
        landmarks=np.ascontiguousarray(vectors.T),
        scales=scales,
        owners=rows.owners[landmarks],
    )


def _exact(rows: _Rows, words: int, pieces: int, shares: tuple[float, float, float]) -> Weights:
    """Each example has a weight per intent; those of the n-grams follow from them."""
    every = slice(0, len(rows))
    table = rows.dense(every, words, pieces, shares)
    vectors = _rounded(rows.vectors)[0]
    alike = (table @ table.T + _nearby(vectors, vectors, shares[2], WIDTH)).astype(np.float64)
    alike.flat[:: len(rows) + 1] += RIDGE
    says = np.linalg.solve(alike, rows.targets(every)).astype(np.float32)
    grams = table.T @ says
    grams[:words] *= shares[0] ** 0.5
    grams[words:] *= shares[1] ** 0.5
    bias, slopes = np.zeros(rows.intents, np.float32), np.zeros((0, rows.intents), np.float32)
    chosen = np.arange(len(rows) if shares[2] else 0)
    tables = grams[:words], grams[words:], slopes, bias
    return _weights(tables, rows, chosen, np.float32(shares[2]) * says[: len(chosen)])


def _landmarked(rows: _Rows, words: int, pieces: int, landmarks: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Least squares over the commonest n-grams and the landmarks; the landmarks' overlap is taken out first."""
    from scipy.linalg import cho_solve, solve_triangular  # noqa: PLC0415  as the linear machine's

    share = SHARES[2]
    chosen, _ = _rounded(rows.vectors[landmarks])
    alike = _nearby(chosen, chosen, share, WIDTH_OF_MANY).astype(np.float64)
    alike.flat[:: len(landmarks) + 1] += JITTER
    apart = solve_triangular(np.linalg.cholesky(alike), np.eye(len(alike)), lower=True).T.astype(np.float32)
    size = words + pieces + len(landmarks)
    curve, aims = np.zeros((size, size)), np.zeros((size, rows.intents))
    for start in range(0, len(rows), BLOCK):
        part = slice(start, min(len(rows), start + BLOCK))
        near = _nearby(rows.vectors[part], chosen, share, WIDTH_OF_MANY) @ apart
        table = np.hstack([rows.dense(part, words, pieces, SHARES), near])
        curve += table.T @ table
        aims += table.T @ rows.targets(part).astype(np.float32)
    curve.flat[:: size + 1] += RIDGE
    found = cho_solve((np.linalg.cholesky(curve), True), aims).astype(np.float32)
    grams = found[: words + pieces]
    grams[:words] *= SHARES[0] ** 0.5
    grams[words:] *= SHARES[1] ** 0.5
    return grams, np.float32(share) * (apart @ found[words + pieces :])


def _linear(rows: _Rows, words: int, pieces: int, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """A support vector machine per intent: weights of words, pieces and vectors, and the bias."""
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415  costs a second: only those pay who have many examples
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    places, values, starts = [], [], [0]
    for said, bits in zip(rows.words, rows.pieces, strict=True):
        places += said.places + [words + at for at in bits.places]
        values += said.weights + [PIECES * weight for weight in bits.weights]
        starts.append(len(places))
    grams = csr_matrix((np.array(values), np.array(places, np.int32), starts), shape=(len(rows), words + pieces))
    directions = _directions(rows.vectors)
    table = hstack([grams, csr_matrix(rows.vectors @ directions)]).tocsr()
    found = np.zeros((table.shape[1], rows.intents), np.float32)
    bias = np.zeros(rows.intents, np.float32)
    if len(np.unique(rows.owners)) > 1:
        learner = LinearSVC(C=COST, tol=STOP, random_state=seed).fit(table, rows.owners)
        is_pair = len(learner.classes_) == 2
        slopes = np.vstack([-learner.coef_, learner.coef_]) if is_pair else learner.coef_
        offsets = np.hstack([-learner.intercept_, learner.intercept_]) if is_pair else learner.intercept_
        known = learner.classes_ >= 0
        found[:, learner.classes_[known]] = slopes[known].T
        bias[learner.classes_[known]] = offsets[known]
    of_words, of_pieces, of_directions = np.split(found, [words, words + pieces])
    return of_words, np.float32(PIECES) * of_pieces, directions @ of_directions, bias


def _directions(vectors: Vectors) -> Floats:
    """Those along which the vectors differ most, a column each."""
    apart = vectors - vectors.mean(0)
    _, ways = np.linalg.eigh(apart.T @ apart)
    return np.asarray(ways[:, ::-1][:, :DIRECTIONS], np.float32)


def _landmarks(owners: NDArray[np.int32], seed: int) -> NDArray[np.intp]:
    """Examples picked at random, as many of each intent as of any other while it has some."""
    order = np.random.default_rng(seed).permutation(len(owners))
    taken: Counter[int] = Counter()
    turn = np.empty(len(owners), np.int64)
    for place in order:
        owner = int(owners[place])
        turn[place] = taken[owner]
        taken[owner] += 1
    return np.sort(order[np.argsort(turn[order], kind="stable")][:EXACT])


def _width(rows: _Rows) -> float:
    return WIDTH if len(rows) <= EXACT else WIDTH_OF_MANY


def _nearby(left: Vectors, right: Vectors, share: float, width: float) -> Floats:
    """How alike in meaning each of the left is to each of the right, 0 to ``share``."""
    if not share:
        return np.zeros((len(left), len(right)), np.float32)
    return np.asarray(np.float32(share) * np.exp(np.float32(2 * width) * (left @ right.T - 1)), np.float32)


def _usual(landmarks: Floats) -> tuple[float, float]:
    """Mean and spread of the mean cosine of each landmark to the three nearest others."""
    if len(landmarks) < 2:
        return 0.5, 0.2
    near = landmarks @ landmarks.T
    np.fill_diagonal(near, -1.0)
    top = min(TOP, len(landmarks) - 1)
    nearest = np.partition(near, near.shape[1] - top, axis=1)[:, -top:].mean(1)
    return round(float(nearest.mean()), 5), round(max(0.05, float(nearest.std())), 5)


def _put(row: Floats, grams: Weighted, scale: float) -> None:
    """Write the n-grams that have a place in the row."""
    for place, weight in zip(grams.places, grams.weights, strict=True):
        if place < len(row):
            row[place] = weight * scale


def _rounded(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Vectors as int8 holds them, and the scale of each: a quarter of the bytes for a loss nobody sees."""
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0), 1e-6).astype(np.float32) / np.float32(127)
    return np.round(vectors / scales[:, None]) * scales[:, None], scales


def _half(table: Floats) -> Floats:
    """As a file will hold it, so that a model that was kept guesses the same to the last bit."""
    return table.astype(np.float16).astype(np.float32)
