"""A turn's record as a readable page.  Words of contacts and documents are printed as text, never as markup or control codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.replay import Replay
from core.trace import Trace, recorded_result

SHOWN_PASSAGES = 10
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: object, limit: int = 2_000) -> Text:
    """Foreign words for the terminal."""
    return Text(_CONTROL.sub(" ", str(text))[:limit])


def show(trace: Trace, again: Replay, console: Console) -> None:
    """Print the page."""
    console.print(
        Text(f"Turn {trace.turn_id}", style="bold"), plain(f"in {trace.given.conv}, {trace.at:%Y-%m-%d %H:%M:%S %Z}")
    )
    _section(console, "Asked")
    for asked in trace.given.events:
        _line(console, asked.text or "(no text)")
        for file in asked.files:
            heard = f"said “{file.transcript}”" if file.transcript else "not read by the assistant"
            _line(console, f"  + {file.name} ({file.media_type}): {', '.join(filter(None, (heard, file.state)))}")
    _understanding(console, trace.steps)
    _passages(console, trace)
    _verdict(console, trace)
    _reply(console, trace)
    _evidence(console, trace.steps)
    _timings(console, trace)
    _replay(console, again)


def _section(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold cyan"))


def _line(console: Console, text: object) -> None:
    console.print(Padding(plain(text), (0, 0, 0, 2)))


def _pairs(console: Console, rows: Iterator[tuple[str, object]]) -> None:
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), plain(value))
    console.print(Padding(table, (0, 0, 0, 2)))


def _understanding(console: Console, steps: Mapping[str, Any]) -> None:
    _section(console, "Understood")
    _pairs(console, _understood(steps.get("understand", {}), steps.get("rewrite", {})))


def _understood(known: Mapping[str, Any], query: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield "language", known.get("language")
    yield "sentiment", known.get("sentiment")
    yield "asks for a person", "yes" if known.get("asked_for_person") else "no"
    for name in ("smalltalk", "categories"):
        if known.get(name):
            value = known[name]
            yield name, value if isinstance(value, str) else ", ".join(value)
    if known.get("entities"):
        yield "entities", ", ".join(f"{entity['kind']} {entity['text']}" for entity in known["entities"])
    if query.get("context"):
        yield "borrowed words", " / ".join(query["context"].split("\n"))


def _passages(console: Console, trace: Trace) -> None:
    step = trace.steps.get("retrieve")
    _section(console, "Found")
    if step is None:
        _line(console, "Nothing was searched: the rule below did not need it.")
        return
    if step["state"] != "ok":
        _line(console, f"Knowledge {step['state']}.")
        return
    passages = recorded_result(step).passages
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("#", "score", "cover", "document", "title"):
        table.add_column(name, justify="right" if name in ("#", "score", "cover") else "left")
    for number, passage in enumerate(passages[:SHOWN_PASSAGES], start=1):
        cover = passage.features.get("coverage")
        name = " › ".join(part for part in (passage.chunk.title, passage.chunk.heading) if part)
        table.add_row(
            str(number),
            f"{passage.score:.2f}",
            "" if cover is None else f"{cover:.0%}",
            plain(f"{passage.chunk.source}/{passage.chunk.external_id}", 48),
            plain(name, 90),
        )
    console.print(table)
    _line(console, f"{len(passages)} passages of generation {step['generation']}; confidence {trace.confidence:.2f}")


def _verdict(console: Console, trace: Trace) -> None:
    step = trace.steps.get("verdict") or trace.steps.get("triage", {})
    _section(console, "Decided")
    rule = f"rule {step.get('rule')}" if step.get("rule") else "no rule"
    _line(console, f"{step.get('decision')} ({rule}): {'; '.join(step.get('because', ()))}")
    if trace.outcome.handoff:
        _line(console, f"Handed over ({trace.outcome.handoff}): {trace.outcome.detail}")
    elif trace.outcome.proposal:
        _line(console, f"Offered a person ({trace.outcome.proposal}).")


def _reply(console: Console, trace: Trace) -> None:
    _section(console, "Said" if trace.given.owner in ("bot", "none") else "Suggested to the agent")
    _line(console, trace.outcome.text or "(nothing)")


def _evidence(console: Console, steps: Mapping[str, Any]) -> None:
    runs = steps.get("answer", {}).get("runs", [])
    if not runs:
        return
    _section(console, "Evidence")
    passages = recorded_result(steps["retrieve"]).passages
    for run in runs:
        chunk = passages[run["passage"]].chunk
        for unit in run["units"]:
            place = f"{chunk.external_id} [{unit['start']}:{unit['end']}]"
            _line(console, f"“{chunk.text[unit['start'] : unit['end']]}”")
            console.print(Padding(Text("  " + place, style="dim"), (0, 0, 0, 2)))
    guard = steps.get("guard", {})
    _line(console, f"Guard: {guard.get('passed', 0)} passed, {len(guard.get('held_back', ()))} held back")
    for held in guard.get("held_back", ()):
        reasons = ", ".join(f"{finding['rule']} {finding['detail']}".strip() for finding in held["findings"])
        _line(console, f"  “{held['text']}”: {reasons}")


def _timings(console: Console, trace: Trace) -> None:
    _section(console, "Time")
    spent = ", ".join(f"{name} {step['ms']:.2f}" for name, step in trace.steps.items() if "ms" in step)
    _line(console, f"{trace.ms:.2f} ms: {spent}")


def _replay(console: Console, again: Replay) -> None:
    _section(console, "Run again from this record")
    if again.is_same:
        _line(console, "The same outcome.")
    for name, (then, now) in again.differences.items():
        _line(console, f"{name} differs: {then!r} became {now!r}")
    if again.settings_changed:
        _line(console, "The engine settings are not those of the recorded turn.")
