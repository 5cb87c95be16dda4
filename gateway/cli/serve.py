"""``frontdesk serve``: run the two listeners until SIGTERM."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import CONFIG_OPTION

CANNOT_START = 3


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def serve(config: Annotated[Path, CONFIG_OPTION] = Path("frontdesk.yaml")) -> None:
        """Serve chat, widget and desk until SIGTERM or Ctrl-C; drains before it ends.

        SIGHUP, or saving the file, reloads the configuration; a file with mistakes is refused and the last good one stays.

        Exit code 3 when a port is taken or another serve uses the data directory.
        """
        raise typer.Exit(_serve(config))


def _serve(path: Path) -> int:
    from core.errors import StoreError
    from gateway import logs
    from gateway.compose import load_settings
    from gateway.serving import serve

    settings = load_settings(path)
    logs.configure(level=settings.log.level, form=settings.log.format)
    run = asyncio.run
    if sys.platform != "win32":
        import uvloop

        run = uvloop.run
    try:
        run(serve(path, settings))
    except StoreError as error:
        typer.echo(f"Cannot start: {error.safe_message}", err=True)
        return CANNOT_START
    except OSError as error:
        typer.echo(f"Cannot listen: {error.strerror or error}. Is the port taken? Change server.public.port.", err=True)
        return CANNOT_START
    return 0
