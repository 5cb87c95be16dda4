"""Options that several commands share, and the exit codes they agree on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import typer

DEFAULT_CONFIG: Final = Path("frontdesk.yaml")

EXIT_OK: Final = 0
EXIT_NO: Final = 1
EXIT_USAGE: Final = 2
EXIT_CANNOT_START: Final = 3
EXIT_INTERRUPTED: Final = 130

CONFIG_HELP: Final = "The YAML file."


CONFIG_OPTION: Final[Any] = typer.Option(
    "--config",
    "-c",
    envvar="FRONTDESK_CONFIG",
    help=CONFIG_HELP,
    metavar="FILE",
)
"""Use as ``config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG``."""
