"""What becomes visible, and by how many durable writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from core.conversing.releasing import Release
from core.conversing.tape import Played
from core.guard.findings import Checked, Finding

FIRST, SECOND, WRONG = "It takes three days [2].", "Express takes one [5].", "It is free."


class Plain:
    """Lets everything pass but ``WRONG``."""

    def check(self, sentence: str) -> Checked:
        is_wrong = WRONG in sentence
        return Checked(
            text="" if is_wrong else sentence, findings=(Finding("made up", ""),) * is_wrong, is_released=not is_wrong
        )


class Eyes:
    """What the contact saw, each time."""

    def __init__(self) -> None:
        self.saw: list[str] = []
        self.is_overtaken = False

    async def show(self, text: str) -> None:
        self.saw.append(text)

    async def tool(self, name: str, state: str) -> None:
        """Not shown."""


def release(eyes: Eyes, *, journal: Played | None = None, shown: str = "") -> Release:
    kept = Played({}) if journal is None else journal
    return Release(guard=Plain(), journal=kept, sink=eyes, wanted="en", known=("en",), speaks=True, shown=shown)


async def test_sentences_that_come_apart_are_shown_apart() -> None:
    eyes = Eyes()
    ours = release(eyes)
    for piece in (f"{FIRST} E", "xpress takes one [5]."):
        await ours.feed(piece)
    await ours.finish()
    assert eyes.saw == ["It takes three days [1].", "It takes three days [1]. Express takes one [2]."]


async def test_sentences_that_come_together_are_shown_together() -> None:
    eyes, journal = Eyes(), Played({})
    ours = release(eyes, journal=journal)
    assert await ours.feed(f"{FIRST} {SECOND} And then") is None
    assert eyes.saw == ["It takes three days [1]. Express takes one [2]."]
    assert [await journal.recorded(f"cited.{ours}") for ours in (1, 2)] == [{"source": 2}, {"source": 5}]


async def test_what_a_mark_stands_for_is_kept_before_its_text_is_shown() -> None:
    class Slow(Played):
        """Writes when it is let."""

        def __init__(self) -> None:
            super().__init__({})
            self.asked, self.may = asyncio.Event(), asyncio.Event()

        async def record(self, step: str, body: Mapping[str, Any]) -> None:
            self.asked.set()
            await self.may.wait()
            await super().record(step, body)

    eyes, journal = Eyes(), Slow()
    ours = release(eyes, journal=journal)
    feeding = asyncio.create_task(ours.feed(f"{FIRST} And"))
    await journal.asked.wait()
    await asyncio.sleep(0)  # whatever else was begun gets its turn
    assert eyes.saw == []
    journal.may.set()
    await feeding
    assert eyes.saw == ["It takes three days [1]."]


async def test_what_passed_is_shown_before_what_did_not() -> None:
    eyes = Eyes()
    ours = release(eyes)
    held = await ours.feed(f"{FIRST} {WRONG} {SECOND} And")
    assert held is not None and held.findings[0].rule == "made up"
    assert eyes.saw == ["It takes three days [1]."]


async def test_what_an_earlier_attempt_showed_is_not_shown_again() -> None:
    eyes = Eyes()
    ours = release(eyes, shown="It takes three days [1].")
    await ours.feed(f"{FIRST} E")
    assert eyes.saw == []
    await ours.feed("xpress takes one [5]. And")
    assert eyes.saw == ["It takes three days [1]. Express takes one [2]."]
