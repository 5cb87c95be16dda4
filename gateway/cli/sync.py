"""``frontdesk sync``: bring the knowledge up to date, beside a running serve or without one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import CONFIG_OPTION

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from core.ports.knowledge import SourceRun
    from kb_sync.pipeline import SyncReport


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def sync(
        sources: Annotated[list[str] | None, typer.Argument(help="Ids of sources to sync; none means all.")] = None,
        config: Annotated[Path, CONFIG_OPTION] = Path("frontdesk.yaml"),
        tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
        full: Annotated[bool, typer.Option("--full", help="Build the index anew even when nothing changed.")] = False,
        if_needed: Annotated[bool, typer.Option("--if-needed", help="Only when there is no index yet.")] = False,
    ) -> None:
        """Read the sources, store what changed, build a new index beside the live one, and swap.

        A broken file is reported and skipped. Deleted files disappear from answers. A running serve notices within seconds.

        Exit code 1 when a source could not be read at all; what was published from it stays live.
        """
        raise typer.Exit(_sync(config, sources or [], tenant=tenant, full=full, if_needed=if_needed))


def _sync(path: Path, only: list[str], *, tenant: str | None, full: bool, if_needed: bool) -> int:
    from rich.console import Console

    from core.errors import FrontdeskError
    from gateway.compose import load_settings, sync_jobs
    from kb_sync.pipeline import sync

    out, errors = Console(), Console(stderr=True)
    jobs = [job for job in sync_jobs(load_settings(path)) if tenant in (None, job.tenant)]
    known = {source.id for job in jobs for source in job.sources}
    if unknown := [name for name in only if name not in known]:
        errors.print(f"No such source: {', '.join(unknown)}. Configured: {', '.join(sorted(known)) or 'none'}.")
        return 2
    has_failed = False
    for job in jobs:
        if if_needed and job.store.live(job.tenant) is not None:
            continue
        try:
            with _Shown(out) as shown:
                report = sync(job, only=only, full=full, progress=shown)
        except FrontdeskError as error:
            errors.print(f"{job.tenant}: {error.safe_message}", highlight=False)
            has_failed = True
            continue
        _print(report, out, errors)
        has_failed = has_failed or report.has_failed
    return 1 if has_failed else 0


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
        self._bar.add_task("building the index", total=None)


def _print(report: SyncReport, out: Console, errors: Console) -> None:
    for run in report.runs:
        out.print(f"{report.tenant}/{run.source}: {_summary(run)}", highlight=False, soft_wrap=True)
        for problem in run.problems:
            errors.print(f"  {problem.external_id}: {problem.problem}", highlight=False, markup=False, soft_wrap=True)
    state = f"generation {report.generation} is live" if report.generation else "nothing changed"
    out.print(f"{report.tenant}: {report.documents} documents, {report.chunks} chunks; {state}", highlight=False)


def _summary(run: SourceRun) -> str:
    if run.error is not None:
        return f"failed: {run.error}"
    counts = f"{run.added} added, {run.changed} changed, {run.removed} removed, {run.unchanged} unchanged"
    return f"{counts}, {len(run.problems)} skipped" if run.problems else counts
