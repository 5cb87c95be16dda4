"""``frontdesk schema``: the JSON Schema of the YAML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def schema(
        out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write here.")] = None,
    ) -> None:
        """Print the JSON Schema (draft 2020-12) of the YAML file, the blocks of every channel, desk and source included.

        Editors complete and check the file with it when its first line says where the schema is:

          # yaml-language-server: $schema=./frontdesk.schema.json

        [bold]Examples[/bold]

          frontdesk schema

          frontdesk schema --out frontdesk.schema.json
        """
        if out is None:
            typer.echo(text(), nl=False)
            return
        try:
            out.write_text(text(), encoding="utf-8")
        except OSError as error:
            raise typer.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from error


def text() -> str:
    """The schema as it is kept in ``config/frontdesk.schema.json``."""
    from config import json_schema
    from gateway.compose import plugs

    return json.dumps(json_schema(plugs()), indent=1, ensure_ascii=False) + "\n"
