"""Outcomes decide: again, never again, or parked and shown; and the line stays in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import Audience, DeliveryState, Destination, EventKind
from core.errors import (
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from gateway.accounts import desk_name
from gateway.delivery import (
    ACCOUNT_RETRY_S,
    LONGEST_DESK_RETRY_S,
    LONGEST_RETRY_S,
    MAX_ATTEMPTS,
    classify,
    retry_delay_s,
)
from tests.gateway.stage import RecordingChannel, running


@pytest.mark.parametrize(
    ("error", "attempt", "state", "retry_s"),
    [
        (Throttled("slow down", retry_after_s=7), 1, DeliveryState.PENDING, 7),
        (ProviderUnavailable("down"), 3, DeliveryState.PENDING, 4.0),
        (ProviderUnavailable("down"), MAX_ATTEMPTS, DeliveryState.PARKED, None),
        (OutcomeUnknown("lost answer"), 1, DeliveryState.PARKED, None),
        (CredentialsInvalid("revoked"), 50, DeliveryState.PENDING, ACCOUNT_RETRY_S),
        (MessageRejected("too long"), 1, DeliveryState.REJECTED, None),
    ],
)
def test_each_kind_of_failure_has_its_outcome(
    error: DeliveryError, attempt: int, state: DeliveryState, retry_s: float | None
) -> None:
    outcome = classify(error, attempt)
    assert (outcome.state, outcome.retry_s, outcome.error) == (state, retry_s, error.code)


@pytest.mark.parametrize(
    ("error", "attempt", "state", "retry_s"),
    [
        (ProviderUnavailable("down"), 5_000, DeliveryState.PENDING, LONGEST_DESK_RETRY_S),
        (Throttled("slow down", retry_after_s=93), 40, DeliveryState.PENDING, 93),
        (OutcomeUnknown("lost answer"), 1, DeliveryState.PENDING, 1.0),
        (MessageRejected("too long"), 1, DeliveryState.REJECTED, None),
    ],
)
def test_a_case_waits_for_its_desk_as_long_as_it_takes(
    error: DeliveryError, attempt: int, state: DeliveryState, retry_s: float | None
) -> None:
    outcome = classify(error, attempt, Destination.DESK)
    assert (outcome.state, outcome.retry_s, outcome.error) == (state, retry_s, error.code)


async def test_what_may_have_reached_the_desk_is_brought_again_to_be_looked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        stage.desk.failures = [OutcomeUnknown("the answer was lost"), ZeroDivisionError("a bug")]
        await stage.say("hello")
        await stage.control(EventKind.HANDOFF_REQUESTED)
        await stage.say("anybody there?")
        await stage.settled()
        brought = [(item.signal, item.reconcile) for item in stage.desk.items]
        assert brought[0] == ("opened", True)
        assert {again for _, again in brought[1:]} <= {False}


async def test_a_desk_that_refuses_our_credentials_is_parked_until_it_takes_them(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        stage.desk.failures = [CredentialsInvalid("revoked")]
        await stage.say("hello")
        await stage.control(EventKind.HANDOFF_REQUESTED)
        name = desk_name(stage.tenant.tenant)

        async def is_parked() -> bool:
            return name in stage.accounts.parked

        await stage.until(is_parked)
        assert stage.desk.items == []
        assert (await stage.tenant.counts())["pending"] >= 1


def test_retries_double_up_to_a_bound() -> None:
    delays = [retry_delay_s(attempt) for attempt in range(1, 12)]
    assert delays[:4] == [1, 2, 4, 8]
    assert max(delays) == LONGEST_RETRY_S


async def test_a_throttled_message_is_tried_again_and_the_next_one_waits_behind_it(tmp_path: Path) -> None:
    channel = RecordingChannel()
    channel.failures = [Throttled("slow down", retry_after_s=0.05)]
    async with running(tmp_path, channel=channel) as stage:
        await stage.say("one")
        await stage.control(EventKind.AGENT_REPLIED, text="from Sam", agent="Sam")
        await stage.settled()
        assert sorted(out.message.text for out in channel.sent) == sorted(
            {m.text for m in await stage.transcript() if m.delivery is DeliveryState.SENT}
        )
        positions = [out.message.position for out in channel.sent]
        assert positions == sorted(positions)


async def test_a_rejected_message_is_shown_to_the_desk_only_and_releases_the_line(tmp_path: Path) -> None:
    channel = RecordingChannel()
    channel.failures = [MessageRejected("not allowed")]
    async with running(tmp_path, channel=channel) as stage:
        await stage.say("one")
        await stage.settled()
        await stage.say("two")
        await stage.settled()
        assert await stage.texts() == ["one", "two", "You said: two"]
        desk = {m.text: m.delivery for m in await stage.transcript(audience=Audience.DESK)}
        assert desk["You said: one"] is DeliveryState.REJECTED


async def test_an_unknown_outcome_is_parked_and_never_sent_again(tmp_path: Path) -> None:
    channel = RecordingChannel()
    channel.failures = [OutcomeUnknown("the answer was lost")]
    async with running(tmp_path, channel=channel) as stage:
        await stage.say("one")
        await stage.settled()
        assert channel.sent == []
        assert (await stage.tenant.counts())["parked"] == 1


async def test_a_bug_in_a_channel_parks_the_row(tmp_path: Path) -> None:
    channel = RecordingChannel()
    channel.failures = [ZeroDivisionError()]
    async with running(tmp_path, channel=channel) as stage:
        await stage.say("one")
        await stage.settled()
        await stage.say("two")
        await stage.settled()
        assert [out.message.text for out in channel.sent] == ["You said: two"]
