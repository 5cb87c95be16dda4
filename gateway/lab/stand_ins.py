"""Which stand-in plays which kind of channel, with the credentials that the account's settings hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from gateway.lab.slack import SlackLab
from gateway.lab.teams import TeamsLab
from gateway.lab.telegram import TelegramLab
from gateway.lab.telegram.lab import ANN
from gateway.lab.twilio import TwilioLab
from gateway.lab.vendor import Delivered, VendorLab

Values = Mapping[str, Any]
"""An account's settings as plain values, secrets included: a stand-in must know what its vendor knows."""

Edit = Callable[[str, str], Awaitable[Delivered]]
React = Callable[[str, bool], Awaitable[Delivered]]
Activity = Callable[[], str | None]

THUMBS: Final = {True: "👍", False: "👎"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A stand-in for one account, how its pane is called, and what its contact can do beyond writing.

    ``edit`` changes a message, ``react`` puts a thumb up or down under one, ``activity`` says what the other side is doing.
    ``hears`` tells that this vendor writes down what is said in a voice note; elsewhere it is only a sound.
    """

    lab: VendorLab
    title: str
    subtitle: str
    edit: Edit | None = None
    react: React | None = None
    activity: Activity | None = None
    hears: bool = False


Make = Callable[[Values, str, int], Played]


class StandIns:
    """The stand-ins of the lab at ``origin``; ``mounted`` has the application of each under its prefix.

    A stand-in forgets and the ledger does not, so ``run`` (seconds since 1970) makes each run's contacts new ones: otherwise
    their first messages would be taken for redeliveries of the last run's.
    """

    def __init__(self, origin: str, *, run: int) -> None:
        self.origin = origin
        self.run = run
        self.mounted: dict[str, web.Application] = {}

    def prefix(self, values: Values) -> str | None:
        """Where an account's settings expect its vendor within this lab; None when they point elsewhere."""
        return self.prefix_of(_addresses(values))

    def prefix_of(self, addresses: Iterable[str]) -> str | None:
        """The folder of the first of these addresses that lies within this lab."""
        for url in addresses:
            if f"{url}/".startswith(f"{self.origin}/"):
                folder = urlsplit(url).path.strip("/").partition("/")[0]
                if folder:
                    return f"/{folder}"
        return None

    def play(self, kind: str, values: Values, *, webhook_url: str) -> Played | None:
        """A stand-in for an account's vendor that posts to ``webhook_url``; None: the account is not one of the lab's."""
        prefix, make = self.prefix(values), KINDS.get(kind)
        if prefix is None or make is None:
            return None
        played = make(values, f"{self.origin}{prefix}", self.run)
        if values.get("mode") != "polling":
            played.lab.hook.url = values.get("public_url") or webhook_url
        self.mounted[prefix] = played.lab.app()
        return played


def _addresses(values: Values) -> Iterator[str]:
    for value in values.values():
        yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))


def _slack(values: Values, url: str, run: int) -> Played:
    lab = SlackLab(
        token=values["bot_token"],
        signing_secret=_first(values["signing_secrets"]),
        team=values["team_id"] or "T0LAB",
        contact=f"U0KIM{run}",
    )
    lab.address = url
    return Played(
        lab=lab,
        title="Slack",
        subtitle=f"{lab.workspace.people[lab.contact].name} · direct message",
        edit=lab.edit,
        react=lab.react,
        activity=lab.activity,
        hears=True,
    )


def _telegram(values: Values, url: str, run: int) -> Played:
    lab = TelegramLab(
        token=values["token"],
        username=values["bot_username"],
        secret=_first(values["webhook_secrets"]),
        person=replace(ANN, id=run),
    )

    async def react(ref: str, is_good: bool) -> Delivered:
        return await lab.react(ref, THUMBS[is_good])

    return Played(
        lab=lab,
        title="Telegram",
        subtitle=f"{lab.person.first_name} {lab.person.last_name} · private chat",
        edit=lab.edit,
        react=react,
        activity=lambda: "is typing…" if lab.is_typing() else None,
    )


def _twilio(kind: str, title: str) -> Make:
    def make(values: Values, url: str, run: int) -> Played:
        lab = TwilioLab(
            kind,
            account_sid=values["account_sid"],
            auth_token=values["auth_token"],
            number=values["from_number"],
            contact=f"+1555{run % 10_000_000:07d}",
        )
        name = f"{lab.contact_name} · " if kind == "whatsapp" else ""
        number = lab.contact.removeprefix("whatsapp:")
        return Played(lab=lab, title=title, subtitle=f"{name}{number}", activity=lab.activity)

    return make


def _teams(values: Values, url: str, run: int) -> Played:
    lab = TeamsLab(
        app_id=values["app_id"], app_secret=values["app_secret"], tenant=values["app_tenant"], url=url, run=run
    )
    return Played(
        lab=lab,
        title="Microsoft Teams",
        subtitle="Alex Morgan · personal chat",
        edit=lab.edit,
        react=lab.react,
        activity=lab.activity,
    )


def _first(secrets: list[str]) -> str:
    return secrets[0] if secrets else ""


KINDS: Final[dict[str, Make]] = {
    "slack": _slack,
    "telegram": _telegram,
    "whatsapp": _twilio("whatsapp", "WhatsApp"),
    "sms": _twilio("sms", "SMS"),
    "teams": _teams,
}
"""Kind of channel → its stand-in from the account's settings, the address it will be served at, and the run."""
