"""Vendors deliver late, twice, in any order and all at once; the ledger holds every message once and in its order."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

import pytest

from core.domain import Audience, Message, Role
from core.ledger import CommitKind
from core.ports.engine import Reply, ReplySink, TurnInput, TurnResult
from gateway.live import DESK
from tests.faults.books import read_books
from tests.faults.signed import SECRET, TENANT, Signed, send_all, story
from tests.web.world import World, result, serving

SENDERS = 8


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path, settings={"webhook_secrets": [SECRET]}) as made:
        made.engine.script = echo
        yield made


async def echo(turn: TurnInput, sink: ReplySink) -> TurnResult:
    """Repeats which messages the turn answers."""
    return result(Reply(text=" + ".join(event.text for event in turn.events)))


async def settled(world: World) -> None:
    """Wait until nothing is unread and nothing waits for delivery."""
    with world.hub.subscribe(TENANT, DESK) as watching:
        async with asyncio.timeout(60):
            while True:
                counts = await world.tenant.store.counts()
                if not counts["unread"] and not counts["pending"]:
                    return
                await watching.wait()


async def transcripts(world: World, messages: Sequence[Signed]) -> dict[str, tuple[Message, ...]]:
    """What the contacts see, by thread."""
    threads = {message.thread: message.conv for message in messages}
    store = world.tenant.store
    return {name: await store.transcript(conv, audience=Audience.CONTACT) for name, conv in threads.items()}


def storm(messages: Sequence[Signed], rng: Random) -> list[list[Signed]]:
    """Each message one to four times, shuffled, dealt to the senders."""
    copies = [message for message in messages for _ in range(rng.randint(1, 4))]
    rng.shuffle(copies)
    return [copies[n::SENDERS] for n in range(SENDERS)]


def texts(log: Sequence[Message]) -> list[tuple[Role, str]]:
    return [(message.role, message.text) for message in log]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_storm_stores_each_message_once_and_answers_it_once(world: World, seed: int, tmp_path: Path) -> None:
    messages = story(threads=20, each=10)
    assert await send_all(world.url, storm(messages, Random(seed))) == len(messages)
    await settled(world)
    for name, log in (await transcripts(world, messages)).items():
        said = [message.event_id for message in log if message.role is Role.CONTACT]
        assert sorted(map(str, said)) == sorted(m.event_id for m in messages if m.thread == name)
    answered = Counter(event.id for turn in world.engine.turns for event in turn.events)
    assert answered == Counter(message.event_id for message in messages)
    books = read_books(tmp_path / "frontdesk.sqlite3")
    books.check()
    # Late messages cannot be put before what was answered, but within a turn the provider's order holds.
    for turn in world.engine.turns:
        assert list(turn.events) == sorted(turn.events, key=lambda event: event.order)


@pytest.mark.parametrize("seed", [1, 2])
async def test_held_until_all_are_there_the_transcript_is_the_one_in_order(
    world: World, seed: int, tmp_path: Path
) -> None:
    messages = story(threads=20, each=10)
    world.lanes.hold()
    assert await send_all(world.url, storm(messages, Random(seed))) == len(messages)
    assert not world.engine.turns
    world.lanes.release()
    await settled(world)
    stormy = {name: texts(log) for name, log in (await transcripts(world, messages)).items()}

    (tmp_path / "calm").mkdir()
    async with serving(tmp_path / "calm", settings={"webhook_secrets": [SECRET]}) as calm:
        calm.engine.script = echo
        calm.lanes.hold()
        assert await send_all(calm.url, [messages]) == len(messages)
        calm.lanes.release()
        await settled(calm)
        assert stormy == {name: texts(log) for name, log in (await transcripts(calm, messages)).items()}
    said = [text for role, text in stormy["t0"] if role is Role.CONTACT]
    assert said == [message.text for message in messages if message.thread == "t0"]


async def test_a_first_contact_cannot_race(world: World, tmp_path: Path) -> None:
    first = story(threads=100, each=1)
    rng = Random(7)
    accepted = await send_all(world.url, [rng.sample(first, len(first)) for _ in range(16)])
    assert accepted == len(first)
    await settled(world)
    books = read_books(tmp_path / "frontdesk.sqlite3")
    books.check()
    assert set(books.messages) == {message.conv for message in first}
    assert [row.kind for row in books.commits] == [CommitKind.TURN] * len(first)


async def test_many_conversations_at_once_keep_their_order(world: World, tmp_path: Path) -> None:
    conversations, turns = 100, 5
    messages = story(threads=conversations, each=turns)
    by_thread: defaultdict[str, list[Signed]] = defaultdict(list)
    for message in messages:
        by_thread[message.thread].append(message)
    assert await send_all(world.url, by_thread.values()) == len(messages)
    await settled(world)
    for name, log in (await transcripts(world, messages)).items():
        said = [message.text for message in log if message.role is Role.CONTACT]
        assert said == [message.text for message in by_thread[name]]
    books = read_books(tmp_path / "frontdesk.sqlite3")
    books.check()
    assert books.dead == 0
