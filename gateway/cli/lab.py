"""``frontdesk lab``: serve, with stand-ins of the vendors beside it and one page on which to see it all."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway import garbage
from gateway.cli.options import CONFIG_OPTION, DEFAULT_CONFIG

if TYPE_CHECKING:
    from config import Settings
    from config.model_roles import Models
    from config.models import Account, Tenant
    from gateway.lab.backstage import Backstage, Passport
    from gateway.lab.panes import Pane
    from gateway.lab.stand_ins import StandIns
    from gateway.process import Listener
    from gateway.serving import Serving

HOST: Final = "127.0.0.1"
PORT: Final = 8090
PORT_VARIABLE: Final = "FRONTDESK_LAB_PORT"
ORDER: Final = ("web", "slack", "telegram", "whatsapp", "sms", "teams")
"""The kinds of channels that have a pane, as they stand side by side."""

LOGIN_LIMIT_S: Final = 10.0
SUGGESTIONS: Final = 2
UNANSWERABLE: Final = "Can you call me?"
LAB_KEY: Final = "lab"
"""The ``kid`` of the identity key that the lab may sign with: never one of a real shop."""

PORT_OPTION: Final[Any] = typer.Option(
    "--port", "-p", min=1, max=65_535, envvar=PORT_VARIABLE, help="Where the lab's page and stand-ins listen."
)


HELPDESK_OPTION: Final[Any] = typer.Option(
    "--helpdesk/--no-helpdesk", help="Play a helpdesk (Zendesk's API) beside the built-in desk, or use that alone."
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def lab(
        config: Annotated[Path, CONFIG_OPTION] = DEFAULT_CONFIG,
        port: Annotated[int, PORT_OPTION] = PORT,
        helpdesk: Annotated[bool, HELPDESK_OPTION] = True,
    ) -> None:
        """Serve as `frontdesk serve` does, with stand-ins of Slack, Telegram, Twilio, Teams and Zendesk and one page to play on.

        The page shows every account whose api_url is the lab's, side by side with the desk, on this computer only; other accounts
        are served as ever.  The YAML reads the lab's port as ${FRONTDESK_LAB_PORT:-8090}.

        Examples:

            frontdesk lab --config config/examples/demo/frontdesk.yaml

            frontdesk lab --port 9090 --no-helpdesk
        """
        os.environ[PORT_VARIABLE] = str(port)
        with garbage.put_off():
            from gateway import logs
            from gateway.serving import serve

        load = partial(load_settings, helpdesk_at=f"http://{HOST}:{port}" if helpdesk else None)
        settings = load(config)
        logs.configure(level=settings.log.level, form=settings.log.format, is_final=True)
        run = asyncio.run
        if sys.platform != "win32":
            import uvloop

            run = uvloop.run
        sys.stdout.write(f"  {'lab':9}http://{HOST}:{port}/\n")
        run(serve(config, settings, beside=partial(beside, settings, port), load=load))


def load_settings(path: Path, *, helpdesk_at: str | None = None) -> Settings:
    """The configuration; without a base_url the lab's vendors reach Frontdesk by its port on this computer.

    ``helpdesk_at`` is where the lab plays the helpdesk of tenants that have none; None: they keep the built-in desk.
    """
    from gateway import compose
    from gateway.cli.lab_desk import with_helpdesk

    settings = compose.load_settings(path)
    if helpdesk_at is not None:
        settings = with_helpdesk(settings, helpdesk_at)
    public = settings.server.public
    if public.base_url is not None:
        return settings
    named = public.model_copy(update={"base_url": f"http://{HOST}:{public.port}"})
    return settings.model_copy(update={"server": settings.server.model_copy(update={"public": named})})


def plain(settings: Any) -> dict[str, Any]:
    """A plug's settings as plain values, secrets included."""
    return {name: _revealed(value) for name, value in settings.model_dump().items()}


def _revealed(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_revealed(item) for item in value]
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def beside(settings: Settings, port: int, serving: Serving) -> Listener:
    """The lab's listener, wired to a serving process."""
    from gateway.cli.lab_desk import helpdesks
    from gateway.cli.lab_knowledge import window
    from gateway.lab.server import Lab, Places
    from gateway.lab.stand_ins import StandIns
    from gateway.process import Listener

    public, internal = _origin(settings.server.public), _origin(settings.server.internal)
    made = StandIns(f"http://{HOST}:{port}", run=int(time.time()))
    wiring = Wiring(serving=serving, stand_ins=made, public=public, models=settings.models)
    panes = [pane for tenant in settings.tenants for pane in wiring.panes(tenant)]
    behind = backstage(settings, made)
    played = helpdesks(settings, made, public)
    web = next((pane for pane in panes if pane.played is None), None)
    account = web.id if web is not None else None
    lab = Lab(
        panes=panes,
        stand_ins=made.mounted,
        places=Places(
            web=f"{public}/widget/v1/frame?account={account}" if account is not None else None,
            desk=f"{internal}/desk/",
            helpdesk=next(iter(played), None),
        ),
        helpdesks=tuple(played.values()),
        company=settings.tenants[0].name,
        suggestions=_suggestions(settings),
        log_in=partial(log_in, settings, internal),
        backstage=behind,
        knowledge=window(settings, serving, account=account, public=public, internal=internal),
    )
    app = lab.app()
    app.cleanup_ctx.append(partial(_following, serving, [tenant.id for tenant in settings.tenants], lab.ledger))
    app.on_startup.append(partial(_warm, settings))
    serving.framed_by = f"http://{HOST}:{port}"
    return Listener(app=app, host=HOST, port=port)


