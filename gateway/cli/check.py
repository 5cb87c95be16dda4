"""``frontdesk check``: is the YAML right?  The same loader as serve, every mistake at once."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import garbage
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK

if TYPE_CHECKING:
    from config import Examined, Problem, Settings


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def check(
        file: Annotated[Path | None, typer.Argument(help="The YAML file; left out: the one of --config.")] = None,
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON lines.")] = False,
    ) -> None:
        """Check the YAML file and print every mistake at once: [bold]file:line:column: what; how to mend[/bold].

        Variables of the environment and secret files are read as `serve` would read them, and never printed.
        Nothing is started, written or sent.

        [bold]Examples[/bold]

          frontdesk check

          frontdesk check company.yaml

          SAM_PASSWORD=only-for-checking frontdesk check company.yaml --json

        Exit code 0 when the file can be used (warnings allowed), 1 when it has mistakes.
        """
        raise typer.Exit(_check(file or config, as_json=as_json))


def _check(path: Path, *, as_json: bool) -> int:
    with garbage.put_off():
        from config import Plugs, examine
        from gateway.plugged import settings_models

        examined = examine(path, Plugs(**settings_models()), os.environ)
    for problem in examined.problems:
        typer.echo(json.dumps(asdict(problem)) if as_json else str(problem))
    typer.echo(_summary(path, examined), err=True)
    return EXIT_NO if examined.settings is None else EXIT_OK


def _summary(path: Path, examined: Examined) -> str:
    if examined.settings is None:
        return f"{path}: {_counted(examined.problems)}; it cannot be used"
    warned = f", {_counted(examined.problems)}" if examined.problems else ""
    return f"{path}: fine ({_contents(examined.settings)}){warned}"


def _counted(problems: tuple[Problem, ...]) -> str:
    mistakes = sum(problem.severity == "error" for problem in problems)
    parts = [_number(mistakes, "mistake")] if mistakes else []
    if warnings := len(problems) - mistakes:
        parts.append(_number(warnings, "warning"))
    return ", ".join(parts)


def _contents(settings: Settings) -> str:
    accounts = sum(len(tenant.accounts) for tenant in settings.tenants)
    sources = sum(len(tenant.knowledge.sources) for tenant in settings.tenants)
    counts = {"tenant": len(settings.tenants), "account": accounts, "source": sources}
    people = "1 person" if len(settings.people) == 1 else f"{len(settings.people)} people"
    return ", ".join([*(_number(count, noun) for noun, count in counts.items()), people])


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
