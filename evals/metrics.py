"""What a suite's predictions are worth: one function for each kind of suite, the same figures under the same names everywhere.

Rows are JSON objects as docs/evals.md describes them; a missing prediction counts as a wrong, empty one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.confidence_error import FIRST, confidence_errors
from evals.intervals import Metric, auroc, calibration_error, mean, share, summed
from evals.label_metrics import grounding, injection, intents, sentiment
from evals.span_metrics import spans
from evals.suite import SMALLTALK

Row = Mapping[str, Any]
Pairs = Sequence[tuple[Row, Row]]
"""(item, prediction); the prediction is empty where there is none."""

EXPECTED = {"answerable": "answer", "partial": "answer", "unanswerable": "handoff", "underspecified": "clarify"}
DECISIONS = ("answer", "clarify", "handoff", "none")
CAUGHT_AT = 0.05
"""The share of answerable questions that may be lost while unanswerable ones are caught."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The figures of one suite; ``tables`` are counts by row and column for whoever looks closer."""

    metrics: Mapping[str, Metric]
    tables: Mapping[str, Mapping[str, Mapping[str, float | None]]] = field(default_factory=dict)


def score(kind: str, items: Sequence[Row], predictions: Mapping[str, Row], documents: Mapping[str, str]) -> Scored:
    """The figures of a suite; ``documents`` are id → text, empty where there are none.  ``KeyError``: no such kind."""
    pairs = [(item, predictions.get(item["id"], {})) for item in items]
    if kind == "retrieval":
        return retrieval(pairs, documents)
    metrics, tables = LABELLED[kind](pairs)
    return Scored(metrics=metrics, tables=tables)


LABELLED: Mapping[str, Callable[[Pairs], tuple[dict[str, Metric], dict[str, dict[str, dict[str, float | None]]]]]] = {
    "intents": intents,
    "entities": lambda pairs: spans(pairs, is_pii=False),
    "pii": lambda pairs: spans(pairs, is_pii=True),
    "sentiment": sentiment,
    "grounding": grounding,
    "injection": injection,
}
KINDS = ("retrieval", *LABELLED)


def words(text: str) -> list[str]:
    """A text's words for comparisons, lower-case."""
    return re.findall(r"\w+", text.lower())


def token_f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Shared words, order ignored."""
    if not said or not wanted:
        return float(list(said) == list(wanted))
    return 2 * sum((Counter(said) & Counter(wanted)).values()) / (len(said) + len(wanted))


def rouge_l(said: Sequence[str], wanted: Sequence[str]) -> float:
    """F1 of the longest common subsequence, of the first 600 words each."""
    left, right = said[:600], wanted[:600]
    if not left or not right:
        return float(list(left) == list(right))
    row = [0] * (len(right) + 1)
    for word in left:
        former = 0
        for at, other in enumerate(right, 1):
            former, row[at] = row[at], former + 1 if word == other else max(row[at], row[at - 1])
    return 2 * row[-1] / (len(left) + len(right))


def cited(prediction: Row) -> list[str]:
    """The documents an answer names, each once."""
    return list(dict.fromkeys(prediction.get("citations") or []))


def is_right(item: Row, prediction: Row) -> bool:
    """Whether the question can be answered and a relevant document is cited: what ``ece`` holds a confidence against."""
    return bool(item["answerable"] and set(item["relevant"]) & set(cited(prediction)))


def is_found(item: Row, prediction: Row) -> bool:
    """Whether the question can be answered and a relevant document is among the first: what a confidence states."""
    first = list(dict.fromkeys(prediction.get("ranked") or []))[:FIRST]
    return bool(item["answerable"] and set(item["relevant"]) & set(first))


def retrieval(pairs: Pairs, documents: Mapping[str, str]) -> Scored:
    """Ranking, knowing when not to answer, decisions, answers and their citations.

    Small talk needs no search and has no right document: it has a figure of its own and is in no other.
    """
    talk = of_kind(pairs, SMALLTALK)
    pairs = [pair for pair in pairs if pair[0]["kind"] != SMALLTALK]
    if talk and not pairs:
        return Scored(metrics=_talking(talk), tables={})
    metrics = {**_ranking(pairs), **_abstaining(pairs), **_deciding(pairs), **_calibrated(pairs)}
    metrics.update(_answering(pairs, documents))
    metrics.update(_talking(talk))
    is_decided = any(p.get("decision") for _, p in pairs)
    tables = {"decisions": _decisions(pairs)} if is_decided else {}
    return Scored(metrics=metrics, tables=tables)


def _talking(talk: Pairs) -> dict[str, Metric]:
    """How often small talk was answered as such: without a document, and with no person offered in an answer's place."""
    if not talk:
        return {}
    return {"smalltalk_answered": share(p.get("decision") == "answer" and not cited(p) for _, p in talk)}


def _ranking(pairs: Pairs) -> dict[str, Metric]:
    recall: dict[int, list[float]] = {1: [], 5: [], 10: []}
    gain, reciprocal, hit = [], [], []
    for item, prediction in pairs:
        wanted = set(item["relevant"])
        if not wanted:
            continue
        ranked = list(dict.fromkeys(prediction.get("ranked") or []))[:20]
        for at, values in recall.items():
            values.append(len(wanted & set(ranked[:at])) / len(wanted))
        hit.append(bool(wanted & set(ranked[:5])))
        ideal = sum(1 / math.log2(i + 2) for i in range(min(10, len(wanted))))
        gain.append(sum(1 / math.log2(i + 2) for i, d in enumerate(ranked[:10]) if d in wanted) / ideal)
        reciprocal.append(next((1 / (i + 1) for i, d in enumerate(ranked) if d in wanted), 0.0))
    found = {f"recall@{at}": mean(values) for at, values in recall.items()}
    return {**found, "hit@5": share(hit), "ndcg@10": mean(gain), "mrr@20": mean(reciprocal)}


