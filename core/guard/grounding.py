"""Is what a reply says supported by its evidence?  Offline: word statistics and learned weights, no model call.  Pure.

A reply's own opinions, questions and chat count against it: ask only for sentences that state something.

What it cannot see: a single swapped word that also stands in the evidence, a wrong conclusion from right words, and answers
in another language than their evidence (ask ``is_comparable`` first).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp

from core.guard.grounding_features import features, language_of, read_evidence, read_response

THRESHOLD = 0.5
"""A whole reply is supported from here on: both kinds of mistakes are equally rare on judged replies."""

SENTENCE_THRESHOLD = 0.1
"""For one sentence beside the guard's exact rules.  What agents write in their own words about a page scores lower than a quote:
here four in five sentences from nowhere are stopped, and no quoted or lightly edited one."""

WEIGHTS = "grounding.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A logistic regression; ``rarity`` tells how rare a stem is in talk, 0 to 1, and 1 for one it does not list."""

    weights: Mapping[str, float]
    bias: float
    rarity: Mapping[str, float]

    def score(self, named: Mapping[str, float]) -> float:
        """0 to 1 for the features of a reply."""
        margin = self.bias + sum(weight * named[name] for name, weight in self.weights.items())
        return 1 / (1 + exp(-max(-40.0, min(40.0, margin))))


def score(response: str, evidence: Sequence[str]) -> float:
    """How well the evidence supports the response, 0 to 1; 0 without evidence, 1 for a response that has no words."""
    named = measured(response, evidence, model().rarity)
    if named is None:
        return 1.0
    return model().score(named) if any(passage.strip() for passage in evidence) else 0.0


def is_comparable(response: str, evidence: Sequence[str]) -> bool:
    """Whether both seem to be in one language; else a low score says nothing."""
    return language_of(response) == language_of(" ".join(passage[:1_000] for passage in evidence))


def measured(response: str, evidence: Sequence[str], rarity: Mapping[str, float]) -> dict[str, float] | None:
    """The features of a response, None when it has no words."""
    language = language_of(response)
    said = read_response(response, language)
    if not said.raw:
        return None
    return features(said, read_evidence(tuple(evidence), language), [rarity.get(word, 1.0) for word in said.stems])


@cache
def model() -> Model:
    """The shipped weights, read at first use; ``python -m evals.train_grounding`` makes them."""
    stored = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    return Model(weights=stored["weights"], bias=stored["bias"], rarity=stored["rarity"])
