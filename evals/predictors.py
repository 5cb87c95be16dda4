"""What predicts the items of a suite: for every kind the part of the product that a turn uses for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from core.ports.embedding import Embedder
from evals.engine import Setting, asking
from evals.opened import Opened

Row = Mapping[str, Any]
Predict = Callable[[Row], dict[str, Any]]


def predictor_of(
    suite: Opened, setting: Setting, embedder: Embedder | None
) -> Callable[[], AbstractContextManager[Predict]]:
    """How the suite is predicted; opening it builds or loads what is needed."""
    if suite.kind == "retrieval":
        return partial(asking, suite, setting)
    if suite.kind == "intents":
        return partial(_intents, suite, embedder)
    if suite.kind == "sentiment":
        return partial(_sentiment, embedder)
    return LABELLED[suite.kind]


@contextmanager
def _intents(suite: Opened, embedder: Embedder | None) -> Iterator[Predict]:
    """A model of the suite's own training examples, trained as at load."""
    from evals.intents import Labelled, learnt, predictions, read  # noqa: PLC0415

    model = learnt(read(suite.path / "train.jsonl"), embedder)

    def predict(item: Row) -> dict[str, Any]:
        (row,) = predictions(model, [Labelled(id=str(item["id"]), text=item["text"], intent=None)])
        return {"intent": row["intent"], "confidence": round(row["confidence"], 6)}

    yield predict


@contextmanager
def _grounding() -> Iterator[Predict]:
    from core.guard import grounding  # noqa: PLC0415

    def predict(item: Row) -> dict[str, Any]:
        score = grounding.score(item["response"], tuple(item["knowledge"]))
        return {"supported": score >= grounding.THRESHOLD, "score": round(score, 5)}

    yield predict


@contextmanager
def _injection() -> Iterator[Predict]:
    from core.untrusted.injection import examine  # noqa: PLC0415

    def predict(item: Row) -> dict[str, Any]:
        found = examine(item["text"], item["where"])
        return {"flagged": found.flagged, "score": round(found.score, 5)}

    yield predict


@contextmanager
def _entities() -> Iterator[Predict]:
    from core.entities import entities  # noqa: PLC0415
    from evals.entities import AT, predicted  # noqa: PLC0415

    yield lambda item: {"entities": predicted(entities(item["text"], at=AT))}


@contextmanager
def _pii() -> Iterator[Predict]:
    from core.guard.pii import find  # noqa: PLC0415
    from evals.pii import TYPES  # noqa: PLC0415

    def predict(item: Row) -> dict[str, Any]:
        found = find(item["text"], weak=True)
        return {"entities": [{"type": TYPES[one.kind], "start": one.start, "end": one.end} for one in found]}

    yield predict


@contextmanager
def _sentiment(_: Embedder | None) -> Iterator[Predict]:
    from core.sentiment import label, polarity  # noqa: PLC0415

    def predict(item: Row) -> dict[str, Any]:
        score = polarity(item["text"])
        return {"label": label(score), "score": round(score, 4)}

    yield predict


LABELLED: Mapping[str, Callable[[], AbstractContextManager[Predict]]] = {
    "entities": _entities,
    "pii": _pii,
    "grounding": _grounding,
    "injection": _injection,
}
