"""``frontdesk replay``: run the recorded turns of a conversation again, as they were or with another model or prompt."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    from config import Settings
    from core.ports.model import Models
    from gateway.cli.replay_run import Rerun
    from gateway.compose.offline import Offline


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for; with any of the last four models are asked anew."""

    conversation: str
    model: str | None = None
    endpoint: str | None = None
    prompt: str | None = None
    voice: str | None = None

    @property
    def is_anew(self) -> bool:
        """Whether models are asked."""
        return any(each is not None for each in (self.model, self.endpoint, self.prompt, self.voice))


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def replay(
        conversation: Annotated[str, typer.Argument(help="A conversation's id; see the desk or the transcript.")],
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        *,
        model: Annotated[
            str | None,
            typer.Option(
                "--model",
                help="Ask this model anew: a NAME at the roles' endpoints, ENDPOINT/NAME, or a role (fast, strong).",
            ),
        ] = None,
        endpoint: Annotated[str | None, typer.Option("--endpoint", help="Ask models anew, at this endpoint.")] = None,
        prompt: Annotated[
            str | None,
            typer.Option(
                "--prompt", metavar="FILE|TEXT", help="Ask models anew, with these `engine.converse.instructions`."
            ),
        ] = None,
        voice: Annotated[
            str | None,
            typer.Option("--voice", metavar="FILE|TEXT", help="Ask models anew, with this `engine.converse.voice`."),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the turns and their differences as JSON.")] = False,
    ) -> None:
        """Run every recorded turn of a conversation again and show what differs: words, citations, decisions, tool calls.

        Nothing happens: what models and tools said comes from the records, tools are never called, nothing is written or sent.
        With --model, --endpoint, --prompt or --voice models are asked anew (at your cost), while tools answer from the records:
        a call that was not made then fails with "not recorded".

        [bold]Examples[/bold]

          frontdesk replay c_k3v...

          frontdesk replay c_k3v... --model gpt-5-mini

          frontdesk replay c_k3v... --prompt new-instructions.md --json

        Exit code 0 when every turn comes to the same, 1 when one differs, 2 for wrong usage.
        """
        from gateway import logs
        from gateway.compose import load_settings

        asked = Asked(conversation=conversation, model=model, endpoint=endpoint, prompt=prompt, voice=voice)
        settings = load_settings(config)
        logs.configure(level="error")
        raise typer.Exit(asyncio.run(_replay(settings, asked, as_json=as_json)))


async def _replay(settings: Settings, asked: Asked, *, as_json: bool) -> int:
    from rich.console import Console

    from gateway.cli import replay_run
    from gateway.compose import open_store
    from gateway.compose.offline import offline

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        tenants = await stack.enter_async_context(offline(settings, store=store))
        turns = await replay_run.turns_of(store, list(tenants), asked.conversation)
        if turns is None:
            return _refused(f"{asked.conversation}: no such conversation in any configured tenant.")
        try:
            of, models = await _changed(settings, tenants[turns.tenant], asked, stack)
        except ValueError as error:
            return _refused(str(error))
        if not turns.recorded:
            return _refused(f"{asked.conversation}: none of its {len(turns.turns)} turns has a record.")
        reruns = await replay_run.run(turns, of, models, Console(stderr=True))
    return _told(reruns, asked, of, as_json=as_json)


async def _changed(
    settings: Settings, of: Offline, asked: Asked, stack: AsyncExitStack
) -> tuple[Offline, Models | None]:
    """The tenant's engine and the models to ask; ``ValueError`` says what is wrong with the options."""
    from gateway.cli.replay_options import other_models, other_words
    from gateway.compose.offline import models_for_replay

    if not asked.is_anew:
        return of, None
    block = of.tenant.models or settings.models
    if block is None:
        raise ValueError(f"the tenant {of.tenant.id} has no `models`: there is nobody to ask anew (docs/models.md)")
    changed = other_models(block, model=asked.model, endpoint=asked.endpoint)
    engine = other_words(of, prompt=asked.prompt, voice=asked.voice)
    return engine, await stack.enter_async_context(models_for_replay(changed))


def _told(reruns: tuple[Rerun, ...], asked: Asked, of: Offline, *, as_json: bool) -> int:
    from rich.console import Console

    from gateway.cli.redacting import bound_of
    from gateway.cli.replay_view import Page, as_data

    bound = bound_of(of.abilities.tools)
    if as_json:
        data = {"conversation": asked.conversation, "tenant": of.tenant.id, **as_data(reruns, bound)}
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        Page(console=Console(), is_anew=asked.is_anew).show(reruns, bound)
    return EXIT_OK if all(rerun.is_same for rerun in reruns) else EXIT_NO


def _refused(why: str) -> int:
    typer.echo(why, err=True)
    return EXIT_USAGE
