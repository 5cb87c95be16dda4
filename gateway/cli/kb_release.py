"""``frontdesk kb status|diff|rollback|search|refresh``: what is answered from, what waits, and going back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import FrontdeskError
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    import config as configuration
    from core.ports.knowledge import Generation
    from gateway.cli.kb_show import Screen
    from kb_sync.pipeline import SyncJob

    Act = Callable[[SyncJob, Screen], bool]

TENANT = Annotated[str | None, typer.Option(help="Only this tenant.")]
CONFIG = Annotated[Path, CONFIG_OPTION]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``kb``."""
    _register_reading(app)
    _register_changing(app)


def _register_reading(app: typer.Typer) -> None:
    @app.command()
    def status(config: CONFIG = DEFAULT_CONFIG, tenant: TENANT = None, as_json: JSON = False) -> None:
        """Show every source with its last sync and how fresh it is, and the releases that are kept.

        Exit code 1 when a source failed, or when something waits for you.

        [bold]Examples[/bold]

          frontdesk kb status
        """
        from gateway.cli.kb_show import show_status

        jobs = _jobs(config, tenant)
        raise typer.Exit(EXIT_OK if show_status(jobs, _screen(), as_json=as_json) else EXIT_NO)

    @app.command()
    def diff(
        release: Annotated[
            str | None, typer.Argument(help="A kept release; none means the one that is refused.")
        ] = None,
        config: CONFIG = DEFAULT_CONFIG,
        tenant: TENANT = None,
        as_json: JSON = False,
    ) -> None:
        """Show what a release would change against the live one: documents, and golden questions answered otherwise.

        [bold]Examples[/bold]

          frontdesk kb diff                 why the gate refused the new release

          frontdesk kb diff g_01J9ZK        what going back to a former release would change
        """
        from gateway.cli.kb_show import show_difference

        raise typer.Exit(
            _each(_jobs(config, tenant), lambda job, screen: show_difference(job, release, screen, as_json=as_json))
        )

    @app.command()
    def search(
        question: Annotated[str, typer.Argument(help="As a contact would ask.")],
        config: CONFIG = DEFAULT_CONFIG,
        tenant: TENANT = None,
        release: Annotated[
            str | None, typer.Option("--in", metavar="RELEASE", help="Search this kept release.")
        ] = None,
        limit: Annotated[int, typer.Option(min=1, max=50, help="How many passages.")] = 5,
    ) -> None:
        """Search the live release as a contact is answered from it; what only verified contacts may read is left out.

        [bold]Examples[/bold]

          frontdesk kb search "how long can I send things back"
        """
        from gateway.cli.kb_show import show_found

        settings = _settings(config)
        asked = {one.id: one for one in settings.tenants}
        raise typer.Exit(
            _each(
                _jobs(config, tenant),
                lambda job, screen: show_found(job, asked[job.tenant], question, screen, release=release, limit=limit),
            )
        )


def _register_changing(app: typer.Typer) -> None:
    @app.command()
    def rollback(
        release: Annotated[str | None, typer.Argument(help="A kept release; none means the one before.")] = None,
        config: CONFIG = DEFAULT_CONFIG,
        tenant: TENANT = None,
    ) -> None:
        """Answer from an earlier release again, at once; it stays until a sync brings changed documents.

        What was deleted since, or may not be read by everybody any more, is left out of it.

        [bold]Examples[/bold]

          frontdesk kb rollback

          frontdesk kb rollback g_01J9ZK --tenant acme
        """
        raise typer.Exit(_each(_jobs(config, tenant), lambda job, screen: _rolled_back(job, release, screen)))

    @app.command()
    def refresh(
        config: CONFIG = DEFAULT_CONFIG,
        tenant: TENANT = None,
        force: Annotated[bool, typer.Option("--force", help="Publish it even if it does not pass the gate.")] = False,
    ) -> None:
        """Build a new release of what is stored, without reading the sources.

        [bold]Examples[/bold]

          frontdesk kb refresh
        """
        raise typer.Exit(_each(_jobs(config, tenant), lambda job, screen: _refreshed(job, screen, force=force)))


def _rolled_back(job: SyncJob, release: str | None, screen: Screen) -> bool:
    from kb_sync.pipeline import rollback

    live: Generation = rollback(job, release)
    screen.say(f"{job.tenant}: release {live.id} is live again: {live.documents} documents, {live.chunks} chunks")
    return True


def _refreshed(job: SyncJob, screen: Screen, *, force: bool) -> bool:
    from gateway.cli.sync import Shown, show_report
    from kb_sync.pipeline import refresh

    with Shown(screen.out) as shown:
        report = refresh(job, force=force, progress=shown)
    show_report(report, screen.out, screen.errors)
    return not report.is_refused


def _each(jobs: Sequence[SyncJob], act: Act) -> int:
    """Do it for every tenant; one that cannot does not stop the next."""
    screen = _screen()
    results: list[bool] = []
    for job in jobs:
        with _told(job, screen, results):
            results.append(act(job, screen))
    return EXIT_OK if all(results) else EXIT_NO


@contextmanager
def _told(job: SyncJob, screen: Screen, results: list[bool]) -> Iterator[None]:
    try:
        yield
    except FrontdeskError as error:
        screen.warn(f"{job.tenant}: {error.safe_message}")
        results.append(False)


def _settings(config: Path) -> configuration.Settings:
    from gateway.compose import load_settings

    return load_settings(config)


def _jobs(config: Path, tenant: str | None) -> tuple[SyncJob, ...]:
    """The jobs of the tenants that are meant; ends the command when there is no such tenant."""
    from gateway.compose import sync_jobs

    jobs = sync_jobs(_settings(config))
    chosen = tuple(job for job in jobs if tenant in (None, job.tenant))
    if not chosen:
        known = ", ".join(job.tenant for job in jobs) or "none"
        typer.echo(f"No such tenant: {tenant}. Configured: {known}.", err=True)
        raise typer.Exit(EXIT_USAGE)
    return chosen


def _screen() -> Screen:
    from gateway.cli.kb_show import Screen

    return Screen()
