"""``frontdesk migrate``: move the conversations of one machine to a MongoDB that replicas share."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from core.errors import ConfigError
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_USAGE

if TYPE_CHECKING:
    import config as configuration
    from gateway.store.documents import Documents

ALL: Final = "all"
SAMPLE: Final = 1_000
NO_TARGET: Final = (
    "`store` in {file} is `embedded`: write `store: mongodb://…` there, or name the new file with --to-config"
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def migrate(
        *,
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        to_config: Annotated[
            Path | None, typer.Option("--to-config", metavar="FILE", help="The YAML with the new `store`, if another.")
        ] = None,
        to: Annotated[
            str | None, typer.Option("--to", metavar="ADDRESS", help="mongodb://…, '${NAME}' in it, or file:PATH.")
        ] = None,
        verify: Annotated[
            str, typer.Option(metavar="N|all", help="How many conversations are read back and compared.")
        ] = str(SAMPLE),
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Count and look at the target; write nothing.")
        ] = False,
    ) -> None:
        """Move all conversations and their files from the embedded store to MongoDB, and read them back.

        Write `store: mongodb://…` into the YAML, stop `serve`, run this, start `serve`: it goes on where the old one stopped.
        The target must be empty. A move that was interrupted goes on when it is run again, and nobody can serve on the target
        before it has ended. The embedded store is only read; keep it until you are content.

        Exit code 1 when the two stores do not say the same, or when there is nothing to move; 3 when `serve` still runs.

        Examples:

            frontdesk migrate --dry-run              how much it is, and whether the target is empty

            frontdesk migrate --verify all           compare every conversation, not a sample

            frontdesk migrate --to-config new.yaml   when the running file is still the old one
        """
        from gateway.compose import load_settings

        if not re.fullmatch(rf"{ALL}|[1-9]\d*", verify):
            raise typer.BadParameter(f"{verify!r} is neither a number nor `{ALL}`", param_hint="--verify")
        if to is not None and to_config is not None:
            raise typer.BadParameter("give either --to or --to-config", param_hint="--to")
        settings = load_settings(config)
        address = target_of(settings if to_config is None else load_settings(to_config), to)
        if address is None:
            typer.echo(NO_TARGET.format(file=to_config or config), err=True)
            raise typer.Exit(EXIT_USAGE)
        path = settings.data_dir / "frontdesk.sqlite3"
        if not path.exists():
            typer.echo(f"Nothing to move: there is no {path}.", err=True)
            raise typer.Exit(EXIT_NO)
        asked = Asked(bound=None if verify == ALL else int(verify), is_dry=dry_run)
        raise typer.Exit(asyncio.run(_run(settings, path, address, asked)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for; ``bound`` None compares every conversation."""

    bound: int | None = SAMPLE
    is_dry: bool = False


def target_of(settings: configuration.Settings, given: str | None) -> str | None:
    """Where to move to: ``given``, with its variables and files filled in, else the file's own ``store``; None: embedded.

    ``ConfigError`` when it is no address.  Neither says the address, which holds a password.
    """
    from config.addresses import address_of, mongodb_database

    if given is None:
        return address_of(settings.store)
    address = _filled(given)
    try:
        mongodb_database(address)
    except ValueError as error:
        raise ConfigError(f"--to {error}") from None
    return address


def _filled(given: str) -> str:
    if given.startswith("file:"):
        try:
            return Path(given.removeprefix("file:")).read_text().strip()
        except OSError as error:
            raise ConfigError(f"--to: {error.filename} cannot be read: {error.strerror}") from None

    def value(name: re.Match[str]) -> str:
        if name[1] not in os.environ:
            raise ConfigError(f"--to: the variable {name[1]} is not set")
        return os.environ[name[1]]

    return re.sub(r"\$\{(\w+)\}", value, given)


async def _run(settings: configuration.Settings, path: Path, address: str, asked: Asked) -> int:
    from rich.console import Console

    from gateway.cli.migrate_run import Moving
    from gateway.compose.channels import shared_uploads

    out, errors = Console(), Console(stderr=True)
    async with Moving.locked(settings, path, out, errors) as moving, documents_at(address) as documents:
        return await moving.run(documents, shared_uploads(address), asked)


@asynccontextmanager
async def documents_at(address: str) -> AsyncIterator[Documents]:
    """The document database at an address, started; asked a little first, since a start may wait long for its server."""
    from gateway.store.mongodb import mongo_documents
    from gateway.store.moving.move import MARKER, MOVES

    documents = mongo_documents(address)
    try:
        await documents.get(MOVES, MARKER, MARKER)
        await documents.start()
        yield documents
    finally:
        await documents.stop()
