"""``frontdesk version``: what runs here."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def version() -> None:
        """Print the version of Frontdesk, of Python and of the system.

        [bold]Example[/bold]

          frontdesk version
        """
        system = f"{platform.system()} {platform.machine()}"
        typer.echo(f"frontdesk {installed('frontdesk')} (Python {platform.python_version()}, {system})")
