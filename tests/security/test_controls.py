"""People and the model at once: never two voices, and after a takeover no effect that was not confirmed before it.

Random stories of a contact who asks, confirms and stops, and of agents who come and go, over a model that streams.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, note, seed, settings
from hypothesis import strategies as st

from core.domain import EventKind, Message, MessageKind, Owner, Role
from core.notices import Notices
from core.ownership import decide
from evals.security import planted
from evals.security.fields import SIGNED_IN
from evals.security.props import TENANT
from evals.security.stage import Company, company, conv_of
from gateway.lab.model.script import Script, read_script

SCRIPT: Mapping[str, Any] = {
    "version": 1,
    "keys": [planted.MODEL_KEY],
    "tokens_per_s": 400,
    "rules": [
        {
            "id": "refund",
            "when": {"words": "refund (?P<amount>[0-9]+)", "offered": "initiate_refund", "no_result_of": "any"},
            "then": {
                "call": {
                    "name": "initiate_refund",
                    "arguments": {"order_id": "LK-204519", "amount": "{{amount:number}}", "reason": "broken"},
                }
            },
        },
        {
            "id": "refunded",
            "when": {"result": "refund_id"},
            "then": {"text": "The refund for order {{result.order_id}} has been started. {{mark}} " * 3},
        },
    ],
    "default": {
        "text": "You can return goods within 30 days of delivery [1]. Use the label in your account [1]. "
        "You can return goods within 30 days of delivery with the label in your account [1]."
    },
}
STORIES = 25
LONGEST = 9
_threads = count(1)


@dataclass(slots=True)
class Story:
    """One conversation; ``agreed`` are the numbers the contact said yes to while the bot spoke with them."""

    made: Company
    conv: str
    agreed: set[str] = field(default_factory=set)
    amounts: Any = field(default_factory=lambda: count(5))
    quiet_since: int | None = None
    """How many previews there were when a person took over, as long as they own it."""

    @property
    def previews(self) -> int:
        """How often the contact saw text grow."""
        return sum(len(texts) for texts in self.made.screen.previews.values())

    async def accept(self, text: str) -> None:
        """The contact writes, and does not wait."""
        await self.made.inbox.accept(TENANT, [self.made.event(self.conv, EventKind.MESSAGE, SIGNED_IN, text)])

    async def owner(self) -> Owner:
        """Who speaks."""
        head = await self.made.store.for_tenant(TENANT).head(self.conv)
        return Owner.BOT if head is None else head.owner

    async def control(self, kind: EventKind) -> None:
        """An agent acts; a conversation without a word has no desk yet."""
        event = self.made.event(
            self.conv, kind, SIGNED_IN, "I am here." if kind is EventKind.AGENT_REPLIED else "", agent="Robin"
        )
        try:
            await self.made.store.for_tenant(TENANT).append(
                self.conv, nonce=event.id, event=event, build=lambda head: decide(head, event, notices=Notices())
            )
        except LookupError:
            return
        is_human = await self.owner() is Owner.HUMAN
        if is_human and self.quiet_since is None:
            self.quiet_since = self.previews
        if not is_human:
            self.check_quiet()
            self.quiet_since = None

    def check_quiet(self) -> None:
        """Nothing grew before the contact's eyes since a person took over."""
        grown = self.made.screen.previews
        assert self.quiet_since in (None, self.previews), f"the bot spoke over a person: {grown}"


async def _asks(story: Story) -> None:
    await story.accept("Within how many days can I return goods?")


async def _refund(story: Story) -> None:
    await story.accept(f"Please refund {next(story.amounts)} for order LK-204519.")


async def _yes(story: Story) -> None:
    choices = [choice for message in story.made.screen.sent for choice in message.choices]
    yes = next((choice for choice in reversed(choices) if re.search(r"\d{4}", choice)), None)
    if yes is None:
        return
    if await story.owner() is Owner.BOT:
        story.agreed.update(re.findall(r"\d{4}", yes))
    await story.accept(yes)


