"""``frontdesk serve``: run the two listeners until SIGTERM."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway import garbage
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def serve(config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG) -> None:
        """Serve chat, widget and desk until SIGTERM or Ctrl-C; drains before it ends.

        SIGHUP, or saving the file, reloads the configuration; a file with mistakes is refused and the last good one stays.

        Exit code 3 when a port is taken or another serve uses the data directory.

        Examples:

            frontdesk serve

            frontdesk serve --config shop.yaml
        """
        with garbage.put_off():
            from gateway import logs
            from gateway.compose import load_settings
            from gateway.serving import serve as run_serve

            settings = load_settings(config)
        logs.configure(level=settings.log.level, form=settings.log.format, is_final=True)
        run = asyncio.run
        if sys.platform != "win32":
            import uvloop

            run = uvloop.run
        run(run_serve(config, settings))
