"""A real Request Tracker under the contract, behind a proxy that has the bad days.  Its agents use their own accounts."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from typing import Any

import pytest

from core.ports.channel import RawRequest
from gateway.lab.vendor import Fault
from tests.contracts.desks.backstage import Missing, Receive, SeenCase
from tests.handoff.desks.rt.proxy import Proxy
from tests.handoff.desks.rt.seen import Desktop
from tests.handoff.desks.rt.server import Person, RtServer, why_not


class RtBackstage:
    """Implements tests.contracts.desks.backstage.Backstage; RT makes no calls, so there are none to hold back."""

    kind = "rt"
    is_slow_to_start = True

    def __init__(self) -> None:
        self.server = RtServer()
        self.settings: Mapping[str, Any] = {}
        self._proxy = Proxy()
        self._people = {name: Person(self.server, name) for name in ("sue", "max", "eve")}
        self._desktop: Desktop | None = None

    async def start(self) -> None:
        reason = why_not()
        if reason is not None and os.environ.get("CI"):
            pytest.fail(reason)
        if reason is not None:
            pytest.skip(reason)
        await self.server.start()
        self._desktop = Desktop(self.server.folder / "rt.sqlite")
        self.settings = {
            "api_url": await self._proxy.start(self.server.url),
            "user": "frontdesk",
            "token": self.server.token,
            "poll_s": 0.5,
        }

    async def stop(self) -> None:
        await self._proxy.stop()
        await self.server.stop()

    def connect(self, receive: Receive) -> None:
        """RT is read."""

    async def cases(self) -> tuple[SeenCase, ...]:
        assert self._desktop is not None
        return self._desktop.cases()

    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        return await self._people[agent].write(ref, "correspond", _html(text), files)

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        return await self._people[agent].write(ref, "comment", _html(text))

    async def assign(self, ref: str, agent: str) -> None:
        await self._people[agent].change(ref, Owner=agent)

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self._people[agent].change(ref, Status="resolved")

    async def close(self, ref: str) -> None:
        raise Missing("RT's tickets can always be opened again.")

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self._people[agent].change(ref, Status="open")

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        await self._people[agent].change(ref, Owner="frontdesk")

    async def delete(self, ref: str) -> None:
        await self._people["sue"].change(ref, Status="deleted")

    async def merge(self, ref: str, into: str) -> None:
        await self._people["sue"].change(ref, MergeInto=into)

    async def edit(self, ref: str, entry: str, text: str) -> None:
        raise Missing("What was written in RT stays as it is.")

    async def remove(self, ref: str, entry: str) -> None:
        raise Missing("What was written in RT stays.")

    async def stranger(self, ref: str, text: str) -> None:
        await self._people["eve"].write(ref, "correspond", _html(text))

    def throttle(self, times: int, retry_after_s: float) -> None:
        self._proxy.troubles += [(Fault.THROTTLED, retry_after_s)] * times

    def fail(self, times: int) -> None:
        self._proxy.troubles += [(Fault.UNAVAILABLE, 0.0)] * times

    def lose_answers(self, times: int) -> None:
        self._proxy.troubles += [(Fault.LOST_ANSWER, 0.0)] * times

    def refuse_credentials(self, refuse: bool) -> None:
        self._proxy.refuses = refuse

    def down(self, is_down: bool) -> None:
        self._proxy.is_down = is_down

    def hold(self) -> None:
        """There is nothing to hold."""

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        """There is nothing to release."""

    async def drop(self) -> None:
        self._proxy.troubles.clear()

    def forged(self) -> RawRequest | None:
        return None

    def unknown_case(self) -> RawRequest | None:
        return None

    @property
    def calls(self) -> int:
        return self._proxy.calls


def _html(text: str) -> str:
    return "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n"))