def backstage(settings: Settings, made: StandIns) -> Backstage:
    """Stand-ins for the models and the shop whose addresses in the YAML are the lab's, mounted beside the vendors'."""
    from gateway.lab.backstage import Backstage, told
    from gateway.lab.model import ModelLab
    from gateway.lab.shop import ShopLab

    behind = Backstage()
    for endpoint in _endpoints(settings):
        prefix = made.prefix_of([endpoint.base_url])
        if prefix is not None and behind.model is None:
            keys = (endpoint.key.get_secret_value(),) if endpoint.key is not None else ()
            behind.model = ModelLab(told(), keys=keys)
            made.mounted[prefix] = behind.model.app()
    for tool in (tool for tenant in settings.tenants for tool in tenant.tools):
        address, auth = getattr(tool, "url", None), getattr(tool, "auth", None)
        prefix = made.prefix_of([address] if address else [])
        if prefix is not None and behind.shop is None:
            key = auth.bearer if auth is not None else None
            behind.shop = ShopLab(key=key.get_secret_value()) if key is not None else ShopLab()
            made.mounted[prefix] = behind.shop.app()
    behind.passport = _passport(settings)
    return behind


def _endpoints(settings: Settings) -> Iterator[Any]:
    """The endpoints of the installation's models and of each tenant's own."""
    for block in (settings.models, *(tenant.models for tenant in settings.tenants)):
        if block is not None:
            yield from block.endpoints.values()


def _passport(settings: Settings) -> Passport | None:
    """The key with which the company's server would vouch for its customers: only one that says it is the lab's own."""
    from gateway.lab.backstage import Passport

    for account in (account for tenant in settings.tenants for account in tenant.accounts if account.channel == "web"):
        web: Any = account.settings
        for key in web.jwt_keys:
            if key.kid == LAB_KEY and key.secret is not None:
                secret, audience = key.secret.get_secret_value(), web.jwt_audience or account.id
                return Passport(kid=key.kid, secret=secret, audience=audience)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Makes the panes of tenants."""

    serving: Serving
    stand_ins: StandIns
    public: str
    models: Models | None = None

    def panes(self, tenant: Tenant) -> Iterator[Pane]:
        """A pane for each account that is in the lab, in the order of ``ORDER``."""
        known = sorted((a for a in tenant.accounts if a.channel in ORDER), key=lambda a: ORDER.index(a.channel))
        for account in known:
            pane = self._pane(tenant, account)
            if pane is not None:
                yield pane

    def _pane(self, tenant: Tenant, account: Account) -> Pane | None:
        from gateway.lab.panes import Pane
        from gateway.lab.receipts import LedgerReceipts

        store = self.serving.current.services.tenants[tenant.id].store
        models = tenant.models or self.models
        receipts = LedgerReceipts(store, account.id, models.currency if models is not None else "")
        if account.channel == "web":
            subtitle = f"on the site of {tenant.name}"
            return Pane(id=account.id, kind="web", title="Web chat", subtitle=subtitle, receipts=receipts)
        values, webhook_url = plain(account.settings), f"{self.public}/webhooks/{account.id}"
        played = self.stand_ins.play(account.channel, values, webhook_url=webhook_url)
        if played is None:
            return None
        return Pane(
            id=account.id,
            kind=account.channel,
            title=played.title,
            subtitle=played.subtitle,
            receipts=receipts,
            played=played,
        )


def _origin(listener: Any) -> str:
    """Where a browser of this computer finds a listener; by the name the desk's cookie is for."""
    return f"http://{HOST}:{listener.port}"


def _suggestions(settings: Settings) -> list[str]:
    """The web chat's own first questions, and one that no help page answers: the reply to it offers a person."""
    every = [account.settings for tenant in settings.tenants for account in tenant.accounts]
    given = next((found for each in every if (found := getattr(each, "suggestions", None))), ())
    return [*map(str, given[:SUGGESTIONS]), UNANSWERABLE]


async def _warm(settings: Settings, _: Any) -> None:
    """Load what the first turn would wait for, so that the first receipt tells an ordinary time."""
    from core.steps import language
    from gateway.compose import engine_settings

    for tenant in settings.tenants:
        await asyncio.to_thread(language.load, engine_settings(tenant).languages)


async def _following(serving: Serving, tenants: list[str], watch: Any, app: Any) -> Any:
    """For ``cleanup_ctx``: every live event of the tenants wakes the lab."""

    async def follow(tenant: str) -> None:
        with serving.current.services.hub.subscribe(tenant, "") as news:
            while True:
                await news.wait()
                watch.changed()

    tasks = [asyncio.create_task(follow(tenant)) for tenant in tenants]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def log_in(settings: Settings, internal: str) -> str | None:
    """Log the visitor in to the desk as the first agent, by the desk's own login; the cookie, or None."""
    import aiohttp

    agent = next((person for person in settings.people if "agent" in person.roles), None)
    if agent is None:
        return None
    body = {"id": agent.id, "password": agent.password.get_secret_value()}
    async with (
        asyncio.timeout(LOGIN_LIMIT_S),
        aiohttp.ClientSession() as session,
        session.post(f"{internal}/desk/login", json=body, headers={"Origin": internal}) as answer,
    ):
        return answer.headers.get("Set-Cookie") if answer.status == 200 else None
