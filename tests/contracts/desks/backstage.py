"""What a test does at the helpdesk's end: agents at work, and a vendor having a bad day.

Each desk's rig implements ``Backstage`` over its stand-in (or, for RT, over the real server), so that one list of scenarios
runs on all of them.  What a helpdesk cannot do raises ``Missing``, and must be False in its ``DeskFeatures``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus


class Missing(Exception):
    """The helpdesk has no such thing."""


Receive = Callable[[RawRequest], Awaitable[int]]
"""Hands a webhook call to Frontdesk; the HTTP status it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEntry:
    """An entry as the desk's people see it; ``files`` are names with their bytes."""

    id: str
    by: By
    author: str
    text: str
    is_public: bool
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCase:
    """A case as the desk's people see it.  ``to_customer`` is what the helpdesk itself would mail the customer: nothing."""

    ref: str
    key: str
    subject: str
    status: CaseStatus
    assignee: str | None
    team: str | None
    urgency: str | None
    tags: frozenset[str]
    entries: tuple[SeenEntry, ...]
    to_customer: tuple[str, ...] = ()


class Backstage(Protocol):
    """One helpdesk with two agents, "sue" (Sue Jones) and "max" (Max Lee), and a team "billing"."""

    kind: str
    settings: Mapping[str, Any]
    """The desk's YAML block, without ``kind``, as it connects to this helpdesk."""
    is_slow_to_start: bool

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    def connect(self, receive: Receive) -> None:
        """Where webhook calls go from now on; a helpdesk that has none ignores it."""

    async def cases(self) -> tuple[SeenCase, ...]:
        """All cases, in the order they were made."""

    # people at work; each causes the webhook calls that the vendor would make, and returns when they were made
    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        """An agent answers the customer; the entry's id."""

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        """An agent leaves a private note; the entry's id."""

    async def assign(self, ref: str, agent: str) -> None: ...
    async def solve(self, ref: str, *, agent: str = "sue") -> None: ...
    async def close(self, ref: str) -> None: ...
    async def reopen(self, ref: str, *, agent: str = "sue") -> None: ...
    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        """By the desk's own way (a tag, a button, a field), not by a command in a note."""

    async def delete(self, ref: str) -> None: ...
    async def merge(self, ref: str, into: str) -> None: ...
    async def edit(self, ref: str, entry: str, text: str) -> None: ...
    async def remove(self, ref: str, entry: str) -> None: ...
    async def stranger(self, ref: str, text: str) -> None:
        """Somebody who is no agent writes into the case (a rule's mail, a cc'd person): never relayed."""

    # the vendor's bad days; ``times`` calls from now on
    def throttle(self, times: int, retry_after_s: float) -> None: ...
    def fail(self, times: int) -> None:
        """Answer 500/503 and do nothing."""

    def lose_answers(self, times: int) -> None:
        """Do what was asked, then cut the connection."""

    def refuse_credentials(self, refuse: bool) -> None: ...
    def down(self, is_down: bool) -> None:
        """No connection at all; agents work on all the same, and webhook calls wait or are lost, as the vendor has it."""

    # webhook calls
    def hold(self) -> None:
        """Keep webhook calls back from now on."""

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        """Make the kept calls: "as made" or "reversed", each ``copies`` times as the vendor would redeliver it."""

    async def drop(self) -> None:
        """Forget the kept calls: they were lost."""

    def forged(self) -> RawRequest | None:
        """A webhook call with a wrong proof; None where the vendor's calls carry none."""

    def unknown_case(self) -> RawRequest | None:
        """A well-proven call about a case that is not ours; None where it makes no calls."""

    @property
    def calls(self) -> int:
        """API calls it has had from us."""
