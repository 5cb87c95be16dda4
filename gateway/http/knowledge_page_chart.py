"""The syncs of one source as a picture: a column each, the oldest left; plain SVG that the page's style sheet colours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Final

from core.ports.knowledge import SourceRun

HEIGHT: Final = 72
COLUMN: Final = 10
GAP: Final = 3
LEAST: Final = 3
SHOWN: Final = 30
OUTCOMES: Final = {
    "ok": "read",
    "partial": "read in part",
    "refused": "held back",
    "failed": "failed",
    "running": "running",
}
"""Outcome → words; each has a colour, and all but ``ok`` a mark of another form."""


def chart(source: str, history: Sequence[SourceRun]) -> str:
    """Columns as high as the logarithm of what changed; ``history`` is the newest first."""
    runs = list(reversed(history[:SHOWN]))
    if not runs:
        return '<p class="soft">No sync yet.</p>'
    most = max(_changes(run) for run in runs)
    width = SHOWN * (COLUMN + GAP)
    first = width - len(runs) * (COLUMN + GAP)
    columns = "".join(_column(run, first + n * (COLUMN + GAP), most) for n, run in enumerate(runs))
    return (
        f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{escape(_told(source, runs), quote=True)}">'
        f'<line class="ground" x1="0" y1="{HEIGHT - 1}" x2="{width}" y2="{HEIGHT - 1}"/>{columns}</svg>'
    )


def changed(run: SourceRun) -> str:
    """What a sync changed, in words."""
    if run.error:
        return run.error
    parts = [
        f"{number} {word}"
        for number, word in ((run.added, "added"), (run.changed, "changed"), (run.removed, "removed"))
        if number
    ]
    return ", ".join(parts) or "nothing changed"


def _column(run: SourceRun, x: int, most: int) -> str:
    outcome = run.outcome if run.outcome in OUTCOMES else "failed"
    share = math.log1p(_changes(run)) / math.log1p(most) if most else 0.0
    height = LEAST + round(share * (HEIGHT - 16))
    title = f"{run.started_at:%Y-%m-%d %H:%M} UTC: {OUTCOMES[outcome]}; {changed(run)}"
    body = f'<rect x="{x}" y="{HEIGHT - 1 - height}" width="{COLUMN}" height="{height}"/>'
    mark = _mark(outcome, x + COLUMN / 2, HEIGHT - height - 7)
    return f'<g class="run {outcome}"><title>{escape(title)}</title>{body}{mark}</g>'


def _mark(outcome: str, x: float, y: float) -> str:
    """A form of its own above the column, so that colour is not all that tells."""
    match outcome:
        case "failed":
            return f'<path class="mark" d="M{x - 3} {y - 3}l6 6m0-6l-6 6"/>'
        case "refused":
            return f'<path class="mark" d="M{x - 4} {y}h8"/>'
        case "partial" | "running":
            return f'<circle class="mark" cx="{x}" cy="{y}" r="2.5"/>'
        case _:
            return ""


def _changes(run: SourceRun) -> int:
    return run.added + run.changed + run.removed


def _told(source: str, runs: Sequence[SourceRun]) -> str:
    counts = Counter(OUTCOMES.get(run.outcome, "failed") for run in runs)
    told = ", ".join(f"{number} {words}" for words, number in counts.most_common())
    number = "1 sync" if len(runs) == 1 else f"{len(runs)} syncs"
    return f"{source}: {number} since {runs[0].started_at:%Y-%m-%d}: {told}"
