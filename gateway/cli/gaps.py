"""``frontdesk kb gaps``: what the knowledge lacks, ranked, and drafts of what agents answered for review."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from core.errors import FrontdeskError
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG, EXIT_CANNOT_START, EXIT_OK, EXIT_USAGE

if TYPE_CHECKING:
    from rich.console import Console

    import config as configuration
    from gateway.gap_board import GapReport
    from kb_sync.gaps import Gap
    from kb_sync.gaps.drafting import Draft, Exported

MAX_DAYS: Final = 3_650
MAX_LISTED: Final = 1_000
EXAMPLES: Final = 3


def register(app: typer.Typer) -> None:
    """Add the command to the group ``kb``."""

    @app.command()
    def gaps(
        *,
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
        since: Annotated[
            int, typer.Option(min=1, max=MAX_DAYS, metavar="DAYS", help="Questions of so many days.")
        ] = 30,
        limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many gaps of each tenant.")] = 20,
        export: Annotated[
            Path | None, typer.Option(metavar="DIR", help="Write drafts of what agents answered to this folder.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    ) -> None:
        """List what the assistant could not answer or handed over, grouped by meaning, the most pressing first.

        With --export, agents' answers become Markdown drafts with a check for duplicates. Drafts are never answered from: the
        source resolved_cases takes those that somebody has marked reviewed. What lies in the folder already is left alone.

        [bold]Examples[/bold]

          frontdesk kb gaps --since 7

          frontdesk kb gaps --export ./drafts
        """
        from rich.console import Console

        from gateway.compose import load_settings

        settings = load_settings(config)
        chosen = [one for one in settings.tenants if tenant in (None, one.id)]
        if not chosen:
            known = ", ".join(one.id for one in settings.tenants) or "none"
            typer.echo(f"No such tenant: {tenant}. Configured: {known}.", err=True)
            raise typer.Exit(EXIT_USAGE)
        asked = Asked(days=since, limit=limit, folder=export)
        try:
            found = asyncio.run(_found(settings, chosen, asked))
        except (FrontdeskError, OSError) as error:
            why = error.safe_message if isinstance(error, FrontdeskError) else f"{export}: {error.strerror}"
            typer.echo(why, err=True)
            raise typer.Exit(EXIT_CANNOT_START) from None
        if as_json:
            typer.echo(
                json.dumps([told(gap, each) for each in found for gap in each.shown], indent=2, ensure_ascii=False)
            )
        else:
            for each in found:
                show(each, Console())
        raise typer.Exit(EXIT_OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    days: int
    limit: int
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A tenant's gaps, and what became of the drafts when they were asked for."""

    report: GapReport
    shown: tuple[Gap, ...]
    folder: Path | None = None
    drafts: tuple[Draft, ...] = ()
    exported: Exported | None = None


async def _found(
    settings: configuration.Settings, tenants: Sequence[configuration.Tenant], asked: Asked
) -> list[Found]:
    from gateway.compose import library_of, now, open_store
    from gateway.compose.drafts import drafts_of
    from gateway.compose.finding import embedders_of
    from gateway.gap_board import gap_report
    from kb_sync.gaps.drafting import export

    library, embedders, found = library_of(settings), embedders_of(settings), []
    async with open_store(settings) as store:
        for tenant in tenants:
            embedder = embedders.at_hand(tenant)
            report = await gap_report(store, library.store, tenant.id, embedder=embedder, now=now(), days=asked.days)
            shown = report.found.gaps[: asked.limit]
            if asked.folder is None:
                found.append(Found(report=report, shown=shown))
                continue
            folder = asked.folder / tenant.id if len(settings.tenants) > 1 else asked.folder
            drafts = drafts_of(tenant, report.found, library=library, embedder=embedder)
            exported = export(folder, drafts)
            found.append(Found(report=report, shown=shown, folder=folder, drafts=tuple(drafts), exported=exported))
    return found


def told(gap: Gap, of: Found) -> dict[str, Any]:
    """A gap as JSON."""
    return {
        "tenant": of.report.tenant,
        "id": gap.id,
        "title": gap.title,
        "count": gap.count,
        "waiting": gap.waiting,
        "newest_at": gap.newest_at.isoformat(),
        "oldest_at": gap.oldest_at.isoformat(),
        "reasons": dict(gap.reasons),
        "language": gap.language,
        "examples": [{"text": each.text, "conversation": each.conv, "reason": each.reason} for each in gap.examples],
        "cases": [each.id for each in gap.resolutions],
    }


def show(found: Found, console: Console) -> None:
    """A tenant's gaps as a page."""
    from gateway.cli.page import line, plain, section

    report = found.report
    section(console, f"{report.tenant}: what the knowledge lacks, since {report.since:%Y-%m-%d}")
    if not found.shown:
        line(console, "No gaps: every question had an answer.")
    for number, gap in enumerate(found.shown, 1):
        line(console, f"{number}. {plain(gap.title)}", style="bold")
        line(console, f"   {facts(gap)}", style="dim")
        for each in gap.examples[1 : EXAMPLES + 1]:
            line(console, f"   “{each.text}”")
    hidden = len(report.found.gaps) - len(found.shown)
    if hidden > 0:
        line(console, f"and {hidden} more; --limit shows them", style="dim")
    if report.found.left_out:
        line(console, f"{report.found.left_out} older questions were left out; --since takes fewer days", style="dim")
    if found.exported is not None:
        _show_drafts(found, found.exported, console)


def facts(gap: Gap) -> str:
    """How pressing it is, in one line."""
    reasons = ", ".join(f"{reason.replace('_', ' ')} {number}" for reason, number in gap.reasons)
    waiting = f" · {gap.waiting} waiting now" if gap.waiting else ""
    answered = f" · answered by agents in {len(gap.resolutions)}" if gap.resolutions else ""
    return f"asked {gap.count} times{waiting} · newest {gap.newest_at:%Y-%m-%d} · {reasons}{answered}"


def _show_drafts(found: Found, exported: Exported, console: Console) -> None:
    from gateway.cli.page import line, section

    section(console, f"Drafts in {found.folder}")
    by_name = {draft.name: draft for draft in found.drafts}
    for name in exported.written:
        likes = [f"like: {like.external_id} {like.score:.2f}" for like in by_name[name].like]
        is_twice = any(like.is_duplicate for like in by_name[name].like)
        line(console, " · ".join([name, *likes, *(["probably known already"] if is_twice else [])]))
    line(
        console, f"{len(exported.written)} written, {exported.known} there already; none is live before it is reviewed"
    )
