"""``frontdesk serve``: run the two listeners until SIGTERM."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import CONFIG_OPTION


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def serve(config: Annotated[Path, CONFIG_OPTION]) -> None:
        """Serve chat, widget and desk until SIGTERM or Ctrl-C; drains before it ends.

        SIGHUP, or saving the file, reloads the configuration; a file with mistakes is refused and the last good one stays.
        """
        raise typer.Exit(_serve(config))


def _serve(path: Path) -> int:
    from gateway import logs
    from gateway.compose import load_settings, serve_process

    settings = load_settings(path)
    logs.configure(level=settings.log.level, form=settings.log.format)
    if sys.platform != "win32":
        import uvloop

        return uvloop.run(serve_process(path, settings))
    return asyncio.run(serve_process(path, settings))
