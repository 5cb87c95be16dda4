"""``frontdesk drill``: rehearse an emergency with the operator's own configuration, against stand-ins, before it happens."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    from config import Settings
    from gateway.cli.drill_outage import Drilled

DRILLS: Final = {"model-outage": "Models fail one after the other; every question must still be met within 10 s."}
"""Name → what happens."""


class How(StrEnum):
    """How a model is down."""

    SILENT = "silent"
    REFUSED = "refused"
    ERRORS = "errors"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def drill(
        name: Annotated[str | None, typer.Argument(help="The drill; left out: they are listed.")] = None,
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        *,
        tenant: Annotated[str | None, typer.Option(help="Drill this tenant; left out: the first with models.")] = None,
        question: Annotated[
            str | None, typer.Option(help="Ask this; it must be answered by a page. Left out: one is found.")
        ] = None,
        how: Annotated[
            How, typer.Option(help="Models that are down say nothing, refuse the connection, or answer 500.")
        ] = How.SILENT,
        as_json: Annotated[bool, typer.Option("--json", help="Print what happened as JSON.")] = False,
    ) -> None:
        """Rehearse an emergency: your tenant's settings and knowledge, in a process of its own, against scripted models.

        model-outage asks a question while everything is well, while the first model is down, while all are, asks one that no page
        answers, and asks once more when they are back: written by the first model, by the next, quoted from the pages, handed to
        people with an honest message, written again; each with the time until the customer reads the first word.

        It runs on free ports of this computer in a temporary folder. Nothing of your data is touched, no vendor and no tool is
        called, and a running `serve` does not notice.

        [bold]Examples[/bold]

          frontdesk drill

          frontdesk drill model-outage

          frontdesk drill model-outage --how errors --tenant shop --json

        Exit code 0 when every rung held, 1 when one did not, 2 for wrong usage.
        """
        if name is None:
            for known, about in DRILLS.items():
                typer.echo(f"{known}  {about}")
            raise typer.Exit(EXIT_OK)
        if name not in DRILLS:
            typer.echo(f"no drill {name!r}; there are: {', '.join(DRILLS)}", err=True)
            raise typer.Exit(EXIT_USAGE)
        from gateway import logs
        from gateway.compose import load_settings

        settings = load_settings(config)
        logs.configure(level="error")
        raise typer.Exit(_drill(settings, tenant, question, how, as_json=as_json))


def _drill(settings: Settings, tenant: str | None, question: str | None, how: How, *, as_json: bool) -> int:
    from rich.console import Console

    from gateway.cli.drill_outage import drill
    from gateway.cli.drill_stage import NoDrill

    try:
        drilled = asyncio.run(drill(settings, tenant, question, how.value, console=Console(stderr=True)))
    except NoDrill as error:
        typer.echo(str(error), err=True)
        return EXIT_USAGE
    if as_json:
        typer.echo(json.dumps(_as_data(drilled), indent=2, ensure_ascii=False))
    else:
        _show(drilled)
    return EXIT_OK if drilled.held else EXIT_NO


def _as_data(drilled: Drilled) -> dict[str, Any]:
    rungs = [
        {
            "rung": ended.rung.name,
            "expected": ended.rung.expected,
            "got": ended.got,
            "first_word_s": None if ended.first_word_s is None else round(ended.first_word_s, 3),
            "held": ended.held,
            "said": ended.said,
            "note": ended.note,
        }
        for ended in drilled.rungs
    ]
    return {"tenant": drilled.tenant, "held": drilled.held, "notes": list(drilled.notes), "rungs": rungs}


def _show(drilled: Drilled) -> None:
    from rich.console import Console
    from rich.text import Text

    from gateway.cli.page import grid, line, plain, tabled

    console = Console()
    table = grid("rung", "expected", "what came", "first word", "", right=("first word",))
    for ended in drilled.rungs:
        first = "never" if ended.first_word_s is None else f"{ended.first_word_s:.2f} s"
        mark = Text("held", style="green") if ended.held else Text("DID NOT HOLD", style="bold red")
        table.add_row(ended.rung.name, ended.rung.expected, plain(ended.got, 60), first, mark)
    console.print(Text(f"Model outage, tenant {drilled.tenant}", style="bold"))
    tabled(console, table)
    for ended in drilled.rungs:
        if ended.note:
            line(console, f"{ended.rung.name}: {ended.note}")
        elif not ended.held:
            line(console, f"{ended.rung.name}: it said “{ended.said[:200] or 'nothing'}”")
    for note in drilled.notes:
        line(console, note, style="dim")
    failed = sum(not ended.held for ended in drilled.rungs)
    console.print("Every rung held." if not failed else f"{failed} of {len(drilled.rungs)} rungs did not hold.")
