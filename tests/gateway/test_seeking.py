"""A message that a vendor names without its conversation is found where it can be, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.domain import Contact
from core.inbound import Sought
from gateway.seeking import LATE, MOST_PAGES, PAGE, sought_message
from tests.contracts.rigs import document_rig
from tests.identity.world import Town, chats, town

ACCOUNT, ROOM = "shop-tel", {"chat": "room"}


@pytest.fixture(params=["sqlite", "documents"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    if request.param == "sqlite":
        async with town(tmp_path) as made:
            yield made
        return
    rig = document_rig()
    yield Town(store=rig.store, clock=rig.clock, channels=chats())


async def told(here: Town, who: str, *, account: str = ACCOUNT, thread: dict[str, Any] | None = None) -> str:
    """Somebody asks in a room and is answered; the ref of the answer."""
    event = here.event(account, who, "hello", thread=thread or ROOM)
    await here.arrives(replace(event, contact=Contact(id=who)))
    await here.answers(account, who)
    (claimed,) = await here.deliver(account, who)
    return f"ref-{claimed.id}"


async def found(here: Town, ref: str, by: str = "nobody", account: str = ACCOUNT, **fields: Any) -> str | None:
    sought = Sought(by=by, **{"within": ROOM, "among_others": True, **fields})
    place = await sought_message(here.of(account), account, ref, sought, page=5)
    return None if place is None else place[0]


async def test_it_is_found_for_whoever_reacts(here: Town) -> None:
    first, second = await told(here, "telegram:1"), await told(here, "telegram:2")
    for by in ("telegram:1", "telegram:2", "telegram:3"):
        assert await found(here, first, by) == here.conv(ACCOUNT, "telegram:1")
        assert await found(here, second, by) == here.conv(ACCOUNT, "telegram:2")
    assert await found(here, first, "telegram:1", among_others=False) == here.conv(ACCOUNT, "telegram:1")
    assert await found(here, first, "telegram:2", among_others=False) is None


async def test_what_is_elsewhere_is_not_found(here: Town) -> None:
    ref = await told(here, "telegram:1")
    assert await found(here, "ref-unknown", "telegram:1") is None
    assert await found(here, ref, "telegram:1", within={"chat": "another"}) is None
    assert await found(here, ref, "telegram:1", within={"chat": "room", "topic": 7}) is None
    assert await found(here, ref, "telegram:1", account="shop-web") is None
    assert await found(here, ref, "telegram:1", account="rival-tel") is None


async def test_the_time_of_sending_ends_the_search(here: Town) -> None:
    old = await told(here, "telegram:old")
    at = here.clock()
    for number in range(12):
        here.clock.advance(seconds=60)
        await here.says(ACCOUNT, f"telegram:{number}", "hi", thread={"chat": "else"})
        await here.answers(ACCOUNT, f"telegram:{number}")
    assert await found(here, old, sent_at=at) == here.conv(ACCOUNT, "telegram:old")
    after = here.clock() + LATE + timedelta(seconds=1)
    assert await found(here, old, sent_at=after) is None
    assert await found(here, old, "telegram:old", sent_at=after) == here.conv(ACCOUNT, "telegram:old")


class Counting:
    """A store in which pages never end."""

    tenant = "acme"

    def __init__(self, here: Town) -> None:
        self._inner: Any = here.of(ACCOUNT)
        self.pages = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def conversations(self, **_: Any) -> Any:
        self.pages += 1
        return (await self._inner.conversations(limit=1)) * PAGE


async def test_the_search_is_bounded(here: Town) -> None:
    await told(here, "telegram:1")
    endless: Any = Counting(here)
    assert await sought_message(endless, ACCOUNT, "ref-unknown", Sought(by="x", within=ROOM, among_others=True)) is None
    assert endless.pages == MOST_PAGES
