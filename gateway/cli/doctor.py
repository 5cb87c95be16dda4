"""``frontdesk doctor``: is every account, desk, model, tool and engine well, seen from its side, and is knowledge fresh?"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_NO, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config import Settings
    from core.ports.store import Store
    from gateway.doctor import Addresses, Examined


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        account: Annotated[str | None, typer.Option("--account", help="Examine this account only.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    ) -> None:
        """Examine accounts, desks, models and tools at their vendors, engines, and how fresh each source is; with what to mend.

        Models are asked a few words each (a few hundred tokens), of tools none is called; `--account` leaves all but it out.

        Run it beside `serve`: then the public address and every webhook are tried from outside, and parked accounts are named.
        Without a running `serve` the vendors alone are asked. No customer is sent anything; no secret is printed.

        [bold]Examples[/bold]

          frontdesk doctor

          frontdesk doctor --account shop-telegram

          frontdesk doctor --json | jq '.accounts[].findings[], .models[].findings[]'

        Exit code 0 when nothing failed (warnings allowed), 1 when something did.
        """
        from gateway import logs
        from gateway.compose import load_settings

        settings = load_settings(config)
        logs.configure(level="error")
        raise typer.Exit(_doctor(settings, account, as_json=as_json))


def _doctor(settings: Settings, only: str | None, *, as_json: bool) -> int:
    from gateway.doctor import is_well

    known = [account.id for tenant in settings.tenants for account in tenant.accounts]
    if only is not None and only not in known:
        typer.echo(f"no account {only!r}; there are: {', '.join(known) or 'none'}", err=True)
        return EXIT_USAGE
    examined = asyncio.run(_examined(settings, only))
    if as_json:
        typer.echo(json.dumps(_as_data(examined), indent=2, ensure_ascii=False))
    else:
        _show(examined)
    return EXIT_OK if is_well(examined) else EXIT_NO


async def _examined(settings: Settings, only: str | None) -> tuple[Examined, ...]:
    from core.ports.channel import Closes, Level
    from gateway.compose import channel_context, open_store, session_secret
    from gateway.doctor import Patient, examine
    from gateway.live import Hub
    from gateway.plugged import CHANNELS

    secret, patients = session_secret(settings), []
    engines = await _engines(settings) if only is None else ()
    if any(
        finding.check == "store" and finding.level is Level.FAILURE for item in engines for finding in item.findings
    ):
        return engines
    async with open_store(settings) as store:
        for tenant in settings.tenants:
            for account in tenant.accounts:
                if only in (None, account.id):
                    context = channel_context(settings, tenant.id, account.id, store=store, live=Hub(), secret=secret)
                    channel = CHANNELS[account.channel].build(context, account.settings)
                    patients.append(Patient(channel=channel, settings=account.settings))
        try:
            found = await examine(patients, addresses(settings))
            if only is not None:
                return found
            knowledge = await _knowledge(settings)
            return (*found, *engines, *await _desks(settings, store), *await _abilities(settings), *knowledge)
        finally:
            for patient in patients:
                if isinstance(patient.channel, Closes):
                    await patient.channel.close()


async def _engines(settings: Settings) -> tuple[Examined, ...]:
    """The store, and the index and live layer that are outside this process."""
    from config.addresses import EMBEDDED
    from gateway.compose.proving import engines_of
    from gateway.doctor import secrets_of
    from gateway.doctor_abilities import Ability, examine_abilities
    from gateway.doctor_engines import ENGINES, EnginesExamination

    examination = EnginesExamination(engines_of(settings))
    secrets = tuple(secret for secret in secrets_of([settings]) if secret != EMBEDDED)
    return await examine_abilities([Ability(kind=ENGINES, tenant="", examines=examination, secrets=secrets)])


async def _desks(settings: Settings, store: Store) -> tuple[Examined, ...]:
    """Every tenant's desk that is outside this process."""
    from core.ports.channel import Closes, SupportsDoctor
    from gateway.compose import session_secret
    from gateway.compose.desks import desk_context
    from gateway.doctor import secrets_of
    from gateway.doctor_abilities import DESK, Ability, examine_abilities
    from gateway.live import Hub
    from gateway.plugged import DESKS

    secret, found = session_secret(settings), []
    for tenant in settings.tenants:
        build = DESKS[tenant.desk.kind].helpdesk
        if build is None:
            continue
        context = desk_context(settings, tenant, store=store, live=Hub(), secret=secret)
        helpdesk = build(context, tenant.desk.settings)
        if isinstance(helpdesk, SupportsDoctor):
            secrets = secrets_of([tenant.desk.settings])
            found.append(Ability(kind=DESK, tenant=tenant.id, examines=helpdesk, secrets=secrets))
    try:
        return await examine_abilities(found)
    finally:
        for ability in found:
            if isinstance(ability.examines, Closes):
                await ability.examines.close()


