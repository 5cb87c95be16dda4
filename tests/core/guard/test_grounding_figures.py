"""The shipped weights on the shared data, and what the same training gives on items it has not seen."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.guard.grounding import SENTENCE_THRESHOLD, THRESHOLD, model, score
from evals.grounding_data import judged, support
from evals.learning import balanced_accuracy
from evals.train_grounding import cross_validated, held_out, tabled

DATA = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data"
pytestmark = pytest.mark.skipif(
    not (DATA / "grounding_begin").exists(), reason="FRONTDESK_SHARED names no shared data: no judged replies"
)


@pytest.mark.slow
def test_judged_replies_that_the_weights_have_not_seen() -> None:
    rare = dict(model().rarity)
    real = tabled(judged(DATA / "grounding_begin"), rare)
    made = tabled(support(DATA, seed=1, passages=40), rare)
    scores = cross_validated(real, made)
    assert balanced_accuracy(scores >= THRESHOLD, real.truth) >= 0.89
    assert held_out(real, made, "wow_dev")[0] >= 0.87
    assert held_out(real, made, "cmu_dev")[0] >= 0.90


def test_the_shipped_weights_know_the_judged_replies() -> None:
    items = judged(DATA / "grounding_begin")
    scores = np.array([score(item.response, item.evidence) for item in items])
    assert balanced_accuracy(scores >= THRESHOLD, np.array([item.is_supported for item in items])) >= 0.91


def test_sentences_of_support_pages() -> None:
    """Another sample than the weights have seen: quoted and edited ones pass, those of another page do not."""
    items = support(DATA, seed=7, passages=40)
    scored = [(item.how, score(item.response, item.evidence)) for item in items]
    quoted, edited, strange, grafted = (
        np.array([value for kind, value in scored if kind == how]) for how in ("quoted", "edited", "strange", "grafted")
    )
    assert (quoted >= THRESHOLD).mean() >= 0.99
    assert (edited >= THRESHOLD).mean() >= 0.97
    assert (strange >= THRESHOLD).mean() <= 0.12
    assert (grafted >= THRESHOLD).mean() <= 0.20
    assert (strange >= SENTENCE_THRESHOLD).mean() <= 0.22
