"""Between bot and people: never two voices at once, never mute for ever, one handoff message per handoff; and a storm of them.

Every schedule of {turn in flight, handoff, agent's reply, console's reply, give back, solve, reopen, redelivery} is drawn from a
seed.  A failure prints it; ``FRONTDESK_SEED=n`` plays that schedule alone.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest

from core.domain import Audience, DeliveryState, MessageKind, Owner, Role, Visibility
from core.ledger import CommitKind
from tests.contracts import desk_storm
from tests.contracts.desks import broken_bridges
from tests.contracts.desks.lived import Kit
from tests.contracts.desks.neighbours import BRIEF
from tests.contracts.desks.scenario import marks
from tests.contracts.desks.skipping import SkippingLoop
from tests.faults.desk_town import Town

BATCHES, PER_BATCH = 10, 20
ONE_SEED = os.environ.get("FRONTDESK_SEED")
STORM = 200


async def check_voices(town: Town) -> None:
    """The bot speaks only while it owns the conversation; what it wrote into somebody else's is a draft."""
    commits = town.commits()
    for outbound in town.sent():
        message = outbound.message
        if message.role is Role.BOT:
            assert outbound.head.owner in (Owner.BOT, Owner.QUEUE), (message.text, outbound.head.owner)
            assert commits[message.seq - 1].owner in (Owner.BOT, Owner.QUEUE)
        if message.role is Role.AGENT:
            assert commits[message.seq - 1].owner is Owner.HUMAN


async def check_people_are_heard(town: Town) -> None:
    """What agents said in public reached the customer once, in the order of its case; nothing else of theirs did."""
    heard = town.ada.answers
    said = [text for _, text in town.desk_replies] + town.console_replies
    assert sorted(heard) == sorted(said)
    for ref in {ref for ref, _ in town.desk_replies}:
        of_case = [text for at, text in town.desk_replies if at == ref]
        assert [text for text in heard if text in of_case] == of_case
    for outbound in town.sent():
        assert outbound.message.visibility is Visibility.CONTACT
        assert not [word for word in ("SECRET", "/bot", BRIEF) if word in outbound.message.text]


async def check_nobody_is_mute(town: Town) -> None:
    """Each word of the customer was answered by the bot, or stands in a case, once; and nothing waits any more."""
    counts = await town.world.acme.counts()
    assert counts["unread"] == 0 and counts["pending"] == 0, counts
    log = await town.world.acme.transcript(town.ada.conv, audience=Audience.DESK)
    at_desk = Counter(marks(*await town.ada.cases()))
    assert not at_desk or max(at_desk.values()) == 1, at_desk
    commits = town.commits()
    own = [message for message in log if message.role is Role.CONTACT]
    assert sorted(number for m in own for number in town.written if f"mark{number:04d}x" in m.text) == town.written
    for message in own:
        commit = commits[message.seq - 1]
        assert commit.kind is CommitKind.TURN
        by_bot = [m for m in log if m.seq == message.seq and m.role is Role.BOT]
        number = next(number for number in town.written if f"mark{number:04d}x" in message.text)
        assert at_desk[number] or by_bot, f"message {number} was neither answered nor brought to the desk"
        if not at_desk[number]:
            states = {m.delivery for m in by_bot}
            assert states <= {DeliveryState.SENT, DeliveryState.DRAFT}


async def check_notices(town: Town) -> None:
    """One handoff message per handoff, one case per episode with at least one."""
    log = await town.world.acme.transcript(town.ada.conv, audience=Audience.DESK)
    notices = Counter(m.handoff_id for m in log if m.kind is MessageKind.NOTICE and m.handoff_id is not None)
    assert not notices or max(notices.values()) == 1
    keys = [case.key for case in await town.ada.cases()]
    assert len(set(keys)) == len(keys)
    assert len(keys) <= (await town.ada.head()).episode
    csat = [m.seq for m in log if m.kind is MessageKind.CSAT_REQUEST]
    resolved = [row.seq for row in town.commits() if row.owner is Owner.NONE and row.seq in csat]
    assert csat == resolved


CHECKS = (check_voices, check_people_are_heard, check_nobody_is_mute, check_notices)


def play(seed: int, kit: Kit | None = None) -> Town:
    """One schedule and all checks; the seed is printed when one fails."""
    town = Town(seed, kit=kit or Kit())

    async def whole() -> None:
        await town.play()
        for check in CHECKS:
            await check(town)
        await town.count()

    try:
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            runner.run(whole())
    except BaseException:
        print(f"\nFRONTDESK_SEED={seed} plays this schedule again")
        raise
    return town


def _batches() -> list[range]:
    if ONE_SEED is not None:
        return [range(int(ONE_SEED), int(ONE_SEED) + 1)]
    return [range(n * PER_BATCH, (n + 1) * PER_BATCH) for n in range(BATCHES)]


@pytest.mark.parametrize("seeds", _batches(), ids=lambda seeds: f"from {seeds[0]}")
def test_every_schedule_keeps_one_voice(seeds: range) -> None:
    towns = [play(seed) for seed in seeds]
    if len(towns) == PER_BATCH:
        acted = sum((town.acted for town in towns), Counter())
        assert min(acted.values()) >= PER_BATCH / 4
        assert sum(len(town.desk_replies) for town in towns) > PER_BATCH / 2
        assert sum(town.drafts for town in towns) > 2, "turns in flight were overtaken"
        assert sum(town.episodes > 1 for town in towns) > 2, "customers came back"


BROKEN = {
    "tells the customer what is private": lambda: Kit(handoff=broken_bridges.TellsEverybody),
    "hears everything again": lambda: Kit(
        handoff=broken_bridges.CountsWishes, memory=broken_bridges.ForgetsWhatItHeard
    ),
    "drops what customers write": lambda: Kit(desk=broken_bridges.DropsMessages),
    "says that it brought what it did not": lambda: Kit(desk=broken_bridges.SwallowsErrors),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_bridge_breaks_them(broken: str) -> None:
    assert any(_breaks(seed, BROKEN[broken]()) for seed in range(20))


def _breaks(seed: int, kit: Kit) -> bool:
    try:
        play(seed, kit)
    except Exception:
        return True
    return False


async def test_a_storm_of_handoffs_opens_each_case_once(tmp_path: Path) -> None:
    weather = await desk_storm.storm(tmp_path, STORM, seed=7)
    bad = weather.calls.total() - weather.calls["well"]
    assert 0.15 < bad / weather.calls.total() < 0.25
