"""One whole case, with the process dying at each write to its memory and each call's answer lost, refused or delayed.

However it is disturbed, the desk and the contact end up with the same words, each once and in the same order.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.domain import Owner
from core.errors import DeliveryError, ProviderUnavailable, Throttled
from core.ports.helpdesk import CaseStatus, RemoteFile
from core.ports.store import TenantStore
from tests.handoff.bridge.paper import MAX, SUE, lost
from tests.handoff.bridge.stage import Stage, ledger, stage_on


async def the_story(stage: Stage) -> None:
    """Asked, answered, noted, given back, asked again, closed, followed up, solved, rated."""
    helpdesk = stage.helpdesk
    await stage.writes("Hello", answer="Hi! How can I help?")
    case = await stage.asks("Where is my parcel?")
    await stage.writes("It is number 7", files=(stage.file("slip.png", b"slip"),))
    await stage.deliver()
    helpdesk.files["f1"] = b"photo"
    photo = RemoteFile(id="f1", name="photo.png", media_type="image/png", size_bytes=5, origin="f1")
    helpdesk.says(case.ref, "Let me look", files=(photo,))
    helpdesk.notes(case.ref, "It is at the depot")
    await stage.tells(case.ref)
    await stage.handoff.note(stage.conv, agent="Kim", text="From the console", key="n1")
    await stage.writes("Thanks", answer="A draft nobody asked for")
    await stage.deliver()
    helpdesk.notes(case.ref, "/bot")
    await stage.tells(case.ref)
    await stage.deliver()
    await stage.writes("Are you there?", answer="I am the assistant.")
    await stage.asks("A person again")
    helpdesk.sets(case.ref, assignee=MAX)
    await stage.tells(case.ref)
    helpdesk.sets(case.ref, status=CaseStatus.CLOSED)
    await stage.handoff.reply(stage.conv, agent="Kim", text="Kim here", key="r1", takeover=True)
    await stage.deliver()
    follow_up = next(reversed(helpdesk.cases))
    helpdesk.says(follow_up, "It comes tomorrow")
    helpdesk.sets(follow_up, status=CaseStatus.SOLVED)
    await stage.tells(follow_up)
    await stage.handoff.rate(stage.conv, rating=5, key="rating")
    await stage.deliver()


async def outcome(stage: Stage) -> tuple[object, ...]:
    """What the desk's people, the contact and the ledger have in the end."""
    cases = stage.helpdesk.cases.values()
    return (
        [(case.said(is_public=True), case.said(is_public=False), case.state.status) for case in cases],
        [case.draft.follows is not None for case in cases],
        await stage.answers(),
        await stage.notes(),
        (await stage.head()).owner,
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TenantStore]:
    async with ledger(tmp_path) as made:
        yield made


async def undisturbed(store: TenantStore) -> tuple[Stage, tuple[object, ...]]:
    stage = stage_on(store)
    await the_story(stage)
    return stage, await outcome(stage)


async def test_the_story_itself(store: TenantStore) -> None:
    stage, ended = await undisturbed(store)
    first, second = stage.helpdesk.cases.values()
    assert first.said(is_public=True) == [
        ("contact", "Where is my parcel?"),
        ("contact", "It is number 7"),
        ("agent", "Let me look"),
        ("contact", "Thanks"),
        ("contact", "A person again"),
    ]
    private = [text for _, text in first.said(is_public=False)]
    assert [text for text in private if "draft nobody" in text] == ["1. A draft nobody asked for"]
    assert "From the console" in private
    assert [by for by, text in second.said(is_public=True)] == ["ours", "agent"]
    assert second.said(is_public=True)[0][1] == "Kim here"
    assert ("ours", "Rated 5 of 5") in second.said(is_public=False)
    assert second.draft.follows == first.ref
    assert await stage.answers() == ["Let me look", "Kim here", "It comes tomorrow"]
    assert ended[-1] is Owner.NONE
    assert stage.near.answers == ["Let me look", "It comes tomorrow"]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_the_process_dies_at_any_write_of_the_memory(store: TenantStore, moment: str) -> None:
    first, wanted = await undisturbed(store)
    assert first.memory.writes > 30
    for write in range(1, first.memory.writes + 1):
        stage = stage_on(store)
        setattr(stage.memory, f"dies_{moment}", write)
        await the_story(stage)
        assert stage.restarts == 1, write
        assert await outcome(stage) == wanted, write
        await stage.bridge.close()


def down() -> DeliveryError:
    return ProviderUnavailable("down", retry_after_s=0.001)


def slower() -> DeliveryError:
    return Throttled("slower", retry_after_s=0.001)


def unknown() -> DeliveryError:
    error = lost()
    error.retry_after_s = 0.001
    return error


@pytest.mark.parametrize(("place", "trouble"), [("after", unknown), ("before", down), ("before", slower)])
async def test_any_call_fails(store: TenantStore, place: str, trouble: Callable[[], DeliveryError]) -> None:
    first, wanted = await undisturbed(store)
    calls = len(first.helpdesk.calls)
    assert calls > 25
    for call in range(1, calls + 1):
        stage = stage_on(store)
        getattr(stage.helpdesk, place)[call] = trouble
        await the_story(stage)
        assert await outcome(stage) == wanted, (call, first.helpdesk.calls[call - 1])
        await stage.bridge.close()


async def test_every_third_call_fails(store: TenantStore) -> None:
    _, wanted = await undisturbed(store)
    for seed in range(12):
        dice = random.Random(seed)
        stage = stage_on(store)
        stage.helpdesk.after = {call: unknown for call in range(1, 500) if dice.random() < 0.15}
        stage.helpdesk.before = {call: down for call in range(1, 500) if dice.random() < 0.15}
        await the_story(stage)
        assert await outcome(stage) == wanted, seed
        await stage.bridge.close()


async def test_everything_told_twice_changes_nothing(store: TenantStore) -> None:
    stage, wanted = await undisturbed(store)
    await stage.restart()
    for ref in (*stage.helpdesk.cases, *stage.helpdesk.cases):
        await stage.tells(ref)
    await stage.deliver()
    assert await outcome(stage) == wanted
    assert SUE.name in {message.author for message in await stage.log()}
    await stage.bridge.close()
