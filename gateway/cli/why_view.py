"""A turn's record as a readable page; what only turns with models have is in why_models.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from core import ids
from core.replay import Replay
from core.trace import Trace, recorded_result
from gateway.cli import why_models
from gateway.cli.page import grid, line, pairs, plain, section, tabled
from gateway.cli.redacting import Bound
from handoff.learning import Used

SHOWN_PASSAGES = 10
FEATURES = {"words": "bm25", "meaning": "cosine", "cover": "coverage", "title": "title"}
"""Column → feature of a passage; a record holds them all."""

WIDE = 110
"""A narrower terminal has no room for more than two figures beside the names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page needs beside the record: bound arguments, the currency of prices, what an agent did with a draft."""

    bound: Bound = field(default_factory=dict)
    currency: str = "USD"
    used: Used | None = None


def show(trace: Trace, again: Replay, console: Console, shown: Shown | None = None) -> None:
    """Print the page."""
    shown = shown or Shown()
    console.print(
        Text(f"Turn {trace.turn_id}", style="bold"), plain(f"in {trace.given.conv}, {trace.at:%Y-%m-%d %H:%M:%S %Z}")
    )
    line(console, f"Trace {trace_id_of(trace)}", style="dim")
    _asked(console, trace)
    section(console, "Understood")
    pairs(console, _understood(trace.steps.get("understand", {}), trace.steps.get("rewrite", {})))
    _passages(console, trace)
    _verdict(console, trace)
    why_models.way(console, trace, shown.currency)
    why_models.tools(console, trace, shown.bound)
    section(console, "Said" if trace.given.owner in ("bot", "none") else "Suggested to the agent")
    line(console, trace.outcome.text or "(nothing)")
    if shown.used is not None:
        by = f" by {shown.used.by}" if shown.used.by else ""
        line(console, f"What became of it: {shown.used.use}{by} ({shown.used.likeness:.0%} alike)", style="dim")
    why_models.cited(console, trace)
    why_models.guard(console, trace)
    _evidence(console, trace.steps)
    _timings(console, trace)
    _replay(console, trace, again)


def trace_id_of(trace: Trace) -> str | None:
    """What log lines and spans of this turn name: the trace of the first message it answered."""
    return ids.trace_id(trace.given.events[0].id) if trace.given.events else None


def _asked(console: Console, trace: Trace) -> None:
    section(console, "Asked")
    for asked in trace.given.events:
        line(console, asked.text or "(no text)")
        for file in asked.files:
            heard = f"said “{file.transcript}”" if file.transcript else "not read by the assistant"
            line(console, f"  + {file.name} ({file.media_type}): {', '.join(filter(None, (heard, file.state)))}")


def _understood(known: Mapping[str, Any], query: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield "language", known.get("language")
    yield "intent", _intent(known)
    yield "sentiment", _feeling(known)
    yield "asks for a person", "yes" if known.get("asked_for_person") else "no"
    for name in ("smalltalk", "categories"):
        if known.get(name):
            value = known[name]
            yield name, value if isinstance(value, str) else ", ".join(value)
    if known.get("entities"):
        yield "entities", ", ".join(map(_entity, known["entities"]))
    if query.get("by") == "model":
        yield "looked up as", query["text"]
    elif query.get("earlier"):
        yield "borrowed words", " / ".join(query["earlier"])
    if query.get("synonyms"):
        yield "synonyms", ", ".join(query["synonyms"])


def _intent(known: Mapping[str, Any]) -> str:
    guess = known.get("guess")
    if not guess or not guess["ranked"]:
        return "none"
    others = ", ".join(name for name, _ in guess["ranked"] if name != guess["name"])
    sure = f"{guess['name'] or 'none'} ({guess['confidence']:.0%} sure, {guess['in_scope']:.0%} in scope)"
    return f"{sure}; next {others}" if others else sure


def _feeling(known: Mapping[str, Any]) -> str:
    mood = known.get("mood")
    if not mood:
        return str(known.get("sentiment"))
    figures = f"score {mood['score']:+.1f}, trend {mood['trend']:+.1f}"
    return f"{known.get('sentiment')} ({figures}, frustration {mood['frustration']:.0%}, urgency {mood['urgency']:.0%})"


def _entity(entity: Mapping[str, Any]) -> str:
    value = entity.get("value")
    normal = f" = {value}" if value and value != entity["text"] else ""
    return f"{entity['kind']} {entity['text']}{normal}{' (named earlier)' if entity.get('carried') else ''}"


def _passages(console: Console, trace: Trace) -> None:
    step = trace.steps.get("retrieve")
    section(console, "Found")
    if step is None:
        line(console, "Nothing was searched: it was not needed.")
        return
    if step["state"] != "ok":
        line(console, f"Knowledge {step['state']}.")
        return
    passages = recorded_result(step).passages
    figures = tuple(FEATURES) if console.width >= WIDE else tuple(FEATURES)[:2]
    table = grid("#", "score", *figures, "document", "heading", right=("#", "score", *figures))
    for number, passage in enumerate(passages[:SHOWN_PASSAGES], start=1):
        name = " › ".join(part for part in (passage.chunk.title, passage.chunk.heading) if part)
        table.add_row(
            str(number),
            f"{passage.score:.2f}",
            *(_figure(passage.features.get(FEATURES[column])) for column in figures),
            plain(f"{passage.chunk.source}/{passage.chunk.external_id}", 48),
            plain(name, 90),
        )
    tabled(console, table)
    line(console, f"{len(passages)} passages of generation {step['generation']}")
    _assessment(console, step.get("assessment"))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _assessment(console: Console, assessment: Mapping[str, Any] | None) -> None:
    """How far the passages are trusted, why, and the weightiest numbers behind it."""
    if assessment is None:
        return
    sure = f"confidence {assessment['confidence']:.2f}, vague {assessment['vague']:.2f}: {assessment['advice']}"
    line(console, f"{sure}{' because ' + '; '.join(assessment['because']) if assessment['because'] else ''}")
    signals = ", ".join(f"{name} {value:.2f}" for name, value in assessment["signals"].items())
    line(console, signals, style="dim")


def _verdict(console: Console, trace: Trace) -> None:
    step = trace.steps.get("verdict") or trace.steps.get("triage", {})
    section(console, "Decided")
    rule = f"rule {step.get('rule')}" if step.get("rule") else "no rule"
    line(console, f"{step.get('decision') or trace.decision} ({rule}): {'; '.join(step.get('because', ()))}")
    if trace.outcome.handoff:
        line(console, f"Handed over ({trace.outcome.handoff}): {trace.outcome.detail}")
    elif trace.outcome.proposal:
        line(console, f"Offered a person ({trace.outcome.proposal}).")


def _evidence(console: Console, steps: Mapping[str, Any]) -> None:
    runs = steps.get("answer", {}).get("runs", [])
    if not runs:
        return
    section(console, "Evidence")
    passages = recorded_result(steps["retrieve"]).passages
    for run in runs:
        chunk = passages[run["passage"]].chunk
        for unit in run["units"]:
            place = f"{chunk.external_id} [{unit['start']}:{unit['end']}]"
            line(console, f"“{chunk.text[unit['start'] : unit['end']]}”")
            line(console, f"  {place}", style="dim")
    guard = steps.get("guard", {})
    line(console, f"Guard: {guard.get('passed', 0)} passed, {len(guard.get('held_back', ()))} held back")
    for held in guard.get("held_back", ()):
        reasons = ", ".join(f"{finding['rule']} {finding['detail']}".strip() for finding in held["findings"])
        line(console, f"  “{held['text']}”: {reasons}")


def _timings(console: Console, trace: Trace) -> None:
    section(console, "Time")
    spent = ", ".join(f"{name} {step['ms']:.2f}" for name, step in trace.steps.items() if "ms" in step)
    line(console, f"{trace.ms:.2f} ms: {spent}")


def _replay(console: Console, trace: Trace, again: Replay) -> None:
    section(console, "Run again from this record")
    if again.is_same:
        line(console, "The same outcome.")
    for name, (then, now) in again.differences.items():
        line(console, f"{name} differs: {then!r} became {now!r}")
    if again.settings_changed:
        line(console, "The engine settings are not those of the recorded turn.")
    line(console, f"Settings {trace.settings}, attempt {trace.attempt}", style="dim")