async def _knowledge(settings: Settings) -> tuple[Examined, ...]:
    """How fresh every tenant's sources are."""
    from gateway.compose import library_of, now
    from gateway.compose.plans import plan_of
    from gateway.doctor import secrets_of
    from gateway.doctor_abilities import Ability, examine_abilities
    from gateway.doctor_knowledge import KNOWLEDGE, KnowledgeExamination

    library = library_of(settings)
    return await examine_abilities(
        [
            Ability(
                kind=KNOWLEDGE,
                tenant=tenant.id,
                examines=KnowledgeExamination(library.store, plan_of(tenant, library.lease(tenant.id)), clock=now),
                secrets=secrets_of(block.settings for block in tenant.knowledge.sources),
            )
            for tenant in settings.tenants
            if tenant.knowledge.sources
        ]
    )


async def _abilities(settings: Settings) -> tuple[Examined, ...]:
    """The models of every block, and every tenant's tools."""
    from core.conversing.sealing import OwnClaims
    from gateway.compose import now
    from gateway.compose.engines import Equipment
    from gateway.doctor import secrets_of
    from gateway.doctor_abilities import MODELS, TOOLS, Ability, examine_abilities

    claims = OwnClaims()
    found: list[Ability] = []
    equipment = Equipment(clock=now, claims_of=lambda _: claims)
    for tenant in settings.tenants:
        block, is_shared = tenant.models or settings.models, tenant.models is None
        models = equipment.models_of(settings, tenant)
        if block is not None and models is not None and all(ability.examines is not models for ability in found):
            owner = "" if is_shared else tenant.id
            found.append(Ability(kind=MODELS, tenant=owner, examines=models, secrets=secrets_of([block])))
    for tenant in settings.tenants:
        if tenant.tools:
            toolbox = equipment.toolbox_of(tenant)
            found.append(Ability(kind=TOOLS, tenant=tenant.id, examines=toolbox, secrets=secrets_of(tenant.tools)))
    try:
        return await examine_abilities(found)
    finally:
        await equipment.stop()


def addresses(settings: Settings) -> Addresses:
    """Where to look: an internal listener bound to all addresses is asked on this machine's own."""
    from gateway.doctor import Addresses

    internal = settings.server.internal
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(internal.host, internal.host)  # noqa: S104  compared, not bound
    admins = [person for person in settings.people if "admin" in person.roles]
    admins.sort(key=lambda person: person.tenants is not None)
    return Addresses(
        internal=f"http://{host}:{internal.port}",
        base_url=settings.server.public.base_url,
        admin=(admins[0].id, admins[0].password.get_secret_value()) if admins else None,
    )


def _as_data(examined: Sequence[Examined]) -> dict[str, object]:
    from gateway.doctor import is_well
    from gateway.doctor_abilities import DESK, MODELS, TOOLS
    from gateway.doctor_engines import ENGINES
    from gateway.doctor_knowledge import KNOWLEDGE

    def facts(item: Examined) -> list[dict[str, str]]:
        return [
            {"check": found.check, "level": found.level.value, "what": found.what, "mend": found.mend}
            for found in item.findings
        ]

    accounts = [
        {"account": item.account, "channel": item.channel, "tenant": item.tenant, "findings": facts(item)}
        for item in examined
        if item.account
    ]
    others = [item for item in examined if not item.account]
    parts = {
        kind: [{"tenant": item.tenant or None, "findings": facts(item)} for item in others if item.channel == kind]
        for kind in (ENGINES, DESK, MODELS, TOOLS, KNOWLEDGE)
    }
    server = [fact for item in others if item.channel == "server" for fact in facts(item)]
    return {"well": is_well(examined), "server": server, "accounts": accounts, **parts}


def _title(item: Examined) -> str:
    if item.account:
        return f"{item.account}  ({item.channel}, tenant {item.tenant})"
    return f"{item.channel.capitalize()}  (tenant {item.tenant})" if item.tenant else item.channel.capitalize()


MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "failure": ("FAILURE", "bold red")}


def _show(examined: Sequence[Examined]) -> None:
    """One table per account; a mend stands under what it mends."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for item in examined:
        console.print(Text(_title(item), style="bold"))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(width=9)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for found in item.findings:
            mark, style = MARKS[found.level.value]
            said = Text(found.what)
            if found.mend:
                said.append(f"\n→ {found.mend}", style="italic")
            table.add_row(Text(f"  {mark}", style=style), Text(found.check), said)
        console.print(table)
        console.print()
    levels = [found.level.value for item in examined for found in item.findings]
    failed, warned = levels.count("failure"), levels.count("warning")
    console.print(f"{failed} failed, {warned} to look at, {levels.count('ok')} well")
