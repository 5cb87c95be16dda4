"""Pages of ``frontdesk kb``: sources and releases, differences, passages.  Foreign words are printed as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console

from core.errors import KnowledgeUnavailable
from gateway.cli.page import grid, line, plain, section, tabled
from kb_sync import contents, gate
from kb_sync.golden import GoldenQuestion

if TYPE_CHECKING:
    from datetime import datetime

    import config as configuration
    from core.ports.knowledge import Generation, SourceRun
    from kb_sync.contents import Held
    from kb_sync.gate import ChangedAnswer, Verdict
    from kb_sync.pipeline import SyncJob

LISTED = 20
QUOTED = 200


class Screen:
    """Results on one side, complaints on the other."""

    def __init__(self, out: Console | None = None, errors: Console | None = None) -> None:
        self.out = out or Console()
        self.errors = errors or Console(stderr=True)

    def say(self, text: str) -> None:
        """One line of the result."""
        self.out.print(plain(text), soft_wrap=True)

    def warn(self, text: str) -> None:
        """One line for whoever must act."""
        self.errors.print(plain(text), soft_wrap=True)


def show_status(jobs: Sequence[SyncJob], screen: Screen, *, as_json: bool = False) -> bool:
    """Sources and releases of every tenant; False when a source failed or something waits for somebody."""
    told = [_status(job) for job in jobs]
    if as_json:
        screen.out.print_json(json.dumps(told))
    else:
        for job in jobs:
            _show_status(job, screen)
    return all(one["is_well"] for one in told)


def _status(job: SyncJob) -> dict[str, Any]:
    runs = {run.source: run for run in job.store.runs(job.tenant)}
    waits = gate.refused(job)
    outcomes = [run.outcome for run in runs.values()]
    return {
        "tenant": job.tenant,
        "sources": [
            {
                "id": source.id,
                "kind": source.kind,
                "documents": job.store.count(job.tenant, source.id),
                "run": msgspec.to_builtins(runs.get(source.id)),
            }
            for source in job.sources
        ],
        "releases": msgspec.to_builtins(job.store.generations(job.tenant)),
        "refused": msgspec.to_builtins(waits),
        "is_well": waits is None and not {"failed", "refused"} & set(outcomes),
    }


def _show_status(job: SyncJob, screen: Screen) -> None:
    out, runs = screen.out, {run.source: run for run in job.store.runs(job.tenant)}
    section(out, job.tenant)
    table = grid("source", "kind", "documents", "last sync", "fresh since", "stale", right=("documents", "stale"))
    for source in job.sources:
        run = runs.get(source.id)
        table.add_row(
            plain(source.id),
            source.kind,
            str(job.store.count(job.tenant, source.id)),
            run.outcome if run else "never",
            _moment(run.fresh_at if run else None),
            str(run.stale if run else 0),
        )
    tabled(out, table)
    for run in runs.values():
        _show_run(run, out)
    _show_releases(job, out)


def _show_run(run: SourceRun, out: Console) -> None:
    if run.error:
        line(out, f"{run.source}: {run.error}", style="red")
    for problem in run.problems[:LISTED]:
        line(out, f"{run.source}: {problem.external_id}: {problem.problem}", style="dim")
    if len(run.problems) > LISTED:
        line(out, f"{run.source}: and {len(run.problems) - LISTED} more", style="dim")


def _show_releases(job: SyncJob, out: Console) -> None:
    table = grid("release", "state", "docs", "chunks", "live since", right=("docs", "chunks"))
    table.columns[0].no_wrap = True
    for one in job.store.generations(job.tenant):
        table.add_row(one.id, one.state, str(one.documents), str(one.chunks), _moment(one.live_at))
    out.print()
    tabled(out, table)
    if (waits := gate.refused(job)) is not None:
        _show_reasons(waits, out)
        line(out, "`frontdesk kb diff` shows what would change, `frontdesk sync --force` publishes it", style="dim")


def _show_reasons(verdict: Verdict, out: Console) -> None:
    line(out, f"{verdict.generation} is refused and the live release stays:", style="red")
    for reason in verdict.reasons:
        line(out, f"- {reason}")


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"


def show_difference(job: SyncJob, release: str | None, screen: Screen, *, as_json: bool = False) -> bool:
    """What a kept release has over the live one; ``KnowledgeUnavailable`` when that cannot be told."""
    live, verdict = job.store.live(job.tenant), gate.refused(job)
    if release is None and verdict is None:
        screen.say(f"{job.tenant}: no release waits; name a kept one to compare it: {_kept(job)}")
        return True
    chosen = _release(job, release or (verdict.generation if verdict else ""))
    if verdict is not None and verdict.generation != chosen.id:
        verdict = None
    found = None
    if live is not None and live.id != chosen.id:
        found = contents.difference(job.folder(live.id), job.folder(chosen.id))
    if as_json:
        told = {"tenant": job.tenant, "release": chosen.id, "documents": found, "verdict": verdict}
        screen.out.print_json(msgspec.json.encode(told).decode())
        return True
    section(screen.out, f"{job.tenant}: {chosen.id} against the live release {live.id if live else '(none)'}")
    if verdict is not None:
        _show_reasons(verdict, screen.out)
        _show_changes(verdict, screen.out)
    for name, held in (
        () if found is None else (("added", found.added), ("changed", found.changed), ("removed", found.removed))
    ):
        _show_held(name, held, screen.out)
    return True


def _release(job: SyncJob, wanted: str) -> Generation:
    found = next((one for one in job.store.generations(job.tenant) if one.id == wanted), None)
    if found is None:
        raise KnowledgeUnavailable(f"there is no release {wanted}; kept are: {_kept(job)}")
    return found


def _kept(job: SyncJob) -> str:
    return ", ".join(one.id for one in job.store.generations(job.tenant)) or "none"


def _show_changes(verdict: Verdict, out: Console) -> None:
    if not verdict.changed_count:
        return
    section(out, f"{verdict.changed_count} of {verdict.questions} golden answers would change")
    for change in verdict.changed[:LISTED]:
        _show_change(change, out)
    if (more := verdict.changed_count - LISTED) > 0:
        line(out, f"and {more} more (--json has up to {gate.KEPT_CHANGES})", style="dim")


def _show_change(change: ChangedAnswer, out: Console) -> None:
    line(out, f"{change.became}: {change.question}", style="red" if change.became == "worse" else "")
    for name, answered in (("before", change.before), ("after", change.after)):
        if answered is None:
            continue
        shown = " ".join(answered.quote.split())[:QUOTED] if answered.is_answered else "no answer"
        line(out, f"  {name}: {', '.join(answered.documents[:1]) or '-'}: {shown}", style="dim")


def _show_held(name: str, held: Sequence[Held], out: Console) -> None:
    if not held:
        return
    section(out, f"{len(held)} documents {name}")
    for one in held[:LISTED]:
        line(out, f"{one.source}/{one.external_id}  {one.title}")
    if len(held) > LISTED:
        line(out, f"and {len(held) - LISTED} more", style="dim")


def show_found(
    job: SyncJob, tenant: configuration.Tenant, question: str, screen: Screen, *, release: str | None, limit: int
) -> bool:
    """What the live or a kept release finds for a question; ``KnowledgeUnavailable`` when it cannot be searched."""
    from gateway.compose.engines import engine_settings
    from gateway.compose.finding import unwatched_ranker_of
    from gateway.compose.knowing import searched

    chosen = _release(job, release) if release else job.store.live(job.tenant)
    if chosen is None:
        raise KnowledgeUnavailable("nothing is published yet; run `frontdesk sync`")
    asked = GoldenQuestion(id="", question=question, answerable=True)
    ranker = unwatched_ranker_of(tenant, engine_settings(tenant))
    with closing(job.engine.open(job.folder(chosen.id), chosen.id)) as index:
        found = searched(tenant, index, asked, ranker)
    section(screen.out, f"{job.tenant}: {chosen.id}")
    if found.assessment is not None:
        line(screen.out, f"confidence {found.assessment.confidence:.2f}: {found.assessment.advice}")
        for reason in found.assessment.because:
            line(screen.out, reason, style="dim")
    for number, passage in enumerate(found.passages[:limit], 1):
        chunk = passage.chunk
        place = " › ".join(part for part in (chunk.title, chunk.heading) if part)
        line(screen.out, f"{number}. {place}  [{chunk.source}/{chunk.external_id}, {passage.score:.3f}]")
        line(screen.out, f"   {' '.join(chunk.text.split())[:QUOTED]}", style="dim")
    if not found.passages:
        line(screen.out, "nothing is found")
    return True
