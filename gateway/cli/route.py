"""``frontdesk route explain``: why a conversation went to people, where its case went, and who is there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from config import Settings
    from core.staffing import Staffing
    from handoff.explaining import Decided, Explanation, Routing


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.callback()
    def group() -> None:
        """Handing over to people, explained.

        [bold]Examples[/bold]

          frontdesk route explain c_k3v...
        """

    @app.command()
    def explain(
        conversation: Annotated[str, typer.Argument(help="A conversation's id, as the desk and the log show it.")],
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    ) -> None:
        """Every decision about handing a conversation over, with its reasons: what each turn decided and by which rule, where the
        case was routed and why, what the customer was told, and who is at the desk now.

        Read from the store, beside a running server or without one; nothing is asked or changed.

        [bold]Examples[/bold]

          frontdesk route explain c_k3v...

          frontdesk route explain c_k3v... --json | jq .routed

        Exit code 0, or 1 when there is no such conversation.
        """
        from gateway.compose import load_settings

        raise typer.Exit(asyncio.run(_explain(load_settings(config), conversation, as_json=as_json)))


async def _explain(settings: Settings, conv: str, *, as_json: bool) -> int:
    import msgspec
    from rich.console import Console

    from gateway.compose import open_store
    from gateway.compose.people import router_of
    from handoff.explaining import explain

    async with open_store(settings) as store:
        for tenant in settings.tenants:
            head = await store.for_tenant(tenant.id).head(conv)
            if head is not None:
                found = await explain(router_of(tenant, store), head)
                break
        else:
            typer.echo(f"{conv}: no such conversation in any configured tenant.", err=True)
            return EXIT_NO
    if as_json:
        body = msgspec.to_builtins(found)
        for private in ("contact", "thread", "preview"):
            body["head"].pop(private)
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        show(found, Console())
    return EXIT_OK


def show(found: Explanation, console: Console) -> None:
    """Print the page."""
    from rich.text import Text

    from gateway.cli.page import line, plain, section

    head = found.head
    console.print(Text(f"Conversation {head.conv}", style="bold"), plain(f"{head.status}, owner {head.owner}"))
    if head.handoff is not None:
        line(console, f"Handed over ({head.handoff.reason}) at {head.handoff.requested_at:%Y-%m-%d %H:%M %Z}")
        line(console, head.handoff.detail)
    section(console, "Decisions of turns")
    for decided in found.decided:
        for text in _decision(decided):
            line(console, text)
    if not found.decided:
        line(console, "No turn of the assistant is on record.")
    section(console, "Said to the customer")
    for happened in found.happened:
        line(console, f"{happened.at:%Y-%m-%d %H:%M}  {happened.text}")
    section(console, "Routes")
    for routing in found.routed:
        for text in _route(routing):
            line(console, text)
    if found.foreseen is not None:
        line(console, f"Not routed yet; now it would be: team {found.foreseen.team or '(the desk decides)'}")
        for reason in found.foreseen.reasons:
            line(console, f"  {reason}")
    elif not found.routed:
        line(console, "Nothing was routed.")
    section(console, "Office hours")
    for team, staffing in found.staffing.items():
        line(console, f"{team or 'the desk'}: {_hours(staffing)}")


def _decision(decided: Decided) -> Iterator[str]:
    at = "" if decided.at is None else f"{decided.at:%Y-%m-%d %H:%M}  "
    rule = f"rule {decided.rule}" if decided.rule else "no rule"
    yield f"{at}{decided.decision} ({rule}): {'; '.join(decided.because)}"
    if decided.handoff:
        yield f"  handed over ({decided.handoff}): {decided.detail or ''}"
    elif decided.proposal:
        yield f"  offered a person ({decided.proposal})"
    for refused in decided.refused:
        yield f"  tool {refused}"


def _route(routing: Routing) -> Iterator[str]:
    made = routing.recorded
    where = f"team {made.team or '(the desk decides)'}, urgency {made.urgency}"
    more = [f"assignee {made.assignee}"] if made.assignee else []
    more += [f"tags {', '.join(made.tags)}"] if made.tags else []
    yield f"{made.at:%Y-%m-%d %H:%M}  {routing.handoff_id}, round {routing.round}: {', '.join([where, *more])}"
    for reason in made.reasons:
        yield f"  {reason}"


def _hours(staffing: Staffing) -> str:
    if staffing.is_open:
        return "open"
    opens = staffing.opens_at
    return "closed" if opens is None else f"closed until {opens:%A %Y-%m-%d %H:%M %Z}"