def of_kind(pairs: Pairs, *kinds: str) -> Pairs:
    """The questions of these kinds."""
    return [(item, prediction) for item, prediction in pairs if item["kind"] in kinds]


def threshold(pairs: Pairs) -> float | None:
    """The highest confidence below which at most ``CAUGHT_AT`` of the answerable questions lie."""
    sure = sorted(float(p.get("confidence") or 0.0) for _, p in of_kind(pairs, "answerable"))
    return sure[int(CAUGHT_AT * len(sure))] if sure else None


def _abstaining(pairs: Pairs) -> dict[str, Metric]:
    yes, no = of_kind(pairs, "answerable"), of_kind(pairs, "unanswerable")
    if not yes or not no or all(p.get("confidence") is None for _, p in pairs):
        return {}
    cut = threshold(pairs)
    missing = {True: 0.0, False: 1.0}
    told = [
        (missing[good] if p.get("confidence") is None else float(p["confidence"]), good)
        for part, good in ((yes, True), (no, False))
        for _, p in part
    ]
    return {
        "abstain_auroc": auroc(told),
        "unanswerable_caught@5%": share(cut is not None and c < cut for c, good in told if not good),
    }


def _deciding(pairs: Pairs) -> dict[str, Metric]:
    if not any(p.get("decision") for _, p in pairs):
        return {}

    def said(kind: str, what: str) -> list[bool]:
        return [p.get("decision") == what for _, p in of_kind(pairs, kind)]

    metrics = {"decision_accuracy": share(p.get("decision") == EXPECTED[item["kind"]] for item, p in pairs)}
    if of_kind(pairs, "unanswerable"):
        metrics["answer_or_not_accuracy"] = share(
            bool(p.get("decision")) and (p["decision"] == "answer") == (item["kind"] == "answerable")
            for item, p in of_kind(pairs, "answerable", "unanswerable")
        )
        metrics["false_answer_rate"] = share(said("unanswerable", "answer"))
    metrics["false_abstention_rate"] = share(not answered for answered in said("answerable", "answer"))
    if of_kind(pairs, "underspecified"):
        metrics["underspecified_clarified"] = share(said("underspecified", "clarify"))
        metrics["underspecified_answered"] = share(said("underspecified", "answer"))
    return metrics


def _calibrated(pairs: Pairs) -> dict[str, Metric]:
    known = [(item, p) for item, p in pairs if p.get("confidence") is not None]
    answered = [(item, p) for item, p in answers(pairs) if p.get("confidence") is not None]
    errors = {
        name: calibration_error([float(p["confidence"]) for _, p in part], [is_right(item, p) for item, p in part])
        for name, part in (("ece", known), ("ece_answered", answered))
        if part
    }
    ranked = [(item, p) for item, p in known if p.get("ranked") is not None]
    if ranked:
        sure = [float(p["confidence"]) for _, p in ranked]
        errors |= confidence_errors(sure, [is_found(item, p) for item, p in ranked])
    return errors


def answers(pairs: Pairs) -> Pairs:
    """Those that were answered: by decision where there are any, else those with words."""
    if any(p.get("decision") for _, p in pairs):
        return [(item, p) for item, p in pairs if p.get("decision") == "answer"]
    return [(item, p) for item, p in pairs if p.get("answer")]


def _answering(pairs: Pairs, documents: Mapping[str, str]) -> dict[str, Metric]:
    given = answers(pairs)
    if not given:
        return {}
    named = [(len(set(item["relevant"]) & set(cited(p))), len(cited(p))) for item, p in given]
    with_documents = [(item, p) for item, p in given if item["relevant"]]
    metrics = {
        "citation_precision": summed(named, lambda sums: sums[0] / sums[1] if sums[1] else None),
        "answers_with_citation": share(cited(p) for _, p in given),
        "answers_with_relevant_citation": share(is_right(item, p) for item, p in given),
        "same_where_docs_exist": share(is_right(item, p) for item, p in with_documents),
    }
    compared = [
        (words(p["answer"]), words(item["reference"]))
        for item, p in with_documents
        if item.get("reference") and p.get("answer")
    ]
    if compared:
        metrics["answer_token_f1"] = mean(token_f1(said, wanted) for said, wanted in compared)
        metrics["answer_rouge_l"] = mean(rouge_l(said, wanted) for said, wanted in compared)
    return {**metrics, **_standing(given, documents)}


def _standing(given: Pairs, documents: Mapping[str, str]) -> dict[str, Metric]:
    """A crude check of grounding: the share of an answer's words that its cited documents have."""
    quoted = [p for _, p in given if p.get("answer") and cited(p)]
    if not quoted or not documents:
        return {}
    bags = {name: set(words(documents.get(name, ""))) for p in quoted for name in cited(p)}
    shares = []
    for p in quoted:
        said = words(p["answer"])
        shares.append(sum(any(w in bags[name] for name in cited(p)) for w in said) / max(1, len(said)))
    return {"answer_words_in_cited_docs": mean(shares)}


def _decisions(pairs: Pairs) -> dict[str, dict[str, float | None]]:
    table: dict[str, dict[str, float | None]] = {}
    for kind in EXPECTED:
        counted = Counter(p.get("decision") or "none" for _, p in of_kind(pairs, kind))
        if counted:
            table[kind] = {decision: counted[decision] for decision in DECISIONS}
    return table
