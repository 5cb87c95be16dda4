"""Plots of a report as SVG that stands in the page; colours are the page's, so that light and dark both fit."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pygal
from pygal.style import Style

from evals.metrics import Pairs, is_right, of_kind

# pygal 3.1 adds a finder of Python 2 for its maps; every later import of a module that is not there would warn because of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

BINS = 10
LEAST_ANSWERED = 10
"""The share of wrong ones among fewer answers than these says nothing."""
RANKS = 20
STEPS = 50
"""A curve of this many points shows all that can be seen."""

Point = tuple[float, float]

_STYLE: Final = Style(
    background="transparent",
    plot_background="transparent",
    foreground="var(--ink)",
    foreground_strong="var(--ink)",
    foreground_subtle="var(--faint)",
    opacity=".7",
    opacity_hover="1",
    colors=("var(--one)", "var(--two)", "var(--three)", "var(--four)"),
    font_family="inherit",
    title_font_size=16,
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
)
_COMMON: Final[Mapping[str, Any]] = {
    "style": _STYLE,
    "js": (),
    "disable_xml_declaration": True,
    "width": 560,
    "height": 360,
    "legend_at_bottom": True,
    "show_legend": True,
    "margin": 12,
    "spacing": 8,
    "dots_size": 2.5,
    "stroke_style": {"width": 2.5},
}
_FRACTIONS: Final = (0, 0.2, 0.4, 0.6, 0.8, 1)


def _svg(chart: Any, place: str) -> str:
    """The chart as markup; ``place`` names it in the page, in place of a random id."""
    made: str = chart.render(is_unicode=True)
    made = re.sub(r"<!--.*?-->|<script.*?</script>", "", made, flags=re.DOTALL)
    made = re.sub(r"chart-[0-9a-f-]{36}", f"chart-{place}", made)
    return f'<figure class="plot">{made}</figure>'


def _curve(title: str, x_title: str, y_title: str, **more: Any) -> Any:
    fractions = {"range": (0, 1), "xrange": (0, 1), "x_labels": _FRACTIONS, "y_labels": _FRACTIONS}
    return pygal.XY(**{**_COMMON, "title": title, "x_title": x_title, "y_title": y_title, **fractions, **more})


def recall_curve(pairs: Pairs, place: str) -> str:
    """Recall by how many documents are looked at."""
    told = [
        (set(item["relevant"]), list(dict.fromkeys(p.get("ranked") or []))) for item, p in pairs if item["relevant"]
    ]
    points = [(k, sum(len(w & set(r[:k])) / len(w) for w, r in told) / len(told)) for k in range(1, RANKS + 1)]
    ticks = {"x_labels": (1, 5, 10, 15, 20), "xrange": (0, RANKS)}
    chart = _curve(
        "Recall by rank", "documents looked at", "share of relevant documents found", **ticks, show_legend=False
    )
    chart.add("recall", points)
    return _svg(chart, f"{place}-recall")


def reliability(confidences: Sequence[float], right: Sequence[bool], place: str) -> str:
    """What a confidence was worth: the nearer to the diagonal, the better."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, is_good in zip(confidences, right, strict=True):
        bins[min(BINS - 1, max(0, int(confidence * BINS)))].append((confidence, is_good))
    points = [
        {
            "value": (sum(c for c, _ in part) / len(part), sum(good for _, good in part) / len(part)),
            "label": f"{len(part)} items",
            "node": {"r": 3 + 9 * (len(part) / len(confidences)) ** 0.5},
        }
        for part in bins
        if part
    ]
    chart = _curve("Reliability (size: number of items)", "confidence", "share that was right")
    chart.add("as it was", points)
    chart.add("as it should be", [(0, 0), (1, 1)], show_dots=False, stroke_style={"dasharray": "6, 6", "width": 1.5})
    return _svg(chart, f"{place}-reliability")


def risk_coverage(confidences: Sequence[float], right: Sequence[bool], place: str) -> str:
    """How many of the answers are wrong when only the most confident share of the questions is answered."""
    ordered = [good for _, good in sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0])]
    points, wrong = [], 0
    for at, good in enumerate(ordered, 1):
        wrong += not good
        if at >= min(LEAST_ANSWERED, len(ordered)):
            points.append((at / len(ordered), wrong / at))
    best = sum(ordered) / len(ordered)
    ideal = [(0.0, 0.0), (best, 0.0), *((x / 20, 1 - best / (x / 20)) for x in range(1, 21) if x / 20 > best)]
    chart = _curve("Risk and coverage", "share of the questions that is answered", "share of the answers that is wrong")
    chart.add("as it was", _thinned(points), show_dots=False)
    chart.add("at best", ideal, show_dots=False, stroke_style={"dasharray": "6, 6", "width": 1.5})
    return _svg(chart, f"{place}-risk")


