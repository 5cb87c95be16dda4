"""``frontdesk sync``: bring the knowledge up to date, beside a running serve or without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import FrontdeskError
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from core.ports.knowledge import SourceRun
    from kb_sync.pipeline import SyncJob, SyncReport


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def sync(
        sources: Annotated[list[str] | None, typer.Argument(help="Ids of sources to sync; none means all.")] = None,
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
        full: Annotated[bool, typer.Option("--full", help="Build the index anew even when nothing changed.")] = False,
        if_needed: Annotated[bool, typer.Option("--if-needed", help="Only when there is no index yet.")] = False,
    ) -> None:
        """Read the sources, store what changed, build a new index beside the live one, and swap.

        A broken file is reported and skipped, and what it held before stays. Deleted files disappear from answers.
        A running serve notices within seconds.

        Exit code 1 when a source could not be read at all; what was published from it stays live.

        Examples:

            frontdesk sync                    every source of every tenant

            frontdesk sync help --full        only the source "help", and build the index anew
        """
        from rich.console import Console

        from gateway.compose import load_settings, sync_jobs

        asked = Asked(sources=tuple(sources or ()), tenant=tenant, full=full, if_needed=if_needed)
        raise typer.Exit(run(sync_jobs(load_settings(config)), asked, Console(), Console(stderr=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    sources: tuple[str, ...] = ()
    tenant: str | None = None
    full: bool = False
    if_needed: bool = False


def run(jobs: Sequence[SyncJob], asked: Asked, out: Console, errors: Console) -> int:
    """Sync what is asked for and print what came of it; returns the exit code."""
    chosen = [job for job in jobs if asked.tenant in (None, job.tenant)]
    if mistake := _mistake(jobs, chosen, asked):
        errors.print(mistake, highlight=False, markup=False, soft_wrap=True)
        return EXIT_USAGE
    if asked.sources:
        chosen = [job for job in chosen if any(source.id in asked.sources for source in job.sources)]
    results = [_sync(job, asked, out, errors) for job in chosen]
    return EXIT_OK if all(results) else EXIT_NO


def _mistake(jobs: Sequence[SyncJob], chosen: Sequence[SyncJob], asked: Asked) -> str | None:
    """What does not exist, beside what does."""
    if not chosen:
        return f"No such tenant: {asked.tenant}. Configured: {', '.join(job.tenant for job in jobs) or 'none'}."
    known = sorted({source.id for job in chosen for source in job.sources})
    if unknown := [name for name in asked.sources if name not in known]:
        return f"No such source: {', '.join(unknown)}. Configured: {', '.join(known) or 'none'}."
    return None


def _sync(job: SyncJob, asked: Asked, out: Console, errors: Console) -> bool:
    from kb_sync.pipeline import sync

    if asked.if_needed and job.store.live(job.tenant) is not None:
        return True
    try:
        with _Shown(out) as shown:
            report = sync(job, only=asked.sources, full=asked.full, progress=shown)
    except FrontdeskError as error:
        errors.print(f"{job.tenant}: {error.safe_message}", highlight=False, markup=False, soft_wrap=True)
        return False
    _print(report, out, errors)
    return not report.has_failed


class _Shown:
    """A progress bar on a terminal, nothing otherwise."""

    def __init__(self, console: Console) -> None:
        from rich.progress import Progress

        self._bar: Bar = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Shown:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def source_started(self, source: str, total: int) -> None:
        """A source was listed."""
        self._tasks[source] = self._bar.add_task(source, total=total)

    def item_done(self, source: str) -> None:
        """One item of it was loaded or refused."""
        self._bar.advance(self._tasks[source])

    def building(self, documents: int) -> None:
        """The index is being built."""
        self._bar.add_task(f"building the index of {documents} documents", total=None)


def _print(report: SyncReport, out: Console, errors: Console) -> None:
    for done in report.runs:
        out.print(f"{report.tenant}/{done.source}: {_summary(done)}", highlight=False, markup=False, soft_wrap=True)
        for problem in done.problems:
            line = f"  {problem.external_id}: {problem.problem}"
            errors.print(line, highlight=False, markup=False, soft_wrap=True)
    state = f"generation {report.generation} is live" if report.generation else "nothing changed"
    counts = f"{report.documents} documents, {report.chunks} chunks"
    out.print(f"{report.tenant}: {counts}; {state}", highlight=False, markup=False, soft_wrap=True)
    if report.documents == 0:
        warning = f"{report.tenant}: there is nothing to answer from; people get every question"
        errors.print(warning, highlight=False, markup=False, soft_wrap=True)


def _summary(done: SourceRun) -> str:
    if done.error is not None:
        return f"failed: {done.error}; {done.unchanged} documents stay as they were"
    counts = f"{done.added} added, {done.changed} changed, {done.removed} removed, {done.unchanged} unchanged"
    return f"{counts}, {done.skipped} skipped"
