"""What no webhook told is found: at the start of the process, by asking for changes, and after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.domain import Head, Owner
from core.errors import CredentialsInvalid, DeliveryError, ProviderUnavailable
from core.ledger import CommitDraft, CommitKind
from core.ports.helpdesk import CaseStatus
from tests.handoff.bridge.paper import FEATURES
from tests.handoff.bridge.stage import Stage, stage_on

POLLED = replace(FEATURES, pushes=False, poll_s=0.01)


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(stage.bridge.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def is_said(stage: Stage, *texts: str) -> None:
    async def said() -> bool:
        return await stage.answers() == list(texts)

    await stage.until(said)


async def owned_by(stage: Stage, owner: Owner) -> None:
    async def owned() -> bool:
        return (await stage.head()).owner is owner

    await stage.until(owned)


async def asked_again(stage: Stage, times: int = 4) -> None:
    async def asked() -> bool:
        return stage.helpdesk.calls.count("changed") >= times

    await stage.until(asked)


async def test_every_open_case_is_read_at_the_start(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.says(case.ref, "while you were down")
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED)
    stage.helpdesk.lists_changes = False
    await stage.restart()
    async with running(stage):
        await is_said(stage, "while you were down")
        await owned_by(stage, Owner.NONE)


async def test_a_case_that_ended_yesterday_is_read_at_the_start(stage: Stage) -> None:
    case = await stage.asks()
    stage.helpdesk.sets(case.ref, status=CaseStatus.SOLVED)
    await stage.tells(case.ref)
    stage.helpdesk.says(case.ref, "I forgot something")
    stage.helpdesk.lists_changes = False
    await stage.restart()
    async with running(stage):
        await is_said(stage, "I forgot something")


async def test_a_case_that_the_contact_left_for_the_bot_is_still_read(stage: Stage) -> None:
    case = await stage.asks()
    head = await stage.head()
    await stage.store.append(stage.conv, nonce="went-on", build=_went_on)
    assert head.owner is Owner.QUEUE
    stage.helpdesk.says(case.ref, "Here I am")
    stage.helpdesk.lists_changes = False
    await stage.restart()
    async with running(stage):
        await is_said(stage, "Here I am")


def _went_on(head: Head) -> CommitDraft:
    return CommitDraft(kind=CommitKind.CONTROL, head=head.owned_by(Owner.BOT))


async def test_a_polled_desk_is_asked_again_and_again(stage: Stage) -> None:
    polled = stage_on(stage.store, POLLED)
    case = await polled.asks()
    async with running(polled):
        for number in range(3):
            polled.helpdesk.says(case.ref, f"Answer {number}")
            await is_said(polled, *(f"Answer {each}" for each in range(number + 1)))
    assert "unknown_case" not in polled.ignored


async def test_cases_that_are_not_ours_are_not_even_read(stage: Stage) -> None:
    polled = stage_on(stage.store, POLLED)
    case = await polled.asks()
    polled.helpdesk.cases["x1"] = replace(case, ref="x1")
    async with running(polled):
        await asked_again(polled)
    assert polled.helpdesk.calls.count("entries") > 0
    assert polled.ignored == []


async def test_an_outage_is_waited_out_and_told_once(stage: Stage) -> None:
    polled = stage_on(stage.store, POLLED)
    case = await polled.asks()
    polled.helpdesk.says(case.ref, "after the outage")

    def down() -> DeliveryError:
        return ProviderUnavailable("down", retry_after_s=0.001)

    begun = len(polled.helpdesk.calls)
    polled.helpdesk.before = {begun + number: down for number in range(1, 9)}
    with capture_logs() as logs:
        async with running(polled):
            await is_said(polled, "after the outage")

            async def is_over() -> bool:
                return any(line["event"] == "desk_can_be_read_again" for line in logs)

            await polled.until(is_over)
    assert len([line for line in logs if line["event"] == "desk_cannot_be_read"]) == 1


async def test_one_case_with_a_fault_does_not_hold_the_others(stage: Stage) -> None:
    polled = stage_on(stage.store, POLLED)
    other = stage_on(stage.store, POLLED)
    other.helpdesk, other.memory, other.bridge = polled.helpdesk, polled.memory, polled.bridge
    first = await polled.asks()
    await other.writes("Me too", hands_over=True)
    await other.deliver()
    second = list(polled.helpdesk.cases)[1]
    polled.helpdesk.says(first.ref, "fine")
    polled.helpdesk.says(second, "fine as well")
    entries = polled.helpdesk.entries

    async def odd(ref: str, *, after: str | None = None) -> object:
        if ref == first.ref:
            raise KeyError("an answer nobody expected")
        return await entries(ref, after=after)

    polled.helpdesk.entries = odd  # type: ignore[assignment, method-assign]  # a vendor with one unreadable case
    async with running(polled):
        await is_said(other, "fine as well")
        await asked_again(polled)
    assert await polled.answers() == []


async def test_refused_credentials_end_the_watch(stage: Stage) -> None:
    def refused() -> DeliveryError:
        return CredentialsInvalid("who are you?")

    stage.helpdesk.before[1] = refused
    async with asyncio.timeout(20):
        with pytest.raises(CredentialsInvalid):
            await stage.bridge.run()


async def test_a_desk_that_cannot_be_read_is_not_asked(stage: Stage) -> None:
    told = stage_on(stage.store, replace(FEATURES, reads=False))
    await told.asks()
    begun = len(told.helpdesk.calls)
    async with running(told) as task:
        done, _ = await asyncio.wait([task], timeout=0.05)
        assert not done
    assert len(told.helpdesk.calls) == begun


async def test_the_list_of_changes_overlaps(stage: Stage) -> None:
    polled = stage_on(stage.store, POLLED)
    asked: list[timedelta] = []
    changed = polled.helpdesk.changed

    async def noted(since: object) -> tuple[str, ...]:
        asked.append(polled.clock() - since)  # type: ignore[operator]  # it is a datetime
        return await changed(since)  # type: ignore[arg-type]

    polled.helpdesk.changed = noted  # type: ignore[method-assign]  # looks at what is asked
    async with running(polled):
        await asked_again(polled)
    assert asked[0] >= timedelta(minutes=2)
    assert all(each >= timedelta(seconds=10) for each in asked)