def confidences_by_kind(pairs: Pairs, place: str) -> str:
    """How confidence spreads over questions that have an answer and such that have none."""
    told = {"title": "Confidence by kind of question", "x_title": "confidence", "y_title": "share of the kind"}
    chart = pygal.Bar(**{**_COMMON, **told, "y_labels": _FRACTIONS, "range": (0, 1)})
    chart.x_labels = [f"{at / BINS:.1f}" for at in range(BINS)]
    for kind in ("answerable", "unanswerable", "underspecified"):
        sure = [float(p["confidence"]) for _, p in of_kind(pairs, kind) if p.get("confidence") is not None]
        if sure:
            counts = [0] * BINS
            for one in sure:
                counts[min(BINS - 1, max(0, int(one * BINS)))] += 1
            chart.add(f"{kind} ({len(sure)})", [count / len(sure) for count in counts])
    return _svg(chart, f"{place}-kinds")


def receiver(scored: Sequence[tuple[float, bool]], title: str, place: str) -> str:
    """Found against falsely found, over all thresholds."""
    positives = sum(good for _, good in scored)
    negatives = len(scored) - positives
    points, hits, false = [(0.0, 0.0)], 0, 0
    ordered = sorted(scored, key=lambda pair: -pair[0])
    for at, (value, good) in enumerate(ordered):
        hits, false = hits + good, false + (not good)
        if at + 1 == len(ordered) or ordered[at + 1][0] != value:
            points.append((false / max(1, negatives), hits / max(1, positives)))
    chart = _curve(title, "share of the others that is flagged too", "share that is found")
    chart.add("as it was", _thinned(points), show_dots=False)
    chart.add("by chance", [(0, 0), (1, 1)], show_dots=False, stroke_style={"dasharray": "6, 6", "width": 1.5})
    return _svg(chart, f"{place}-roc")


def by_type(table: Mapping[str, Mapping[str, float | None]], place: str) -> str:
    """F1 of each type, exact and by overlap."""
    chart = pygal.Bar(
        **{**_COMMON, "title": "F1 by type", "range": (0, 1), "y_labels": _FRACTIONS, "x_label_rotation": 35}
    )
    chart.x_labels = list(table)
    for mode in ("exact", "overlap"):
        chart.add(mode, [row.get(f"{mode} F1") for row in table.values()])
    return _svg(chart, f"{place}-types")


def retrieval_plots(pairs: Pairs, place: str) -> list[str]:
    """What a suite of questions has to show."""
    plots = [recall_curve(pairs, place)] if any(item["relevant"] for item, _ in pairs) else []
    sure = [(item, p) for item, p in pairs if p.get("confidence") is not None]
    if sure:
        confidences = [float(p["confidence"]) for _, p in sure]
        right = [is_right(item, p) for item, p in sure]
        plots += [reliability(confidences, right, place), risk_coverage(confidences, right, place)]
        plots.append(confidences_by_kind(sure, place))
    return plots


def label_plots(kind: str, pairs: Pairs, tables: Mapping[str, Any], place: str) -> list[str]:
    """What the other kinds have to show."""
    if kind in ("entities", "pii"):
        return [by_type(tables["types"], place)]
    if kind == "intents":
        sure = [(item, p) for item, p in pairs if p.get("confidence") is not None]
        confidences = [float(p["confidence"]) for _, p in sure]
        right = [item["intent"] is not None and p.get("intent") == item["intent"] for item, p in sure]
        return [reliability(confidences, right, place), risk_coverage(confidences, right, place)] if sure else []
    truth = {"grounding": "supported", "injection": "attack"}.get(kind)
    scored = [(float(p["score"]), bool(item[truth])) for item, p in pairs if truth and p.get("score") is not None]
    return [receiver(scored, f"{truth}: found and falsely found", place)] if scored else []


def _thinned(points: Sequence[Point]) -> list[Point]:
    if len(points) <= STEPS:
        return list(points)
    places = sorted({round(at * (len(points) - 1) / STEPS) for at in range(STEPS + 1)})
    return [points[place] for place in places]
