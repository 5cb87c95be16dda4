"""What the rigs of stand-ins have in common: how one is served, its bad days, and its webhook calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from aiohttp.test_utils import TestServer

from gateway.lab.desks.chatwoot import ChatwootLab
from gateway.lab.desks.freshdesk import FreshdeskLab
from gateway.lab.desks.zammad import ZammadLab
from gateway.lab.vendor import Fault
from tests.contracts.desks.backstage import Receive
from tests.contracts.desks.kept_calls import KeptCalls

LabT = TypeVar("LabT", ChatwootLab, FreshdeskLab, ZammadLab)


class Played(Generic[LabT]):
    """The part of tests.contracts.desks.backstage.Backstage that is the same for each of these stand-ins."""

    is_slow_to_start = False

    def __init__(self, lab: LabT) -> None:
        self.lab: LabT = lab
        self.settings: Mapping[str, Any] = {}
        self._calls = KeptCalls()
        self._server: TestServer | None = None

    async def start(self) -> None:
        self._server = TestServer(self.lab.app())
        await self._server.start_server()
        self.settings = self.lab.settings(str(self._server.make_url("/")).rstrip("/"))
        self.lab.deliver = self._calls.deliver

    async def stop(self) -> None:
        await self.lab.close()
        if self._server is not None:
            await self._server.close()

    def connect(self, receive: Receive) -> None:
        self._calls.connect(receive)

    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        made = await self.lab.reply(int(ref), text, agent=agent, files=files)
        await self.lab.told()
        return str(made)

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        made = await self.lab.note(int(ref), text, agent=agent)
        await self.lab.told()
        return str(made)

    async def assign(self, ref: str, agent: str) -> None:
        await self.lab.assign(int(ref), agent)
        await self.lab.told()

    def throttle(self, times: int, retry_after_s: float) -> None:
        self.lab.retry_after_s = retry_after_s
        self.lab.faults.add(Fault.THROTTLED, times=times)

    def fail(self, times: int) -> None:
        self.lab.faults.add(Fault.UNAVAILABLE, times=times)

    def lose_answers(self, times: int) -> None:
        self.lab.faults.add(Fault.LOST_ANSWER, times=times)

    def refuse_credentials(self, refuse: bool) -> None:
        self.lab.refuses = refuse

    def down(self, is_down: bool) -> None:
        self.lab.is_down = self._calls.is_down = is_down

    def hold(self) -> None:
        self._calls.hold()

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        await self.lab.told()
        await self._calls.release(order=order, copies=copies)

    async def drop(self) -> None:
        await self.lab.told()
        self._calls.drop()

    @property
    def calls(self) -> int:
        return self.lab.calls
