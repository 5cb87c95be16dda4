"""The whole story on every channel, over real sockets: the vendor's stand-in on one side, the desk on the other.

A cited answer, a follow-up, a person who answers from the desk, resolved, rated, and the bot again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest
import yaml
from aiohttp import web

from evals.serving import Served, free_port
from gateway.lab.stand_ins import Played, StandIns
from gateway.lab.vendor import Delivered, Fault, LabMessage, VendorLab
from tests.flows.company import TENANT
from tests.flows.conftest import ON_ALL_ENGINES, MakeCompany
from tests.flows.test_story_http import Agent, agent_of

WAIT_S: Final = 30.0
NOTE: Final = "Careful: this one is a journalist."
TENANT_ID: Final = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"

Account = Callable[[str], dict[str, Any]]

ACCOUNTS: Final[dict[str, Account]] = {
    "slack": lambda lab: {
        "bot_token": "xoxb-lab-token",
        "signing_secrets": ["lab-signing-secret"],
        "team_id": "T0LAB",
        "api_url": f"{lab}/slack/api/",
    },
    "telegram": lambda lab: {
        "token": "7000000001:lab-telegram-token",
        "bot_username": "acme_lab_bot",
        "webhook_secrets": ["lab-telegram-secret"],
        "register_webhook": False,
        "api_url": f"{lab}/telegram",
    },
    "whatsapp": lambda lab: {
        "account_sid": "AC00000000000000000000000000000lab",
        "auth_token": "lab-auth-token",
        "from_number": "+15550001111",
        "api_url": f"{lab}/whatsapp",
    },
    "sms": lambda lab: {
        "account_sid": "AC00000000000000000000000000000lab",
        "auth_token": "lab-auth-token",
        "from_number": "+15550003333",
        "api_url": f"{lab}/sms",
    },
    "teams": lambda lab: {
        "app_id": "11111111-2222-4333-8444-555555555555",
        "app_secret": "lab-secret",
        "app_tenant": TENANT_ID,
        "login_url": f"{lab}/teams",
        "openid_url": f"{lab}/teams/v1/.well-known/openidconfiguration",
        "service_hosts": [lab],
    },
}


@dataclass(kw_only=True)
class Customer:
    """Somebody with the vendor's app in hand."""

    lab: VendorLab

    async def says(self, text: str) -> None:
        """Write, and see it taken."""
        taken(await self.lab.say(text))

    async def sees(self, words: str, *, after: int = 0) -> LabMessage:
        """Wait for a message of ours with these words."""
        await self.lab.watch.until(lambda: bool(self._found(words, after)), limit_s=WAIT_S)
        return self._found(words, after)[0]

    def _found(self, words: str, after: int) -> list[LabMessage]:
        return [
            m for m in self.lab.messages()[after:] if m.author != "contact" and words in m.text and not m.is_streaming
        ]

    @property
    def heard(self) -> list[str]:
        """Everything we said so far."""
        return [m.text for m in self.lab.messages() if m.author == "bot"]


def taken(answer: Delivered) -> None:
    assert answer.status in (200, 201, 202, 204), answer


@asynccontextmanager
async def story(kind: str, make_company: MakeCompany) -> AsyncIterator[tuple[Served, Customer, Agent]]:
    """A company with one account of a kind, its vendor's stand-in, a customer and an agent."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    values = ACCOUNTS[kind](origin)
    served = make_company()
    settings = yaml.safe_load(served.config.read_text())
    settings["tenants"][0]["accounts"].append({"id": "acme-line", "channel": kind, "debounce_ms": 0, **values})
    settings["server"].setdefault("public", {})["base_url"] = served.url
    served.write(settings)
    stand_ins = StandIns(origin, run=int(time.time()))
    played = stand_ins.play(kind, values | _secrets(kind), webhook_url=f"{served.url}/webhooks/acme-line")
    assert isinstance(played, Played)
    app = web.Application()
    for prefix, stand_in in stand_ins.mounted.items():
        app.add_subapp(prefix, stand_in)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    served.start()
    try:
        async with agent_of(served) as sam:
            yield served, Customer(lab=played.lab), sam
    finally:
        served.kill()
        await played.lab.close()
        await runner.cleanup()


def _secrets(kind: str) -> dict[str, Any]:
    """What the settings' models fill in."""
    return {"mode": "webhook"} if kind == "telegram" else {}