async def _looks(story: Story) -> None:
    """Until the contact sees anything new, or nothing is left to wait for."""
    story.made.screen.looked.clear()
    settled = asyncio.ensure_future(story.made.settled(story.conv))
    looked = asyncio.ensure_future(story.made.screen.looked.wait())
    await asyncio.wait((settled, looked), return_when=asyncio.FIRST_COMPLETED)
    for task in (settled, looked):
        task.cancel()
    await asyncio.gather(settled, looked, return_exceptions=True)


async def _settles(story: Story) -> None:
    await story.made.settled(story.conv)


async def _stops(story: Story) -> None:
    story.made.lanes.stop_turn(TENANT, story.conv)


def _agent(kind: EventKind) -> Callable[[Story], Awaitable[None]]:
    return lambda story: story.control(kind)


DEEDS: Mapping[str, Callable[[Story], Awaitable[None]]] = {
    "asks": _asks,
    "refund": _refund,
    "yes": _yes,
    "looks": _looks,
    "settles": _settles,
    "stops": _stops,
    "claims": _agent(EventKind.AGENT_CLAIMED),
    "replies": _agent(EventKind.AGENT_REPLIED),
    "gives back": _agent(EventKind.AGENT_GAVE_BACK),
    "resolves": _agent(EventKind.AGENT_RESOLVED),
}


async def _play(made: Company, deeds: list[str]) -> None:
    made.afresh()
    story = Story(made, conv_of(f"controls-{next(_threads)}"))
    for deed in deeds:
        await DEEDS[deed](story)
    await made.settled(story.conv)
    story.check_quiet()
    _check_voices(await made.transcript(story.conv))
    effects = made.shop.database.effects
    assert len(effects) <= len(story.agreed), (effects, story.agreed)
    assert len({effect["amount"] for effect in effects}) == len(effects), "twice the same"
    for turn_id, texts in made.screen.previews.items():
        said = [m.text for m in made.screen.sent if m.turn_id == turn_id and m.role is Role.BOT]
        said += [m.text for m in await made.transcript(story.conv) if m.turn_id == turn_id and m.role is Role.BOT]
        assert all(later.startswith(earlier) for earlier, later in zip(texts, [*texts[1:], *said[:1]], strict=False))


def _check_voices(messages: tuple[Message, ...]) -> None:
    """Between an agent's coming and going the bot says nothing but what it had begun; one reply for each turn."""
    replies = [m.turn_id for m in messages if m.role is Role.BOT]
    assert len(replies) == len(set(replies)), "two replies of one turn"
    is_human = False
    for message in messages:
        if message.role is Role.AGENT or "has joined" in message.text:
            is_human = True
        elif message.kind is MessageKind.CSAT_REQUEST or "handed the conversation back" in message.text:
            is_human = False
        if message.role is Role.BOT:
            assert not is_human or message.interrupted, message.text


def test_people_and_the_model_never_speak_at_once() -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        script: Script = read_script(dict(SCRIPT))
        made = runner.run(stack.enter_async_context(company(script)))

        @seed(4)
        @settings(max_examples=STORIES, database=None, suppress_health_check=list(HealthCheck))
        @example(["refund", "settles", "yes", "claims", "settles", "gives back", "yes", "settles"])
        @example(["refund", "settles", "claims", "yes", "settles", "gives back", "settles"])
        @example(["asks", "looks", "claims", "replies", "settles", "gives back", "asks", "settles"])
        @example(["asks", "looks", "stops", "refund", "settles", "yes", "looks", "claims", "settles"])
        @example(["asks", "looks", "resolves", "refund", "settles", "yes", "settles"])
        @example(["asks", "resolves", "claims", "settles"])
        @given(st.lists(st.sampled_from(sorted(DEEDS)), min_size=2, max_size=LONGEST))
        def story(deeds: list[str]) -> None:
            note(", ".join(deeds))
            runner.run(_play(made, deeds))

        try:
            story()
        finally:
            runner.run(stack.aclose())


@pytest.mark.parametrize("deeds", [["refund", "settles", "yes", "settles"], ["asks", "settles"]])
async def test_a_quiet_story_gets_what_it_asks_for(deeds: list[str]) -> None:
    """Else the stories above would hold for want of anything that happens."""
    async with company(read_script(dict(SCRIPT))) as made:
        await _play(made, deeds)
        assert len(made.shop.database.effects) == deeds.count("yes")
        assert made.screen.previews and made.screen.sent
