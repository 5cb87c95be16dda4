"""The handoff service over the real store: once per key, one owner, never waiting for a turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import ids
from core.domain import Audience, Contact, EventKind, InboundEvent, Message, MessageKind, Owner, Status
from core.errors import CaseTaken, PayloadInvalid
from core.notices import Notices
from core.ports.store import TenantStore
from gateway.store.embedded.sqlite import SqliteStore
from handoff.desks.builtin.settings import BuiltinDeskSettings
from handoff.service import HandoffService
from tests.handoff.examples import NOW

CONV = ids.conversation_id("demo", "demo-web", "visitor:1")


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TenantStore]:
    made = SqliteStore(tmp_path / "ledger.sqlite3", clock=clock)
    await made.start()
    tenant = made.for_tenant("demo")
    await tenant.accept([first_message()])
    yield tenant
    await made.stop()


@pytest.fixture
def service(store: TenantStore) -> HandoffService:
    return HandoffService(store, notices=Notices(), hours=None, clock=clock)


def first_message() -> InboundEvent:
    return InboundEvent(
        tenant="demo",
        account="demo-web",
        conv=CONV,
        dedupe_key="m1",
        kind=EventKind.MESSAGE,
        contact=Contact(id="v1", name="Maria"),
        provider_at=clock(),
        received_at=clock(),
        text="Hello",
    )


async def whole(store: TenantStore) -> tuple[Message, ...]:
    return await store.transcript(CONV, audience=Audience.DESK)


async def test_a_request_does_not_wait_for_the_turn_and_happens_once(
    store: TenantStore, service: HandoffService
) -> None:
    first = await service.request(CONV, key="k1", reason="The button")
    assert (first.head.owner, first.is_duplicate) == (Owner.QUEUE, False)
    assert first.head.handoff is not None
    assert first.head.handoff.detail == "The button"
    again = await service.request(CONV, key="k1")
    assert (again.handoff_id, again.is_duplicate) == (first.handoff_id, True)
    another = await service.request(CONV, key="k2")
    assert another.handoff_id == first.handoff_id
    assert sum(m.handoff_id is not None for m in await whole(store)) == 1
    assert len(await store.unread(CONV)) == 1


async def test_eight_agents_claim_at_once(store: TenantStore, service: HandoffService) -> None:
    await service.request(CONV, key="k")
    agents = [f"Agent {number}" for number in range(8)]
    results = await asyncio.gather(
        *(service.claim(CONV, agent=agent, key="same key") for agent in agents), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, CaseTaken)]
    (winner,) = [agent for agent, result in zip(agents, results, strict=True) if not isinstance(result, BaseException)]
    assert len(refused) == 7
    assert {error.agent for error in refused} == {winner}
    head = await store.head(CONV)
    assert head is not None
    assert (head.owner, head.agent) == (Owner.HUMAN, winner)
    assert [m.text for m in await whole(store) if "joined" in m.text] == [f"{winner} has joined the conversation."]


async def test_replying_to_anothers_conversation_needs_a_takeover(store: TenantStore, service: HandoffService) -> None:
    await service.claim(CONV, agent="Ana", key="1")
    for act in (service.give_back, service.resolve, service.claim):
        with pytest.raises(CaseTaken, match="Ana"):
            await act(CONV, agent="Sam", key="2")
    with pytest.raises(CaseTaken, match="Ana"):
        await service.reply(CONV, agent="Sam", text="Hi", key="3")
    taken = await service.reply(CONV, agent="Sam", text="Hi", key="3", takeover=True)
    assert (taken.head.agent, taken.is_duplicate) == ("Sam", False)
    assert [m.text for m in await whole(store) if m.author == "Sam"] == ["Hi"]


async def test_a_note_needs_no_ownership_and_changes_none(store: TenantStore, service: HandoffService) -> None:
    await service.claim(CONV, agent="Ana", key="1")
    noted = await service.note(CONV, agent="Sam", text="Careful", key="2")
    assert (noted.head.agent, noted.head.owner) == ("Ana", Owner.HUMAN)
    assert [m.kind for m in noted.messages] == [MessageKind.NOTE]
    assert not [m for m in await store.transcript(CONV, audience=Audience.CONTACT) if m.text == "Careful"]


async def test_the_same_key_of_two_agents_or_two_acts_does_not_meet(
    store: TenantStore, service: HandoffService
) -> None:
    await service.reply(CONV, agent="Ana", text="one", key="k")
    await service.reply(CONV, agent="Ana", text="one again", key="k")
    await service.note(CONV, agent="Ana", text="two", key="k")
    await service.reply(CONV, agent="Sam", text="three", key="k", takeover=True)
    assert [m.text for m in await whole(store) if m.author] == ["one", "two", "three"]


async def test_resolve_rate_and_the_way_back(store: TenantStore, service: HandoffService) -> None:
    await service.claim(CONV, agent="Ana", key="1")
    closed = await service.resolve(CONV, agent="Ana", key="2")
    assert (closed.head.status, closed.head.owner) == (Status.RESOLVED, Owner.NONE)
    assert [m.kind for m in closed.messages] == [MessageKind.CSAT_REQUEST]
    rated = await service.rate(CONV, rating=4, key="3", comment="Good")
    assert rated.head.csat == 4
    again = await service.reply(CONV, agent="Ana", text="One more thing", key="4")
    assert (again.head.owner, again.head.episode) == (Owner.HUMAN, 2)
    back = await service.give_back(CONV, agent="Ana", key="5")
    assert back.head.owner is Owner.BOT


async def test_contact_resolves_by_themselves(service: HandoffService) -> None:
    assert (await service.resolve_by_contact(CONV, key="1")).head.status is Status.RESOLVED


@pytest.mark.parametrize("rating", [0, 6, -1])
async def test_ratings_out_of_range(service: HandoffService, rating: int) -> None:
    with pytest.raises(PayloadInvalid):
        await service.rate(CONV, rating=rating, key="1")


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
async def test_nothing_to_say(store: TenantStore, service: HandoffService, text: str) -> None:
    with pytest.raises(PayloadInvalid):
        await service.reply(CONV, agent="Ana", text=text, key="1")
    with pytest.raises(PayloadInvalid):
        await service.note(CONV, agent="Ana", text=text, key="1")
    assert await whole(store) == ()


async def test_an_unknown_conversation_and_another_tenants(tmp_path: Path, service: HandoffService) -> None:
    with pytest.raises(LookupError):
        await service.claim("c_nothing", agent="Ana", key="1")
    other_store = SqliteStore(tmp_path / "other.sqlite3", clock=clock)
    await other_store.start()
    await other_store.for_tenant("demo").accept([first_message()])
    other = HandoffService(other_store.for_tenant("other"), notices=Notices(), hours=None, clock=clock)
    with pytest.raises(LookupError):
        await other.claim(CONV, agent="Ana", key="1")
    await other_store.stop()


async def test_the_notice_tells_the_truth_when_nobody_is_there(store: TenantStore) -> None:
    settings = BuiltinDeskSettings.model_validate({"hours": {"open": {"mon": "09:00-17:00"}}})
    closed = HandoffService(
        store, notices=Notices(), hours=settings.opening_hours(), clock=lambda: NOW.replace(hour=18)
    )
    done = await closed.request(CONV, key="1")
    assert "Nobody is at the desk right now" in done.messages[0].text
    assert closed.next_open() == NOW.replace(day=9, hour=9)
