"""``frontdesk capacity``: what a load needs, from measured figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import ConfigError
from gateway.cli.options import EXIT_OK

if TYPE_CHECKING:
    from gateway.capacity import Figures, Load


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def capacity(
        *,
        conversations: Annotated[float | None, typer.Option(help="Conversations a day.")] = None,
        messages: Annotated[float | None, typer.Option(help="A contact's messages in one of them.")] = None,
        peak: Annotated[float | None, typer.Option(help="The busiest second over the mean.")] = None,
        searches: Annotated[float | None, typer.Option(help="Searches a message.")] = None,
        streams: Annotated[float | None, typer.Option(help="Chats open at once.")] = None,
        chunks: Annotated[float | None, typer.Option(help="Indexed pieces of the knowledge.")] = None,
        dimension: Annotated[float | None, typer.Option(help="Numbers in a vector.")] = None,
        history_days: Annotated[float | None, typer.Option(help="Days that conversations are kept.")] = None,
        model_share: Annotated[float | None, typer.Option(help="Share of turns that a model writes.")] = None,
        tokens_in: Annotated[float | None, typer.Option(help="Tokens a turn reads.")] = None,
        tokens_out: Annotated[float | None, typer.Option(help="Tokens a turn writes.")] = None,
        prices: Annotated[
            Path | None, typer.Option(metavar="FILE", help="A YAML file whose first strong model has the prices.")
        ] = None,
        figures: Annotated[
            Path | None, typer.Option(metavar="FILE", help="JSON with measured figures in place of the shipped ones.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Work out what a load needs: replicas, shards, memory, messages, money. Every line shows its formula.

        Without options: 1,000,000 conversations a day. What is assumed, and how to measure your own figures, is in
        docs/capacity.md.

        Examples:

            frontdesk capacity

            frontdesk capacity --conversations 20000 --streams 500

            frontdesk capacity --figures measured.json --prices frontdesk.yaml --json
        """
        given = {
            "conversations": conversations,
            "messages": messages,
            "peak": peak,
            "searches": searches,
            "streams": streams,
            "chunks": chunks,
            "dimension": dimension,
            "history_days": history_days,
            "model_share": model_share,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            **({} if prices is None else prices_of(prices)),
        }
        load = load_of({name: value for name, value in given.items() if value is not None})
        typer.echo(page(load, figures_of(figures), as_json=as_json))
        raise typer.Exit(EXIT_OK)


def load_of(given: dict[str, float]) -> Load:
    """The load, with what is given in place of the shipped numbers."""
    import msgspec

    from gateway.capacity import Load

    try:
        return msgspec.convert(given, Load)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from None


def figures_of(path: Path | None) -> Figures:
    """The shipped figures, or those of a file over them; ``ConfigError`` names the file and the field."""
    import msgspec

    from gateway.capacity import Figures

    if path is None:
        return Figures()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Figures)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: {error}") from None


def prices_of(path: Path) -> dict[str, float]:
    """What the first choice of the strong role costs; ``ConfigError`` when the file names none."""
    from gateway.compose import load_settings

    models = load_settings(path).models
    if models is None or not models.roles.strong:
        raise ConfigError(f"{path} names no strong model, so it has no prices")
    first = models.roles.strong[0]
    return {"input_price": first.input_price, "output_price": first.output_price}


def page(load: Load, figures: Figures, *, as_json: bool) -> str:
    """The table, or the same as JSON."""
    import msgspec

    from gateway.capacity import lines, table

    needs = lines(load, figures)
    if not as_json:
        return table(needs)
    found: dict[str, Any] = {"load": load, "figures": figures, "needs": needs}
    return json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False)
