"""``frontdesk sync``: bring the knowledge up to date, beside a running serve or without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import FrontdeskError
from gateway import garbage
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from core.ports.knowledge import SourceRun
    from kb_sync.pipeline import SyncJob, SyncReport


BUILDING = ""
"""Among the tasks that are shown, the one that is no source's."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def sync(
        *,
        sources: Annotated[list[str] | None, typer.Argument(help="Ids of sources to sync; none means all.")] = None,
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
        full: Annotated[
            bool, typer.Option("--full", help="Read every item and build the index anew, changed or not.")
        ] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count only; nothing is stored.")] = False,
        yes: Annotated[
            bool,
            typer.Option("--yes", help="Remove what is gone, even if it is more of a source than the gate allows."),
        ] = False,
        force: Annotated[
            bool, typer.Option("--force", help="Publish the new release even if it does not pass the gate.")
        ] = False,
        if_needed: Annotated[bool, typer.Option("--if-needed", help="Only when there is no index yet.")] = False,
    ) -> None:
        """Read the sources, store what changed, build a new index beside the live one, and swap if it passes the gate.

        A broken item is reported and skipped, and what it held before stays. Deleted documents disappear from answers.
        What did not change is not read again. A running serve notices within seconds.

        Exit code 1 when a source could not be read, or when something waits for you: more of a source is gone than the gate
        allows (--yes), or the new release does not pass it (`frontdesk kb diff` shows why, --force publishes it).

        Examples:

            frontdesk sync                    every source of every tenant

            frontdesk sync help --full        only the source "help", everything anew

            frontdesk sync --dry-run          what would be read, changed and removed
        """
        with garbage.put_off():
            from rich.console import Console

            from gateway.compose import load_settings, sync_jobs

        asked = Asked(
            sources=tuple(sources or ()),
            tenant=tenant,
            full=full,
            is_dry=dry_run,
            yes=yes,
            force=force,
            if_needed=if_needed,
        )
        raise typer.Exit(run(sync_jobs(load_settings(config)), asked, Console(), Console(stderr=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    sources: tuple[str, ...] = ()
    tenant: str | None = None
    full: bool = False
    is_dry: bool = False
    yes: bool = False
    force: bool = False
    if_needed: bool = False


def run(jobs: Sequence[SyncJob], asked: Asked, out: Console, errors: Console) -> int:
    """Sync what is asked for and print what came of it; returns the exit code."""
    chosen = [job for job in jobs if asked.tenant in (None, job.tenant)]
    if mistake := _mistake(jobs, chosen, asked):
        say(errors, mistake)
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
        with Shown(out) as shown:
            report = sync(
                job,
                only=asked.sources,
                full=asked.full,
                yes=asked.yes,
                force=asked.force,
                is_dry=asked.is_dry,
                progress=shown,
            )
    except FrontdeskError as error:
        say(errors, f"{job.tenant}: {error.safe_message}")
        return False
    show_report(report, out, errors, is_dry=asked.is_dry)
    return not report.has_failed and not report.is_refused


class Shown:
    """Progress bars with the time left on a terminal, nothing otherwise."""

    def __init__(self, console: Console) -> None:
        from rich.progress import Progress

        self._bar: Bar = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Shown:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def source_started(self, source: str, total: int | None) -> None:
        """A source was listed."""
        self._tasks[source] = self._bar.add_task(source, total=total)

    def item_done(self, source: str) -> None:
        """One item of it was loaded or refused."""
        self._bar.advance(self._tasks[source])

    def building(self, documents: int) -> None:
        """The index is being built."""
        self._tasks[BUILDING] = self._bar.add_task(f"building the index of {documents} documents", total=documents)

    def document_built(self) -> None:
        """One document is in it."""
        self._bar.advance(self._tasks[BUILDING])

    def begun_anew(self, reason: str) -> None:
        """It takes longer than it should, and somebody wants to know why."""
        say(self._bar.console, f"the live index could not be built upon ({reason}): all of it is built")

    def judging(self, questions: int) -> None:
        """The new index is asked golden questions."""
        if questions:
            self._bar.add_task(f"asking {questions} golden questions", total=None)


def show_report(report: SyncReport, out: Console, errors: Console, *, is_dry: bool = False) -> None:
    """What came of a sync: results to ``out``, what somebody should look at to ``errors``."""
    for done in report.runs:
        say(out, f"{report.tenant}/{done.source}: {_summary(done)}")
        for problem in done.problems:
            say(errors, f"  {problem.external_id}: {problem.problem}")
    if is_dry:
        say(out, f"{report.tenant}: nothing was stored")
        return
    say(out, f"{report.tenant}: {report.documents} documents, {report.chunks} chunks; {_state(report)}")
    for reason in report.verdict.reasons if report.verdict else ():
        say(errors, f"  the gate: {reason}")
    if report.verdict is not None and report.verdict.changed_count:
        changed = report.verdict.changed_count
        say(out, f"{report.tenant}: {changed} of {report.verdict.questions} golden answers {_changed(report)}")
    if report.documents == 0:
        say(errors, f"{report.tenant}: there is nothing to answer from; people get every question")


def say(console: Console, text: str) -> None:
    """One line, as it stands."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _state(report: SyncReport) -> str:
    if report.generation:
        return f"generation {report.generation} is live"
    if report.is_withdrawn:
        return "the former release stays live, as you went back to it, until a document changes (--force ends that)"
    if report.verdict is not None:
        waiting = report.verdict.generation
        return f"the new release {waiting} is refused and the old one stays live (`frontdesk kb diff`, `sync --force`)"
    return "nothing changed"


def _changed(report: SyncReport) -> str:
    return "changed" if report.generation else "would change"


def _summary(done: SourceRun) -> str:
    if done.outcome == "failed":
        counts = f"; {done.added} added and {done.changed} changed before that" if done.added or done.changed else ""
        return f"failed: {done.error}; {done.unchanged} documents stay as they were{counts}"
    counts = f"{done.added} added, {done.changed} changed, {done.removed} removed, {done.unchanged} unchanged"
    stale = f", {done.stale} of an earlier day" if done.stale else ""
    held = f"; refused: {done.error}" if done.outcome == "refused" else ""
    return f"{counts}, {done.skipped} skipped{stale}{held}"
