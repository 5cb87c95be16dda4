"""Names of contacts, asked of Slack and never proven by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.slack.profiles import ASK_AGAIN, Profiles
from core.domain import Contact
from core.errors import CredentialsInvalid, DeliveryError, OutcomeUnknown, ProviderUnavailable, Throttled
from core.ports.channel import SupportsProfiles
from gateway.lab.slack import SlackLab
from gateway.lab.vendor import Fault
from tests.channels.slack.world import NOW, World, world

KIM = Contact(id="slack:T0LAB:U0KIM")
GUEST = Contact(id="slack:T0OTHER:U0GUEST")


async def asked(slack: World, contact: Contact = KIM) -> Contact | None:
    assert isinstance(slack.channel, SupportsProfiles)
    return await slack.channel.profile(contact, {})


async def test_a_contact_of_an_event_gets_a_name() -> None:
    async with world() as slack:
        head = await slack.opened()
        assert await asked(slack, head.contact) == Contact(
            id=head.contact.id, name="Kim", email="kim@lab.example", locale="en-US"
        )
        assert slack.lab.methods.of("users.info") == [{"user": "U0KIM", "include_locale": "true"}]


async def test_an_address_only_with_its_scope_and_only_of_our_own_people() -> None:
    async with world() as slack:
        guest = await asked(slack, GUEST)
        assert guest is not None and (guest.name, guest.email) == ("Guest", None)
        slack.lab.door.scopes = "chat:write,users:read"
        kim = await asked(slack)
        assert kim is not None and (kim.name, kim.email) == ("Kim", None)


async def test_without_the_scope_nobody_is_asked_for_hours() -> None:
    async with world() as slack:
        at = [NOW]
        profiles = Profiles(slack.channel._api, slack.channel._tokens, clock=lambda: at[0])
        slack.lab.door.scopes = "chat:write"
        assert await profiles.of(KIM) is None and await profiles.of(KIM) is None
        assert len(slack.lab.methods.of("users.info")) == 1
        slack.lab.door.scopes = "chat:write,users:read"
        at[0] += ASK_AGAIN + timedelta(seconds=1)
        told = await profiles.of(KIM)
        assert told is not None and told.name == "Kim"


@pytest.mark.parametrize("contact", ["slack:T0LAB:U0NOBODY", "slack:T0LAB", "teams:x:y", "slack:"])
async def test_whom_slack_does_not_know_has_no_name(contact: str) -> None:
    async with world() as slack:
        assert await asked(slack, Contact(id=contact)) is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.THROTTLED, Throttled),
        (Fault.UNAVAILABLE, ProviderUnavailable),
        (Fault.UNAUTHORIZED, CredentialsInvalid),
        (Fault.LOST_ANSWER, OutcomeUnknown),
    ],
)
async def test_failures_are_told_apart(fault: Fault, error: type[DeliveryError]) -> None:
    async with world() as slack:
        slack.lab.faults.add(fault, on="users.info")
        with pytest.raises(error):
            await asked(slack)
        assert await asked(slack) is not None


@pytest.mark.parametrize(
    ("changes", "name", "email"),
    [
        ({"name": "", "real_name": "Kim Larsen"}, "Kim Larsen", "kim@lab.example"),
        ({"name": " a\u202eb\n\x00c " + "x" * 300}, "ab c " + "x" * 195, "kim@lab.example"),
        ({"email": "nobody"}, "Kim", None),
        ({"name": "\u200b", "real_name": "\u200b"}, None, "kim@lab.example"),
    ],
)
async def test_what_people_write_into_profiles_stays_one_short_line(
    changes: dict[str, Any], name: str | None, email: str | None
) -> None:
    async with world() as slack:
        for field, value in changes.items():
            setattr(slack.lab.workspace.people["U0KIM"], field, value)
        told = await asked(slack)
        assert told is not None and (told.name, told.email) == (name, email)


@pytest.mark.parametrize("user", [None, "U0KIM", [], {"profile": {"display_name": 7}}, {"is_stranger": "no"}])
async def test_an_odd_answer_is_no_name(user: Any) -> None:
    class Odd(SlackLab):
        def __init__(self) -> None:
            super().__init__()
            self.methods._known["users.info"] = lambda body, base: {"user": user}

    async with world(Odd) as slack:
        assert await asked(slack) is None
