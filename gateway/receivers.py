"""Channels that fetch their events themselves: long polling and sockets, for machines without a public address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from core.domain import Parsed
from core.errors import CredentialsInvalid, DeliveryError, Overloaded, StoreUnavailable
from core.ports.channel import Channel, SupportsReceiving
from gateway.accounts import Accounts
from gateway.intake import Intake

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


class Receivers:
    """One receiver per account that wants one; follows a reload."""

    def __init__(
        self,
        intake: Intake,
        *,
        accounts: Accounts,
        channels: Callable[[], Mapping[str, Channel]],
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._first_pause_s = first_pause_s
        self._intake = intake
        self._accounts = accounts
        self._channels = channels
        self._tasks: dict[str, tuple[Channel, asyncio.Task[None]]] = {}
        self._is_open = False

    async def start(self) -> None:
        """Start receiving."""
        self._is_open = True
        await self.follow()

    async def follow(self) -> None:
        """Receive for the accounts as they are configured now."""
        if not self._is_open:
            return
        channels = self._channels()
        for account, (channel, _) in tuple(self._tasks.items()):
            if channels.get(account) is not channel:
                await self._end(account)
        for account, channel in channels.items():
            if isinstance(channel, SupportsReceiving) and channel.is_receiving and account not in self._tasks:
                task = asyncio.create_task(self._run(channel), name=f"receive-{account}")
                self._tasks[account] = (channel, task)

    async def stop(self) -> None:
        """Stop receiving; safe twice and before start."""
        self._is_open = False
        for account in tuple(self._tasks):
            await self._end(account)

    async def _end(self, account: str) -> None:
        _, task = self._tasks.pop(account)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _run(self, channel: Channel) -> None:
        assert isinstance(channel, SupportsReceiving)
        pause_s = self._first_pause_s
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await channel.receive(partial(self._accept, channel))
            except CredentialsInvalid as error:
                self._accounts.park(channel.tenant, channel.account, error.code)
            except (DeliveryError, StoreUnavailable, Overloaded) as error:
                log.warning("receiving_interrupted", account=channel.account, reason=error.safe_message)
            except Exception:
                log.exception("receiving_failed", account=channel.account)
            has_lasted = loop.time() - started > LONGEST_PAUSE_S
            pause_s = self._first_pause_s if has_lasted else min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _accept(self, channel: Channel, parsed: Sequence[Parsed]) -> None:
        self._accounts.free(channel.account)
        await self._intake.take(channel, parsed)
