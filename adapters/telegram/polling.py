"""Long polling, for machines without a public address.

Telegram keeps an update until it is asked for a later one.  That question is put only after the update is durable here, so a
crash at any point leads to the same updates again, and nothing is dropped on start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
import structlog

from adapters.telegram.api import BotApi
from adapters.telegram.errors import ReceivingElsewhere
from adapters.telegram.payloads import READ_UPDATES, Update
from adapters.telegram.updates import Reader
from core.errors import InboundRejected, ProviderUnavailable, StoreError, Throttled
from core.inbound import Ignored, Parsed
from core.ports.channel import Accept
from core.wire import decode

log = structlog.get_logger(__name__)

MOST_UPDATES: Final = 100
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0

Sleep = Callable[[float], Awaitable[object]]


class Numbered(msgspec.Struct, frozen=True):
    """Only which update it is, for those that cannot be read."""

    update_id: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Poller:
    """Asks for updates until it is cancelled."""

    def __init__(
        self,
        api: BotApi,
        reader: Reader,
        *,
        account: str,
        hold_s: int,
        clock: Callable[[], datetime],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._api = api
        self._reader = reader
        self._account = account
        self._hold_s = hold_s
        self._clock = clock
        self._sleep = sleep

    async def run(self, accept: Accept) -> None:
        """Ask, accept, ask for what comes after; waits longer each time that something is down."""
        offset: int | None = None
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                offset = await self._once(offset, accept)
            except ReceivingElsewhere:
                raise ReceivingElsewhere(
                    "Another process polls this bot or a webhook is registered for it: only one of them can receive."
                ) from None
            except (ProviderUnavailable, Throttled, InboundRejected, StoreError) as error:
                wait_s = max(pause_s, error.retry_after_s or 0.0) if isinstance(error, Throttled) else pause_s
                log.warning("telegram_polling_pauses", account=self._account, code=error.code, wait_s=wait_s)
                await self._sleep(wait_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S

    async def _once(self, offset: int | None, accept: Accept) -> int | None:
        asked: dict[str, object] = {"timeout": self._hold_s, "limit": MOST_UPDATES, "allowed_updates": READ_UPDATES}
        asked = asked if offset is None else {**asked, "offset": offset}
        updates, _ = await self._api.read("getUpdates", list[msgspec.Raw], asked)
        if not updates:
            return offset
        parsed = [item for raw in updates for item in self._parsed(bytes(raw))]
        await accept(parsed)
        return decode(bytes(updates[-1]), Numbered).update_id + 1

    def _parsed(self, raw: bytes) -> Sequence[Parsed]:
        """An update that cannot be read must not stand in the way of those after it."""
        try:
            return self._reader.read(decode(raw, Update), self._clock(), raw)
        except InboundRejected as error:
            log.warning("telegram_update_unreadable", account=self._account, code=error.code)
            return (Ignored("unreadable"),)
