"""What the walk of a message says to the server: plain commands, the shard key in each, and few of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import gateway.store
from core.domain import Audience, DeliveryState, EventKind
from core.inbound import Receipt
from core.ports.store import Preview
from tests.contracts.words import (
    CHANNEL,
    CONV,
    DESK,
    TENANT,
    act,
    commit_turn,
    control,
    deliver_all,
    message,
    open_turn,
    replying,
)
from tests.store.mongodb.commands import Listened, Said, listened

WALK: Final = frozenset({"find", "insert", "update"})
SWEEPS: Final = WALK | {"aggregate", "delete", "getMore"}
OPERATORS: Final = frozenset({"$and", "$eq", "$gt", "$gte", "$in", "$lt", "$lte", "$ne"})

STAGES: Final[Mapping[str, int]] = {
    "accept": 1,
    "turn opened": 4,
    "history read": 3,
    "journal row": 2,
    "turn committed": 10,
    "nothing more to read": 3,
    "delivery claimed": 7,
    "delivery settled": 8,
    "nothing more to send": 2,
}
"""Calls to the server in each stage of the walk of a message, as gateway/store/README.md states them."""


@pytest.fixture
async def on(mongodb: str) -> AsyncIterator[Listened]:
    async with listened(mongodb) as found:
        yield found


async def walk(on: Listened, key: str, *, second: float, messages: int = 1) -> dict[str, int]:
    """A message (or several at once) from accept to settled; what each stage said to the server."""
    store = on.store.for_tenant(TENANT)
    stages: dict[str, int] = {}
    last = len(on.heard.said)

    def stage(name: str) -> None:
        nonlocal last
        stages[name] = len(on.heard.said) - last
        last = len(on.heard.said)

    await store.accept([message(f"{key}-{n}", second=second + n / 100) for n in range(messages)])
    stage("accept")
    turn = await open_turn(store)
    stage("turn opened")
    await store.tail(CONV, audience=Audience.DESK, limit=6)
    stage("history read")
    await store.record_step(turn.turn_id, "1#result", b"{}")
    stage("journal row")
    await commit_turn(store, turn, replying())
    stage("turn committed")
    assert await store.open_turn(CONV, "w1") is None
    stage("nothing more to read")
    claimed = await store.next_delivery(CONV, CHANNEL, "w1")
    stage("delivery claimed")
    assert claimed is not None
    await store.settle(claimed, DeliveryState.SENT, vendor_ref=f"ref-{key}")
    stage("delivery settled")
    assert await store.next_delivery(CONV, CHANNEL, "w1") is None
    stage("nothing more to send")
    return stages


async def test_the_calls_of_a_message_are_those_the_readme_states(on: Listened) -> None:
    await walk(on, "first", second=0)
    stages = await walk(on, "next", second=1)
    assert stages == STAGES
    readme = (Path(gateway.store.__file__).parent / "README.md").read_text()
    assert f"takes {sum(STAGES.values())} calls" in readme
    assert " · ".join(f"{stage} {calls}" for stage, calls in STAGES.items()) in readme


async def test_the_calls_of_a_message_do_not_grow_with_the_conversation(on: Listened) -> None:
    """Nor does what they read, once the history that a turn looks at is full."""
    calls, read = [], []
    for n in range(16):
        before = on.heard.documents_read
        calls.append(await walk(on, f"m{n}", second=n))
        read.append(on.heard.documents_read - before)
    assert calls[4] == calls[15]
    assert read[4] == read[15]


async def test_the_calls_of_a_turn_do_not_grow_with_its_messages(on: Listened) -> None:
    await walk(on, "first", second=0)
    one = await walk(on, "one", second=1)
    many = await walk(on, "many", second=2, messages=12)
    assert many == one


async def test_the_first_message_of_a_conversation_is_found_without_the_others(on: Listened) -> None:
    store = on.store.for_tenant(TENANT)
    await store.accept([message(f"m{n}", second=n) for n in range(30)])
    before = on.heard.documents_read
    head = await store.head(CONV)
    assert head is not None
    assert on.heard.documents_read - before == 1


async def life(on: Listened) -> None:
    """All that happens on the walks of messages: answers, a handoff, people, reports, drafts, a failed delivery."""
    store = on.store.for_tenant(TENANT)
    await walk(on, "a", second=0)
    turn_id = f"{CONV}#t9"
    for shown in ("one", "one two"):
        await store.save_preview(Preview(turn_id=turn_id, shown=shown, vendor_ref="v"))
    await store.accept([message("b", second=1), message("c", second=2)])
    turn = await open_turn(store)
    reopened = await open_turn(store)
    await store.turn_events(reopened.turn_id)
    await commit_turn(store, turn, replying(handoff=True))
    await act(store, control(EventKind.AGENT_REPLIED, "r", text="hello"))
    claimed = await store.next_delivery(CONV, CHANNEL, "w1")
    assert claimed is not None
    await store.settle(claimed, DeliveryState.PENDING, error="busy", retry_at=on.clock.now)
    await deliver_all(store, CHANNEL)
    await deliver_all(store, DESK)
    await store.record_receipt(Receipt(conv=CONV, vendor_ref="ref-a", state=DeliveryState.READ))
    await store.claim("daily|1", "value")
    await store.outcome(f"{CONV}|b")
    await store.transcript(CONV, audience=Audience.CONTACT)
    await on.store.leases.beat()


def check_plain(said: list[Said], names: frozenset[str]) -> None:
    assert {one.name for one in said} <= names
    for one in said:
        for asked in one.filters():
            assert operators_of(asked) <= OPERATORS
        for change in one.command.get("updates", ()):
            assert set(change["u"]) == {"$set"}
            assert not change.get("upsert")


def operators_of(asked: Any) -> set[str]:
    """Every word with a dollar in a filter."""
    if isinstance(asked, Mapping):
        return {name for name in asked if name.startswith("$")}.union(*map(operators_of, asked.values()))
    return set().union(*map(operators_of, asked)) if isinstance(asked, list) else set()


async def test_a_walk_uses_plain_commands_and_names_the_shard_key_in_each(on: Listened) -> None:
    await life(on)
    check_plain(on.heard.said, WALK)
    assert {one.collection for one in on.heard.said} >= {"events", "turns", "commits", "outbox", "attempts", "receipts"}
    for one in on.heard.said:
        if one.name == "update":
            assert all(asked.keys() == {"conv", "_id"} for asked in one.filters()), "a condition would not be safe"
        for document in one.command.get("documents", ()):
            assert document["_id"].startswith(document["conv"])
        assert all(isinstance(asked["conv"]["$eq"], str) for asked in one.filters()), one


async def test_sweeps_and_retention_use_plain_commands_too(on: Listened) -> None:
    await life(on)
    walked = len(on.heard.said)
    await on.store.sweeps.sweep()
    await on.store.system.unread(after=None, limit=9)
    await on.store.system.undelivered(after=None, limit=9)
    await on.store.system.dropped(limit=9)
    await on.store.for_tenant(TENANT).counts()
    await on.store.for_tenant(TENANT).conversations()
    await on.store.system.prune(before=on.clock.advance(days=30))
    said = on.heard.said[walked:]
    check_plain(said, SWEEPS)
    deletes = [one for one in said if one.name == "delete"]
    assert deletes
    assert all("conv" in asked and "_id" in asked for one in deletes for asked in one.filters())


@pytest.mark.parametrize(
    "wishes", ["", "w=0&journal=false&retryWrites=true&readConcernLevel=local&readPreference=nearest"]
)
async def test_every_write_waits_for_a_majority_whatever_the_address_says(mongodb: str, wishes: str) -> None:
    async with listened(f"{mongodb}{'&' if '?' in mongodb else '?'}{wishes}") as on:
        await life(on)
        for one in on.heard.said:
            if one.name == "find":
                assert one.command["readConcern"]["level"] == "majority"
            else:
                assert one.command["writeConcern"] == {"w": "majority", "j": True}
            assert not one.command.keys() & {"txnNumber", "startTransaction", "autocommit"}
            assert one.command.get("$readPreference", {"mode": "primary"})["mode"] == "primary"


async def test_sweeping_many_lines_takes_as_many_calls_as_pages(on: Listened) -> None:
    for n in range(8):
        store = on.store.for_tenant(TENANT)
        conv = f"c_{n}"
        await store.accept([message("a", conv=conv)])
        await commit_turn(store, await open_turn(store, conv=conv), replying())
    before = len(on.heard.said)
    lines = await on.store.system.undelivered(after=None, limit=100)
    assert len(lines) == 8
    assert on.heard.since(before) == ["find", "find"]
