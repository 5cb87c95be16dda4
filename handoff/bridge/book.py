"""What the bridge remembers: which case is whose, which entries are ours, what was heard.

Facts are inserted once and stand (``core.ports.channel.Memory``), so each is written after what it tells has happened, and
whoever finds it missing may do that again: every step of the bridge is safe twice.  Lists are numbered facts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from core.ports.channel import Memory
from core.ports.helpdesk import CaseAsked, CaseWish, DeskAgent

KEY_HEAD: Final = "fd"
Position = tuple[int, int]


def case_key(conv: str, episode: int, number: int) -> str:
    """Our name of an episode's case; ``number`` counts from 1, later ones follow a case that was closed or deleted."""
    plain = f"{KEY_HEAD}:{conv}:{episode}"
    return plain if number == 1 else f"{plain}:{number}"


def parse_case_key(key: str) -> tuple[str, int] | None:
    """The conversation and the episode of a case key; None when it is none of ours."""
    head, _, rest = key.partition(":")
    conv, _, numbers = rest.partition(":")
    episode, _, number = numbers.partition(":")
    is_ours = head == KEY_HEAD and conv != "" and _is_number(episode) and (number == "" or _is_number(number))
    return (conv, int(episode)) if is_ours else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """A case of an episode.  ``row`` opened it ("": adopted); messages up to ``upto`` stand in its brief, not as entries.

    ``why`` tells agents why there is one more.
    """

    ref: str
    row: str
    upto: Position
    why: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A conversation behind a case; after a merge, entries up to ``after`` (an entry's id) were never meant for it.

    ``at`` is that entry's time, for a desk that does not list it any more.
    """

    conv: str
    after: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An agent's entry when it was first heard; ``words`` is a digest of its text."""

    revision: str
    words: str
    was_said: bool


class _Wished(msgspec.Struct, frozen=True):
    id: str
    wish: CaseWish
    agent: str
    name: str


class Book:
    """One desk's facts; names of another kind of desk never meet these."""

    def __init__(self, memory: Memory, kind: str) -> None:
        self._memory = memory
        self._kind = kind

    async def known(self, name: str) -> str | None:
        """What stands for ``name``."""
        return await self._memory.recall(f"{self._kind}:{name}")

    async def note(self, name: str, value: str) -> str:
        """Insert unless there; returns what stands."""
        return await self._memory.remember(f"{self._kind}:{name}", value)

    async def listed(self, name: str) -> list[str]:
        """A list's values in the order of their numbers."""
        found: list[str] = []
        while (value := await self.known(f"{name}:{len(found) + 1}")) is not None:
            found.append(value)
        return found

    async def append(self, name: str, value: str) -> int:
        """Put a value at the end of a list unless it stands there already; its number, from 1."""
        number = 1
        while True:
            stands = await self.known(f"{name}:{number}") or await self.note(f"{name}:{number}", value)
            if stands == value:
                return number
            number += 1

    async def cases(self, conv: str, episode: int) -> list[CaseRecord]:
        """An episode's cases, oldest first."""
        values = await self.listed(f"case:{conv}:{episode}")
        found = [msgspec.json.decode(value, type=CaseRecord) for value in values]
        return [replace(record, number=number) for number, record in enumerate(found, 1)]

    async def case(self, conv: str, episode: int) -> CaseRecord | None:
        """The newest case of an episode."""
        found = await self.cases(conv, episode)
        return found[-1] if found else None

    async def put_case(
        self, conv: str, episode: int, *, ref: str, upto: Position, row: str = "", why: str = ""
    ) -> CaseRecord:
        """Make this the newest case of an episode; once, however often it is asked."""
        found = await self.cases(conv, episode)
        if found and found[-1].ref == ref:
            return found[-1]
        value = msgspec.json.encode({"ref": ref, "row": row, "upto": upto, "why": why}).decode()
        await self.append(f"case:{conv}:{episode}", value)
        return (await self.cases(conv, episode))[-1]

    async def behind(self, ref: str) -> list[Behind]:
        """The conversations behind a case, first come first; none: the case is not ours."""
        return [msgspec.json.decode(value, type=Behind) for value in await self.listed(f"ref:{ref}")]

    async def put_behind(self, ref: str, behind: Behind) -> None:
        """One more conversation behind a case; the first word on each stands."""
        if all(known.conv != behind.conv for known in await self.behind(ref)):
            await self.append(f"ref:{ref}", msgspec.json.encode(behind).decode())

    async def heard(self, ref: str, entry: str) -> Heard | None:
        """What an agent's entry was when it was worked in; None: it was not yet."""
        value = await self.known(f"heard:{ref}:{entry}")
        return None if value is None else msgspec.json.decode(value, type=Heard)

    async def put_heard(self, ref: str, entry: str, heard: Heard) -> None:
        """An agent's entry is worked in; the last write about it."""
        await self.note(f"heard:{ref}:{entry}", msgspec.json.encode(heard).decode())

    async def wish(self, asked: CaseAsked) -> None:
        """Keep an agent's wish until it is carried out; the same one twice is one."""
        wished = _Wished(id=asked.id, wish=asked.wish, agent=asked.agent.id, name=asked.agent.name)
        await self.append(f"wish:{asked.ref}", msgspec.json.encode(wished).decode())

    async def wishes(self, ref: str) -> list[tuple[int, CaseAsked]]:
        """Wishes that nobody carried out yet, oldest first, with their numbers."""
        found: list[tuple[int, CaseAsked]] = []
        for number, value in enumerate(await self.listed(f"wish:{ref}"), 1):
            if await self.known(f"wished:{ref}:{number}") is None:
                wished = msgspec.json.decode(value, type=_Wished)
                agent = DeskAgent(id=wished.agent, name=wished.name)
                found.append((number, CaseAsked(ref=ref, id=wished.id, wish=wished.wish, agent=agent)))
        return found

    async def carried_out(self, ref: str, number: int, at: datetime) -> None:
        """A wish is done with."""
        await self.note(f"wished:{ref}:{number}", at.isoformat())

    async def cleared(self, ref: str, at: datetime) -> None:
        """The wish to give back that was granted last no longer stands at the desk: the next one is a new one."""
        number = len(await self.listed(f"back:{ref}"))
        if number:
            await self.note(f"cleared:{ref}:{number}", at.isoformat())
