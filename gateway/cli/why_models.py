"""The parts of ``frontdesk why`` that only a turn with models or tools has: the way it went, calls, cost, guard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from core.trace import Trace
from gateway.cli.page import grid, line, pairs, plain, section, tabled
from gateway.cli.redacting import Bound, called, short

GUARD_WORDS = {True: "released", False: "held back"}


def way(console: Console, trace: Trace, currency: str) -> None:
    """Who answered, and why; nothing for a turn without models."""
    rows = tuple(_way(trace.steps))
    if not rows and "models" not in trace.steps:
        return
    section(console, "Way")
    pairs(console, rows)
    _calls(console, trace.steps.get("models", {}), currency)


def _way(steps: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    if (cache := steps.get("cache")) is not None:
        yield "answer cache", _cache(cache)
    if (path := steps.get("fast_path")) is not None:
        taken = "taken: the quoted answer is canonical" if path["is_taken"] else "not taken"
        yield "fast path", f"{taken} ({path['because']}; coverage {path['coverage']:.2f}, margin {path['margin']:.2f})"
    written = steps.get("write", {})
    if (route := written.get("route")) is not None:
        yield "route", f"{route['role']} model: complexity {route['complexity']:.2f} ({', '.join(route['because'])})"
    if written:
        yield "written by", f"{written.get('role') or 'nobody'}: {written.get('ended')}"
        if written.get("rungs"):
            yield "rungs", "; ".join(written["rungs"])
    if (ladder := steps.get("ladder")) is not None:
        yield "stepped down to", f"{ladder['rung']} ({ladder['because']})"
    if (flow := steps.get("flow")) is not None:
        yield "flow", flow["flow"]
    for name, variant in steps.get("experiments", {}).items():
        yield "experiment", f"{name}: {variant}"
    for flag in steps.get("suspicion", {}).get("flagged", ()):
        where = f"{flag['where']} {flag['name']}".strip()
        yield "looks like an attack", f"{where} ({', '.join(flag['reasons'])}; {flag['score']:.2f})"


def _cache(cache: Mapping[str, Any]) -> str:
    if cache.get("hit"):
        return "given again" + (f", by {cache['by']}" if cache.get("by") else "")
    kept = cache.get("kept")
    asked = "nothing kept" if cache.get("asked") else f"not asked ({cache.get('because', '')})"
    if kept is None:
        return asked
    return f"{asked}; this answer is kept" if kept is True else f"{asked}; not kept ({kept})"


def _calls(console: Console, models: Mapping[str, Any], currency: str) -> None:
    calls: Sequence[Mapping[str, Any]] = models.get("calls", ())
    if not calls:
        return
    numbers = ("in", "out", f"cost {currency}", "first ms", "ms")
    table = grid("purpose", "role", "model", "prompt", *numbers, "ended", right=numbers)
    for call in calls:
        usage = call.get("usage", {})
        served = f"{call.get('endpoint') or '?'}/{call.get('model') or '?'}" if "usage" in call else "nobody"
        table.add_row(
            call["purpose"],
            call["role"],
            plain(served, 60),
            call["prompt"],
            str(usage.get("input_tokens", "")),
            str(usage.get("output_tokens", "")),
            f"{usage['cost']:.6f}" if usage else "",
            f"{call['first_ms']:.0f}" if "first_ms" in call else "",
            f"{call['ms']:.0f}",
            plain(call.get("error") or call.get("finish", ""), 24),
        )
    tabled(console, table)
    for call in calls:
        failed = [one for one in call.get("tried", ()) if one.get("error")]
        for one in failed:
            line(
                console, f"{call['purpose']}: {one['endpoint']}/{one['model']} {one['error']} after {one['ms']:.0f} ms"
            )
    used = models.get("usage", {})
    tokens = f"{used.get('input_tokens', 0)} tokens in, {used.get('output_tokens', 0)} out"
    line(console, f"Together {tokens}, {used.get('cost', 0.0):.6f} {currency}")


def tools(console: Console, trace: Trace, bound: Bound) -> None:
    """Every tool call: what was asked, what the firewall made of it, what came of it."""
    every = tuple(called(trace.steps, bound))
    if not every:
        return
    section(console, "Tools")
    for call, given in every:
        shown = "(not recorded)" if given is None else json.dumps(given, ensure_ascii=False)
        line(console, f"{call['step']}. {call['tool']} {shown}")
        line(console, f"   {_came(call)}", style="dim")
        if call.get("dropped"):
            line(console, f"   not taken from the model: {', '.join(call['dropped'])}", style="dim")


def _came(call: Mapping[str, Any]) -> str:
    again = " (an earlier call's result)" if call.get("is_repeat") else ""
    match call["outcome"]:
        case "done":
            return f"done{again}: {short(call['text'])}"
        case "denied":
            return f"denied, {call['reason']}: {short(call['detail'])}"
        case "failed":
            how = "nothing happened" if call["is_certain"] else "nobody knows whether it happened"
            return f"failed{again}, {how}: {short(call['detail'])}"
        case "waiting":
            pending = call["pending"]
            return f"waits for a yes of the {pending['by']}: {short(pending['question'])}"
        case other:
            return str(other)


def guard(console: Console, trace: Trace) -> None:
    """The verdict on each sentence that a model wrote."""
    verdicts: Sequence[Mapping[str, Any]] = trace.steps.get("write", {}).get("guard", ())
    if not verdicts:
        return
    section(console, "Guard")
    for number, one in enumerate(verdicts, start=1):
        found = ", ".join(f"{each['rule']} {short(each['detail'])}".strip() for each in one["findings"])
        line(console, f"{number}. {GUARD_WORDS[one['released']]} in {one['ms']:.2f} ms{': ' + found if found else ''}")


def cited(console: Console, trace: Trace) -> None:
    """The chunks the reply stands on, with the hashes they had; a given-again answer has no search of its own."""
    if not trace.outcome.citations or ("write" not in trace.steps and not trace.steps.get("cache", {}).get("hit")):
        return
    section(console, "Stands on")
    known = {p["chunk"]["id"]: p["chunk"] for p in trace.steps.get("retrieve", {}).get("passages", ())}
    for number, id in enumerate(trace.outcome.citations, start=1):
        chunk = known.get(id)
        if chunk is None:
            line(console, f"[{number}] chunk {id}")
            continue
        line(console, f"[{number}] {chunk['source']}/{chunk['external_id']}: {chunk['title']}")
        line(console, f"    chunk {id}, hash {chunk['hash']}", style="dim")
