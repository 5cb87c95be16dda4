"""The knowledge page as HTML.  Pure; every foreign character is escaped, and nothing is styled or scripted inline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Final

from core.ports.knowledge import Generation, SourceRun
from gateway.gap_board import GapReport
from gateway.http.knowledge_page_chart import OUTCOMES, changed, chart
from gateway.syncing.standing import Standing
from kb_sync.gaps import Gap
from kb_sync.gate import ChangedAnswer, Verdict
from kb_sync.golden import Answered

PROBLEMS: Final = 20
RUNS: Final = 10
CHANGES: Final = 50
GAPS: Final = 50
UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
TAGS: Final = {
    "fresh": ("good", "Fresh"),
    "stale": ("alert", "Stale"),
    "failed": ("alert", "Last sync failed"),
    "refused": ("warn", "Held back"),
    "partial": ("warn", "Some documents skipped"),
    "running": ("bot", "Syncing now"),
    "never": ("warn", "Never read"),
}
"""State → class and words of its tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSight:
    """One source: how it stands, and its syncs, the newest first."""

    standing: Standing
    history: tuple[SourceRun, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """Keys of ``TAGS``, the weightiest first."""
        run = self.standing.run
        if run is None:
            return ("never",)
        is_fine = run.outcome == "ok" and not self.standing.is_stale
        told = ("fresh",) if is_fine else (run.outcome,) if run.outcome in TAGS else ()
        return ("stale", *told) if self.standing.is_stale else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that the page shows; ``tenants`` are (id, name) of those the person sees, ``gaps`` None while they are worked out."""

    tenant: str
    tenants: tuple[tuple[str, str], ...]
    person: str
    now: datetime
    sources: tuple[SourceSight, ...]
    live: Generation | None
    former: tuple[Generation, ...]
    refused: Verdict | None
    gaps: GapReport | None
    may_sync: bool = False
    may_go_back: bool = False


def page(sight: Sight) -> str:
    """The whole page."""
    name = dict(sight.tenants)[sight.tenant]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Knowledge of {escape(name)} · Frontdesk</title>"
        '<link rel="icon" href="/desk/app/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/desk/app/tokens.css"><link rel="stylesheet" href="/desk/app/knowledge.css">'
        '<script type="module" src="/desk/app/knowledge.js"></script></head><body>'
        f'<a class="skip" href="#main">Skip to the knowledge</a>{_bar(sight)}<main id="main" tabindex="-1">'
        f'<div class="head"><h1>Knowledge of {escape(name)}</h1>'
        f'<p class="soft">As of {_moment(sight.now)}. Reload to look again.</p>{_sync_all(sight)}</div>'
        f"{_refused(sight.refused)}{_sources(sight)}{_release(sight)}{_gaps(sight)}</main>"
        '<p class="toast" id="said" role="status"></p></body></html>\n'
    )


def _bar(sight: Sight) -> str:
    companies = ""
    if len(sight.tenants) > 1:
        links = "".join(
            f'<a href="?tenant={escape(id, quote=True)}"{_current(id == sight.tenant)}>{escape(name)}</a>'
            for id, name in sight.tenants
        )
        companies = f'<nav class="companies" aria-label="Company">{links}</nav>'
    return (
        '<header class="bar"><span class="brand"><img src="/desk/app/icon.svg" alt="" width="26" height="26">Frontdesk</span>'
        f'<nav aria-label="Pages"><a href="/desk/">Desk</a><a href="/knowledge"{_current(True)}>Knowledge</a></nav>{companies}'
        f'<span class="me">{escape(sight.person)}<button type="button" class="quiet" id="theme" hidden>Colours</button></span>'
        "</header>"
    )


def _current(is_current: bool) -> str:
    return ' aria-current="page"' if is_current else ""


def _sync_all(sight: Sight) -> str:
    if not (sight.may_sync and sight.sources):
        return ""
    return f'<button type="button" class="primary" {_wish(sight.tenant, None)}>Sync all sources</button>'


def _wish(tenant: str, source: str | None) -> str:
    of = "" if source is None else f' data-source="{escape(source, quote=True)}"'
    return f'data-tenant="{escape(tenant, quote=True)}"{of} data-sync'


def _sources(sight: Sight) -> str:
    if not sight.sources:
        return _section("Sources", '<p class="empty">No source is configured: there is nothing to answer from.</p>')
    cards = "".join(_source(each, sight) for each in sight.sources)
    legend = "".join(f'<li class="key {outcome}">{words}</li>' for outcome, words in OUTCOMES.items())
    return _section(
        "Sources", f'<div class="cards">{cards}</div><ul class="legend" aria-label="Colours of syncs">{legend}</ul>'
    )


def _source(source: SourceSight, sight: Sight) -> str:
    stands, run = source.standing, source.standing.run
    tags = "".join(f'<span class="tag {TAGS[key][0]}">{TAGS[key][1]}</span>' for key in source.states)
    name, button = escape(stands.source), ""
    if sight.may_sync:
        label = escape(f"Sync {stands.source}", quote=True)
        wish = _wish(sight.tenant, stands.source)
        button = f'<button type="button" class="quiet" aria-label="{label}" {wish}>Sync</button>'
    listed = "".join(f"<div><dt>{key}</dt><dd>{told}</dd></div>" for key, told in _facts(stands, sight.now))
    error = f'<p class="error">{escape(run.error)}</p>' if run is not None and run.error else ""
    return (
        f'<article class="card source"><header><h3>{name}</h3><span class="soft">{escape(stands.kind)}</span>{button}</header>'
        f'<p class="tags">{tags}</p>{error}<dl class="facts">{listed}</dl>'
        f"{chart(stands.source, source.history)}{_runs(source)}{_problems(run)}</article>"
    )


def _facts(stands: Standing, now: datetime) -> Iterator[tuple[str, str]]:
    run = stands.run
    yield "Documents", f"{stands.documents:,}"
    yield "Read to its end", _ago(run.fresh_at if run else None, now)
    if stands.objective_s is not None:
        yield "May be as old as", _span(stands.objective_s)
    if stands.next_at is not None:
        yield "Next sync", _moment(stands.next_at)
    if run is not None and run.stale:
        yield "Of an earlier day", f"{run.stale:,}, since they could not be read again"
    if run is not None and run.held:
        yield "Held back", f"{run.held:,} that are gone there stay until somebody agrees: frontdesk sync --yes"


def _runs(source: SourceSight) -> str:
    if not source.history:
        return ""
    rows = "".join(
        f"<tr><td>{_moment(run.started_at)}</td><td>{OUTCOMES.get(run.outcome, escape(run.outcome))}</td>"
        f"<td>{escape(changed(run))}</td></tr>"
        for run in source.history[:RUNS]
    )
    number = min(RUNS, len(source.history))
    last = "Last sync" if number == 1 else f"Last {number} syncs"
    return (
        f'<details><summary>{last}</summary><div class="wide" tabindex="0" role="region" '
        f'aria-label="Syncs of {escape(source.standing.source, quote=True)}"><table><thead><tr><th scope="col">Began</th>'
        f'<th scope="col">Outcome</th><th scope="col">What changed</th></tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def _problems(run: SourceRun | None) -> str:
    if run is None or not run.problems:
        return ""
    items = "".join(
        f'<li dir="auto"><code>{escape(each.external_id)}</code>: {escape(each.problem)}</li>'
        for each in run.problems[:PROBLEMS]
    )
    more = len(run.problems) - PROBLEMS
    rest = f'<p class="soft">and {more} more; frontdesk kb status shows them</p>' if more > 0 else ""
    skipped = f", {run.skipped} skipped" if run.skipped else ""
    word = "problem" if len(run.problems) == 1 else "problems"
    return f"<details><summary>{len(run.problems)} {word}{skipped}</summary><ul>{items}</ul>{rest}</details>"


def _release(sight: Sight) -> str:
    live, now = sight.live, sight.now
    if live is None:
        told = '<p class="empty">Nothing is live yet: people get every question. Run frontdesk sync.</p>'
    else:
        told = (
            f'<dl class="facts card"><div><dt>Live</dt><dd><code>{escape(live.id)}</code></dd></div>'
            f"<div><dt>Since</dt><dd>{_ago(live.live_at, now)}</dd></div>"
            f"<div><dt>Documents</dt><dd>{live.documents:,}</dd></div><div><dt>Chunks</dt><dd>{live.chunks:,}</dd></div></dl>"
        )
    return _section("What is answered from", told + _former(sight))


def _former(sight: Sight) -> str:
    if not sight.former:
        return ""
    rows = "".join(_kept(each, sight) for each in sight.former)
    number = len(sight.former)
    return (
        f"<details><summary>{number} former release{'' if number == 1 else 's'} kept</summary>"
        '<p class="soft">One that is made live again stays so until a sync brings changed documents. What was deleted since, '
        "or is not for everybody any more, is left out of it.</p>"
        '<div class="wide" tabindex="0" role="region" aria-label="Former releases"><table><thead><tr>'
        '<th scope="col">Release</th>'
        '<th scope="col">Became live</th><th scope="col">Documents</th><th scope="col">Chunks</th><th scope="col">Going back</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _kept(former: Generation, sight: Sight) -> str:
    name, button = escape(former.id, quote=True), ""
    if sight.may_go_back:
        of = f'data-tenant="{escape(sight.tenant, quote=True)}" data-release="{name}"'
        button = f'<button type="button" class="quiet" aria-label="Go back to {name}" {of}>Go back</button>'
    tag = ' <span class="tag warn">withdrawn</span>' if former.state == "withdrawn" else ""
    return (
        f"<tr><td><code>{name}</code>{tag}</td><td>{_ago(former.live_at, sight.now)}</td><td>{former.documents:,}</td>"
        f"<td>{former.chunks:,}</td><td>{button}</td></tr>"
    )


def _refused(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    rows = "".join(_change(each) for each in verdict.changed[:CHANGES])
    more = verdict.changed_count - min(len(verdict.changed), CHANGES)
    rest = f'<p class="soft">and {more} more; frontdesk kb diff shows them</p>' if more > 0 else ""
    table = ""
    if rows:
        table = (
            f"<details open><summary>{verdict.changed_count} of {verdict.questions} answers would change</summary>"
            '<div class="wide" tabindex="0" role="region" aria-label="Answers that would change"><table><thead><tr>'
            '<th scope="col">Question</th><th scope="col">It gets</th><th scope="col">Now</th>'
            f'<th scope="col">In this release</th></tr></thead><tbody>{rows}</tbody></table></div>{rest}</details>'
        )
    intro = (
        f"<p>A release of {verdict.documents:,} documents, built {_moment(verdict.at)}, did not pass and is not answered from. "
        "The one before stays live. Look at it with <code>frontdesk kb diff</code>; <code>frontdesk sync --force</code> "
        "publishes it all the same.</p>"
    )
    return _section(
        "A release was refused", f'<div class="card refused">{intro}<ul class="reasons">{reasons}</ul>{table}</div>'
    )


def _change(change: ChangedAnswer) -> str:
    tag = {"worse": "alert", "better": "good"}.get(change.became, "")
    return (
        f'<tr><td dir="auto">{escape(change.question)}</td><td><span class="tag {tag}">{escape(change.became)}</span></td>'
        f"<td>{_answered(change.before)}</td><td>{_answered(change.after)}</td></tr>"
    )


def _answered(answered: Answered | None) -> str:
    if answered is None or not answered.is_answered:
        return '<span class="soft">no answer</span>'
    quote = f'<br><span class="soft" dir="auto">{escape(answered.quote)}</span>' if answered.quote else ""
    return f"<code>{escape(next(iter(answered.documents), ''))}</code>{quote}"


def _gaps(sight: Sight) -> str:
    title, report = "What the knowledge lacks", sight.gaps
    if report is None:
        return _section(title, '<p class="empty">The list is being worked out. Reload in a moment.</p>')
    found = report.found
    if not found.gaps:
        return _section(
            title, f'<p class="empty">No gaps since {report.since:%Y-%m-%d}: every question had an answer.</p>'
        )
    items = "".join(_gap(gap, sight.now) for gap in found.gaps[:GAPS])
    more = len(found.gaps) - GAPS
    rest = f'<p class="soft">and {more} more; frontdesk kb gaps shows them</p>' if more > 0 else ""
    left = f" {found.left_out:,} older ones were left out." if found.left_out else ""
    intro = (
        f'<p class="soft">{found.questions:,} questions since {report.since:%Y-%m-%d} that had no answer or went to people, '
        f"grouped by meaning.{left} <code>frontdesk kb gaps --export DIR</code> writes drafts of what agents answered.</p>"
    )
    return _section(title, f'{intro}<ol class="gaps">{items}</ol>{rest}')


def _gap(gap: Gap, now: datetime) -> str:
    waiting = f'<span class="tag alert">{gap.waiting} waiting now</span>' if gap.waiting else ""
    solved = f'<span class="tag good">answered by agents in {len(gap.resolutions)}</span>' if gap.resolutions else ""
    reasons = ", ".join(f"{escape(reason.replace('_', ' '))} {number}" for reason, number in gap.reasons)
    examples = "".join(f'<li dir="auto">{escape(each.text)}</li>' for each in gap.examples)
    times = "once" if gap.count == 1 else f"{gap.count:,} times"
    return (
        f'<li class="card gap"><h3 dir="auto">{escape(gap.title)}</h3><p class="tags"><span class="tag strong">Asked {times}'
        f'</span>{waiting}{solved}<span class="soft">newest {_ago(gap.newest_at, now)} · {reasons}</span></p>'
        f"<details><summary>Examples</summary><ul>{examples}</ul></details></li>"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _moment(at: datetime) -> str:
    return f'<time datetime="{at.isoformat()}">{at:%Y-%m-%d %H:%M} {escape(at.tzname() or "UTC")}</time>'


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    passed = max(timedelta(0), now - at).total_seconds()
    told = "just now" if passed < UNITS[-1][0] else f"{_span(passed)} ago"
    return f'<time datetime="{at.isoformat()}" title="{at:%Y-%m-%d %H:%M} UTC">{told}</time>'


def _span(seconds: float) -> str:
    """The largest unit that fits: "36 hours" below two days."""
    for size, word in UNITS:
        if seconds >= size * (2 if word == "day" else 1):
            number = int(seconds // size)
            return f"{number} {word}{'' if number == 1 else 's'}"
    return f"{int(seconds)} seconds"
