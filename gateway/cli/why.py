"""``frontdesk why``: explain one message from its turn's record, and run the turn again to see whether it still holds."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import garbage
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK

if TYPE_CHECKING:
    from config import Settings
    from core.ledger import Commit
    from core.ports.store import Store, TenantStore
    from core.trace import Trace
    from handoff.learning import Used

LAST = 1_000_000
"""No commit has so many messages."""

AROUND = 20


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def why(
        message_id: Annotated[
            str, typer.Argument(help="A message's id, the contact's or the bot's; see the transcript.")
        ],
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        as_json: Annotated[bool, typer.Option("--json", help="Print the record and the replay as JSON.")] = False,
    ) -> None:
        """Explain an answer: what was understood and found, which rule fired, which models and tools were asked, what it cost,
        what the guard said, what every sentence stands on.

        Then the turn is run again from its record, without index, models, tools or network, and compared. Who the customer is
        is not shown: arguments that the session bound read (bound), personal data in arguments and results are struck out.

        [bold]Examples[/bold]

          frontdesk why c_k3v...#4#1

          frontdesk why c_k3v...#4#1 --json | jq .trace.steps.retrieve

        Exit code 0 when the replay comes to the same, 1 when it differs or there is no such record.
        """
        with garbage.put_off():
            from gateway.compose import load_settings

        raise typer.Exit(asyncio.run(_why(load_settings(config), message_id, as_json=as_json)))


async def _why(settings: Settings, message_id: str, *, as_json: bool) -> int:
    import msgspec
    from rich.console import Console

    from core.replay import replay
    from gateway.cli import redacting
    from gateway.cli.why_view import Shown, show, trace_id_of
    from gateway.compose import open_store
    from gateway.compose.offline import offline

    async with open_store(settings) as store, offline(settings, store=store) as tenants:
        found = await find(store, list(tenants), message_id)
        if isinstance(found, str):
            typer.echo(found, err=True)
            return EXIT_NO
        of = tenants[found.given.tenant]
        again = await replay(found, of.engine, abilities=of.at(found.at))
        used = await _used(store, found)
    bound = redacting.bound_of(of.abilities.tools)
    if as_json:
        told = {"same": again.is_same, "settings_changed": again.settings_changed}
        whole = {"trace_id": trace_id_of(found), "trace": found, "replay": told, "suggestion": used}
        body = redacting.record(msgspec.to_builtins(whole), bound)
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        block = of.tenant.models or settings.models
        show(found, again, Console(), Shown(bound=bound, currency=block.currency if block else "USD", used=used))
    return EXIT_OK if again.is_same else EXIT_NO


async def _used(store: Store, trace: Trace) -> Used | None:
    """What an agent did with the turn's draft; None when there was none, or nothing was done yet."""
    from core.domain import Audience
    from handoff.assist import is_draft
    from handoff.learning import used

    rooms = store.for_tenant(trace.given.tenant)
    for asked in trace.given.events:
        commit = await _outcome(rooms, asked.id)
        if commit is None:
            continue
        around = await rooms.transcript(commit.conv, audience=Audience.DESK, after=(commit.seq - 1, LAST), limit=AROUND)
        for message in around:
            if message.turn_id == trace.turn_id and is_draft(message):
                return await used(rooms, message.id)
    return None


async def _outcome(rooms: TenantStore, event_id: str) -> Commit | None:
    try:
        return await rooms.outcome(event_id)
    except KeyError:  # retention has taken the event
        return None


async def find(store: Store, tenants: list[str], message_id: str) -> Trace | str:
    """The trace of the turn that a message belongs to, or in words why there is none."""
    from core.trace import decode

    for tenant in tenants:
        rooms = store.for_tenant(tenant)
        message = await rooms.message(message_id)
        if message is None:
            continue
        if message.turn_id is None:
            return f"{message_id}: said by {message.author or message.role}, not by a turn of the assistant."
        traces = [step.body for step in await rooms.steps(message.turn_id) if step.name == "trace"]
        if not traces:
            return f"{message_id}: its turn has no record any more."
        try:
            return decode(traces[-1])
        except ValueError:
            return f"{message_id}: its turn ended without an answer: {traces[-1].decode(errors='replace')[:200]}"
    return f"{message_id}: no such message in any configured tenant."
