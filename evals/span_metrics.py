"""Figures of suites whose items hold spans of text with a type: entities and personal data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from evals.intervals import Metric, f1, share, summed

Row = Mapping[str, Any]
Pairs = Sequence[tuple[Row, Row]]
Counted = dict[str, list[int]]
"""Type → hits, false alarms, misses."""

STRUCTURED = frozenset({"EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "IP", "SSN", "URL"})
OTHER = "OTHER"
"""Personal data of no type that is told apart: not in the totals, and finding it is no false alarm."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of text; offsets count code points."""

    start: int
    end: int
    type: str

    def shared(self, other: Span) -> int:
        """How many characters both have; not positive when they do not touch."""
        return min(self.end, other.end) - max(self.start, other.start)


def read_spans(entities: Iterable[Row] | None, *, is_pii: bool) -> list[Span]:
    """The spans of an item or a prediction, in order."""
    told = entities or ()
    return sorted(Span(int(e["start"]), int(e["end"]), _type(e["type"], is_pii=is_pii)) for e in told)


def _type(name: str, *, is_pii: bool) -> str:
    return name.upper() if is_pii else name.lower()


def matched(wanted: Sequence[Span], said: Sequence[Span], *, exactly: bool) -> list[tuple[int, int]]:
    """(wanted, said) places of the spans that match one to one, same type, the largest overlap first."""
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    for place, span in enumerate(wanted):
        rated = [
            (_likeness(span, guess, exactly=exactly), -at, at)
            for at, guess in enumerate(said)
            if at not in used and guess.type == span.type
        ]
        best = max(rated, default=(0, 0, 0))
        if best[0] > 0:
            used.add(best[2])
            pairs.append((place, best[2]))
    return pairs


def _likeness(span: Span, guess: Span, *, exactly: bool) -> int:
    if (span.start, span.end) == (guess.start, guess.end):
        return 10**9
    return 0 if exactly else span.shared(guess)


def spans(pairs: Pairs, *, is_pii: bool) -> tuple[dict[str, Metric], dict[str, dict[str, dict[str, float | None]]]]:
    """Precision, recall and F1, exact and by overlap, together and by type; types that the suite does not have are left out."""
    read = partial(read_spans, is_pii=is_pii)
    gold = [read(item["entities"]) for item, _ in pairs]
    given = [read(p.get("entities")) for _, p in pairs]
    known = {span.type for item in gold for span in item}
    ignored = Counter(span.type for item in given for span in item if span.type not in known)
    kept = [sorted({span for span in item if span.type in known}) for item in given]
    modes = {
        mode: [
            _counted(wanted, said, exactly=mode == "exact", is_pii=is_pii)
            for wanted, said in zip(gold, kept, strict=True)
        ]
        for mode in ("exact", "overlap")
    }
    groups = {"micro": known - ({OTHER} if is_pii else set())}
    if is_pii:
        groups["structured"] = known & STRUCTURED
    metrics: dict[str, Metric] = {}
    for mode, items in modes.items():
        for name, types in groups.items():
            metrics.update(_totals(name, mode, items, types))
    if is_pii:
        metrics["any_type_coverage"] = share(
            any(span.shared(guess) > 0 for guess in said)
            for wanted, said in zip(gold, given, strict=True)
            for span in wanted
            if span.type != OTHER
        )
    for name in sorted(known):
        metrics.update(_totals(name, "exact", modes["exact"], {name}))
    tables = {"types": {name: _by_type(modes, name) for name in sorted(known)}}
    if ignored:
        tables["types the suite does not have"] = {name: {"predicted": count} for name, count in ignored.items()}
    return metrics, tables


def _counted(wanted: Sequence[Span], said: Sequence[Span], *, exactly: bool, is_pii: bool) -> Counted:
    counts: Counted = defaultdict(lambda: [0, 0, 0])
    found = matched(wanted, said, exactly=exactly)
    hit, met = {place for place, _ in found}, {at for _, at in found}
    for place, span in enumerate(wanted):
        counts[span.type][0 if place in hit else 2] += 1
    others = [span for span in wanted if is_pii and span.type == OTHER]
    for at, span in enumerate(said):
        is_excused = span.type != OTHER and any(span.shared(other) > 0 for other in others)
        if at not in met and not is_excused:
            counts[span.type][1] += 1
    return counts


def _totals(name: str, mode: str, items: Sequence[Counted], types: set[str] | frozenset[str]) -> dict[str, Metric]:
    rows = [[sum(item[t][k] for t in types if t in item) for k in range(3)] for item in items]
    cases = sum(row[0] + row[2] for row in rows)
    return {
        f"{name}_precision_{mode}": summed(rows, lambda s: _ratio(s[0], s[1]), n=cases),
        f"{name}_recall_{mode}": summed(rows, lambda s: _ratio(s[0], s[2]), n=cases),
        f"{name}_f1_{mode}": summed(rows, lambda s: f1(*s), n=cases),
    }


def _ratio(hits: float, others: float) -> float | None:
    return hits / (hits + others) if hits + others else None


def _by_type(modes: Mapping[str, Sequence[Counted]], name: str) -> dict[str, float | None]:
    row: dict[str, float | None] = {}
    for mode, items in modes.items():
        hits, extra, missed = (sum(item[name][k] for item in items if name in item) for k in range(3))
        row["n"] = hits + missed
        row |= {
            f"{mode} P": _ratio(hits, extra),
            f"{mode} R": _ratio(hits, missed),
            f"{mode} F1": f1(hits, extra, missed),
        }
    return row
