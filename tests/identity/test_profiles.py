"""Names looked up at the vendor: unproven, only what is missing, asked rarely, and harmless when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Contact, EventKind, Head, MessageKind
from core.errors import CredentialsInvalid, Throttled
from core.notices import Notices
from core.ownership import decide
from core.ports.channel import SupportsProfiles
from core.profiles import completed
from gateway.profiles import MOST_A_MINUTE, PAUSE, Profiles
from tests.identity.world import Chat, Town

ACCOUNT, KIM = "shop-tel", "telegram:7"
TOLD = Contact(id=KIM, name="Kim", email="kim@lab.example", locale="da-DK")


class Directory(Chat):
    """A chat whose vendor knows names."""

    def __init__(self, told: Contact | None = TOLD) -> None:
        super().__init__("telegram", ACCOUNT)
        self.told = told
        self.asked: list[str] = []

    async def profile(self, contact: Contact, thread: Mapping[str, Any]) -> Contact | None:
        self.asked.append(contact.id)
        if self.failures:
            raise self.failures.pop(0)
        return self.told


def profiles(here: Town) -> Profiles:
    return Profiles(here.store, clock=here.clock)


async def met(here: Town, who: str = KIM, **fields: Any) -> Head:
    """A conversation that has begun."""
    contact = fields.pop("known", Contact(id=who))
    await here.arrives(replace(here.event(ACCOUNT, who, "hello", **fields), contact=contact))
    head = await here.of(ACCOUNT).head(fields.get("conv", here.conv(ACCOUNT, who)))
    assert head is not None
    return head


async def now(here: Town, head: Head) -> Contact:
    found = await here.of(ACCOUNT).head(head.conv)
    assert found is not None
    return found.contact


async def test_a_name_arrives_at_the_desk_and_proves_nothing(here: Town) -> None:
    chat, asked = Directory(), profiles(here)
    assert isinstance(chat, SupportsProfiles)
    head = await met(here)
    await asked.meet(chat, head)
    contact = await now(here, head)
    assert (contact.name, contact.email, contact.locale) == ("Kim", "kim@lab.example", "da-DK")
    assert (contact.id, contact.verified, contact.customer_account) == (KIM, False, None)
    log = await here.log(ACCOUNT, KIM)
    assert [message.kind for message in log if message.kind is not MessageKind.TEXT] == []
    await asked.meet(chat, head)
    assert await now(here, head) == contact


async def test_the_next_conversation_of_the_day_takes_it_from_the_first(here: Town) -> None:
    chat, asked = Directory(), profiles(here)
    await asked.meet(chat, await met(here))
    second = await met(here, conv="conv-2")
    await profiles(here).meet(chat, second)
    assert (await now(here, second)).name == "Kim" and chat.asked == [KIM]
    here.clock.advance(seconds=86_400)
    third = await met(here, conv="conv-3")
    chat.told = replace(TOLD, name="Kim L.")
    await asked.meet(chat, third)
    assert (await now(here, third)).name == "Kim L." and chat.asked == [KIM, KIM]
    assert (await now(here, second)).name == "Kim"


async def test_what_nobody_told_is_asked_again_in_the_next_conversation(here: Town) -> None:
    chat, asked = Directory(told=None), profiles(here)
    first = await met(here)
    await asked.meet(chat, first)
    assert (await now(here, first)).name is None
    chat.told = TOLD
    second = await met(here, conv="conv-2")
    await asked.meet(chat, second)
    assert (await now(here, second)).name == "Kim" and chat.asked == [KIM, KIM]


async def test_a_stranger_takes_no_name_of_another(here: Town) -> None:
    chat = Directory()
    await profiles(here).meet(chat, await met(here))
    chat.told = None
    other = await met(here, "telegram:8")
    await profiles(here).meet(chat, other)
    assert (await now(here, other)).name is None and chat.asked == [KIM, "telegram:8"]


async def test_what_is_proven_stays_and_nobody_is_asked(here: Town) -> None:
    chat = Directory()
    proven = Contact(id=KIM, name="K. Larsen", customer_account="c-1", verified=True)
    head = await met(here, known=proven)
    await profiles(here).meet(chat, head)
    assert await now(here, head) == proven and chat.asked == []


async def test_proof_that_comes_during_the_lookup_wins(here: Town) -> None:
    head = await met(here)
    proven = Contact(id=KIM, customer_account="c-1", verified=True)

    class Slow(Directory):
        async def profile(self, contact: Contact, thread: Mapping[str, Any]) -> Contact | None:
            await _identified(here, head, proven)
            return TOLD

    await profiles(here).meet(Slow(), head)
    assert await now(here, head) == proven


async def _identified(here: Town, head: Head, contact: Contact) -> None:
    event = replace(here.event(ACCOUNT, KIM, "", kind=EventKind.CONTACT_IDENTIFIED), contact=contact)
    await here.of(ACCOUNT).append(
        head.conv, nonce=event.id, event=event, build=lambda newest: decide(newest, event, notices=Notices())
    )


@pytest.mark.parametrize(
    ("failure", "pause"),
    [(Throttled("slow", retry_after_s=30.0), timedelta(seconds=30)), (CredentialsInvalid("no"), PAUSE)],
)
async def test_a_failure_is_harmless_and_pauses_the_account(
    here: Town, failure: Throttled | CredentialsInvalid, pause: timedelta
) -> None:
    chat, asked = Directory(), profiles(here)
    chat.failures.append(failure)
    head = await met(here)
    await asked.meet(chat, head)
    await asked.meet(chat, head)
    assert (await now(here, head)).name is None and chat.asked == [KIM]
    here.clock.advance(seconds=pause.total_seconds() + 1)
    await asked.meet(chat, head)
    assert (await now(here, head)).name == "Kim"


async def test_a_crowd_is_asked_about_slowly(here: Town) -> None:
    chat = Directory(told=None)
    heads = [Head.first(here.event(ACCOUNT, f"telegram:{number}", "hi")) for number in range(MOST_A_MINUTE + 5)]
    frozen = here.clock()
    asked = Profiles(here.store, clock=lambda: frozen)
    for head in heads:
        await asked.meet(chat, head)
    assert len(chat.asked) == MOST_A_MINUTE
    frozen += timedelta(minutes=1)
    await asked.meet(chat, heads[-1])
    assert len(chat.asked) == MOST_A_MINUTE + 1


async def test_another_tenant_s_conversation_is_none_of_the_channel_s(here: Town) -> None:
    chat = Directory()
    head = replace(await met(here), tenant="umbrella")
    await profiles(here).meet(chat, head)
    assert chat.asked == []


FIELD = st.none() | st.text(max_size=5)
CONTACT = st.builds(
    Contact, id=st.just(KIM), name=FIELD, email=FIELD, customer_account=FIELD, verified=st.booleans(), locale=FIELD
)


@given(CONTACT, CONTACT)
def test_a_profile_never_changes_what_is_known(known: Contact, told: Contact) -> None:
    whole = completed(known, told)
    assert (whole.id, whole.verified, whole.customer_account) == (known.id, known.verified, known.customer_account)
    for field in ("name", "email", "locale"):
        before, after = getattr(known, field), getattr(whole, field)
        assert after == before if before or known.verified else after == getattr(told, field)
