"""Channels that fetch their events themselves: long polling and sockets, for machines without a public address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from core.errors import CredentialsInvalid
from core.inbound import Parsed
from core.ports.channel import Channel, SupportsReceiving
from gateway.accounts import Accounts
from gateway.duties import Duties
from gateway.intake import Intake
from gateway.runners import FIRST_PAUSE_S, Run, Runners


class Receivers(Runners):
    """One receiver per account that wants one; follows a reload."""

    def __init__(
        self,
        intake: Intake,
        *,
        accounts: Accounts,
        channels: Callable[[], Mapping[str, Channel]],
        first_pause_s: float = FIRST_PAUSE_S,
        duties: Duties | None = None,
    ) -> None:
        self._intake = intake
        self._accounts = accounts
        self._channels = channels
        super().__init__("receive", self._receiving, refused=self._park, first_pause_s=first_pause_s, duties=duties)

    def _receiving(self) -> Mapping[str, Run]:
        return {
            account: Run(channel, partial(channel.receive, partial(self._accept, channel)))
            for account, channel in self._channels().items()
            if isinstance(channel, SupportsReceiving) and channel.is_receiving
        }

    def _park(self, account: str, error: CredentialsInvalid) -> None:
        self._accounts.park(self._channels()[account].tenant, account, error.code)

    async def _accept(self, channel: Channel, parsed: Sequence[Parsed]) -> None:
        self._accounts.free(channel.account)
        await self._intake.take(channel, parsed)
