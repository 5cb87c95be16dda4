"""Figures of suites whose items get one label: intents, sentiment, grounding, injection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from evals.intervals import Metric, auroc, calibration_error, macro_f1, rank_correlation, share, summed

Row = Mapping[str, Any]
Pairs = Sequence[tuple[Row, Row]]
Metrics = dict[str, Metric]
Tables = dict[str, dict[str, dict[str, float | None]]]

NEUTRAL_BAND = 0.5
"""Scores closer to zero than this are neutral."""
MISSING: Final = object()
TONES = ("negative", "neutral", "positive")
OUT_OF_SCOPE = "out of scope"
WORST_CONFUSIONS = 15


def _intent(prediction: Row) -> object:
    return prediction.get("intent") if prediction else MISSING


def intents(pairs: Pairs) -> tuple[Metrics, Tables]:
    """Accuracy in scope, and how well what is out of scope is told from it: always read both."""
    inside = [(item, p) for item, p in pairs if item["intent"] is not None]
    outside = [(item, p) for item, p in pairs if item["intent"] is None]
    metrics = {
        "in_scope_accuracy": share(_intent(p) == item["intent"] for item, p in inside),
        "in_scope_rejected": share(_intent(p) is None for _, p in inside),
        "macro_f1": macro_f1([(i["intent"], _intent(p)) for i, p in pairs], {i["intent"] for i, _ in inside}),
    }
    if outside:
        metrics["oos_recall"] = share(_intent(p) is None for _, p in outside)
        metrics["oos_precision"] = share(item["intent"] is None for item, p in pairs if _intent(p) is None)
        metrics["oos_auroc"] = _apart(pairs)
    for kind in sorted({str(item.get("oos_kind") or "") for item, _ in outside} - {""}):
        part = [(item, p) for item, p in outside if item.get("oos_kind") == kind]
        if len(part) < len(outside):
            metrics[f"oos_recall[{kind}]"] = share(_intent(p) is None for _, p in part)
            metrics[f"oos_auroc[{kind}]"] = _apart([*inside, *part])
    sure = [(item, p) for item, p in inside if p.get("confidence") is not None]
    if sure:
        right = [_intent(p) == item["intent"] for item, p in sure]
        metrics["in_scope_ece"] = calibration_error([float(p["confidence"]) for _, p in sure], right)
    return metrics, {"confusions": _confusions(pairs)}


def _apart(pairs: Pairs) -> Metric:
    return auroc((p.get("confidence"), item["intent"] is not None) for item, p in pairs)


def _confusions(pairs: Pairs) -> dict[str, dict[str, float | None]]:
    """The most frequent (true, said) pairs that differ, as a matrix of the intents they touch."""

    def name(intent: object) -> str:
        return "(none given)" if intent is MISSING else OUT_OF_SCOPE if intent is None else str(intent)

    counted = Counter((name(item["intent"]), name(_intent(p))) for item, p in pairs)
    wrong = [pair for pair, _ in counted.most_common() if pair[0] != pair[1]][:WORST_CONFUSIONS]
    rows = list(dict.fromkeys(truth for truth, _ in wrong))
    columns = list(dict.fromkeys((*rows, *(said for _, said in wrong))))
    return {truth: {said: counted[truth, said] for said in columns} for truth in rows}


def tone(score: float) -> str:
    """The label that a score of -4 to 4 stands for."""
    return "positive" if score > NEUTRAL_BAND else "negative" if score < -NEUTRAL_BAND else "neutral"


def sentiment(pairs: Pairs) -> tuple[Metrics, Tables]:
    """Accuracy of three labels, how often they are reversed, and how well negative ones are known."""
    rows = [(tone(item["score"]), p.get("label"), item["score"], p.get("score")) for item, p in pairs]
    polar = [(truth, said) for truth, said, _, _ in rows if truth != "neutral"]
    metrics = {
        "accuracy": share(truth == said for truth, said, _, _ in rows),
        "macro_f1": macro_f1([(truth, said) for truth, said, _, _ in rows], TONES),
        "polar_accuracy": share(truth == said for truth, said in polar),
        "polar_reversed": share(said not in (None, "neutral", truth) for truth, said in polar),
        "negative_recall": share(said == "negative" for truth, said, _, _ in rows if truth == "negative"),
        "negative_precision": share(truth == "negative" for truth, said, _, _ in rows if said == "negative"),
    }
    for source in sorted({str(item["source"]) for item, _ in pairs if item.get("source")}):
        part = [(item, p) for item, p in pairs if item.get("source") == source]
        if len(part) < len(pairs):
            metrics[f"accuracy[{source}]"] = share(tone(item["score"]) == p.get("label") for item, p in part)
    scored = [(float(score), float(given)) for _, _, score, given in rows if given is not None]
    if scored:
        metrics["spearman"] = rank_correlation([a for a, _ in scored], [b for _, b in scored])
    counted = Counter((truth, str(said or "none")) for truth, said, _, _ in rows)
    columns = [*TONES, *(["none"] if any(said is None for _, said, _, _ in rows) else [])]
    return metrics, {"labels": {truth: {said: counted[truth, said] for said in columns} for truth in TONES}}


def grounding(pairs: Pairs) -> tuple[Metrics, Tables]:
    """Whether replies that their evidence does not support are told from those that it does."""
    rows = [(bool(item["supported"]), p.get("supported")) for item, p in pairs]
    metrics = {
        "balanced_accuracy": _balanced(rows),
        "unsupported_recall": share(said is False for truth, said in rows if not truth),
        "unsupported_precision": share(not truth for truth, said in rows if said is False),
        "supported_recall": share(said is True for truth, said in rows if truth),
    }
    if any(p.get("score") is not None for _, p in pairs):
        metrics["auroc"] = auroc((p.get("score"), bool(item["supported"])) for item, p in pairs)
    return metrics, {"replies": _sides(rows, "supported", "unsupported")}


def injection(pairs: Pairs) -> tuple[Metrics, Tables]:
    """Attacks found and clean texts flagged, all together and by the place they stand in."""
    metrics: Metrics = {}
    places = sorted({str(item["where"]) for item, _ in pairs})
    for place in (None, *(places if len(places) > 1 else ())):
        part = [(item, p) for item, p in pairs if place in (None, item["where"])]
        tag = f"[{place}]" if place else ""
        metrics["recall" + tag] = share(p.get("flagged") is True for item, p in part if item["attack"])
        if all(item["attack"] for item, _ in part):
            continue
        metrics["false_positive_rate" + tag] = share(
            p.get("flagged") is not False for item, p in part if not item["attack"]
        )
        if any(p.get("score") is not None for _, p in part):
            metrics["auroc" + tag] = auroc((p.get("score"), bool(item["attack"])) for item, p in part)
    rows = [(bool(item["attack"]), p.get("flagged")) for item, p in pairs]
    return metrics, {"texts": _sides(rows, "attack", "clean")}


def _balanced(rows: Iterable[tuple[bool, object]]) -> Metric:
    columns = [(truth and said is True, truth, not truth and said is False, not truth) for truth, said in rows]
    return summed(columns, lambda s: (s[0] / s[1] + s[2] / s[3]) / 2 if s[1] and s[3] else None)


def _sides(rows: Iterable[tuple[bool, object]], yes: str, no: str) -> dict[str, dict[str, float | None]]:
    counted = Counter((truth, said) for truth, said in rows)
    return {
        name: {f"said {yes}": counted[truth, True], f"said {no}": counted[truth, False]}
        for truth, name in ((True, yes), (False, no))
    }
