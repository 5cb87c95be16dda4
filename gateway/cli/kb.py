"""``frontdesk kb``: releases of the knowledge, and what agents had to answer themselves, for whoever keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import gaps, kb_release
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    from rich.console import Console

    from core.candidates import Candidate

MAX_LISTED = 1_000


def register(app: typer.Typer) -> None:
    """Add the command and what it can do."""
    gaps.register(app)
    kb_release.register(app)

    @app.callback()
    def kb() -> None:
        """Look after the knowledge base.

        [bold]Examples[/bold]

          frontdesk kb status

          frontdesk kb search "how long can I send things back"

          frontdesk kb gaps --since 7

          frontdesk kb candidates
        """

    @app.command()
    def candidates(
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
        limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many of each tenant, newest first.")] = 50,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    ) -> None:
        """List knowledge gap candidates: resolved cases in which a person answered, with question and answers.

        They are redacted and live nowhere else: the assistant never answers from them. Write an article of the good ones.

        [bold]Examples[/bold]

          frontdesk kb candidates

          frontdesk kb candidates --json | jq '.[].questions[0]'
        """
        from rich.console import Console

        from gateway.compose import library_of, load_settings

        settings = load_settings(config)
        tenants = [one.id for one in settings.tenants if tenant in (None, one.id)]
        if not tenants:
            known = ", ".join(one.id for one in settings.tenants) or "none"
            typer.echo(f"No such tenant: {tenant}. Configured: {known}.", err=True)
            raise typer.Exit(EXIT_USAGE)
        store = library_of(settings).store
        found = [one for id in tenants for one in store.candidates(id, limit=limit)]
        if as_json:
            typer.echo(as_array(found))
        else:
            show(found, Console())
        raise typer.Exit(EXIT_OK)


def as_array(found: list[Candidate]) -> str:
    """The candidates as JSON."""
    import msgspec

    return json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False)


def show(found: list[Candidate], console: Console) -> None:
    """The candidates as a page."""
    from gateway.cli.page import line, plain, section

    if not found:
        line(console, "No candidates: no resolved case with an answer by a person yet.")
    for one in found:
        place = f"{one.learned_at:%Y-%m-%d %H:%M} {one.tenant} {one.conv} (episode {one.episode})"
        section(console, plain(place).plain)
        for question in one.questions:
            line(console, f"asked: {question}")
        for answer in one.answers:
            line(console, f"answered: {answer}")
        if one.cited:
            line(console, f"was shown: {', '.join(source.title for source in one.cited)}", style="dim")
        facts = [one.reason, one.language or "", *one.tags]
        if any(facts):
            line(console, ", ".join(filter(None, facts)), style="dim")