@ON_ALL_ENGINES
@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_the_whole_story(kind: str, make_company: MakeCompany) -> None:
    async with story(kind, make_company) as (_, customer, sam):
        await customer.says("Within how many days can I return goods?")
        answer = await customer.sees("30 days")
        assert "Returns" in answer.text + str(answer.raw), "the answer names its source"

        await customer.says("And the warranty on the Pruno garden shears?")
        await customer.sees("five years")

        await customer.says("I want to talk to a person, please")
        await customer.sees("bringing in a person")
        (conv,) = await sam.queue()
        case = await sam.case(conv)
        assert [m["text"] for m in case["messages"] if m["role"] == "contact"][:1] == [
            "Within how many days can I return goods?"
        ]

        if kind == "slack":
            await is_named(sam, conv, "Kim")

        await sam.act(conv, "claim")
        await customer.sees("Sam has joined")
        await sam.act(conv, "note", text=NOTE)
        await sam.act(conv, "reply", text="Hello, Sam here. Your parcel is on its way.")
        await customer.sees("Your parcel is on its way")
        before = len(customer.heard)
        await customer.says("Thank you! How much is delivery to Germany?")
        await waits_at_the_desk(sam, conv, "Thank you! How much is delivery to Germany?")
        assert len(customer.heard) == before, "the bot is silent while a person owns"

        await sam.act(conv, "resolve")
        rating = await customer.sees("How did we do?")
        if rating.choices:
            taken(await customer.lab.press(rating.ref, best(rating.choices)))
        else:
            await customer.says("5")
        await customer.sees("Thank you for your feedback")
        assert (await sam.case(conv))["conversation"]["csat"] == 5

        seen = len(customer.lab.messages())
        await customer.says("How much is delivery to Germany?")
        await customer.sees("6.90", after=seen)
        assert not any(NOTE in text for text in customer.heard)
        assert len(customer.heard) == len(set(customer.heard)) or kind == "sms", "nothing is said twice"


def best(choices: tuple[str, ...]) -> str:
    """The highest of five ratings, however the channel writes it."""
    return max(choices, key=lambda choice: ("5" in choice, choice.count("★"), choice.count("⭐")))


async def waits_at_the_desk(sam: Agent, conv: str, text: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while text not in [m["text"] for m in (await sam.case(conv))["messages"]]:  # noqa: ASYNC110  asked over HTTP
            await asyncio.sleep(0.05)


async def is_named(sam: Agent, conv: str, name: str) -> None:
    """The vendor is asked for the name in the background; it proves nothing."""
    async with asyncio.timeout(WAIT_S):
        while (contact := (await sam.case(conv))["conversation"]["contact"])["name"] != name:  # noqa: ASYNC110  asked over HTTP
            await asyncio.sleep(0.05)
    assert contact["verified"] is False and contact["email"] == "kim@lab.example"


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_nothing_is_lost_and_nothing_said_twice_when_the_vendor_fails(
    kind: str, make_company: MakeCompany
) -> None:
    async with story(kind, make_company) as (_, customer, _sam):
        customer.lab.hook.duplicate_next = 1
        customer.lab.faults.add(Fault.UNAVAILABLE)
        customer.lab.faults.add(Fault.THROTTLED)
        await customer.says("Within how many days can I return goods?")
        await customer.sees("30 days")
        await customer.says("How long is the warranty on the Pruno garden shears?")
        await customer.sees("five years")
        assert sum("30 days" in text for text in customer.heard) == 1
        assert [fault for fault, _ in customer.lab.faults.hit] == [Fault.UNAVAILABLE, Fault.THROTTLED]


def test_every_channel_is_in_the_story() -> None:
    from adapters.discovery import channel_plugins

    assert set(ACCOUNTS) | {"web"} == set(channel_plugins()), f"tell {TENANT}'s story on the new channel too"
