"""Webhook calls between a stand-in and Frontdesk: handed on, kept back, made again, or lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from multidict import CIMultiDict, CIMultiDictProxy

from core.ports.channel import RawRequest
from tests.contracts.desks.backstage import Receive


class KeptCalls:
    """What a vendor's side of the wire does with its calls; ``path`` is where they go."""

    def __init__(self, path: str = "/webhooks/desk/acme") -> None:
        self.path = path
        self.is_down = False
        self._receive: Receive | None = None
        self._kept: list[RawRequest] = []
        self._holds = False

    def connect(self, receive: Receive) -> None:
        """Where they go from now on."""
        self._receive = receive

    def request(self, body: bytes, headers: Mapping[str, str]) -> RawRequest:
        """A call as it arrives."""
        named = CIMultiDictProxy(CIMultiDict(headers))
        return RawRequest(method="POST", path=self.path, headers=named, body=body, received_at=datetime.now(UTC))

    async def deliver(self, body: bytes, headers: Mapping[str, str]) -> None:
        """One call; lost while nobody can be reached."""
        request = self.request(body, headers)
        if self._holds:
            self._kept.append(request)
        elif self._receive is not None and not self.is_down:
            await self._receive(request)

    def hold(self) -> None:
        """Keep them back from now on."""
        self._holds = True

    async def release(self, *, order: str, copies: int) -> None:
        """Make the kept ones."""
        kept, self._kept, self._holds = self._kept, [], False
        for request in kept if order == "as made" else reversed(kept):
            for _ in range(copies):
                if self._receive is not None:
                    await self._receive(request)

    def drop(self) -> None:
        """Forget the kept ones."""
        self._kept, self._holds = [], False
