"""Does a message want anything that the model knows, and is the guess right?  Two small logistic models, learnt elsewhere. Pure.

They were fitted on models of many sizes whose messages partly wanted what the model had never seen, so they hold for any set of
intents; ``python -m evals.train_intents`` makes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log
from typing import Final

WEIGHTS: Final = "scope.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a prediction says about itself.

    ``score`` and ``margin`` are of the best intent, ``log_chance`` its logarithm of a share among all.  ``known_words`` and
    ``known_pieces`` are shares of the message that training has seen.  ``nearest`` and ``own_nearest`` tell how near the nearest
    examples lie, of all intents and of the best one, in deviations from what is usual; 0 without vectors.
    """

    score: float
    margin: float
    log_chance: float
    known_words: float
    known_pieces: float
    nearest: float
    own_nearest: float
    has_vectors: bool
    intents: int
    examples: int

    def features(self) -> tuple[float, ...]:
        """Numbers for the weights, in the order of ``NAMES``."""
        return (
            self.score,
            self.margin,
            self.log_chance,
            self.known_words,
            self.known_pieces,
            self.nearest,
            self.own_nearest,
            log(self.intents),
            log(max(1.0, self.examples / self.intents)),
        )


NAMES: Final = (
    "score",
    "margin",
    "log_chance",
    "known_words",
    "known_pieces",
    "nearest",
    "own_nearest",
    "log_intents",
    "log_examples",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Chances, 0 to 1: the message wants something known; the best intent is the right one (never above the first)."""

    in_scope: float
    right: float


def judge(reading: Reading) -> Judged:
    """Judge one prediction."""
    table = weights()["vectors" if reading.has_vectors else "words"]
    features = dict(zip(NAMES, reading.features(), strict=True))
    in_scope = _chance(table["in_scope"], features)
    return Judged(in_scope=in_scope, right=min(in_scope, _chance(table["right"], features)))


def _chance(table: Mapping[str, float], features: Mapping[str, float]) -> float:
    margin = sum(weight * features.get(name, 1.0) for name, weight in table.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, margin))))


@cache
def weights() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """With and without vectors → what is asked → weight of each feature, and ``bias``."""
    loaded: Mapping[str, Mapping[str, Mapping[str, float]]] = json.loads(
        files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8")
    )
    return loaded
